"""FocusNews and SRF: broadcasts with subtitles, from Zenodo with a key or from a copy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from prompt2sign.acquire.fetch import fetch
from prompt2sign.acquire.wanted import RemoteArchive, RemoteFile
from prompt2sign.corpora.base import Source
from prompt2sign.corpora.focusnews import FocusNewsCorpus
from prompt2sign.corpora.srf import SrfCorpus
from prompt2sign.corpora.zenodo import record_wanted
from prompt2sign.errors import MissingError, UsageError
from prompt2sign.languages import get_language
from prompt2sign.options import CueOptions, FetchOptions, SplitOptions
from prompt2sign.records import Clip, Rejection

from .corpora_made import focusnews, srf
from .corpora_made.broadcasts import SUBTITLES, broadcast, public_parts, write_openpose
from .corpora_made.material import written
from .server import Server

FOCUSNEWS, SRF = FocusNewsCorpus(), SrfCorpus()


def source_of(root: Path | None, **changes) -> Source:
    plain = Source(language=get_language("DSGS"), root=root, text=None, keypoints=None, scratch=Path("unused"))
    return replace(plain, fetched=root, **changes)


def entries_of(corpus, source: Source) -> tuple[list[Clip], list[Rejection]]:
    found = list(corpus.clips(source))
    return [e for e in found if isinstance(e, Clip)], [e for e in found if isinstance(e, Rejection)]


# What is wanted ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corpus", [FOCUSNEWS, SRF])
def test_without_a_key(corpus, tmp_path):
    assert corpus.wanted(source_of(tmp_path)) == ()
    dev, test = corpus.wanted(source_of(tmp_path, fetch=FetchOptions(variant="dev")))
    assert dev.parts[0].url.endswith("/wmtslt/dev/dev.v3.0.tar.gz") and not dev.parts[0].optional
    assert test.parts[0].url.endswith("/wmtslt/test/test_sources.v3.0.tar.gz") and test.parts[0].optional
    (missing,) = corpus.plan(source_of(None)).missing
    assert "https://zenodo.org/record/" in missing and "fetch.token" in missing and "--from" in missing
    assert not corpus.facts.redistribute_motion and not corpus.facts.redistribute_video


@pytest.mark.parametrize(
    ("corpus", "variant", "records"),
    [(FOCUSNEWS, "", ["6631159"]), (SRF, "", ["6637392"]), (SRF, "keypoints", ["6631275", "6637392"])],
)
def test_the_records_of_a_key(corpus, variant, records, tmp_path):
    wanted = corpus.wanted(source_of(tmp_path, fetch=FetchOptions(token="KEY", variant=variant)))
    assert [file.url for file in wanted[2:]] == [f"https://zenodo.org/api/records/{number}" for number in records]
    assert "KEY" not in repr(wanted)


def listed(folder: Path, *files: dict) -> list:
    (folder / "zenodo-1.json").write_text(json.dumps({"files": files}))
    return list(record_wanted(folder, "1", (".tar.xz",)))[1:]


def entry(key: str, url: str = "https://zenodo.org/api/files/x", **values) -> dict:
    return {"key": key, "links": {"self": url}, **values}


def test_the_files_of_a_record(tmp_path):
    checksum = "095e15edd6bd39950727c6c2692ed727"
    focus, readme, poses = listed(
        tmp_path,
        entry("focusnews.zip", size=18_502_247_314, checksum=f"md5:{checksum}"),
        entry("README.txt", size=-1, checksum="sha1:00"),
        entry("srf.2020-03-13.openpose.tar.xz", checksum=checksum),
    )
    part = RemoteFile(
        "archives/1/focusnews.zip", "https://zenodo.org/api/files/x", sizes=(18_502_247_314,), md5=checksum
    )
    assert focus == RemoteArchive((part,), into="1/focusnews")
    assert (readme.path, readme.sizes, readme.md5) == ("archives/1/README.txt", (), "")
    assert (poses.path, poses.md5) == ("archives/1/srf.2020-03-13.openpose.tar.xz", checksum)


@pytest.mark.parametrize(
    "bad",
    [
        entry("../evil.zip"),
        entry(".hidden"),
        entry(""),
        entry(3),
        entry("x.zip", url="https://evil.example/x.zip"),
        entry("x.zip", url="https://zenodo.org.evil.example/x.zip"),
        entry("x.zip", url=None),
        {"key": "x.zip"},
        ["x.zip"],
    ],
)
def test_a_hostile_list(tmp_path, bad):
    with pytest.raises(UsageError, match=r"zenodo-1\.json: is no list of files.*--from"):
        listed(tmp_path, bad)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', "<html>", '{"files": {"key": "x"}}'])
def test_a_list_that_is_none(tmp_path, text):
    (tmp_path / "zenodo-1.json").write_text(text)
    with pytest.raises(UsageError, match="is no list of files of a Zenodo record"):
        list(record_wanted(tmp_path, "1"))


def test_a_key_that_opens_nothing(tmp_path):
    with pytest.raises(MissingError, match=r"the key \(fetch.token\) does not open the record"):
        listed(tmp_path)


@pytest.mark.parametrize(("corpus", "made"), [(FOCUSNEWS, focusnews), (SRF, srf)])
def test_fetched_with_a_key(corpus, made, tmp_path):
    local = made.make(tmp_path / "local")
    with Server() as server:
        for url, path in made.served_with_key(tmp_path / "publisher").items():
            server.serve(url, path)
        options = FetchOptions(mirrors=server.mirrors(), retries=0, token="KEY")
        source = source_of(tmp_path / "fetched", fetch=options)
        fetch(lambda: corpus.wanted(source), tmp_path / "fetched", options)
    clips, rejected = entries_of(corpus, source)
    train = [clip for clip in clips if clip.split == "train"]
    assert [clip.clip_id for clip in train] == [clip.clip_id for clip in entries_of(corpus, source_of(local.root))[0]]
    assert len(clips) == local.n_clips + 2 and {clip.split for clip in clips} == {"train", "dev"}
    assert not any("srf" in clip.clip_id for clip in clips if corpus is FOCUSNEWS)
    assert rejected[-1].clip_id.startswith("test/dsgs-de/") and rejected[-1].reason == "text-missing"


def test_the_public_parts_alone(tmp_path):
    with Server() as server:
        for url, path in public_parts(tmp_path / "publisher").items():
            server.serve(url, path)
        options = FetchOptions(mirrors=server.mirrors(), retries=0, variant="dev")
        source = source_of(tmp_path / "fetched", fetch=options)
        fetch(lambda: SRF.wanted(source), tmp_path / "fetched", options)
    clips, _ = entries_of(SRF, source)
    assert [(clip.clip_id, clip.split) for clip in clips] == [
        ("srf.2021-01-01_200-1600", "dev"),
        ("srf.2021-01-01_1700-3400", "dev"),
    ]


# Clips -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("corpus", "made"), [(FOCUSNEWS, focusnews), (SRF, srf)])
def test_clips(corpus, made, tmp_path):
    local = made.make(tmp_path)
    clips, rejected = entries_of(corpus, source_of(local.root))
    assert (len(clips), len(rejected)) == (local.n_clips, local.n_rejected)
    assert (clips[0].text, clips[0].start_s, clips[0].end_s) == ("Guten Abend, meine Damen und Herren.", 0.2, 1.6)
    assert clips[1].text == "Heute schneit es in den Bergen."
    assert clips[0].media.is_file() and clips[0].video.endswith(".mp4") and clips[0].corpus == corpus.facts.name
    assert {entry.reason for entry in rejected} <= {"bad-times", "text-missing", "video-missing"}
    assert "`prompt2sign align`" in corpus.plan(source_of(local.root)).notes[-1]
    shifted = source_of(local.root, cues=CueOptions(offset_s=0.1))
    assert entries_of(corpus, shifted)[0][0].start_s == pytest.approx(0.3)


def test_no_video_is_in_two_splits(tmp_path):
    for number in range(10):
        broadcast(tmp_path, f"focusnews.{number:03d}", 5)
    clips, _ = entries_of(FOCUSNEWS, source_of(tmp_path, splits=SplitOptions(dev=0.2, test=0.2)))
    splits = {clip.video: {other.split for other in clips if other.video == clip.video} for clip in clips}
    assert all(len(found) == 1 for found in splits.values())
    assert {split for found in splits.values() for split in found} == {"train", "dev", "test"}


def test_segmented_subtitles_win(tmp_path):
    broadcast(tmp_path / "a", "srf.2020-01-01", 5)
    written(tmp_path / "segmented subtitles/srf.2020-01-01.srt", SUBTITLES.replace("Guten Abend", "Guten Morgen"))
    broadcast(tmp_path / "b", "srf.2020-01-02", 5)
    written(tmp_path / "original/srf.2020-01-02.srt", SUBTITLES)
    written(tmp_path / "b/subtitles/srf.2020-01-03.srt", "")
    clips, rejected = entries_of(SRF, source_of(tmp_path))
    assert clips[0].text == "Guten Morgen, meine Damen und Herren." and len(clips) == 2
    assert [(e.clip_id, e.reason) for e in rejected if "line" not in e.clip_id] == [
        ("srf.2020-01-02", "ambiguous-name"),
        ("srf.2020-01-03", "video-missing"),
        ("b/videos/srf.2020-01-02", "text-missing"),
    ]


def test_a_wrong_folder(tmp_path):
    with pytest.raises(UsageError, match=r"holds no video\. Expected is focusnews/videos"):
        entries_of(FOCUSNEWS, source_of(tmp_path))
    (tmp_path / "focusnews.001.mp4").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"holds no subtitles \(\.srt\)"):
        entries_of(FOCUSNEWS, source_of(tmp_path))
    with pytest.raises(UsageError, match="not GSL"):
        entries_of(FOCUSNEWS, source_of(tmp_path, language=get_language("GSL")))


def test_clips_of_keypoints(tmp_path):
    broadcast(tmp_path, "srf.2020-03-13", 3)
    write_openpose(tmp_path / "openpose/srf.2020-03-13.openpose.tar.xz", 5)
    write_openpose(tmp_path / "openpose/srf.2020-03-14.openpose.tar.xz", 1)
    clips, rejected = entries_of(SRF, source_of(tmp_path, fetch=FetchOptions(variant="keypoints")))
    assert clips[0].keypoints == tmp_path / "openpose/srf.2020-03-13.openpose.tar.xz"
    assert (clips[0].keypoints_member, clips[0].fps, clips[0].media) == ("5-40", 25.0, None)
    assert rejected[-1].reason == "text-missing" and "srf.2020-03-14" in rejected[-1].message


def test_keypoints_need_a_video_to_tell_the_rate(tmp_path):
    broadcast(tmp_path, "focusnews.001", 3)
    written(tmp_path / "subtitles/focusnews.002.srt", SUBTITLES)
    for name in ("focusnews.001", "focusnews.002"):
        write_openpose(tmp_path / f"poses/{name}.openpose.tar.xz", 5)
    clips, rejected = entries_of(FOCUSNEWS, source_of(tmp_path, keypoints=tmp_path / "poses"))
    assert [(clip.keypoints_member, clip.fps) for clip in clips] == [("5-40", 25.0), ("43-85", 25.0)]
    assert [e.reason for e in rejected if "focusnews.002" in e.clip_id][:2] == ["no-fps", "no-fps"]
