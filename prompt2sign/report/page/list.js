"use strict";
// The list of clips: filtered, sorted, a page at a time. Numbers of all clips are at hand, so nothing is loaded for it.

p2s.list = (() => {
  const { el, clips, count, number, measured, choice, announce, debounced, clipLink } = p2s.format;
  const PAGE = 50;

  /** Is a clip beyond any of some bounds? An unknown number is within. */
  function isBeyond(data, bounds, place) {
    for (const [name, bound] of bounds) {
      const value = data.columns[name][place], measure = data.report.measures.find((m) => m.name === name);
      // The numbers are 32 bits long, and so must the bound be.
      if (measure.worse === "high" ? value > Math.fround(bound) : value < Math.fround(bound)) return true;
    }
    return false;
  }

  /** Lower case as the language has it (Turkish has a dotted and a dotless i), one Unicode form. */
  const folded = (text, tag) => text.normalize("NFC").toLocaleLowerCase(tag);

  /** A tag of a language that the browser takes; undefined, any language, for what is none. */
  function known(tag) {
    try {
      return Intl.getCanonicalLocales(tag)[0];
    } catch {
      return undefined;
    }
  }

  /** The places of the clips that pass all filters, in the order asked for. */
  function select(data, wanted, bounds) {
    const { columns, report, count: n } = data;
    const tags = report.languages.map(([, tag]) => known(tag));
    const queries = tags.map((tag) => folded(wanted.query.trim(), tag));
    const has = (i) => {
      const lang = columns.lang[i], tag = tags[lang], query = queries[lang];
      return !query || [data.texts, data.glosses, data.ids].some((words) => folded(words[i], tag).includes(query));
    };
    const is = (name, i) => wanted[name] === "" || columns[name][i] === +wanted[name];
    const found = [];
    for (let i = 0; i < n; i++) {
      if (is("lang", i) && is("split", i) && is("signer", i) && (!bounds.size || isBeyond(data, bounds, i)) && has(i)) found.push(i);
    }
    return sort(data, found, wanted.sort, wanted.reversed);
  }

  function sort(data, places, by, reversed) {
    const { columns, report } = data, measure = report.measures.find((m) => m.name === by);
    const key = by === "release" ? (i) => i : by === "seconds" ? (i) => -columns.frames[i] / columns.fps[i]
      : by === "badness" ? (i) => -columns.badness[i] : (i) => (measure.worse === "high" ? -1 : 1) * columns[by][i];
    const keys = new Float64Array(data.count);
    // What is unknown comes last, whichever way round.
    for (const i of places) keys[i] = Number.isNaN(key(i)) ? Infinity : reversed ? -key(i) : key(i);
    return places.sort((a, b) => keys[a] - keys[b] || a - b);
  }

  class ClipList {
    constructor(data, bounds) {
      this.data = data;
      this.bounds = bounds;
      this.wanted = { query: "", lang: "", split: "", signer: "", sort: "badness", reversed: false };
      this.page = 0;
      this.open = -1;
      this.items = el("ol", { class: "clips", keydown: (event) => this.#move(event) });
      this.summary = el("p", { class: "fine", role: "status" });
      this.chips = el("div", { class: "chips" });
      this.pager = el("div", { class: "pager" });
      this.bounded = "";
      this.element = el("aside", { class: "list", "aria-label": "List of clips" },
        this.#filters(), this.chips, this.summary, this.items, this.pager);
      this.update();
    }

    #filters() {
      const { report } = this.data;
      const set = (name) => (value) => { this.wanted[name] = value; this.update(); };
      const numbered = (names) => [["", "All"], ...names.map((name, i) => [String(i), name || "unknown"])];
      const search = debounced(set("query"));
      this.search = el("input", { type: "search", placeholder: "text, gloss or id", input: (event) => search(event.target.value) });
      const direction = el("button", { "aria-pressed": "false", click: () => {
        this.wanted.reversed = !this.wanted.reversed;
        direction.setAttribute("aria-pressed", String(this.wanted.reversed));
        this.update();
      } }, "Reverse");
      const order = [["badness", "Worst first"], ["release", "As in the release"], ["seconds", "Longest"],
        ...report.measures.map((m) => [m.name, `${m.label}, ${m.unit === "number" || m.unit === "speed" ? "highest" : "worst"}`])];
      return el("form", { class: "filters", role: "search", submit: (event) => event.preventDefault() },
        el("label", { class: "field wide" }, el("span", {}, "Search"), this.search),
        choice("Language", numbered(report.languages.map(([code]) => code)), set("lang")),
        choice("Split", numbered(report.splits), set("split")),
        this.#signers(numbered(report.signers), set("signer")),
        choice("Sort", order, set("sort")),
        direction, this.#bound());
    }

    /** A few signers to choose from; of thousands, one is typed. */
    #signers(options, change) {
      if (options.length <= 200) return choice("Signer", options, change);
      const byName = new Map(options.slice(1).map(([place, name]) => [name, place]));
      const input = el("input", { type: "text", placeholder: "exact name", input: debounced(() => change(input.value ? byName.get(input.value) ?? "-1" : "")) });
      return el("label", { class: "field" }, el("span", {}, "Signer"), input);
    }

    /** Only clips that are worse than a number. */
    #bound() {
      const { measures } = this.data.report;
      const chosen = el("select", { "aria-label": "Measure" }, measures.map((m) => el("option", { value: m.name }, m.label)));
      const value = el("input", { type: "number", step: "any", "aria-label": "Worse than" });
      const add = () => {
        if (value.value === "") return value.focus();
        this.bounds.set(chosen.value, +value.value);
        value.value = "";
        this.update();
      };
      value.addEventListener("keydown", (event) => event.key === "Enter" && add());
      return el("fieldset", { class: "field wide" }, el("legend", {}, "Only worse than"), chosen, value, el("button", { type: "button", click: add }, "Add"));
    }

    /** Filter and sort anew where the bounds were changed elsewhere. */
    refresh() {
      if (this.bounded !== JSON.stringify([...this.bounds])) this.update();
    }

    /** Filter and sort anew, and show the first page. */
    update() {
      this.bounded = JSON.stringify([...this.bounds]);
      this.places = select(this.data, this.wanted, this.bounds);
      this.summary.textContent = this.places.length ? clips(this.places.length) : "No clip fits all of these filters.";
      this.chips.replaceChildren(...[...this.bounds].map(([name, bound]) => {
        const measure = this.data.report.measures.find((m) => m.name === name);
        const words = `${measure.label} ${measure.worse === "high" ? "above" : "below"} ${number(bound)}`;
        return el("button", { "aria-label": `Remove: ${words}`, click: () => { this.bounds.delete(name); this.update(); } }, `${words} ✕`);
      }));
      this.show(0);
    }

    /** Show a page of the list. */
    show(page) {
      this.page = page;
      const start = page * PAGE, end = Math.min(start + PAGE, this.places.length), pages = Math.ceil(this.places.length / PAGE);
      this.items.start = start + 1;
      this.items.replaceChildren(...this.places.slice(start, end).map((place) => this.#item(place)));
      const turn = (label, to, off) => el("button", { type: "button", disabled: off, click: () => { this.show(to); announce(`Page ${to + 1} of ${pages}`); this.items.querySelector("a")?.focus(); } }, label);
      this.pager.replaceChildren(...(pages > 1 ? [
        turn("Previous", page - 1, page === 0),
        el("span", {}, `${count(start + 1)}–${count(end)} of ${count(this.places.length)}`),
        turn("Next", page + 1, page + 1 >= pages),
      ] : []));
    }

    #item(place) {
      const { report, columns, ids, texts } = this.data;
      const [code, tag] = report.languages[columns.lang[place]];
      const sorted = report.measures.find((m) => m.name === this.wanted.sort);
      const measure = sorted ?? (columns.badness[place] > 0 && report.measures[columns.worst_measure[place]]);
      const facts = [code, report.splits[columns.split[place]], report.signers[columns.signer[place]],
        `${(columns.frames[place] / columns.fps[place]).toFixed(1)} s`];
      return el("li", {}, el("a", { href: clipLink(ids[place]), "aria-current": place === this.open ? "true" : null, "data-place": place },
        el("span", { class: "text", lang: tag, dir: "auto" }, texts[place] || "(no text)"),
        el("span", { class: "id", dir: "auto" }, ids[place]),
        el("span", { class: "fine" }, facts.filter(Boolean).join(" · ")),
        measure && el("span", { class: "measure" }, `${measure.label} ${measured(measure, columns[measure.name][place])}`)));
    }

    /** Mark the clip that is open, and show its page of the list where it has one. */
    mark(place) {
      this.open = place;
      const page = Math.floor(this.places.indexOf(place) / PAGE);
      if (page >= 0 && page !== this.page) this.show(page);
      for (const link of this.items.querySelectorAll("a")) {
        if (+link.dataset.place === place) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
      }
    }

    /** The clip so many places after the open one in this list, -1 where it ends. */
    after(steps) {
      const next = this.places.indexOf(this.open) + steps;
      return this.places[next] ?? -1;
    }

    #move(event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      const links = [...this.items.querySelectorAll("a")];
      links[links.indexOf(document.activeElement) + step]?.focus();
      event.preventDefault();
    }
  }

  return { ClipList, isBeyond, select };
})();
