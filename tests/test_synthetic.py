"""The procedural signer, and the sample that was made with it."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prompt2sign
from prompt2sign.errors import FormatError, MissingError
from prompt2sign.skeleton import (
    LEFT_ELBOW,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    SKELETON,
)
from prompt2sign.synthetic import compiled, sample
from prompt2sign.synthetic.camera import Camera
from prompt2sign.synthetic.figure import SIGNERS
from prompt2sign.synthetic.motion import Motion, perform, signing_motion
from prompt2sign.synthetic.rotations import about, from_quaternion, to_quaternion, unit
from prompt2sign.synthetic.score import hermite
from prompt2sign.synthetic.sentences import SENTENCES
from prompt2sign.synthetic.truth import read_truth, write_truth
from prompt2sign.synthetic.vocabulary import VOCABULARY

SAMPLE = Path(prompt2sign.__file__).parent / "sample"
ALL_GLOSSES = sorted(VOCABULARY)


@pytest.fixture(scope="module")
def all_signs() -> dict[str, Motion]:
    """Every sign of the vocabulary, one after the other, by every signer."""
    return {name: perform([ALL_GLOSSES], signer, np.random.default_rng(4)) for name, signer in SIGNERS.items()}


@pytest.fixture(scope="module")
def takes() -> dict[str, sample.Take]:
    return {take.video: take for take in sample.takes()}


@pytest.fixture(scope="module")
def table() -> list[dict[str, str]]:
    with (SAMPLE / "sentences.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def decoded(video: str) -> list[np.ndarray]:
    with av.open(str(SAMPLE / "videos" / video)) as container:
        assert container.streams.video[0].average_rate == sample.FPS
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def trunk_coordinates(motion: Motion) -> np.ndarray:
    return np.einsum("tji,tkj->tki", motion.trunk, motion.xyz - motion.xyz[:, [NECK]])


# ---- motion


def test_same_seed_gives_the_same_bytes_and_another_seed_another_motion() -> None:
    first, again, other = signing_motion(7), signing_motion(7), signing_motion(8)
    assert [part.tobytes() for part in first] == [part.tobytes() for part in again]
    assert first.xyz.shape != other.xyz.shape or not np.allclose(first.xyz, other.xyz)


@pytest.mark.parametrize("seed", range(6))
def test_truth_is_finite_aligned_and_of_constant_bones(seed: int) -> None:
    truth = signing_motion(seed, n_signs=8)
    n_frames = len(truth.signing)
    assert truth.xyz.shape == (n_frames, 50, 3)
    assert truth.pixels.shape == (n_frames, 50, 2)
    assert np.isfinite(truth.xyz).all()
    lengths = np.linalg.norm(truth.xyz[:, SKELETON.bones[:, 1]] - truth.xyz[:, SKELETON.bones[:, 0]], axis=-1)
    assert np.ptp(lengths, axis=0).max() < 1e-9
    assert np.allclose(truth.xyz[:, NECK], truth.xyz[:, [RIGHT_SHOULDER, LEFT_SHOULDER]].mean(axis=1))
    assert not truth.signing[0]
    assert not truth.signing[-1]
    assert truth.signing.mean() > 0.8


def test_frame_rate_changes_the_number_of_frames_and_not_the_movement() -> None:
    slow, fast = signing_motion(3, fps=25.0), signing_motion(3, fps=50.0)
    n_frames = min(len(slow.xyz), len(fast.xyz[::2]))
    assert n_frames > 50
    assert np.allclose(slow.xyz[:n_frames], fast.xyz[::2][:n_frames], atol=1e-9)


def test_bodies_have_the_measures_of_their_signers(all_signs: dict[str, Motion]) -> None:
    for name, motion in all_signs.items():
        signer = SIGNERS[name]
        for start, end, length in (
            (RIGHT_SHOULDER, LEFT_SHOULDER, signer.shoulder_width),
            (LEFT_SHOULDER, LEFT_ELBOW, signer.upper_arm),
            (RIGHT_ELBOW, RIGHT_WRIST, signer.forearm),
        ):
            assert np.allclose(np.linalg.norm(motion.xyz[:, end] - motion.xyz[:, start], axis=-1), length)


def test_elbows_bend_down_and_outward_and_wrists_no_further_than_people_can(all_signs: dict[str, Motion]) -> None:
    for motion in all_signs.values():
        body = trunk_coordinates(motion)
        sides = ((LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, 1), (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, -1))
        for side, (shoulder, elbow, wrist, outward) in enumerate(sides):
            line = unit(body[:, wrist] - body[:, shoulder])
            to_elbow = body[:, elbow] - body[:, shoulder]
            off_line = to_elbow - line * np.sum(to_elbow * line, axis=1, keepdims=True)
            assert (off_line @ [0.6 * outward, -1.0, -0.35] > 0).all()
            forearm = unit(motion.xyz[:, wrist] - motion.xyz[:, elbow])
            bend = np.degrees(np.arccos(np.clip(np.sum(forearm * motion.hands[:, side, :, 1], axis=1), -1, 1)))
            assert bend.max() < 95
            assert np.abs(np.diff(body[:, elbow], axis=0)).max() < 0.12, "an elbow jumps"


def test_hands_stay_in_front_of_the_body_and_in_the_picture(all_signs: dict[str, Motion]) -> None:
    camera = Camera()
    for motion in all_signs.values():
        pixels = camera.project(motion.xyz)
        inside = (pixels > 0).all(axis=-1) & (pixels < [camera.width, camera.height]).all(axis=-1)
        assert inside.all()
        assert (trunk_coordinates(motion)[:, 8:, 2] > 0.05).all()


def test_a_left_handed_signer_is_the_mirror_image() -> None:
    right_handed = SIGNERS["anna"]
    right = perform([["ICH", "BUCH", "ZUG"]], right_handed, np.random.default_rng(1))
    left = perform([["ICH", "BUCH", "ZUG"]], replace(right_handed, left_handed=True), np.random.default_rng(1))
    mirrored = trunk_coordinates(left)[:, SKELETON.mirror] * [-1, 1, 1]
    arms = [joint for joint in range(SKELETON.count) if joint != NOSE]
    assert np.allclose(trunk_coordinates(right)[:, arms], mirrored[:, arms])
    assert not np.allclose(trunk_coordinates(right)[:, arms], trunk_coordinates(left)[:, arms], atol=0.05)


def test_an_idle_hand_rests_while_the_other_signs() -> None:
    motion = perform([["VERGESSEN"]], SIGNERS["david"], np.random.default_rng(2))
    travelled = np.ptp(trunk_coordinates(motion), axis=0).max(axis=-1)
    assert travelled[RIGHT_WRIST] > 0.25
    assert travelled[LEFT_WRIST] < 0.01


def test_an_unknown_gloss_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="EINHORN"):
        perform([["EINHORN"]], SIGNERS["anna"], np.random.default_rng(0))


# ---- the parts


@given(
    values=st.lists(st.floats(-1, 1), min_size=2, max_size=8),
    gaps=st.lists(st.floats(0.1, 2), min_size=7, max_size=7),
)
def test_the_course_meets_its_keys_and_never_swings_past_them(values: list[float], gaps: list[float]) -> None:
    times = np.concatenate([[0.0], np.cumsum(gaps[: len(values) - 1])])
    keys = np.array(values)
    assert np.allclose(hermite(times, keys, times), keys)
    at = np.linspace(-1, times[-1] + 1, 400)
    course = hermite(times, keys, at)
    assert np.allclose(course[at <= 0], keys[0])
    assert np.allclose(course[at >= times[-1]], keys[-1])
    for start, stop, before, after in zip(times[:-1], times[1:], keys[:-1], keys[1:], strict=True):
        between = course[(at >= start) & (at <= stop)]
        assert (between >= min(before, after) - 1e-9).all()
        assert (between <= max(before, after) + 1e-9).all()


@given(angles=st.tuples(*[st.floats(-np.pi, np.pi)] * 3))
def test_quaternions_come_back_as_the_same_rotation(angles: tuple[float, float, float]) -> None:
    matrix = about("x", angles[0]) @ about("y", angles[1]) @ about("z", angles[2])
    assert np.allclose(from_quaternion(to_quaternion(matrix)), matrix, atol=1e-7)


def test_the_camera_projects_like_a_pinhole() -> None:
    camera = Camera(width=400, height=300, distance_m=2.0, eye_level_m=0.5, view_height_m=1.0)
    points = np.array([[0.0, 0.5, 0.0], [0.1, 0.5, 0.0], [0.0, 1.0, 0.0], [0.1, 0.5, 1.0]])
    assert np.allclose(camera.project(points), [[200, 150], [230, 150], [200, 0], [260, 150]])


def test_vocabulary_signers_and_sentences_are_what_the_sample_promises() -> None:
    assert len(VOCABULARY) >= 20
    two_handed = [any(key.other for key in sign.keys) for sign in VOCABULARY.values()]
    assert 5 <= sum(two_handed) <= len(VOCABULARY) - 5
    assert any(signer.left_handed for signer in SIGNERS.values())
    assert {sentence.signer for sentence in SENTENCES} == set(SIGNERS)
    assert len({sentence.text for sentence in SENTENCES}) == len(SENTENCES) == 10
    assert all(gloss in VOCABULARY for sentence in SENTENCES for gloss in sentence.glosses)
    assert sorted(sentence.split for sentence in SENTENCES) == ["dev", "test"] + ["train"] * 8


def test_truth_files_round_trip_and_broken_ones_are_named(tmp_path: Path) -> None:
    truth = signing_motion(1, n_signs=1)
    path = tmp_path / "truth.npz"
    write_truth(path, {"a": truth, "b": truth})
    back = read_truth(path)
    assert list(back) == ["a", "b"]
    assert np.abs(back["b"].xyz - truth.xyz).max() <= 0.5e-4 + 1e-9
    assert np.abs(back["b"].pixels - truth.pixels).max() <= 0.5 / 64 + 1e-9
    assert np.array_equal(back["a"].signing, truth.signing)
    for wrong in (b"", b"no archive", path.read_bytes()[:200]):
        path.write_bytes(wrong)
        with pytest.raises(FormatError, match=re.escape(str(path))):
            read_truth(path)


def test_truth_files_whose_arrays_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.npz"
    truth = signing_motion(1, n_signs=1)
    write_truth(path, {"a": truth._replace(pixels=truth.pixels[:-1])})
    with pytest.raises(FormatError, match="do not fit together"):
        read_truth(path)


# ---- the committed sample


def test_the_table_lists_the_ten_sentences(table: list[dict[str, str]]) -> None:
    assert tuple(table[0]) == sample.COLUMNS
    assert [(row["id"], row["text"], row["split"]) for row in table] == [
        (sentence.clip_id, sentence.text, sentence.split) for sentence in SENTENCES
    ]
    assert all(row["gloss"].split() == list(s.glosses) for row, s in zip(table, SENTENCES, strict=True))


def test_the_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 3_000_000


def test_the_committed_truth_is_what_the_code_says_today() -> None:
    committed = read_truth(SAMPLE / "truth.npz")
    made = sample.sample_truths(Camera())
    assert list(committed) == sorted(made)
    for clip_id, truth in committed.items():
        assert np.abs(truth.xyz - made[clip_id].xyz).max() < 1.1e-4
        assert np.abs(truth.pixels - made[clip_id].pixels).max() < 1.1 / 64
        assert np.array_equal(truth.signing, made[clip_id].signing)


def test_every_clip_has_as_many_frames_as_its_truth(table: list[dict[str, str]], takes: dict[str, sample.Take]) -> None:
    truths = read_truth(SAMPLE / "truth.npz")
    for video, take in takes.items():
        frames = decoded(video)
        assert len(frames) == len(take.motion.xyz)
        assert frames[0].shape == (360, 480, 3)
    for row in table:
        n_frames = len(truths[row["id"]].xyz)
        if row["start"]:
            assert round((float(row["end"]) - float(row["start"])) * sample.FPS) == n_frames
        else:
            assert len(takes[row["video"]].motion.xyz) == n_frames


def test_subtitles_and_table_tell_the_same_times(table: list[dict[str, str]]) -> None:
    text = (SAMPLE / "videos" / "recording.srt").read_text(encoding="utf-8")
    cues = re.findall(r"(\d+):(\d+):(\d+),(\d+) --> (\d+):(\d+):(\d+),(\d+)\n(.+)\n", text)

    def seconds(hours: str, minutes: str, whole: str, thousandths: str) -> float:
        return int(hours) * 3600 + int(minutes) * 60 + int(whole) + int(thousandths) / 1000

    spoken = [(seconds(*cue[:4]), seconds(*cue[4:8]), cue[8]) for cue in cues]
    rows = [row for row in table if row["video"] == "recording.mp4"]
    assert spoken == [(float(row["start"]), float(row["end"]), row["text"]) for row in rows]
    assert len(rows) == 5


def test_the_recording_rests_outside_its_cues(takes: dict[str, sample.Take]) -> None:
    motion = takes["recording.mp4"].motion
    inside = np.zeros(len(motion.xyz), dtype=bool)
    for cue in motion.cues:
        inside[round(cue.start_s * sample.FPS) : round(cue.end_s * sample.FPS)] = True
    assert not motion.signing[~inside].any()
    assert (~inside).sum() > 50
    wrists = trunk_coordinates(motion)[:, [LEFT_WRIST, RIGHT_WRIST]]
    assert np.abs(wrists[~inside] - wrists[0]).max() < 1e-9


def test_encoding_the_same_frames_twice_gives_the_same_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(5)]
    for name in ("a.mp4", "b.mp4"):
        sample.write_video(tmp_path / name, frames, Camera(width=64, height=48))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


# ---- pictures


def test_pictures_do_not_depend_on_the_number_of_threads() -> None:
    pytest.importorskip("numba", reason="drawing needs the render extra")
    from prompt2sign.synthetic.render import draw_frames

    camera = Camera(width=96, height=72)
    signer = SIGNERS["clara"]
    motion = perform([["DU"]], signer, np.random.default_rng(1), fps=5.0)
    alone = np.stack(list(draw_frames(motion, signer, camera, n_threads=1)))
    shared = np.stack(list(draw_frames(motion, signer, camera, n_threads=3)))
    assert alone.shape == (len(motion.xyz), 72, 96, 3)
    assert np.array_equal(alone, shared)
    assert len({picture.tobytes() for picture in alone}) == len(alone), "the figure must move"


@pytest.mark.parametrize(("video", "frame"), [("sample-02.mp4", 40), ("recording.mp4", 300)])
def test_the_committed_videos_show_the_truth_frame_by_frame(
    video: str, frame: int, takes: dict[str, sample.Take]
) -> None:
    pytest.importorskip("numba", reason="drawing needs the render extra")
    from prompt2sign.synthetic.render import draw

    take = takes[video]
    drawn = draw(take.motion, frame, SIGNERS[take.sentences[0].signer], Camera()).astype(float)
    frames = decoded(video)
    far = [np.abs(frames[frame + shift] - drawn).mean() for shift in (-1, 0, 1)]
    assert far[1] < 3.0, "encoding alone changes a picture by one or two levels"
    assert far[1] == min(far)


def test_without_numba_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(MissingError, match=re.escape("prompt2sign[render]")):
        compiled.compiled(lambda x: x)


def test_motion_needs_neither_numba_nor_a_video_library() -> None:
    code = (
        "import sys; from prompt2sign.synthetic.motion import signing_motion; signing_motion(1, 1); "
        "print(sorted({'numba', 'av', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["a", "b"]])
def test_the_command_explains_itself(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prompt2sign.synthetic", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "python -m prompt2sign.synthetic OUT" in done.stderr
