"""The last files of a release: `pipeline.yaml`, the dataset card, and `release.json` with every checksum."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pyarrow.parquet as pq

from .. import __version__
from ..corpora.base import CorpusFacts
from ..formats.shard_schema import VERSION as SHARD_VERSION
from ..formats.shards import Licence
from ..loaders import Release
from ..loaders.files import FORMAT, MANIFEST, VERSION
from ..pipeline.stage import file_sha256
from ..records import SPLITS
from .card import dataset_card
from .yaml_text import yaml_text


def finish_release(
    release: Release, facts: CorpusFacts, options: dict[str, Any], *, estimators: dict[str, Any], build: str
) -> dict[str, Any]:
    """Write options, card and manifest beside `data/`; the manifest comes last, and names every other file.

    Args:
        release: Its shards, in `data/` of a folder that has nothing else to come.
        facts: The corpus it comes from.
        options: Resolved options; kept as `pipeline.yaml`.
        estimators: What each estimator says of itself: version, settings, weights with their sha256.
        build: Fingerprint of the build, to tell later whether anything changed.

    Returns:
        The manifest.
    """
    folder, counts = release.path, _counts(release)
    (folder / "pipeline.yaml").write_text(yaml_text(options), "utf-8")
    (folder / "README.md").write_text(dataset_card(facts, options, counts), "utf-8")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "tool": f"prompt2sign {__version__}",
        "shard_version": SHARD_VERSION,
        "build": build,
        "corpus": _facts(facts),
        "counts": counts,
        "options": options,
        "estimators": estimators,
        "files": [
            {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": file_sha256(path)}
            for path in paths
        ],
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, "utf-8")
    return manifest


def terms_of(facts: CorpusFacts) -> Licence:
    """What every row says of a corpus's terms."""
    return Licence(facts.licence, facts.access, facts.access_rule, facts.redistribute_motion, facts.redistribute_video)


def _facts(facts: CorpusFacts) -> dict[str, Any]:
    return {
        "name": facts.name,
        "title": facts.title,
        "unit": facts.unit,
        "licence": facts.licence,
        "access": facts.access,
        "access_rule": facts.access_rule,
        "redistribute_motion": facts.redistribute_motion,
        "redistribute_video": facts.redistribute_video,
        "home": facts.home,
        "citation": facts.citation,
    }


_COUNTED = ("split", "lang", "n_frames", "fps", "provenance")


def _counts(release: Release) -> dict[str, Any]:
    """Clips, frames and seconds by split, the languages and estimators; streamed from the shards."""
    splits: dict[str, dict[str, Any]] = {}
    languages: Counter[str] = Counter()
    estimators: Counter[str] = Counter()
    rows = (row for _, table in release.tables(_COUNTED) for row in zip(*table.to_pydict().values(), strict=True))
    for split, language, n_frames, fps, provenance in rows:
        counts = splits.setdefault(split, {"clips": 0, "frames": 0, "seconds": 0.0})
        counts["clips"] += 1
        counts["frames"] += n_frames
        counts["seconds"] += n_frames / fps
        languages[language] += 1
        estimators[provenance["estimator"]] += 1
    for counts in splits.values():
        counts["seconds"] = round(counts["seconds"], 3)
    rejected = release.path / "rejected.parquet"
    return {
        "splits": {split: splits[split] for split in SPLITS if split in splits},
        "languages": dict(sorted(languages.items())),
        "estimators": dict(sorted(estimators.items())),
        "rejected": pq.read_metadata(rejected).num_rows if rejected.exists() else 0,
    }
