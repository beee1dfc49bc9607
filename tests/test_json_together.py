"""OpenPose JSON: many files converted together are what each of them says, and a wrong one is named."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.errors import ClipRejected
from prompt2sign.estimators.clip_files import frame_name
from prompt2sign.estimators.importers import import_keypoints
from prompt2sign.formats.openpose_json import Gatherer, parse_frame

LENGTHS = {
    "pose_keypoints_2d": 75, "face_keypoints_2d": 210, "hand_left_keypoints_2d": 63, "hand_right_keypoints_2d": 63,
}  # fmt: skip
numbers = st.one_of(st.floats(-1e4, 1e4), st.integers(-9, 9), st.just(0), st.just(1e300))
odd_numbers = st.one_of(numbers, st.none(), st.booleans(), st.text(max_size=2), st.just(10**400), st.just([1.0]))


def part(length: int, number: st.SearchStrategy) -> st.SearchStrategy:
    """A list of `length` numbers that repeats two drawn ones."""
    return st.tuples(number, numbers).map(lambda pair: [pair[0], *([pair[1]] * (length - 1))])


def documents(number: st.SearchStrategy, lengths: st.SearchStrategy) -> st.SearchStrategy:
    parts = {
        key: lengths.flatmap(lambda extra, n=n: st.just([]) | part(n + extra, number)) for key, n in LENGTHS.items()
    }
    person = st.fixed_dictionaries({}, optional=parts)
    people = st.one_of(st.lists(person, max_size=3), person, st.none(), st.dictionaries(st.just("0"), person))
    return st.fixed_dictionaries({"version": st.just(1.3)}, optional={"people": people})


def gathered(files: list[dict[str, Any]], names: list[str]) -> list[np.ndarray]:
    gatherer = Gatherer()
    for document, name in zip(files, names, strict=True):
        gatherer.add(document, name, json.dumps(document).encode())
    return gatherer.finish()


def outcome(parse: Any) -> Any:
    try:
        return [(people.shape, people.tobytes()) for people in parse()]
    except ClipRejected as error:
        return error.reason, str(error)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(documents(numbers, st.just(0)), documents(odd_numbers, st.sampled_from([0, 0, -21, 1])))))
def test_together_is_one_by_one(files: list[dict[str, Any]]) -> None:
    names = [f"file {number}" for number in range(len(files))]
    alone = outcome(lambda: [parse_frame(*one) for one in zip(files, names, strict=True)])
    assert outcome(lambda: gathered(files, names)) == alone


def person(value: float = 1.0) -> dict[str, Any]:
    return {key: [value] * length for key, length in LENGTHS.items()}


def write(folder: Path, files: list[Any]) -> Path:
    folder.mkdir()
    for number, document in enumerate(files):
        (folder / f"clip_{number:012d}_keypoints.json").write_bytes(orjson.dumps(document))
    return folder


def read(folder: Path) -> np.ndarray:
    return import_keypoints(folder, fps=25.0, width=None, height=None)[0].xyc


@pytest.mark.parametrize("n_bytes", [1, 20_000, 1 << 21])
def test_frames_stay_in_order_however_many_are_taken_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_bytes: int
) -> None:
    monkeypatch.setattr("prompt2sign.estimators.json_frames._TOGETHER_BYTES", n_bytes)
    folder = write(tmp_path / "clip", [{"people": [person(100.0 + number)]} for number in range(30)])
    (folder / "clip_000000000012_keypoints.json").unlink()
    expected = np.where(np.arange(30) == 12, 0, 100.0 + np.arange(30))
    np.testing.assert_array_equal(read(folder), np.broadcast_to(expected[:, None, None], (30, 137, 3)))


@pytest.mark.parametrize("fault", ["x", True, [1.0], 10**400])
def test_the_wrong_file_among_many_is_named(tmp_path: Path, fault: Any) -> None:
    files: list[Any] = [{"people": [person(100.0)]} for _ in range(9)]
    folder = write(tmp_path / "clip", files)
    files[5]["people"][0]["face_keypoints_2d"][7] = fault
    text = str(files[5]).replace("'", '"').replace("True", "true")
    (folder / "clip_000000000005_keypoints.json").write_text(text)
    with pytest.raises(ClipRejected, match=r"clip_000000000005_keypoints\.json: face_keypoints_2d") as caught:
        read(folder)
    assert caught.value.reason == "bad-json"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_a_flag_is_no_number_however_the_text_is_encoded(tmp_path: Path, encoding: str) -> None:
    folder = write(tmp_path / "clip", [{"people": [person(100.0)]}] * 2)
    flagged = {"people": [{**person(100.0), "pose_keypoints_2d": [True] * 75}]}
    (folder / "clip_000000000001_keypoints.json").write_bytes(json.dumps(flagged).encode(encoding))
    with pytest.raises(ClipRejected, match=r"000001_keypoints\.json: pose_keypoints_2d is not an array of numbers"):
        read(folder)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("nowhere")])
@pytest.mark.timeout(20)
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, make: Any) -> None:
    folder = write(tmp_path / "clip", [{"people": [person()]}] * 2)
    make(folder / "clip_000000000002_keypoints.json")
    with pytest.raises(ClipRejected, match=r"clip_000000000002_keypoints\.json: is no file"):
        read(folder)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a_000000000012_keypoints.json", ("a_", 12)),
        ("12_keypoints.json", ("", 12)),
        ("007.json", ("", 7)),
        ("a3_5_keypoints.json", ("a3_", 5)),
        (f"{'9' * 20}_keypoints.json", ("99", int("9" * 18))),
        ("\u0663_keypoints.json", None),
        (f"{'9' * 19}.json", None),
        *((name, None) for name in ("a_keypoints.json", "_keypoints.json", "a7.json", ".json", "._7.json", "7.JSON")),
    ],
)
def test_stem_and_number_of_a_name(name: str, expected: tuple[str, int] | None) -> None:
    assert frame_name(name) == expected
