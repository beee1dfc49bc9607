"""Networks of the right shapes and cost, randomly initialised: `python -m benchmarks.random_networks FOLDER`.

For speed alone, where weights are not at hand:

    prompt2sign pose --bench VIDEO --estimator wholebody \\
        --points-onnx FOLDER/points.onnx --people-onnx FOLDER/people.onnx

`points.onnx` costs about as much as DWPose-l at 288x384 (10 GFLOP a person), `people.onnx` as YOLOX-m at 640x640 (74
GFLOP); the latter always gives one box, most of the picture. Needs the package `onnx`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

N_POINTS = 133
#: Channels after each halving of the picture, and 3x3 convolutions at that size.
_POINTS_TRUNK = ((32, 1), (64, 3), (128, 6), (256, 7), (512, 6))
_PEOPLE_TRUNK = ((48, 2), (96, 4), (192, 6), (384, 6), (768, 3))


class Graph:
    """Nodes and weights, one after the other."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[NodeProto] = []
        self.weights: dict[str, NDArray[np.generic]] = {}
        self.flops = 0.0

    def constant(self, values: NDArray[np.generic]) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = values
        return name

    def random(self, *shape: int) -> str:
        spread = np.sqrt(2 / np.prod(shape[1:]))
        return self.constant(self.rng.normal(0, spread, shape).astype(np.float32))

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: object) -> str:
        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def trunk(self, size: tuple[int, int], stages: tuple[tuple[int, int], ...]) -> tuple[str, int]:
        """Convolutions; each stage halves the picture."""
        x, channels, (width, height) = "input", 3, size
        for out_channels, n_layers in stages:
            width, height = width // 2, height // 2
            for layer in range(n_layers):
                stride = 2 if layer == 0 else 1
                kernel = self.random(out_channels, channels, 3, 3)
                x = self.add("Relu", self.add("Conv", x, kernel, pads=[1] * 4, strides=[stride] * 2))
                self.flops += 2 * 9 * channels * out_channels * width * height
                channels = out_channels
        return x, channels

    def save(self, path: Path, size: tuple[int, int], outputs: dict[str, list[str | int]]) -> None:
        image = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, size[1], size[0]])
        infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
        weights = [numpy_helper.from_array(values, name) for name, values in self.weights.items()]
        graph = helper.make_graph(self.nodes, "random", [image], infos, weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        path.write_bytes(model.SerializeToString())
        print(f"{path}: {self.flops / 1e9:.0f} GFLOP, {path.stat().st_size / 1e6:.0f} MB")


def points(path: Path, size: tuple[int, int] = (288, 384)) -> None:
    """A trunk, 133 maps, and a linear layer to columns and rows."""
    graph = Graph(0)
    x, channels = graph.trunk(size, _POINTS_TRUNK)
    maps = graph.add("Conv", x, graph.random(N_POINTS, channels, 7, 7), pads=[3] * 4)
    n_cells = size[0] * size[1] // 32**2
    graph.flops += 2 * 49 * channels * N_POINTS * n_cells
    flat = graph.add("Reshape", maps, graph.constant(np.array([0, N_POINTS, n_cells], np.int64)))
    for name, side in (("simcc_x", size[0]), ("simcc_y", size[1])):
        graph.add("MatMul", flat, graph.random(n_cells, 2 * side), output=name)
    graph.save(path, size, {"simcc_x": ["batch", N_POINTS, 2 * size[0]], "simcc_y": ["batch", N_POINTS, 2 * size[1]]})


def people(path: Path, side: int = 640) -> None:
    """A trunk whose answer is thrown away: one box, a tenth off each edge."""
    graph = Graph(1)
    x, _ = graph.trunk((side, side), _PEOPLE_TRUNK)
    axes = graph.constant(np.array([1, 2, 3], np.int64))
    nothing = graph.add("Mul", graph.add("ReduceMax", x, axes, keepdims=1), graph.constant(np.zeros(1, np.float32)))
    one_row = graph.add("Reshape", nothing, graph.constant(np.array([-1, 1, 1], np.int64)))
    box = np.array([[[0.1 * side, 0.05 * side, 0.9 * side, 0.5 * side, 0.9]]], np.float32)
    graph.add("Add", one_row, graph.constant(box), output="dets")
    graph.save(path, (side, side), {"dets": ["batch", 1, 5]})


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    points(folder / "points.onnx")
    people(folder / "people.onnx")
