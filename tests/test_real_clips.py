"""The whole build on real signing: 33 How2Sign clips, against keypoints that others published for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import prompt2sign
from prompt2sign.estimators.importers import import_keypoints
from prompt2sign.formats.keypoints import Keypoints, read_keypoints
from prompt2sign.pipeline.work import safe_name
from prompt2sign.skeleton import KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND, LEFT_SHOULDER, RIGHT_SHOULDER

from .made import run

HANDS = (KEYPOINTS_LEFT_HAND, KEYPOINTS_RIGHT_HAND)


@pytest.fixture(scope="module")
def built(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("how2sign")
    lines = (shared_data / "how2sign" / "index.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    rows = [row for row in rows if row[0] == "name" or (shared_data / f"how2sign/clips/{row[0]}.mp4").is_file()]
    (folder / "text.tsv").write_text("\n".join(f"{row[0]}\t{row[4]}" for row in rows) + "\n", encoding="utf-8")
    done = run(
        *("build", "--lang", "asl", "--corpus", "folder", "--from", str(shared_data / "how2sign" / "clips")),
        *("--text", str(folder / "text.tsv"), "--work", str(folder / "work"), "--out", str(folder / "release")),
        timeout_s=1500,
    )
    assert done.code == 0, done.err
    return folder


@pytest.mark.long
@pytest.mark.shared
@pytest.mark.mediapipe
@pytest.mark.timeout(1800)
def test_body_and_hands_are_found_where_others_found_them(built: Path, shared_data: Path) -> None:
    release = prompt2sign.open_release(built / "release")
    weights = [clip.n_frames for clip in release]
    rates = {
        name: np.average([clip.quality[name] for clip in release], weights=weights)
        for name in ("body_rate", "left_hand_rate", "right_hand_rate")
    }
    differences = np.concatenate([hand_differences(built, shared_data, clip.clip_id) for clip in release])
    print(f"{len(release)} clips, {sum(weights)} frames, {rates}, median difference {np.median(differences):.4f}")
    assert len(release) == 33
    assert rates["body_rate"] >= 0.99 and min(rates.values()) >= 0.90
    assert np.median(differences) <= 0.04
    assert run("validate", str(built / "release")).code == 0


def hand_differences(built: Path, shared_data: Path, clip_id: str) -> np.ndarray:
    """Distance of each hand point to the published one, shoulder widths, where both see the hand."""
    ours = read_keypoints(built / "work/asl/folder/keypoints" / f"{safe_name(clip_id)}.h5")
    theirs, _ = import_keypoints(shared_data / f"how2sign/poses/{clip_id}.pose", fps=None, width=None, height=None)
    assert ours.n_frames == theirs.n_frames
    width = np.median(np.linalg.norm(ours.xyc[:, LEFT_SHOULDER, :2] - ours.xyc[:, RIGHT_SHOULDER, :2], axis=-1))
    return np.concatenate([_differences(ours, theirs, hand) / width for hand in HANDS])


def _differences(ours: Keypoints, theirs: Keypoints, hand: slice) -> np.ndarray:
    both = (ours.xyc[:, hand, 2] > 0) & (theirs.xyc[:, hand, 2] > 0)
    return np.linalg.norm(ours.xyc[:, hand, :2] - theirs.xyc[:, hand, :2], axis=-1)[both]


@pytest.mark.long
@pytest.mark.shared
@pytest.mark.mediapipe
@pytest.mark.timeout(1800)
def test_a_second_build_takes_no_time(built: Path, shared_data: Path) -> None:
    again = run(
        *("build", "--lang", "asl", "--corpus", "folder", "--from", str(shared_data / "how2sign" / "clips"), "--json"),
        *("--text", str(built / "text.tsv"), "--work", str(built / "work"), "--out", str(built / "release")),
    )
    assert again.code == 0 and again.json["release"]["already_there"]
    assert sum(stage["worked_on"] for stage in again.json["stages"]) == 0
