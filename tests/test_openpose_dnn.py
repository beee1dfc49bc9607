"""OpenPose's networks in OpenCV: planted maps and planted networks come back as the people they were made from."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.errors import ClipRejected, MissingError, UsageError
from prompt2sign.estimators import openpose_dnn, openpose_dnn_look
from prompt2sign.estimators.base import get_estimator
from prompt2sign.estimators.openpose_dnn import input_size
from prompt2sign.estimators.openpose_dnn_crops import Box, face_box, find_points, hand_box
from prompt2sign.estimators.part_affinity import FIRST_FIELD, LIMBS, N_MAPS, N_PARTS, STRIDE, group_people
from prompt2sign.options import PoseOptions
from prompt2sign.skeleton import BODY_25, KEYPOINTS_FACE, KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND

from . import caffe_made as made
from .shown import Shown

#: A standing person with the arms half raised, in units that are chosen where it is used.
_PLACES = {
    "nose": (0, -3), "neck": (0, 0), "right_shoulder": (-2, 0.2), "right_elbow": (-3, 3), "right_wrist": (-4, 0.5),
    "left_shoulder": (2, 0.2), "left_elbow": (3, 3), "left_wrist": (4, 0.5), "mid_hip": (0, 6),
    "right_hip": (-1.2, 6.2), "right_knee": (-1.3, 9), "right_ankle": (-1.3, 12), "left_hip": (1.2, 6.2),
    "left_knee": (1.3, 9),
    "left_ankle": (1.3, 12), "right_eye": (-0.6, -3.8), "left_eye": (0.6, -3.8), "right_ear": (-1.4, -3.4),
    "left_ear": (1.4, -3.4), "left_big_toe": (1.8, 13), "left_small_toe": (2.6, 12.8), "left_heel": (0.8, 12.9),
    "right_big_toe": (-1.8, 13), "right_small_toe": (-2.6, 12.8), "right_heel": (-0.8, 12.9),
}  # fmt: skip
POSTURE = np.array([_PLACES[name] for name in BODY_25])
UPPER = [BODY_25.index(name) for name in BODY_25 if _PLACES[name][1] < 6]


def planted(people: list[np.ndarray], size: tuple[int, int], parts: list[int] | None = None) -> np.ndarray:
    """Maps of these people: Gaussians on the points, and fields along the limbs, as the network is taught them."""
    width, height = size[0] // STRIDE, size[1] // STRIDE
    maps = np.zeros((N_MAPS, height, width), np.float32)
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) * STRIDE + (STRIDE - 1) / 2
    for points in people:
        for part in parts or range(N_PARTS):
            distance = np.linalg.norm(grid - points[part], axis=-1)
            maps[part] = np.maximum(maps[part], np.exp(-((distance / 7) ** 2)))
        for start, end, channel in LIMBS:
            if parts and not {start, end} <= set(parts):
                continue
            along = points[end] - points[start]
            length = np.linalg.norm(along)
            unit = along / length
            offset = grid - points[start]
            on_limb = (np.abs(offset @ [-unit[1], unit[0]]) < 8) & (offset @ unit > -8) & (offset @ unit < length + 8)
            maps[channel : channel + 2, on_limb] = unit[:, None]
    return maps


def person(x: float, y: float, unit: float) -> np.ndarray:
    return POSTURE * unit + (x, y)


def matched(found: np.ndarray, people: list[np.ndarray]) -> list[np.ndarray]:
    """What was found of each of the planted people."""
    assert len(found) == len(people)
    neck = BODY_25.index("neck")
    return [found[np.argmin(np.linalg.norm(found[:, neck, :2] - points[neck], axis=-1))] for points in people]


def test_two_people_are_told_apart_and_found_to_a_fraction_of_a_pixel() -> None:
    people = [person(140, 120, 13), person(330, 130, 15)]
    for points, found in zip(people, matched(group_people(planted(people, (480, 368))), people), strict=True):
        assert (found[:, 2] > 0.5).all()
        assert np.abs(found[:, :2] - points).max() < 0.05


@settings(deadline=None, max_examples=15)
@given(
    x=st.floats(120, 150),
    gap=st.floats(150, 200),
    unit=st.floats(11, 15),
    other=st.floats(11, 15),
    turn=st.floats(-8, 8),
)
def test_people_of_any_size_and_place(x: float, gap: float, unit: float, other: float, turn: float) -> None:
    people = [person(x, 110, unit), person(x + gap, 110 + turn, other)]
    for points, found in zip(people, matched(group_people(planted(people, (480, 368))), people), strict=True):
        # Where points of two people, or two of a kind, lie side by side their Gaussians meet.
        assert np.abs(found[:, :2] - points).max() < 0.5


def test_arms_that_cross_stay_with_their_shoulders() -> None:
    """The right hand of one lies near the left hand of the other."""
    people = [person(150, 120, 14), person(260, 120, 14)]
    found = matched(group_people(planted(people, (480, 368))), people)
    for points, one in zip(people, found, strict=True):
        for joint in ("left_wrist", "right_wrist", "left_elbow", "right_elbow"):
            assert np.abs(one[BODY_25.index(joint), :2] - points[BODY_25.index(joint)]).max() < 1.5


def test_of_a_person_cut_off_at_the_hips_the_rest_is_found() -> None:
    people = [person(200, 120, 15)]
    (found,) = group_people(planted(people, (400, 368), parts=UPPER))
    assert (found[UPPER, 2] > 0.5).all()
    assert (found[[part for part in range(N_PARTS) if part not in UPPER]] == 0).all()


def test_noise_is_nobody_and_single_points_are_nobody() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.01, (N_MAPS, 46, 60)).astype(np.float32)
    assert group_people(noise).shape == (0, 25, 3)
    assert len(group_people(np.zeros((N_MAPS, 46, 60), np.float32))) == 0
    loud = np.abs(rng.normal(0, 0.3, (N_MAPS, 46, 60))).astype(np.float32)
    assert np.isfinite(group_people(loud)).all()
    points = planted([person(200, 120, 15)], (400, 368))
    points[FIRST_FIELD:] = 0
    assert len(group_people(points)) == 0


def test_no_more_people_than_asked_for_and_the_surest_first() -> None:
    people = [person(140, 120, 13), person(330, 130, 15)]
    maps = planted(people, (480, 368))
    maps[:N_PARTS, :, : 230 // STRIDE] *= 0.6
    (found,) = group_people(maps, most=1)
    assert np.abs(found[:, :2] - people[1]).max() < 0.1
    assert len(group_people(maps, most=-1)) == 2


def test_legs_alone_are_nobody() -> None:
    """A foot is often seen as left and right at once: OpenPose does not count feet, and nor do we."""
    legs = [part for part, name in enumerate(BODY_25) if "ankle" in name or "toe" in name or "heel" in name]
    assert len(group_people(planted([person(200, 120, 15)], (400, 368), parts=legs))) == 0


def test_a_wrist_that_is_hidden_is_not_taken_from_the_neighbour() -> None:
    """Even where the field points from one's elbow towards the other's wrist all the way."""
    people = [person(140, 120, 14), person(330, 120, 14)]
    wrist = BODY_25.index("right_wrist")
    maps = planted(people, (480, 368))
    maps[wrist, :, 230 // STRIDE :] = 0
    for start, end, channel in LIMBS:
        along = POSTURE[end] - POSTURE[start]
        maps[channel : channel + 2] = (along / np.linalg.norm(along))[:, None, None]
    first, second = matched(group_people(maps), people)
    assert np.abs(first[wrist, :2] - people[0][wrist]).max() < 0.5 and (second[wrist] == 0).all()


def test_points_and_fields_are_where_openpose_has_them() -> None:
    """POSE_BODY_PART_PAIRS and POSE_MAP_INDEX of BODY_25 in poseParameters.cpp of OpenPose 1.7."""
    pairs = "1,8 1,2 1,5 2,3 3,4 5,6 6,7 8,9 9,10 10,11 8,12 12,13 13,14 1,0 0,15 15,17 0,16 16,18 2,17 5,18 14,19"
    pairs += " 19,20 14,21 11,22 22,23 11,24"
    fields = [0, 14, 22, 16, 18, 24, 26, 6, 2, 4, 8, 10, 12, 30, 32, 36, 34, 38, 20, 28, 40, 42, 44, 46, 48, 50]
    table = [(*map(int, pair.split(",")), 26 + place) for pair, place in zip(pairs.split(), fields, strict=True)]
    assert list(LIMBS) == [row for row in table if row[:2] not in ((2, 17), (5, 18))]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_any_maps_give_people_of_finite_numbers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    maps = rng.normal(0, rng.choice([0.1, 1, 100]), (N_MAPS, 12, 9)).astype(np.float32)
    found = group_people(maps, most=4)
    assert found.shape[1:] == (25, 3) and len(found) <= 4 and np.isfinite(found).all()


class TestBoxes:
    def body(self) -> np.ndarray:
        return np.concatenate([person(200, 120, 15), np.ones((25, 1))], axis=1).astype(np.float32)

    def test_a_hand_lies_beyond_its_wrist(self) -> None:
        """Forearm from (155, 165) to (140, 127.5): a third of it beyond the wrist, one and a half of it wide."""
        box = hand_box(self.body(), "right")
        assert box is not None
        forearm, upper = np.hypot(15, 37.5), np.hypot(15, 42)
        side = 1.5 * max(forearm, 0.9 * upper)
        np.testing.assert_allclose((box.left + side / 2, box.top + side / 2), (140 - 0.33 * 15, 127.5 - 0.33 * 37.5))
        assert box.side == pytest.approx(side)

    @pytest.mark.parametrize("joint", ["shoulder", "elbow", "wrist"])
    def test_no_arm_no_hand(self, joint: str) -> None:
        body = self.body()
        body[BODY_25.index(f"left_{joint}"), 2] = 0.2
        assert hand_box(body, "left") is None and hand_box(body, "right") is not None

    def test_a_face_is_where_neck_eyes_and_ears_say(self) -> None:
        box = face_box(self.body())
        assert box is not None
        sides = [2 * 45, 3 * 1.2 * 15, 2 * 2.8 * 15]
        middles = [120 - 1.5 * 15, 120 - 3.8 * 15, 120 - 3.4 * 15]
        assert box.side == pytest.approx(np.mean(sides))
        np.testing.assert_allclose(
            (box.left + box.side / 2, box.top + box.side / 2), (200, np.mean(middles)), rtol=1e-5
        )

    def test_a_face_in_profile_is_where_its_eye_and_ear_are(self) -> None:
        body = self.body()
        for name in ("left_eye", "left_ear"):
            body[BODY_25.index(name), 2] = 0
        box = face_box(body)
        assert box is not None
        x = 200 + 15 * np.mean([-0.6, -1.4, 0])
        assert box.left + box.side / 2 == pytest.approx(x, abs=1e-3)

    def test_nothing_seen_no_face(self) -> None:
        body = self.body()
        body[:, 2] = 0.1
        assert face_box(body) is None

    @pytest.mark.parametrize("mirrored", [False, True])
    @pytest.mark.parametrize("side", [64.0, 100.0, 190.5])
    def test_a_point_in_a_box_comes_back_to_its_pixel(self, mirrored: bool, side: float) -> None:
        shown = np.zeros((240, 320, 3), np.uint8)
        cv2.circle(shown, (100, 90), 9, (255, 255, 255), -1)
        shown = cv2.GaussianBlur(shown, (0, 0), 4)

        def forward(planes: np.ndarray) -> np.ndarray:
            heat = cv2.resize(planes[0] + 0.5, None, fx=1 / STRIDE, fy=1 / STRIDE, interpolation=cv2.INTER_AREA)
            return np.stack([heat, 2 * heat, 0 * heat])

        points = find_points(shown, Box(70.3, 55.1, side), 128, forward, 2, mirrored)
        assert np.abs(points[:, :2] - (100, 90)).max() <= 0.15
        assert points[1, 2] == pytest.approx(2 * points[0, 2])


def options_for(folder: Path, **flags) -> PoseOptions:
    flags = {"net_resolution": "256x192", "hand_net_resolution": "64x64", "face_net_resolution": "64x64"} | flags
    return PoseOptions(estimator="openpose-dnn", openpose={"models": folder, **flags})


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Networks of the right names, far smaller than the true ones."""
    monkeypatch.setattr(openpose_dnn_look, "check_models", lambda folder, models: None)
    made.body_network(tmp_path, POSTURE)
    made.bright_network(tmp_path / "hand", "pose_iter_102000", 21)
    made.bright_network(tmp_path / "face", "pose_iter_116000", 70)
    return tmp_path


#: The posture on the network's grid: whole cells of 8 pixels, and none of them twice.
CELLS = np.rint(POSTURE * 1.5 + 0.01).astype(int)


def painted(*people: tuple[int, int]) -> tuple[np.ndarray, list[np.ndarray]]:
    """A picture of people, each at a cell, and where their points are."""
    shown = np.zeros((192, 256, 3), np.uint8)
    shown[..., 2] = 255
    places = []
    for x, y in people:
        cells = CELLS[UPPER] + (x, y)
        for part, (column, row) in zip(UPPER, cells, strict=True):
            shown[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = (0, 0, made.blue_of(part))
        places.append(8 * cells + 3.5)
    return shown, places


def test_the_estimator_on_a_planted_network_finds_the_body_hands_and_face(models: Path) -> None:
    shown, (places,) = painted((15, 8))
    estimator = get_estimator(options_for(models))
    keypoints, values = estimator.estimate(Shown([shown, shown]))
    assert keypoints.xyc.shape == (2, 137, 3) and keypoints.estimator.startswith("openpose-dnn opencv 4")
    assert values["n_people_max"] == 1
    np.testing.assert_allclose(keypoints.xyc[0, UPPER, :2], places, atol=0.05)
    np.testing.assert_allclose(keypoints.xyc[0, UPPER, 2], 1, atol=0.05)
    for part in (KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND, KEYPOINTS_FACE):
        assert (keypoints.xyc[:, part, 2] > 0).all()
    np.testing.assert_array_equal(keypoints.xyc[0], keypoints.xyc[1])
    assert set(estimator.describe()["weights"]) == {
        "pose_iter_584000.caffemodel", "pose_iter_102000.caffemodel", "pose_iter_116000.caffemodel"
    }  # fmt: skip


def test_left_hands_are_shown_to_the_network_as_right_ones(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def record(picture, box, size, forward, n_points, mirrored=False):
        asked.append((round(box.left + box.side / 2), size, n_points, mirrored))
        return find_points(picture, box, size, forward, n_points, mirrored)

    monkeypatch.setattr(openpose_dnn, "find_points", record)
    shown, _ = painted((15, 8))
    get_estimator(options_for(models)).estimate(Shown([shown]))
    (left, *of_left), (right, *of_right), (_, *of_face) = asked
    assert right < 8 * 15 < left
    assert (of_left, of_right, of_face) == ([64, 21, True], [64, 21, False], [64, 70, False])


def test_parts_that_are_switched_off_are_not_looked_for(models: Path) -> None:
    shown, _ = painted((15, 8))
    options = options_for(models, hand=False, face=False, hand_net_resolution=None, face_net_resolution=None)
    xyc = get_estimator(options).estimate(Shown([shown]))[0].xyc
    assert (xyc[:, 25:] == 0).all() and (xyc[0, UPPER, 2] > 0).all()


def test_pictures_of_another_size_give_their_own_pixels(models: Path) -> None:
    shown, (places,) = painted((15, 8))
    large = cv2.resize(shown, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    xyc = get_estimator(options_for(models, hand=False, face=False, hand_net_resolution=None, face_net_resolution=None))
    found = xyc.estimate(Shown([large]))[0].xyc
    np.testing.assert_allclose(found[0, UPPER, :2], 2 * places + 0.5, atol=0.05)


def test_nobody_at_all_is_a_clip_to_reject(models: Path) -> None:
    empty, _ = painted()
    with pytest.raises(ClipRejected) as rejected:
        get_estimator(options_for(models)).estimate(Shown([empty] * 2))
    assert rejected.value.reason == "nobody"


@pytest.mark.parametrize(
    ("resolution", "picture", "expected"),
    [
        ("-1x368", (1280, 720), (656, 368)),
        ("-1x368", (640, 480), (496, 368)),
        ("656x-1", (1280, 720), (656, 368)),
        ("320x176", (640, 480), (320, 176)),
        ("-1x16", (10, 1000), (16, 16)),
    ],
)
def test_the_input_is_as_large_as_openpose_makes_it(resolution: str, picture: tuple[int, int], expected) -> None:
    assert input_size(resolution, *picture) == expected


class TestWhatIsWrongIsSaid:
    def test_nobody_says_where_the_models_are(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENPOSE_HOME", raising=False)
        with pytest.raises(MissingError, match=r"--openpose DIR.*OPENPOSE_HOME"):
            openpose_dnn_look.check(PoseOptions(estimator="openpose-dnn"))

    def test_models_that_are_missing_or_cut_off_are_named(self, tmp_path: Path) -> None:
        made.body_network(tmp_path, POSTURE)
        with pytest.raises(MissingError, match=r"(?s)pose_iter_584000.caffemodel is cut off.*hand/pose_deploy"):
            openpose_dnn_look.check(options_for(tmp_path))
        assert openpose_dnn_look.identity(options_for(tmp_path)) is None

    @pytest.mark.parametrize(
        "flags", [{"preset": "best", "net_resolution": None}, {"scale_number": 3}, {"hand_detector": 3}]
    )
    def test_options_that_only_openpose_knows(self, tmp_path: Path, flags) -> None:
        with pytest.raises(UsageError, match="openpose-dnn looks at each picture once"):
            openpose_dnn_look.check(options_for(tmp_path, **flags))

    def test_opencv_5(self, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(openpose_dnn_look, "opencv_version", lambda: "5.0.0")
        with pytest.raises(MissingError, match=r"here is 5\.0\.0.*<5"):
            openpose_dnn_look.check(options_for(models))

    def test_weights_that_opencv_cannot_read(self, models: Path) -> None:
        (models / "pose/body_25/pose_iter_584000.caffemodel").write_bytes(b"\xff" * 100)
        with pytest.raises(MissingError, match=r"pose_iter_584000\.caffemodel: OpenCV cannot use it"):
            get_estimator(options_for(models))

    def test_the_network_of_another_part(self, models: Path) -> None:
        for name in ("pose_deploy.prototxt", "pose_iter_584000.caffemodel"):
            source = "pose_deploy.prototxt" if name.endswith("txt") else "pose_iter_102000.caffemodel"
            (models / "pose/body_25" / name).write_bytes((models / "hand" / source).read_bytes())
        with pytest.raises(MissingError, match="cannot use it as OpenPose's network"):
            get_estimator(options_for(models)).estimate(Shown([painted((15, 8))[0]]))


def test_a_fingerprint_follows_weights_and_settings(models: Path) -> None:
    identity = openpose_dnn_look.identity(options_for(models))
    assert str(models) not in str(identity) and identity["weights"]
    assert openpose_dnn_look.identity(options_for(models, net_resolution="128x96")) != identity
    made.bright_network(models / "hand", "pose_iter_102000", 20)
    assert openpose_dnn_look.identity(options_for(models)) != identity
