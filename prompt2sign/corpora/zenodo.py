"""Files of a Zenodo record: its list is fetched first, then what it names.

A record that is shared on request opens with the key that its owners send (`fetch.token`, which `acquire` sends to
that host alone).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from ..acquire.wanted import RemoteArchive, RemoteFile, Wanted
from ..errors import MissingError, UsageError

_HOST = "https://zenodo.org/"
_MAX_LIST_BYTES = 8 << 20
_FILE_NAME = re.compile(r"[A-Za-z0-9_][\w.+ -]{0,200}", re.ASCII)
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z")


def record_wanted(fetched: Path | None, record: str, leave: tuple[str, ...] = ()) -> Iterator[Wanted]:
    """The list of a record, and its files as soon as the list is there; archives are unpacked into `RECORD/NAME`.

    Args:
        fetched: The corpus' folder.
        record: Number of the record.
        leave: Endings of files that look like archives and are to stay as they are.

    Raises:
        MissingError: The list names no file.
        UsageError: The list cannot be read, or names a file or an address that it should not.
    """
    index = RemoteFile(f"zenodo-{record}.json", f"{_HOST}api/records/{record}")
    yield index
    if fetched is None or not (fetched / index.path).is_file():
        return
    for file in _read_list(fetched / index.path):
        name = file.path.rpartition("/")[2]
        ending = next((ending for ending in _ARCHIVES if name.lower().endswith(ending)), "")
        if ending and not name.endswith(leave):
            yield RemoteArchive((file,), into=f"{record}/{name[: -len(ending)]}")
        else:
            yield file


def _read_list(path: Path) -> list[RemoteFile]:
    try:
        if path.stat().st_size > _MAX_LIST_BYTES:
            raise ValueError("it is too large")
        listed = orjson.loads(path.read_bytes())["files"]
        files = [_file(entry, path.stem.removeprefix("zenodo-")) for entry in listed]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}: is no list of files of a Zenodo record ({error!r}). Open the record in a browser, fetch its "
            "files and give their folder with --from"
        ) from error
    if not files:
        raise MissingError(
            f"{path}: lists no file: the key (fetch.token) does not open the record. Ask its owners for a new one, "
            f"delete {path.name} and try again"
        )
    return files


def _file(entry: dict[str, Any], record: str) -> RemoteFile:
    """One entry of the list, with the names Zenodo has used for them since 2022."""
    name, url = entry["key"], entry["links"]["self"]
    if not _FILE_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a file")
    if not url.startswith(_HOST):
        raise ValueError(f"{url!r} leads elsewhere than to {_HOST}")
    size, kind_and_sum = entry.get("size"), str(entry.get("checksum") or "")
    md5 = re.fullmatch(r"(?:md5:)?([0-9a-f]{32})", kind_and_sum)
    sizes = (size,) if isinstance(size, int) and size > 0 else ()
    return RemoteFile(f"archives/{record}/{name}", url, sizes=sizes, md5=md5[1] if md5 else "")
