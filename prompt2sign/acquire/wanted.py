"""What a corpus wants fetched: plain records, so that any fetcher can be told and any plan be printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file at one address.

    Attributes:
        path: Where it goes, relative to the corpus' folder, parted by `/`.
        url: Its address, https; plain http only where a checksum is known.
        sizes: Accepted sizes in bytes; empty where none was published.
        sha256: Accepted SHA-256, hexadecimal; several where a server sends the same content in two encodings. The
            place of a checksum belongs to the same place of `sizes` where both are given.
        md5: Published MD5, empty where there is none or a SHA-256 is known.
        unzipped_sha256: SHA-256 of what the file holds without its gzip wrapping, where its own was never published:
            what begins as gzip is compared decompressed (streamed, nothing kept), anything else as it is.
        about_bytes: Rounded size as a page gives it, for the plan alone; 0 where unknown.
        broken_chain: The server is known to send an incomplete certificate chain. It is then fetched without
            verifying the server and taken only if a checksum (any of the three) matches; without one it is refused.
        optional: The build can do without it: its absence is noted and stops nothing.
    """

    path: str
    url: str
    sizes: tuple[int, ...] = ()
    sha256: tuple[str, ...] = ()
    md5: str = ""
    unzipped_sha256: str = ""
    about_bytes: int = 0
    broken_chain: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class RemoteArchive:
    """An archive in one or more parts that is unpacked when it has come whole.

    Attributes:
        parts: Its files, in order. Several are one archive cut into pieces: by bytes (`.001`, `.002`), or as a split
            zip (`.z01`, `.z02`, `.zip` last).
        into: Folder of its own to unpack into, relative to the corpus' folder; it is there only when it is whole.
        password: Password of its members, empty where they have none.
        unpacked_bytes: Bytes when unpacked, for the plan and the disk; 0 where unknown (about as large again).
    """

    parts: tuple[RemoteFile, ...]
    into: str
    password: str = ""
    unpacked_bytes: int = 0


@dataclass(frozen=True, slots=True)
class SiteVideo:
    """One video of a video site, fetched whole by yt-dlp.

    Attributes:
        path: Where it goes without a suffix, relative to the corpus' folder: `videos/ID`.
        url: Its page.
        subtitles: Languages of the captions to fetch beside it (`path.LANGUAGE.vtt`), the first that exists.
    """

    path: str
    url: str
    subtitles: tuple[str, ...] = ()


Wanted = RemoteFile | RemoteArchive | SiteVideo

#: What became of something wanted. `gone` is for good (removed, private); `failed` may come another day; `refused`
#: came but was not what was promised (wrong checksum, a web page instead of the file).
Outcome = Literal["done", "gone", "failed", "refused"]
