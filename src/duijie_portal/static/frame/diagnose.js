// Charts of the diagnosis: a map of each chain, and quotients with their bands. The same figures stand in tables.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("diagnosis")?.textContent || "{}");
  if (!data.regions) return;
  const language = document.documentElement.lang.startsWith("en") ? "en" : "zh";
  const told = (value) => (typeof value === "string" ? value : value[language] || value.zh || value.en || "");
  const colours = ["#12457a", "#a5501c", "#2f6f5e", "#6b4a8a"];
  const [ink, line, balanced] = ["#1b2733", "#c9d2dc", "#7a8797"];
  const font = getComputedStyle(document.body).fontFamily;
  const colourOf = Object.fromEntries(data.regions.map((region, at) => [region.code, colours[at % colours.length]]));
  const motion = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const tooltip = { renderMode: "richText", confine: true, textStyle: { color: ink, fontFamily: font } };

  const depths = (chain) => {
    const depth = Object.fromEntries(chain.stages.map((stage) => [stage.key, 0]));
    for (let round = 0; round < chain.stages.length; round += 1)
      for (const link of chain.links) if (link.supplier in depth && link.buyer in depth)
        depth[link.buyer] = Math.min(Math.max(depth[link.buyer], depth[link.supplier] + 1), chain.stages.length - 1);
    return depth;
  };
  const strongest = (stage) => {
    const known = data.regions.filter((region) => stage.quotient[region.code] != null);
    const values = known.map((region) => [stage.quotient[region.code], region.code]).sort((a, b) => b[0] - a[0]);
    if (values.length < 2 || values[0][0] < 1.25 * values[1][0]) return null;
    return values[0][1];
  };
  const rowHeight = 92;
  const chainOption = (chain, box) => {
    const depth = depths(chain);
    const columns = {};
    for (const stage of chain.stages) (columns[depth[stage.key]] ||= []).push(stage);
    const last = Math.max(...Object.keys(columns).map(Number), 1);
    const tallest = Math.max(...Object.values(columns).map((column) => column.length));
    const most = Math.max(1, ...chain.stages.map((s) => data.regions.reduce((sum, r) => sum + (s.n_firms[r.code] || 0), 0)));
    const gaps = new Set(chain.gaps.map((gap) => gap.stage));
    box.style.height = `${tallest * rowHeight + 60}px`;
    const width = box.clientWidth - 130;
    const nodes = chain.stages.map((stage) => {
      const column = columns[depth[stage.key]];
      const total = data.regions.reduce((sum, region) => sum + (stage.n_firms[region.code] || 0), 0);
      const code = strongest(stage);
      const counts = data.regions.map((region) => `${told(region.name)} ${stage.n_firms[region.code] ?? "–"}`);
      const isGap = gaps.has(stage.key);
      return {
        name: stage.key, x: depth[stage.key] / last * width, y: ((column.indexOf(stage) + 0.5) / column.length) * tallest * rowHeight,
        symbolSize: 14 + 30 * Math.sqrt(total / most), value: counts.join("  ·  "), title: told(stage.name),
        itemStyle: { color: code ? colourOf[code] : balanced, borderColor: isGap ? "#b3261e" : "#fff", borderWidth: isGap ? 3 : 1 },
        label: { show: true, position: "bottom", distance: 4, formatter: `${told(stage.name)}\n{n|${data.regions.map((r) => stage.n_firms[r.code] ?? "–").join(" | ")}}`, rich: { n: { color: "#526173", fontSize: 11, lineHeight: 15 } },
          color: ink, fontFamily: font, fontSize: 12, width: 112, overflow: "break", lineHeight: 15 },
      };
    });
    const spread = Math.max(...nodes.map((n) => n.y)) - Math.min(...nodes.map((n) => n.y));
    return {
      animation: motion, tooltip: { ...tooltip, formatter: (one) => one.dataType === "node" ? `${one.data.title}\n${one.data.value}` : "" },
      series: [{ type: "graph", layout: "none", left: 65, top: 32, width, height: Math.max(spread, 1), data: nodes, edgeSymbol: ["none", "arrow"], edgeSymbolSize: 7,
        links: chain.links.map((link) => ({ source: link.supplier, target: link.buyer })), lineStyle: { color: line, width: 1.5, curveness: 0.08, opacity: 1 } }],
    };
  };
  const bandOption = (rows, code) => {
    const shown = [...rows].reverse();
    const short = (text) => (text.length > 16 ? `${text.slice(0, 15)}…` : text);
    return {
      animation: motion,
      grid: { left: 8, right: 28, top: 8, bottom: 28, containLabel: true },
      tooltip: { ...tooltip, formatter: (one) => { const row = shown[one.dataIndex]; return `${row.industry} ${told(row.name)}\n${row.quotient.toFixed(2)}  (${row.low.toFixed(2)} – ${row.high.toFixed(2)})`; } },
      xAxis: { type: "log", min: 0.5, axisLabel: { color: ink, fontFamily: font }, splitLine: { lineStyle: { color: "#e6ebf1" } } },
      yAxis: { type: "category", data: shown.map((row) => `${row.industry} ${short(told(row.name))}`), axisTick: { show: false }, axisLabel: { color: ink, fontFamily: font } },
      series: [
        { type: "custom", data: shown.map((row, at) => [at, row.low, row.high]), encode: { x: [1, 2], y: 0 }, z: 1,
          renderItem: (_, api) => {
            const [from, to] = [api.coord([api.value(1), api.value(0)]), api.coord([api.value(2), api.value(0)])];
            return { type: "rect", shape: { x: from[0], y: from[1] - 5, width: Math.max(to[0] - from[0], 1), height: 10, r: 5 }, style: { fill: colourOf[code], opacity: 0.28 } };
          } },
        { type: "scatter", cursor: "pointer", data: shown.map((row, at) => ({ value: [row.quotient, at], path: cellPath(code, row.industry) })), symbolSize: 10, itemStyle: { color: colourOf[code] }, z: 2,
          markLine: { silent: true, symbol: "none", lineStyle: { color: "#b3261e", type: "solid" }, label: { formatter: "1", color: ink }, data: [{ xAxis: 1 }] } },
      ],
    };
  };
  const draw = (box, option) => {
    const first = option();
    const chart = echarts.init(box);
    chart.setOption(first);
    let width = box.clientWidth;
    new ResizeObserver(() => {
      if (box.clientWidth === width) return;
      width = box.clientWidth;
      chart.resize();
      chart.setOption(option());
    }).observe(box);
  };
  // Each point leads to the firms behind it.
  const cellPath = (region, industry) => `${location.pathname.replace(/\/?$/, "/")}industries/${region}/${industry}/`;
  const mapOption = () => ({
    animation: motion, grid: { left: 8, right: 28, top: 16, bottom: 28, containLabel: true },
    tooltip: { ...tooltip, formatter: (one) => `${one.data.industry} ${one.data.title}\n${one.data.value.map((x) => x.toFixed(2)).join("  ·  ")}` },
    xAxis: { type: "value", axisLabel: { color: ink, fontFamily: font }, splitLine: { lineStyle: { color: "#e6ebf1" } } },
    yAxis: { type: "value", axisLabel: { color: ink, fontFamily: font }, splitLine: { lineStyle: { color: "#e6ebf1" } } },
    series: data.regions.map((region) => ({
      type: "scatter", symbolSize: 9, cursor: "pointer",
      data: data.industry_map.filter((one) => one.complexity != null && one.density[region.code] != null).map((one) => ({
        value: [one.density[region.code], one.complexity], industry: one.industry, title: told(one.name), path: cellPath(region.code, one.industry),
        itemStyle: one.is_present[region.code] ? { color: colourOf[region.code], opacity: 0.85 } : { color: "#fff", borderColor: colourOf[region.code], borderWidth: 1, opacity: 0.55 },
      })),
    })),
  });
  const follow = (box) => echarts.getInstanceByDom(box).on("click", (one) => { if (one.data && one.data.path) location.assign(one.data.path); });
  for (const box of document.querySelectorAll("[data-map]")) { draw(box, mapOption); follow(box); }
  for (const box of document.querySelectorAll("[data-chain]")) draw(box, () => chainOption(data.chains.find((chain) => chain.key === box.dataset.chain), box));
  for (const box of document.querySelectorAll("[data-region]")) {
    draw(box, () => bandOption(data.specialization[box.dataset.region] || [], box.dataset.region));
    follow(box);
  }
})();
