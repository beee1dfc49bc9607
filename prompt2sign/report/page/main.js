"use strict";
// Which page is shown follows from the address: #overview, #quality, #compare, #clips, #clips/ID.

(() => {
  const { el, count, announce } = p2s.format;
  const status = document.getElementById("status");
  const main = document.getElementById("main");
  const section = (name) => document.getElementById(`page-${name}`);

  function fail(error) {
    status.hidden = false;
    status.className = "fault";
    status.textContent = `This report cannot be shown: ${error.message}`;
  }

  async function begin() {
    const data = await p2s.open();
    const { report } = data;
    const names = { overview: "Overview", quality: "Quality", ...(data.against ? { compare: "Compare" } : {}), clips: "Clips" };
    /** Bounds of the quality page, by measure; the list shows the clips beyond them. */
    const bounds = new Map();
    const made = new Set();
    let list, player;

    document.title = `${report.facts.name} – Prompt2Sign report`;
    document.getElementById("title").textContent = report.facts.name;
    document.getElementById("subtitle").textContent = [report.facts.title, `${count(report.clips)} clips`].filter(Boolean).join(" · ");
    document.getElementById("pages").append(...Object.entries(names).map(([name, label]) => el("a", { href: `#${name}` }, label)));
    document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });

    function clipsPage() {
      list = new p2s.list.ClipList(data, bounds);
      player = new p2s.player.Player(data, list, (id) => { location.hash = p2s.format.clipLink(id); });
      section("clips").append(el("div", { class: "split" }, list.element, player.element));
      performance.mark("first-list");
    }

    const makers = {
      overview: () => p2s.overview.show(section("overview"), data),
      quality: () => p2s.quality.show(section("quality"), data, bounds),
      compare: () => p2s.compare.show(section("compare"), data),
      clips: clipsPage,
    };

    /** Make a page at its first look; that of quality anew each time, as bounds may have changed in the list. */
    function make(name) {
      if (name === "quality") section(name).replaceChildren();
      else if (made.has(name)) return;
      made.add(name);
      makers[name]();
    }

    async function route() {
      const [wanted, id] = location.hash.slice(1).split("/", 2);
      const name = Object.hasOwn(names, wanted) ? wanted : "overview";
      make(name);
      for (const other of Object.keys(names)) section(other).hidden = other !== name;
      for (const link of document.querySelectorAll("#pages a")) {
        if (link.hash === `#${name}`) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
      }
      if (name === "clips") await showClip(id); else player?.pause();
    }

    async function showClip(encoded) {
      list.refresh();
      const id = encoded === undefined ? data.ids[list.places[0]] : decoded(encoded);
      const place = data.places.get(id);
      if (place === undefined) return announce(`There is no clip ${id} in this report`);
      list.mark(place);
      await player.open(place);
      if (encoded !== undefined) player.element.querySelector("h2").focus();
    }

    function decoded(text) {
      try { return decodeURIComponent(text); } catch { return text; }
    }

    addEventListener("hashchange", () => { scrollTo(0, 0); route().catch(fail); });
    await route();
    status.hidden = true;
    document.documentElement.dataset.ready = "true";
  }

  begin().catch(fail);
})();
