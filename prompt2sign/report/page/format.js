"use strict";
// Elements and numbers. Text from a release enters the page as text alone: nothing here ever parses markup.

p2s.format = (() => {
  /** An element; of `options`, functions listen, the rest are attributes; null and false are left out. */
  function el(tag, options = {}, ...children) {
    return fill(document.createElement(tag), options, children);
  }

  /** The same for drawings. */
  function svg(tag, options = {}, ...children) {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), options, children);
  }

  /** Add to an element; what is null, false or empty is left out. */
  const put = (element, ...children) => fill(element, {}, children);

  function fill(element, options, children) {
    for (const [name, value] of Object.entries(options)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
    }
    element.append(...children.flat(Infinity).filter(Boolean));
    return element;
  }

  const whole = new Intl.NumberFormat("en");
  const count = (value) => whole.format(value);
  const clips = (value) => `${count(value)} clip${value === 1 ? "" : "s"}`;
  const percent = (share) =>
    share > 0 && share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(share === 1 || share === 0 ? 0 : 1)} %`;

  /** Three significant digits, no exponent. */
  function number(value) {
    if (!Number.isFinite(value)) return "unknown";
    if (Number.isInteger(value)) return count(value);
    const size = Math.abs(value);
    return size >= 100 ? count(Math.round(value)) : value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4);
  }

  /** A measure's number with its unit. */
  function measured(measure, value) {
    if (!Number.isFinite(value)) return "unknown";
    return measure.unit === "share" || measure.unit === "ratio" ? percent(value) : number(value);
  }

  const hours = (value) =>
    value >= 1 ? `${number(value)} h` : value * 60 >= 1 ? `${number(value * 60)} min` : `${number(value * 3600)} s`;

  /** A table with a caption for all who cannot see its place; `numeric` are columns of numbers. */
  function table(caption, heads, rows, numeric = []) {
    const cell = (content, i) => el(i ? "td" : "th", { class: numeric.includes(i) && "number", scope: i ? null : "row" }, content);
    return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
      el("table", {},
        el("caption", { class: "unseen" }, caption),
        el("thead", {}, el("tr", {}, heads.map((head, i) =>
          el("th", { scope: "col", class: numeric.includes(i) && "number" }, head)))),
        el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell))))));
  }

  /** A labelled choice. */
  function choice(label, options, change, chosen = "") {
    const select = el("select", { change: (event) => change(event.target.value) },
      options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
    return el("label", { class: "field" }, el("span", {}, label), select);
  }

  const announce = (text) => { document.getElementById("announce").textContent = text; };
  const debounced = (call, wait = 150) => {
    let timer;
    return (...values) => { clearTimeout(timer); timer = setTimeout(() => call(...values), wait); };
  };
  const clipLink = (id) => `#clips/${encodeURIComponent(id)}`;

  return { el, svg, put, count, clips, percent, number, measured, hours, table, choice, announce, debounced, clipLink };
})();
