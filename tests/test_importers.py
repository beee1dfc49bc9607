"""Ready keypoints: every kind that is read, everything that is wrong with them, and who of several is the signer."""

from __future__ import annotations

import io
import json
import sys
import tarfile
import time
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from prompt2sign.errors import ClipRejected, FormatError, MissingError, UsageError
from prompt2sign.estimators.importers import import_keypoints, list_members
from prompt2sign.estimators.signer_choice import choose_signer
from prompt2sign.formats.dwpose_json import write_dwpose_json
from prompt2sign.formats.keypoints import Keypoints, read_keypoints, write_keypoints
from prompt2sign.formats.openpose_json import write_openpose_json
from prompt2sign.formats.pose_file import MEDIAPIPE_HAND, write_pose_file
from prompt2sign.skeleton import BODY_25, KEYPOINT_NAMES

SIZE = {"fps": 24.0, "width": 1280, "height": 720}
Points = NDArray[np.float32]

#: Head, shoulders, arms and hips of a signer whose neck is the origin, in shoulder widths.
FIGURE = {
    "nose": (0, -0.6), "neck": (0, 0), "right_shoulder": (-0.5, 0), "left_shoulder": (0.5, 0), "mid_hip": (0, 1.5),
    "right_elbow": (-0.7, 0.8), "left_elbow": (0.7, 0.8), "right_wrist": (-0.3, 0.6), "left_wrist": (0.3, 0.6),
    "right_eye": (-0.1, -0.7), "left_eye": (0.1, -0.7), "right_ear": (-0.2, -0.6), "left_ear": (0.2, -0.6),
}  # fmt: skip


def person(x: float, y: float = 300, size: float = 200, confidence: float = 0.9) -> Points:
    """(137, 3) somebody with the neck at x, y, and both hands at the wrists."""
    points = np.zeros((137, 3), np.float32)
    for name, (right, down) in FIGURE.items():
        points[BODY_25.index(name)] = x + size * right, y + size * down, confidence
    for start, wrist in ((95, "left_wrist"), (116, "right_wrist")):
        points[start : start + 21] = points[BODY_25.index(wrist)] + np.array([1, 1, 0]) * np.arange(21)[:, None]
    return points


def clip(n_frames: int = 6, seed: int = 0) -> Keypoints:
    """A clip with every point at a place of its own."""
    xyc = np.random.default_rng(seed).uniform(1, 700, (n_frames, 137, 3)).astype(np.float32)
    xyc[..., 2] /= 700
    return Keypoints(xyc, 24.0, 1280, 720, "test")


def openpose_person(points: Points) -> dict[str, Any]:
    parts = {"pose": (0, 25), "face": (25, 95), "hand_left": (95, 116), "hand_right": (116, 137)}
    return {f"{part}_keypoints_2d": points[a:b].ravel().tolist() for part, (a, b) in parts.items()}


def write_frames(folder: Path, frames: list[Any], first: int = 0, stem: str = "clip") -> Path:
    """OpenPose files whose `people` are as given, one a frame; bytes are written as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, people in enumerate(frames, first):
        data = people if isinstance(people, bytes) else json.dumps({"version": 1.3, "people": people}).encode()
        (folder / f"{stem}_{number:012d}_keypoints.json").write_bytes(data)
    return folder


def people_frames(folder: Path, frames: list[list[Points]]) -> Path:
    return write_frames(folder, [[openpose_person(one) for one in people] for people in frames])


def read(path: Path, member: str = "", **changes: Any) -> tuple[Keypoints, dict[str, Any]]:
    return import_keypoints(path, member, **{**SIZE, **changes})


def rejection(path: Path, member: str = "", **changes: Any) -> ClipRejected:
    with pytest.raises(ClipRejected) as caught:
        read(path, member, **changes)
    assert str(path) in str(caught.value), "the message names the file"
    return caught.value


# OpenPose JSON


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), n_frames=st.integers(1, 5), missing=st.sets(st.integers(0, 136), max_size=130))
def test_openpose_json_round_trip_is_exact(
    tmp_path_factory: pytest.TempPathFactory, seed: int, n_frames: int, missing: set[int]
) -> None:
    keypoints = clip(n_frames, seed)
    keypoints.xyc[:, sorted(missing)] = 0
    folder = tmp_path_factory.mktemp("clip")
    write_openpose_json(folder, "a-clip_7", keypoints)
    back, values = read(folder)
    np.testing.assert_array_equal(back.xyc, keypoints.xyc)
    assert (back.fps, back.width, back.height, back.estimator) == (24.0, 1280, 720, "openpose 1.3")
    assert values["n_files"] == values["n_frames"] == n_frames and values["notes"] == []


@pytest.mark.parametrize("version", [1.2, 1.3])
def test_versions_and_persons_as_dictionary(tmp_path: Path, version: float) -> None:
    points = person(400)
    one = openpose_person(points)
    if version == 1.3:
        one["person_id"] = [-1]
    for way, people in (("list", [one]), ("dict", one), ("dict-of-dict", {"0": one})):
        data = json.dumps({"version": version, "people": people}).encode()
        back, _ = read(write_frames(tmp_path / way, [data]))
        np.testing.assert_allclose(back.xyc[0], points, rtol=1e-6)
        assert back.estimator == f"openpose {version}"


def test_absent_and_empty_parts_are_not_found(tmp_path: Path) -> None:
    one = openpose_person(person(400))
    del one["face_keypoints_2d"]
    one["hand_left_keypoints_2d"] = []
    back, _ = read(write_frames(tmp_path, [[one]]))
    assert not back.xyc[0, 25:116].any() and back.xyc[0, 116:].all() and back.xyc[0, 1, 2] > 0


def test_coco_18_body_is_mapped_by_name(tmp_path: Path) -> None:
    coco = [
        "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
        "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
        "right_eye", "left_eye", "right_ear", "left_ear",
    ]  # fmt: skip
    flat = [value for i in range(18) for value in (100.0 + i, 200.0 + i, 0.5)]
    back, _ = read(write_frames(tmp_path, [[{"pose_keypoints_2d": flat}]]))
    found = {BODY_25[j]: back.xyc[0, j].tolist() for j in range(25) if back.xyc[0, j, 2]}
    assert found == {name: [100.0 + i, 200.0 + i, 0.5] for i, name in enumerate(coco)}


def test_68_face_points_have_no_pupils(tmp_path: Path) -> None:
    back, _ = read(write_frames(tmp_path, [[{"face_keypoints_2d": [50.0, 60.0, 0.7] * 68}]]))
    assert back.xyc[0, 25:93].all() and not back.xyc[0, 93:].any()


@pytest.mark.parametrize("first", [0, 1, 17])
def test_missing_frames_stay_in_their_place(tmp_path: Path, first: int) -> None:
    frames = [[openpose_person(person(300 + t))] for t in range(6)]
    folder = write_frames(tmp_path, frames, first)
    for t in (2, 3):
        (folder / f"clip_{first + t:012d}_keypoints.json").unlink()
    back, values = read(folder)
    assert back.xyc[:, 1, 0].tolist() == [300, 301, 0, 0, 304, 305]
    assert values["n_files"] == 4 and values["n_missing_frames"] == 2 and values["n_frames"] == 6
    assert values["first_index"] == first and bool(values["notes"]) == (first > 1)


def test_frames_without_anybody_are_counted(tmp_path: Path) -> None:
    one = [openpose_person(person(300))]
    back, values = read(write_frames(tmp_path, [one, [], {}, one]))
    assert values["n_empty_frames"] == 2 and values["n_missing_frames"] == 0
    assert back.xyc[..., 2].any(axis=1).tolist() == [True, False, False, True]


def test_absurd_gap_is_rejected_without_taking_memory(tmp_path: Path) -> None:
    one = json.dumps({"people": [openpose_person(person(300))]}).encode()
    for number in (0, 10**11):
        (tmp_path / f"clip_{number:012d}_keypoints.json").write_bytes(one)
    assert rejection(tmp_path).reason == "too-sparse"


def test_frame_twice_and_frames_of_two_clips_are_rejected(tmp_path: Path) -> None:
    one = [[openpose_person(person(300))]]
    twice = write_frames(tmp_path / "twice", one)
    (twice / "clip_0_keypoints.json").write_bytes((twice / "clip_000000000000_keypoints.json").read_bytes())
    assert rejection(twice).reason == "duplicate-frame"
    two = write_frames(write_frames(tmp_path / "two", one), one, stem="other")
    assert rejection(two).reason == "mixed-clips"


@pytest.mark.parametrize("spoilt", ["NaN", "Infinity", "-Infinity", "null", "1e300", "-1e9"])
def test_numbers_that_are_none_become_missing_points(tmp_path: Path, spoilt: str) -> None:
    one = openpose_person(person(300))
    one["pose_keypoints_2d"][3] = 123456.5
    data = json.dumps({"people": [one]}).replace("123456.5", spoilt).encode()
    back, values = read(write_frames(tmp_path, [data]))
    assert back.xyc[0, 1].tolist() == [0, 0, 0] and back.xyc[0, 2, 2] > 0
    assert values["n_unusable_points"] == 1 and np.isfinite(back.xyc).all()


def test_confidence_above_one_is_kept_and_below_zero_is_not_found(tmp_path: Path) -> None:
    points = person(300)
    points[0, 2], points[1, 2] = 1.0625, -1
    back, values = read(people_frames(tmp_path, [[points]]))
    assert back.xyc[0, 0, 2] == 1.0625 and back.xyc[0, 1].tolist() == [0, 0, 0]
    assert values["n_unusable_points"] == 0


WRONG = {
    "truncated": b'{"version":1.3,"people":[{"pose_keypoints_2d":[1,2,',
    "empty file": b"",
    "a list": b"[1, 2]",
    "no people": b'{"version": 1.3}',
    "people is a number": b'{"people": 3}',
    "a person is a list": b'{"people": [[1, 2, 3]]}',
    "wrong body length": b'{"people": [{"pose_keypoints_2d": [1, 2, 3, 4, 5, 6]}]}',
    "not triples": b'{"people": [{"hand_left_keypoints_2d": [1, 2, 3, 4]}]}',
    "text among numbers": b'{"people": [{"pose_keypoints_2d": ["1", 2, 3]}]}',
    "nested": b'{"people": [{"pose_keypoints_2d": [[1, 2, 3]]}]}',
    "part is text": b'{"people": [{"pose_keypoints_2d": "abc"}]}',
    "old keys": b'{"people": [{"pose_keypoints": [1, 2, 3]}]}',
    "endless number": b'{"people": [{"pose_keypoints_2d": [1' + b"0" * 400 + b", 2, 3]}]}",
    "deep": b"[" * 100_000,
    "not utf-8": b'{"people": "\xff"}',
}


@pytest.mark.parametrize("fault", WRONG)
def test_broken_json_is_rejected_by_file_name(tmp_path: Path, fault: str) -> None:
    good = [openpose_person(person(300))]
    error = rejection(write_frames(tmp_path, [good, WRONG[fault], good]))
    assert error.reason == "bad-json" and "clip_000000000001_keypoints.json" in str(error)


def test_wrong_length_is_said(tmp_path: Path) -> None:
    error = rejection(write_frames(tmp_path, [[{"pose_keypoints_2d": [1.0] * 390}]]))
    assert "390" in str(error) and "75" in str(error)


def test_huge_json_is_rejected_before_it_is_read(tmp_path: Path) -> None:
    path = write_frames(tmp_path, [b"{}"])
    with (path / "clip_000000000000_keypoints.json").open("r+b") as file:
        file.truncate(100 << 20)  # sparse: takes no disk
    started = time.perf_counter()
    assert rejection(path).reason == "too-large"
    assert time.perf_counter() - started < 1


def test_crowd_beyond_reason_is_rejected(tmp_path: Path) -> None:
    crowd = [{"pose_keypoints_2d": []}] * 101
    assert rejection(write_frames(tmp_path / "a", [crowd])).reason == "too-many-people"
    crowd = {"num_persons": 101, **{f"person_{i}": {} for i in range(101)}}
    assert rejection(dwpose_frames(tmp_path / "b", [json.dumps(crowd).encode()])).reason == "too-many-people"


def test_nobody_anywhere(tmp_path: Path) -> None:
    assert rejection(write_frames(tmp_path / "a", [[], []])).reason == "nobody"
    zeros = openpose_person(np.zeros((137, 3), np.float32))
    assert rejection(write_frames(tmp_path / "b", [[zeros]])).reason == "nobody"


@pytest.mark.parametrize("fps", [None, 0.0, -24.0, float("nan"), float("inf")])
def test_frame_rate_must_be_known(tmp_path: Path, fps: float | None) -> None:
    folder = people_frames(tmp_path, [[person(300)]])
    assert rejection(folder, fps=fps).reason == "no-fps"


def test_openpose_size_may_stay_unknown_but_not_its_scale(tmp_path: Path) -> None:
    back, _ = read(people_frames(tmp_path / "a", [[person(300)]]), width=None, height=None)
    assert (back.width, back.height) == (0, 0)
    normalised = person(300)
    normalised[:, :2] /= 1280
    assert rejection(people_frames(tmp_path / "b", [[normalised]])).reason == "wrong-scale"


# Several people


def test_signer_is_followed_when_the_list_changes_its_order(tmp_path: Path) -> None:
    frames = []
    for t in range(20):
        both = [person(300 + t, size=200), person(900 - t, size=150)]
        frames.append(both if t % 3 else both[::-1])
    back, values = read(people_frames(tmp_path, frames))
    assert back.xyc[:, 1, 0].tolist() == [300 + t for t in range(20)]
    assert values["n_people_max"] == 2 and values["n_absent_frames"] == 0


def test_passer_by_who_is_larger_for_a_while_is_not_taken(tmp_path: Path) -> None:
    frames = [[person(600, size=150)] for _ in range(40)]
    for t in range(10, 18):  # crosses the picture right in front of the signer
        frames[t].insert(t % 2, person(100 + 140 * (t - 10), size=400, confidence=1))
    frames[14] = frames[14][:1] if frames[14][1][1, 0] == 600 else frames[14][1:]  # and hides them once
    back, values = read(people_frames(tmp_path, frames))
    assert back.xyc[14].any() == 0 and values["n_absent_frames"] == 1
    assert {*back.xyc[:, 1, 0].tolist()} == {600, 0}


def test_frames_without_anybody_do_not_lose_the_signer(tmp_path: Path) -> None:
    both = [person(300, size=200), person(900, size=150)]
    frames = [both, [], [], both[::-1], [both[1]], both]
    back, values = read(people_frames(tmp_path, frames))
    assert back.xyc[:, 1, 0].tolist() == [300, 0, 0, 300, 0, 300]
    assert values["n_empty_frames"] == 2 and values["n_absent_frames"] == 1


def test_five_people(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    frames = []
    for t in range(30):
        five = [person(150 + 220 * i, size=90 + 30 * (i == 2)) for i in range(5)]
        for one in five:
            one[:, :2] += rng.normal(0, 2, (137, 2))
        frames.append([five[i] for i in rng.permutation(5)][: 5 if t % 7 else 4])
    back, values = read(people_frames(tmp_path, frames))
    there = back.xyc[:, 1, 2] > 0
    assert values["n_people_max"] == 5 and there.sum() >= 25
    assert np.abs(back.xyc[there, 1, 0] - 590).max() < 15


def test_staying_beats_being_large_at_once() -> None:
    people = np.stack([person(300, size=100)] * 50 + [person(900, size=200)] * 5)
    frames = np.array([*range(50), *range(20, 25)], np.intp)
    order = np.argsort(frames, kind="stable")
    chosen = choose_signer(people[order], frames[order], 50)
    assert (people[order][chosen][:, 1, 0] == 300).all()


def test_one_person_a_frame_is_always_taken() -> None:
    people = np.stack([person(300), person(900)])
    assert choose_signer(people, np.array([0, 2]), 3).tolist() == [0, -1, 1]
    assert choose_signer(people[:0], np.array([], np.intp), 2).tolist() == [-1, -1]


def test_half_hidden_signer_who_moves_is_still_the_same(tmp_path: Path) -> None:
    frames = [[person(300 + 15 * t, size=200), person(900, size=150)] for t in range(20)]
    for t in (8, 9, 10):
        frames[t][0][[*range(1, 8), 17, 18]] = 0  # nothing but nose and eyes
    back, _ = read(people_frames(tmp_path, frames))
    assert back.xyc[:, 0, 0].tolist() == [300 + 15 * t for t in range(20)]


def test_signer_who_is_hidden_is_not_replaced_by_whoever_is_there(tmp_path: Path) -> None:
    frames = [[person(300)] for _ in range(20)]
    frames[8:11] = [[person(900)]] * 3
    frames[11:13] = [[person(900), person(300)]] * 2
    back, values = read(people_frames(tmp_path, frames))
    assert back.xyc[:, 1, 0].tolist() == [300] * 8 + [0] * 3 + [300] * 9
    assert values["n_absent_frames"] == 3


def test_thousands_of_ghosts_cost_seconds_not_minutes() -> None:
    rng = np.random.default_rng(0)
    n_frames, n_ghosts = 400, 30
    people = np.repeat(person(0, 0, 20)[None], n_frames * (n_ghosts + 1), axis=0)
    people[..., :2] += rng.uniform(0, 2000, (len(people), 1, 2)).astype(np.float32)
    people[:: n_ghosts + 1] = person(900, 400, 300)
    started = time.process_time()
    chosen = choose_signer(people, np.repeat(np.arange(n_frames), n_ghosts + 1), n_frames)
    assert (people[chosen][:, 1, 0] == 900).all()
    assert time.process_time() - started < 3


# DWPose JSON


def dwpose(people: list[Points], *, mixed_hands: bool = False) -> bytes:
    """One DWPose file; with `mixed_hands` the hands are given out as the upstream tool does."""
    places = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]
    hands = [one[a : a + 21] for one in people for a in (95, 116)]
    if mixed_hands:
        hands = [one[95:116] for one in people] + [one[116:137] for one in people]
    document: dict[str, Any] = {"num_persons": len(people)}
    for k, one in enumerate(people):
        parts = {"body": one[places], "face": one[25:93], "left_hand": hands[2 * k], "right_hand": hands[2 * k + 1]}
        document[f"person_{k}"] = entry = {}
        for name, points in parts.items():
            entry[f"{name}_keypoints"] = (points[:, :2] / [1280, 720]).tolist()
            entry[f"{name}_scores"] = points[:, 2].tolist()
        body_scores = one[places, 2]
        entry["body_scores"] = [18.0 * k + i if score > 0.3 else -1.0 for i, score in enumerate(body_scores)]
    return json.dumps(document).encode()


def dwpose_frames(folder: Path, frames: list[bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(frames, 1):
        (folder / f"{number:08d}.json").write_bytes(data)
    return folder


def test_dwpose_body_scores_are_an_index_not_a_confidence(tmp_path: Path) -> None:
    points = person(400)
    points[BODY_25.index("left_elbow"), 2] = 0.1  # below the tool's threshold, coordinates stay in the file
    points[95:116, 2] = 0.25
    back, values = read(dwpose_frames(tmp_path, [dwpose([points])] * 3))
    found = back.xyc[0]
    assert found[BODY_25.index("nose"), 2] == 1 and not found[BODY_25.index("left_elbow")].any()
    assert (found[95:116, 2] == 0.25).all()
    np.testing.assert_allclose(found[1, :2], [400, 300], rtol=1e-5)
    assert values["first_index"] == 1 and values["notes"] == [] and values["kind"] == "dwpose-json"


@pytest.mark.parametrize("mixed_hands", [True, False])
def test_dwpose_hands_go_back_to_their_owners(tmp_path: Path, mixed_hands: bool) -> None:
    signer, other = person(300, size=200), person(900, size=150)
    for order in ([signer, other], [other, signer], [other, signer, person(1100, size=50)]):
        folder = tmp_path / f"{len(order)}-{order[0] is signer}"
        back, values = read(dwpose_frames(folder, [dwpose(order, mixed_hands=mixed_hands)] * 4))
        np.testing.assert_allclose(back.xyc[2, 95:], signer[95:], rtol=1e-4)
        assert values["hands_reordered"] is mixed_hands


def test_dwpose_round_trip(tmp_path: Path) -> None:
    keypoints = clip(3)
    keypoints.xyc[:, [8, *range(19, 25), 93, 94]] = 0  # what the format has no place for
    keypoints.xyc[:, :25, 2] = keypoints.xyc[:, :25, 2] > 0
    keypoints.xyc[1] = 0
    keypoints.xyc[2, 3] = 0
    write_dwpose_json(tmp_path, keypoints)
    back, _ = read(tmp_path)
    np.testing.assert_allclose(back.xyc, keypoints.xyc, rtol=1e-6)


def test_dwpose_needs_the_size_of_the_picture(tmp_path: Path) -> None:
    folder = dwpose_frames(tmp_path, [dwpose([person(400)])])
    assert rejection(folder, width=None).reason == "no-size"
    assert rejection(folder, height=0).reason == "no-size"


def test_dwpose_in_pixels_is_refused(tmp_path: Path) -> None:
    document = json.loads(dwpose([person(400)]))
    one = document["person_0"]
    for key in ("body_keypoints", "left_hand_keypoints", "right_hand_keypoints"):
        one[key] = (np.array(one[key]) * [1280, 720]).tolist()
    assert rejection(dwpose_frames(tmp_path, [json.dumps(document).encode()])).reason == "wrong-scale"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_persons", 2),
        ("num_persons", "1"),
        ("person_0", [1]),
        ("person_0", {"body_keypoints": [[1, 2]], "body_scores": [1]}),
        ("person_0", {"body_keypoints": [[0, 0, 0]] * 18, "body_scores": [1] * 18}),
        ("person_0", {"face_keypoints": [[0, 0]] * 68}),
        ("person_0", {"face_keypoints": "text", "face_scores": [1] * 68}),
    ],
)
def test_dwpose_of_another_shape_is_rejected(tmp_path: Path, key: str, value: object) -> None:
    document = {**json.loads(dwpose([person(400)])), key: value}
    error = rejection(dwpose_frames(tmp_path, [json.dumps(document).encode()]))
    assert error.reason == "bad-json" and "00000001.json" in str(error)


def test_both_kinds_in_one_folder_are_rejected(tmp_path: Path) -> None:
    folder = dwpose_frames(tmp_path, [dwpose([person(400)]), b'{"people": []}'])
    assert rejection(folder).reason == "mixed-clips"


# .pose files


def pose_bytes(
    components: list[tuple[str, list[str]]], xyc: Points, *, fps: float = 25.0, size: tuple[int, int] = (640, 480)
) -> bytes:
    """A `.pose` file with (T, P, points, 3), or with a z before the confidence (T, P, points, 4)."""
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

    letters = "XYC" if xyc.shape[-1] == 3 else "XYZC"
    parts = [PoseHeaderComponent(name, points, [], [], letters) for name, points in components]
    buffer = io.BytesIO()
    body = NumPyPoseBody(fps, xyc[..., :-1], xyc[..., -1])
    Pose(PoseHeader(0.2, PoseHeaderDimensions(*size), parts), body).write(buffer)
    return buffer.getvalue()


def numbered(components: list[tuple[str, list[str]]], n_frames: int = 2, n_people: int = 1) -> Points:
    """Every point of every component at x = 100 + its number, y = 200 + its number."""
    n_points = sum(len(points) for _, points in components)
    xyc = np.zeros((n_frames, n_people, n_points, 3), np.float32)
    xyc[..., 0], xyc[..., 1], xyc[..., 2] = 100 + np.arange(n_points), 200 + np.arange(n_points), 0.5
    return xyc


def test_pose_file_round_trip(tmp_path: Path) -> None:
    keypoints = clip(5)
    keypoints.xyc[2, 30:100] = 0
    path = tmp_path / "a.clip.pose"
    write_pose_file(path, keypoints)
    back, values = import_keypoints(path, "a.clip", fps=None, width=None, height=None)
    np.testing.assert_array_equal(back.xyc, keypoints.xyc)
    assert (back.fps, back.width, back.height, back.estimator) == (24.0, 1280, 720, "openpose")
    assert values["kind"] == "pose" and values["n_frames"] == 5
    with pytest.raises(FormatError, match="pixels"):
        write_pose_file(path, Keypoints(keypoints.xyc, 24, 70_000, 720, ""))


def test_holistic_points_are_found_by_name(tmp_path: Path) -> None:
    mp = pytest.importorskip("mediapipe").solutions.holistic
    pose, hand = [p.name for p in mp.PoseLandmark], [p.name for p in mp.HandLandmark]
    components = [
        ("RIGHT_HAND_LANDMARKS", hand),  # another order than usual
        ("POSE_WORLD_LANDMARKS", pose),
        ("POSE_LANDMARKS", pose[::-1]),
        ("LEFT_HAND_LANDMARKS", hand),
    ]
    (tmp_path / "a.pose").write_bytes(pose_bytes(components, numbered(components)))
    back, _ = read(tmp_path / "a.pose")
    assert (back.fps, back.width, back.height, back.estimator) == (25.0, 640, 480, "mediapipe holistic")
    columns = {point: 100 + 21 + 33 + i for i, point in enumerate(pose[::-1])}
    x = dict(zip(KEYPOINT_NAMES, back.xyc[0, :, 0].tolist(), strict=True))
    for ours, theirs in {
        "nose": "NOSE", "right_shoulder": "RIGHT_SHOULDER", "left_wrist": "LEFT_WRIST", "left_ear": "LEFT_EAR",
        "right_eye": "RIGHT_EYE", "left_big_toe": "LEFT_FOOT_INDEX", "right_heel": "RIGHT_HEEL",
    }.items():  # fmt: skip
        assert x[ours] == columns[theirs]
    assert x["neck"] == (columns["LEFT_SHOULDER"] + columns["RIGHT_SHOULDER"]) / 2
    assert x["right_root"] == 100 and x["right_thumb_4"] == 100 + hand.index("THUMB_TIP")
    assert x["left_little_4"] == 100 + 21 + 66 + hand.index("PINKY_TIP")
    assert not back.xyc[0, 25:95].any(), "no face in the file, none in the result"


ARMS = ["NOSE", *(f"{side}_{joint}" for side in ("LEFT", "RIGHT") for joint in ("SHOULDER", "ELBOW", "WRIST", "HIP"))]
SPATIAL = [("POSE_LANDMARKS", ARMS), ("RIGHT_HAND_LANDMARKS", [*MEDIAPIPE_HAND]), ("POSE_WORLD_LANDMARKS", ARMS)]
PIXELS_A_METRE = 500.0


def turning_hand(n_frames: int = 12) -> NDArray[np.float64]:
    """(T, 21, 3) metres relative to the root, along a motion's axes: a stiff hand, thumb first, that turns about y."""
    hand = np.zeros((21, 3))
    for finger in range(5):
        for joint in range(4):
            hand[1 + 4 * finger + joint] = 0.02 * (finger - 2), -0.08 - 0.02 * joint, 0.01 * joint
    angles = np.linspace(-1, 1, n_frames)
    cos, sin, zero, one = np.cos(angles), np.sin(angles), np.zeros(n_frames), np.ones(n_frames)
    turns = np.array([[cos, zero, sin], [zero, one, zero], [-sin, zero, cos]]).transpose(2, 0, 1)
    return np.einsum("tij,nj->tni", turns, hand)


def spatial(hand: NDArray[np.float64], *, flatness: float = 2.0) -> Points:
    """(T, 1, 39, 4) of `SPATIAL`: shoulders 0.4 m apart, elbow and wrist farther and farther in front of them."""
    metres = {"SHOULDER": (0.2, -0.5, 0.0), "ELBOW": (0.3, -0.2, 0.1), "WRIST": (0.1, -0.3, 0.3), "HIP": (0.1, 0, 0)}
    body = np.array(
        [(0, -0.7, 0.1)]
        + [np.array(metres[name.split("_")[1]]) * ((-1) ** name.startswith("R"), 1, 1) for name in ARMS[1:]]
    )
    xyzc = np.ones((len(hand), 1, 39, 4), np.float32)
    away = np.array((1, 1, -1))
    xyzc[:, 0, :9, :3] = 600 + PIXELS_A_METRE * body * away
    xyzc[:, 0, 9:30, :3] = 600 + PIXELS_A_METRE * hand * away / (1, 1, flatness)
    xyzc[:, 0, 30:, :3] = body * away
    return xyzc


def read_spatial(tmp_path: Path, xyzc: Points, components: Any = SPATIAL, width: int = 1280) -> Points:
    """`world` of such a file, after it was written and read as h5."""
    (tmp_path / "a.pose").write_bytes(pose_bytes(components, xyzc, size=(width, 720)))
    write_keypoints(tmp_path / "a.h5", read(tmp_path / "a.pose")[0])
    world = read_keypoints(tmp_path / "a.h5").world
    assert world is not None and world.dtype == np.float32
    return world


def test_world_landmarks_become_metres_towards_the_camera(tmp_path: Path) -> None:
    world = read_spatial(tmp_path, spatial(turning_hand()))
    at = dict(zip(KEYPOINT_NAMES, np.moveaxis(world, 1, 0), strict=True))
    np.testing.assert_allclose(at["left_elbow"], np.tile([0.3, -0.2, 0.1], (12, 1)), atol=1e-6)
    np.testing.assert_allclose(at["right_wrist"], np.tile([-0.1, -0.3, 0.3], (12, 1)), atol=1e-6)
    np.testing.assert_allclose(at["neck"], np.tile([0, -0.5, 0], (12, 1)), atol=1e-6)
    known = np.isfinite(world).all(axis=(0, 2))
    assert {name for name, ok in zip(KEYPOINT_NAMES[:95], known, strict=False) if ok} == {
        "nose", "neck", "mid_hip", *(name.lower() for name in ARMS),
    }  # fmt: skip
    assert np.isnan(world[:, 25:116]).all(), "no face, no left hand"


@pytest.mark.parametrize("flatness", [0.6, 2.0, 3.0])
@pytest.mark.parametrize("z_unit", ["pixels", "widths"])
def test_the_depth_of_a_hand_is_stretched_until_its_palm_keeps_its_size(
    flatness: float, z_unit: str, tmp_path: Path
) -> None:
    hand = turning_hand()
    xyzc = spatial(hand, flatness=flatness)
    if z_unit == "widths":
        xyzc[:, 0, 9:30, 2] /= 1280
    world = read_spatial(tmp_path, xyzc)
    assert np.abs(world[:, 116:] - hand).max() < 0.05 * np.abs(hand).max()


def test_a_hand_has_depth_only_where_the_clip_tells_its_scale(tmp_path: Path) -> None:
    hand = turning_hand()
    still = np.repeat(hand[:1], 12, axis=0)
    assert np.isnan(read_spatial(tmp_path, spatial(still))[:, 116:, 2]).all(), "a still palm has no scale"
    assert np.isnan(read_spatial(tmp_path, spatial(hand)[:1])[:, 116:, 2]).all()
    # Without metres in the file the shoulders count as 0.34 m wide, not as the 0.4 m they are.
    bodiless = read_spatial(tmp_path, spatial(hand)[:, :, :30], SPATIAL[:2])
    assert np.isnan(bodiless[:, :116]).all()
    assert np.abs(bodiless[:, 116:] / 0.34 * 0.4 - hand).max() < 0.05 * np.abs(hand).max()
    unmeasured = read_spatial(tmp_path, spatial(hand)[:, :, 9:], [("POSE_LANDMARKS", []), *SPATIAL[1:]])
    assert np.isnan(unmeasured).all()


def test_depth_that_cannot_be_is_none(tmp_path: Path) -> None:
    xyzc = spatial(turning_hand())
    xyzc[3, 0, 30 + ARMS.index("LEFT_ELBOW"), 2] = np.inf
    xyzc[4, 0, 30 + ARMS.index("LEFT_ELBOW"), 0] = 1e30
    xyzc[5, 0, 30 + ARMS.index("LEFT_ELBOW"), 3] = 0
    xyzc[6, 0, ARMS.index("LEFT_ELBOW"), 3] = 0
    xyzc[7, 0, 9 + 8, 2] = np.nan
    world = read_spatial(tmp_path, xyzc)
    assert np.isnan(world[:, BODY_25.index("left_elbow")]).all(axis=1).nonzero()[0].tolist() == [3, 4, 5, 6]
    assert np.isnan(world[:, 116 + 8]).all(axis=1).nonzero()[0].tolist() == [7]
    assert np.isfinite(world[:, BODY_25.index("right_elbow")]).all()


def test_depth_is_of_the_signer_and_none_where_a_file_has_none(tmp_path: Path) -> None:
    two = np.repeat(spatial(turning_hand()), 2, axis=1)
    two[:, 1, :30, :2] = two[:, 1, :30, :2] * 0.5
    two[:, 1, 30:, :3] += 5
    two[3] = two[3, ::-1]
    np.testing.assert_array_equal(read_spatial(tmp_path, two), read_spatial(tmp_path, spatial(turning_hand())))
    (tmp_path / "flat.pose").write_bytes(pose_bytes(SPATIAL, two[..., [0, 1, 3]]))
    assert read(tmp_path / "flat.pose")[0].world is None


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    world=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.just(137), st.just(3)),
        elements=st.just(float("nan")) | st.floats(-100, 100, width=32),
    )
)
def test_world_comes_back_from_h5_with_its_holes(world: Points, tmp_path: Path) -> None:
    write_keypoints(tmp_path / "k.h5", Keypoints(np.zeros_like(world), 25.0, 640, 480, "made", world))
    np.testing.assert_array_equal(read_keypoints(tmp_path / "k.h5").world, world)


def test_keypoints_that_cannot_be_are_neither_written_nor_read(tmp_path: Path) -> None:
    good, path = clip(3), tmp_path / "k.h5"
    spoilt = {
        "world is": {"world": np.zeros((2, 137, 3), np.float32)},
        "beyond 100 metres": {"world": np.where(np.arange(3) == 2, np.float32(np.inf), good.xyc * 0)},
        "xyc is": {"xyc": good.xyc[:, :50]},
        "no number": {"xyc": np.where(np.arange(3) == 0, np.float32(np.nan), good.xyc)},
        "pixels": {"xyc": good.xyc * np.float32(1e30)},
    }
    for message, changes in spoilt.items():
        with pytest.raises(FormatError, match=rf"k.h5.*{message}.*prompt2sign pose"):
            write_keypoints(path, replace(good, **changes))
        assert not path.exists()
        write_keypoints(path, replace(good, world=good.xyc * 0))
        with h5py.File(path, "a") as file:
            for name, values in changes.items():
                del file[name]
                file[name] = values
        with pytest.raises(FormatError, match=rf"k.h5.*{message}.*prompt2sign pose"):
            read_keypoints(path)
        path.unlink()


def test_refined_face_mesh_brings_pupils(tmp_path: Path) -> None:
    components = [("POSE_LANDMARKS", ["NOSE"]), ("FACE_LANDMARKS", [str(i) for i in range(478)])]
    (tmp_path / "a.pose").write_bytes(pose_bytes(components, numbered(components)))
    x = read(tmp_path / "a.pose")[0].xyc[0, :, 0]
    assert x[25] == 101 + 162 and x[25 + 30] == 101 + 4 and x[93] == 101 + 468 and x[94] == 101 + 473


def test_subset_of_points_leaves_the_rest_not_found(tmp_path: Path) -> None:
    components = [("POSE_LANDMARKS", ["LEFT_SHOULDER", "RIGHT_ELBOW"])]
    (tmp_path / "a.pose").write_bytes(pose_bytes(components, numbered(components)))
    found = np.flatnonzero(read(tmp_path / "a.pose")[0].xyc[0, :, 2])
    assert [BODY_25[j] for j in found] == ["right_elbow", "left_shoulder"], "a neck needs both shoulders"


def test_body_135_by_name(tmp_path: Path) -> None:
    pytest.importorskip("pose_format")
    from pose_format.utils.openpose_135 import BODY_135_POINTS

    components = [("BODY_135", BODY_135_POINTS)]
    (tmp_path / "a.pose").write_bytes(pose_bytes(components, numbered(components)))
    back, _ = read(tmp_path / "a.pose")
    x = dict(zip(KEYPOINT_NAMES, back.xyc[0, :, 0].tolist(), strict=True))
    at = {name: 100 + i for i, name in enumerate(BODY_135_POINTS)}
    assert x["neck"] == (at["LShoulder"] + at["RShoulder"]) / 2 and x["mid_hip"] == (at["LHip"] + at["RHip"]) / 2
    assert x["left_root"] == x["left_wrist"] == at["LWrist"] and x["right_small_toe"] == at["RSmallToe"]
    assert x["right_index_1"] == at["RIndex1Knuckles"] and x["left_little_4"] == at["LPinky4FingerTip"]
    assert x["face_0"] == at["FaceContour0"] and x["face_69"] == at["LPupil"]
    assert back.estimator == "openpose body_135" and back.xyc[0, :, 2].all()


def test_masked_points_and_not_a_number_are_not_found(tmp_path: Path) -> None:
    components = [("POSE_LANDMARKS", ["NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER"])]
    xyc = numbered(components, n_frames=3)
    xyc[1, 0, 0, 2], xyc[2, 0, 1, 0] = 0, np.nan
    (tmp_path / "a.pose").write_bytes(pose_bytes(components, xyc))
    back, values = read(tmp_path / "a.pose")
    assert (back.xyc[:, [0, 1, 5], 2] > 0).tolist() == [[True] * 3, [False, True, True], [True, False, False]]
    assert not back.xyc[1, 0].any() and values["n_unusable_points"] == 2


def test_several_people_in_a_pose_file(tmp_path: Path) -> None:
    components = [("POSE_LANDMARKS", ["NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER"])]
    xyc = numbered(components, n_frames=8, n_people=2)
    shape = np.array([[50, 0], [100, 80], [0, 80]])
    xyc[:, 0, :, :2], xyc[:, 1, :, :2] = 100 + shape, 500 + shape * 2
    xyc[3] = xyc[3, ::-1]
    (tmp_path / "a.pose").write_bytes(pose_bytes(components, xyc))
    back, values = read(tmp_path / "a.pose")
    assert (back.xyc[:, 0, 0] == 600).all() and values["n_people_max"] == 2


def test_frame_rate_that_the_file_lacks_comes_from_the_caller(tmp_path: Path) -> None:
    components = [("POSE_LANDMARKS", ["NOSE"])]
    for fps in (0.0, float("nan")):
        (tmp_path / "a.pose").write_bytes(pose_bytes(components, numbered(components), fps=fps, size=(0, 0)))
        back, _ = read(tmp_path / "a.pose", fps=30.0)
        assert (back.fps, back.width, back.height) == (30.0, 1280, 720)
        assert rejection(tmp_path / "a.pose", fps=None).reason == "no-fps"


def test_unknown_layout_and_empty_pose_are_rejected(tmp_path: Path) -> None:
    strange = [("ALPHAPOSE_136", ["nose"])]
    (tmp_path / "a.pose").write_bytes(pose_bytes(strange, numbered(strange)))
    error = rejection(tmp_path / "a.pose")
    assert error.reason == "unknown-layout" and "ALPHAPOSE_136" in str(error)
    known = [("POSE_LANDMARKS", ["NOSE"])]
    for i, (n_frames, n_people) in enumerate([(0, 1), (3, 0)]):
        path = tmp_path / f"empty{i}.pose"
        path.write_bytes(pose_bytes(known, numbered(known, n_frames, n_people)))
        assert rejection(path).reason == "nobody"


def test_cut_off_pose_file_is_rejected_wherever_it_is_cut(tmp_path: Path) -> None:
    known = [("POSE_LANDMARKS", ["NOSE", "LEFT_EYE"])]
    whole = pose_bytes(known, numbered(known))
    path = tmp_path / "a.pose"
    for n_bytes in range(len(whole)):
        path.write_bytes(whole[:n_bytes])
        assert rejection(path).reason == "bad-pose"


def test_missing_library_is_said_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.pose").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pose_format", None)
    with pytest.raises(MissingError, match=r"pip install 'prompt2sign\[pose\]'"):
        read(tmp_path / "a.pose")


# Folders and archives of many clips


def tree(root: Path, names: list[str]) -> Path:
    for i, name in enumerate(names):
        write_frames(root / name, [[openpose_person(person(300 + i + t))] for t in range(3)], stem=Path(name).name)
    return root


def pack(root: Path, target: Path) -> Path:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as zipped:
            for path in files:
                zipped.write(path, path.relative_to(root))
    else:
        with tarfile.open(target, "w:gz" if target.suffix in (".gz", ".tgz") else "w") as tar:
            for path in files:
                tar.add(path, path.relative_to(root))
    return target


CONTAINERS = ("folder", "clips.tar", "clips.tar.gz", "clips.tgz", "clips.zip")


def container(tmp_path: Path, kind: str, root: Path) -> Path:
    return root if kind == "folder" else pack(root, tmp_path / kind)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_every_clip_of_folder_and_archive(tmp_path: Path, kind: str) -> None:
    names = ["-7E2sU6zP4_10-5-rgb_front", "_2FBDaOPYig_2-3-rgb_front", "z"]
    root = tree(tmp_path / "root" / "x", [f"openpose_output/json/{name}" for name in names])
    write_pose_file(root / "openpose_output" / "extra.pose", clip(4))
    (root / "openpose_output" / "json" / "z" / "._z_000000000000_keypoints.json").write_bytes(b"\0Mac\xff")
    (root / "readme.txt").write_text("nothing")
    path = container(tmp_path, kind, root)
    assert list_members(path) == sorted([*names, "extra"])
    for i, name in enumerate(names):
        back, values = read(path, name)
        assert back.xyc[:, 1, 0].tolist() == [300 + i + t for t in range(3)] and values["n_files"] == 3
    assert read(path, "extra")[0].n_frames == 4


@pytest.mark.parametrize("kind", CONTAINERS)
def test_rejections_inside_an_archive_name_the_file(tmp_path: Path, kind: str) -> None:
    root = tree(tmp_path / "root", ["a", "b"])
    (root / "b" / "b_000000000001_keypoints.json").write_bytes(b"{")
    path = container(tmp_path, kind, root)
    assert "b/b_000000000001_keypoints.json" in str(rejection(path, "b"))
    assert read(path, "a")[0].n_frames == 3


@pytest.mark.parametrize("kind", CONTAINERS)
def test_clips_of_one_name_are_told_apart_by_their_path(tmp_path: Path, kind: str) -> None:
    path = container(tmp_path, kind, tree(tmp_path / "root", ["train/a", "dev/a", "dev/b"]))
    assert list_members(path) == ["b", "dev/a", "train/a"]
    assert [read(path, name)[0].xyc[0, 1, 0] for name in ("train/a", "dev/a", "b")] == [300, 301, 302]
    assert rejection(path, "a").reason == "no-keypoints"


@pytest.mark.parametrize("kind", CONTAINERS)
def test_which_clip_must_be_said(tmp_path: Path, kind: str) -> None:
    path = container(tmp_path, kind, tree(tmp_path / "root", ["a", "b"]))
    assert rejection(path).reason == "which-clip"
    for member in ("c", "../root/a", "..", "/etc", "a/../b", "a/a_000000000000_keypoints.json"):
        assert rejection(path, member).reason == "no-keypoints"


@pytest.mark.parametrize("kind", CONTAINERS)
def test_hangul_names_match_in_any_normal_form(tmp_path: Path, kind: str) -> None:
    name = "수어 영상"
    path = container(tmp_path, kind, tree(tmp_path / "root", [unicodedata.normalize("NFD", name), "b"]))
    assert list_members(path) == ["b", unicodedata.normalize("NFC", name)]
    for form in ("NFC", "NFD"):
        assert read(path, unicodedata.normalize(form, name))[0].n_frames == 3


@pytest.mark.parametrize("kind", CONTAINERS)
def test_frames_at_the_top_are_one_clip(tmp_path: Path, kind: str) -> None:
    root = people_frames(tmp_path / "clips", [[person(300)]] * 2)
    path = container(tmp_path, kind, root)
    assert list_members(path) == ["clips"]
    assert read(path)[0].n_frames == read(path, "clips")[0].n_frames == 2


def test_pose_file_beside_frames_of_the_same_name_is_rejected(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", ["a"])
    write_pose_file(root / "a.pose", clip(2))
    for kind in ("folder", "clips.tar"):
        assert rejection(container(tmp_path, kind, root), "a").reason == "mixed-clips"


def test_links_that_lead_back_up_end(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", ["deep/a"])
    (root / "deep" / "again").symlink_to(root)
    assert list_members(root) == ["a"]


def test_what_is_not_there_or_is_no_keypoints(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="not there"):
        list_members(tmp_path / "gone")
    assert rejection(tmp_path / "gone").reason == "no-keypoints"
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    with pytest.raises(UsageError, match="expected a folder"):
        list_members(text)
    assert rejection(text).reason == "no-keypoints"
    (tmp_path / "empty").mkdir()
    assert list_members(tmp_path / "empty") == []
    assert rejection(tmp_path / "empty").reason == "no-keypoints"
    broken = tmp_path / "broken.tar"
    broken.write_bytes(b"not a tar")
    for door in (list_members, read):
        with pytest.raises(FormatError, match=r"broken\.tar"):
            door(broken)


def test_same_input_gives_the_same_bytes_from_every_container(tmp_path: Path) -> None:
    root = tmp_path / "root"
    people_frames(root / "a", [[person(300 + t), person(700 - t)] for t in range(5)])
    results = [read(container(tmp_path, kind, root), "a") for kind in CONTAINERS]
    assert len({keypoints.xyc.tobytes() for keypoints, _ in results}) == 1
    assert len({json.dumps(values, sort_keys=True) for _, values in results}) == 1
    assert all(orjson.dumps(values) for _, values in results), "a receipt holds JSON types only"


# Fuzzing: whatever the bytes, keypoints or a rejection

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
KEYS = ("people", "num_persons", "person_0", "pose_keypoints_2d", "body_keypoints", "body_scores", "version")


def spoil(value: Any, data: st.DataObject) -> Any:
    """The document with something in it replaced by anything."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 4)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: spoil(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 4)):
        i = data.draw(st.integers(0, min(len(value), 100) - 1))
        return [*value[:i], spoil(value[i], data), *value[i + 1 :]]
    return data.draw(JSON | st.dictionaries(st.sampled_from(KEYS), JSON, max_size=3))


def survives(path: Path) -> None:
    try:
        keypoints, values = read(path)
    except (ClipRejected, FormatError) as error:
        assert str(path) in str(error)
    else:
        assert keypoints.xyc.shape[1:] == (137, 3) and keypoints.xyc.dtype == np.float32
        assert np.isfinite(keypoints.xyc).all() and (keypoints.xyc[..., 2] >= 0).all()
        assert len(keypoints.xyc) == values["n_frames"] >= 1


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_json_gives_keypoints_or_a_rejection(tmp_path: Path, data: st.DataObject) -> None:
    good = {"version": 1.3, "people": [openpose_person(person(300)), openpose_person(person(900))]}
    seeds = [good, json.loads(dwpose([person(300), person(900)]))]
    document = spoil(data.draw(st.sampled_from(seeds)), data)
    path = write_frames(tmp_path / "clip", [json.dumps(document).encode(), json.dumps(seeds[0]).encode()])
    survives(path)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_rejection(tmp_path: Path, data: bytes) -> None:
    survives(write_frames(tmp_path / "clip", [data]))
    (tmp_path / "a.pose").write_bytes(data)
    survives(tmp_path / "a.pose")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_pose_files_give_keypoints_or_a_rejection(tmp_path: Path, data: st.DataObject) -> None:
    known = [("POSE_LANDMARKS", ["NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER"])]
    whole = bytearray(pose_bytes(known, numbered(known, 3, 2)))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "a.pose").write_bytes(whole)
    survives(tmp_path / "a.pose")


# Real data


@pytest.mark.shared
def test_genuine_openpose_clips(shared_data: Path) -> None:
    root = shared_data / "openpose_json"
    clips = [read(root, name) for name in list_members(root)]
    assert [keypoints.n_frames for keypoints, _ in clips] == [157, 109, 62]
    for keypoints, values in clips:
        assert values["n_people_max"] == 1 and values["n_missing_frames"] == values["n_unusable_points"] == 0
        assert (keypoints.xyc[:, :8, 2] > 0).all() and keypoints.estimator == "openpose 1.3"
        assert ((keypoints.xyc[:, 1, :2] > 300) & (keypoints.xyc[:, 1, :2] < 800)).all()


@pytest.mark.shared
def test_genuine_dwpose_clip(shared_data: Path) -> None:
    keypoints, values = read(shared_data / "dwpose_json")
    assert keypoints.n_frames == 48 and values["n_people_max"] == 2 and values["hands_reordered"]
    assert values["n_absent_frames"] == 0
    for wrist, root in ((BODY_25.index("left_wrist"), 95), (BODY_25.index("right_wrist"), 116)):
        both = keypoints.xyc[:, wrist, 2] > 0
        apart = np.linalg.norm(keypoints.xyc[both, wrist, :2] - keypoints.xyc[both, root, :2], axis=1)
        assert np.median(apart) < 15, "hands hang on the wrists of the same person"


@pytest.mark.shared
def test_genuine_pose_files(shared_data: Path) -> None:
    poses = shared_data / "how2sign" / "poses"
    names = list_members(poses)
    assert len(names) == 72
    for name in names:
        keypoints, _ = import_keypoints(poses, name, fps=None, width=None, height=None)
        assert (keypoints.fps, keypoints.width, keypoints.height) == (24.0, 1280, 720)
        assert (keypoints.xyc[:, [0, 1, 2, 5], 2] > 0).mean() > 0.9
    expected = {
        "pose_files/openpose.pose": (93, "openpose", 24.0),
        "pose_files/mediapipe.pose": (170, "mediapipe holistic", 24.0),
        "autsl/signer0_sample1000.pose": (43, "mediapipe holistic", 30.0),
    }
    for name, facts in expected.items():
        keypoints, _ = import_keypoints(shared_data / name, fps=None, width=None, height=None)
        assert (keypoints.n_frames, keypoints.estimator, keypoints.fps) == facts
        assert (keypoints.xyc[:, [1, 2, 5], 2] > 0).mean() > 0.9
