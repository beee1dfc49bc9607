"""What a clip is called in a file that holds the keypoints of a whole recording: by the numbers of its frames."""

from __future__ import annotations

import math
import re

from ..errors import ClipRejected

#: How far an annotated time may miss the frame it means; as in `media.trim`, so that both take the same frames.
ROUNDING_S = 0.0006
_MEMBER = re.compile(r"(?:(?P<camera>\w+)/)?(?P<first>\d{1,9})-(?P<end>\d{1,9})", re.ASCII)


def span_member(start_s: float, end_s: float, fps: float, camera: str = "") -> str:
    """The name of a clip: `a/61-187`, its first frame and the one after its last.

    Args:
        start_s: Start in seconds.
        end_s: End in seconds (exclusive).
        fps: Frames per second of the recording.
        camera: Which camera, where the file holds several.

    Raises:
        ClipRejected: `no-frames`: none lies between the two.
    """
    first, end = (max(0, math.ceil((time_s - ROUNDING_S) * fps)) for time_s in (start_s, end_s))
    if first >= end:
        raise ClipRejected("no-frames", f"no frame lies between {start_s} and {end_s} s at {fps:g} frames a second")
    return f"{camera}/{first}-{end}" if camera else f"{first}-{end}"


def parse_member(member: str) -> tuple[str, int, int] | None:
    """The inverse of `span_member`: camera, first frame and the one after the last; None where it is no such name."""
    match = _MEMBER.fullmatch(member)
    if match is None or int(match["first"]) >= int(match["end"]):
        return None
    return match["camera"] or "", int(match["first"]), int(match["end"])
