"""Skels text of both conventions, to the last printed digit, and its way through a release."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from prompt2sign.errors import FormatError, UsageError
from prompt2sign.formats.shards import ShardSetWriter
from prompt2sign.formats.skels import CONVENTIONS, format_clip, read_lines, read_skels, write_skels
from prompt2sign.formats.skels_convert import from_convention, observed_in, to_convention
from prompt2sign.loaders import open_release
from prompt2sign.release.skels_export import export_skels
from prompt2sign.release.skels_import import import_skels
from tests.golden.make import golden_xyz
from tests.making import make_motion, make_row, no_file_larger_than

GOLDEN = Path(__file__).parent / "golden" / "skels"
BOTH = pytest.mark.parametrize("convention", ["progressive", "prompt2sign"])
numbers = st_numpy.arrays(
    np.int32, st.tuples(st.integers(1, 9), st.just(50), st.just(3)), elements=st.integers(-999_999, 999_999)
)


def line_by_the_book(xyz, convention: str) -> str:
    """One clip printed one number at a time, as the two published writers do."""
    words, n_frames = [], len(xyz)
    for i, frame in enumerate(xyz.reshape(n_frames, 150).astype(np.float64)):
        words += [f"{value:.5f}" for value in frame]
        words += [f"{round(i / n_frames, 4):.4f}" if convention == "progressive" else f"{(i + 1) / n_frames:.5f}"]
    return " ".join(words).replace("-0.00000", "0.00000") + "\n"


@BOTH
@settings(max_examples=25, deadline=None)
@given(digits=numbers)
def test_text_is_that_of_the_book_and_reads_back(tmp_path_factory, convention, digits):
    path = tmp_path_factory.mktemp("skels") / "dev.skels"
    xyz = (digits / 1e5).astype(np.float32)
    assert write_skels(path, [xyz, xyz[::-1]], convention) == 2
    assert path.read_text() == line_by_the_book(xyz, convention) + line_by_the_book(xyz[::-1], convention)
    first, second = read_skels(path, convention)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, xyz)
    np.testing.assert_array_equal(second, xyz[::-1])


@BOTH
def test_counters_of_many_lengths_are_those_of_the_book(convention):
    for n_frames in [1, 2, 3, 7, 16, 32, 80, 96, 160, 300, 800, 1601, 6400]:
        xyz = np.zeros((n_frames, 50, 3), np.float32)
        assert format_clip(xyz, CONVENTIONS[convention]).decode() == line_by_the_book(xyz, convention)


@pytest.mark.parametrize("value", [99.99999, -99.99999, 10.0, -0.000004, 0.000006])
def test_large_and_vanishing_values_are_printed_right(value):
    xyz = np.full((1, 50, 3), value)
    assert format_clip(xyz, CONVENTIONS["progressive"]).decode() == line_by_the_book(xyz, "progressive")


@pytest.mark.parametrize(
    "xyz", [np.zeros((0, 50, 3)), np.zeros((1, 49, 3)), np.full((1, 50, 3), np.nan), np.full((1, 50, 3), 99.9999999)]
)
def test_what_cannot_be_printed_is_refused_and_leaves_no_file(tmp_path, xyz):
    with pytest.raises(ValueError, match="motion of shape"):
        write_skels(tmp_path / "dev.skels", [np.zeros((1, 50, 3), np.float32), xyz], "progressive")
    assert not list(tmp_path.iterdir())


GOOD = line_by_the_book(golden_xyz(3), "progressive").split()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "0 numbers"),
        (GOOD[:-1], "452 numbers"),
        (GOOD[:302], "counter runs from 0 to 0.3333 over 2"),
        ([*GOOD[:10], "x", *GOOD[11:]], "'x'"),
        ([*GOOD[:10], "nan", *GOOD[11:]], "not finite"),
        ([*GOOD[:10], "-inf", *GOOD[11:]], "not finite"),
        ([*GOOD[:10], "1e9", *GOOD[11:]], "not within 100"),
        ([*GOOD[:10], "99.9999999", *GOOD[11:]], "not within 100"),
        ([*GOOD[:10], "1_0.00000", *GOOD[11:]], "underscore"),
        ([*GOOD[:-1], "0.7"], "counter"),
    ],
)
def test_a_bad_line_is_named(tmp_path, words, message):
    path = tmp_path / "dev.skels"
    path.write_text(" ".join(GOOD) + "\n" + " ".join(words) + "\n")
    clips = read_skels(path, "progressive")
    assert len(next(clips)) == 3
    with pytest.raises(FormatError, match=r"dev\.skels, line 2: ") as caught:
        next(clips)
    assert message in str(caught.value)


@BOTH
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_line_is_refused_or_read_as_it_says(tmp_path_factory, convention, data):
    """Whichever way of reading takes it, a number is what Python takes it for."""
    path = tmp_path_factory.mktemp("skels") / "dev.skels"
    line = bytearray(line_by_the_book(golden_xyz(2), convention).encode())
    place = data.draw(st.integers(0, len(line) - 1))
    line[place : place + data.draw(st.integers(0, 3))] = data.draw(
        st.sampled_from(
            [b"0", b"9", b"-", b".", b" ", b"  ", b"\t", b"1e1", b"+", b"x", b"\xff", b"/", b":", b"\n", b""]
        )
    )
    path.write_bytes(line)
    try:
        clips = list(read_skels(path, convention))
    except FormatError:
        return
    numbers = np.array([float(word) for word in line.split()]).reshape(-1, 151)
    np.testing.assert_array_equal(np.concatenate(clips).reshape(-1, 150), numbers[:, :150].astype(np.float32))


@BOTH
def test_other_ways_of_printing_numbers_are_read(tmp_path, convention):
    words = [f"{float(word):+.7e}" for word in line_by_the_book(golden_xyz(3), convention).split()]
    (tmp_path / "dev.skels").write_text("\t".join(words) + "  \r\n")
    (xyz,) = read_skels(tmp_path / "dev.skels", convention)
    np.testing.assert_array_equal(xyz, golden_xyz(3))


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_refused_not_crashed_on(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("skels") / "dev.skels"
    path.write_bytes(data)
    with pytest.raises(FormatError) if data else pytest.raises(StopIteration):
        next(read_skels(path, "progressive"))


def test_a_line_without_end_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("prompt2sign.formats.skels.MAX_LINE_BYTES", 1000)
    path = tmp_path / "dev.skels"
    path.write_text(" ".join(GOOD))
    with pytest.raises(FormatError, match="longer than"):
        next(read_skels(path, "progressive"))


def test_the_conventions_cannot_be_mixed_up():
    with pytest.raises(FormatError, match="--convention progressive"):
        list(read_skels(GOLDEN / "progressive" / "dev.skels", "prompt2sign"))
    with pytest.raises(FormatError, match="--convention prompt2sign"):
        list(read_skels(GOLDEN / "prompt2sign" / "dev.skels", "progressive"))
    with pytest.raises(UsageError, match="choose one of progressive, prompt2sign"):
        list(read_skels(GOLDEN / "progressive" / "dev.skels", "progresive"))


def test_only_a_line_feed_ends_a_line(tmp_path):
    path = tmp_path / "dev.text"
    path.write_bytes("\ufeffeins\u2028zwei\x85\r\ndrei\rvier\n\nende".encode())
    assert list(read_lines(path)) == ["eins\u2028zwei\x85", "drei\rvier", "", "ende"]
    path.write_bytes("Grüße\n".encode("latin-1"))
    with pytest.raises(FormatError, match=r"dev\.text: not UTF-8"):
        list(read_lines(path))


# Between units


def test_progressive_is_a_third_of_ours():
    motion = make_motion()
    xyz = to_convention(motion.xyz, "progressive")
    np.testing.assert_allclose(xyz, motion.xyz / 3, rtol=1e-6)
    np.testing.assert_allclose(from_convention(xyz, motion.observed, "progressive"), motion.xyz, atol=1e-6)


def test_prompt2sign_is_standardised_over_the_clip():
    """By the sums of the Prompt2Sign tool's normalisation step, written out."""
    motion = make_motion(20)
    x, y, z = np.moveaxis(to_convention(motion.xyz, "prompt2sign").astype(np.float64) * 9, -1, 0)
    count = 2 * x.size
    mean = (x.sum() + y.sum()) / count
    variance = ((x**2).sum() + (y**2).sum()) / count - mean**2
    # The deviation of ours is taken round the mean of both axes, so it is not one after each lost its own mean.
    xy = motion.xyz[..., :2].astype(np.float64)
    assert variance == pytest.approx(((xy - xy.mean(axis=(0, 1))) ** 2).mean() / xy.var(), rel=1e-5)
    assert x.mean() == pytest.approx(0, abs=1e-5) and y.mean() == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(z, motion.xyz[..., 2] / xy.std(), atol=1e-5)


def test_prompt2sign_comes_back_but_for_the_scale_and_fills_what_is_missing():
    motion = make_motion(6)
    xyz = to_convention(motion.xyz, "prompt2sign")
    xyz[2, 45] = xyz[:, 30] = 0.016
    xyz[3, 20, 0] = 0.016  # one such coordinate may be chance
    observed = observed_in(xyz, "prompt2sign")
    assert not observed[2, 45] and not observed[:, 30].any() and observed.sum() == 6 * 50 - 7
    back = from_convention(xyz, observed, "prompt2sign")
    width = np.median(np.linalg.norm(motion.xyz[:, 2] - motion.xyz[:, 5], axis=-1))
    true = motion.xyz / width
    kept = observed & (np.arange(50) != 1)
    kept[3, 20] = False
    np.testing.assert_allclose(back[kept], true[kept], atol=1e-5)
    np.testing.assert_array_equal(back[:, 1], 0)
    np.testing.assert_allclose(back[2, 45] - back[2, 1], (back[1, 45] + back[3, 45]) / 2, atol=0.2)
    np.testing.assert_array_equal(back[:, 30], back[:, 29])


def test_a_clip_without_scale_is_refused():
    still = np.ones((2, 50, 3), np.float32)
    with pytest.raises(ValueError, match="one point"):
        to_convention(still, "prompt2sign")
    with pytest.raises(ValueError, match="shoulders"):
        from_convention(still, np.zeros((2, 50), bool), "prompt2sign")


# Through a release


def same_but_for_negative_zero(made: Path, original: Path) -> bool:
    return made.read_bytes() == original.read_bytes().replace(b"-0.00000", b"0.00000")


@BOTH
def test_skels_come_back_from_a_release_to_the_digit(tmp_path, convention):
    source = tmp_path / "source"
    shutil.copytree(GOLDEN / convention, source)
    for path in list(source.iterdir()):
        if path.suffix != ".files":
            shutil.copy(path, path.with_name(f"train{path.suffix}"))
    (source / "dev.text").write_text("Guten &amp; Tag.\nSchöne  Grüße!\n", "utf-8")
    (source / "dev.prompt").write_text("Wie?\n\n", "utf-8")
    assert import_skels(source, "gsl", convention, tmp_path / "release" / "data", fps=12.5) == 4
    release = open_release(tmp_path / "release")
    assert release.splits == ("train", "dev")
    assert release.infos[0].unit == "source" and release.infos[0].convention == convention
    clip = release["dev/a"]
    assert (clip.text, clip.text_raw, clip.prompts, clip.fps) == ("Guten & Tag.", "Guten &amp; Tag.", ("Wie?",), 12.5)
    assert release["train/000002"].text == "Schöne Grüße!"
    assert export_skels(release, tmp_path / "back", convention) == {"train": 2, "dev": 2}
    for path in source.iterdir():
        assert same_but_for_negative_zero(tmp_path / "back" / path.name, path)
    assert not (tmp_path / "back" / "train.prompt").exists()


def test_fillers_are_not_observed(tmp_path):
    import_skels(GOLDEN / "prompt2sign" / "dev", "gsl", "prompt2sign", tmp_path)
    first, second = open_release(tmp_path)
    assert first.observed.all()
    assert np.argwhere(~second.observed).tolist() == [[1, 40]]


@pytest.mark.shared
def test_real_skels_come_back_to_the_digit(tmp_path, shared_data):
    source = shared_data / "skels"
    assert import_skels(source, "gsl", "progressive", tmp_path / "data") == 10
    export_skels(tmp_path, tmp_path / "back", "progressive")
    for path in source.iterdir():
        assert same_but_for_negative_zero(tmp_path / "back" / path.name, path)


@pytest.mark.shared
def test_real_skels_survive_the_other_convention(tmp_path, shared_data):
    """The scale is lost there, and found again from the shoulders."""
    import_skels(shared_data / "skels", "gsl", "progressive", tmp_path / "a" / "data")
    export_skels(tmp_path / "a", tmp_path / "there", "prompt2sign")
    import_skels(tmp_path / "there", "gsl", "prompt2sign", tmp_path / "b" / "data")
    export_skels(tmp_path / "b", tmp_path / "back", "progressive")
    for split in ("train", "dev"):
        pairs = (
            read_skels(folder / f"{split}.skels", "progressive")
            for folder in (shared_data / "skels", tmp_path / "back")
        )
        for before, after in zip(*pairs, strict=True):
            assert np.median(np.abs(before - after)) * 3 < 0.001


def test_a_built_release_is_exported_in_both_conventions(tmp_path):
    row = make_row("train/x")
    with ShardSetWriter(tmp_path / "data") as shards:
        shards.add(row)
    for convention in CONVENTIONS:
        folder = tmp_path / convention
        assert export_skels(tmp_path, folder, convention) == {"train": 1}
        (xyz,) = read_skels(folder / "train.skels", convention)
        np.testing.assert_allclose(xyz, to_convention(row.motion.xyz, convention), atol=5e-5)
        assert (folder / "train.text").read_text("utf-8") == "ein satz „mit“ 0\n"
        assert (folder / "train.prompt").read_text("utf-8") == "wie geht {}?\n"
        assert (folder / "train.files").read_text("utf-8") == "train/x\n"


def test_an_export_that_fails_leaves_nothing(tmp_path):
    with ShardSetWriter(tmp_path / "data") as shards:
        shards.add(make_row("good"))
        still = make_row("still")
        still.motion.xyz[:] = 0
        shards.add(still)
    with pytest.raises(FormatError, match="'still' cannot be written as prompt2sign"):
        export_skels(tmp_path, tmp_path / "skels", "prompt2sign")
    assert not list((tmp_path / "skels").iterdir())


def test_a_disk_that_is_full_only_at_the_end_leaves_nothing(tmp_path):
    with ShardSetWriter(tmp_path / "data") as shards:
        shards.add(make_row(n_frames=4))
    with pytest.raises(OSError), no_file_larger_than(2_000):  # less than any buffer, more than all files but .skels
        export_skels(tmp_path, tmp_path / "skels", "progressive")
    assert not list((tmp_path / "skels").iterdir())


def lines(path: Path, *words: str) -> None:
    path.write_text("".join(f"{word}\n" for word in words), "utf-8")


@pytest.mark.parametrize(
    ("break_it", "error", "message"),
    [
        (lambda base: lines(base / "dev.text", "eins"), FormatError, r"dev\.text: ends after line 1"),
        (lambda base: lines(base / "dev.files", "a", "b", "c"), FormatError, r"dev\.skels: ends after line 2"),
        (lambda base: lines(base / "dev.files", "same", "same"), FormatError, r"line 2: the id 'same' was used before"),
        (lambda base: (base / "dev.text").unlink(), UsageError, r"dev\.text: the sentences"),
        (lambda base: (base / "dev.skels").unlink(), UsageError, "no skels here"),
        (lambda base: (base / "dev.skels").write_text("1 2 3\n"), FormatError, r"dev\.skels, line 1"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(tmp_path, break_it, error, message):
    shutil.copytree(GOLDEN / "progressive", tmp_path / "in")
    break_it(tmp_path / "in")
    with pytest.raises(error, match=message):
        import_skels(tmp_path / "in", "gsl", "progressive", tmp_path / "data")
    assert not list(tmp_path.glob("data/*"))


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan")])
def test_a_rate_that_is_none_is_refused(tmp_path, fps):
    with pytest.raises(UsageError, match="no rate"):
        import_skels(GOLDEN / "progressive", "gsl", "progressive", tmp_path, fps=fps)


def test_golden_files_stay_readable():
    first, second = read_skels(GOLDEN / "progressive" / "dev.skels", "progressive")
    np.testing.assert_array_equal(first, golden_xyz(2))
    np.testing.assert_array_equal(second, golden_xyz(3))
    first, second = read_skels(GOLDEN / "prompt2sign" / "dev.skels", "prompt2sign")
    np.testing.assert_array_equal(first, golden_xyz(2))
    np.testing.assert_array_equal(second[1, 40], np.full(3, 0.016, np.float32))
