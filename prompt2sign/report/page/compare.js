"use strict";
// Two releases side by side: what each holds, and what became better or worse clip by clip.

p2s.compare = (() => {
  const { el, put, count, clips, hours, measured, table, choice, clipLink } = p2s.format;
  const { sorted, percentile, rangeOf, histogram } = p2s.charts;
  const N_CHANGES = 25;

  function show(section, data) {
    const { report, against } = data;
    const other = p2s.columnsOf(against.columns), matches = p2s.int32(against.matches);
    const shared = [...matches.keys()].filter((i) => matches[i] >= 0);
    const own = [report.facts.name, against.facts.name];
    const names = own[0] === own[1] ? ["this release", "the other"] : own;
    const changes = el("div");
    put(section,
      el("h2", {}, "Compare"),
      el("p", {}, `${names[0]} against ${names[1]}: ${clips(shared.length)} in both, ${count(data.count - shared.length)} only in `,
        `${names[0]}, ${count(against.only.length)} only in ${names[1]}.`),
      el("h3", {}, "What each holds"), counts(report.groups, against.groups, names),
      el("h3", {}, "Quality"),
      el("p", { class: "fine" }, `Bars: ${names[0]}. Line: ${names[1]}. Better and worse count the clips in both.`),
      el("div", { class: "cards" }, report.measures.map((measure) => card(measure, data, other, matches, shared, names))),
      el("h3", {}, "What changed most"),
      el("div", { class: "filters" }, choice("Measure", report.measures.map((m) => [m.name, m.label]), (name) => list(name), "fit_error")),
      changes,
      against.only.length ? el("details", {}, el("summary", {}, `Only in ${names[1]} (${count(against.only.length)})`),
        el("ul", { class: "ids" }, against.only.slice(0, 1000).map((id) => el("li", {}, id)))) : null);

    function list(name) {
      const measure = report.measures.find((m) => m.name === name);
      const sign = measure.worse === "high" ? 1 : -1;
      const change = (i) => sign * (data.columns[name][i] - other[name][matches[i]]);
      const moved = shared.filter((i) => Math.abs(change(i)) > 0).sort((a, b) => change(b) - change(a));
      const rows = (places) => places.map((i) => [
        el("a", { href: clipLink(data.ids[i]) }, data.ids[i]),
        el("span", { lang: report.languages[data.columns.lang[i]][1], dir: "auto" }, data.texts[i]),
        measured(measure, data.columns[name][i]), measured(measure, other[name][matches[i]]),
      ]);
      const part = (title, places) => [el("h4", {}, title), places.length
        ? table(title, ["Clip", "Text", names[0], names[1]], rows(places), [2, 3]) : el("p", {}, "None.")];
      changes.replaceChildren(
        ...part(`Worse in ${names[0]}`, moved.filter((i) => change(i) > 0).slice(0, N_CHANGES)),
        ...part(`Better in ${names[0]}`, moved.filter((i) => change(i) < 0).slice(-N_CHANGES).reverse()));
    }
    list("fit_error");
  }

  function counts(ours, theirs, names) {
    const key = (group) => `${group.lang} ${group.split}`;
    const keys = [...new Set([...ours, ...theirs].map(key))];
    const find = (groups, name) => groups.find((group) => key(group) === name);
    const cells = (group) => group ? [count(group.clips), hours(group.hours), count(group.vocabulary)] : ["–", "–", "–"];
    return table("Counts of both releases",
      ["Language and split", ...names.flatMap((name) => [`Clips, ${name}`, `Length, ${name}`, `Vocabulary, ${name}`])],
      keys.map((name) => [name, ...cells(find(ours, name)), ...cells(find(theirs, name))]), [1, 2, 3, 4, 5, 6]);
  }

  function card(measure, data, other, matches, shared, names) {
    const mine = sorted(data.columns[measure.name]), theirs = sorted(other[measure.name]);
    if (!mine.length && !theirs.length) return null;
    const range = rangeOf(measure, sorted([...mine, ...theirs]));
    const sign = measure.worse === "high" ? 1 : -1;
    const change = shared.map((i) => sign * (data.columns[measure.name][i] - other[measure.name][matches[i]]));
    const [worse, better] = [change.filter((d) => d > 0).length, change.filter((d) => d < 0).length];
    const middles = [mine, theirs].map((values) => measured(measure, percentile(values, 0.5)));
    const words = `median ${middles[0]} against ${middles[1]}; ${clips(better)} better, ${count(worse)} worse`;
    return el("article", { class: "card" }, el("h4", {}, measure.label),
      histogram(mine, range, `${measure.label}: ${words}`, theirs), el("p", { class: "fine" }, words));
  }

  return { show };
})();
