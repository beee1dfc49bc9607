"""`prompt2sign report`: what is written, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prompt2sign.cli.report  # noqa: F401  (registers the command)
from prompt2sign.errors import FormatError, UsageError
from prompt2sign.formats.shards import Source
from prompt2sign.loaders import open_release
from prompt2sign.pipeline.ledger import Ledger
from prompt2sign.pipeline.work import WorkFolder
from prompt2sign.records import Receipt
from prompt2sign.release.inspect import inspect_release
from prompt2sign.release.place import release_at
from prompt2sign.report import ReportOptions, write_report
from prompt2sign.report import write as writing
from prompt2sign.report.chunks import to_json
from prompt2sign.report.measures import MEASURES, badness
from prompt2sign.report.tracks import track

from .made import build_arguments, files_of, made_corpus, run_here
from .reporting import CLOSED, HOSTILE, columns, data, hostile_row, release, row, signing


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A release and its work folder."""
    folder = tmp_path_factory.mktemp("built")
    done = run_here(
        *build_arguments(made_corpus(folder / "corpus", n_clips=6), folder / "work", folder / "release"), "--jobs", "1"
    )
    assert done.code == 0, done.err
    return folder / "release", folder / "work"


def unpacked(found: dict[str, object]) -> tuple[np.ndarray, np.ndarray]:
    """The points of a track and which were seen, as the page unpacks them."""
    frames, points, axes = (int(found[name]) for name in ("frames", "points", "axes"))
    planes = np.frombuffer(zlib.decompress(base64.b64decode(found["values"])), np.uint8).reshape(2, -1)
    change = np.ascontiguousarray(planes.T).reshape(-1).view("<i2").reshape(frames, points, axes)
    bits = np.frombuffer(zlib.decompress(base64.b64decode(found["seen"])), np.uint8)
    seen = np.unpackbits(bits, count=frames * points, bitorder="little").astype(bool).reshape(frames, points)
    return np.cumsum(change, axis=0, dtype=np.int16) * float(found["step"]), seen


class TestContent:
    def test_counts_agree_with_inspect(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        written = write_report(built[0], tmp_path / "out")
        report, inspected = data(tmp_path / "out", "report"), inspect_release(built[0])
        assert written.n_clips == report["clips"] == inspected["clips"] == 6
        for group, other in zip(report["groups"], inspected["groups"], strict=True):
            for name in ("lang", "split", "clips", "frames", "signers", "vocabulary"):
                assert group[name] == other[name]
            assert group["hours"] == pytest.approx(other["hours"], abs=1e-4)
        assert written.n_bytes == sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())

    def test_coverage_is_of_the_train_split(self, tmp_path: Path) -> None:
        some = signing()
        texts = {"a": ("train", "eins zwei"), "b": ("test", "zwei drei vier zwei"), "c": ("dev", "eins")}
        made = release(tmp_path / "r", (row(n, split=s, text=t, motion=some) for n, (s, t) in texts.items()))
        write_report(made, tmp_path / "out")
        groups = {group["split"]: group for group in data(tmp_path / "out", "report")["groups"]}
        assert (groups["test"]["covered"], groups["dev"]["covered"]) == (0.5, 1.0)
        assert (groups["test"]["vocabulary"], groups["test"]["once"], groups["test"]["words"]) == (3, 2, 4)

    def test_motion_comes_back_to_half_a_step(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        write_report(built[0], tmp_path / "out")
        clips = data(tmp_path / "out", "clips/00001")
        for clip, entry in zip(open_release(built[0]), clips, strict=True):
            xyz, seen = unpacked(entry["motion"])
            assert np.abs(xyz - clip.motion).max() <= 0.5001 * entry["motion"]["step"]
            assert (seen == clip.observed).all()
            assert entry["prompts"] == list(clip.prompts)

    def test_clips_are_found_in_their_chunks(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("prompt2sign.report.clip_chunks._TRACK_BYTES_A_CHUNK", 12_000)
        monkeypatch.setattr("prompt2sign.report.clip_chunks._WORDS_A_CHUNK", 4)
        motions = [signing(20 + 3 * i, seed=i) for i in range(9)]
        made = release(tmp_path / "r", (row(f"c{i}", motion=motion) for i, motion in enumerate(motions)))
        write_report(made, tmp_path / "out")
        report = data(tmp_path / "out", "report")
        ids = [name for n in range(report["words_chunks"]) for name in data(tmp_path / "out", f"words-{n + 1:04}")[0]]
        assert ids == [f"c{i}" for i in range(9)] and report["words_chunks"] == 3 and len(report["starts"]) > 2
        for chunk, start in enumerate(report["starts"]):
            for offset, entry in enumerate(data(tmp_path / "out", f"clips/{chunk + 1:05}")):
                assert entry["motion"]["frames"] == motions[start + offset].n_frames

    def test_worst_clips_come_first(self, tmp_path: Path) -> None:
        some = signing()
        odd = {"c3": {"jitter": 0.5}, "c7": {"left_hand_rate": 0.1, "right_hand_rate": 0.2}, "c5": {"fit_error": 0.2}}
        rows = (row(f"c{i}", motion=some, quality=odd.get(f"c{i}", {})) for i in range(40))
        write_report(release(tmp_path / "r", rows), tmp_path / "out")
        report, numbers = data(tmp_path / "out", "report"), columns(data(tmp_path / "out", "numbers"))
        assert set(report["worst"][:3]) == {3, 5, 7}
        named = {place: MEASURES[numbers["worst_measure"][place]].name for place in (3, 5, 7)}
        assert named == {3: "jitter", 5: "fit_error", 7: "hand_rate"}

    def test_a_jump_shows_in_the_fastest_joint(self, tmp_path: Path) -> None:
        motion = signing()
        xyz = motion.xyz.copy()
        xyz[10, 7] += [3.0, 0.0, 0.0]
        made = release(tmp_path / "r", [row("still", motion=motion), row("jump", motion=replace(motion, xyz=xyz))])
        write_report(made, tmp_path / "out")
        top = columns(data(tmp_path / "out", "numbers"))["top_speed"]
        step = np.linalg.norm(xyz[10, 7] - xyz[9, 7]) * motion.fps
        assert top[1] == pytest.approx(max(step, np.linalg.norm(xyz[11, 7] - xyz[10, 7]) * motion.fps), rel=1e-3)
        assert top[1] > 10 * top[0]

    def test_what_is_unknown_is_nobodys_worst(self) -> None:
        values = np.full((5, len(MEASURES)), np.nan)
        bad, measure = badness(values)
        assert (bad == 0).all() and (measure == -1).all()
        values[:, 5] = [0.1, 0.1, 0.1, 0.9, np.nan]
        bad, measure = badness(values)
        assert bad.argmax() == 3 and measure.tolist() == [5, 5, 5, 5, -1]

    def test_rejected_clips_with_stage_and_reason(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        made = shutil.copytree(built[0], tmp_path / "r")
        (made / "release.json").unlink()
        names = ("clip_id", "stage", "status", "reason", "message")
        rows = [("x", "trim", "failed", "no-video", "gone"), ("y", "keep", "dropped", "jitter", "trembles")] * 1500
        pq.write_table(
            pa.Table.from_pylist([dict(zip(names, r, strict=True)) for r in rows]), made / "rejected.parquet"
        )
        write_report(made, tmp_path / "out")
        assert data(tmp_path / "out", "report")["rejected"] == {
            "chunks": 2, "clips": 3000, "reasons": [["keep", "jitter", 1500], ["trim", "no-video", 1500]],
        }  # fmt: skip
        assert data(tmp_path / "out", "rejected-0002")[-1] == ["y", "keep", "jitter", "trembles"]

    def test_same_bytes_each_time(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        options = ReportOptions(against=built[0], beside=built[0], work=built[1])
        for name in ("one", "two"):
            write_report(built[0], tmp_path / name, options)
        assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


class TestHostile:
    def test_no_text_can_end_a_script(self, tmp_path: Path) -> None:
        write_report(release(tmp_path / "r", [hostile_row()]), tmp_path / "out")
        for path in (tmp_path / "out" / "data").rglob("*.js"):
            script = path.read_bytes()
            assert not any(mark in script for mark in (b"<", b">", b"\xe2\x80\xa8", b"\xe2\x80\xa9"))
        assert data(tmp_path / "out", "words-0001")[1] == ["".join(HOSTILE)]

    @given(st.recursive(st.text() | st.floats(), lambda inner: st.lists(inner, max_size=4), max_leaves=8))
    def test_json_says_the_same_and_is_safe(self, value: object) -> None:
        import orjson

        text = to_json(value)
        assert not any(mark in text for mark in (b"<", b">", b"&", "\u2028".encode(), "\u2029".encode()))
        assert orjson.loads(text) == orjson.loads(orjson.dumps(value))

    @given(st.integers(1, 6), st.integers(1, 5), st.floats(1e-3, 1e4), st.integers(0, 2**32 - 1))
    def test_any_track_comes_back(self, frames: int, points: int, size: float, seed: int) -> None:
        random = np.random.default_rng(seed)
        values, seen = random.uniform(-size, size, (frames, points, 3)), random.random((frames, points)) < 0.5
        found = track(values, seen, 25.0, 1e-3)
        xyz, known = unpacked(found)
        assert np.abs(xyz - values).max() <= 0.5001 * found["step"] and (known == seen).all()

    @pytest.mark.parametrize(
        "path", ["../secret.mp4", "/etc/hostname.mp4", "videos/link.mp4", "videos/\0.mp4", "videos/a.html"]
    )
    def test_only_videos_of_the_release_itself(self, path: str, tmp_path: Path) -> None:
        (tmp_path / "r" / "videos").mkdir(parents=True)
        (tmp_path / "secret.mp4").write_bytes(b"secret")
        (tmp_path / "r" / "videos" / "a.html").write_bytes(b"page")
        (tmp_path / "r" / "videos" / "link.mp4").symlink_to(tmp_path / "secret.mp4")
        made = release(tmp_path / "r", [row("a", source=Source(clip_path=path))])
        for local in (False, True):
            assert write_report(made, tmp_path / "out", ReportOptions(local=local)).n_videos == 0
            assert data(tmp_path / "out", "clips/00001")[0]["video"] == ""

    def test_a_damaged_release_is_named(self, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a")])
        shard = made / "data" / "train-00000.parquet"
        shard.write_bytes(shard.read_bytes()[:-20])
        with pytest.raises(FormatError, match="train-00000"):
            write_report(made, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_damaged_list_of_rejected_clips(self, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a")])
        (made / "rejected.parquet").write_bytes(b"PAR1 nothing PAR1")
        with pytest.raises(FormatError, match=r"rejected\.parquet"):
            write_report(made, tmp_path / "out")

    @pytest.mark.parametrize(
        "rows", [[("x", None, "gone", "m")], [("x", b"\xff", "gone", "m")], [("x", {"a": 1}, "b", "m")]]
    )
    def test_rejected_clips_that_are_no_text(self, rows: list[tuple[object, ...]], tmp_path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        made, names = release(tmp_path / "r", [row("a")]), ("clip_id", "stage", "reason", "message")
        table = pa.Table.from_pylist([dict(zip(names, values, strict=True)) for values in rows])
        pq.write_table(table, made / "rejected.parquet")
        with pytest.raises(FormatError, match=r"rejected\.parquet: .* must all be text"):
            write_report(made, tmp_path / "out")

    def test_one_id_twice_or_no_frame_rate(self, tmp_path: Path) -> None:
        some = signing()
        for name, rows, words in (
            ("twice", [row("a", motion=some), row("a", motion=some)], "stands twice"),
            ("slow", [row("a", motion=replace(some, fps=1e-30))], "frames per second"),
        ):
            with pytest.raises(FormatError, match=words):
                write_report(release(tmp_path / name, rows), tmp_path / "out")

    def test_text_that_is_no_text(self, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("abcdefgh")])
        shard = made / "data" / "train-00000.parquet"
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pq.read_table(shard)
        place = table.schema.get_field_index("text_raw")
        bad = pa.array([b"\xff\xfe"], pa.binary()).cast(table.schema.field(place).type, safe=False)
        pq.write_table(table.set_column(place, table.schema.field(place), bad), shard)
        with pytest.raises(FormatError, match="train-00000"):
            write_report(made, tmp_path / "out")

    def test_numbers_and_names_without_end(self, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a")])
        said = {"corpus": {"title": "half \ud800"}, "options": {"keep": {"max_x": 10**40, "max_jitter": 0.5}}}
        head = {"format": "prompt2sign-release", "version": 1, "files": []}
        (made / "release.json").write_text(json.dumps(head | said))
        write_report(made, tmp_path / "out")
        facts = data(tmp_path / "out", "report")["facts"]
        assert facts["bounds"] == [["max-jitter", 0.5]] and facts["title"] == "half ?"

    @pytest.mark.parametrize(
        "manifest",
        ['{"corpus": 7, "options": [], "estimators": {"a": null}}', '{"options": {"keep": {"max_jitter": "x"}}}'],
    )
    def test_a_manifest_may_say_anything(self, manifest: str, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a")])
        start = '{"format": "prompt2sign-release", "version": 1, "files": [], '
        (made / "release.json").write_text(start + manifest[1:])
        write_report(made, tmp_path / "out")
        assert data(tmp_path / "out", "report")["facts"]["bounds"] == []


class TestVideos:
    def made(self, tmp_path: Path) -> Path:
        (tmp_path / "r" / "videos").mkdir(parents=True)
        for name in ("a", "b"):
            (tmp_path / "r" / "videos" / f"{name} #.mp4").write_bytes(name.encode())
        rows = [
            row("a", source=Source(clip_path="videos/a #.mp4")),
            row("b", source=Source(clip_path="videos/b #.mp4"), licence=CLOSED),
        ]
        return release(tmp_path / "r", rows)

    def test_copied_where_the_licence_allows(self, tmp_path: Path) -> None:
        written = write_report(self.made(tmp_path), tmp_path / "out")
        assert written.n_videos == 1 and "pass on: 1 of the clips" in written.notes[0]
        assert [clip["video"] for clip in data(tmp_path / "out", "clips/00001")] == ["video/000000.mp4", ""]
        assert {path.name: path.read_bytes() for path in (tmp_path / "out" / "video").iterdir()} == {"000000.mp4": b"a"}

    def test_a_report_of_bound_motion_is_bound_too(self, tmp_path: Path) -> None:
        bound = replace(CLOSED, redistribute_motion=False)
        written = write_report(release(tmp_path / "r", [row("a"), row("b", licence=bound)]), tmp_path / "out")
        assert "motion of 1 of the clips, nor this report" in written.notes[0]
        assert data(tmp_path / "out", "report")["notes"] == list(written.notes)

    def test_linked_with_local(self, tmp_path: Path) -> None:
        written = write_report(self.made(tmp_path), tmp_path / "out", ReportOptions(local=True))
        assert written.n_videos == 2 and "do not pass it on" in written.notes[-1]
        links = [clip["video"] for clip in data(tmp_path / "out", "clips/00001")]
        assert links == ["../r/videos/a%20%23.mp4", "../r/videos/b%20%23.mp4"]
        assert not (tmp_path / "out" / "video").exists()


class TestWork:
    def test_keypoints_of_the_build(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        counts: list[tuple[int, int]] = []
        write_report(built[0], tmp_path / "out", ReportOptions(work=built[1]), lambda *count: counts.append(count))
        assert counts == [(n, 6) for n in range(1, 7)]
        points = [clip["points"] for clip in data(tmp_path / "out", "clips/00001")]
        assert all((found["points"], found["width"], found["height"]) == (137, 800, 600) for found in points)
        assert np.abs(unpacked(points[0])[0]).max() < 1000

    def test_damaged_keypoints_are_told(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        work = shutil.copytree(built[1], tmp_path / "work")
        damaged = sorted(work.rglob("keypoints/*.h5"))[0]
        damaged.write_bytes(b"nothing")
        written = write_report(built[0], tmp_path / "out", ReportOptions(work=work))
        assert damaged.name in written.notes[-1]
        assert [clip["points"] is None for clip in data(tmp_path / "out", "clips/00001")].count(True) == 1

    def test_nothing_is_written_there(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        before = files_of(built[1])
        write_report(built[0], tmp_path / "out", ReportOptions(work=built[1]))
        assert files_of(built[1]) == before

    def test_only_the_video_that_the_release_was_made_from(self, tmp_path: Path) -> None:
        """The licence is about one video; another one with the same id is not shown."""
        digest = hashlib.sha256(b"video").hexdigest()
        folder = WorkFolder(tmp_path / "work" / "gsl" / "test")
        path = folder.output("clips", "a", ".mp4")
        path.parent.mkdir(parents=True)
        path.write_bytes(b"video")
        outputs = {"a": folder.relative(path), "b": "../../../other.mp4", "c": str(tmp_path / "other.mp4")}
        (tmp_path / "other.mp4").write_bytes(b"other")
        other = hashlib.sha256(b"other").hexdigest()
        with Ledger(folder.ledger) as ledger:
            for clip_id, output in outputs.items():
                content = digest if clip_id == "a" else other
                values = {"source_sha256": "s"}
                ledger.write(Receipt(clip_id, "trim", "done", "f", output, content, values=values))

        def shown(source: Source, clip_id: str = "a") -> tuple[int, str]:
            made = release(tmp_path / "r", [row(clip_id, source=source)])
            written = write_report(made, tmp_path / "out", ReportOptions(work=tmp_path / "work"))
            shutil.rmtree(made)
            return written.n_videos, " ".join(written.notes)

        assert shown(Source(sha256="s")) == (1, "")
        assert shown(Source(sha256="s", clip_sha256=digest))[0] == 1
        for source, words in ((Source(sha256="t"), "another video"), (Source(), "another video")):
            n_videos, notes = shown(source)
            assert n_videos == 0 and words in notes
        assert shown(Source(sha256="s", clip_sha256="x"))[0] == 0
        for clip_id in ("b", "c"):
            n_videos, notes = shown(Source(sha256="s"), clip_id)
            assert n_videos == 0 and "outside of the work folder" in notes
        path.write_bytes(b"changed since")
        n_videos, notes = shown(Source(sha256="s"))
        assert n_videos == 0 and "not what the build made" in notes

    def test_a_known_corpus_has_its_own_licence(self, tmp_path: Path) -> None:
        (tmp_path / "r" / "videos").mkdir(parents=True)
        (tmp_path / "r" / "videos" / "a.mp4").write_bytes(b"video")
        made = row("a", source=Source(clip_path="videos/a.mp4"), corpus="phoenix14t")
        assert write_report(release(tmp_path / "r", [made]), tmp_path / "out").n_videos == 0

    def test_another_builds_folder_is_refused(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        (tmp_path / "work").mkdir()
        with pytest.raises(UsageError, match="holds no build of corpus folder in GSL"):
            write_report(built[0], tmp_path / "out", ReportOptions(work=tmp_path / "work"))
        assert not (tmp_path / "out").exists() and not any((tmp_path / "work").iterdir())


class TestBesideAndAgainst:
    def test_generated_motion_by_id(self, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a"), row("b")])
        model = release(tmp_path / "m", [row("b", motion=signing(12, seed=5))])
        write_report(made, tmp_path / "out", ReportOptions(beside=model))
        tracks = [clip["model"] for clip in data(tmp_path / "out", "clips/00001")]
        assert tracks[0] is None and tracks[1]["frames"] == 12

    def test_generated_motion_by_sentence(self, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a", text="Guten Tag"), row("b", text="Danke")])
        model = release(tmp_path / "m", [row("0001", text="Danke", motion=signing(12, seed=5), split="test")])
        shard = model / "data" / "test-00000.parquet"
        write_report(made, tmp_path / "out", ReportOptions(beside=shard))
        assert [clip["model"] is None for clip in data(tmp_path / "out", "clips/00001")] == [True, False]

    def test_no_sentence_is_no_match(self, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a", text="", unit="sign"), row("b", text="Ja")])
        for model in (row("1", text="", unit="sign"), row("2", text="Ja", language="LSA")):
            other = release(tmp_path / f"m{model.clip.clip_id}", [model])
            with pytest.raises(UsageError, match="none of its 1 clips"):
                write_report(made, tmp_path / "out", ReportOptions(beside=other))

    def test_motion_of_other_sentences_is_refused(self, tmp_path: Path) -> None:
        made, model = release(tmp_path / "r", [row("a")]), release(tmp_path / "m", [row("b")])
        with pytest.raises(UsageError, match="none of its 1 clips"):
            write_report(made, tmp_path / "out", ReportOptions(beside=model))

    def test_two_releases(self, tmp_path: Path) -> None:
        some = signing()
        ours = release(tmp_path / "r", (row(name, motion=some, quality={"jitter": 0.1}) for name in "abc"))
        theirs = release(tmp_path / "s", (row(name, motion=some, quality={"jitter": 0.2}) for name in "dcb"))
        write_report(ours, tmp_path / "out", ReportOptions(against=theirs))
        against = data(tmp_path / "out", "against")
        assert np.frombuffer(base64.b64decode(against["matches"]), "<i4").tolist() == [-1, 2, 1]
        assert against["only"] == ["d"] and against["count"] == 3
        assert columns(against)["jitter"] == pytest.approx([0.2] * 3)


class TestPlace:
    def test_beside_the_release(self, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a")])
        assert write_report(made, None).index == tmp_path / "r-report" / "index.html"
        assert write_report(made, None, ReportOptions(single_file=True)).index == tmp_path / "r-report.html"
        assert {path.name for path in made.iterdir()} == {"data"}

    def test_an_earlier_report_is_replaced(self, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a"), row("b")])
        write_report(made, tmp_path / "out", ReportOptions(against=made))
        write_report(made, tmp_path / "out")
        assert not (tmp_path / "out" / "data" / "against.js").exists()
        assert {path.name for path in tmp_path.iterdir()} == {"r", "out"}

    @pytest.mark.parametrize("name", ["notes.txt", "data/mine.js", "page/mine.js", "video/20240101.mp4"])
    def test_nothing_of_anybody_else_is_lost(self, name: str, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a")])
        write_report(made, tmp_path / "out")
        (tmp_path / "out" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_text("mine")
        with pytest.raises(UsageError, match="would be lost"):
            write_report(made, tmp_path / "out")
        assert (tmp_path / "out" / name).read_text() == "mine"

    def test_a_report_that_a_kill_left_aside_is_put_back_and_looked_at(self, tmp_path: Path) -> None:
        made, aside = release(tmp_path / "r", [row("a")]), tmp_path / ".rel.old"
        aside.mkdir()
        (aside / "release.json").write_text("the only copy")
        with pytest.raises(UsageError, match="is no report"):
            write_report(made, tmp_path / "rel")
        assert (tmp_path / "rel" / "release.json").read_text() == "the only copy"

    def test_a_build_puts_back_what_a_kill_left_aside(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        shutil.copytree(built[0], tmp_path / ".rel.old")
        found = release_at(tmp_path / "rel", "folder", "GSL")
        assert found and files_of(tmp_path / "rel") == files_of(built[0])
        assert [path.name for path in tmp_path.iterdir()] == ["rel"]

    def test_what_kills_left_over_is_removed(self, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a")])
        write_report(made, tmp_path / "out")
        for folder in (".out.old", ".out.partial", ".out.partial/old", ".out.partial/new"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / ".prompt2sign-unfinished").touch()
            (tmp_path / folder / "file").touch()
        write_report(made, tmp_path / "out")
        assert {path.name for path in tmp_path.iterdir()} == {"r", "out"}

    @pytest.mark.parametrize("name", [".out.old", ".out.partial"])
    @pytest.mark.parametrize("is_there", [False, True])
    def test_folders_of_the_user_are_left_alone(self, name: str, is_there: bool, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a")])
        if is_there:
            write_report(made, tmp_path / "out")
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_text("mine")
        with pytest.raises(UsageError, match="is in the way"):
            write_report(made, tmp_path / "out")
        assert (tmp_path / name / "mine").read_text() == "mine"

    @pytest.mark.parametrize("name", [".out.old", ".out.partial"])
    def test_the_input_is_not_deleted(self, name: str, tmp_path: Path) -> None:
        made = release(tmp_path / name, [row("a")])
        with pytest.raises(UsageError, match="is made from"):
            write_report(made, tmp_path / "out")
        assert any(made.rglob("*.parquet"))

    def test_a_lock_that_is_a_link(self, tmp_path: Path) -> None:
        (tmp_path / ".out.lock").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(UsageError, match=r"\.out\.lock: is in the way"):
            write_report(release(tmp_path / "r", [row("a")]), tmp_path / "out")

    def test_a_pipe_or_a_folder_where_a_page_should_go(self, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a")])
        os.mkfifo(tmp_path / "a.html")
        (tmp_path / ".b.html.tmp").mkdir()
        for name, words in (("a.html", "is no report"), ("b.html", "is a folder")):
            with pytest.raises(UsageError, match=words):
                write_report(made, tmp_path / name, ReportOptions(single_file=True))

    def test_other_places_are_refused(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a")])
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "file").write_text("x")
        (tmp_path / "page.html").write_text("<p>mine")
        for out, single, words in (
            (tmp_path / "full", False, "is no report"),
            (built[0] / "report", False, "lies in the release"),
            (tmp_path, False, "holds"),
            (tmp_path / "page.html", True, "is no report"),
            (tmp_path / "page.txt", True, r"ends in \.html"),
        ):
            with pytest.raises(UsageError, match=words):
                write_report(made, out, ReportOptions(single_file=single))
        assert (tmp_path / "page.html").read_text() == "<p>mine" and not (built[0] / "report").exists()

    def test_too_much_for_one_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(writing, "SINGLE_FILE_BYTES", 10_000)
        with pytest.raises(UsageError, match="leave out --single-file"):
            write_report(release(tmp_path / "r", [row("a")]), tmp_path / "a.html", ReportOptions(single_file=True))
        assert not (tmp_path / "a.html").exists()

    def test_nothing_to_report(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no such release"):
            write_report(tmp_path / "none", None)


class TestCommand:
    def test_says_where_it_is(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        done = run_here("report", str(built[0]), "--out", str(tmp_path / "out"), "--work", str(built[1]))
        assert done.code == 0 and f"open in any browser: {tmp_path / 'out' / 'index.html'}" in done.out

    def test_says_how_to_see_videos(self, tmp_path: Path) -> None:
        done = run_here("report", str(release(tmp_path / "r", [row("a")])))
        assert done.code == 0 and "no videos: add --work WORK" in done.err

    def test_json(self, built: tuple[Path, Path], tmp_path: Path) -> None:
        done = run_here("report", str(built[0]), "--out", str(tmp_path / "a.html"), "--single-file", "--json")
        assert done.json["index"] == str(tmp_path / "a.html") and done.json["n_clips"] == 6

    def test_a_mistake_is_told(self, tmp_path: Path) -> None:
        done = run_here("report", str(tmp_path / "none"))
        assert done.code == 2 and "no such release" in done.err
