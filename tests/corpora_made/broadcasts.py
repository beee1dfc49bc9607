"""News with subtitles, as the two corpora of WMT-SLT 2022 have them."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from pathlib import Path

from .material import written
from .signing import copy_film, film

SUBTITLES = """1
00:00:00,200 --> 00:00:01,600
Guten Abend, meine
Damen  und Herren.

2
00:00:01,700 --> 00:00:03,400
<i>Heute</i> schneit es in den Bergen.

3
00:00:03,450 --> 00:00:03,450
Dieser Untertitel hat keine Dauer.

4
00:00:03,450 --> 00:00:03,590

"""
#: Of these four, those that are sentences.
N_SENTENCES, N_BAD = 2, 2


def broadcast(folder: Path, name: str, number: int, subtitles: str = SUBTITLES) -> None:
    """One broadcast: a video and its subtitles in two folders."""
    copy_film(number, folder / f"videos/{name}.mp4")
    written(folder / f"subtitles/{name}.srt", subtitles)


def write_openpose(path: Path, n_frames: int) -> None:
    """Keypoints BODY_135 of a broadcast: frame 7 has its points at 700 + number of the point."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wb", preset=0) as file, tarfile.open(fileobj=file, mode="w|") as archive:
        for frame in range(n_frames):
            points = [value for point in range(135) for value in (100.0 * frame + point, 50.0 + point, 0.5)]
            person = {"person_id": [-1], "pose_keypoints_2d": points, "face_keypoints_2d": []}
            data = json.dumps({"version": 1.3, "people": [person]}).encode()
            member = tarfile.TarInfo(f"openpose/{path.name.split('.openpose')[0]}_{frame:012d}_keypoints.json")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def tar_gz(target: Path, files: dict[str, bytes]) -> Path:
    """A `.tar.gz` of some files."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return target


def public_parts(folder: Path) -> dict[str, Path]:
    """The public archives, of both corpora together; the test part has videos alone."""
    files = {
        "dev.v3.0/focusnews.101.mp4": film(5).read_bytes(),
        "dev.v3.0/focusnews.101.srt": SUBTITLES.encode(),
        "dev.v3.0/srf.2021-01-01.mp4": film(5).read_bytes(),
        "dev.v3.0/srf.2021-01-01.srt": SUBTITLES.encode(),
    }
    test = {f"dsgs-de/{name}.mp4": film(5).read_bytes() for name in ("focusnews.201", "srf.2021-02-02")}
    base = "https://files.ifi.uzh.ch/cl/archiv/2022/easier/wmtslt/"
    return {
        f"{base}dev/dev.v3.0.tar.gz": tar_gz(folder / "dev.v3.0.tar.gz", files),
        f"{base}test/test_sources.v3.0.tar.gz": tar_gz(folder / "test_sources.v3.0.tar.gz", test),
    }


def record(folder: Path, number: str, archive: Path) -> dict[str, Path]:
    """A Zenodo record with one archive, for those who have its key."""
    from hashlib import md5

    url = f"https://zenodo.org/api/records/{number}/files/{archive.name}/content"
    checksum = f"md5:{md5(archive.read_bytes()).hexdigest()}"
    entry = {"key": archive.name, "size": archive.stat().st_size, "checksum": checksum, "links": {"self": url}}
    index = written(folder / f"record-{number}.json", json.dumps({"id": int(number), "files": [entry]}))
    return {f"https://zenodo.org/api/records/{number}": index, url: archive}
