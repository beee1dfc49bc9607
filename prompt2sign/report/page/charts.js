"use strict";
// Small drawings from arrays of numbers; each has a label that says in words what it shows.

p2s.charts = (() => {
  const { el, svg, count, number } = p2s.format;
  const WIDTH = 480, HEIGHT = 120, N_BINS = 48, OUTSIDE = -9;

  /** The finite numbers, ascending. */
  const sorted = (values) => Float32Array.from(values).filter(Number.isFinite).sort();
  const percentile = (ascending, share) =>
    ascending.length ? ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] : NaN;

  /** From where to where bins go: shares from 0 to 1; else without a long tail, which the last bin holds. */
  function rangeOf(measure, ascending) {
    if (measure.unit === "share") return [0, 1];
    const low = Math.min(ascending[0] ?? 0, 0), tail = percentile(ascending, 0.995), high = ascending.at(-1) ?? 1;
    const end = high > 2 * tail ? 1.2 * tail : high;
    return [low, end > low ? end : low + 1];
  }

  function binned(ascending, [low, high]) {
    const bins = new Array(N_BINS).fill(0);
    for (const value of ascending) {
      bins[Math.max(0, Math.min(N_BINS - 1, Math.floor(((value - low) / (high - low)) * N_BINS)))]++;
    }
    return bins;
  }

  /** A histogram; `other`, drawn as a line over it, is on the same scale of shares. */
  function histogram(ascending, range, label, other = null) {
    const bins = binned(ascending, range), step = WIDTH / N_BINS;
    const lines = other && binned(other, range);
    const share = (values, total) => values.map((value) => value / Math.max(1, total));
    const bars = share(bins, ascending.length), outline = lines ? share(lines, other.length) : [];
    const most = Math.max(...bars, ...outline, 1e-9);
    const top = (value) => HEIGHT - (value ? Math.max(1.5, (value / most) * HEIGHT) : 0);
    const steps = outline.map((value, i) => `${i ? "L" : "M"}${i * step},${top(value)}H${(i + 1) * step}`).join("");
    return chart(label, HEIGHT,
      bars.map((value, i) => value && svg("rect", { x: i * step + 0.5, y: top(value), width: step - 1, height: HEIGHT - top(value) },
        svg("title", {}, `from ${number(range[0] + (i * (range[1] - range[0])) / N_BINS)}: ${count(bins[i])}`))),
      lines && svg("path", { d: steps, class: "outline" }),
      svg("line", { x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT, class: "axis" }),
      svg("line", { class: "bound", x1: OUTSIDE, x2: OUTSIDE, y1: 0, y2: HEIGHT }),
      [number(range[0]), (ascending.at(-1) > range[1] ? "≥ " : "") + number(range[1])]);
  }

  /** A drawing as wide as its place, and what stands below its two ends: letters are not stretched with it. */
  function chart(label, height, ...content) {
    const ends = content.pop();
    return el("div", { class: height > HEIGHT ? "chart tall" : "chart" },
      svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, content),
      el("p", { class: "ends", "aria-hidden": "true" }, ends.map((text) => el("span", {}, text))));
  }

  /** Move the line of a bound in a histogram; null takes it away. */
  function moveBound(drawn, range, bound) {
    const x = bound === null ? OUTSIDE : Math.max(0, Math.min(1, (bound - range[0]) / (range[1] - range[0]))) * WIDTH;
    for (const side of ["x1", "x2"]) drawn.querySelector(".bound").setAttribute(side, x);
  }

  /** How many pairs fall where; the darker the more. */
  function heatMap(xs, ys, label, xName, yName) {
    const columns = 60, rows = 32, height = 256;
    const ends = [xs, ys].map((values) => Math.max(1e-9, percentile(sorted(values), 0.995)));
    const counts = new Map();
    for (let i = 0; i < xs.length; i++) {
      if (!(Number.isFinite(xs[i]) && Number.isFinite(ys[i]))) continue;
      const column = Math.min(columns - 1, Math.floor((xs[i] / ends[0]) * columns));
      const row = Math.min(rows - 1, Math.floor((ys[i] / ends[1]) * rows));
      counts.set(row * columns + column, (counts.get(row * columns + column) ?? 0) + 1);
    }
    const most = Math.log1p(Math.max(1, ...counts.values()));
    const width = WIDTH / columns, tall = height / rows;
    return el("div", {}, el("p", { class: "ends", "aria-hidden": "true" }, `${yName}, up to ${number(Math.round(ends[1]))}`),
      chart(label, height,
        [...counts].map(([place, n]) => svg("rect", {
          x: (place % columns) * width, y: height - (Math.floor(place / columns) + 1) * tall,
          width, height: tall, "fill-opacity": (0.2 + 0.8 * (Math.log1p(n) / most)).toFixed(3),
        }, svg("title", {}, count(n)))),
        svg("path", { class: "axis", d: `M0,0V${height}H${WIDTH}` }),
        ["0", `${xName}, up to ${number(ends[0])}`]));
  }

  return { sorted, percentile, rangeOf, histogram, moveBound, heatMap };
})();
