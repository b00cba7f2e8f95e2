"""How people write one cell, and what it says: each habit gives what stands in the cell and the right content.

A value is right by ``docs/reference/cells.md`` and by what an honest clerk means; a cell nobody can read is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import yaml

PLAN: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("files.yaml").read_text(encoding="utf-8"))
WORDS: Mapping[str, Any] = PLAN["words"]
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
MEASURES = {"万元": 10_000, "千元": 1000, "百万元": 1_000_000, "亿元": 100_000_000, "元": 1}
AREAS = {"平方米": 1.0, "㎡": 1.0, "m²": 1.0, "m2": 1.0, "平米": 1.0, "亩": 2000 / 3, "公顷": 10_000.0}
AREAS |= {"万平方米": 10_000.0, "万㎡": 10_000.0}
CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
NOTHING = ("", "-", "—", "——", "/", "无", "暂无", "N/A", "－", "　")
NO_FIGURE = ("面议", "保密", "不详", "待定", "未填", "待补", "不适用", "未公开")
ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?")


@dataclass
class Cell:
    """What stands in a cell and what it says; ``shown`` is what a table of plain text has in its place."""

    raw: Any
    value: Any = None
    fault: bool = False
    believed: float | None = None
    currency: str | None = None
    form: str = ""
    shown: str | None = None
    formula: str = ""
    is_error: bool = False
    habit: str = ""

    @property
    def text(self) -> str:
        if self.shown is not None:
            return self.shown
        return "" if self.raw is None else str(self.raw)

    @property
    def truth(self) -> dict[str, Any]:
        if self.fault:
            return {"habit": self.habit, "fault": True}
        rest = {"believed": self.believed, "currency": self.currency}
        return {"habit": self.habit, "value": self.value} | {key: it for key, it in rest.items() if it is not None}


def bad(raw: Any, **more: Any) -> Cell:
    return Cell(raw, fault=True, **more)


@dataclass(frozen=True)
class Unit:
    """The unit of a heading, a caption or a row of units."""

    write: str = ""
    times: float = 1.0
    currency: str = "CNY"


def plain(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:.2f}".rstrip("0")


def characters(number: int, is_formal: bool = False) -> str:
    """A whole number below ten thousand in characters."""
    digits, powers = ("零壹贰叁肆伍陆柒捌玖", "仟佰拾") if is_formal else ("零一二三四五六七八九", "千百十")
    text, is_gap = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if is_gap else "") + digits[digit] + (powers[3 - place] if place else "")
            is_gap = False
        elif text:
            is_gap = True
    return text[1:] if text.startswith("一十") else text


def _nothing(r: Random, habit: str) -> Cell | None:
    if habit == "empty":
        return Cell(r.choice(NOTHING))
    if habit == "nodata":
        return Cell(r.choice(NO_FIGURE))
    if habit == "error":
        raw = r.choice(ERRORS)
        return bad(raw, is_error=True, formula="=VLOOKUP(A1,Sheet9!A:B,2,0)")
    if habit == "narrow":
        return bad("########")
    return None


def pick(r: Random, habit: str, read: Mapping[str, Cell], faults: Mapping[str, Sequence[Any]]) -> Cell:
    return read[habit] if habit in read else bad(r.choice(faults[habit]))


def money(r: Random, habit: str, unit: Unit) -> Cell:
    """An amount; ``n`` is a figure in the heading's unit, ``m`` one in 万元, ``k`` one in 元."""
    t, c = unit.times, unit.currency
    n = float(r.randint(20, 9000) * 100) if t == 1 else round(r.uniform(1, 60), 2) if t >= 1e8 else _figure(r)
    m, k, few, tail = r.randint(5, 990) * 10, r.randint(40, 9900) * 1000, r.randint(2, 90), r.randint(1, 9) * 1000
    pay, worth, text, thousands, formal = few % 60 + 8, round(n * t, 2), plain(n), f"{n:,.2f}", characters(m, True)
    wan, whole = m * 10_000, int(n) if n == int(n) else n
    texts = {  # under the unit of the heading
        "text": text, "thousands": thousands, "wide": text.translate(WIDE), "widecomma": thousands.replace(",", "，"),
        "apostrophe": f"'{thousands}", "padded": f"\ufeff\u00a0{text}\u200b\t", "number": whole,
    }  # fmt: skip
    read = {name: Cell(raw, worth, currency=c) for name, raw in texts.items()}
    own = {  # with a unit of its own
        "wan": (f"{m}万元", wan), "yuan": (f"{k:,}元", k), "qian": (f"{few}千元", few * 1000),
        "yi": (f"{few / 10}亿元", few * 10_000_000), "baiwan": (f"{few}百万元", few * 1_000_000),
        "rmb": (f"人民币{m:,}万元", wan), "sign": (f"￥{m}万元", wan), "signyuan": (f"¥{k:,.2f}", k),
        "yuanlong": (f"{k:,.2f} 元", k), "whole": (f"{m}万元整", wan), "formal": (f"{formal}万元整", wan),
        "formalround": (f"人民币{formal}萬圓整", wan), "characters": (f"{characters(m)}万元", wan),
        "formalyuan": (f"{characters(few + 100, True)}万{characters(tail, True)}元整", (few + 100) * 10_000 + tail),
        "yiwan": (f"{few}亿{few * 90 + 1000}万元", few * 100_900_000 + 10_000_000), "traditional": (f"{m}萬元", wan),
        "spaced": (f"{m} 万 元", wan), "year": (f"{pay}万元/年", pay * 10_000),
    }  # fmt: skip
    read |= {name: Cell(raw, value, currency="CNY") for name, (raw, value) in own.items()}
    about, behind = (
        r.choice(("约", "近", "超", "不低于", "至少")),
        r.choice(("余万元", "多万元", "万元左右", "万元以上")),
    )
    other = {
        "usd": (f"{m}万美元", wan, "USD"), "hkd": (f"{m}万港元", wan, "HKD"), "eur": (f"{m}万欧元", wan, "EUR"),
        "jpy": (f"{m}万日元", wan, "JPY"), "million": (f"{few / 10} million USD", few * 100_000, "USD"),
        "usdsign": (f"US${k:,}", k, "USD"), "about": (f"{about}{m}万元", wan, "CNY", 0.8),
        "more": (f"{m}{behind}", wan, "CNY", 0.8), "atleast": (f"≥{m}万元", wan, "CNY", 0.8),
        "noname": (f"{m}万", wan, "CNY", 0.9), "yearshort": (f"{pay}万/年", pay * 10_000, "CNY", 0.9),
    }  # fmt: skip
    for name, (raw, value, currency, *belief) in other.items():
        read[name] = Cell(raw, value, currency=currency, believed=belief[0] if belief else None)
    read |= {
        "shown": Cell(n, worth, form="#,##0.00_);(#,##0.00)", shown=thousands, currency=c),
        "accounting": Cell(n, worth, form='_ "¥"* #,##0.00_ ', shown=f" ¥ {thousands} ", currency=c),
        "formula": Cell(n, worth, formula="=SUM(Z91:Z92)", currency=c),
        # the cell holds 元 and its format shows 万: under a heading in 万元, and under one in 元
        "scaled": Cell(wan, wan, form="0!.0000", shown=str(m), currency=c),
        "scaledword": Cell(k, k, form='0!.0,"万"', shown=f"{k:,}", currency="CNY"),
        "formatunit": Cell(m, wan, form='#,##0"万元"', shown=f"{m:,}万元", currency="CNY"),
        "zero": Cell(r.choice((0, "0", "0.00")), 0, currency=c), "pay": Cell(pay, pay * 10_000, currency=c),
        "minusshown": bad(-n, form="#,##0.00_);[Red](#,##0.00)", shown=f"({thousands})"),
        "unstored": bad(None, formula="=Z91+Z92"),
    }  # fmt: skip
    return pick(r, habit, read, {
        "bare": (int(n), text), "range": (f"{m}-{m + 300}万元", f"{m}～{m + 500}", f"{m}至{m + 200}万元"),
        "words": ("见附表", "数千万元", "以合同为准", "报价中", "同口径调整"), "minusbehind": (f"{thousands}-",),
        "beside": (f"{m}万元（认缴）", f"实缴{m}万元", f"{m}万元，其中外资200万元", f"总投资{m}"),
        "minus": (f"-{text}", f"△{text}", f"({text})", f"−{text}"), "comma": (f"{few}.{few + 100},{few % 10}5",),
        "odd": (f"{m}w", f"{m}?", f"{m}万元/{m + 10}万元", "***", f"[{m}]"), "month": (f"{few % 4 + 1}.5万元/月",),
        "payrange": ("20-35万元", "15～25", "年薪30万元", "30万元起，上不封顶"),
    })  # fmt: skip


def _figure(r: Random) -> float:
    return r.choice((float(r.randint(50, 9900)), round(r.uniform(50, 9900), 2)))


def count(r: Random, habit: str, measure: str) -> Cell:
    n, many, few, tens = r.randint(3, 4900), r.randint(1000, 8900), r.randint(11, 980), r.randint(1, 90) * 10
    more, about = r.choice((f"余{measure}", f"多{measure}", f"{measure}以上")), r.choice(("约", "近", "超"))
    read = {
        "number": Cell(n, n), "text": Cell(str(n), n), "thousands": Cell(f"{many:,}", many),
        "float": Cell(f"{n}.00", n), "shown": Cell(n, n, form="#,##0", shown=f"{n:,}"),
        "unit": Cell(f"{n}{measure}", n),
        "spaced": Cell(f" {n} {measure}", n), "named": Cell(f"{n}名", n),
        "wide": Cell(f"{n}{measure}".translate(WIDE), n),
        "widecomma": Cell(f"{many:,}".replace(",", "，"), many), "characters": Cell(f"{characters(few)}{measure}", few),
        "wan": Cell(f"1.{n % 9 + 1}万{measure}", 11_000 + n % 9 * 1000), "formula": Cell(n, n, formula="=Y91+Y92"),
        "formatunit": Cell(n, n, form=f'0"{measure}"', shown=f"{n}{measure}"), "unstored": bad(None, formula="=Y91"),
        "about": Cell(f"{about}{n}{measure}", n, believed=0.8), "more": Cell(f"{tens}{more}", tens, believed=0.8),
    }  # fmt: skip
    return pick(r, habit, read, {
        "range": (f"{n}-{n + 20}{measure}", f"{n}～{n + 50}"), "under": (f"{n}{measure}以下",), "part": (12.5, "36.5"),
        "words": ("百余人", "男60女40", f"{n}（含劳务派遣15）", "以实际为准", f"在岗{n}"), "minus": (-3, "-12", "△5"),
    })  # fmt: skip


def area(r: Random, habit: str, unit: Unit) -> Cell:
    n = round(r.uniform(1, 60), 2) if unit.times > 1 else float(r.randint(80, 9900))
    tenths, worth, believed, text = r.randint(11, 99), n * unit.times, None if unit.write else 0.9, plain(n)
    small = plain(tenths / 10)
    read = {
        name: Cell(f"{small if name[0] in '万公' else text}{name}", (tenths / 10 if name[0] in "万公" else n) * times)
        for name, times in AREAS.items()
    }
    texts = {
        "number": int(n) if n == int(n) else n, "text": text, "thousands": f"{n:,.2f}", "wide": text.translate(WIDE)
    }  # fmt: skip
    read |= {name: Cell(raw, worth, believed=believed) for name, raw in texts.items()}
    read |= {
        "shown": Cell(n, worth, form="#,##0.00", shown=f"{n:,.2f}", believed=believed),
        "formula": Cell(n, worth, formula="=X91*X92", believed=believed),
        "spaced": Cell(f" {tenths * 100:,} 平方米 ", tenths * 100),
        "wan": Cell(f"{tenths / 10}万平方米", tenths * 1000), "about": Cell(f"约{text}平方米", n, believed=0.8),
        "more": Cell(f"{text}{r.choice(('余平方米', '平方米以上', '㎡左右'))}", n, believed=0.8),
    }  # fmt: skip
    return pick(r, habit, read, {
        "range": (f"{text}-{plain(n + 300)}㎡", f"{text}～{plain(n + 200)}"), "minus": (-n, f"-{text}"),
        "words": ("3号楼整层", f"建筑面积{text}㎡", "1200㎡（约1.8亩）", "A座2-5层", "详见平面图"),
    })  # fmt: skip


def day(r: Random, habit: str, since: date, until: date) -> Cell:
    d = since + timedelta(days=r.randrange((until - since).days))
    y, mo, iso = d.year, d.month, d.isoformat()
    spelled, month = spell(y), f"{y}-{mo:02}"
    texts = {
        "dashes": iso, "strokes": f"{y}/{mo}/{d.day}", "points": f"{y}.{mo}.{d.day}", "commas": f"{y}、{mo}、{d.day}",
        "pointslong": f"{y}.{mo:02}.{d.day:02}", "cn": f"{y}年{mo}月{d.day}日", "cnlong": f"{y}年{mo:02}月{d.day:02}日",
        "cnspaced": f" {y} 年 {mo} 月 {d.day} 日", "cnwide": f"{y}年{mo}月{d.day}日".translate(WIDE),
        "hao": f"{y}年{mo}月{d.day}号", "characters": f"{spelled}年{characters(mo)}月{characters(d.day)}日",
        "eight": f"{y}{mo:02}{d.day:02}", "time": f"{iso} 09:{d.day:02}:00", "timezero": f"{iso} 00:00:00.0",
        "minute": f"{y}/{mo}/{d.day} 0:00", "isozone": f"{iso}T00:00:00Z", "isobeijing": f"{iso}T08:30:00+08:00",
        "english": f"{d:%b} {d.day} {y}", "englishcomma": f"{d:%b} {d.day}, {y}", "apostrophe": f"'{iso}",
        "padded": f"\u200e{iso}\u00a0", "roc": f"民国{y - 1911}年{mo}月{d.day}日",
    }  # fmt: skip
    read = {name: Cell(raw, iso) for name, raw in texts.items()}
    read |= {
        "cell": Cell(d, iso, form="yyyy-mm-dd", shown=iso), "serial": Cell((d - date(1899, 12, 30)).days, iso),
        "cellstrokes": Cell(d, iso, form="yyyy/m/d", shown=texts["strokes"]),
        "cellcn": Cell(d, iso, form='yyyy"年"m"月"d"日"', shown=texts["cn"]),
        "cellpoints": Cell(d, iso, form="yyyy.mm.dd", shown=texts["pointslong"]),
        # what a table program makes of a month somebody types: the first day, shown as the month
        "monthcell": Cell(d.replace(day=1), month, form='yyyy"年"m"月"', shown=f"{y}年{mo}月"),
        "month": Cell(r.choice((f"{y}年{mo}月", month, f"{spelled}年{characters(mo)}月", f"{y}.{mo:02}")), month),
        "year": Cell(r.choice((f"{y}年", str(y))), str(y)),
    }  # fmt: skip
    return pick(r, habit, read, {
        "short": (f"{y % 100:02}/{mo}/{d.day}", f"{y % 100:02}.{mo}.{d.day}", f"{y % 100:02}-{mo:02}"),
        "impossible": ("2023-02-29", "2024.6.31", "0000-00-00", "2022年13月1日", "1900-01-00"),
        "words": ("上世纪末", "去年", "2019年前后", "以执照为准"), "turned": (f"{d.day % 12 + 1}/{mo}/{y}",),
    })  # fmt: skip


def spell(year: int) -> str:
    return "".join("〇一二三四五六七八九"[int(one)] for one in str(year))


def end(r: Random, habit: str) -> Cell:
    since, until = date(2027, 1, 5), date(2030, 11, 30)
    iso = day(r, "dashes", since, until).value
    y, mo, cn = iso[:4], int(iso[5:7]), f"{iso[:4]}年{int(iso[5:7])}月{int(iso[8:])}日"
    texts = {
        "stop": f"{cn}止", "before": f"{iso}前", "to": f"至{cn}", "fromto": f"2026.1.1-{iso.replace('-', '.')}",
        "fromtocn": f"2026年3月1日至{cn}", "wave": f"2026-01-01～{iso}",
    }  # fmt: skip
    read = {name: Cell(raw, iso) for name, raw in texts.items()}
    read |= {
        "yearend": Cell(f"{y}年底", y + "-12"), "monthend": Cell(f"{y}年{mo}月底", iso[:7]),
        "permanent": Cell("永久有效"),
        "never": Cell(r.choice(("长期", "长期有效", "无固定期限", "9999-12-31", "2026年1月1日至长期"))),
    }  # fmt: skip
    faults = {"soon": ("尽快", "3个月内", "签约后30日", "款到发货", "2027.6.31")}
    return pick(r, habit, read, faults) if habit in read or habit in faults else day(r, habit, since, until)


def code(r: Random) -> str:
    """A made credit code whose check characters are right."""
    base = "".join(r.choice("0123456789") for _ in range(7)) + r.choice("0123456789ABCDE")
    mark = 11 - sum(int(one, 36) * by for one, by in zip(base, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    body = r.choice(("91350582", "91350583", "91440309", "92440309", "93350582")) + base
    body += {10: "X", 11: "0"}.get(mark, str(mark))
    return body + CODE[-sum(CODE.index(one) * pow(3, at, 31) for at, one in enumerate(body)) % 31]


def uscc(r: Random, habit: str) -> Cell:
    c = code(r)
    texts = {
        "code": c, "small": c.lower(), "fours": f"{c[:4]} {c[4:8]} {c[8:12]} {c[12:16]} {c[16:]}",
        "parts": f"{c[:2]} {c[2:8]} {c[8:17]} {c[17]}", "wide": c.translate(WIDE), "apostrophe": f"'{c}",
        "equals": f'="{c}"', "padded": f"\u00a0{c}\u200b", "inside": f"{c[:8]}\u200b{c[8:]}",
        "wrapped": f"{c[:8]}\n{c[8:]}", "tab": f"{c}\t",
    }  # fmt: skip
    return pick(r, habit, {name: Cell(raw, c) for name, raw in texts.items()}, {
        "check": [c[:17] + CODE[(CODE.index(c[17]) + 7) % 31]], "masked": [f"{c[:6]}********{c[14:]}"],
        "short": [c[:17]], "letter": [f"{c[:9]}O{c[10:]}"], "science": ["9.13506E+17"], "old": ["350582100012345"],
        "organisation": ["15626570-X"], "two": [f"{c}/{code(r)}"], "trivial": ["999999999999999999"],
    })  # fmt: skip


def statistic(r: Random, habit: str, unit: str) -> Cell:
    """A value of an indicator; the habits that begin with p are those of percentages and thousandths."""
    n = round(r.uniform(2, 98), 2) if unit in ("%", "‰") else round(r.uniform(100, 9900), 2)
    text = plain(n)
    texts = {
        "number": n, "pnumber": n, "text": text, "ptext": text, "thousands": f"{n:,.2f}", "wide": text.translate(WIDE),
        "unit": f"{text}{unit}", "psign": f"{text}{unit}", "pwide": f"{text}{unit}".translate(WIDE),
    }  # fmt: skip
    read = {name: Cell(raw, n) for name, raw in texts.items()}
    percent = Cell(round(n / 100, 6), n, form="0.00%", shown=f"{n:.2f}%")
    read |= {
        "shown": Cell(n, n, form="#,##0.00", shown=f"{n:,.2f}"), "formula": Cell(n, n, formula="=W91-W92"),
        "minus": Cell(r.choice((f"-{text}", f"△{text}", f"▲{text}", f"({n:.2f})")), -n),
        "pminus": Cell(r.choice((f"-{text}", f"−{text}{unit}", f"▲{text}")), -n),
        "pshown": percent if unit == "%" else Cell(n, n), "about": Cell(f"约{text}", n, believed=0.8),
    }  # fmt: skip
    return pick(r, habit, read, {
        "yearbook": ("…", f"{text}①", f"#{text}", f"{text}（预计）"),
        "pwords": (f"增长{text}{unit}", f"{text}个百分点", "持平"),
    })  # fmt: skip


def listed(r: Random, habit: str) -> Cell:
    things = r.sample(WORDS["things"], r.randint(1, 3))
    mark = {"list": r.choice("、；，"), "marks": r.choice(";,|"), "lines": "\n", "spaced": " 、 "}[habit]
    return Cell(mark.join(things) + ("、" if habit == "spaced" else ""), things)


def chosen(r: Random, entries: Sequence[Any], habit: str) -> Cell:
    """One of the words that bear the habit: as written, saying another thing, or a fault where it says nothing."""
    entry = r.choice([one for one in entries if (habit == "plain" if isinstance(one, str) else one[0] == habit)])
    if isinstance(entry, str):
        return Cell(entry, " ".join(entry.split()))
    return Cell(entry[1], entry[2]) if len(entry) > 2 else bad(entry[1])


def write(r: Random, kind: str, habit: str, unit: Unit, key: str = "") -> Cell:
    """A cell of a kind in a habit; ``unit`` is the heading's, or the measure or unit of the row."""
    cell = _nothing(r, habit) or _write(r, kind, habit, unit, key)
    cell.habit = "empty" if habit in ("empty", "nodata") else f"{kind}: {habit}"
    return cell


def _write(r: Random, kind: str, habit: str, unit: Unit, key: str) -> Cell:
    if kind in ("money", "pay", "area"):
        return (area if kind == "area" else money)(r, habit, unit)
    if kind in ("count", "statistic"):
        return (count if kind == "count" else statistic)(r, habit, unit.write)
    if kind == "date":
        since, until = (
            (date(2025, 1, 2), date(2026, 9, 30)) if key == "as_of" else (date(1996, 1, 2), date(2025, 12, 30))
        )
        return day(r, habit, since, until)
    if kind == "year":
        y = r.randint(2018, 2025)
        forms = {
            "number": y,
            "year": str(y),
            "cn": f"{y}年",
            "wide": str(y).translate(WIDE),
            "spelled": f"{spell(y)}年",
        }
        return Cell(forms[habit], str(y))
    if kind == "key":
        digits = f"0099{r.randint(10, 99)}"
        return Cell({"apostrophe": f"'{digits}", "equals": f'="{digits}"'}.get(habit, digits), digits)
    if kind in ("end", "uscc"):
        return (end if kind == "end" else uscc)(r, habit)
    if kind == "words":
        return listed(r, habit)
    return chosen(r, WORDS[kind], habit)
