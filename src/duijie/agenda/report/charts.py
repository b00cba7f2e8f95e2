"""The drawings of the page as ECharts options: plain data, drawn in the reader's browser without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .blocks import Chart, Drill
from .reading import Reading

__all__ = ["band_chart", "chain_chart", "link_chart", "word_chart"]

Record = Mapping[str, Any]
COLORS = ("#1f6f8b", "#c8553d", "#5b8c5a", "#8d6a9f", "#b08900")
GREY = "#8a8a8a"
N_BANDS = 12
N_WORDS = 8
LEAST_QUOTIENT = 0.05  # a logarithmic axis has no zero
ROW_HEIGHT = 24


def _base(**options: Any) -> dict[str, Any]:
    return {
        "animation": False,
        "aria": {"enabled": True},
        "color": list(COLORS),
        "tooltip": {"confine": True},
        **options,
    }


def band_chart(reading: Reading) -> Chart | None:
    """Quotients of both regions with their bands on a logarithmic axis; None where there are none."""
    rows = [one for one in reading.rows("diagnose", "specialization") if one["quotient"] is not None]
    chosen = [one for code in reading.regions for one in [row for row in rows if row["region"] == code][:N_BANDS]]
    names = {one["industry"]: f"{reading.text(one['name'])} {one['industry']}" for one in chosen}
    if not names:
        return None
    place = {industry: at for at, industry in enumerate(reversed(names))}
    shown = [one for one in rows if one["industry"] in place]
    series = [part for at, code in enumerate(reading.regions) for part in _band_series(reading, code, at, shown, place)]
    options = _base(
        legend={"top": 0, "data": [reading.region(code) for code in reading.regions]},
        grid={"left": 8, "right": 24, "top": 36, "bottom": 28, "containLabel": True},
        xAxis={"type": "log", "min": LEAST_QUOTIENT, "name": "", "splitLine": {"lineStyle": {"color": "#e5e5e5"}}},
        yAxis={"type": "category", "data": [names[one] for one in reversed(names)], "axisTick": {"show": False}},
        series=series,
    )
    return Chart("quotients", reading.say("report_chart_bands"), options, (), 80 + ROW_HEIGHT * len(names))


def _band_series(
    reading: Reading, code: str, at: int, rows: Sequence[Record], place: Mapping[str, int]
) -> tuple[dict[str, Any], ...]:
    own = [one for one in rows if one["region"] == code]
    color = COLORS[at % len(COLORS)]
    bands = [
        [max(one["low"], LEAST_QUOTIENT), max(one["high"], LEAST_QUOTIENT), place[one["industry"]], at]
        for one in own
        if one["low"] is not None and one["high"] is not None
    ]
    points = [
        {
            "value": [max(one["quotient"], LEAST_QUOTIENT), place[one["industry"]]],
            "name": reading.say(
                "report_chart_quotient",
                name=reading.text(one["name"]),
                quotient=reading.number(one["quotient"]),
                low=reading.number(one["low"]),
                high=reading.number(one["high"]),
                n=reading.count(one["n_firms"]),
            ),
        }
        for one in own
    ]
    mark = {"silent": True, "symbol": "none", "lineStyle": {"color": GREY, "type": "dashed"}, "data": [{"xAxis": 1}]}
    return (
        {
            "type": "custom",
            "name": reading.region(code),
            "renderItem": "band",
            "silent": True,
            "data": bands,
            "z": 1,
            "encode": {"x": [0, 1], "y": 2},
            "itemStyle": {"color": color},
        },
        {
            "type": "scatter",
            "name": reading.region(code),
            "data": points,
            "symbolSize": 9,
            "z": 2,
            "symbolOffset": [0, 6 * at - 3],
            "itemStyle": {"color": color},
            "markLine": mark if at == 0 else {},
        },
    )


def chain_chart(reading: Reading, chain: Record) -> Chart:
    """One chain as a map from raw material to market: who has the stage, who lacks it; a stage opens its firms."""
    depth = _depths(chain)
    lacking = {gap["stage"] for gap in chain["gaps"]}
    columns: dict[int, int] = {}
    nodes = []
    for stage in chain["stages"]:
        x = depth[stage["key"]]
        columns[x] = y = columns.get(x, -1) + 1
        nodes.append(_stage_node(reading, stage, x, y, stage["key"] in lacking))
    links = [
        {"source": link["supplier"], "target": link["buyer"], "name": reading.text(link.get("why"))}
        for link in chain["links"]
    ]
    series = {
        "type": "graph",
        "coordinateSystem": "cartesian2d",
        "data": nodes,
        "links": links,
        "edgeSymbol": ["none", "arrow"],
        "edgeSymbolSize": 8,
        "lineStyle": {"color": GREY, "curveness": 0.08, "width": 1.5},
        "label": {"show": True, "position": "bottom", "fontSize": 12, "lineHeight": 16, "color": "#222"},
    }
    categories = [*(reading.say("report_chart_strong", region=reading.region(code)) for code in reading.regions)]
    both = reading.say("report_chart_both")
    legend = [*categories, both, reading.say("report_chart_gap")]
    series["categories"] = [{"name": name} for name in legend]
    lists = tuple((stage["key"], reading.firms(stage.get("firms"))) for stage in chain["stages"] if stage.get("firms"))
    n_rows = 1 + max(columns.values(), default=0)
    options = _base(
        legend={"top": 0, "data": legend},
        grid={"left": 16, "right": 16, "top": 36, "bottom": 16},
        xAxis={"show": False, "min": -0.5, "max": max(columns, default=0) + 0.5},
        yAxis={"show": False, "min": -0.5, "max": n_rows - 0.3, "inverse": True},
        series=[series],
    )
    height = 52 + 120 * n_rows
    return Chart(
        f"map-{chain['key']}",
        reading.say("report_chart_chain", name=reading.text(chain["name"])),
        options,
        lists,
        height,
    )


def _depths(chain: Record) -> dict[str, int]:
    """How many links lead to each stage along the longest way; a loop stops at the number of stages."""
    depth = {stage["key"]: 0 for stage in chain["stages"]}
    for _ in range(len(depth)):
        for link in chain["links"]:
            after = depth[link["supplier"]] + 1
            if depth[link["buyer"]] < after < len(depth):
                depth[link["buyer"]] = after
    return depth


def _stage_node(reading: Reading, stage: Record, x: int, y: int, lacks: bool) -> dict[str, Any]:
    counts = {code: stage["n_firms"].get(code) or 0 for code in reading.regions}
    quotients = [stage["quotient"].get(code) or 0.0 for code in reading.regions]
    strong = [at for at, quotient in enumerate(quotients) if quotient > 1]
    category = len(quotients) + 1 if lacks else strong[0] if len(strong) == 1 else len(quotients)
    said = "\n".join(f"{reading.region(code)} {reading.count(n)}" for code, n in counts.items())
    n = sum(counts.values())
    return {
        "id": stage["key"],
        "name": reading.text(stage["name"]),
        "value": [x, y],
        "category": category,
        "symbolSize": 14 + 6 * len(str(n)),
        "symbol": "diamond" if lacks else "circle",
        "list": stage["key"],
        "label": {"formatter": f"{reading.text(stage['name'])}\n{said}"},
    }


def link_chart(reading: Reading, links: Sequence[Record]) -> Chart:
    """The strongest links as flows from supplying to buying industries; a flow opens its firms."""
    names: dict[str, None] = {}
    flows = []
    lists: list[tuple[str, tuple[Drill, ...]]] = []
    for at, link in enumerate(links):
        ends = [
            reading.say(
                f"report_chart_{end}",
                region=reading.region(link[f"{end}_region"]),
                name=reading.text(link[f"{end}_name"]),
            )
            for end in ("supplier", "buyer")
        ]
        names.update(dict.fromkeys(ends))
        flows.append({"source": ends[0], "target": ends[1], "value": round(link["score"], 4), "list": str(at)})
        lists.append((str(at), reading.firms(link.get("firms"))))
    series = {
        "type": "sankey",
        "data": [{"name": name} for name in names],
        "links": flows,
        "nodeGap": 10,
        "left": 8,
        "right": 210,
        "top": 10,
        "bottom": 10,
        "draggable": False,
        "lineStyle": {"color": "gradient", "opacity": 0.45},
        "label": {"fontSize": 12, "width": 200, "overflow": "truncate"},
    }
    return Chart(
        "links", reading.say("report_chart_links"), _base(series=[series]), tuple(lists), 120 + 26 * len(links)
    )


def word_chart(reading: Reading, classes: Sequence[Record]) -> Chart:
    """Product words of both sides back to back: where one bar is long and the other short, the sides differ."""
    rows = [
        (
            reading.say("report_chart_word", name=reading.text(one["name"]), word=reading.product(one, word["word"])),
            word,
        )
        for one in classes
        for word in sorted(one["words"], key=_spread, reverse=True)[:N_WORDS]
    ]
    series = []
    for at, code in enumerate(reading.regions[:2]):
        sign = -1 if at == 0 else 1
        data = [round(100 * sign * (word["share"].get(code) or 0), 2) for _, word in reversed(rows)]
        series.append({"type": "bar", "stack": "words", "name": reading.region(code), "data": data})
    options = _base(
        legend={"top": 0},
        tooltip={"trigger": "axis", "confine": True, "valueFormatter": "percent"},
        grid={"left": 8, "right": 24, "top": 36, "bottom": 28, "containLabel": True},
        xAxis={"type": "value", "axisLabel": {"formatter": "percent"}},
        yAxis={"type": "category", "data": [name for name, _ in reversed(rows)], "axisTick": {"show": False}},
        series=series,
    )
    return Chart("words", reading.say("report_chart_words"), options, (), 80 + ROW_HEIGHT * len(rows))


def _spread(word: Record) -> float:
    shares = [share or 0.0 for share in word["share"].values()]
    return max(shares, default=0.0) - min(shares, default=0.0)
