"use strict";
// One clip: its motion in 3D, its video and 2D skeleton, a model's motion in step, and all that is known of it.

p2s.player = (() => {
  const { el, number, percent, measured, choice, announce } = p2s.format;
  const { Camera, Scene3D, Scene2D } = p2s.scene;
  const SPEEDS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2];
  const KEYS = [
    ["Space", "play or pause"], [", .", "a frame back, on"], ["Shift , .", "ten frames"], ["Home End", "first, last frame"],
    ["[ ]", "slower, faster"], ["l", "loop"], ["n p", "next, previous clip"], ["1 2 3", "front, side, top"],
    ["/", "search"], ["Arrows + −", "turn and zoom, on the skeleton"], ["0", "look from the front again"],
  ];

  class Player {
    constructor(data, list, go) {
      Object.assign(this, { data, list, go, time: 0, playing: false, speed: 1, loop: true, stretch: false, closer: true, keys: true });
      this.camera = new Camera();
      this.stage = el("div", { class: "stage" });
      this.body = el("div");
      this.element = el("article", { class: "player", "aria-label": "Player" }, this.body);
      this.body.append(el("p", { class: "fine" }, "Choose a clip from the list."));
      this.parts = [];
      document.addEventListener("keydown", (event) => this.#key(event));
      addEventListener("resize", () => this.draw());
    }

    /** Load and show the clip at a place of the release. */
    async open(place) {
      this.pause();
      this.place = place;
      const clip = await p2s.clipAt(this.data.report, place);
      const [motion, points, model] = await Promise.all(
        [clip.motion, clip.points, clip.model].map((track) => track && p2s.unpack(track)));
      if (this.place !== place) return; // another was asked for meanwhile
      Object.assign(this, { clip, motion, points, model, time: 0 });
      this.#build();
      this.seek(0);
    }

    #build() {
      const { data, place } = this, id = data.ids[place];
      const tag = data.report.languages[data.columns.lang[place]][1];
      this.body.replaceChildren(
        el("h2", { class: "clip-title", tabindex: -1, dir: "auto" }, id),
        el("p", { class: "caption", lang: tag, dir: "auto" }, data.texts[place] || "(no text)"),
        this.#stage(id), this.#transport(), this.#facts(tag));
    }

    #stage(id) {
      this.parts = [];
      this.camera.reach = 0;
      this.video = null;
      const add = (title, content) => el("figure", {}, el("figcaption", {}, title), content);
      const figures = [];
      if (this.clip.video || this.points) figures.push(add(this.clip.video ? "Video and 2D skeleton" : "2D skeleton", this.#picture(id)));
      figures.push(add("Motion in 3D", this.#canvas3d(this.motion, `Skeleton of clip ${id} in 3D`)));
      if (this.model) figures.push(add(`Generated: ${this.model.label}`, this.#canvas3d(this.model, `Generated skeleton of clip ${id} in 3D`, true)));
      this.stage = el("div", { class: `stage of-${figures.length}` }, figures);
      return this.stage;
    }

    #picture(id) {
      const canvas = this.points && el("canvas", { role: "img", "aria-label": `2D keypoints of clip ${id}` });
      if (this.clip.video) {
        this.video = el("video", { src: this.clip.video, muted: true, playsinline: true, preload: "auto", "aria-label": `Video of clip ${id}` });
        this.video.muted = true;
        this.video.addEventListener("error", () => this.video?.replaceWith(el("p", { class: "missing", role: "status" },
          "The video is not where it was, or this browser cannot play it.")));
      }
      if (canvas) {
        const scene = new Scene2D(canvas, this.data.report, this.points, this.video);
        this.parts.push({ canvas, scene, track: this.points });
      }
      const box = (label, checked, change) => el("label", {},
        el("input", { type: "checkbox", checked, change: (event) => change(event.target.checked) }), label);
      return el("div", { class: "picture" }, this.video, canvas, canvas && el("div", { class: "over" },
        box("Closer", this.closer, (isOn) => { this.closer = isOn; this.draw(); }),
        this.video && box("2D skeleton", true, (isOn) => { canvas.hidden = !isOn; this.draw(); })));
    }

    #canvas3d(track, label, isModel = false) {
      const canvas = el("canvas", { role: "img", tabindex: 0, "aria-label": label, "aria-describedby": "turning" });
      const scene = new Scene3D(canvas, this.camera, this.data.report, track);
      this.parts.push({ canvas, scene, track, isModel, label });
      let last = null;
      const stop = () => { last = null; this.#describe(); };
      canvas.addEventListener("pointerdown", (event) => { last = event; canvas.setPointerCapture(event.pointerId); });
      canvas.addEventListener("pointermove", (event) => {
        if (!last) return;
        this.camera.turn((event.clientX - last.clientX) * 0.01, (event.clientY - last.clientY) * 0.01);
        last = event;
        this.draw();
      });
      canvas.addEventListener("pointerup", stop);
      canvas.addEventListener("pointercancel", stop);
      canvas.addEventListener("wheel", (event) => {
        event.preventDefault();
        this.camera.scale(Math.exp(-event.deltaY * 0.0015));
        this.draw();
      }, { passive: false });
      canvas.addEventListener("keydown", (event) => this.#turnKey(event));
      return canvas;
    }

    #transport() {
      const button = (label, name, click) => el("button", { type: "button", "aria-label": name, title: name, click }, label);
      const view = (name) => el("button", { type: "button", click: () => this.#look(name) }, name[0].toUpperCase() + name.slice(1));
      this.playButton = button("▶", "Play", () => this.toggle());
      this.slider = el("input", { type: "range", min: 0, max: this.motion.frames - 1, step: 1, value: 0, "aria-label": "Frame",
        input: () => { this.pause(); this.seek(+this.slider.value); } });
      this.counter = el("output", { class: "counter" });
      this.speedChoice = choice("Speed", SPEEDS.map((speed) => [String(speed), `${speed}×`]), (value) => this.#setSpeed(+value), String(this.speed));
      this.loopBox = el("input", { type: "checkbox", checked: this.loop, change: () => { this.loop = this.loopBox.checked; } });
      const stretch = this.model && el("label", { class: "check" }, el("input", { type: "checkbox", checked: this.stretch,
        change: (event) => { this.stretch = event.target.checked; this.draw(); } }), "Same length");
      return el("div", { class: "transport", role: "group", "aria-label": "Playback" },
        el("div", { class: "line" }, this.playButton,
          button("‹", "One frame back", () => this.step(-1)), button("›", "One frame on", () => this.step(1)),
          this.slider, this.counter),
        el("div", { class: "line" }, this.speedChoice, el("label", { class: "check" }, this.loopBox, "Loop"), stretch,
          el("span", { class: "views", role: "group", "aria-label": "Look from" }, view("front"), view("side"), view("top")),
          button("Previous clip", "Previous clip in the list", () => this.#neighbour(-1)),
          button("Next clip", "Next clip in the list", () => this.#neighbour(1))),
        el("p", { class: "fine legend", id: "turning" },
          el("span", { class: "right" }, "signer’s right"), " · ", el("span", { class: "left" }, "signer’s left"),
          " · dashed: not seen, filled in · drag to turn, wheel to zoom"),
        el("details", { class: "keys" }, el("summary", {}, "Keys"),
          el("dl", { class: "inline" }, KEYS.map(([key, does]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)))),
          el("label", { class: "check" }, el("input", { type: "checkbox", checked: this.keys, change: (event) => { this.keys = event.target.checked; } }), "Use single keys")));
    }

    #facts(tag) {
      const { data, place, clip } = this, { report, columns } = data;
      const list = (pairs) => el("dl", { class: "facts" }, pairs.map(([name, value, lang]) =>
        value && el("div", {}, el("dt", {}, name), el("dd", { lang: lang ?? null, dir: "auto" }, value))));
      const part = (title, pairs, open = false) => pairs.length ? el("details", { open }, el("summary", {}, title), list(pairs)) : null;
      return el("div", { class: "about" },
        el("h3", {}, "Quality"), this.#quality(),
        el("h3", {}, "Words"),
        list([["Text", data.texts[place], tag], ["As published", clip.text_raw === data.texts[place] ? "" : clip.text_raw, tag], ["Gloss", data.glosses[place], tag]]),
        clip.prompts.length ? el("details", {}, el("summary", {}, `Prompts (${clip.prompts.length})`),
          el("ul", {}, clip.prompts.map((prompt) => el("li", { lang: tag, dir: "auto" }, prompt)))) : null,
        el("h3", {}, "Clip"),
        list([["Language", report.languages[columns.lang[place]][0]], ["Split", report.splits[columns.split[place]]],
          ["Signer", report.signers[columns.signer[place]]], ["Corpus", clip.corpus], ["Unit", clip.unit],
          ["Length", `${this.motion.duration.toFixed(2)} s, ${this.motion.frames} frames at ${number(this.motion.fps)} a second`]]),
        part("Source", clip.source), part("Versions", clip.provenance), part("Licence", clip.licence));
    }

    /** Each number, and how it stands among all clips. */
    #quality() {
      const { report, columns, count } = this.data;
      return el("dl", { class: "facts" }, report.measures.map((measure) => {
        const value = columns[measure.name][this.place];
        if (!Number.isFinite(value)) return null;
        const sign = measure.worse === "high" ? 1 : -1;
        const better = columns[measure.name].reduce((n, other) => n + (sign * other < sign * value), 0);
        const share = better / count;
        return el("div", { title: measure.says }, el("dt", {}, measure.label), el("dd", {},
          measured(measure, value), " ",
          el("span", { class: share > 0.9 ? "no" : "fine" }, `${measure.matters ? "worse" : measure.worse === "high" ? "higher" : "lower"} than ${percent(share)} of clips`)));
      }));
    }

    /** The frame of a track at the time of the player, held at its end. */
    #frameOf({ track, isModel }) {
      const time = isModel && this.stretch ? (this.time * track.duration) / this.motion.duration : this.time;
      return Math.max(0, Math.min(track.frames - 1, Math.floor(time * track.fps + 1e-6)));
    }

    get frame() { return this.#frameOf({ track: this.motion }); }
    get duration() {
      return Math.max(this.motion.duration, this.model && !this.stretch ? this.model.duration : 0);
    }

    draw() {
      if (!this.motion || !this.element.isConnected || !this.stage.clientWidth) return;
      for (const part of this.parts) part.scene.draw(this.#frameOf(part), this.closer);
      this.slider.value = this.frame;
      this.counter.textContent = `${this.frame + 1} / ${this.motion.frames}`;
    }

    /** Go to a frame of the motion; a picture is looked at in its middle, where rounding cannot miss it. */
    seek(frame) {
      const last = this.motion.frames - 1;
      this.time = (Math.max(0, Math.min(last, frame)) + 0.5) / this.motion.fps;
      if (this.video) this.video.currentTime = this.time;
      this.draw();
      this.#describe();
    }

    step(frames) {
      this.pause();
      this.seek(this.frame + frames);
      announce(`Frame ${this.frame + 1} of ${this.motion.frames}`);
    }

    #describe() {
      for (const { canvas, label } of this.parts) {
        if (label) canvas.setAttribute("aria-label", `${label}, ${this.camera.words}, frame ${this.frame + 1} of ${this.motion.frames}`);
      }
    }

    toggle() { if (this.playing) this.pause(); else this.play(); }

    play() {
      if (!this.motion) return;
      if (this.time >= this.duration - 0.5 / this.motion.fps) this.time = 0;
      this.playing = true;
      this.#showPlaying();
      this.#playVideo();
      let before = performance.now();
      const tick = (now) => {
        if (!this.playing) return;
        this.#advance((Math.max(0, now - before) / 1000) * this.speed);
        before = now;
        this.draw();
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    }

    #playVideo() {
      if (!this.video) return;
      this.video.currentTime = this.time;
      this.video.playbackRate = this.speed;
      this.video.play().catch(() => {}); // what keeps it from playing is told by its `error` event
    }

    #advance(seconds) {
      const { video } = this;
      this.time += seconds;
      // The video leads while it runs: what is drawn over it must be of its frame.
      if (video && !video.paused && !video.ended && !video.seeking && video.readyState > 1) this.time = video.currentTime;
      if (this.time < this.duration) return;
      if (this.loop) { this.time = 0; this.#playVideo(); } else { this.pause(); this.seek(this.motion.frames - 1); }
    }

    pause() {
      if (!this.playing) return;
      this.playing = false;
      this.video?.pause();
      this.#showPlaying();
      this.#describe();
    }

    #showPlaying() {
      this.playButton.textContent = this.playing ? "⏸" : "▶";
      this.playButton.setAttribute("aria-label", this.playing ? "Pause" : "Play");
      this.playButton.title = this.playing ? "Pause" : "Play";
    }

    #setSpeed(speed) {
      this.speed = speed;
      if (this.video) this.video.playbackRate = speed;
      this.speedChoice.querySelector("select").value = String(speed);
    }

    #faster(steps) {
      const speed = SPEEDS[SPEEDS.indexOf(this.speed) + steps];
      if (speed) { this.#setSpeed(speed); announce(`Speed ${speed}`); }
    }

    #look(view) { this.camera.look(view); this.draw(); this.#describe(); announce(`Seen ${this.camera.words}`); }

    #neighbour(steps) {
      const place = this.list.after(steps);
      if (place < 0) announce("The list ends here"); else this.go(this.data.ids[place]);
    }

    #turnKey(event) {
      const turn = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
      const zoom = { "+": 1.15, "=": 1.15, "-": 1 / 1.15 }[event.key];
      if (turn) this.camera.turn(...turn); else if (zoom) this.camera.scale(zoom); else return;
      event.preventDefault();
      this.draw();
      this.#describe();
    }

    /** Keys that work anywhere on this page but where text is typed or a control takes the key itself. */
    #key(event) {
      if (!this.keys || !this.motion || !this.element.offsetParent || event.ctrlKey || event.altKey || event.metaKey) return;
      const { target } = event, types = target.matches("input:not([type=range], [type=checkbox]), select, textarea");
      if (types || (event.key === " " && target.matches("button, summary, a, input"))) return;
      if (["Home", "End"].includes(event.key) && target.matches("input")) return;
      const step = event.shiftKey ? 10 : 1;
      const act = {
        " ": () => this.toggle(), ",": () => this.step(-step), ".": () => this.step(step), "<": () => this.step(-10), ">": () => this.step(10),
        ";": () => this.step(-10), ":": () => this.step(10), // Shift with , and . on many keyboards
        Home: () => this.seek(0), End: () => this.seek(this.motion.frames - 1),
        "[": () => this.#faster(-1), "]": () => this.#faster(1), l: () => this.loopBox.click(),
        n: () => this.#neighbour(1), p: () => this.#neighbour(-1),
        1: () => this.#look("front"), 2: () => this.#look("side"), 3: () => this.#look("top"), 0: () => this.#look("front"),
        "/": () => this.list.search.focus(),
      }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    }
  }

  return { Player };
})();
