"""From a work folder to a release: shards, skels, videos, card, checksums, and the list of what did not make it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .. import __version__
from ..errors import ClipRejected
from ..formats.motion import read_motion
from ..formats.shard_schema import ShardInfo
from ..formats.shards import Licence, Provenance, ShardRow, ShardSetWriter
from ..formats.shards import Source as ClipSource
from ..loaders import open_release
from ..pipeline.build import Build, options_of
from ..pipeline.chain import Outcome, outcomes
from ..pipeline.work import safe_name
from ..records import Rejection
from .finish import finish_release
from .place import is_whole, release_at, whole_folder
from .skels_export import export_skels

#: Raised when the same receipts would give other files.
VERSION = 1
_REJECTED = pa.schema([(name, pa.string()) for name in ("clip_id", "stage", "status", "reason", "message")])


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
        n_failed: How many of those were not dropped by the user's own filter.
        n_bytes: Size of all files.
        estimators: What each estimator said of itself.
    """

    out: Path
    fresh: bool = False
    n_clips: int = 0
    n_frames: int = 0
    n_waiting: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    n_failed: int = 0
    n_bytes: int = 0
    estimators: dict[str, Any] = field(default_factory=dict)


def assemble(build: Build, out: Path) -> Assembly:
    """Write the release of a build to `out`, whole or not at all.

    A release of the same inputs and options that is already there is left as it is; another release is replaced.
    Where not one clip is ready, nothing is written.

    Raises:
        UsageError: `out` is a folder that holds something else.
    """
    found = release_at(out, build.request.corpus, build.request.language.code)
    assembly = _count(build, Assembly(out))
    if assembly.n_clips == 0:
        return assembly
    fingerprint = _fingerprint(build)
    if found and found.get("build") == fingerprint and is_whole(out, found):
        assembly.fresh, assembly.n_bytes = True, sum(file["bytes"] for file in found["files"])
        return assembly
    with whole_folder(out) as folder:
        _write(build, folder, assembly)
        manifest = finish_release(
            folder,
            build.facts,
            options_of(build.request),
            estimators=assembly.estimators,
            build=fingerprint,
        )
    assembly.n_bytes = sum(file["bytes"] for file in manifest["files"])
    return assembly


def _write(build: Build, folder: Path, assembly: Assembly) -> None:
    """Everything that comes from clips: `data/`, `videos/`, `skels/`, `rejected.parquet`."""
    options = build.request.pipeline.shard
    late: list[dict[str, str]] = []
    with ShardSetWriter(
        folder / "data",
        ShardInfo(step=options.step),
        shard_bytes=int(options.file_mb * 1e6),
        row_group=options.row_group_clips,
    ) as shards:
        for outcome in outcomes(build.stages, build.ledger, build.work):
            if not outcome.ready:
                continue
            try:
                shards.add(_row(build, outcome, folder))
            except ClipRejected as error:
                late.append(_rejected_row(outcome.clip.clip_id, "shard", "failed", error.reason, str(error)))
                assembly.n_clips -= 1
                assembly.n_failed += 1
                assembly.rejected[f"shard/{error.reason}"] += 1
    for convention in options.skels:
        export_skels(open_release(folder), folder / "skels" / convention, convention)
    rows = [*_rejected(build), *late]
    pq.write_table(pa.Table.from_pylist(rows, schema=_REJECTED), folder / "rejected.parquet", compression="zstd")


def _row(build: Build, outcome: Outcome, folder: Path) -> ShardRow:
    clip, receipts = outcome.clip, outcome.receipts
    trim, pose = receipts.get("trim"), receipts["pose"]
    facts = build.facts
    motion = read_motion(build.work.absolute(receipts["lift"].output))
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
        licence=Licence(
            facts.licence, facts.access, facts.access_rule, facts.redistribute_motion, facts.redistribute_video
        ),
    )


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


def _count(build: Build, assembly: Assembly) -> Assembly:
    for outcome in outcomes(build.stages, build.ledger, build.work):
        if outcome.ready:
            assembly.n_clips += 1
            assembly.n_frames += outcome.receipts["lift"].values["n_frames"]
            pose = outcome.receipts["pose"].values
            assembly.estimators.setdefault(pose["estimator"], pose.get("estimator_is", {}))
        elif outcome.waiting:
            assembly.n_waiting += 1
    for row in _rejected(build):
        assembly.rejected[f"{row['stage']}/{row['reason']}"] += 1
        assembly.n_failed += row["status"] == "failed"
    return assembly


def _rejected(build: Build) -> Iterator[dict[str, str]]:
    """Every clip that did not make it and why, in words that name no folder of this machine."""
    roots = [build.work.root, build.request.root, build.request.keypoints, build.request.text]
    prefixes = sorted({f"{path.absolute()}/" for path in roots if path} | {f"{p}/" for p in roots if p}, reverse=True)
    for rejection in build.ledger.rejections():
        yield _portable(_corpus_row(rejection), prefixes)
    for outcome in outcomes(build.stages, build.ledger, build.work):
        if ended := outcome.ended:
            row = _rejected_row(ended.clip_id, ended.stage, ended.status, ended.reason, ended.message)
            yield _portable(row, prefixes)


def _corpus_row(rejection: Rejection) -> dict[str, str]:
    return _rejected_row(rejection.clip_id, "corpus", "failed", rejection.reason, rejection.message)


def _rejected_row(*values: str) -> dict[str, str]:
    return dict(zip(_REJECTED.names, values, strict=True))


def _portable(row: dict[str, str], prefixes: list[str]) -> dict[str, str]:
    for prefix in prefixes:
        row["message"] = row["message"].replace(prefix, "")
    return row


def _fingerprint(build: Build) -> str:
    """Digest of everything the files of a release depend on."""
    digest = hashlib.sha256()
    facts = build.facts
    head = [VERSION, __version__, options_of(build.request), repr(facts)]
    digest.update(json.dumps(head, sort_keys=True).encode())
    for outcome in outcomes(build.stages, build.ledger, build.work):
        if outcome.ready:
            clip = outcome.clip.to_json()
            clip = {key: value for key, value in clip.items() if key not in ("media", "keypoints")}
            made = [(name, r.fingerprint, r.output_sha256) for name, r in sorted(outcome.receipts.items())]
            digest.update(json.dumps([clip, made], sort_keys=True).encode())
    for row in _rejected(build):
        digest.update(json.dumps(row, sort_keys=True).encode())
    return digest.hexdigest()
