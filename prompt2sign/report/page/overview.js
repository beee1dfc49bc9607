"use strict";
// What is in here, what did not make it and why, and where to look first.

p2s.overview = (() => {
  const { el, put, count, percent, number, hours, measured, table, clipLink } = p2s.format;
  const { sorted, percentile, rangeOf, histogram, heatMap } = p2s.charts;

  function show(section, data) {
    const { report } = data;
    put(section,
      el("h2", {}, "Overview"),
      tiles(report),
      report.notes.length ? el("ul", { class: "notes" }, report.notes.map((note) => el("li", {}, note))) : null,
      el("div", { class: "columns" }, worst(data), lengths(data)),
      el("h3", {}, "By language and split"), groups(report.groups),
      el("p", { class: "fine" }, "Coverage: share of the running words that also stand in the train split of the language."),
      el("h3", {}, "What may be passed on"), licences(report.licences),
      el("h3", {}, "What did not make it"), rejected(report.rejected),
      el("h3", {}, "What made the motion"), versions(report),
    );
  }

  function tiles(report) {
    const sum = (name) => report.groups.reduce((total, group) => total + group[name], 0);
    const entries = [
      ["Clips", count(report.clips)],
      ["Length", hours(sum("hours"))],
      [report.languages.length === 1 ? "Language" : "Languages", report.languages.map(([code]) => code).join(", ")],
      ["Signers", signers(report.signers)],
      ["Rejected", count(report.rejected.clips)],
    ];
    return el("dl", { class: "tiles" }, entries.map(([name, value]) =>
      el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  }

  function signers(names) {
    const known = names.filter(Boolean).length;
    return known ? count(known) + (known < names.length ? " and unknown" : "") : "unknown";
  }

  function worst(data) {
    const { report, columns } = data;
    return el("section", { "aria-labelledby": "worst-title" },
      el("h3", { id: "worst-title" }, "The worst clips"),
      el("p", { class: "fine" }, "Farthest from typical by one of the measures of quality. Open one to watch it."),
      report.worst.length ? null : el("p", {}, "No clip stands out."),
      el("ol", { class: "worst" }, report.worst.map((place) => {
        const measure = report.measures[columns.worst_measure[place]];
        const tag = report.languages[columns.lang[place]][1];
        return el("li", {}, el("a", { href: clipLink(data.ids[place]) },
          el("span", { lang: tag, dir: "auto" }, data.texts[place] || data.ids[place])), " ",
          el("span", { class: "fine" }, measure ? `${measure.label}: ${measured(measure, columns[measure.name][place])}` : ""));
      })),
      report.worst.length && report.worst.length < Math.min(10, report.clips) ? el("p", {}, "Only these stand out.") : null,
      el("p", {}, el("a", { href: "#clips" }, "All clips, worst first")));
  }

  function lengths(data) {
    const seconds = Float32Array.from(data.columns.frames, (n, i) => n / data.columns.fps[i]);
    const letters = Float32Array.from(data.texts, (text) => [...text].length);
    const ascending = sorted(seconds);
    const range = rangeOf({ unit: "seconds" }, ascending);
    const middle = number(percentile(ascending, 0.5));
    return el("section", { "aria-labelledby": "lengths-title" },
      el("h3", { id: "lengths-title" }, "Length"),
      histogram(ascending, range, `Seconds a clip: half are shorter than ${middle}, the longest ${number(ascending.at(-1))}`),
      el("p", { class: "fine" }, `Seconds a clip; half are shorter than ${middle}.`),
      heatMap(seconds, letters, "Characters of text against seconds of signing, darker where more clips are", "seconds", "characters"));
  }

  function groups(rows) {
    const fps = (rates) => rates.slice(0, 3).map(([rate]) => number(rate)).join(", ") + (rates.length > 3 ? " …" : "");
    return table("Counts by language and split",
      ["Language", "Split", "Clips", "Length", "Signers", "Words", "Vocabulary", "Once only", "Coverage", "Seconds: 5 %, half, 95 %", "fps"],
      rows.map((group) => [
        el("span", { title: group.language }, group.lang), group.split, count(group.clips), hours(group.hours), group.signers ? count(group.signers) : "–",
        count(group.words), count(group.vocabulary), count(group.once),
        group.covered === null || group.split === "train" ? "–" : percent(group.covered),
        group.seconds.map((value) => value.toFixed(1)).join(", "), fps(group.fps),
      ]), [2, 3, 4, 5, 6, 7, 8, 9, 10]);
  }

  function licences(rows) {
    const may = (allowed) => el("span", { class: allowed ? "yes" : "no" }, allowed ? "may be passed on" : "not to be passed on");
    return table("Licences", ["Corpus", "Licence", "Clips", "Motion", "Video", "Access"], rows.map((row) =>
      [row.corpus, row.licence || "unknown", count(row.clips), may(row.motion), may(row.video), row.access_rule]), [2]);
  }

  function rejected({ clips: total, reasons, chunks }) {
    if (!total) return el("p", {}, "Nothing was rejected.");
    const list = el("div");
    const body = el("details", { toggle: () => body.open && !list.firstChild && browse(list, chunks) },
      el("summary", {}, `Which clips, and why (${count(total)})`), list);
    return el("div", {}, table("Rejected by stage and reason", ["Stage", "Reason", "Clips"],
      reasons.map(([stage, reason, n]) => [stage, reason, count(n)]), [2]), body);
  }

  /** The rejected clips, a chunk of rows at a time. */
  async function browse(list, chunks, chunk = 1) {
    const rows = await p2s.load(`rejected-${String(chunk).padStart(4, "0")}`);
    const more = chunk < chunks && el("button", { click: () => { more.remove(); browse(list, chunks, chunk + 1); } }, "More");
    list.append(table("Rejected clips", ["Clip", "Stage", "Reason", "What happened"], rows), more || "");
  }

  function versions({ versions: rows, facts, made_by }) {
    const about = facts.estimators.map(([name, said]) => el("details", {}, el("summary", {}, name),
      table(`What ${name} says of itself`, ["Setting", "Value"], said)));
    return el("div", {},
      table("Versions", ["Estimator", "Lifter", "Tool", "Clips"], rows.map((row) =>
        [row.estimator || "unknown", row.lifter || "unknown", row.tool || "unknown", count(row.clips)]), [3]),
      about,
      facts.citation && el("p", {}, `Please cite: ${facts.citation}`),
      el("p", { class: "fine" }, `This report was written by ${made_by}. It loads nothing from the network.`));
  }

  return { show };
})();
