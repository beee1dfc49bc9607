"""Quality numbers of a clip: what they measure, what `inspect` shows of them, and what `build` leaves out by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import prompt2sign
from prompt2sign.formats.openpose_json import write_openpose_json
from prompt2sign.lifting.limits import HIGH_DEG, LOW_DEG, NAMES, angles_deg, excess_deg, hand_axes, limit_rate
from prompt2sign.lifting.quality import measure
from prompt2sign.options import KeepOptions
from prompt2sign.pipeline.keep import refusal
from prompt2sign.records import Clip
from prompt2sign.skeleton import (
    KEYPOINTS_LEFT_HAND,
    KEYPOINTS_RIGHT_HAND,
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    SKELETON,
)
from prompt2sign.synthetic.handshapes import SHAPES, hand_points
from prompt2sign.synthetic.motion import signing_motion

from .made import Finished, files_of, made_keypoints, without
from .made import run_here as run

GOLDEN = Path(__file__).parent / "golden" / "shard-v1"
MIRROR = np.array([-1.0, 1.0, 1.0])
#: World axes of the procedural signer have y up.
Y_DOWN = np.array([1.0, -1.0, 1.0])
NUMBERS = ("fit_error", "jitter", "bone_deviation", "limit_rate", "body_rate", "left_hand_rate", "right_hand_rate")


# Angles


def held_up(hand: np.ndarray) -> np.ndarray:
    """(1, 50, 3) a signer who holds up both hands, straight on the forearms, palms to the camera.

    Args:
        hand: (21, 3) a hand from its root: x to the thumb, y along the fingers, z out of the palm.
    """
    xyz = np.zeros((1, SKELETON.count, 3))
    # The signer's right hand is seen on the left, fingers up, palm to the camera: its thumb points to the middle.
    xyz[0, [RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST]] = [[-0.5, 0, 0], [-0.9, 0.5, 0], [-0.9, -0.1, 0]]
    xyz[0, RIGHT_HAND] = xyz[0, RIGHT_WRIST] + hand * Y_DOWN
    for left, right in ((LEFT_SHOULDER, RIGHT_SHOULDER), (LEFT_ELBOW, RIGHT_ELBOW), (LEFT_WRIST, RIGHT_WRIST)):
        xyz[0, left] = xyz[0, right] * MIRROR
    xyz[0, LEFT_HAND] = xyz[0, RIGHT_HAND] * MIRROR
    return xyz


def shape(name: str) -> np.ndarray:
    return hand_points(SHAPES[name].vector()[None])[0]


def straight_finger(*bends_deg: float, side_deg: float = 0.0) -> np.ndarray:
    """(21, 3) a flat hand whose middle finger bends by these angles towards the palm, each against the bone before."""
    hand = np.zeros((21, 3))
    hand[1:5] = [[0.1, 0.1, 0], [0.2, 0.2, 0], [0.3, 0.3, 0], [0.4, 0.4, 0]]
    for finger, x in enumerate((0.1, 0.0, -0.1, -0.2)):
        hand[5 + 4 * finger : 9 + 4 * finger] = [[x, y, 0.0] for y in (0.3, 0.5, 0.6, 0.7)]
    bend, side = np.radians(np.cumsum(bends_deg)), np.radians(side_deg)
    bones = np.stack([np.cos(bend) * np.sin(side), np.cos(bend) * np.cos(side), np.sin(bend)], axis=-1)
    hand[10 : 10 + len(bones)] = hand[9] + np.cumsum(0.1 * bones, axis=0)
    return hand


def angle(xyz: np.ndarray, name: str) -> list[float]:
    """The angle of that name, left and right."""
    return angles_deg(xyz)[0, :, NAMES.index(name)].tolist()


def test_axes_of_hands_held_up() -> None:
    hands = held_up(straight_finger())[:, 8:].reshape(1, 2, 21, 3).transpose(3, 1, 2, 0)
    along, thumb, palm = (axis[..., 0].T for axis in hand_axes(hands))
    np.testing.assert_allclose(along, [[0, -1, 0], [0, -1, 0]], atol=1e-12)
    np.testing.assert_allclose(thumb, [[-1, 0, 0], [1, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(palm, [[0, 0, 1], [0, 0, 1]], atol=1e-12)


@pytest.mark.parametrize("bends", [(30, 50, 20), (80, 95, 60), (-40, 0, 0), (10, -25, -35)])
def test_fingers_bend_towards_the_palm_on_either_hand(bends: tuple[float, ...]) -> None:
    xyz = held_up(straight_finger(*bends))
    for number, bend in enumerate(bends, 1):
        assert angle(xyz, f"middle_{number} flexion") == pytest.approx([bend, bend])
        assert angle(xyz, f"middle_{number} deviation") == pytest.approx([0, 0], abs=1e-9)
        assert angle(xyz, f"ring_{number} flexion") == pytest.approx([0, 0], abs=1e-9)


def test_a_finger_spread_towards_the_thumb_deviates() -> None:
    xyz = held_up(straight_finger(0, 0, 0, side_deg=12))
    assert angle(xyz, "middle_1 deviation") == pytest.approx([12, 12])
    assert angle(xyz, "middle_2 deviation") == pytest.approx([0, 0], abs=1e-9)


def turned(axis: int, degrees: float) -> np.ndarray:
    """(21, 3) the flat hand, turned about an axis of its own at the wrist."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    hand = straight_finger()
    hand[:, [first, second]] = hand[:, [first, second]] @ np.array([[cosine, sine], [-sine, cosine]])
    return hand


def test_elbow_and_wrist() -> None:
    # About the thumb's axis y turns to z: the fingers come forward, towards the palm.
    assert angle(held_up(turned(0, 40)), "wrist flexion") == pytest.approx([40, 40])
    assert angle(held_up(turned(0, -60)), "wrist flexion") == pytest.approx([-60, -60])
    # About the palm's axis x turns to y, and y away from the thumb: to the side of the little finger.
    assert angle(held_up(turned(2, 25)), "wrist deviation") == pytest.approx([-25, -25])
    raised = 180 - np.degrees(np.arctan2(0.4, 0.5))
    assert angle(held_up(straight_finger()), "elbow flexion") == pytest.approx([raised, raised])


def test_where_a_body_is_and_how_large_does_not_matter() -> None:
    xyz, rotation = held_up(shape("claw")), np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    np.testing.assert_allclose(angles_deg(7 * xyz @ rotation + 5), angles_deg(xyz), atol=1e-6)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_hands_that_can_be_made_are_within_the_limits(name: str) -> None:
    xyz = held_up(shape(name))
    assert limit_rate(xyz) == 0
    angles = angles_deg(xyz)
    np.testing.assert_allclose(angles[:, 0], angles[:, 1], atol=1e-9)


@pytest.mark.parametrize("name", ["fist", "claw", "cup", "point", "relaxed"])
def test_hands_bent_backwards_are_not(name: str) -> None:
    assert limit_rate(held_up(shape(name) * [1, 1, -1])) > 0.1


def test_a_hand_of_the_wrong_side_is_not() -> None:
    xyz = held_up(shape("fist"))
    xyz[:, LEFT_HAND], xyz[:, RIGHT_HAND] = xyz[:, RIGHT_HAND] + [1.8, 0, 0], xyz[:, LEFT_HAND] - [1.8, 0, 0]
    assert limit_rate(xyz) > 0.2


def test_a_signer_is_within_the_limits_and_his_depth_turned_round_is_not() -> None:
    xyz = np.concatenate([signing_motion(seed, n_signs=2).xyz for seed in range(3)]) * Y_DOWN
    assert limit_rate(xyz) < 0.02
    assert limit_rate(xyz * [1, 1, -1]) > 0.1


def test_bones_without_length_are_no_violation() -> None:
    assert limit_rate(np.zeros((2, SKELETON.count, 3))) == 0
    xyz = np.zeros((1, SKELETON.count, 3))
    xyz[0, LEFT_HAND.start + 9] = [-1, -1, -1]
    assert angle(xyz, "wrist flexion") == [0, 0]


def test_every_angle_has_a_range_and_what_is_past_it_counts_in_degrees() -> None:
    assert len(NAMES) == len(LOW_DEG) == len(HIGH_DEG) == len(set(NAMES)) and (LOW_DEG < HIGH_DEG).all()
    past = excess_deg(held_up(straight_finger(0, -33, 0)))[0]
    assert past[:, NAMES.index("middle_2 flexion")] == pytest.approx([33, 33])
    assert past.sum() == pytest.approx(66)


# Numbers


def test_what_the_numbers_measure() -> None:
    rng = np.random.default_rng(0)
    xyz = np.repeat(rng.normal(size=(1, SKELETON.count, 3)), 5, axis=0)
    xyz[:, NECK] = 0
    seen = np.ones((5, SKELETON.count), bool)
    seen[1:, LEFT_HAND] = False
    seen[:, [0, 2]] = False
    target = np.where(seen[..., None], xyz[..., :2] + [0.03, 0.04], np.nan)
    numbers = measure(xyz, target, seen)
    assert set(numbers) == set(NUMBERS)
    assert numbers["fit_error"] == pytest.approx(0.05)
    assert (numbers["jitter"], numbers["bone_deviation"]) == (0, 0)
    assert (numbers["body_rate"], numbers["left_hand_rate"], numbers["right_hand_rate"]) == (0.75, 0.2, 1)

    nose = xyz[2, 0] - xyz[2, NECK]
    xyz[2, 0] += 0.25 * nose
    # Second differences around a single jump: 1, -2, 1 times its size, over three frames and 50 joints.
    assert measure(xyz, target, seen)["jitter"] == pytest.approx(4 * 0.25 * np.linalg.norm(nose) / 150, abs=1e-6)
    assert measure(xyz, target, seen)["bone_deviation"] == pytest.approx(0.25)


def test_numbers_of_the_shortest_clip_and_of_one_nobody_saw() -> None:
    xyz = held_up(shape("flat"))
    xyz[0, LEFT_HAND.start] = xyz[0, LEFT_WRIST]
    numbers = measure(xyz, np.full((1, SKELETON.count, 2), np.nan), np.zeros((1, SKELETON.count), bool))
    assert set(numbers.values()) == {0.0}


def test_a_number_that_is_not_known_meets_no_bound() -> None:
    clip = Clip("a", "GSL", "test")
    assert refusal(clip, {}, KeepOptions()) is None
    dropped = refusal(clip, {"jitter": 0.5}, KeepOptions(max_limit_rate=0.9, max_jitter=0.1))
    assert dropped is not None and (dropped.reason, dropped.status) == ("jitter", "dropped")
    assert "jitter 0.5 is above --max-jitter 0.1" in dropped.message and "limit rate nan" in dropped.message


# The command line


class Made:
    """A corpus of five clips, each with a fault of its own, and the build of all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        good = made_keypoints(n_frames=10, noise_px=0.2)
        clips = {
            "good": good,
            "trembling": made_keypoints(n_frames=10, noise_px=12.0, seed=1),
            "one-handed": without(good, slice(None), KEYPOINTS_LEFT_HAND),
            "no-hands": without(without(good, slice(None), KEYPOINTS_LEFT_HAND), slice(None), KEYPOINTS_RIGHT_HAND),
            "half-a-body": without(good, slice(5, None), range(3, 8)),
        }
        for name, keypoints in clips.items():
            (folder / "json" / name).mkdir(parents=True)
            write_openpose_json(folder / "json" / name, name, keypoints)
        rows = "".join(f"{name}\tEin Satz.\n" for name in clips)
        (folder / "text.tsv").write_text(f"name\ttext\n{rows}", "utf-8")

    def run(self, command: str, *arguments: str, out: str = "all") -> Finished:
        where = ["--keypoints", str(self.folder / "json"), "--text", str(self.folder / "text.tsv")]
        facts = ["--lang", "gsl", "--corpus", "folder", "--fps", "25", "--size", "800x600", "--jobs", "1"]
        places = ["--work", str(self.folder / "work"), "--out", str(self.folder / out)]
        return run(command, *facts, *where, *places, "--json", *arguments)

    def quality(self, out: str = "all") -> dict[str, Any]:
        return {clip.clip_id: clip.quality for clip in prompt2sign.open_release(self.folder / out)}

    def rejected(self, out: str) -> list[dict[str, str]]:
        return pq.read_table(self.folder / out / "rejected.parquet").to_pylist()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = Made(tmp_path_factory.mktemp("quality"))
    done = made.run("build")
    assert done.code == 0, done.err
    return made


def test_every_number_is_in_the_shard(made: Made) -> None:
    quality = made.quality()
    assert len(quality) == 5
    assert all(set(numbers) == set(NUMBERS) for numbers in quality.values())
    assert quality["trembling"]["jitter"] == max(numbers["jitter"] for numbers in quality.values())
    assert quality["one-handed"]["left_hand_rate"] == 0 and quality["one-handed"]["right_hand_rate"] == 1


def test_inspect_shows_percentiles_and_the_worst_clip(made: Made) -> None:
    found = run("inspect", str(made.folder / "all"), "--json").json
    quality = made.quality()
    assert set(found["quality"]) == set(NUMBERS)
    jitter = [numbers["jitter"] for numbers in quality.values()]
    assert found["quality"]["jitter"]["p50"] == pytest.approx(np.median(jitter), abs=1e-5)
    assert found["quality"]["jitter"]["p95"] == pytest.approx(np.percentile(jitter, 95), abs=1e-5)
    assert found["quality"]["jitter"]["worst"] == pytest.approx(max(jitter), abs=1e-5)
    assert found["quality"]["jitter"]["worst_clip"] == "trembling"
    assert (found["quality"]["body_rate"]["worst"], found["quality"]["body_rate"]["worst_clip"]) == (
        pytest.approx(quality["half-a-body"]["body_rate"], abs=1e-5),
        "half-a-body",
    )
    text = run("inspect", str(made.folder / "all")).out
    assert all(name in text for name in NUMBERS) and "trembling" in text


def test_a_bound_leaves_a_clip_out_and_moving_it_repeats_no_stage(made: Made) -> None:
    jitter = sorted(numbers["jitter"] for numbers in made.quality().values())
    bound = f"{(jitter[-1] + jitter[-2]) / 2:.6f}"
    done = made.run("build", "--max-jitter", bound, out="strict")
    assert done.code == 1, done.err
    assert [stage["worked_on"] for stage in done.json["stages"]] == [0, 0, 0, 0]
    assert done.json["release"]["clips"] == 4 and done.json["rejected"] == {"keep/jitter": 1}
    (row,) = made.rejected("strict")
    assert (row["clip_id"], row["stage"], row["status"], row["reason"]) == ("trembling", "keep", "dropped", "jitter")
    assert bound.rstrip("0") in row["message"] and f"{jitter[-1]:g}"[:6] in row["message"]
    assert run("inspect", str(made.folder / "strict"), "--json").json["rejected"] == {"keep/jitter": 1}
    assert run("validate", str(made.folder / "strict")).code == 0

    again = made.run("build", "--max-jitter", bound, out="strict")
    assert again.code == 1 and again.json["release"]["already_there"]
    loose = made.run("build", out="strict")
    assert loose.code == 0 and [stage["worked_on"] for stage in loose.json["stages"]] == [0, 0, 0, 0]
    assert files_of(made.folder / "strict") == files_of(made.folder / "all")


def test_the_better_hand_counts(made: Made) -> None:
    done = made.run("shard", "--min-hand-rate", "0.9", out="hands")
    assert done.code == 1 and done.json["rejected"] == {"keep/hand-rate": 1}
    assert [row["clip_id"] for row in made.rejected("hands")] == ["no-hands"]
    assert "hand rate 0 is below --min-hand-rate 0.9" in made.rejected("hands")[0]["message"]


@pytest.mark.parametrize("name", ["max_fit_error", "max_limit_rate", "max_jitter", "min_body_rate"])
def test_a_clip_at_the_bound_stays_and_those_beyond_go(made: Made, name: str) -> None:
    side, _, measure = name.partition("_")
    # The shard keeps float32, the receipt the six decimals this bound has.
    values = {clip_id: round(numbers[measure], 6) for clip_id, numbers in made.quality().items()}
    bound = sorted(set(values.values()))[-2 if side == "max" else 1]
    beyond = {clip_id for clip_id, value in values.items() if (value > bound if side == "max" else value < bound)}
    done = made.run("shard", f"--{name.replace('_', '-')}", str(bound), out=f"by-{name}")
    assert done.code == 1, done.err
    assert {row["clip_id"] for row in made.rejected(f"by-{name}")} == beyond != set()
    assert {row["reason"] for row in made.rejected(f"by-{name}")} == {measure.replace("_", "-")}


def test_bones_of_a_built_motion_keep_their_lengths(made: Made) -> None:
    assert made.run("shard", "--max-bone-deviation", "0.00001", out="bones").code == 0


def test_bounds_from_yaml_are_kept_in_the_release_and_a_wish_is_no_failure(made: Made) -> None:
    own = made.folder / "own.yaml"
    own.write_text("language: GSL\nkeep: {min_hand_rate: 0.9}\n", "utf-8")
    done = made.run("build", "--pipeline", str(own), "--strict", out="yaml")
    assert done.code == 1, done.err
    assert done.json["release"]["clips"] == 4 and done.json["rejected"] == {"keep/hand-rate": 1}
    assert "min_hand_rate: 0.9" in (made.folder / "yaml" / "pipeline.yaml").read_text("utf-8")


def test_bounds_that_leave_nothing_write_nothing(made: Made) -> None:
    done = made.run("shard", "--max-jitter", "0", out="nothing")
    assert done.code == 1 and done.json["rejected"] == {"keep/jitter": 5}
    assert done.json["release"]["path"] is None and not (made.folder / "nothing").exists()


@pytest.mark.parametrize("bound", ["-1", "nan", "inf", "much"])
def test_a_bound_that_is_none_is_said_so(made: Made, bound: str) -> None:
    done = made.run("shard", f"--max-jitter={bound}", out="none")
    assert done.code == 2 and "jitter" in done.json["error"]


def test_a_shard_from_before_the_newer_numbers_is_read() -> None:
    (clip, _) = prompt2sign.open_release(GOLDEN)
    assert clip.quality == {"fit_error": 0.5}
    found = run("inspect", str(GOLDEN), "--json")
    assert found.code == 0, found.err
    assert found.json["quality"] == {"fit_error": {"p5": 0.5, "p50": 0.5, "p95": 0.5, "worst": 0.5, "worst_clip": "a"}}
    fields = {field.name for field in pq.read_schema(GOLDEN / "train-00000.parquet").field("quality").type}
    assert not fields & {"bone_deviation", "limit_rate"}, "a file of an old version is never made again"
