"""The cache of decoded motion: what it holds, when it is made anew, what it refuses."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.errors import FormatError, RunError, UsageError
from prompt2sign.formats.layout import LAYOUTS
from prompt2sign.formats.shards import BUILT, ShardInfo, ShardSetWriter, imported
from prompt2sign.formats.skels_convert import to_convention
from prompt2sign.loaders import MotionCache, open_cache, open_release
from prompt2sign.loaders import cache_build as build_module
from prompt2sign.loaders.cache import cost
from prompt2sign.loaders.resample import resample
from tests.making import make_motion, make_row, no_file_larger_than


def release(
    folder: Path, n_clips=6, *, first=0, language="GSL", corpus="test", fps=25.0, info=BUILT, **options
) -> Path:
    """A release whose clip i has 3 + i frames; two of three clips are train, the third dev."""
    with ShardSetWriter(folder / "data", info, row_group=2, **options) as shards:
        for i in range(first, first + n_clips):
            row = make_row(f"clip-{i}", seed=i, n_frames=3 + i, split=("train", "train", "dev")[i % 3])
            row = replace(row, clip=replace(row.clip, language=language, corpus=corpus))
            shards.add(replace(row, motion=replace(row.motion, fps=fps)))
    return folder


def change(folder: Path, **motion) -> Path:
    """A release of one clip whose motion is changed."""
    with ShardSetWriter(folder / "data", motion.pop("info", BUILT)) as shards:
        row = make_row()
        shards.add(replace(row, motion=replace(row.motion, **motion)))
    return folder


def same_as_release(cache: MotionCache, folders: list[Path]) -> None:
    clips = [clip for folder in folders for clip in open_release(folder)]
    assert cache.column("clip_id") == [clip.clip_id for clip in clips]
    for row, clip in enumerate(clips):
        np.testing.assert_array_equal(cache.motion(row), clip.motion)
        np.testing.assert_array_equal(cache.observed(row), clip.observed)


def test_it_holds_what_the_releases_hold(tmp_path):
    folders = [release(tmp_path / "a"), release(tmp_path / "b", 3, language="KSL", shard_bytes=1)]
    seen = []
    cache = open_cache(folders, tmp_path / "cache", progress=lambda *counts: seen.append(counts))
    same_as_release(cache, folders)
    assert len(cache) == 9 and cache.fps == 25 and cache.dropped == ()
    clips = [clip for folder in folders for clip in open_release(folder)]
    for name in ("lang", "spoken_language", "split", "signer", "corpus", "text", "gloss", "fps"):
        assert list(cache.column(name)) == [getattr(clip, name) for clip in clips], name
    assert cache.column("prompts")[0] == list(clips[0].prompts)
    assert cache.column("release") == [str(folders[0])] * 6 + [str(folders[1])] * 3
    assert cache.lengths.tolist() == [clip.n_frames for clip in clips] == cache.column("n_frames").tolist()
    assert seen[-1] == (cache.lengths.sum(), cache.lengths.sum()) and seen == sorted(seen)
    expected = cost(folders)
    assert (expected.n_clips, expected.n_frames) == (9, cache.lengths.sum())
    assert expected.n_bytes == sum((cache.folder / name).stat().st_size for name in ("frames.f32", "observed.bool"))
    with pytest.raises(ValueError, match="read-only"):
        cache.motion(0)[:] = 0
    with pytest.raises(UsageError, match="no column 'poses'"):
        cache.column("poses")


@settings(max_examples=10, deadline=None)
@given(
    clips=st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["train", "dev", "test"])), min_size=1, max_size=12),
    row_group=st.integers(1, 5),
    layout=st.sampled_from(LAYOUTS),
    step=st.sampled_from([1e-4, 1e-5, 3e-3]),
    bounds=st.tuples(st.integers(1, 4), st.integers(4, 9)),
)
def test_any_release_to_the_bit(tmp_path_factory, clips, row_group, layout, step, bounds):
    folder = tmp_path_factory.mktemp("any")
    with ShardSetWriter(folder / "data", ShardInfo(step=step, layout=layout), row_group=row_group) as shards:
        for i, (n_frames, split) in enumerate(clips):
            shards.add(make_row(f"clip {i}", split=split, seed=i, n_frames=n_frames))
    fits = {f"clip {i}" for i, (n_frames, _) in enumerate(clips) if bounds[0] <= n_frames <= bounds[1]}
    options = {"min_frames": bounds[0], "max_frames": bounds[1]}
    if not fits:
        with pytest.raises(UsageError, match="no clip is left"):
            open_cache([folder], folder / "cache", **options)
        return
    cache = open_cache([folder], folder / "cache", **options)
    expected = [clip for clip in open_release(folder) if clip.clip_id in fits]
    assert cache.column("clip_id") == [clip.clip_id for clip in expected]
    for row, clip in enumerate(expected):
        assert cache.motion(row).tobytes() == clip.motion.tobytes()
        assert cache.observed(row).tobytes() == clip.observed.tobytes()
    assert {entry.clip_id for entry in cache.dropped} == {f"clip {i}" for i in range(len(clips))} - fits
    assert cost([folder], **options).n_frames == cache.lengths.sum()


def test_it_is_made_once_and_again_when_anything_changed(tmp_path, monkeypatch):
    folder, where = release(tmp_path / "a"), tmp_path / "cache"
    made = []
    write = build_module.write_cache
    monkeypatch.setattr("prompt2sign.loaders.cache.write_cache", lambda *args: (made.append(1), write(*args)))
    first = open_cache([folder], where)
    assert open_cache([str(folder)], where).fingerprint == first.fingerprint and len(made) == 1
    assert open_cache([folder], where, max_frames=7).fingerprint != first.fingerprint and len(made) == 2
    assert open_cache([folder], where, fps=12.5).fingerprint != first.fingerprint and len(made) == 3
    held = first.motion(0).copy()
    release(folder, 7)
    second = open_cache([folder], where)
    assert second.fingerprint != first.fingerprint and len(made) == 4 and len(second) == 7
    # One folder for each question; a cache in use stays readable.
    assert len([path for path in where.iterdir() if path.is_dir()]) == 3
    np.testing.assert_array_equal(first.motion(0), held)
    with pytest.raises(RunError, match="start this one again"):
        pickle.loads(pickle.dumps(first))


def test_a_release_elsewhere_has_the_same_fingerprint(tmp_path):
    cache = open_cache([release(tmp_path / "a")], tmp_path / "cache")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert open_cache([tmp_path / "b"], tmp_path / "cache").fingerprint == cache.fingerprint


def test_the_manifest_is_believed_only_where_sizes_agree(tmp_path):
    folder = release(tmp_path / "a", 2)

    def fingerprint(sha256: str, more_bytes: int = 0) -> str:
        files = [
            {"path": path.relative_to(folder).as_posix(), "sha256": sha256, "bytes": path.stat().st_size + more_bytes}
            for path in folder.glob("data/*")
        ]
        (folder / "release.json").write_text(
            json.dumps({"format": "prompt2sign-release", "version": 1, "files": files})
        )
        return open_cache([folder], tmp_path / "cache").fingerprint

    assert fingerprint("ab") == fingerprint("ab") != fingerprint("cd") != fingerprint("cd", 1)
    assert fingerprint("ab", 1) == fingerprint("cd", 1)


def test_it_travels_to_other_processes(tmp_path):
    cache = open_cache([release(tmp_path / "a")], tmp_path / "cache")
    data = pickle.dumps(cache)
    assert len(data) < 1000
    same_as_release(pickle.loads(data), [tmp_path / "a"])


def test_several_processes_make_it_once(tmp_path):
    folder, where = release(tmp_path / "a", 30), tmp_path / "cache"
    with multiprocessing.get_context("fork").Pool(4) as pool:
        caches = pool.starmap(open_cache, [([folder], where)] * 4)
    assert len({cache.fingerprint for cache in caches}) == 1
    same_as_release(caches[3], [folder])
    assert not list(where.glob("*.partial")) and len([path for path in where.iterdir() if path.is_dir()]) == 1


@pytest.mark.parametrize("name", ["cache.json", "clips.parquet", "frames.f32", "observed.bool"])
def test_a_damaged_cache_is_made_anew(tmp_path, name):
    folder = release(tmp_path / "a")
    cache = open_cache([folder], tmp_path / "cache")
    path = cache.folder / name
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(FormatError, match="not a whole cache"):
        pickle.loads(pickle.dumps(cache))
    same_as_release(open_cache([folder], tmp_path / "cache"), [folder])
    path.unlink()
    same_as_release(open_cache([folder], tmp_path / "cache"), [folder])


def test_after_a_kill_nothing_is_left(tmp_path):
    folder, where = release(tmp_path / "a"), tmp_path / "cache"
    place = open_cache([folder], where).folder
    place.rename(place.with_name(f".{place.name}.partial"))
    same_as_release(open_cache([folder], where), [folder])
    assert not list(where.glob("*.partial"))


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    folder, where = release(tmp_path / "a"), tmp_path / "cache"
    with no_file_larger_than(3_000), pytest.raises(OSError):
        open_cache([folder], where)
    full = type("Usage", (), {"free": 40_000_000})
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: full)
        with pytest.raises(RunError, match=r"needs 0\.05 GB and the disk has 0\.04 GB free"):
            open_cache([folder], where)
    assert [path.suffix for path in where.iterdir()] == [".lock"]
    same_as_release(open_cache([folder], where), [folder])


def test_rows(tmp_path):
    folders = [release(tmp_path / "a"), release(tmp_path / "b", 2, language="KSL")]
    cache = open_cache(folders, tmp_path / "cache")
    assert cache.rows().tolist() == list(range(8)) and cache.rows().dtype == np.int64
    assert cache.rows("train").tolist() == [0, 1, 2, 3, 6, 7] and cache.rows("dev").tolist() == [4, 5]
    assert cache.rows("train", ["ksl"]).tolist() == [6, 7]
    assert cache.rows(languages=["GSL", "KSL"]).tolist() == list(range(8))
    with pytest.raises(UsageError, match="split test is empty: the releases have 2 clips of dev, 6 clips of train"):
        cache.rows("test")
    with pytest.raises(UsageError, match="no KSL in split dev: there are 2 clips of GSL"):
        cache.rows("dev", ["GSL", "KSL"])
    with pytest.raises(UsageError, match="no split is called 'valid'"):
        cache.rows("valid")
    with pytest.raises(UsageError, match="no language 'XYZ'"):
        cache.rows(languages=["XYZ"])
    with pytest.raises(UsageError, match="no language is named"):
        cache.rows(languages=[])


def test_an_empty_split_says_what_was_left_out(tmp_path):
    cache = open_cache([release(tmp_path / "a")], tmp_path / "cache", max_frames=4)
    assert [(entry.clip_id, entry.reason) for entry in cache.dropped][:2] == [
        ("clip-3", "too-long"),
        ("clip-4", "too-long"),
    ]
    with pytest.raises(
        UsageError, match=r"split dev is empty.*4 too-long \(as .*clip-3.*6 frames, data.max_frames is 4"
    ):
        cache.rows("dev")
    again = open_cache([tmp_path / "a"], tmp_path / "cache", max_frames=4)
    assert again.dropped == cache.dropped


@pytest.mark.parametrize("fps", [12.5, 24.0, 25.0, 29.97, 60.0])
def test_motion_is_resampled_by_time(tmp_path, fps):
    folder = release(tmp_path / "a", 5)
    cache = open_cache([folder], tmp_path / "cache", fps=fps)
    assert cache.fps == fps and set(cache.column("fps")) == {25.0}
    for row, clip in enumerate(open_release(folder)):
        at = np.arange(0, (clip.n_frames - 1) / 25 + 1e-9, 1 / fps)
        old = np.arange(clip.n_frames) / 25
        expected = np.stack([[np.interp(at, old, x) for x in joint] for joint in clip.motion.transpose(1, 2, 0)])
        np.testing.assert_allclose(cache.motion(row), expected.transpose(2, 0, 1), atol=1e-5)
        nearest = np.abs(at[:, None] - old).argmin(axis=1)
        off = np.abs(at * 25 % 1 - 0.5) > 1e-6
        np.testing.assert_array_equal(cache.observed(row)[off], clip.observed[nearest][off])
    if fps == 25.0:
        same_as_release(cache, [folder])


def test_a_straight_line_stays_one():
    line = np.broadcast_to(np.arange(10, dtype=np.float32)[:, None, None], (10, 50, 3)).copy()
    xyz, _ = resample(line, np.ones((10, 50), bool), 25.0, 40.0)
    np.testing.assert_allclose(xyz[:, 0, 0], np.arange(len(xyz)) * 25 / 40, atol=1e-5)
    assert len(xyz) == 15


def test_releases_of_different_rates_need_one(tmp_path):
    folders = [release(tmp_path / "a"), release(tmp_path / "b", language="KSL", fps=24.0)]
    with pytest.raises(UsageError, match=r"25 frames per second in .*a, 24 in .*b; `--set data.fps=25`"):
        open_cache(folders, tmp_path / "cache")
    cache = open_cache(folders, tmp_path / "cache", fps=24)
    assert sorted(set(cache.column("fps"))) == [24.0, 25.0] and cache.fps == 24
    almost = [release(tmp_path / "c", fps=29.97), release(tmp_path / "d", language="KSL", fps=30000 / 1001)]
    same_as_release(open_cache(almost, tmp_path / "cache"), almost)


def test_bounds_count_frames_after_resampling(tmp_path):
    folder = release(tmp_path / "a", 6)  # 3 to 8 frames
    cache = open_cache([folder], tmp_path / "cache", fps=50, max_frames=9)
    assert cache.lengths.max() == 9 and len(cache.dropped) == 3


def test_progressive_skels_become_shoulder_widths(tmp_path):
    motion = make_motion(4)
    printed = np.round(to_convention(motion.xyz, "progressive"), 5)
    folder = change(tmp_path / "a", xyz=printed, info=imported("progressive"))
    cache = open_cache([folder, release(tmp_path / "b")], tmp_path / "cache")
    np.testing.assert_array_equal(cache.motion(0), (printed.astype(np.float64) * 3).astype(np.float32))
    np.testing.assert_array_equal(np.rint(cache.motion(0) / 3 * 1e5), np.rint(printed * 1e5))


def test_prompt2sign_skels_get_their_scale_from_the_shoulders(tmp_path):
    xyz = make_motion(4).xyz
    xyz[:, [2, 5]] = [[-0.5, 0, 0], [0.5, 0, 0]]
    info = imported("prompt2sign")
    printed = np.round(to_convention(xyz, "prompt2sign"), 5)
    folder = change(tmp_path / "a", xyz=printed, info=info, observed=np.ones((4, 50), bool))
    cache = open_cache([folder], tmp_path / "cache")
    np.testing.assert_allclose(cache.motion(0), xyz, atol=2e-3)
    blind = change(tmp_path / "b", xyz=xyz, info=info, observed=np.zeros((4, 50), bool))
    with pytest.raises(UsageError, match=r"1 no-scale \(as .*clip-1.*shoulders, which give the scale"):
        open_cache([blind], tmp_path / "cache")


def test_units_nobody_knows_are_refused(tmp_path):
    folder = release(tmp_path / "a", info=ShardInfo(unit="source", convention="metres"))
    with pytest.raises(UsageError, match=r"a unit of its own .convention 'metres'.*import the skels again"):
        open_cache([folder], tmp_path / "cache")


@pytest.mark.parametrize(
    ("values", "message"),
    [({"skeleton": "smpl"}, "unknown skeleton 'smpl'"), ({"version": 2}, "version 2.*pip install -U")],
)
def test_other_skeletons_and_versions_are_refused(tmp_path, values, message):
    folder = release(tmp_path / "a", info=replace(BUILT, **values))
    with pytest.raises(FormatError, match=message):
        open_cache([folder], tmp_path / "cache")


@pytest.mark.parametrize("fps", [0.0, -25.0, float("nan"), float("inf"), 1e-300])
def test_a_clip_without_a_rate_is_left_out(tmp_path, fps):
    path = next(change(tmp_path / "a").glob("data/*"))
    table = pq.read_table(path)
    place = table.schema.get_field_index("fps")
    pq.write_table(table.set_column(place, table.schema.field("fps"), pa.array([fps])), path)
    folders = [tmp_path / "a", release(tmp_path / "b")]
    for rate in (None, 25.0) if fps != 1e-300 else (25.0,):
        cache = open_cache(folders, tmp_path / "cache", fps=rate)
        reason = "too-long" if fps == 1e-300 else "bad-rate"
        assert [(entry.clip_id, entry.reason) for entry in cache.dropped] == [("clip-1", reason)]
        assert len(cache) == 6 and cache.fps == 25


def test_what_lies_beyond_reach_is_left_out(tmp_path):
    xyz = make_motion(4).xyz
    xyz[2, 9, 1] = 11
    folder = change(tmp_path / "a", xyz=xyz)
    with pytest.raises(UsageError, match=r"no clip is left of 1: 1 beyond-reach .*clip-1.*11 shoulder widths"):
        open_cache([folder], tmp_path / "cache")
    cache = open_cache([folder, release(tmp_path / "b")], tmp_path / "cache")
    assert cache.dropped[0].reason == "beyond-reach" and "clip-1" in cache.dropped[0].message
    same_as_release(cache, [tmp_path / "b"])


def test_nothing_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no release is named"):
        open_cache([], tmp_path / "cache")
    with pytest.raises(UsageError, match="no such release"):
        open_cache([tmp_path / "nowhere"], tmp_path / "cache")
    with pytest.raises(UsageError, match="not a release"):
        open_cache([tmp_path], tmp_path / "cache")
    from prompt2sign.formats.shards import ShardWriter

    with ShardWriter(tmp_path / "empty" / "data" / "train-00000.parquet"):
        pass
    with pytest.raises(UsageError, match="empty: the release holds no clip"):
        open_cache([release(tmp_path / "a"), tmp_path / "empty"], tmp_path / "cache")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fps": 0}, "0 frames per second is no rate"),
        ({"fps": float("nan")}, "nan frames per second"),
        ({"min_frames": 9, "max_frames": 8}, "at least 9 and at most 8"),
        ({"min_frames": 1000}, "no clip is left of 6: 6 too-short"),
    ],
)
def test_options_that_leave_nothing_are_refused(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        open_cache([release(tmp_path / "a")], tmp_path / "cache", **options)


def test_the_same_clip_twice_is_refused(tmp_path):
    first = release(tmp_path / "a")
    with pytest.raises(UsageError, match=r"clip 'clip-0' .GSL, corpus test, the same text. stands twice in"):
        open_cache([first, first], tmp_path / "cache")
    with pytest.raises(UsageError, match=r"in .*a and in .*b; name each release once"):
        open_cache([first, release(tmp_path / "b", fps=24.0)], tmp_path / "cache")
    # An id alone says little: other corpora and languages count their clips likewise.
    others = [release(tmp_path / "c", language="KSL"), release(tmp_path / "d", corpus="other")]
    assert len(open_cache([first, *others], tmp_path / "cache")) == 18


def test_a_damaged_shard_is_named(tmp_path):
    path = next(release(tmp_path / "a").glob("data/train*"))
    data = bytearray(path.read_bytes())
    data[40:3_000] = bytes(len(data[40:3_000]))
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"train-00000.parquet"):
        open_cache([tmp_path / "a"], tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]


def test_loaders_need_no_torch():
    code = "import sys, prompt2sign.loaders, prompt2sign.loaders.sampler; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.shared
def test_published_skels(tmp_path, shared_data):
    from prompt2sign.formats.skels import read_skels
    from prompt2sign.release.skels_import import import_skels

    import_skels(shared_data / "skels", "GSL", "progressive", tmp_path / "a" / "data")
    cache = open_cache([tmp_path / "a"], tmp_path / "cache")
    published = [
        xyz for split in ("train", "dev") for xyz in read_skels(shared_data / "skels" / f"{split}.skels", "progressive")
    ]
    assert len(cache) == len(published)
    for row, xyz in enumerate(published):
        np.testing.assert_allclose(cache.motion(row), 3 * xyz, atol=1e-6)
    widths = np.linalg.norm(cache.motion(0)[:, 2] - cache.motion(0)[:, 5], axis=-1)
    assert 0.8 < np.median(widths) < 1.2
