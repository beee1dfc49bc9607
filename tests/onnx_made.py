"""Small ONNX networks whose answers are known: points are where a picture is reddest, greenest or bluest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

onnx = pytest.importorskip("onnx", reason="the networks of these tests are made with the package onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

#: mmpose's scaling of pictures: what a full colour becomes in the network's input.
FULL = (255 - np.array([123.675, 116.28, 103.53])) / np.array([58.395, 57.12, 57.375])
N_POINTS = 133


def points_network(
    path: Path,
    size: tuple[int, int] = (96, 128),
    heights: NDArray[np.float64] | None = None,
    n_points: int = N_POINTS,
    batch: int | str = "batch",
    rows_lower: float = 0.0,
) -> Path:
    """A SimCC network: point k lies in the brightest column and row of channel k % 3.

    Args:
        path: File to write.
        size: Width and height of the input.
        heights: (n_points,) what a full colour gives as score; 0.9 for all by default.
        n_points: Points.
        batch: Number of pictures it takes, or a name for any.
        rows_lower: By how much the scores of rows are lower than those of columns.
    """
    channels = np.arange(n_points) % 3
    heights = np.full(n_points, 0.9) if heights is None else heights
    scale = (heights / FULL[channels]).astype(np.float32).reshape(1, n_points, 1, 1)
    constants = {
        "channels": channels.astype(np.int64),
        "scale": scale,
        "columns_less": np.array([0.0, -0.4], np.float32).reshape(1, 1, 1, 2),
        "rows_less": np.array([0.0, -0.4], np.float32).reshape(1, 1, 1, 2) - np.float32(rows_lower),
        "columns": np.array([0, n_points, 2 * size[0]], np.int64),
        "rows": np.array([0, n_points, 2 * size[1]], np.int64),
        "last": np.array([3], np.int64),
        "axis_rows": np.array([2], np.int64),
        "axis_columns": np.array([3], np.int64),
    }
    nodes = []
    for name, axis in (("columns", "axis_rows"), ("rows", "axis_columns")):
        nodes += [
            helper.make_node("ReduceMax", ["input", axis], [f"{name}_max"], keepdims=0),
            helper.make_node("Gather", [f"{name}_max", "channels"], [f"{name}_points"], axis=1),
            helper.make_node("Unsqueeze", [f"{name}_points", "last"], [f"{name}_wide"]),
            helper.make_node("Mul", [f"{name}_wide", "scale"], [f"{name}_scaled"]),
            # Every second bin lies between two pixels and is lower.
            helper.make_node("Add", [f"{name}_scaled", f"{name}_less"], [f"{name}_two"]),
            helper.make_node("Reshape", [f"{name}_two", name], [f"simcc_{name}"]),
        ]
    outputs = {"simcc_columns": [batch, n_points, 2 * size[0]], "simcc_rows": [batch, n_points, 2 * size[1]]}
    return _save(path, nodes, constants, [batch, 3, size[1], size[0]], outputs)


def boxes_network(path: Path, boxes: list[list[float]], labels: list[int] | None = None, size: int = 64) -> Path:
    """A detector with its non-maximum suppression inside: gives the same boxes (x1, y1, x2, y2, score) every time."""
    constants = {
        "boxes": np.array(boxes, np.float32).reshape(1, -1, 5),
        "labels_1": np.array(labels or [0] * len(boxes), np.float32).reshape(1, -1),
        "nothing": np.zeros(1, np.float32),
        "to_boxes": np.array([-1, 1, 1], np.int64),
        "to_labels": np.array([-1, 1], np.int64),
        "axes": np.array([1, 2, 3], np.int64),
    }
    nodes = [
        helper.make_node("ReduceMax", ["input", "axes"], ["most"], keepdims=1),
        helper.make_node("Mul", ["most", "nothing"], ["none"]),
        helper.make_node("Reshape", ["none", "to_boxes"], ["none_boxes"]),
        helper.make_node("Add", ["none_boxes", "boxes"], ["dets"]),
        helper.make_node("Reshape", ["none", "to_labels"], ["none_labels"]),
        helper.make_node("Add", ["none_labels", "labels_1"], ["labels"]),
    ]
    outputs = {"dets": ["batch", len(boxes), 5], "labels": ["batch", len(boxes)]}
    return _save(path, nodes, constants, ["batch", 3, size, size], outputs)


def blue_network(path: Path, box: list[float], size: int = 64) -> Path:
    """A detector that gives one box, whose score is how much there is of the first colour it is given (blue)."""
    constants = {
        "box": np.array([*box, 0], np.float32).reshape(1, 1, 5),
        "to_score": (np.array([0, 0, 0, 0, 1], np.float32) / 255).reshape(1, 1, 5),
        "first": np.array([0], np.int64),
        "axes": np.array([1, 2, 3], np.int64),
        "shape": np.array([-1, 1, 1], np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["input", "first"], ["blue"], axis=1),
        helper.make_node("ReduceMax", ["blue", "axes"], ["most"], keepdims=1),
        helper.make_node("Reshape", ["most", "shape"], ["amount"]),
        helper.make_node("Mul", ["amount", "to_score"], ["score"]),
        helper.make_node("Add", ["score", "box"], ["dets"]),
    ]
    return _save(path, nodes, constants, ["batch", 3, size, size], {"dets": ["batch", 1, 5]})


def raw_network(path: Path, rows: NDArray[np.float32], size: int = 64) -> Path:
    """A detector without suppression: gives these rows (box, objectness, a score a class) every time."""
    constants = {
        "rows": rows[None].astype(np.float32),
        "nothing": np.zeros(1, np.float32),
        "shape": np.array([-1, 1, 1], np.int64),
        "axes": np.array([1, 2, 3], np.int64),
    }
    nodes = [
        helper.make_node("ReduceMax", ["input", "axes"], ["most"], keepdims=1),
        helper.make_node("Mul", ["most", "nothing"], ["none"]),
        helper.make_node("Reshape", ["none", "shape"], ["none_rows"]),
        helper.make_node("Add", ["none_rows", "rows"], ["output"]),
    ]
    return _save(path, nodes, constants, ["batch", 3, size, size], {"output": ["batch", *rows.shape]})


def random_points_network(path: Path, size: tuple[int, int], seed: int = 0, batch: int | str = "batch") -> Path:
    """A randomly initialised network of the right shapes: a convolution and two linear layers."""
    rng, (width, height), n_channels = np.random.default_rng(seed), size, 8
    n_features = (width // 16) * (height // 16)
    constants = {
        "kernel": rng.normal(0, 0.05, (n_channels, 3, 16, 16)).astype(np.float32),
        "mix": rng.normal(0, 0.5, (N_POINTS, n_channels, 1, 1)).astype(np.float32),
        "to_flat": np.array([0, N_POINTS, -1], np.int64),
        "to_columns": rng.normal(0, 0.2, (n_features, 2 * width)).astype(np.float32),
        "to_rows": rng.normal(0, 0.2, (n_features, 2 * height)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["input", "kernel"], ["seen"], strides=[16, 16]),
        helper.make_node("Relu", ["seen"], ["felt"]),
        helper.make_node("Conv", ["felt", "mix"], ["mixed"]),
        helper.make_node("Reshape", ["mixed", "to_flat"], ["flat"]),
        helper.make_node("MatMul", ["flat", "to_columns"], ["simcc_x"]),
        helper.make_node("MatMul", ["flat", "to_rows"], ["simcc_y"]),
    ]
    outputs = {"simcc_x": [batch, N_POINTS, 2 * width], "simcc_y": [batch, N_POINTS, 2 * height]}
    return _save(path, nodes, constants, [batch, 3, height, width], outputs)


def fixed_network(path: Path, outputs: list[NDArray[np.generic]], shapes: list[list[int | str]]) -> Path:
    """A network that gives the same outputs whatever it is shown; `shapes` are those of its inputs."""
    names = [f"output_{place}" for place in range(len(outputs))]
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values, name))
        for name, values in zip(names, outputs, strict=True)
    ]
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(f"input_{p}", TensorProto.FLOAT, shape) for p, shape in enumerate(shapes)],
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(values.dtype), None)
            for name, values in zip(names, outputs, strict=True)
        ],
    )
    return _write(path, graph)


def _save(path: Path, nodes, constants, input_shape, outputs) -> Path:
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    return _write(path, graph)


def _write(path: Path, graph) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path
