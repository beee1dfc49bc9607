"""PHOENIX-2014T: its published layout with all its traps."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
from pathlib import Path

import pytest

from prompt2sign.acquire.unpack import unpack
from prompt2sign.acquire.wanted import RemoteArchive
from prompt2sign.corpora.base import Source
from prompt2sign.corpora.phoenix14t import Phoenix14TCorpus
from prompt2sign.errors import FormatError, UsageError
from prompt2sign.options import FetchOptions, SplitOptions
from prompt2sign.records import Clip

from .corpora_made import asking
from .corpora_made import phoenix14t as made_phoenix
from .corpora_made.asking import check_wanted, counts, reasons
from .corpora_made.pinned import pinned

PHOENIX = Phoenix14TCorpus()


def source_of(root: Path | None, **fields) -> Source:
    return asking.source_of(root, "GSL", **fields)


HEADER = "name|video|start|end|speaker|orth|translation\n"


def phoenix_row(name: str, text: str = "und nun das wetter .") -> str:
    return f"{name}|{name}/1/*.png|-1|-1|Signer08|JETZT WETTER|{text}\n"


@pytest.fixture
def phoenix(tmp_path) -> Path:
    """The published tree with one to two sentences a split; gives `PHOENIX-2014-T`."""
    home = tmp_path / "PHOENIX-2014-T-release-v3" / "PHOENIX-2014-T"
    (home / "annotations/manual").mkdir(parents=True)
    for split, names in {"train": ["t1", "t2"], "dev": ["d1"], "test": ["e1"]}.items():
        table = home / f"annotations/manual/PHOENIX-2014-T.{split}.corpus.csv"
        table.write_text(HEADER + "".join(map(phoenix_row, names)), encoding="utf-8")
        for name in names:
            frames = home / "features/fullFrame-210x260px" / split / name
            frames.mkdir(parents=True)
            for number in (1, 2):
                (frames / f"images{number:04d}.png").write_bytes(b"12345")
            (frames / "createDnnTrainingLabels-profile.py.lprof").write_bytes(b"")
    return home


def test_phoenix_clip(phoenix):
    clips = list(PHOENIX.clips(source_of(phoenix)))
    assert [(clip.clip_id, clip.split) for clip in clips] == [
        ("t1", "train"),
        ("t2", "train"),
        ("d1", "dev"),
        ("e1", "test"),
    ]
    assert clips[2] == Clip(
        clip_id="d1",
        language="GSL",
        corpus="phoenix14t",
        split="dev",
        text="und nun das wetter .",
        text_raw="und nun das wetter .",
        media=phoenix / "features/fullFrame-210x260px/dev/d1",
        fps=25.0,
        width=210,
        height=260,
        signer="Signer08",
        gloss="JETZT WETTER",
        video="d1",
    )


@pytest.mark.parametrize("place", ["../..", "..", ".", "annotations/manual", "features/fullFrame-210x260px/dev"])
def test_phoenix_is_found_from_anywhere_around(phoenix, place):
    assert len(list(PHOENIX.clips(source_of((phoenix / place).resolve())))) == 4


def test_phoenix_plan(phoenix):
    plan = PHOENIX.plan(source_of(phoenix))
    assert (plan.n_clips, plan.n_bytes, plan.missing, plan.notes) == (4, 40, (), ())
    (phoenix / "annotations/manual/PHOENIX-2014-T.dev.corpus.csv").unlink()
    (phoenix / "annotations/manual/PHOENIX-2014-T.test.corpus.csv").unlink()
    plan = PHOENIX.plan(source_of(phoenix))
    assert plan.n_clips == 2
    assert plan.notes == ("No annotation file for dev and test: only the other splits are built.",)


def test_phoenix_complex_glosses_where_there_are_no_others(phoenix):
    manual = phoenix / "annotations/manual"
    plain = manual / "PHOENIX-2014-T.train.corpus.csv"
    other = manual / "PHOENIX-2014-T.train-complex-annotation.corpus.csv"
    other.write_text(plain.read_text().replace("JETZT", "__ON__ JETZT"))
    assert next(iter(PHOENIX.clips(source_of(phoenix)))).gloss == "JETZT WETTER"
    plain.unlink()
    assert next(iter(PHOENIX.clips(source_of(phoenix)))).gloss == "__ON__ JETZT WETTER"


def test_phoenix_bad_rows(phoenix):
    table = phoenix / "annotations/manual/PHOENIX-2014-T.dev.corpus.csv"
    rows = [
        phoenix_row("gone"),
        phoenix_row("d1", " "),
        phoenix_row("d1", '"ja" sagt er'),
        phoenix_row("d1"),
        phoenix_row("../train/t1"),
        phoenix_row(".."),
        phoenix_row("d1/1"),
        phoenix_row(""),
        "a|b|c|d|e|f|g|h\n",
    ]
    table.write_text(HEADER + "".join(rows), encoding="utf-8")
    found = list(PHOENIX.clips(source_of(phoenix)))[2:-1]
    assert reasons(found) == [
        ("gone", "frames-missing"),
        ("d1", "text-missing"),
        ("d1", ""),
        ("d1", "duplicate-id"),
        ("../train/t1", "unsafe-path"),
        ("..", "unsafe-path"),
        ("d1/1", "unsafe-path"),
        ("PHOENIX-2014-T.dev.corpus.csv, line 9", "unsafe-path"),
        ("PHOENIX-2014-T.dev.corpus.csv, line 10", "bad-row"),
    ]
    assert found[2].text == '"ja" sagt er'
    assert "line 2" in found[0].message


def test_phoenix_frames_moved_to_match_the_column(phoenix):
    frames = phoenix / "features/fullFrame-210x260px/dev/d1"
    (frames / "1").mkdir()
    for picture in sorted(frames.glob("*.png")):
        picture.rename(frames / "1" / picture.name)
    clip = next(clip for clip in PHOENIX.clips(source_of(phoenix)) if clip.clip_id == "d1")
    assert clip.media == frames / "1"


def test_phoenix_archive(phoenix, tmp_path):
    archive, scratch = tmp_path / "phoenix-2014-T.v3.tar.gz", tmp_path / "work/source"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(phoenix.parent, arcname=phoenix.parent.name)
    shutil.rmtree(phoenix.parent)
    source = source_of(archive, scratch=scratch)
    plan = PHOENIX.plan(source)
    assert (plan.n_clips, plan.n_bytes) == (8_257, archive.stat().st_size)
    assert "unpacked" in plan.notes[0]
    assert not scratch.exists()
    clips = list(PHOENIX.clips(source))
    assert [clip.clip_id for clip in clips] == ["t1", "t2", "d1", "e1"]
    assert clips[0].media.is_relative_to(scratch)
    written = clips[0].media.stat().st_mtime_ns
    assert PHOENIX.plan(source).n_clips == 4
    assert list(PHOENIX.clips(source)) == clips
    assert clips[0].media.stat().st_mtime_ns == written


def test_phoenix_archive_that_climbs_out(tmp_path):
    archive = tmp_path / "evil.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("../evil")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(FormatError, match="evil"):
        list(PHOENIX.clips(source_of(archive, scratch=tmp_path / "deep/scratch")))
    assert not (tmp_path / "deep/evil").exists()


@pytest.mark.shared
def test_phoenix_real_annotations(shared_data, tmp_path):
    manual = tmp_path / "annotations/manual"
    manual.mkdir(parents=True)
    for name in ("PHOENIX-2014-T.test.corpus.csv", "PHOENIX-2014-T.train-complex-annotation.corpus.csv"):
        shutil.copy(shared_data / "phoenix14t" / name, manual)
    for split, table in zip(("test", "train"), sorted(manual.iterdir()), strict=True):
        for line in table.read_text(encoding="utf-8").splitlines()[1:]:
            frames = tmp_path / "features/fullFrame-210x260px" / split / line.split("|")[0]
            frames.mkdir(parents=True)
            (frames / "images0001.png").touch()
    found = list(PHOENIX.clips(source_of(tmp_path)))
    assert [clip.split for clip in found if isinstance(clip, Clip)] == ["train"] * 7_096 + ["test"] * 642
    assert not any(set(clip.text) & set('"\ufeff|') or clip.text != clip.text_raw.strip() for clip in found)
    clips = {clip.clip_id: clip for clip in found}
    assert len(clips) == len(found)
    first = clips["11August_2010_Wednesday_tagesschau-1"]
    assert first.text == "und nun die wettervorhersage für morgen donnerstag den zwölften august ."
    assert first.gloss == "__ON__ JETZT WETTER MORGEN DONNERSTAG ZWOELF FEBRUAR __OFF__"
    last = clips["21August_2010_Saturday_tagesschau-8822"]
    assert last.text == "heute nacht neunzehn bis fünfzehn grad im südosten bis zwölf grad"
    assert (last.split, last.signer) == ("test", "Signer05")


def test_phoenix_says_what_to_fetch():
    (archive,) = PHOENIX.wanted(source_of(None))
    check_wanted([archive])
    assert isinstance(archive, RemoteArchive)
    (part,) = archive.parts
    # The one published checksum is that of the tar without gzip; nobody published one of what the server sends.
    assert (part.sizes, part.sha256) == ((41_699_758_035, 43_246_233_600), ())
    assert part.unzipped_sha256.startswith("eb1e6b3d") and part.broken_chain
    with pytest.raises(UsageError, match="no variant 'clips'; it comes in one form"):
        PHOENIX.wanted(source_of(None, fetch=FetchOptions(variant="clips")))


@pytest.mark.parametrize("form", ["as published", "unzipped on the way"])
def test_phoenix_made_copy_as_fetched_and_as_brought(tmp_path, form):
    made = made_phoenix.make(tmp_path / "made")
    source = source_of(made.root)
    brought = list(PHOENIX.clips(source))
    assert counts(brought) == (made.n_clips, made.n_rejected)
    assert [entry.text for entry in brought if isinstance(entry, Clip)][
        1
    ] == 'der wind "brillant" genannt kommt schnell .'
    assert sum(path.stat().st_size for path in made.served.values()) < 1_000_000

    (archive,) = pinned(PHOENIX.wanted(source), made)
    came = made.served[archive.parts[0].url].read_bytes()
    plain = gzip.decompress(came)
    assert hashlib.sha256(plain).hexdigest() == archive.parts[0].unzipped_sha256
    fetched = tmp_path / "downloads" / "phoenix14t"
    fetched.mkdir(parents=True)
    (fetched / archive.parts[0].path).write_bytes(came if form == "as published" else plain)
    unpack([fetched / archive.parts[0].path], fetched / archive.into)
    assert reasons(PHOENIX.clips(source_of(fetched, fetched=fetched))) == reasons(brought)


def test_phoenix_table_given_by_hand(phoenix, tmp_path):
    """Glosses with marks stay as they are; the other splits come from the corpus."""
    table = tmp_path / "PHOENIX-2014-T.train-complex-annotation.corpus.csv"
    table.write_text(HEADER + phoenix_row("t2").replace("JETZT", "__ON__ loc-NORD"), encoding="utf-8")
    found = list(PHOENIX.clips(source_of(phoenix, text=table)))
    assert [(clip.clip_id, clip.gloss) for clip in found][:2] == [
        ("t2", "__ON__ loc-NORD WETTER"),
        ("d1", "JETZT WETTER"),
    ]
    shutil.rmtree(phoenix / "annotations")
    assert reasons(PHOENIX.clips(source_of(phoenix, text=table))) == [("t2", "")]
    unnamed = table.rename(tmp_path / "mine.csv")
    with pytest.raises(UsageError, match="its name must say its split"):
        list(PHOENIX.clips(source_of(phoenix, text=unnamed)))


def test_phoenix_is_parted_anew_by_signer_when_asked(phoenix):
    """All made sentences have one signer, so that all stay together."""
    clips = list(PHOENIX.clips(source_of(phoenix, splits=SplitOptions(rule="signer"))))
    assert {clip.split for clip in clips} == {"train"}


def test_phoenix_takes_no_keypoints(phoenix, tmp_path):
    for door in (PHOENIX.plan, lambda source: list(PHOENIX.clips(source))):
        with pytest.raises(UsageError, match="phoenix14t is built from its videos and takes no --keypoints"):
            door(source_of(phoenix, keypoints=tmp_path))
