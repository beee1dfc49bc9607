"""Keypoints of whole recordings, and OpenPose's model BODY_135."""

from __future__ import annotations

import io
import lzma
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.errors import ClipRejected
from prompt2sign.estimators.long_keypoints import is_long, read_long
from prompt2sign.estimators.long_names import ROUNDING_S, parse_member, span_member
from prompt2sign.formats.body_135 import usual_parts
from prompt2sign.media import grid
from prompt2sign.skeleton import KEYPOINT_NAMES

from .corpora_made.broadcasts import write_openpose

#: Some points of BODY_135 by their number, from OpenPose's documentation.
PLACES = {
    "nose": 0, "left_eye": 1, "right_eye": 2, "left_ear": 3, "right_ear": 4, "left_shoulder": 5, "right_shoulder": 6,
    "left_elbow": 7, "right_elbow": 8, "left_wrist": 9, "right_wrist": 10, "left_hip": 11, "right_hip": 12,
    "left_knee": 13, "right_knee": 14, "left_ankle": 15, "right_ankle": 16, "left_big_toe": 19, "right_heel": 24,
    "left_root": 9, "left_thumb_1": 25, "left_thumb_4": 28, "left_index_1": 29, "left_little_4": 44,
    "right_root": 10, "right_thumb_1": 45, "right_middle_2": 54, "right_little_4": 64, "face_0": 65, "face_69": 134,
}  # fmt: skip


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "srf.2020-03-13.openpose.tar.xz"
    write_openpose(path, 12)
    return path


def test_points_of_body_135(recording):
    people, values = read_long(recording, "3-6")
    assert is_long(recording) and (people.n_frames, values["n_missing_frames"]) == (3, 0)
    first = dict(zip(KEYPOINT_NAMES, people.xyc[0].tolist(), strict=True))
    assert {name: first[name] for name in PLACES} == {
        name: [300.0 + place, 50.0 + place, 0.5] for name, place in PLACES.items()
    }
    assert first["neck"] == [305.5, 55.5, 0.5] and first["mid_hip"] == [311.5, 61.5, 0.5]
    assert len({tuple(point) for point in people.xyc[0].tolist()}) == 135  # the wrists stand twice


def test_the_middle_of_what_was_not_found():
    points = [[10.0, 20.0, 0.9] for _ in range(135)]
    points[5] = [0.0, 0.0, 0.0]
    points[11][2] = 0.4
    person = {"pose_keypoints_2d": [value for point in points for value in point]}
    body = usual_parts({"people": [person]})["people"][0]["pose_keypoints_2d"]
    assert body[3:6] == [0.0, 0.0, 0.0] and body[24:27] == [10.0, 20.0, 0.4]


@pytest.mark.parametrize(
    "document",
    [{}, {"people": 3}, {"people": {"pose_keypoints_2d": []}}, {"people": [{"pose_keypoints_2d": [1.0] * 75}]}],
)
def test_other_models_are_left_alone(document):
    assert usual_parts(document) is document


def test_names_of_clips():
    assert span_member(1.22, 3.74, 50, "a") == "a/61-187" and parse_member("a/61-187") == ("a", 61, 187)
    with pytest.raises(ClipRejected, match="no frame lies between"):
        span_member(0.021, 0.039, 50)


@given(first=st.integers(0, 10**6), length=st.integers(1, 10**4), fps=st.sampled_from([24, 25, 29.97, 30, 50, 60]))
def test_frames_of_times(first, length, fps):
    """Times that are a frame's own, rounded to the millisecond as annotations are, mean this frame."""
    member = span_member(round(first / fps, 3), round((first + length) / fps, 3), fps)
    assert parse_member(member) == ("", first, first + length)


def test_the_same_rounding_as_of_videos():
    assert grid.ROUNDING_S == ROUNDING_S


def test_parts_of_a_recording(recording):
    people, values = read_long(recording, "10-15")
    assert (people.frames.tolist(), people.n_frames, values["n_missing_frames"]) == ([0, 1], 5, 3)
    for member in ("12-15", "a/0-3", "x"):
        with pytest.raises(ClipRejected) as rejected:
            read_long(recording, member)
        assert rejected.value.reason == "no-keypoints"
    with pytest.raises(ClipRejected, match="is not there"):
        read_long(recording.with_name("other.tar.xz"), "0-3")


def packed(path: Path, members: list[tarfile.TarInfo | tuple[str, bytes]]) -> Path:
    with lzma.open(path, "wb", preset=0) as file, tarfile.open(fileobj=file, mode="w|") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return path


def link(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return member


def test_hostile_archives(tmp_path, monkeypatch):
    frame = b'{"people": []}'
    odd = [link("0_keypoints.json"), ("../../x_1_keypoints.json", frame), ("readme.txt", b"x"), ("a.json", b"{")]
    people, _ = read_long(packed(tmp_path / "odd.tar.xz", odd), "0-3")
    assert people.n_frames == 3 and not len(people.xyc)  # frame 1 is there and shows nobody
    twice = packed(tmp_path / "twice.tar.xz", [("a_1_keypoints.json", frame), ("b_1_keypoints.json", frame)])
    with pytest.raises(ClipRejected, match="frame 1 stands twice"):
        read_long(twice, "0-3")
    monkeypatch.setattr("prompt2sign.formats.openpose_json.MAX_JSON_BYTES", 1 << 16)
    large = packed(tmp_path / "large.tar.xz", [("a_1_keypoints.json", b"[" * (1 << 17))])
    with pytest.raises(ClipRejected, match="131072 bytes is no frame"):
        read_long(large, "0-3")
    header = packed(tmp_path / "header.tar.xz", [("x" * (1 << 17), b"")])
    with pytest.raises(ClipRejected, match="a header of"):
        read_long(header, "0-3")


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_damage_breaks_the_reader(recording, data):
    whole = recording.read_bytes()
    tar = bytearray(lzma.decompress(whole))
    kind = data.draw(st.sampled_from(["cut", "xz", "tar"]))
    place = data.draw(st.integers(0, len(whole) - 1 if kind != "tar" else 3000))
    damaged = bytearray(whole)
    if kind == "cut":
        damaged = damaged[:place]
    elif kind == "xz":
        damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        tar[place] ^= 1 << data.draw(st.integers(0, 7))
        damaged = bytearray(lzma.compress(bytes(tar), preset=0))
    path = recording.with_name("damaged.openpose.tar.xz")
    path.write_bytes(damaged)
    try:
        people, _ = read_long(path, "0-12")
    except ClipRejected as rejected:
        assert str(path) in str(rejected)
    else:
        assert np.isfinite(people.xyc).all()
