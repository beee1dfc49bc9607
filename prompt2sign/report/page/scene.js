"use strict";
// Motion drawn on a canvas: the skeleton in 3D from any side, and 2D keypoints over a video.

p2s.scene = (() => {
  const DISTANCE = 7; // of the camera, in shoulder widths
  const MIDDLE = [0, 0.45, 0]; // what it looks at, below the neck
  const REACH = [1.5, 2.5]; // how far a motion reaches sideways, in shoulder widths, at least and at most
  const BACKGROUND = "#10131a", BODY = "#93a1bd", LEFT = "#52a0ff", RIGHT = "#ff8a4c";
  const FINGERS = { thumb: "#ff6070", index: "#ffc846", middle: "#78dc6e", ring: "#50d2e6", little: "#c88cff" };
  const VIEWS = { front: [0, 0], side: [Math.PI / 2, 0], top: [0, Math.PI / 2] };

  /** Where one looks from; several scenes share one, so that they turn together. */
  class Camera {
    constructor() { this.look("front"); this.reach = 0; }
    look(view) { [this.yaw, this.pitch] = VIEWS[view]; this.zoom = 1; }
    turn(right, down) {
      this.yaw += right;
      this.pitch = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, this.pitch + down));
    }
    scale(factor) { this.zoom = Math.max(0.3, Math.min(12, this.zoom * factor)); }
    get words() {
      for (const [name, [yaw, pitch]] of Object.entries(VIEWS)) {
        if (Math.abs(this.yaw - yaw) < 0.01 && Math.abs(this.pitch - pitch) < 0.01) return `from the ${name}`;
      }
      const degrees = (angle) => Math.round((angle * 180) / Math.PI);
      return `turned by ${degrees(this.yaw)} degrees, tilted by ${degrees(this.pitch)}`;
    }
  }

  function colourOf(name) {
    const [side, part, number] = name.split("_");
    if (number !== undefined && number !== "1" && FINGERS[part]) return FINGERS[part];
    return side === "left" ? LEFT : side === "right" ? RIGHT : BODY;
  }

  const thickness = (name) => /shoulder|elbow/.test(name) ? 0.075 : /wrist$|neck|nose/.test(name) ? 0.06 : 0.032;

  /** As many pixels as the screen has; gives the size in CSS pixels. */
  function fit(canvas, context) {
    const ratio = Math.min(2, self.devicePixelRatio || 1);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return [width, height];
  }

  class Scene3D {
    constructor(canvas, camera, report, track) {
      Object.assign(this, { canvas, camera, track, names: report.joints });
      this.context = canvas.getContext("2d");
      this.bones = report.bones.map(([from, to]) => ({ from, to, colour: colourOf(this.names[to]), width: thickness(this.names[to]) }));
      this.unit = this.#shoulderWidth();
      camera.reach = Math.max(camera.reach, this.#reach());
      this.painted = 0;
    }

    /** The size of one shoulder width in this motion: 1, but for imported skels. */
    #shoulderWidth() {
      const [right, left] = ["right_shoulder", "left_shoulder"].map((name) => this.names.indexOf(name));
      const widths = [];
      for (let frame = 0; frame < this.track.frames; frame++) {
        widths.push(Math.hypot(...[0, 1, 2].map((axis) => this.track.at(frame, right, axis) - this.track.at(frame, left, axis))));
      }
      widths.sort((a, b) => a - b);
      return widths[widths.length >> 1] || 1;
    }

    /** How far any joint comes from the middle, but for jumps of the estimator. */
    #reach() {
      let most = 0;
      for (let frame = 0; frame < this.track.frames; frame++) {
        for (let joint = 0; joint < this.names.length; joint++) most = Math.max(most, Math.abs(this.track.at(frame, joint, 0)));
      }
      return Math.max(REACH[0], Math.min(REACH[1], most / this.unit));
    }

    draw(frame) {
      const { context: pen, camera } = this;
      const [width, height] = fit(this.canvas, pen);
      const scale = Math.min(width / (2.2 * camera.reach), height / 3.4) * camera.zoom;
      const [cy, sy, cp, sp] = [Math.cos(camera.yaw), Math.sin(camera.yaw), Math.cos(camera.pitch), Math.sin(camera.pitch)];
      const project = (x, y, z) => {
        [x, y, z] = [x - MIDDLE[0], y - MIDDLE[1], z - MIDDLE[2]];
        const [right, toward] = [cy * x - sy * z, sy * x + cy * z];
        const [down, depth] = [cp * y + sp * toward, cp * toward - sp * y];
        const near = DISTANCE / Math.max(0.5, DISTANCE - depth);
        return { x: width / 2 + right * scale * near, y: height / 2 + down * scale * near, depth, size: scale * near };
      };
      const at = (joint) => project(...[0, 1, 2].map((axis) => this.track.at(frame, joint, axis) / this.unit));
      const points = this.names.map((_, joint) => at(joint));
      pen.fillStyle = BACKGROUND;
      pen.fillRect(0, 0, width, height);
      this.#trunk(project, points);
      const order = this.bones.map((bone) => ({ ...bone, depth: points[bone.from].depth + points[bone.to].depth }));
      for (const bone of order.sort((a, b) => a.depth - b.depth)) this.#bone(bone, points, frame);
      this.painted++;
    }

    /** A head and a trunk in proportion to the shoulders: hands are seen before something. The joints know neither. */
    #trunk(project, points) {
      const pen = this.context, place = (name) => this.names.indexOf(name);
      const shoulders = [points[place("right_shoulder")], points[place("left_shoulder")]];
      const hips = [project(0.3, 1.45, -0.05), project(-0.3, 1.45, -0.05)];
      pen.fillStyle = "#222a3a";
      pen.beginPath();
      for (const point of [...shoulders, ...hips]) pen.lineTo(point.x, point.y);
      pen.fill();
      const nose = points[place("nose")], head = { x: nose.x, y: nose.y - 0.06 * nose.size, r: 0.33 * nose.size };
      pen.beginPath();
      pen.ellipse(head.x, head.y, head.r * 0.8, head.r, 0, 0, 2 * Math.PI);
      pen.fillStyle = "#2b3447";
      pen.fill();
    }

    #bone(bone, points, frame) {
      const pen = this.context, [from, to] = [points[bone.from], points[bone.to]];
      const seen = this.track.isSeen(frame, bone.to);
      pen.lineCap = "round";
      pen.setLineDash(seen ? [] : [3, 6]);
      for (const [colour, extra] of seen ? [["#06070a", 2], [bone.colour, 0]] : [[bone.colour, 0]]) {
        pen.strokeStyle = colour;
        pen.lineWidth = Math.max(1.5, bone.width * (seen ? 1 : 0.5) * to.size) + extra;
        pen.beginPath();
        pen.moveTo(from.x, from.y);
        pen.lineTo(to.x, to.y);
        pen.stroke();
      }
      pen.setLineDash([]);
    }
  }

  /** 2D keypoints over their video, both moved and scaled alike; transparent, so that the video is seen through it. */
  class Scene2D {
    constructor(canvas, report, track, video) {
      Object.assign(this, { canvas, track, video });
      this.context = canvas.getContext("2d");
      const place = report.from_keypoints;
      this.bones = report.bones.map(([from, to]) => ({ from: place[from], to: place[to], colour: colourOf(report.joints[to]) }));
      const drawn = new Set(this.bones.flatMap(({ from, to }) => [from, to]));
      this.dots = Array.from({ length: track.points }, (_, point) => point).filter((point) => !drawn.has(point));
      this.whole = { left: 0, top: 0, right: track.width, bottom: track.height };
      this.near = this.#around([...drawn]) ?? this.whole;
    }

    /** The part of the picture that holds these points in all frames, with some room; null where none was seen. */
    #around(points) {
      const { track, whole } = this, xs = [], ys = [];
      for (let frame = 0; frame < track.frames; frame++) {
        for (const point of points.filter((point) => track.isSeen(frame, point))) {
          xs.push(track.at(frame, point, 0));
          ys.push(track.at(frame, point, 1));
        }
      }
      const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
      const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
      const room = 0.15 * (most(ys) - least(ys));
      const box = {
        left: Math.max(whole.left, least(xs) - room), right: Math.min(whole.right, most(xs) + room),
        top: Math.max(whole.top, least(ys) - 2 * room), bottom: Math.min(whole.bottom, most(ys) + room), // a head is above its nose
      };
      return box.right > box.left && box.bottom > box.top ? box : null;
    }

    draw(frame, closer) {
      const { context: pen, canvas, track, whole, video } = this;
      const box = closer ? this.near : whole, { clientWidth: width, clientHeight: height } = canvas.parentElement;
      const scale = Math.min(width / (box.right - box.left), height / (box.bottom - box.top));
      const left = (width - (box.left + box.right) * scale) / 2, top = (height - (box.top + box.bottom) * scale) / 2;
      const px = (value) => `${value}px`;
      if (video) Object.assign(video.style, { left: px(left), top: px(top), width: px(track.width * scale), height: px(track.height * scale) });
      if (canvas.hidden) return;
      fit(canvas, pen);
      const at = (point) => [left + track.at(frame, point, 0) * scale, top + track.at(frame, point, 1) * scale];
      pen.clearRect(0, 0, width, height);
      pen.lineCap = "round";
      for (const { from, to, colour } of this.bones) {
        if (!(track.isSeen(frame, from) && track.isSeen(frame, to))) continue;
        for (const [ink, wide] of [["#000a", 5], [colour, 2.5]]) {
          pen.strokeStyle = ink;
          pen.lineWidth = wide;
          pen.beginPath();
          pen.moveTo(...at(from));
          pen.lineTo(...at(to));
          pen.stroke();
        }
      }
      pen.fillStyle = "#e8ecf5";
      for (const point of this.dots) {
        const [x, y] = at(point);
        if (track.isSeen(frame, point) && track.at(frame, point, 1) <= whole.bottom) pen.fillRect(x - 1, y - 1, 2, 2);
      }
    }
  }

  return { Camera, Scene3D, Scene2D };
})();
