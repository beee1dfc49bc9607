"""What each stage costs a frame, against the pose stage. Processor time of one process, on the embedded sample."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from prompt2sign.corpora import get_corpus
from prompt2sign.corpora.base import Source
from prompt2sign.estimators.base import Estimator, get_estimator
from prompt2sign.formats.keypoints import Keypoints, read_keypoints, write_keypoints
from prompt2sign.formats.motion import read_motion, write_motion
from prompt2sign.formats.shards import ShardRow, ShardSetWriter
from prompt2sign.languages import get_language
from prompt2sign.lifting import lift
from prompt2sign.loaders import open_release
from prompt2sign.media import Video, trim
from prompt2sign.media.encode import X264, write_mp4
from prompt2sign.options import LiftOptions, PoseOptions
from prompt2sign.prompts import load_templates, prompts_for
from prompt2sign.records import Clip
from prompt2sign.release.skels_export import export_skels

from .table import Row, cpu_seconds, ratio_at_most


def rows() -> list[Row]:
    """Trim that must encode, and everything after pose, each over pose."""
    with tempfile.TemporaryDirectory() as folder:
        return _rows(Path(folder))


def _rows(folder: Path) -> list[Row]:
    source = Source(get_language("gsl"), None, None, None, folder)
    clips = [entry for entry in get_corpus("sample").clips(source) if isinstance(entry, Clip)]
    cut = [clip for clip in clips if clip.start_s is not None]
    trim_s = cpu_seconds(lambda: _trim_all(cut, folder))
    keypoints: dict[str, Keypoints] = {}
    estimator = get_estimator(PoseOptions())
    pose_s = cpu_seconds(lambda: keypoints.update(_estimate_all(estimator, cut, folder)))
    n_frames = sum(k.n_frames for k in keypoints.values())
    after_s = cpu_seconds(lambda: _after_pose(cut, keypoints, folder), repeat=3)
    pose_ms = 1000 * pose_s / n_frames
    return [
        Row(
            "trim that encodes",
            1000 * trim_s / n_frames,
            "pose (mediapipe, fast)",
            pose_ms,
            "CPU ms/frame",
            ratio_at_most(0.25),
        ),
        _large(estimator, cut[0], folder),
        Row(
            "h5, lift, prompts, shards, skels",
            1000 * after_s / n_frames,
            "pose",
            pose_ms,
            "CPU ms/frame",
            ratio_at_most(0.03),
        ),
    ]


def _large(estimator: Estimator, clip: Clip, folder: Path) -> Row:
    """The same at the size of How2Sign: encoding grows with the picture, pose hardly does."""
    assert clip.media is not None
    size = (1280, 720)
    frames = (cv2.resize(frame, size).astype(np.uint8) for frame in Video(clip.media).frames())
    pictures = (av.VideoFrame.from_ndarray(frame, format="rgb24") for frame in frames)
    write_mp4(folder / "large.mp4", pictures, Fraction(25), X264("superfast", 18))
    large = replace(clip, clip_id="large", media=folder / "large.mp4")
    trim_s = cpu_seconds(lambda: _trim(replace(large, clip_id="large-cut"), folder))
    cut = Video(folder / "large-cut.mp4")
    pose_s = cpu_seconds(lambda: estimator.estimate(cut))
    trim_ms, pose_ms = (1000 * seconds / cut.info.n_frames for seconds in (trim_s, pose_s))
    return Row("trim that encodes, 1280x720", trim_ms, "pose, 1280x720", pose_ms, "CPU ms/frame", ratio_at_most(0.25))


def _trim(clip: Clip, folder: Path) -> None:
    assert clip.media is not None
    trim(clip.media, folder / f"{clip.clip_id}.mp4", start_s=clip.start_s, end_s=clip.end_s)


def _trim_all(clips: list[Clip], folder: Path) -> None:
    for clip in clips:
        _trim(clip, folder)


def _estimate_all(estimator: Estimator, clips: list[Clip], folder: Path) -> dict[str, Keypoints]:
    return {clip.clip_id: estimator.estimate(Video(folder / f"{clip.clip_id}.mp4"))[0] for clip in clips}


def _after_pose(clips: list[Clip], keypoints: dict[str, Keypoints], folder: Path) -> None:
    shutil.rmtree(folder / "skels", ignore_errors=True)
    templates = load_templates(get_language("gsl"))
    with ShardSetWriter(folder / "release" / "data") as shards:
        for clip in clips:
            write_keypoints(folder / "keypoints.h5", keypoints[clip.clip_id])
            write_motion(folder / "motion.h5", lift(read_keypoints(folder / "keypoints.h5"), LiftOptions()))
            prompts = prompts_for(clip.clip_id, clip.text, templates, seed=0, count=1)
            shards.add(ShardRow(clip, read_motion(folder / "motion.h5"), tuple(prompts)))
    export_skels(open_release(folder / "release"), folder / "skels", "progressive")
