"""The clips that benchmarks of lifting run on: OpenPose JSON of real signing, where it lies beside the checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from prompt2sign.estimators.importers import import_keypoints, list_members
from prompt2sign.formats.keypoints import Keypoints

#: Where the fixture `shared_data` of tests/conftest.py looks as well.
REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "openpose_json"
FPS, WIDTH, HEIGHT = 25.0, 1280, 720
_MADE_SEEDS = (2000, 2001, 2002)


def description() -> str:
    """What the clips are, for a table's title."""
    if REAL.is_dir():
        return "real clips (openpose_json)"
    return "SYNTHETIC clips: the real ones, shared/data/openpose_json, are not beside this checkout"


@cache
def clips() -> dict[str, Keypoints]:
    """The clips by name; where the real ones are absent, synthetic signing as an estimator would see it."""
    if REAL.is_dir():
        return {
            name: import_keypoints(REAL, name, fps=FPS, width=WIDTH, height=HEIGHT)[0] for name in list_members(REAL)
        }
    from prompt2sign.synthetic.observed import lifting_truth

    return {f"made_{seed}": lifting_truth(seed).keypoints for seed in _MADE_SEEDS}
