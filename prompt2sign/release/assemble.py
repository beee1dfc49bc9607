"""From a work folder to a release: shards, skels, videos, card, checksums, and the list of what did not make it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import ClipRejected, FormatError, RunError, UsageError
from ..formats.motion import Motion, read_motion
from ..formats.shard_schema import ShardInfo
from ..formats.shards import Provenance, ShardRow, ShardSetWriter
from ..formats.shards import Source as ClipSource
from ..loaders import Release, open_release
from ..pipeline.build import Build, options_of
from ..pipeline.chain import Outcome, outcomes
from ..pipeline.work import safe_name
from ..records import Clip
from .finish import finish_release, terms_of
from .place import is_whole, n_clips, n_frames, release_at, whole_folder
from .rejected import NAME as REJECTED
from .rejected import Row, Wording, count_reasons, write_rejected
from .skels_export import export_together

#: Raised when the same receipts would give other files.
VERSION = 2


@dataclass
class Assembly:
    """What went into a release.

    Attributes:
        out: Its folder.
        fresh: It was there already, from the same inputs and options.
        n_clips: Clips in it.
        n_frames: Frames in it.
        n_waiting: Clips left out because a stage was not run yet.
        rejected: Clips that did not make it, by `stage/reason`.
        n_bytes: Size of all files.
        estimators: What each estimator said of itself.
        n_replaced: Clips of the earlier release that stood there.
    """

    out: Path
    fresh: bool = False
    n_clips: int = 0
    n_frames: int = 0
    n_waiting: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    n_bytes: int = 0
    estimators: dict[str, Any] = field(default_factory=dict)
    n_replaced: int = 0

    def add_ready(self, outcome: Outcome) -> None:
        """Count a clip that is ready."""
        pose = outcome.receipts["pose"].values
        self.n_clips += 1
        self.n_frames += outcome.receipts["lift"].values["n_frames"]
        self.estimators.setdefault(pose["estimator"], pose.get("estimator_is", {}))

    def add_rejected(self, row: Row) -> None:
        """Count a clip that did not make it."""
        self.rejected[f"{row['stage']}/{row['reason']}"] += 1


def assemble(build: Build, out: Path) -> Assembly:
    """Write the release of a build to `out`, whole or not at all.

    A release of the same inputs and options that is already there is left as it is; another release is replaced.
    Where not one clip is ready, nothing is written.

    Raises:
        UsageError: `out` is a folder that holds something else.
    """
    found = release_at(out, build.request.corpus, build.request.language.code)
    assembly, fingerprint = _survey(build, Assembly(out))
    if assembly.n_clips == 0:
        return assembly
    if found and found.get("build") == fingerprint and is_whole(out, found):
        assembly.fresh = True
        return _as_released(assembly, found)
    assembly.n_replaced = n_clips(found) if found else 0
    _refuse_less(build, assembly)
    with suppress(_NoClips), whole_folder(out) as folder:
        release = _write(build, folder, assembly)
        # Shards may have refused what was ready: look again before anything is replaced.
        if release is None:
            raise _NoClips
        _refuse_less(build, assembly)
        manifest = finish_release(
            release,
            build.facts,
            options_of(build.request),
            estimators=assembly.estimators,
            build=fingerprint,
        )
        _as_released(assembly, manifest)
    return assembly


class _NoClips(Exception):
    """Leaves the folder of a release that would be empty."""


def _as_released(assembly: Assembly, manifest: dict[str, Any]) -> Assembly:
    """Count what is in the release, not what was ready for it."""
    assembly.n_bytes = sum(file["bytes"] for file in manifest["files"])
    assembly.n_clips, assembly.n_frames = n_clips(manifest), n_frames(manifest)
    if assembly.fresh:
        assembly.rejected = Counter(count_reasons(assembly.out / REJECTED))
    return assembly


def _refuse_less(build: Build, assembly: Assembly) -> None:
    """A look at a few clips must not replace the release of all."""
    if (build.request.only or build.request.limit) and assembly.n_replaced > assembly.n_clips:
        raise UsageError(
            f"{assembly.out}: holds a release of {assembly.n_replaced:,} clips, which --only or --limit would replace "
            f"by one of {assembly.n_clips:,}; give another --out"
        )


def _survey(build: Build, assembly: Assembly) -> tuple[Assembly, str]:
    """Count what there is, and digest everything the files of the release will depend on."""
    wording, digest = Wording(build), hashlib.sha256()

    def note(value: object) -> None:
        digest.update(json.dumps(value, sort_keys=True).encode())

    note([VERSION, __version__, options_of(build.request), repr(build.facts)])
    for rejection in build.ledger.rejections():
        row = wording.of_rejection(rejection)
        assembly.add_rejected(row)
        note(row)
    for outcome in _outcomes(build):
        if outcome.ready:
            assembly.add_ready(outcome)
            note([_published(outcome.clip), [(r.stage, r.fingerprint, r.output_sha256) for r in outcome.made()]])
        elif outcome.ended:
            row = wording.of_receipt(outcome.ended)
            assembly.add_rejected(row)
            note(row)
        else:
            assembly.n_waiting += 1
    return assembly, digest.hexdigest()


def _outcomes(build: Build) -> Iterator[Outcome]:
    return outcomes(build.stages, build.ledger, build.work, build.request.pipeline.keep)


def _published(clip: Clip) -> dict[str, Any]:
    """What of a clip enters a release: nothing about where it lies on this machine."""
    return {key: value for key, value in clip.to_json().items() if key not in ("media", "keypoints")}


def _write(build: Build, folder: Path, assembly: Assembly) -> Release | None:
    """Everything that comes from clips: `data/`, `videos/`, `skels/`, `rejected.parquet`; None without any clip."""
    options = build.request.pipeline.shard
    # `whole_folder` brings all files to the disk together.
    shards = ShardSetWriter(
        folder / "data",
        ShardInfo(step=options.step, layout=options.layout),
        shard_bytes=int(options.file_mb * 1e6),
        row_group=options.row_group_clips,
        sync=False,
    )
    with shards:
        write_rejected(folder / REJECTED, _add_all(build, folder, shards, assembly))
    if assembly.n_clips == 0:
        return None
    release = open_release(folder)
    if options.skels:
        places: dict[str, Path] = {convention: folder / "skels" / convention for convention in options.skels}
        export_together(release, places, sync=False)
    return release


def _add_all(build: Build, folder: Path, shards: ShardSetWriter, assembly: Assembly) -> Iterator[Row]:
    """Put every ready clip into the shards, and yield a row for every other one."""
    wording = Wording(build)
    yield from map(wording.of_rejection, build.ledger.rejections())
    for outcome in _outcomes(build):
        if outcome.ended:
            yield wording.of_receipt(outcome.ended)
        elif outcome.ready:
            try:
                shards.add(_row(build, outcome, folder))
            except ClipRejected as error:
                row = wording.of_shard(outcome, error.reason, str(error))
                assembly.n_clips -= 1
                assembly.n_frames -= outcome.receipts["lift"].values["n_frames"]
                assembly.add_rejected(row)
                yield row


def _row(build: Build, outcome: Outcome, folder: Path) -> ShardRow:
    clip, receipts = outcome.clip, outcome.receipts
    trim, pose = receipts.get("trim"), receipts["pose"]
    motion = _motion(build, outcome)
    source = ClipSource(
        video=clip.video,
        start_s=clip.start_s,
        end_s=clip.end_s,
        sha256=trim.values.get("source_sha256", "") if trim else "",
        width=pose.values["width"],
        height=pose.values["height"],
        vfr=bool(trim.values["vfr"]) if trim else False,
        **_publish_video(build, outcome, folder),
    )
    return ShardRow(
        clip=clip,
        motion=motion,
        prompts=tuple(receipts["prompts"].values["prompts"]),
        source=source,
        provenance=Provenance(pose.values["estimator"], motion.lifter, f"prompt2sign {__version__}"),
        licence=terms_of(build.facts),
    )


def _motion(build: Build, outcome: Outcome) -> Motion:
    """The clip's motion; a damaged file ends the run, and the next one makes it anew."""
    try:
        return read_motion(build.work.absolute(outcome.receipts["lift"].output))
    except FormatError as error:
        build.ledger.forget("lift", outcome.clip.clip_id)
        raise RunError(f"{error} (`prompt2sign build` does so by itself)") from error


def _publish_video(build: Build, outcome: Outcome, folder: Path) -> dict[str, str]:
    """Copy the trimmed clip into the release, where the user wants it and there is one."""
    trim = outcome.receipts.get("trim")
    if not build.request.pipeline.shard.with_video or trim is None:
        return {}
    clip_path = build.work.absolute(trim.output)
    name = f"videos/{safe_name(outcome.clip.clip_id)}{clip_path.suffix.lower()}"
    (folder / "videos").mkdir(exist_ok=True)
    shutil.copyfile(clip_path, folder / name)
    return {"clip_path": name, "clip_sha256": trim.output_sha256}
