"""Processor time of the default lift against the upstream method as implemented here."""

from __future__ import annotations

from types import ModuleType
from unittest.mock import patch

from prompt2sign.lifting import arrays, lift
from prompt2sign.lifting.upstream import lift_upstream
from prompt2sign.options import LiftOptions

from .clips import clips
from .table import Row, at_most, cpu_seconds, ratio_at_most

#: Mean length of the five clips that Prompt2Sign's tools come with.
_FRAMES = 137
#: A hundred clips in the 6.5 s that Prompt2Sign's own tools take for one (TensorFlow on the CPU, imports excluded), and
#: three hundred where numba is installed.
_BOUND_MS, _COMPILED_BOUND_MS = 65.0, 6500 / 300


def rows() -> list[Row]:
    """Milliseconds for a clip of 137 frames: time a frame over all clips, in memory, nothing read or written."""
    upstream_ms = _a_clip(cpu_seconds(lambda: [lift_upstream(keypoints) for keypoints in clips().values()]))
    ours_ms = _ours_ms(None)
    what, unit, method = f"lift a clip of {_FRAMES} frames", "CPU ms", "upstream method, NumPy, here"
    rows = [
        Row(f"{what}, NumPy", ours_ms, method, upstream_ms, unit, at_most(_BOUND_MS)),
        Row(f"{what}, NumPy", ours_ms, "upstream's own code, measured once", 6500, unit, ratio_at_most(0.01)),
    ]
    try:
        from prompt2sign.lifting import compiled
    except ImportError:
        return rows
    fast_ms = _ours_ms(compiled)
    return [*rows, Row(f"{what}, numba", fast_ms, method, upstream_ms, unit, at_most(_COMPILED_BOUND_MS))]


def _ours_ms(kernels: ModuleType | None) -> float:
    with patch.object(arrays, "_compiled", lambda: kernels):
        [lift(keypoints, LiftOptions()) for keypoints in clips().values()]
        return _a_clip(
            cpu_seconds(lambda: [lift(keypoints, LiftOptions()) for keypoints in clips().values()], repeat=9)
        )


def _a_clip(seconds: float) -> float:
    return 1000 * seconds / sum(keypoints.n_frames for keypoints in clips().values()) * _FRAMES
