// The funnel from requests to next steps; the same figures stand in the list beside it.
"use strict";
(() => {
  const box = document.getElementById("funnel-chart");
  if (!box) return;
  const stages = [...document.querySelectorAll("[data-stage]")].map((row) => ({ name: row.dataset.stage, value: Number(row.dataset.n) }));
  const motion = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const chart = echarts.init(box);
  const most = Math.max(1, ...stages.map((one) => one.value));
  chart.setOption({
    animation: motion, grid: { left: 8, right: 60, top: 8, bottom: 8, containLabel: true },
    xAxis: { type: "value", max: most, show: false },
    yAxis: { type: "category", inverse: true, data: stages.map((one) => one.name), axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: "#1b2733", fontSize: 13 } },
    series: [{ type: "bar", data: stages.map((one) => one.value), barWidth: "62%", itemStyle: { color: "#12457a", borderRadius: 3 }, showBackground: true, backgroundStyle: { color: "#eef2f6" },
      label: { show: true, position: "right", color: "#1b2733", formatter: (one) => one.dataIndex && stages[one.dataIndex - 1].value ? `${one.value}  (${Math.round(100 * one.value / stages[one.dataIndex - 1].value)}%)` : `${one.value}` } }],
  });
  new ResizeObserver(() => chart.resize()).observe(box);
})();
