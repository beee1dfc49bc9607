"""Where people are in a picture, by a YOLOX network (Ge et al. 2021, "YOLOX: Exceeding YOLO Series in 2021")."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .wholebody_network import Network

#: Boxes below are no people; boxes that overlap more are one person. Both are YOLOX's own for its demonstrations.
MIN_SCORE, MAX_OVERLAP = 0.3, 0.45
#: Grey of what a picture leaves free of the square it is put into.
_GREY = 114
_PERSON = 0
#: An output of 5 columns is boxes that were sorted out already; a raw one holds box, objectness, and a score a class.
_SORTED_OUT, _FIRST_CLASS = 5, 5
_STRIDES = (8, 16, 32)

Box = NDArray[np.float64]


def find_people(network: Network, pictures: Sequence[NDArray[np.uint8]], most: int) -> list[list[Box]]:
    """Boxes of people.

    Args:
        network: YOLOX, with its non-maximum suppression in the graph (as MMDeploy exports it) or without.
        pictures: (H, W, 3) uint8 RGB.
        most: So many a picture at most.

    Returns:
        For each picture left, top, right, bottom in pixels, the largest first.

    Raises:
        UsageError: The network's output is not YOLOX's.
    """
    ratios = [_ratio(picture, network.size) for picture in pictures]
    outputs = network.run([_fitted(picture, network.size, r) for picture, r in zip(pictures, ratios, strict=True)])
    columns = outputs[0].shape[-1] if outputs and outputs[0].ndim == 3 else 0
    if columns < _SORTED_OUT:
        shapes = [output.shape for output in outputs]
        raise UsageError(f"{network.path}: gives {shapes}, not YOLOX's boxes; give its file as wholebody.det")
    people = []
    for row, ratio in enumerate(ratios):
        if columns == _SORTED_OUT:
            boxes = _sorted_out(outputs[0][row], outputs[1][row] if len(outputs) > 1 else None)
        else:
            boxes = _sort_out(network, outputs[0][row])
        people.append(_largest(boxes / ratio, most))
    return people


def _ratio(picture: NDArray[np.uint8], size: tuple[int, int]) -> float:
    return min(size[0] / picture.shape[1], size[1] / picture.shape[0])


def _fitted(picture: NDArray[np.uint8], size: tuple[int, int], ratio: float) -> NDArray[np.uint8]:
    """The picture in the upper left corner, as large as it fits, blue first as YOLOX is taught; 0 to 255."""
    width, height = max(1, int(picture.shape[1] * ratio)), max(1, int(picture.shape[0] * ratio))
    fitted = np.full((size[1], size[0], 3), _GREY, np.uint8)
    resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
    fitted[:height, :width] = cv2.cvtColor(resized, cv2.COLOR_RGB2BGR)
    return fitted


def _sorted_out(rows: NDArray[np.float32], labels: NDArray[np.float32] | None) -> NDArray[np.float64]:
    kept = rows[:, 4] > MIN_SCORE
    if labels is not None and labels.shape == kept.shape:
        kept &= labels == _PERSON
    return rows[kept, :4].astype(np.float64)


def _sort_out(network: Network, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Decode a raw output: centres and sizes are relative to the cells of three grids (Ge et al. 2021, section 2)."""
    cells = [_grid(network.size, stride) for stride in _STRIDES]
    places, strides = np.concatenate([c[0] for c in cells]), np.concatenate([c[1] for c in cells])[:, None]
    if len(places) != len(rows):
        raise UsageError(f"{network.path}: gives {len(rows)} boxes for an input of {network.size}, not YOLOX's")
    scores = rows[:, 4] * rows[:, _FIRST_CLASS + _PERSON]
    found = scores > MIN_SCORE
    centres = ((rows[:, :2] + places) * strides)[found].astype(np.float64)
    sizes = (np.exp(np.minimum(rows[:, 2:4], 20)) * strides)[found].astype(np.float64)
    corners = np.concatenate([centres - sizes / 2, sizes], axis=1)
    kept = cv2.dnn.NMSBoxes(corners.tolist(), scores[found].tolist(), MIN_SCORE, MAX_OVERLAP)
    chosen = np.asarray(kept, np.intp).reshape(-1)
    boxes: NDArray[np.float64] = np.concatenate([corners[:, :2], corners[:, :2] + sizes], axis=1)[chosen]
    return boxes


def _grid(size: tuple[int, int], stride: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    x, y = np.meshgrid(np.arange(size[0] // stride), np.arange(size[1] // stride))
    places = np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float32)
    return places, np.full(len(places), stride, np.float32)


def _largest(boxes: NDArray[np.float64], most: int) -> list[Box]:
    sizes = boxes[:, 2:] - boxes[:, :2]
    usable = boxes[np.isfinite(boxes).all(axis=1) & (sizes > 1).all(axis=1)]
    areas = np.prod(usable[:, 2:] - usable[:, :2], axis=1)
    return list(usable[np.argsort(-areas, kind="stable")[:most]])
