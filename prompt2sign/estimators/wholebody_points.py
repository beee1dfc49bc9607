"""The 133 points of people in boxes, by an RTMPose, RTMW or DWPose network (Jiang et al. 2023, "RTMPose").

Such a network says for each point how well each column, and each row, of its input fits (SimCC: Li et al. 2022, "SimCC:
a Simple Coordinate Classification Perspective for Human Pose Estimation"); the best column and row are the point.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ClipRejected, UsageError
from .wholebody_map import N_WHOLE_BODY
from .wholebody_network import Network
from .wholebody_people import Box

#: What is seen round a box, and how colours are scaled: as the networks were taught (mmpose's RTMPose configurations).
_PADDING = 1.25
_MEAN, _SPREAD = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
#: Bins a pixel, at most: mmpose's networks have 2.
_FINEST_SPLIT = 8
#: (256, 1, 3) what each value of red, green and blue becomes: looking it up is several times as fast as computing it.
_SCALED = ((np.arange(256)[:, None, None] - _MEAN) / _SPREAD).astype(np.float32)


def find_points(network: Network, pictures: Sequence[NDArray[np.uint8]], boxes: Sequence[Box]) -> NDArray[np.float32]:
    """The points of people.

    Args:
        network: RTMPose, RTMW or DWPose for whole bodies.
        pictures: (H, W, 3) uint8 RGB, one a box.
        boxes: Left, top, right, bottom in pixels; at least one.

    Returns:
        (N, 133, 3) float32 pixels and confidence (`confidence_of`); a point may lie outside its picture.

    Raises:
        UsageError: The network's output is not that of a whole body, or of another size of input.
        ClipRejected: `unusable-points`: scores are no numbers or infinite.
    """
    # Cut-outs are made when their turn comes: those of all people of a batch of frames would fill the memory.
    together = network.batch
    parts = [slice(start, start + together) for start in range(0, len(boxes), together)]
    return np.concatenate([_find_batch(network, pictures[part], boxes[part]) for part in parts])


def _find_batch(network: Network, pictures: Sequence[NDArray[np.uint8]], boxes: Sequence[Box]) -> NDArray[np.float32]:
    regions = np.array([_region(box, network.size) for box in boxes])
    crops = [_crop(picture, region, network.size) for picture, region in zip(pictures, regions, strict=True)]
    outputs = network.run(crops)
    if len(outputs) < 2 or any(output.ndim != 3 or output.shape[1] != N_WHOLE_BODY for output in outputs[:2]):
        raise UsageError(
            f"{network.path}: gives {[output.shape[1:] for output in outputs]}, not columns and rows of {N_WHOLE_BODY} "
            "points; a whole-body network (RTMW, DWPose, RTMPose wholebody) is needed"
        )
    columns, rows = outputs[:2]
    _check_bins(network, columns.shape[-1], rows.shape[-1])
    if not (np.isfinite(columns).all() and np.isfinite(rows).all()):
        raise ClipRejected(
            "unusable-points",
            f"{network.path}: gives scores that are infinite or no numbers; take the network in full precision (fp32)",
        )
    return _decode(columns, rows, regions)


def _check_bins(network: Network, n_columns: int, n_rows: int) -> None:
    """Refuse bins that do not cut columns and rows of the input equally finely (`simcc_split_ratio` in mmpose)."""
    width, height = network.size
    split = n_columns / width
    # Half a bin on either side: where the split is no whole number, bins are rounded.
    if not 1 <= split <= _FINEST_SPLIT or abs(n_rows - split * height) > (1 + height / width) / 2:
        raise UsageError(
            f"{network.path}: gives scores for {n_columns} columns and {n_rows} rows, which do not fit its input of "
            f"{width}x{height}; export it again, or give wholebody.pose_input_size where it leaves that open"
        )


def confidence_of(score: NDArray[np.float32]) -> NDArray[np.float32]:
    """SimCC scores -> 0 to 1.

    A network is taught a Gaussian whose height is 1 (`SimCCLabel` in mmpose), so that 1 means as sure as it can be
    taught, and what it gives beyond is cut off; the order is kept up to there. It is a height and no probability:
    nobody has measured how often a point of 0.8 is right.
    """
    return np.clip(score, 0, 1)


def _region(box: Box, size: tuple[int, int]) -> NDArray[np.float64]:
    """Left, top, width, height of what is cut out: round the box, in the shape of the network's input."""
    middle, extent = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) * _PADDING
    shape = size[0] / size[1]
    width = max(extent[0], extent[1] * shape)
    extent = np.array([width, width / shape])
    return np.concatenate([middle - extent / 2, extent])


def _crop(picture: NDArray[np.uint8], region: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float32]:
    scale = size[0] / region[2]
    matrix = np.array([[scale, 0, -scale * region[0]], [0, scale, -scale * region[1]]])
    cut = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.LUT(cut, _SCALED), np.float32)


def _decode(
    columns: NDArray[np.float32], rows: NDArray[np.float32], regions: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Best column and row of each point; as sure as the less sure of the two (`get_simcc_maximum` in mmpose)."""
    best = np.stack([columns.argmax(axis=-1), rows.argmax(axis=-1)], axis=-1)
    share = best / [columns.shape[-1], rows.shape[-1]]
    points = np.empty((*best.shape[:2], 3), np.float32)
    points[..., :2] = regions[:, None, :2] + share * regions[:, None, 2:]
    points[..., 2] = confidence_of(np.minimum(columns.max(axis=-1), rows.max(axis=-1)))
    return points
