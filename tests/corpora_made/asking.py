"""How tests ask a corpus for its clips."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prompt2sign.acquire.wanted import RemoteArchive, RemoteFile, SiteVideo, Wanted
from prompt2sign.corpora.base import Source
from prompt2sign.languages import get_language
from prompt2sign.records import Clip, Rejection


def source_of(root: Path | None, language: str, **fields: Any) -> Source:
    """What a user says who gives little more than a folder."""
    values: dict[str, Any] = {"text": None, "keypoints": None, "scratch": Path("unused"), **fields}
    return Source(language=get_language(language), root=root, **values)


def reasons(found: Iterable[Clip | Rejection]) -> list[tuple[str, str]]:
    """Id and reason of each entry, no reason for a clip."""
    return [(entry.clip_id, "" if isinstance(entry, Clip) else entry.reason) for entry in found]


def counts(found: Iterable[Clip | Rejection]) -> tuple[int, int]:
    """Clips and rejections."""
    clips = [isinstance(entry, Clip) for entry in found]
    return sum(clips), len(clips) - sum(clips)


def check_wanted(wanted: Iterable[Wanted]) -> None:
    """Every path is relative and its own, every address https, every checksum one."""
    files = [file for one in wanted for file in (one.parts if isinstance(one, RemoteArchive) else (one,))]
    paths = [file.path for file in files] + [one.into for one in wanted if isinstance(one, RemoteArchive)]
    assert len(set(paths)) == len(paths) > 0
    for file in files:
        assert file.url.startswith("https://")
        assert not Path(file.path).is_absolute() and ".." not in Path(file.path).parts
        if isinstance(file, RemoteFile):
            assert all(len(bytes.fromhex(digest)) == 32 for digest in (*file.sha256, file.unzipped_sha256 or "0" * 64))


def videos_of(wanted: Iterable[Wanted]) -> list[str]:
    """Paths of the videos that a site is asked for."""
    return [one.path for one in wanted if isinstance(one, SiteVideo)]
