"""OpenPose JSON -> release, all stages: frames a second, where the time goes, and the most memory it takes.

"Warm" is the second build in a process, into new folders: imports are done, machine code is loaded where numba is
installed (a process does so itself after some sixty clips), and nothing is cached on disk. Its stages
run in this process; workers of their own would cost about half a second each to start, whatever the number of clips.
Wall time throughout, on one core.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from prompt2sign.estimators.importers import import_keypoints
from prompt2sign.formats.keypoints import read_keypoints, write_keypoints
from prompt2sign.formats.motion import read_motion, write_motion
from prompt2sign.formats.shards import ShardRow, ShardSetWriter
from prompt2sign.lifting import lift
from prompt2sign.loaders import open_release
from prompt2sign.options import LiftOptions
from prompt2sign.records import Clip
from prompt2sign.release.skels_export import export_skels

from .builds import arguments, build_here, json_folder, write_texts
from .clips import FPS, HEIGHT, WIDTH, clips
from .processes import run_prompt2sign
from .table import Row, at_most, ratio_at_least, wall_seconds

#: Prompt2Sign's own tools on the three real clips (157 + 109 + 62 frames), seconds: the lift (6.97 + 6.46 + 6.17) and
#: what precedes it (0.23) were timed clip by clip; reading JSON (0.22) and writing text (0.23, without its `sleep(3)`)
#: for five clips of 684 frames, taken by frames. TensorFlow 2.21 on two cores of a Xeon, its import not counted;
#: medians of three runs, measured once and not in this run.
_UPSTREAM_S = 6.97 + 6.46 + 6.17 + 0.23 + (0.22 + 0.23) * 328 / 684
_UPSTREAM_FRAMES_A_SECOND = 328 / _UPSTREAM_S
_UPSTREAM = "upstream's own code, measured once"
#: A host that others use as well has slow minutes and quick ones: the least of few would be a matter of luck.
_REPEAT = 15


def rows() -> list[Row]:
    """Speed against upstream, the share of each stage, and memory."""
    with tempfile.TemporaryDirectory() as folder:
        return _rows(Path(folder))


def _rows(folder: Path) -> list[Row]:
    keypoints = json_folder(folder)
    texts = write_texts(folder / "texts.csv", list(clips()))
    n_frames = sum(clip.n_frames for clip in clips().values())
    build = _Builds(keypoints, texts, folder)
    with suppress(ImportError):
        import_module("prompt2sign.lifting.compiled")
    build.run()
    warm_s = wall_seconds(build.run, _REPEAT)
    workers_s = wall_seconds(lambda: build.run(n_jobs=1), _REPEAT)
    method_s = wall_seconds(lambda: build.run(method="upstream"))
    fresh = run_prompt2sign(*arguments(keypoints, texts, folder / "fresh"))
    method = "lift --method upstream"
    unit = "frames/s"
    return [
        Row("warm", n_frames / warm_s, _UPSTREAM, _UPSTREAM_FRAMES_A_SECOND, unit, ratio_at_least(150)),
        Row("warm", n_frames / warm_s, method, n_frames / method_s, unit),
        Row("warm, one worker process", n_frames / workers_s, _UPSTREAM, _UPSTREAM_FRAMES_A_SECOND, unit),
        Row("fresh process, --jobs 1", n_frames / fresh.wall_s, _UPSTREAM, _UPSTREAM_FRAMES_A_SECOND, unit),
        Row("fresh process, memory of the largest", max(fresh.peak_mb, fresh.worker_mb), "", None, "MB", at_most(300)),
        *_share_rows(keypoints, folder, 1000 * warm_s),
    ]


class _Builds:
    """The same build again and again, each into folders of its own."""

    def __init__(self, keypoints: Path, texts: Path, folder: Path) -> None:
        self._keypoints, self._texts, self._folder = keypoints, texts, folder
        self._n_runs = 0

    def run(self, n_jobs: int = 0, method: str = "anatomy") -> None:
        self._n_runs += 1
        scratch = self._folder / f"run-{self._n_runs}"
        scratch.mkdir()
        build_here(self._keypoints, self._texts, scratch, n_jobs, method)


def _share_rows(json: Path, folder: Path, warm_ms: float) -> list[Row]:
    """Each stage's own functions alone, on the same clips; the rest is ledger, fsync, checksums, card and manifest."""
    milliseconds = {name: 1000 * wall_seconds(action, _REPEAT) for name, action in _stages(json, folder).items()}
    milliseconds["rest"] = warm_ms - sum(milliseconds.values())
    return [Row(f"    {name}", value, "warm build", warm_ms, "ms") for name, value in milliseconds.items()]


def _stages(json: Path, folder: Path) -> dict[str, Callable[[], object]]:
    """The stages by name; each run leaves what the next one reads."""
    names = {name: folder / name for name in clips()}
    motions = {name: lift(keypoints, LiftOptions()) for name, keypoints in clips().items()}

    def keypoints_h5() -> None:
        for name, path in names.items():
            write_keypoints(path.with_suffix(".keypoints"), clips()[name])
            read_keypoints(path.with_suffix(".keypoints"))

    def motion_h5() -> None:
        for name, path in names.items():
            write_motion(path.with_suffix(".motion"), motions[name])
            read_motion(path.with_suffix(".motion"))

    def shards() -> None:
        with ShardSetWriter(folder / "shards" / "data") as writer:
            for name, motion in motions.items():
                writer.add(ShardRow(Clip(name, "ASL", "My sister is baking bread."), motion))

    def skels() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as target:
            for convention in ("progressive", "prompt2sign"):
                export_skels(open_release(folder / "shards"), Path(target) / convention, convention)

    return {
        "JSON": lambda: [import_keypoints(json, name, fps=FPS, width=WIDTH, height=HEIGHT) for name in names],
        "keypoints h5, written and read": keypoints_h5,
        "lift": lambda: [lift(keypoints, LiftOptions()) for keypoints in clips().values()],
        "motion h5, written and read": motion_h5,
        "shards": shards,
        "skels, both conventions": skels,
    }
