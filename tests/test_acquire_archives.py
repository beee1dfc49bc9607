"""Archives: fetched in parts, unpacked when whole, their parts deleted; and videos of sites, one after another."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prompt2sign.acquire import fetch_videos, pace, unpack
from prompt2sign.acquire.register import Register
from prompt2sign.acquire.sites import VideoResult
from prompt2sign.acquire.survey import survey
from prompt2sign.acquire.wanted import RemoteArchive, RemoteFile, SiteVideo
from prompt2sign.errors import MissingError
from prompt2sign.options import FetchOptions

from .acquiring import Told, fetch_all, noise, pinned, sha256
from .server import Mode, Server

URL = "https://example.org/corpus.zip"
MEMBERS = {"videos/a.bin": noise(90_000), "videos/b.bin": noise(50_000, 2), "text.csv": b"id,text\n"}
N_BYTES = sum(map(len, MEMBERS.values()))


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.01)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def _zip(members: dict[str, bytes] = MEMBERS) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _entry(folder: Path, path: str) -> tuple[str, str, str]:
    entry = Register.read(folder).get(path)
    assert entry is not None
    return entry.kind, entry.outcome, entry.reason


def test_an_archive_is_unpacked_and_its_file_deleted(server: Server, tmp_path: Path) -> None:
    data = _zip()
    server.serve(URL, data, first=[Mode(reset_after=50_000)])
    wanted = [RemoteArchive((pinned("corpus.zip", URL, data),), "corpus")]
    told = Told()
    summary = fetch_all(server, tmp_path, wanted, told)
    assert _tree(tmp_path / "corpus") == MEMBERS
    assert not (tmp_path / "corpus.zip").exists()
    assert (summary.n_done, summary.n_new, summary.n_bytes) == (1, 1, N_BYTES)
    assert told.ended[-1] == ("corpus", "done", "")
    assert Register.read(tmp_path).get("corpus.zip").sha256 == sha256(data)  # type: ignore[union-attr]
    n_requests = len(server.requests)
    assert fetch_all(server, tmp_path, wanted).n_new == 0
    assert len(server.requests) == n_requests
    seen = survey(wanted, tmp_path)
    assert (seen.n_present, seen.n_to_fetch, seen.bytes_present, seen.disk_bytes) == (1, 0, N_BYTES, 0)


def test_archives_are_kept_where_that_is_asked_for(server: Server, tmp_path: Path) -> None:
    data = _zip()
    server.serve(URL, data)
    fetch_all(server, tmp_path, [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")], keep_archives=True)
    assert (tmp_path / "corpus.zip").read_bytes() == data


def test_an_archive_in_pieces(server: Server, tmp_path: Path) -> None:
    data = _zip()
    pieces = [data[:60_000], data[60_000:120_000], data[120_000:]]
    files = [RemoteFile(f"corpus.zip.00{n}", f"{URL}.00{n}") for n in (1, 2, 3)]
    for file, piece in zip(files, pieces, strict=True):
        server.serve(file.url, piece)
    server.serve(files[1].url, pieces[1], status=503)
    wanted = [RemoteArchive(tuple(files), "corpus")]
    with pytest.raises(MissingError, match=r"corpus\.zip\.002.*HTTP 503") as caught:
        fetch_all(server, tmp_path, wanted, retries=0)
    assert "001" not in str(caught.value).splitlines()[1]
    assert not (tmp_path / "corpus").exists()
    server.serve(files[1].url, pieces[1])
    fetch_all(server, tmp_path, wanted)
    assert _tree(tmp_path / "corpus") == MEMBERS
    assert [len(server.asked(file.url)) for file in files] == [1, 2, 1]
    assert not list(tmp_path.glob("corpus.zip*"))


def test_a_person_put_an_archive_there(server: Server, tmp_path: Path) -> None:
    """What a person fetched with a browser, perhaps for days, is used and not deleted."""
    (tmp_path / "corpus.zip").write_bytes(_zip())
    fetch_all(server, tmp_path, [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")])
    assert _tree(tmp_path / "corpus") == MEMBERS
    assert (tmp_path / "corpus.zip").exists()
    assert server.requests == []


def test_a_person_put_an_unpacked_archive_there(server: Server, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/x").write_bytes(b"mine")
    summary = fetch_all(server, tmp_path, [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")])
    assert (summary.n_done, server.requests) == (1, [])
    assert _entry(tmp_path, "corpus") == ("archive", "done", "")


def test_a_killed_run_left_the_archive_beside_what_it_held(server: Server, tmp_path: Path) -> None:
    server.serve(URL, _zip())
    wanted = [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")]
    fetch_all(server, tmp_path, wanted, keep_archives=True)
    fetch_all(server, tmp_path, wanted)
    assert not (tmp_path / "corpus.zip").exists()
    assert len(server.requests) == 1


def test_a_damaged_archive_is_kept_aside_and_fetched_again(server: Server, tmp_path: Path) -> None:
    data = _zip()
    server.serve(URL, data[:-5000])
    wanted = [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")]
    with pytest.raises(MissingError, match=r"kept as .*corpus\.zip\.refused, and fetched again"):
        fetch_all(server, tmp_path, wanted)
    assert _entry(tmp_path, "corpus") == ("archive", "refused", "not-unpacked")
    assert _entry(tmp_path, "corpus.zip") == ("part", "refused", "not-unpacked")
    assert (tmp_path / "corpus.zip.refused").read_bytes() == data[:-5000]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == []
    server.serve(URL, data)
    fetch_all(server, tmp_path, wanted)
    assert _tree(tmp_path / "corpus") == MEMBERS


def test_a_damaged_archive_that_is_what_was_published_stays(server: Server, tmp_path: Path) -> None:
    """To fetch it again would bring the same bytes."""
    data = _zip()[:-5000]
    server.serve(URL, data)
    for _ in range(2):
        with pytest.raises(MissingError, match=r"corpus \(unpacked\)"):
            fetch_all(server, tmp_path, [RemoteArchive((pinned("corpus.zip", URL, data),), "corpus")])
    assert (tmp_path / "corpus.zip").exists()
    assert len(server.requests) == 1


def test_a_damaged_archive_of_a_person_is_theirs_to_delete(server: Server, tmp_path: Path) -> None:
    (tmp_path / "corpus.zip").write_bytes(_zip()[:-5000])
    with pytest.raises(MissingError, match=r"Delete .*corpus\.zip to have it fetched"):
        fetch_all(server, tmp_path, [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")])
    assert (tmp_path / "corpus.zip").exists()


def _tar(*infos: tarfile.TarInfo) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for info in infos:
            archive.addfile(info)
    return packed.getvalue()


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


@pytest.mark.parametrize(
    "data",
    [_zip({}), _zip({"folder/": b""}), _tar(), _tar(_folder("folder"))],
    ids=["zip", "folder-zip", "tar", "folder-tar"],
)
def test_an_archive_without_files_is_none(server: Server, tmp_path: Path, data: bytes) -> None:
    server.serve(URL, data)
    with pytest.raises(MissingError, match="there is no file in it"):
        fetch_all(server, tmp_path, [RemoteArchive((RemoteFile("corpus", URL),), "into")])
    assert not (tmp_path / "into").exists()


# --- whose archive is it ------------------------------------------------------------------------------------------


def test_an_archive_of_a_person_stays_theirs_when_it_is_touched(server: Server, tmp_path: Path) -> None:
    """The first run could not unpack it; between the runs its time changed."""
    (tmp_path / "corpus.zip").write_bytes(_zip())
    wanted = [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")]
    (tmp_path / "corpus").write_bytes(b"in the way")
    with pytest.raises(MissingError):
        fetch_all(server, tmp_path, wanted)
    (tmp_path / "corpus").unlink()
    os.utime(tmp_path / "corpus.zip", (1, 1))
    fetch_all(server, tmp_path, wanted)
    assert _tree(tmp_path / "corpus") == MEMBERS
    assert (tmp_path / "corpus.zip").exists()


def test_an_archive_put_where_a_fetched_one_was_is_not_deleted(server: Server, tmp_path: Path) -> None:
    server.serve(URL, _zip())
    wanted = [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")]
    fetch_all(server, tmp_path, wanted)
    (tmp_path / "corpus.zip").write_bytes(b"mine")
    fetch_all(server, tmp_path, wanted)
    assert (tmp_path / "corpus.zip").read_bytes() == b"mine"


def test_what_a_person_unpacked_does_not_cost_the_fetched_archive(server: Server, tmp_path: Path) -> None:
    """They may have been interrupted half way: nobody but they can tell."""
    server.serve(URL, _zip())
    wanted = [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")]
    (tmp_path / "corpus").write_bytes(b"in the way")
    with pytest.raises(MissingError):
        fetch_all(server, tmp_path, wanted)
    (tmp_path / "corpus").unlink()
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/half").write_bytes(b"x")
    fetch_all(server, tmp_path, wanted)
    assert (tmp_path / "corpus.zip").exists()


def test_a_folder_that_only_looks_unpacked(server: Server, tmp_path: Path) -> None:
    server.serve(URL, _zip())
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/.DS_Store").write_bytes(b"\0")
    with pytest.raises(MissingError, match="in the way"):
        fetch_all(server, tmp_path, [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")])
    assert (tmp_path / "corpus.zip").exists()


def test_what_was_unpacked_and_deleted_is_missed(server: Server, tmp_path: Path) -> None:
    server.serve(URL, _zip())
    wanted = [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")]
    fetch_all(server, tmp_path, wanted)
    shutil.rmtree(tmp_path / "corpus")
    server.serve(URL, b"", status=404)
    with pytest.raises(MissingError, match="no longer has it"):
        fetch_all(server, tmp_path, wanted)
    assert _entry(tmp_path, "corpus")[1] == "failed"


def test_a_folder_of_a_person_beside_an_archive(server: Server, tmp_path: Path) -> None:
    server.serve(URL, _zip())
    (tmp_path / "corpus.part").mkdir()
    (tmp_path / "corpus.part/mine").write_bytes(b"precious")
    fetch_all(server, tmp_path, [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")])
    assert (tmp_path / "corpus.part/mine").read_bytes() == b"precious"


def test_the_disk_has_what_was_unpacked_before_the_archive_goes(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bool]] = []
    monkeypatch.setattr(
        unpack, "_sync", lambda folder: seen.append(((folder / "text.csv").exists(), (tmp_path / "corpus").exists()))
    )
    server.serve(URL, _zip())
    fetch_all(server, tmp_path, [RemoteArchive((RemoteFile("corpus.zip", URL),), "corpus")])
    assert seen == [(True, False)]


def test_a_hostile_archive(server: Server, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))
    server.serve(URL, packed.getvalue())
    with pytest.raises(MissingError, match="outside"):
        fetch_all(server, tmp_path / "in", [RemoteArchive((RemoteFile("corpus.tar", URL),), "corpus")])
    assert not (tmp_path / "outside").exists()


def test_room_for_archives(tmp_path: Path) -> None:
    """Packed 10 and 20, unpacked 30 and 20: at worst all 30 packed, and the first unpacked; kept, all together."""
    first = RemoteArchive((RemoteFile("a.zip", URL, sizes=(10,)),), "a", unpacked_bytes=30)
    second = RemoteArchive((RemoteFile("b.zip", URL, sizes=(20,)),), "b")
    assert survey([first, second], tmp_path).disk_bytes == 70
    assert survey([first, second], tmp_path, keep_archives=True).disk_bytes == 80
    assert survey([second, first], tmp_path).disk_bytes == 60


# --- videos -------------------------------------------------------------------------------------------------------

Answers = Callable[[str], VideoResult]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A video site: what it was asked for. Videos are named after what becomes of them."""
    asked: list[str] = []

    def answer(video: SiteVideo, folder: Path, options: FetchOptions, advance: Callable[[int], None]) -> VideoResult:
        asked.append(video.path)
        reason = video.path.split("/")[1].split("-")[0]
        if reason != "done":
            return VideoResult("gone" if reason == "private" else "failed", reason, f"the site says: {reason}")
        (folder / "videos").mkdir(exist_ok=True)
        (folder / f"{video.path}.mp4").write_bytes(b"video")
        advance(5)
        return VideoResult("done", paths=(f"{video.path}.mp4",))

    monkeypatch.setattr(fetch_videos, "fetch_video", answer)
    yield asked


def _videos(*names: str) -> list[SiteVideo]:
    return [SiteVideo(f"videos/{name}", f"https://videos.example/{name}") for name in names]


def test_videos_and_what_became_of_them(server: Server, tmp_path: Path, site: list[str]) -> None:
    wanted = _videos("done-1", "private-2", "unavailable-3", "blocked-4")
    summary = fetch_all(server, tmp_path, wanted, pause_s=0)
    assert (summary.n_done, summary.n_gone, summary.n_failed) == (1, 1, 2)
    assert _entry(tmp_path, "videos/done-1") == ("video", "done", "")
    assert Register.read(tmp_path).reason_of("videos/private-2") == "private"
    seen = survey(wanted, tmp_path)
    assert (seen.n_videos, seen.n_gone) == (2, 1)


def test_unavailable_must_be_said_in_two_runs(server: Server, tmp_path: Path, site: list[str]) -> None:
    wanted = _videos("unavailable-1", "blocked-2", "private-3")
    fetch_all(server, tmp_path, wanted, pause_s=0)
    assert _entry(tmp_path, "videos/unavailable-1") == ("video", "failed", "unavailable")
    fetch_all(server, tmp_path, wanted, pause_s=0)
    assert _entry(tmp_path, "videos/unavailable-1") == ("video", "gone", "unavailable")
    fetch_all(server, tmp_path, wanted, pause_s=0)
    assert site == [w.path for w in wanted] + [w.path for w in wanted[:2]] + [wanted[1].path]
    assert Register.read(tmp_path).get("videos/blocked-2").attempts == 3  # type: ignore[union-attr]


def test_a_site_that_refuses_everybody_is_left_alone(server: Server, tmp_path: Path, site: list[str]) -> None:
    told = Told()
    fetch_all(server, tmp_path, _videos("done-0", *[f"blocked-{n}" for n in range(9)]), told, pause_s=0)
    assert len(site) == 6
    assert "wait for the next run" in told.lines[-1]


def test_no_more_videos_than_asked_for(server: Server, tmp_path: Path, site: list[str]) -> None:
    fetch_all(server, tmp_path, _videos("done-1", "done-2", "done-3"), max_videos=2, pause_s=0)
    assert site == ["videos/done-1", "videos/done-2"]
    assert _entry(tmp_path, "videos/done-3") == ("video", "failed", "not-asked")


def test_a_video_folder_that_cannot_be_written_to(server: Server, tmp_path: Path) -> None:
    pytest.importorskip("yt_dlp")
    (tmp_path / "videos").write_bytes(b"a file")
    (tmp_path / "outside").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "outside")
    wanted = [SiteVideo("videos/1", f"{server.base}/1"), SiteVideo("linked/2", f"{server.base}/2")]
    assert fetch_all(server, tmp_path, wanted, pause_s=0).n_failed == 2
    assert _entry(tmp_path, "videos/1") == ("video", "failed", "disk")
    assert _entry(tmp_path, "linked/2") == ("video", "failed", "link")


def test_pauses_are_between_requests_alone(
    server: Server, tmp_path: Path, site: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(fetch_videos.time, "sleep", pauses.append)
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos/done-1.webm").write_bytes(b"brought")
    fetch_all(server, tmp_path, _videos("done-1", "done-2", "done-3"), pause_s=7)
    assert (site, pauses) == (["videos/done-2", "videos/done-3"], [0, 7])
    assert _entry(tmp_path, "videos/done-1") == ("video", "done", "")
