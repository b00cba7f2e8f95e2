// Drag a meeting to another time of the same row to lock it there; the form in each cell does the same by keyboard.
"use strict";
(() => {
  const form = document.getElementById("lock");
  if (!form) return;
  let dragged = null;
  const cells = (request) => document.querySelectorAll(`.seat[data-request="${CSS.escape(request)}"]`);
  document.addEventListener("dragstart", (event) => {
    const held = event.target.closest?.(".seat");
    if (!held) return;
    dragged = held;
    event.dataTransfer.setData("text/plain", held.dataset.request);
    event.dataTransfer.effectAllowed = "move";
    for (const one of cells(held.dataset.request)) one.classList.add("dragged");
  });
  document.addEventListener("dragend", () => {
    for (const one of document.querySelectorAll(".dragged, .over")) one.classList.remove("dragged", "over");
    dragged = null;
  });
  const target = (event) => {
    const cell = event.target.closest?.("td[data-slot]");
    return dragged && cell && cell.parentElement === dragged.closest("tr") && !cell.classList.contains("away") ? cell : null;
  };
  document.addEventListener("dragover", (event) => {
    const cell = target(event);
    for (const one of document.querySelectorAll(".over")) one.classList.toggle("over", one === cell);
    if (!cell) return;
    event.preventDefault();
    cell.classList.add("over");
  });
  document.addEventListener("drop", (event) => {
    const cell = target(event);
    if (!cell) return;
    event.preventDefault();
    form.elements.request.value = dragged.dataset.request;
    form.elements.slot.value = cell.dataset.slot;
    form.submit();
  });
})();
