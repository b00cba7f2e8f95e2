// What a form can say before it is sent: how long a text may be, and that one of several fields is needed.
// A browser cuts what is pasted beyond maxlength without a word; here it is counted, kept, and not sent until it fits.
"use strict";
(() => {
  const COUNTED_FROM = 200;
  const say = (text, n, most) => text.replace("{n}", n).replace("{most}", most);

  const count = (field) => {
    const most = field.maxLength;
    const line = document.createElement("span");
    line.className = "muted counter";
    line.setAttribute("aria-live", "polite");
    field.removeAttribute("maxlength");
    field.after(line);
    // once shown it stays: a line that left with the focus would move the button from under the press
    let isShown = false;
    const show = () => {
      // Django counts characters, not UTF-16 units, and a line break as two
      const n = [...field.value.replace(/\r?\n/g, "\r\n")].length;
      const over = n > most;
      isShown ||= over || n >= most * 0.8 || document.activeElement === field;
      line.hidden = !isShown;
      line.classList.toggle("late", over);
      line.textContent = say(over ? document.body.dataset.tooLong : document.body.dataset.counted, n, most);
      field.setCustomValidity(over ? line.textContent : "");
    };
    for (const event of ["input", "focus"]) field.addEventListener(event, show);
    show();
  };

  const needOneOf = (form) => {
    const fields = form.dataset.oneOf.split(" ").map((name) => form.elements[name]);
    const check = () => {
      const none = fields.every((field) => !field.value.trim());
      fields[0].setCustomValidity(none ? form.dataset.oneOfSaid : "");
    };
    fields.forEach((field) => field.addEventListener("input", check));
    check();
  };

  // a field that is needed unless another says otherwise: "unit none" is a value, "keep" a tick
  const needUnless = (field) => {
    const [name, value] = field.dataset.unless.split(" ");
    const others = [...field.form.elements].filter((one) => one.name === name);
    const check = () => {
      field.required = !others.some((one) => (value ? one.value === value : one.checked));
    };
    others.forEach((one) => one.addEventListener("change", check));
    check();
  };

  // a sentence under a field, read out with it
  const tell = (field, text) => {
    const line = document.createElement("span");
    line.className = "wrong";
    line.id = `wrong-${field.name}`;
    line.textContent = text;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", line.id);
    field.after(line);
    field.addEventListener("input", () => {
      field.removeAttribute("aria-invalid");
      line.remove();
    });
  };

  // on a phone a table of many columns is read as cards: every cell says which column it is
  const label = (table) => {
    const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
    if (heads.length < 3) return;
    table.classList.add("stacked");
    table.setAttribute("role", "table");
    for (const row of table.rows) {
      row.setAttribute("role", "row");
      for (const cell of row.cells) {
        const isHead = cell.tagName === "TH";
        const kind = cell.closest("thead") ? "columnheader" : isHead ? "rowheader" : "cell";
        cell.setAttribute("role", kind);
        if (!isHead && cell.colSpan === 1 && heads[cell.cellIndex]) cell.dataset.label = heads[cell.cellIndex];
        if (!cell.textContent.trim() && !cell.querySelector("input, img, svg")) cell.classList.add("nothing");
      }
    }
  };

  const begin = (root) => {
    root.querySelectorAll(".scroll > table:not(.grid, .heat)").forEach(label);
    root.querySelectorAll("textarea[maxlength], input[maxlength]").forEach((field) => {
      if (field.maxLength >= COUNTED_FROM) count(field);
    });
    root.querySelectorAll("form[data-one-of]").forEach(needOneOf);
    root.querySelectorAll("[data-unless]").forEach(needUnless);
  };
  // what was typed before a fault was told or a session ended, put back into the form it was sent from
  const refill = (form, { said, wrong, files }) => {
    for (const [name, value] of Object.entries(said)) {
      for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (["radio", "checkbox"].includes(field.type)) field.checked = field.value === value;
        else if (!["hidden", "file", "password"].includes(field.type)) field.value = value;
      }
    }
    for (const [name, lines] of Object.entries(wrong)) {
      const field = form.elements[name];
      if (field?.after && field.type !== "hidden") tell(field, lines.join(" "));
    }
    for (const name of files) if (form.elements[name] && !wrong[name]) tell(form.elements[name], document.body.dataset.fileAgain);
    form.closest("details")?.setAttribute("open", "");
    // the sentence of a fault stands at the form it is about, not out of sight at the head of the page
    const isTyped = form.querySelector("input:not([type=hidden]), select, textarea");
    if (isTyped) form.prepend(...document.querySelectorAll(".messages .error"));
    (form.querySelector("[aria-invalid]") ?? form.querySelector(".error"))?.scrollIntoView({ block: "center" });
  };
  const kept = document.getElementById("refilled");
  if (kept) {
    const typed = JSON.parse(kept.textContent);
    const unlike = (form) =>
      [...form.querySelectorAll("input[type=hidden]")].filter((one) => one.value !== (typed.said[one.name] ?? one.value)).length;
    const forms = [...document.querySelectorAll("main form[method=post]")].filter((form) => form.getAttribute("action") === typed.action);
    forms.sort((one, other) => unlike(one) - unlike(other));
    if (forms.length) refill(forms[0], typed);
  }
  begin(document);
  document.addEventListener("htmx:load", (event) => {
    if (event.target !== document.body) begin(event.target);
  });
})();
