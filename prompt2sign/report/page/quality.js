"use strict";
// How good it is: distributions, and what a bound of `prompt2sign build` would leave out.

p2s.quality = (() => {
  const { el, put, clips, count, percent, measured, choice, announce } = p2s.format;
  const { sorted, percentile, rangeOf, histogram, moveBound } = p2s.charts;

  function show(section, data, bounds) {
    const { report, columns } = data;
    const cards = el("div", { class: "cards" });
    const total = el("p", { class: "total", role: "status" });
    const command = el("code");
    const missing = el("p", { class: "fine" });
    let places = null;

    const chosen = (code) => {
      places = Array.from({ length: data.count }, (_, i) => i)
        .filter((i) => !code || report.languages[columns.lang[i]][0] === code);
      const known = report.measures.filter((m) => places.some((i) => Number.isFinite(columns[m.name][i])));
      const unknown = report.measures.filter((m) => !known.includes(m)).map((m) => m.label.toLowerCase());
      cards.replaceChildren(...known.map((measure) => card(measure)));
      missing.textContent = unknown.length ? `Not known of these clips: ${unknown.join(", ")}.` : "";
      tell();
    };

    function card(measure) {
      const values = Float32Array.from(places, (i) => columns[measure.name][i]);
      const ascending = sorted(values);
      const [p5, p50, p95] = [0.05, 0.5, 0.95].map((share) => measured(measure, percentile(ascending, share)));
      const range = rangeOf(measure, ascending);
      const chart = histogram(ascending, range, `${measure.label}: half of the clips lie below ${p50}, 5 % below ${p5}, 5 % above ${p95}`);
      const unknown = values.length - ascending.length;
      return el("article", { class: "card" },
        el("h3", {}, measure.label, " ", el("span", { class: "fine" }, unitOf(measure, report.unit))),
        el("p", { class: "fine" }, measure.says),
        chart,
        el("dl", { class: "inline" }, [["5 %", p5], ["median", p50], ["95 %", p95], ...(unknown ? [["unknown", count(unknown)]] : [])]
          .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
        boundOf(measure, ascending, range, chart));
    }

    /** The slider of a measure, which starts where it leaves nothing out. */
    function boundOf(measure, ascending, range, chart) {
      const isHigh = measure.worse === "high";
      const low = Math.min(range[0], ascending[0]), high = Math.max(range[1], ascending.at(-1));
      const none = isHigh ? high : low;
      const output = el("output", { class: "drops" });
      const words = `Leave out ${isHigh ? "above" : "below"}`;
      const number = el("input", { type: "number", step: "any", "aria-label": `${words}: ${measure.label}` });
      const slider = el("input", { type: "range", min: low, max: high, step: (high - low) / 400 || "any", "aria-label": `${words}: ${measure.label}` });
      const set = (value, from) => {
        const moved = isHigh ? value < none : value > none;
        if (moved) bounds.set(measure.name, value); else bounds.delete(measure.name);
        if (from !== number) number.value = +value.toPrecision(4);
        if (from !== slider) slider.value = value;
        moveBound(chart, range, moved ? value : null);
        const dropped = isHigh ? ascending.length - upTo(ascending, value, true) : upTo(ascending, value, false);
        output.textContent = `leaves out ${clips(dropped)} (${percent(dropped / ascending.length)})`;
      };
      const built = report.facts.bounds.find(([option]) => option === measure.option)?.[1];
      slider.addEventListener("input", () => { set(+slider.value, slider); tell(); });
      number.addEventListener("input", () => { if (number.value !== "") { set(+number.value, number); tell(); } });
      set(bounds.get(measure.name) ?? none);
      return el("div", { class: "bounds" }, el("span", {}, words), slider, number, output,
        built !== undefined && el("span", { class: "drops fine" }, `This release was built with --${measure.option} ${built}.`));
    }

    /** How many clips all bounds together leave out, and the options that do so. */
    function tell() {
      const dropped = places.filter((i) => p2s.list.isBeyond(data, bounds, i)).length;
      total.textContent = `All bounds together leave out ${clips(dropped)} of ${count(places.length)} (${percent(dropped / Math.max(1, places.length))}).`;
      const options = report.measures.filter((m) => m.option && bounds.has(m.name));
      command.textContent = options.length
        ? `prompt2sign build … ${options.map((m) => `--${m.option} ${+bounds.get(m.name).toPrecision(4)}`).join(" ")}`
        : "";
    }

    put(section,
      el("h2", {}, "Quality"),
      el("p", {}, "Move a bound to see how many clips it would leave out of a release."),
      el("div", { class: "filters" },
        report.languages.length > 1 && choice("Language", [["", "All"], ...report.languages.map(([code]) => [code, code])], chosen),
        el("button", { click: () => { bounds.clear(); chosen(""); announce("All bounds are off"); } }, "Bounds off"),
        el("a", { class: "button", href: "#clips" }, "Show the clips beyond these bounds")),
      total, el("p", { class: "command" }, command), cards, missing);
    chosen("");
  }

  /** How many ascending numbers lie below a value, or at it too. */
  function upTo(ascending, value, inclusive) {
    let low = 0, high = ascending.length;
    const bound = Math.fround(value);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (inclusive ? ascending[middle] <= bound : ascending[middle] < bound) low = middle + 1; else high = middle;
    }
    return low;
  }

  const unitOf = (measure, unit) => ({ width: unit, speed: `${unit} a second`, share: "share", ratio: "share", number: "" })[measure.unit];

  return { show };
})();
