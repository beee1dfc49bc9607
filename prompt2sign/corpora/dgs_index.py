"""Which documents the Public DGS Corpus has, and what to fetch of each: read from its list of transcripts by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

from ..acquire.wanted import RemoteFile
from ..errors import UsageError

BASE = "https://www.sign-lang.uni-hamburg.de/meinedgs/"
INDEX = RemoteFile("ling/start-name_en.html", BASE + "ling/start-name_en.html")
#: `1413485`, or a part of a longer recording from one time code to another: `1413451-11105600-11163240`.
_DOCUMENT = re.compile(r"(?P<recording>\d{5,9})(?:-\d{8}-\d{8})?", re.ASCII)
#: Means of 121 videos of one signer and of 87 OpenPose files among those that
#: https://github.com/sign-language-processing/datasets lists with their sizes: for the plan alone.
VIDEO_BYTES, OPENPOSE_BYTES = 20_000_000, 130_000_000
#: Nothing of this corpus is so large, and such a page would be no list.
_MAX_PAGE_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Document:
    """One transcript and what is published with it; paths are relative to the corpus.

    Attributes:
        document_id: Its name.
        transcript: The ELAN file.
        videos: Of camera a and of camera b, as far as the signer is shown.
        openpose: Keypoints of all its cameras, empty where there are none.
    """

    document_id: str
    transcript: str
    videos: tuple[str, ...]
    openpose: str


def recording_of(document_id: str) -> str | None:
    """The recording that a document is of, by its name; None for a name that is no document's."""
    match = _DOCUMENT.fullmatch(document_id)
    return match["recording"] if match else None


def wanted_files(documents: Collection[Document], *, keypoints: bool) -> Iterator[RemoteFile]:
    """The files to fetch: each transcript, and its videos or its keypoints."""
    for document in documents:
        yield RemoteFile(document.transcript, BASE + document.transcript)
        if keypoints and document.openpose:
            yield RemoteFile(document.openpose, BASE + document.openpose, about_bytes=OPENPOSE_BYTES)
        if not keypoints:
            yield from (RemoteFile(path, BASE + path, about_bytes=VIDEO_BYTES) for path in document.videos)


def read_index(page: Path) -> list[Document]:
    """The documents in the order of the page.

    A row is taken by its id and its links by where they lead, whatever cell they stand in. A link that leads
    elsewhere than to this document's own files is passed over.

    Raises:
        UsageError: The page cannot be read, or lists no document.
    """
    rows = _Rows()
    try:
        with page.open(encoding="utf-8", errors="replace") as file:
            rows.feed(file.read(_MAX_PAGE_BYTES))
    except OSError as error:
        raise UsageError(f"{page}: cannot be read: {error.strerror}") from error
    documents = [_document(name, links) for name, links in rows.links.items() if recording_of(name)]
    found = [document for document in documents if document.transcript]
    if not found:
        raise UsageError(
            f"{page}: lists no document; the page of the corpus may have changed. Delete it to fetch it again, or "
            f"fetch transcripts and videos yourself from {BASE} and give their folder with --from"
        )
    return found


def _document(name: str, links: list[str]) -> Document:
    def those(pattern: str) -> tuple[str, ...]:
        paths = dict.fromkeys(map(_path_of, links))
        return tuple(path for path in paths if re.fullmatch(pattern, path, re.ASCII))

    transcript, openpose = those(rf"eaf/{name}\.eaf"), those(rf"openpose/{name}_openpose\.json\.gz")
    videos = those(rf"videos/{name}/{name}_\d[ab]\d\.mp4")
    return Document(name, "".join(transcript[:1]), videos, "".join(openpose[:1]))


def _path_of(link: str) -> str:
    """Where a link of the page leads inside the corpus; an address where it leads elsewhere."""
    try:
        return urljoin(INDEX.url, link).removeprefix(BASE)
    except ValueError:
        return ""


class _Rows(HTMLParser):
    """The addresses of the links in each table row that has an id."""

    def __init__(self) -> None:
        super().__init__()
        self.links: dict[str, list[str]] = {}
        self._row: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A row begins, or a link stands in one."""
        values = dict(attrs)
        if tag == "tr":
            name = values.get("id")
            self._row = self.links.setdefault(name, []) if name else None
        elif tag == "a" and self._row is not None and values.get("href"):
            self._row.append(values["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        """A row ends."""
        if tag == "tr":
            self._row = None
