"""How a motion looks: as a skeleton, in the colours that pose-to-video models take, or as a signer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..drawing.camera import VIEWS, Camera, Size
from ..drawing.draw import Picture, draw_before
from ..drawing.figure import BACKGROUND, Colour
from ..errors import UsageError
from ..formats.keypoints import Keypoints
from ..skeleton import N_KEYPOINTS, SKELETON
from .sources import Shown

#: `--style` names: what each is.
STYLES = {
    "skeleton": "limbs with flesh, near ones brighter; the colours of prompt2sign",
    "openpose": "2D keypoints in OpenPose's colours on black, for pose-to-video models",
    "dwpose": "2D keypoints in DWPose's colours on black, for pose-to-video models",
    "avatar": "the procedural signer of the sample performs it",
}
_CONDITIONING = ("openpose", "dwpose")


@dataclass(frozen=True, slots=True)
class Look:
    """How motions are shown.

    Attributes:
        style: One of `STYLES`.
        views: From where; several stand side by side.
        size: Width and height of each picture of a grid, pixels.
        background: RGB; None for the style's own. Conditioning pictures are always black.
        signer: Of the avatar: a name in `synthetic.figure.SIGNERS`.
        thickness: Of conditioning pictures' strokes.
        n_threads: Pictures of the avatar drawn at once; changes no picture.

    Raises:
        UsageError: No such style, signer or view, or a background that the style cannot have.
    """

    style: str = "skeleton"
    views: tuple[str, ...] = ("front",)
    size: Size = (512, 512)
    background: Colour | None = None
    signer: str = "anna"
    thickness: float = 1.0
    n_threads: int = 1

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise UsageError(f"no style {self.style!r}; choose one of {', '.join(STYLES)}")
        if not self.views or not set(self.views) <= set(VIEWS):
            raise UsageError(f"views {', '.join(self.views)}: choose from {', '.join(VIEWS)}")
        if self.background is not None and self.style in _CONDITIONING:
            raise UsageError(f"{self.style} pictures are black behind: what reads them was trained on black")
        if self.style == "avatar":
            from ..synthetic.figure import SIGNERS

            if self.signer not in SIGNERS:
                raise UsageError(f"no signer {self.signer!r}; choose one of {', '.join(SIGNERS)}")


def pictures_of(shown: Shown, camera: Camera, look: Look) -> Iterator[Picture]:
    """Draw a motion before a camera; (H, W, 3) uint8 RGB, one a frame.

    Raises:
        MissingError: The avatar needs a package that is missing.
    """
    if look.style == "skeleton":
        return draw_before(camera, shown.motion, look.background or BACKGROUND)
    if look.style == "avatar":
        return _avatar(shown, camera, look)
    from ..drawing.overlay import draw_keypoints

    return draw_keypoints(project(shown, camera), style=look.style, thickness=look.thickness)


def project(shown: Shown, camera: Camera) -> Keypoints:
    """A motion as 2D keypoints of the 137-point layout: the 50 joints with confidence 1, all others 0.

    Legs and face stay empty: a motion knows nothing of them.
    """
    xyc = np.zeros((len(shown.motion), N_KEYPOINTS, 3), np.float32)
    seen = camera.project(shown.motion.astype(np.float64))
    seen[..., 2] = 1.0
    xyc[:, list(SKELETON.from_keypoints)] = seen
    width, height = camera.size
    return Keypoints(xyc, shown.fps, width, height, "projected")


def _avatar(shown: Shown, camera: Camera, look: Look) -> Iterator[NDArray[np.uint8]]:
    from dataclasses import replace

    from ..synthetic.avatar import film, perform_motion
    from ..synthetic.figure import SIGNERS

    signer = SIGNERS[look.signer]
    if look.background is not None:
        # Colours of a scene are linear light; a screen's are not (gamma 2.2).
        red, green, blue = ((part / 255) ** 2.2 for part in look.background)
        signer = replace(signer, backdrop=(red, green, blue))
    return film(perform_motion(shown.motion, shown.fps, signer), camera, look.n_threads)
