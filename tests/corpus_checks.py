"""What holds for every adapter: its facts are complete, what it wants can be fetched, and a made copy comes out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from prompt2sign.acquire.wanted import RemoteArchive, RemoteFile, Wanted
from prompt2sign.corpora.base import Corpus, CorpusFacts, Source
from prompt2sign.languages import get_language
from prompt2sign.records import Clip, Rejection

from .corpora_made import Made


def source_of(language: str, root: Path | None, scratch: Path, **changes: Any) -> Source:
    """A source as the command line makes it."""
    return Source(
        get_language(language), root, changes.pop("text", None), changes.pop("keypoints", None), scratch, **changes
    )


def check_facts(facts: CorpusFacts) -> None:
    """Everything a person must know before a build is said, in whole sentences."""
    for name in ("title", "licence", "access_rule", "home", "citation", "layout", "numbers", "keypoints"):
        assert getattr(facts, name).strip(), name
    assert facts.languages and facts.unknown
    assert facts.steps or facts.access == "open"
    for sentence in (facts.access_rule, *facts.unknown):
        assert sentence.endswith("."), sentence
    assert all(name == name.lower() and about for name, about in facts.variants)


def files_in(wanted: Sequence[Wanted]) -> list[RemoteFile]:
    """Every remote file, those of archives among them; places are relative, and no two are the same."""
    found: list[RemoteFile] = []
    places: list[str] = []
    for one in wanted:
        files = one.parts if isinstance(one, RemoteArchive) else (one,)
        assert all(isinstance(file, RemoteFile) for file in files)
        found += [file for file in files if isinstance(file, RemoteFile)]
        places += [one.into] if isinstance(one, RemoteArchive) else []
    places += [file.path for file in found]
    assert len(set(places)) == len(places)
    assert not any(PurePosixPath(place).is_absolute() or ".." in PurePosixPath(place).parts for place in places)
    assert all(file.url.startswith("https://") or file.sha256 for file in found)
    return found


def built(corpus: Corpus, source: Source, made: Made) -> tuple[dict[str, Clip], dict[str, Rejection]]:
    """Clips and rejections of a made copy by id, in their order, counted as `made` says, twice the same."""
    entries = list(corpus.clips(source))
    assert entries == list(corpus.clips(source))
    clips = {entry.clip_id: entry for entry in entries if isinstance(entry, Clip)}
    rejections = [entry for entry in entries if isinstance(entry, Rejection)]
    assert (len(clips), len(rejections)) == (made.n_clips, made.n_rejected)
    assert all(entry.message and entry.reason for entry in rejections)
    plan = corpus.plan(source)
    assert not plan.missing
    assert plan.n_clips == made.n_clips
    assert plan.n_bytes > 0
    return clips, {entry.clip_id: entry for entry in rejections}
