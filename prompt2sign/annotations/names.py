"""Finding a file by the name a table gives it: with or without folder and suffix, in any Unicode form."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Collection, Iterable

from ..errors import ClipRejected

#: Endings of video files that tables often leave out.
VIDEO_SUFFIXES = frozenset(
    (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".ts", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv",
     ".3gp", ".mxf")
)  # fmt: skip


class NameIndex:
    """The files of a corpus by name.

    Tables written on one machine and files packed on another disagree on Unicode form (macOS decomposes Hangul),
    on case and on suffixes; a name that fits several files equally well is refused, never guessed.
    """

    def __init__(self, paths: Iterable[str], suffixes: Collection[str]) -> None:
        self.paths = tuple(paths)
        self._suffixes = suffixes
        self._by_stem: dict[str, list[int]] = {}
        self._by_path: dict[str, list[int]] = {}
        for number, path in enumerate(self.paths):
            self._by_stem.setdefault(self._stem(path), []).append(number)
            self._by_path.setdefault(_composed(path), []).append(number)

    def find(self, name: str) -> str | None:
        """The path that fits a name best, None where none does.

        Raises:
            ClipRejected: `unsafe-path` for a name that leads out of the folder, `ambiguous-name` for one that fits
                several paths.
        """
        wanted = clean_path(name)
        exact = self._by_path.get(wanted, ())
        if len(exact) == 1:  # spares ranking hundreds of files that share a name in as many folders
            return self.paths[exact[0]]
        ranked = [(self._closeness(wanted, self.paths[n]), n) for n in self._by_stem.get(self._stem(wanted), ())]
        fitting = sorted((rank, number) for rank, number in ranked if rank is not None)
        if not fitting:
            return None
        best = [self.paths[number] for rank, number in fitting if rank == fitting[0][0]]
        if len(best) > 1:
            raise ClipRejected(
                "ambiguous-name", f"{name!r} may be {' or '.join(best[:3])}; write the path with its suffix"
            )
        return best[0]

    def _stem(self, path: str) -> str:
        return posixpath.basename(strip_suffix(_composed(path), self._suffixes)).casefold()

    def _closeness(self, wanted: str, path: str) -> int | None:
        """0 for the very path; more the more had to be left out (suffix, folder, case); None where it does not fit."""
        path = _composed(path)
        name = posixpath.basename(path)
        forms = [path, strip_suffix(path, self._suffixes), name, strip_suffix(name, self._suffixes)]
        forms += [form.casefold() for form in forms]
        candidates = [wanted] * 4 + [wanted.casefold()] * 4
        return next((rank for rank, pair in enumerate(zip(candidates, forms, strict=True)) if pair[0] == pair[1]), None)


def clean_path(name: str) -> str:
    """A relative path with `/` and composed characters.

    Raises:
        ClipRejected: `unsafe-path`: it is absolute, or leads out of the folder.
    """
    path = posixpath.normpath(_composed(name).replace("\\", "/"))
    if path.startswith("/") or path.split("/")[0] == ".." or re.match(r"[A-Za-z]:/", path):
        raise ClipRejected(
            "unsafe-path",
            f"{posixpath.basename(path)!r} has a path that is absolute or leads out of the folder; write paths "
            "relative to the folder itself",
        )
    return path


def strip_suffix(path: str, suffixes: Collection[str]) -> str:
    """A path without its suffix, where that is one of `suffixes`: `clip.v2` keeps its name."""
    stem, suffix = posixpath.splitext(path)
    return stem if suffix.lower() in suffixes else path


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
