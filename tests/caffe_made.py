"""Small Caffe networks whose answers are known, written byte by byte: nothing that reads Caffe's files makes them.

The body's network tells points by how blue a pixel is (`blue_of`), and gives each field one direction everywhere; that
of a hand or face sees all its points where the picture is brightest.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prompt2sign.estimators.part_affinity import FIRST_FIELD, LIMBS, N_MAPS, N_PARTS, STRIDE

#: Steps of blue between the points.
_STEP = 10


def blue_of(part: int) -> int:
    """How blue the pixels of a point are; all else is 255."""
    return _STEP * part


@dataclass(frozen=True)
class Layer:
    """A convolution of pixels one by one."""

    name: str
    below: str
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: int = 1
    relu: bool = False


def body_network(folder: Path, posture: NDArray[np.float64]) -> None:
    """BODY_25 for people of one posture.

    Args:
        folder: Folder of models; the files get OpenPose's own names.
        posture: (25, 2) where the points of such a person are, from anywhere.
    """
    codes = np.array([blue_of(part) / 256 - 0.5 for part in range(N_PARTS)])
    slope = 256 / _STEP
    apart = np.zeros((2 * N_PARTS, 3))
    apart[:N_PARTS, 0], apart[N_PARTS:, 0] = slope, -slope
    heat = -np.concatenate([np.eye(N_PARTS), np.eye(N_PARTS)], axis=1)
    background = np.zeros((1, 2 * N_PARTS))
    fields = np.zeros(N_MAPS - FIRST_FIELD)
    for start, end, channel in LIMBS:
        direction = posture[end] - posture[start]
        fields[channel - FIRST_FIELD : channel - FIRST_FIELD + 2] = direction / np.linalg.norm(direction)
    layers = [
        Layer("apart", "data", apart, np.concatenate([-slope * codes, slope * codes]), stride=STRIDE, relu=True),
        Layer("heat", "apart", np.concatenate([heat, background]), np.append(np.ones(N_PARTS), 0), relu=True),
        Layer("fields", "apart", np.zeros((len(fields), 2 * N_PARTS)), fields),
    ]
    _write(folder / "pose/body_25", "pose_iter_584000", layers, ["heat", "fields"])


def bright_network(folder: Path, name: str, n_points: int) -> None:
    """A hand's or face's network: every point where it is brightest, as high as it is bright."""
    weights = np.zeros((n_points + 1, 3))
    weights[:n_points] = 1 / 3
    bias = np.append(np.full(n_points, 0.5), 0)
    _write(folder, name, [Layer("net_output", "data", weights, bias, stride=STRIDE)], [])


def _write(folder: Path, name: str, layers: list[Layer], together: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = ['input: "data"', *(f"input_dim: {side}" for side in (1, 3, 64, 64)), *map(_in_words, layers)]
    if together:
        bottoms = " ".join(f'bottom: "{below}"' for below in together)
        text.append(f'layer {{ name: "net_output" type: "Concat" {bottoms} top: "net_output" }}')
    (folder / "pose_deploy.prototxt").write_text("\n".join(text) + "\n")
    (folder / f"{name}.caffemodel").write_bytes(b"".join(_field(100, _layer(layer)) for layer in layers))


def _in_words(layer: Layer) -> str:
    shape = f"num_output: {len(layer.weights)} kernel_size: 1 stride: {layer.stride}"
    lines = (
        f'layer {{ name: "{layer.name}" type: "Convolution" bottom: "{layer.below}" top: "{layer.name}" '
        f"convolution_param {{ {shape} }} }}"
    )
    if layer.relu:
        lines += f'\nlayer {{ name: "{layer.name}_relu" type: "ReLU" bottom: "{layer.name}" top: "{layer.name}" }}'
    return lines


def _layer(layer: Layer) -> bytes:
    """LayerParameter of caffe.proto: name 1, type 2, bottom 3, top 4, blobs 7."""
    names = ((1, layer.name), (2, "Convolution"), (3, layer.below), (4, layer.name))
    texts = b"".join(_field(number, text.encode()) for number, text in names)
    blobs = _field(7, _blob(layer.weights[:, :, None, None])) + _field(7, _blob(layer.bias))
    return texts + blobs


def _blob(values: NDArray[np.float64]) -> bytes:
    """BlobProto: data 5, shape 7, both packed."""
    shape = _field(1, b"".join(map(_varint, values.shape)))
    return _field(5, values.astype("<f4").tobytes()) + _field(7, shape)


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes in Protocol Buffers' wire format."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    digits = []
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return struct.pack(f"{len(digits) + 1}B", *digits, value)
