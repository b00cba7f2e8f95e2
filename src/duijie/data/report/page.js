"use strict";
// Draws the charts and opens what lies behind a number or a row; reads only the data inside this page.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dialog = document.getElementById("opened");
  const body = dialog.querySelector("div");
  dialog.querySelector("button").addEventListener("click", () => dialog.close());

  const element = (name, text, parent) => {
    const made = document.createElement(name);
    made.textContent = text;
    parent.append(made);
    return made;
  };
  const list = (title, lines) => {
    if (!lines.length) return;
    element("h4", title, body);
    const items = element("ul", "", body);
    for (const line of lines) {
      const item = element("li", line.url ? "" : line.text ?? line, items);
      if (line.url) Object.assign(element("a", line.text, item), { href: line.url, rel: "noopener noreferrer" });
    }
  };
  const open = (fill) => {
    body.replaceChildren();
    fill();
    if (!dialog.open) dialog.showModal();
  };
  const openLists = (lists) => open(() => lists.forEach((one) => list(one.title, one.lines)));
  const openFigure = (button) => open(() => {
    const { formula, path } = button.dataset;
    const [name] = path.split(".");
    const origin = data.documents[name];
    element("h3", button.textContent, body);
    list(data.words.formula, [data.formulas[formula]]);
    list(data.words.place, [`${origin.file} › ${path.slice(name.length + 1)}`]);
    list(data.words.made, origin.made);
    list(data.words.sources, origin.sources);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.matches(".figure")) openFigure(button);
    else if (button?.matches(".all")) {
      const expanded = button.parentElement.classList.toggle("expanded");
      button.setAttribute("aria-expanded", String(expanded));
    } else if (button?.dataset.list) openLists(data.lists[button.dataset.list]);
  });

  const percent = (value) => `${Math.abs(value)}%`;
  const band = (params, api) => {
    const at = (which) => api.coord([api.value(which), api.value(2)]);
    const [from, to] = [at(0), at(1)];
    const y = from[1] + 6 * api.value(3) - 3;
    const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: api.visual("color"), lineWidth: 2 } });
    return { type: "group", children: [line(from[0], y, to[0], y), line(from[0], y - 4, from[0], y + 4), line(to[0], y - 4, to[0], y + 4)] };
  };
  const named = { percent, band };
  const revive = (value) => {
    for (const key of ["renderItem", "formatter", "valueFormatter"])
      if (typeof value?.[key] === "string" && named[value[key]]) value[key] = named[value[key]];
    if (value && typeof value === "object") Object.values(value).forEach(revive);
    return value;
  };
  for (const place of document.querySelectorAll("[data-chart]")) {
    const { options, lists } = data.charts[place.dataset.chart];
    const chart = echarts.init(place, null, { renderer: "svg" });
    chart.setOption(revive(options));
    chart.on("click", (point) => {
      const found = lists[point.data?.list];
      if (found?.length) openLists(found);
    });
    addEventListener("resize", () => chart.resize());
  }
  document.documentElement.dataset.ready = "true";
})();
