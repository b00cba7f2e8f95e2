// Closes an open menu of the page's head: on Escape, with the focus back on what opened it, and on a press outside.
"use strict";
(() => {
  const open = () => document.querySelector("header details[open]");
  document.addEventListener("keydown", (event) => {
    const menu = open();
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("pointerdown", (event) => {
    const menu = open();
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
})();
