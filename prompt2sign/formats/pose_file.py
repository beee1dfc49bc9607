"""`.pose` files, read and written by the field's own library `pose-format`.

Understood are MediaPipe Holistic (`POSE_LANDMARKS`, `FACE_LANDMARKS`, `LEFT_HAND_LANDMARKS`, ...; any subset), OpenPose
(137 points in four components) and OpenPose's BODY_135. Points are found by the names of component and point, so
reduced files work; what a file does not hold is not found. What a file says of depth, the world landmarks of the body
and the z of the hands, is kept as the file has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected, FormatError, MissingError
from ..skeleton import (
    BODY_25,
    BODY_25_FROM_MEDIAPIPE,
    FACE_68_FROM_MEDIAPIPE,
    KEYPOINTS_BODY,
    KEYPOINTS_FACE,
    KEYPOINTS_LEFT_HAND,
    KEYPOINTS_RIGHT_HAND,
    N_KEYPOINTS,
)
from .keypoints import Keypoints

#: Names as they stand in `.pose` files (MediaPipe's own).
MEDIAPIPE_POSE = (
    "NOSE", "LEFT_EYE_INNER", "LEFT_EYE", "LEFT_EYE_OUTER", "RIGHT_EYE_INNER", "RIGHT_EYE", "RIGHT_EYE_OUTER",
    "LEFT_EAR", "RIGHT_EAR", "MOUTH_LEFT", "MOUTH_RIGHT", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_ELBOW",
    "RIGHT_ELBOW", "LEFT_WRIST", "RIGHT_WRIST", "LEFT_PINKY", "RIGHT_PINKY", "LEFT_INDEX", "RIGHT_INDEX",
    "LEFT_THUMB", "RIGHT_THUMB", "LEFT_HIP", "RIGHT_HIP", "LEFT_KNEE", "RIGHT_KNEE", "LEFT_ANKLE", "RIGHT_ANKLE",
    "LEFT_HEEL", "RIGHT_HEEL", "LEFT_FOOT_INDEX", "RIGHT_FOOT_INDEX",
)  # fmt: skip
MEDIAPIPE_HAND = (
    "WRIST", "THUMB_CMC", "THUMB_MCP", "THUMB_IP", "THUMB_TIP",
    *(f"{finger}_{joint}" for finger in ("INDEX_FINGER", "MIDDLE_FINGER", "RING_FINGER", "PINKY")
      for joint in ("MCP", "PIP", "DIP", "TIP")),
)  # fmt: skip
#: Centres of the irises in MediaPipe's refined face mesh: right, left.
_IRISES = (468, 473)
MAX_POSE_BYTES = 1 << 30
#: The largest layout in use (Holistic with refined face and world landmarks) has 586 points.
_MAX_POINTS = 5000
#: Frames times people: eleven hours of one person.
_MAX_ROWS = 1_000_000

#: Sources of the points of the 137-point layout: the middle of one or two named points of a file.
_Source = tuple[int, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class PosePeople:
    """What a `.pose` file holds.

    Attributes:
        xyc: (T, P, 137, 3) pixels and confidence; a point that is masked or not in the file is 0, 0, 0.
        fps: Frames per second, 0 where the file does not say.
        width: Picture width in pixels, 0 where the file does not say.
        height: Picture height in pixels, 0 where the file does not say.
        layout: `mediapipe holistic`, `openpose` or `openpose body_135`.
        space: (T, P, 137, 3) x, y and z as the file has them, NaN where it has none: the body's of
            `POSE_WORLD_LANDMARKS` (metres), the hands' of their landmarks (pixels; z in pixels or in picture widths,
            away from the camera); None where the file has no depth.
    """

    xyc: NDArray[np.float32]
    fps: float
    width: int
    height: int
    layout: str
    space: NDArray[np.float32] | None = None


def parse_pose(data: bytes, name: str) -> PosePeople:
    """Read a `.pose` file's bytes; `name` names it in messages.

    Raises:
        ClipRejected: `bad-pose`: cut off, damaged or not a `.pose` file; `unknown-layout`: none of its components
            is known.
        MissingError: The package `pose-format` is not installed.
    """
    header, body = _decode(data, name)
    layout, sources = _find_layout({component.name for component in header.components}, name)
    values = np.asarray(body.data.data, np.float32)
    confidence = np.asarray(body.confidence, np.float32)  # 0 where the library masks a point
    target, points, seen = _gather(sources, _columns(header), values, confidence)
    xyc = np.zeros((*confidence.shape[:2], N_KEYPOINTS, 3), np.float32)
    xyc[:, :, target] = np.concatenate([points[..., :2], seen[..., None]], axis=-1)
    fps = float(body.fps) if np.isfinite(body.fps) else 0.0
    space = _space(header, values, confidence)
    return PosePeople(xyc, fps, header.dimensions.width, header.dimensions.height, layout, space)


def write_pose_file(path: Path, keypoints: Keypoints) -> None:
    """Write keypoints as a `.pose` file (version 0.2) in its OpenPose layout.

    Raises:
        FormatError: The picture is larger than the format can say (65,535 pixels).
        MissingError: The package `pose-format` is not installed.
    """
    library = _pose_format()
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderDimensions
    from pose_format.utils.openpose import OpenPose_Components

    if max(keypoints.width, keypoints.height) > 0xFFFF:
        raise FormatError(
            f"{path}: a .pose file cannot say {keypoints.width} x {keypoints.height} pixels; scale the keypoints"
        )
    header = PoseHeader(0.2, PoseHeaderDimensions(keypoints.width, keypoints.height), OpenPose_Components)
    xyc = keypoints.xyc[:, None]
    with path.open("wb") as file:
        library.Pose(header, NumPyPoseBody(keypoints.fps, xyc[..., :2], xyc[..., 2])).write(file)


def _pose_format() -> ModuleType:
    try:
        import pose_format
    except ImportError as error:
        raise MissingError("`.pose` files need the package pose-format: pip install 'prompt2sign[pose]'") from error
    return pose_format  # type: ignore[no-any-return]


def _decode(data: bytes, name: str) -> tuple[Any, Any]:
    """Header and body as the library gives them, checked for what it does not check itself."""
    library = _pose_format()
    from pose_format.pose_header import PoseHeader
    from pose_format.utils.reader import BufferReader

    try:
        header = PoseHeader.read(BufferReader(data))
        if header.total_points() > _MAX_POINTS:
            raise ValueError(f"{header.total_points()} points")
        if any(not component.format.startswith("XY") for component in header.components):
            raise ValueError("points without x and y")
        body = library.Pose.read(data).body
        if np.prod(body.data.shape[:2], dtype=np.float64) > _MAX_ROWS:
            raise ValueError(f"{body.data.shape[0]} frames of {body.data.shape[1]} people")
        if body.data.ndim != 4 or body.data.shape[:3] != body.confidence.shape:
            raise ValueError(f"arrays of shape {body.data.shape} and {body.confidence.shape}")
    except Exception as error:  # the library raises whatever it stumbles over in damaged bytes
        raise ClipRejected(
            "bad-pose", f"{name}: is no .pose file, or is cut off ({error}). Fetch it or make it again"
        ) from error
    return header, body


def _columns(header: Any, kind: str = "XY") -> dict[tuple[str, str], int]:
    """Where each point of a file stands, by component and name, of components whose format begins with `kind`."""
    named = [(part, point) for part in header.components for point in part.points]
    return {
        (part.name, point): column
        for column, (part, point) in reversed([*enumerate(named)])
        if part.format.startswith(kind)
    }


def _gather(
    sources: Iterable[_Source],
    columns: dict[tuple[str, str], int],
    values: NDArray[np.float32],
    confidence: NDArray[np.float32],
) -> tuple[list[int], NDArray[np.float32], NDArray[np.float32]]:
    """The sources a file holds: their places in our layout, their values (T, P, n, D) and confidences (T, P, n)."""
    places = [(place, [columns[source] for source in of]) for place, of in sources if columns.keys() >= {*of}]
    first, second = (np.array([of[end] for _, of in places], np.intp) for end in (0, -1))
    with np.errstate(over="ignore", invalid="ignore"):
        points = (values[:, :, first] + values[:, :, second]) / 2
    return [place for place, _ in places], points, np.minimum(confidence[:, :, first], confidence[:, :, second])


def _space(header: Any, values: NDArray[np.float32], confidence: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """`PosePeople.space` of a Holistic file."""
    sources = [*_body("POSE_WORLD_LANDMARKS"), *_hands()]
    target, points, seen = _gather(sources, _columns(header, "XYZ"), values, confidence)
    if not target or values.shape[-1] < 3:
        return None
    space = np.full((*confidence.shape[:2], N_KEYPOINTS, 3), np.nan, np.float32)
    space[:, :, target] = np.where(seen[..., None] > 0, points[..., :3], np.nan)
    return space


def _find_layout(components: set[str], name: str) -> tuple[str, list[_Source]]:
    if "POSE_LANDMARKS" in components:
        return "mediapipe holistic", list(_holistic())
    if "pose_keypoints_2d" in components:
        return "openpose", list(_openpose())
    if "BODY_135" in components:
        return "openpose body_135", list(_body_135())
    raise ClipRejected(
        "unknown-layout",
        f"{name}: its components are {', '.join(sorted(components)) or 'none'}; understood are Holistic "
        "(POSE_LANDMARKS), OpenPose (pose_keypoints_2d) and BODY_135",
    )


def _holistic() -> Iterator[_Source]:
    yield from _body("POSE_LANDMARKS")
    for place, landmark in enumerate((*FACE_68_FROM_MEDIAPIPE, *_IRISES), KEYPOINTS_FACE.start):
        yield place, (("FACE_LANDMARKS", str(landmark)),)
    yield from _hands()


def _body(component: str) -> Iterator[_Source]:
    for place, landmarks in BODY_25_FROM_MEDIAPIPE.items():
        yield place, tuple((component, MEDIAPIPE_POSE[landmark]) for landmark in landmarks)


def _hands() -> Iterator[_Source]:
    for side, part in (("LEFT", KEYPOINTS_LEFT_HAND), ("RIGHT", KEYPOINTS_RIGHT_HAND)):
        for place, point in enumerate(MEDIAPIPE_HAND, part.start):
            yield place, ((f"{side}_HAND_LANDMARKS", point),)


def _openpose() -> Iterator[_Source]:
    from pose_format.utils.openpose import OpenPose_Components

    names = [(component.name, point) for component in OpenPose_Components for point in component.points]
    return ((place, (name,)) for place, name in enumerate(names))


def _body_135() -> Iterator[_Source]:
    """BODY_135 has no neck and no middle of the hips, and its hands begin at the wrists of the body."""
    from pose_format.utils import openpose_135 as library

    middles = {"Neck": ("LShoulder", "RShoulder"), "MidHip": ("LHip", "RHip")}
    for place, name in enumerate(map(_openpose_name, BODY_25), KEYPOINTS_BODY.start):
        yield place, tuple(("BODY_135", point) for point in middles.get(name, (name,)))
    parts = (
        (KEYPOINTS_FACE, library.FACE_POINTS),
        (KEYPOINTS_LEFT_HAND, ["LWrist", *library.LEFT_HAND_POINTS]),
        (KEYPOINTS_RIGHT_HAND, ["RWrist", *library.RIGHT_HAND_POINTS]),
    )
    for part, points in parts:
        for place, point in enumerate(points, part.start):
            yield place, (("BODY_135", point),)


def _openpose_name(joint: str) -> str:
    """`right_big_toe` -> `RBigToe`."""
    return "".join({"left": "L", "right": "R"}.get(word, word.title()) for word in joint.split("_"))
