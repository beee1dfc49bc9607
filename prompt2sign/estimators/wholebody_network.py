"""One ONNX network that takes pictures: loaded from a file of the user's, run in batches.

ONNX Runtime is used directly. `rtmlib`, the usual way to these networks, gives them one picture at a time, downloads
a file that is not there, gives blue first to networks that were taught red first (`bgr_to_rgb` in mmpose's
configurations), and brings a second OpenCV and the ONNX Runtime of the CPU over that of the GPU. The tests hold our
answers against its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingError, UsageError

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
_FATAL_ONLY = 4
_RGB = 3
#: Larger pictures, or more at once, no network for people takes; a file that says so is damaged or means harm.
_MOST_PIXELS, _MOST_AT_ONCE = 4096, 1024
#: NumPy's kinds of outputs: floats and whole numbers.
_NUMBERS = "fiu"


class Network:
    """A network with one input of pictures.

    Args:
        path: ONNX file.
        device: `auto`, `cuda` (the first GPU this process sees) or `cpu`.
        batch: Pictures at once, at most.
        size: Width and height of the input where the file leaves them open.

    Attributes:
        size: Width and height of the input, pixels.
        provider: `cuda` or `cpu`, what it runs on.
        batch: Pictures at once.

    Raises:
        MissingError: A GPU was asked for, and ONNX Runtime has none to offer.
        UsageError: The file is no ONNX network, or not one that takes pictures.
    """

    def __init__(self, path: Path, device: str, batch: int, size: tuple[int, int]) -> None:
        self.path = path
        self._session = _load(path, device)
        self.provider = "cuda" if _CUDA in self._session.get_providers() else "cpu"
        shape = _input_shape(path, self._session.get_inputs())
        self.size = _input_size(path, shape, size)
        self._fixed_batch = isinstance(shape[0], int)
        self.batch = shape[0] if self._fixed_batch else batch

    def run(self, pictures: Sequence[NDArray[np.float32] | NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Its outputs for some pictures.

        Args:
            pictures: (H, W, 3) each, scaled as the network wants them; at least one.

        Returns:
            Each output with as many rows as there are pictures.

        Raises:
            UsageError: The network fails on a single picture.
        """
        rows: list[list[NDArray[np.float32]]] = []
        start = 0
        while start < len(pictures):
            part = pictures[start : start + self.batch]
            try:
                rows.append(self._run_batch(part))
            except Exception as error:
                # A network exported for one picture, or a GPU whose memory is full: fewer at a time.
                if self._fixed_batch or len(part) == 1:
                    raise UsageError(f"{self.path}: the network fails: {str(error).splitlines()[0]}") from error
                self.batch = len(part) // 2
                continue
            start += len(part)
        return [np.concatenate(parts) for parts in zip(*rows, strict=True)]

    def _run_batch(self, pictures: Sequence[NDArray[np.float32] | NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        n_rows = self.batch if self._fixed_batch else len(pictures)
        width, height = self.size
        planes = np.zeros((n_rows, _RGB, height, width), np.float32)
        for row, picture in enumerate(pictures):
            planes[row] = picture.transpose(2, 0, 1)
        outputs = self._session.run(None, {self._session.get_inputs()[0].name: planes})
        for output in outputs:
            if output.shape[:1] != (n_rows,) or output.dtype.kind not in _NUMBERS:
                raise ValueError(f"{n_rows} pictures gave {output.dtype} of shape {output.shape}")
        return [output[: len(pictures)] for output in outputs]


def _load(path: Path, device: str) -> Any:
    import onnxruntime

    if device != "cpu" and hasattr(onnxruntime, "preload_dlls"):
        # CUDA libraries that pip installed, with torch for one, lie where the loader would not look.
        onnxruntime.preload_dlls()
    offered = onnxruntime.get_available_providers()
    if device == "cuda" and _CUDA not in offered:
        raise _no_gpu("this ONNX Runtime is built for the CPU")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY
    # The build runs one process a core.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    wanted = [_CUDA, _CPU] if device != "cpu" and _CUDA in offered else [_CPU]
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=wanted)
    except OSError as error:
        raise MissingError(f"{path}: cannot be read: {error.strerror}") from error
    except Exception as error:
        message = str(error).splitlines()[0]
        raise UsageError(f"{path}: ONNX Runtime cannot load it ({message}); fetch or export the file again") from error
    if device == "cuda" and _CUDA not in session.get_providers():
        raise _no_gpu("it finds no GPU or no CUDA libraries")
    return session


def _no_gpu(why: str) -> MissingError:
    return MissingError(
        f"wholebody.device is cuda, but {why}: `pip uninstall onnxruntime`, then `pip install onnxruntime-gpu`, or say "
        "device: cpu"
    )


def _input_shape(path: Path, inputs: Sequence[Any]) -> list[Any]:
    """(batch, 3, height, width), each a number or something else where the file leaves it open."""
    shape = list(inputs[0].shape) if len(inputs) == 1 else []
    if len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != _RGB):
        takes = ", ".join(f"{one.name} {list(one.shape)}" for one in inputs) or "nothing"
        raise UsageError(f"{path}: takes {takes}, not one input of pictures (batch, 3, height, width)")
    if isinstance(shape[0], int) and not 1 <= shape[0] <= _MOST_AT_ONCE:
        raise UsageError(f"{path}: takes {shape[0]} pictures at once, not 1 to {_MOST_AT_ONCE}; export it again")
    return shape


def _input_size(path: Path, shape: Sequence[Any], default: tuple[int, int]) -> tuple[int, int]:
    height, width = shape[2], shape[3]
    size = (width if isinstance(width, int) else default[0]), (height if isinstance(height, int) else default[1])
    if not all(1 <= side <= _MOST_PIXELS for side in size):
        raise UsageError(
            f"{path}: takes pictures of {size[0]}x{size[1]}, not 1 to {_MOST_PIXELS} pixels a side; export it again, "
            "or, where it leaves the size open, give another wholebody.pose_input_size or det_input_size"
        )
    return size
