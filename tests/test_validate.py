"""`validate` finds each fault that is put in, and none where there is none; `inspect` counts right."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from prompt2sign.errors import FormatError, UsageError
from prompt2sign.formats.shards import ShardSetWriter, Source
from prompt2sign.release.inspect import format_inspection, inspect_release
from prompt2sign.release.skels_export import export_skels
from prompt2sign.release.skels_import import import_skels
from prompt2sign.release.validate import validate_release
from tests.making import make_row

GOLDEN = Path(__file__).parent / "golden" / "skels"


def sign(folder: Path) -> None:
    """Write a `release.json` that fits."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "release.json")
    files = [
        {
            "path": path.relative_to(folder).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in paths
    ]
    text = json.dumps({"format": "prompt2sign-release", "version": 1, "files": files})
    (folder / "release.json").write_text(text)


def write(folder: Path, rows, name: str = "data") -> None:
    with ShardSetWriter(folder / name, row_group=2) as shards:
        for row in rows:
            shards.add(row)


def rows():
    train = [make_row(f"train/{i}", seed=i, n_frames=i + 2) for i in range(3)]
    return [*train, *(make_row(f"dev/{i}", split="dev", seed=i + 5) for i in range(2))]


@pytest.fixture
def release(tmp_path) -> Path:
    folder = tmp_path / "release"
    write(folder, rows())
    for convention in ("progressive", "prompt2sign"):
        export_skels(folder, folder / "skels" / convention, convention)
    sign(folder)
    return folder


def whats(folder: Path) -> list[str]:
    return [str(fault) for fault in validate_release(folder)]


def test_a_good_release_has_no_fault(release):
    assert whats(release) == []
    assert whats(release / "data") == []
    assert whats(release / "data" / "dev-00000.parquet") == []


def test_a_missing_release_is_said(tmp_path):
    with pytest.raises(UsageError, match="no such release"):
        validate_release(tmp_path / "nowhere")
    assert whats(tmp_path) == [".: there is no shard (data/*.parquet)"]


def test_files_that_are_not_those_of_the_manifest(release):
    text = release / "skels" / "progressive" / "dev.text"
    text.write_bytes(text.read_bytes().replace(b"satz", b"SATZ"))
    (release / "skels" / "progressive" / "dev.prompt").write_text("a\nb\n")
    (release / "skels" / "prompt2sign" / "dev.gloss").unlink()
    (release / "extra.txt").write_text("?")
    assert whats(release) == [
        "skels/progressive/dev.prompt: 4 bytes, release.json says 26",
        "skels/progressive/dev.text: its content is not that of the sha256 in release.json",
        "skels/prompt2sign/dev.gloss: listed in release.json but missing",
        "extra.txt: not listed in release.json",
    ]


def test_a_broken_manifest_is_one_fault_and_the_rest_is_checked(release):
    (release / "release.json").write_text("{")
    shard = release / "data" / "dev-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-100])
    first, second, *_ = validate_release(release)
    assert first.file == "release.json" and "not the release.json" in first.what
    assert second.file == "data/dev-00000.parquet" and second.what.startswith("cut off or damaged")


def change(path: Path, column: str, values) -> None:
    """Replace a column of a shard, keeping everything else."""
    table = pq.read_table(path)
    index = table.schema.get_field_index(column)
    table = table.set_column(index, table.schema.field(column), pa.array(values, table.schema.field(column).type))
    pq.write_table(table, path)


def structs(path: Path, column: str, **changed):
    return [{**value, **changed} for value in pq.read_table(path).column(column).to_pylist()]


@pytest.mark.parametrize(
    ("column", "values", "what"),
    [
        ("clip_id", ["dev/0", ""], "a clip without an id"),
        ("clip_id", ["dev/0", "dev/0"], "its id stands twice, also in data/dev-00000.parquet"),
        ("text", ["gut", " \n"], "motion without text"),
        ("split", ["dev", "train"], "its split is 'train', in a file called dev-00000.parquet"),
        ("unit", ["sentence", "word"], "its unit is 'word'"),
        ("lang", ["GSL", "XYZ"], "its language 'XYZ' is unknown"),
        ("sign_language", ["gsg", "ase"], "are not the codes of GSL"),
        ("fps", [25.0, 0.0], "0.0 frames per second is no rate"),
        ("fps", [25.0, float("nan")], "nan frames per second is no rate"),
        ("n_frames", [4, 5], "pose holds 600 numbers, 5 frames need 750"),
        ("n_frames", [4, 0], "text without motion"),
        ("observed", [[True] * 200, [True] * 199], "observed holds 199 flags, 4 frames need 200"),
        ("pose", [[0] * 600, [1] * 600], "its neck is not at the origin"),
        ("pose", [[0] * 600, [0] * 450 + [2_000_000, 0, 0] + [0] * 147], "a joint is 200.0 shoulder widths"),
        ("pose", [[0] * 600, [0] * 450 + [40, 0, 0] + [0] * 147], "neck - nose changes by 0.0040"),
    ],
)
def test_faults_of_clips(release, column, values, what):
    shard = release / "data" / "dev-00000.parquet"
    change(shard, column, values)
    (release / "release.json").unlink()
    shutil.rmtree(release / "skels")
    found = whats(release)
    assert found and all(fault.startswith("data/dev-00000.parquet: ") for fault in found)
    assert any(what in fault for fault in found)


def test_rounding_alone_is_no_fault(release):
    shard = release / "data" / "dev-00000.parquet"
    change(shard, "pose", [[0] * 600, [0] * 450 + [3, 0, 0] + [0] * 147])
    assert whats(release / "data") == []


@pytest.mark.parametrize(
    ("column", "changed", "what"),
    [
        ("quality", {"fit_error": float("inf")}, "quality.fit_error is inf"),
        ("quality", {"body_rate": 1.5}, "quality.body_rate is 1.5"),
        ("source", {"start_s": 2.0}, "its source span runs from 2.0 s to 1.25 s"),
        ("source", {"end_s": float("nan")}, "is not finite"),
        ("source", {"clip_path": "videos/a.mp4"}, "its video 'videos/a.mp4' is not in the release"),
        ("source", {"clip_path": "../release.json"}, "is not in the release"),
    ],
)
def test_faults_inside_structs(release, column, changed, what):
    shard = release / "data" / "dev-00000.parquet"
    change(shard, column, structs(shard, column, **changed))
    (release / "release.json").unlink()
    found = whats(release)
    assert len(found) == 2 and all(what in fault for fault in found)


def test_videos_are_looked_for_in_releases_only(release):
    shard = release / "data" / "dev-00000.parquet"
    change(shard, "source", structs(shard, "source", clip_path="videos/a.mp4"))
    assert whats(release / "data") == []
    (release / "release.json").unlink()
    (release / "videos").mkdir()
    (release / "videos" / "a.mp4").write_bytes(b"video")
    assert whats(release) == []


def test_an_id_in_two_shards(release):
    data = release / "data"
    change(data / "dev-00000.parquet", "clip_id", ["dev/0", "train/1"])
    assert whats(data) == ["dev-00000.parquet: clip 'train/1': its id stands twice, also in train-00000.parquet"]


def test_imported_motion_need_not_be_round_the_neck(tmp_path):
    import_skels(GOLDEN / "prompt2sign", "gsl", "prompt2sign", tmp_path / "data")
    assert whats(tmp_path) == []


@pytest.mark.parametrize(
    ("break_it", "what"),
    [
        (lambda folder: (folder / "dev.text").write_text("eins\n"), "dev.text: 1 lines for 2 clips of dev"),
        (
            lambda folder: (folder / "dev.files").write_text("dev/0\ndev/7\n"),
            "not those of the shards: 'dev/1', 'dev/7'",
        ),
        (lambda folder: (folder / "dev.files").write_bytes(b"\xff\ndev/7\n"), "not UTF-8"),
        (lambda folder: (folder / "dev.skels").unlink(), "dev.skels: missing: text without motion"),
        (lambda folder: (folder / "dev.text").unlink(), "dev.text: missing: motion without text"),
        (lambda folder: (folder / "test.text").write_text("eins\n"), "test.text: 1 lines for 0 clips of test"),
    ],
)
def test_skels_that_do_not_go_with_the_shards(release, break_it, what):
    break_it(release / "skels" / "progressive")
    (release / "release.json").unlink()
    assert any(what in fault for fault in whats(release))


# inspect


def test_inspect_counts(release):
    pq.write_table(
        pa.table({"stage": ["trim", "trim", "pose"], "reason": ["no-frames", "no-frames", "no-person"]}),
        release / "rejected.parquet",
    )
    found = inspect_release(release)
    assert json.loads(json.dumps(found)) == found
    assert found["clips"] == 5 and found["rejected"] == {"pose/no-person": 1, "trim/no-frames": 2}
    train, dev = found["groups"]
    assert (train["lang"], train["split"], dev["split"]) == ("GSL", "train", "dev")
    assert (train["clips"], train["frames"], train["signers"], train["fps"]) == (3, 9, 2, [25.0])
    assert train["hours"] == pytest.approx(9 / 25 / 3600, abs=1e-4)
    assert train["vocabulary"] == 6  # ein, satz, mit, 0, 1, 2
    assert train["detection"] == {"body_rate": 0.75, "left_hand_rate": 0.5, "right_hand_rate": 1.0}
    assert train["quality"]["fit_error"] == {"p5": 0.01, "p50": 0.01, "p95": 0.01}
    assert found["shards"] == [
        {"version": 1, "unit": "shoulder_width", "step": 0.0001, "layout": "frame-major", "convention": ""}
    ]


def test_detection_is_over_frames_and_percentiles_over_clips(tmp_path):
    made = []
    for i, (n_frames, rate) in enumerate([(1, 0.0), (3, 1.0), (1, 1.0)]):
        row = make_row(f"{i}", n_frames=n_frames)
        made.append(replace(row, motion=replace(row.motion, quality={"body_rate": rate})))
    write(tmp_path, made)
    (group,) = inspect_release(tmp_path)["groups"]
    assert group["detection"] == {"body_rate": 0.8}
    assert group["quality"] == {"body_rate": {"p5": 0.1, "p50": 1.0, "p95": 1.0}}


def test_turkish_words_are_counted_by_turkish_rules(tmp_path):
    row = make_row()
    clip = replace(row.clip, language="TSL", text="IŞIK ışık İyi iyi")
    write(tmp_path, [replace(row, clip=clip, source=Source())])
    assert inspect_release(tmp_path)["groups"][0]["vocabulary"] == 2


def test_inspection_is_readable(release):
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(format_inspection({**inspect_release(release), "rejected": {"trim/no-frames": 12}}))
    text = console.export_text()
    for word in ("GSL", "train", "dev", "fit_error", "50.00%", "trim/no-frames", "12"):
        assert word in text


def test_inspect_of_a_damaged_release_says_which_file(release):
    (release / "rejected.parquet").write_bytes(b"PAR1")
    with pytest.raises(FormatError, match=r"rejected\.parquet: cut off or damaged"):
        inspect_release(release)
    pq.write_table(pa.table({"a": np.arange(3)}), release / "rejected.parquet")
    with pytest.raises(FormatError, match="no columns stage and reason"):
        inspect_release(release)
