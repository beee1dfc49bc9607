"use strict";
// Data comes as scripts that a page from disk may load, or as blocks inside a page of one file; `load` gives either.

const p2s = (() => {
  const waiting = new Map();
  const promises = new Map();
  const MAX_CLIP_CHUNKS = 8; // some megabytes each once they are objects

  /** Called by every data script. */
  function receive(name, value) {
    waiting.get(name)?.(value);
  }

  /** A promise of the data called `name`; asked for again, it is not loaded again. */
  function load(name) {
    if (!promises.has(name)) {
      promises.set(name, fromPage(name) ?? fromDisk(name));
      forgetOldClips();
    }
    return promises.get(name);
  }

  function fromPage(name) {
    const block = document.getElementById(`data:${name}`);
    return block && Promise.resolve(JSON.parse(block.textContent));
  }

  function fromDisk(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      const done = () => { waiting.delete(name); script.remove(); };
      waiting.set(name, resolve);
      script.onload = () => { reject(new Error(`data/${name}.js is damaged; write the report again`)); done(); };
      script.onerror = () => {
        promises.delete(name);
        reject(new Error(`data/${name}.js is not there: was the whole folder of the report copied?`));
        done();
      };
      script.src = `data/${name}.js`;
      document.head.append(script);
    });
  }

  function forgetOldClips() {
    const chunks = [...promises.keys()].filter((name) => name.startsWith("clips/"));
    chunks.slice(0, -MAX_CLIP_CHUNKS).forEach((name) => promises.delete(name));
  }

  /** A plain loop: calling a function for each of some million bytes takes ten times as long. */
  function bytesOf(base64) {
    const text = atob(base64), bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  /** Numbers of every clip by name: columns are [name, type, base64]. */
  function columnsOf(columns) {
    const kinds = { i4: Int32Array, f4: Float32Array };
    return Object.fromEntries(columns.map(([name, kind, base64]) => [name, new kinds[kind](bytesOf(base64).buffer)]));
  }

  const int32 = (base64) => new Int32Array(bytesOf(base64).buffer);

  async function inflate(base64) {
    if (!self.DecompressionStream) throw new Error("this browser is too old to unpack motion; any from 2023 on does");
    const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /** Points over time, unpacked: `at(frame, point, axis)` and `isSeen(frame, point)`. The inverse of tracks.py. */
  async function unpack(track) {
    const [planes, bits] = await Promise.all([inflate(track.values), inflate(track.seen)]);
    const row = track.points * track.axes, count = track.frames * row;
    const values = new Int16Array(count);
    for (let i = 0; i < count; i++) {
      values[i] = (planes[i] | (planes[count + i] << 8)) + (i < row ? 0 : values[i - row]);
    }
    return {
      ...track,
      duration: track.frames / track.fps,
      at: (frame, point, axis) => values[frame * row + point * track.axes + axis] * track.step,
      isSeen: (frame, point) => {
        const bit = frame * track.points + point;
        return (bits[bit >> 3] >> (bit & 7)) & 1;
      },
    };
  }

  /** Everything the lists need: the report, numbers and words of all clips. */
  async function open() {
    const [report, numbers] = await Promise.all([load("report"), load("numbers")]);
    const names = Array.from({ length: report.words_chunks }, (_, i) => `words-${String(i + 1).padStart(4, "0")}`);
    const words = await Promise.all(names.map(load));
    const against = report.has_against ? await load("against") : null;
    const joined = [0, 1, 2].map((column) => words.flatMap((chunk) => chunk[column]));
    return {
      report, against, count: numbers.count, columns: columnsOf(numbers.columns),
      ids: joined[0], texts: joined[1], glosses: joined[2],
      places: new Map(joined[0].map((id, place) => [id, place])),
    };
  }

  /** All that is known of one clip. */
  async function clipAt(report, place) {
    const chunk = report.starts.findLastIndex((start) => start <= place);
    const clips = await load(`clips/${String(chunk + 1).padStart(5, "0")}`);
    return clips[place - report.starts[chunk]];
  }

  return { receive, load, open, clipAt, columnsOf, int32, unpack };
})();
