"""The machine code of lifting gives the same bits as the NumPy code that it stands for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prompt2sign.formats.keypoints import Keypoints
from prompt2sign.formats.motion import Motion
from prompt2sign.lifting import arrays, lift
from prompt2sign.lifting.search import best_path
from prompt2sign.options import LiftOptions
from prompt2sign.synthetic.observed import lifting_truth

from .made import knowing

compiled = pytest.importorskip("prompt2sign.lifting.compiled", exc_type=ImportError)


def lifted(monkeypatch: pytest.MonkeyPatch, keypoints: Keypoints, options: LiftOptions, fast: bool) -> Motion:
    monkeypatch.setattr(arrays, "_compiled", lambda: compiled if fast else None)
    return lift(keypoints, options)


@pytest.mark.parametrize(("seed", "n_frames"), [(2001, 60), (2002, 1), (2003, 2), (2004, 7)])
@pytest.mark.parametrize("options", [LiftOptions(), LiftOptions(camera_distance=6.0, smoothing=0.0)])
def test_the_same_bits(monkeypatch: pytest.MonkeyPatch, seed: int, n_frames: int, options: LiftOptions) -> None:
    made = lifting_truth(seed, n_frames)
    no_hand = made.keypoints.xyc.copy()
    no_hand[:, 116:] = 0
    for keypoints in (made.keypoints, knowing(made), replace(made.keypoints, xyc=no_hand)):
        slow, fast = (lifted(monkeypatch, keypoints, options, kind) for kind in (False, True))
        assert slow.xyz.tobytes() == fast.xyz.tobytes() and slow.quality == fast.quality


def test_equal_paths_are_chosen_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    cost, change = (rng.integers(0, 2, shape).astype(np.float32) for shape in ((30, 4, 50), (29, 3, 50)))
    which, paths = rng.integers(0, 3, (4, 4)).tolist(), []
    for kernels in (None, compiled):
        monkeypatch.setattr(arrays, "_compiled", lambda kernels=kernels: kernels)
        paths.append(best_path(cost, change, which))
    assert np.array_equal(*paths)


def test_each_kernel_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Kernels:
        def __getattr__(self, name: str) -> object:
            asked.append(name)
            return getattr(compiled, name)

    monkeypatch.setattr(arrays, "_compiled", Kernels)
    lift(lifting_truth(2001, 10).keypoints)
    assert set(asked) == set(compiled.__all__)


def test_a_short_run_never_imports_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(arrays.sys.modules, compiled.__name__)
    monkeypatch.setattr(arrays, "_ASKED", iter(range(1000)))
    monkeypatch.setattr(arrays, "_compiled", lambda: pytest.fail("asked for"))
    lift(lifting_truth(2001, 10).keypoints)
