"""Processor time of the default lift against the upstream method as implemented here."""

from __future__ import annotations

from prompt2sign.lifting import lift
from prompt2sign.lifting.upstream import lift_upstream
from prompt2sign.options import LiftOptions

from .clips import clips
from .table import Row, at_most, cpu_seconds, ratio_at_most

#: Mean length of the five clips that Prompt2Sign's tools come with.
_FRAMES = 137
#: A hundred clips in the 6.5 s that Prompt2Sign's own tools take for one (TensorFlow on the CPU, imports excluded).
_BOUND_MS = 65.0


def rows() -> list[Row]:
    """Milliseconds for a clip of 137 frames: time a frame over all clips, in memory, nothing read or written."""
    n_frames = sum(keypoints.n_frames for keypoints in clips().values())
    ours_s = cpu_seconds(lambda: [lift(keypoints, LiftOptions()) for keypoints in clips().values()], repeat=5)
    upstream_s = cpu_seconds(lambda: [lift_upstream(keypoints) for keypoints in clips().values()])
    ours_ms, upstream_ms = (1000 * seconds / n_frames * _FRAMES for seconds in (ours_s, upstream_s))
    what, unit = f"lift a clip of {_FRAMES} frames", "CPU ms"
    return [
        Row(what, ours_ms, "upstream method, NumPy, here", upstream_ms, unit, at_most(_BOUND_MS)),
        Row(what, ours_ms, "upstream's own code, measured once", 6500, unit, ratio_at_most(0.01)),
    ]
