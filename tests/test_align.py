"""`prompt2sign align`: made signing with known offsets, clips that cannot be right, and the command on a real video."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.sessions import draw_session
from prompt2sign.alignment import Activity, Measured, find_suspects, fit_offset, signing_activity
from prompt2sign.alignment.look import Look, LookOptions, Looks, read_looks, write_looks
from prompt2sign.alignment.recordings import recordings_of
from prompt2sign.annotations.offsets import read_offsets
from prompt2sign.cli import align as _  # noqa: F401  (registers the command)
from prompt2sign.cli.app import app
from prompt2sign.errors import ClipRejected, FormatError
from prompt2sign.estimators.long_names import span_member
from prompt2sign.pipeline.stage import Job
from prompt2sign.records import Clip
from prompt2sign.skeleton import LEFT_SHOULDER, LEFT_WRIST, RIGHT_SHOULDER, RIGHT_WRIST

SAMPLE = Path(__file__).parents[1] / "prompt2sign" / "sample" / "videos"
RATE = 5.0


def body(seconds: float) -> np.ndarray:
    """Somebody who stands still, hands at the hips, 100 pixels a shoulder width."""
    frames = np.zeros((int(seconds * RATE), 8, 3), np.float32)
    frames[..., 2] = 1
    places = {RIGHT_SHOULDER: (250, 200), LEFT_SHOULDER: (350, 200), RIGHT_WRIST: (240, 390), LEFT_WRIST: (360, 390)}
    for joint, place in places.items():
        frames[:, joint, :2] = place
    return frames


def sign(frames: np.ndarray, start_s: float, end_s: float, joint: int = RIGHT_WRIST) -> None:
    """Move a hand about before the chest."""
    span = slice(round(start_s * RATE), round(end_s * RATE))
    at = np.arange(span.stop - span.start)
    frames[span, joint, 0] += 60 * (-1.0) ** at
    frames[span, joint, 1] = 250


def test_activity_tells_signing_from_rest():
    frames = body(20)
    sign(frames, 5, 9)
    sign(frames, 12, 15, LEFT_WRIST)
    frames[30:32, RIGHT_WRIST] = 0  # a hand lost for a moment goes on
    frames[:, :, :2] *= 3.0  # in a larger picture
    activity = signing_activity(frames, RATE)
    assert activity.values[28:42].min() > 0.8
    assert activity.values[62:73].min() > 0.8
    assert np.r_[activity.values[:22], activity.values[80:]].max() < 0.1
    assert activity.signing_s(5, 9) == pytest.approx(4, abs=0.3)
    assert activity.signing_s(0, 4) == 0
    assert activity.signing_s(30, 31) is None
    assert signing_activity(frames, RATE, 2.0).signing_s(7, 11) == pytest.approx(4, abs=0.3)


def test_hands_out_of_the_picture_rest_and_nobody_is_unknown():
    frames = body(12)
    sign(frames, 2, 6)
    frames[35:, [RIGHT_WRIST, LEFT_WRIST]] = 0
    frames[50:] = 0
    activity = signing_activity(frames, RATE)
    assert activity.values[36:50].max() < 0.3
    assert np.isnan(activity.values[55:]).all()
    assert np.isnan(signing_activity(np.zeros((10, 8, 3), np.float32), RATE).values).all()
    assert len(signing_activity(body(0.2), RATE).values) == 1


def test_a_known_offset_is_found_or_not_trusted():
    sure = 0
    for seed in (1001, 1002, 1003):
        session = draw_session(seed, duration_s=120)
        fit = fit_offset(signing_activity(session.body, session.rate), session.cues_s, 8.0)
        assert fit.offset_s is not None
        assert fit.n_cues == len(session.cues_s)
        sure += fit.confidence > 0.8
        assert fit.confidence <= 0.8 or abs(fit.offset_s - session.offset_s) <= 0.5
    assert sure >= 2


def test_cues_of_another_video_are_not_trusted():
    sessions = [draw_session(seed, duration_s=60) for seed in range(1000, 1003)]
    fits = [
        fit_offset(signing_activity(session.body, session.rate), other.cues_s, 8.0)
        for session, other in zip(sessions, [*sessions[1:], sessions[0]], strict=True)
    ]
    assert sum(fit.confidence >= 0.8 for fit in fits) <= 1


@pytest.mark.parametrize(
    ("cues_s", "note"),
    [
        ([(1.0, 2.0), (3.0, 4.0)], "only 2 cues"),
        ([(float(n), n + 1.0) for n in range(20)], "not enough pauses between cues to tell"),
        ([(4.0 * n, 4.0 * n + 2) for n in range(8)], "hands never rest"),
    ],
)
def test_it_says_what_it_cannot_tell(cues_s, note):
    fit = fit_offset(signing_activity(body(40), RATE), cues_s, 8.0)
    assert (fit.offset_s, fit.confidence) == (None, 0.0)
    assert fit.note.startswith(note)
    unseen = Activity(np.full(200, np.nan), RATE)
    assert fit_offset(unseen, [(4.0 * n, 4.0 * n + 2) for n in range(8)], 8.0).note == "nobody is seen"


def clip(lasts_s: float, n_words: int, signing_s: float | None = None, n_characters: int | None = None) -> Measured:
    n_characters = 5 * n_words if n_characters is None else n_characters
    return Measured("c", "v", 1.0, 1.0 + lasts_s, n_words, n_characters, signing_s)


@pytest.mark.parametrize(
    ("measured", "reason"),
    [
        (clip(0.2, 20), "too-much-text"),
        (clip(20, 1), "too-little-text"),
        (clip(4, 8, signing_s=0.1), "no-signing"),
        (clip(4, 8, signing_s=2.5), None),
        (clip(4, 8, signing_s=None), None),
        (clip(1, 1), None),
        (clip(2, 15), None),
        (clip(0.3, 1, signing_s=0.1), None),
    ],
)
def test_clips_that_cannot_be_right(measured, reason):
    assert [suspect.reason for suspect in find_suspects([measured])] == ([reason] if reason else [])


def test_clips_far_from_what_is_usual_in_their_corpus():
    usual = [clip(3 + 0.05 * n, 8) for n in range(60)]
    odd = clip(9, 2, n_characters=9)
    (suspect,) = find_suspects([*usual, odd])
    assert (suspect.reason, suspect.clip) == ("unusual-rate", odd)
    assert "1.0 characters a second" in suspect.message
    assert find_suspects([*usual[:10], odd]) == []


def test_clips_are_put_together_by_recording(tmp_path):
    cut = Clip("a", "ASL", "x", text="Two words.", media=tmp_path / "v.mp4", start_s=1.0, end_s=2.0, video="v.mp4")
    spans = [span_member(start, start + 2, 50, "a1") for start in (4, 10)]
    ready = [
        replace(cut, clip_id=f"k{n}", media=None, keypoints=tmp_path / "r.json.gz", keypoints_member=span, fps=50.0)
        for n, span in enumerate(spans)
    ]
    alone = replace(cut, clip_id="p", media=None, keypoints=tmp_path / "p.pose", start_s=None, end_s=None)
    found = recordings_of([cut, replace(cut, clip_id="b", start_s=5.0, end_s=6.0), *ready, alone])
    assert [(recording.whole.clip_id, recording.whole.keypoints_member) for recording in found] == [
        ("v.mp4", ""),
        ("v.mp4 a1", "a1/0-600"),
        ("p", ""),
    ]
    assert found[0].cues_s == [(1.0, 2.0), (5.0, 6.0)]
    assert found[1].cues_s == [(4.0, 6.0), (10.0, 12.0)]
    assert found[2].passages[0][1:] == (0.0, None, 2, 8)


def test_looks_come_back_as_they_were_and_damage_is_named(tmp_path):
    path = tmp_path / "l.h5"
    write_looks(path, Looks(body(2), RATE, 0.4))
    found = read_looks(path)
    assert (found.rate, found.start_s) == (RATE, 0.4)
    np.testing.assert_array_equal(found.body, body(2))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(FormatError, match=r"l\.h5.*prompt2sign align"):
        read_looks(path)


def test_looks_at_ready_keypoints(tmp_path):
    folder = tmp_path / "json"
    folder.mkdir()
    for n in range(50):
        points = [float(value) for joint in range(25) for value in (100 + joint, 200 + n, 0.9)]
        person = {"pose_keypoints_2d": points, "face_keypoints_2d": [0.0] * 210}
        person |= {f"hand_{side}_keypoints_2d": [0.0] * 63 for side in ("left", "right")}
        (folder / f"a_{n:012d}_keypoints.json").write_text(json.dumps({"people": [person]}))
    whole = Clip("a", "ASL", "x", keypoints=folder, fps=25.0, width=640, height=480)
    result = Look(LookOptions()).run(Job(whole, None, tmp_path / "a.h5"))
    looks = read_looks(tmp_path / "a.h5")
    assert (result.values, looks.rate, looks.body.shape) == ({"n_frames": 10, "rate": 5.0}, 5.0, (10, 8, 3))
    assert looks.body[3, 2].tolist() == pytest.approx([102, 215, 0.9])


def test_a_video_that_cannot_be_read_is_rejected(tmp_path):
    path = tmp_path / "v.mp4"
    path.write_bytes(b"nothing")
    with pytest.raises(ClipRejected, match=r"v\.mp4"):
        Look(LookOptions()).run(Job(Clip("v", "ASL", "x", media=path), None, tmp_path / "v.h5"))


def command(*arguments: object) -> int:
    return int(app(args=["align", *map(str, arguments)], standalone_mode=False))


def shifted(text: str, seconds: float) -> str:
    """The subtitles of the sample, later."""
    return re.sub(r"[\d:]+,\d+", lambda time: clock(seconds_of(time[0]) + seconds), text)


def seconds_of(time: str) -> float:
    hours, minutes, rest = time.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def clock(time_s: float) -> str:
    ms = round(time_s * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


def test_the_command_on_a_real_video(tmp_path, capsys):
    pytest.importorskip("mediapipe")
    videos = tmp_path / "videos"
    videos.mkdir()
    shutil.copy(SAMPLE / "recording.mp4", videos)
    cue = f"9\n00:00:28,000 --> 00:00:28,300\n{'Wort ' * 20}\n"
    subtitles = shifted((SAMPLE / "recording.srt").read_text(encoding="utf-8"), 3.0)
    (videos / "recording.srt").write_text(f"{subtitles}\n{cue}", encoding="utf-8")
    (videos / "broken.mp4").write_bytes(b"nothing")
    (videos / "broken.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nWer weiß.\n", encoding="utf-8")
    given: list[Any] = ["--lang", "gsl", "--corpus", "folder", "--from", videos, "--work", tmp_path / "work"]
    assert command(*given, "--jobs", 1, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    broken, recording = found["offsets"]
    assert (broken["offset_s"], broken["method"]) == (None, "none: corrupt-video")
    assert recording["offset_s"] == pytest.approx(-3.0, abs=0.4)
    assert recording["confidence"] >= 0.8
    assert [(suspect["reason"], suspect["words"]) for suspect in found["suspects"]] == [("too-much-text", 20)]
    offsets, suspects = map(Path, found["files"])
    assert read_offsets(offsets) == {"recording": recording["offset_s"]}
    (row,) = csv.DictReader(suspects.open(encoding="utf-8"))
    assert row["message"] == "20 words in 0.30 s of video"
    before = offsets.read_bytes()
    (looked,) = (tmp_path / "work/gsl/folder/align/looks").glob("*.h5")
    state = looked.stat().st_mtime_ns
    assert command(*given, "--jobs", 1, "--offsets", offsets) == 1  # what is measured is not shifted by itself
    assert (looked.stat().st_mtime_ns, offsets.read_bytes()) == (state, before)
    assert "1 of 2 recordings have an offset of their own" in capsys.readouterr().out
