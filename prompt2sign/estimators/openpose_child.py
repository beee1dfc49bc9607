"""The process that pyopenpose lives in: pictures come in by standard input, people go out by standard output.

Started by its path (`openpose_binding`) and without anything of ours: a wrong option ends the process that pyopenpose
is in, a crash of CUDA as well, and its options are the process's. Arguments: folder of pyopenpose ("" where it can be
imported), options as JSON.

In: height and width (two uint32) and the picture, BGR; height 0 asks for the end of a clip.
Out, for each picture: number of people (int32) and as many times 137 x 3 float32; -1 for the end of a clip.
"""

import json
import os
import struct
import sys
from typing import IO, Any

import numpy as np

#: BODY_25, face, left hand, right hand, as in `prompt2sign.skeleton`.
_N_POINTS, _BODY, _FACE, _HANDS = 137, slice(0, 25), slice(25, 95), (slice(95, 116), slice(116, 137))
_SIZE, _COUNT = struct.Struct("<2I"), struct.Struct("<i")
_END_OF_CLIP = _COUNT.pack(-1)


def main() -> None:
    """Answer until standard input is closed."""
    folder, options = sys.argv[1], json.loads(sys.argv[2])
    # OpenPose prints on standard output, which is ours: let it print on standard error.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    binding = _load(folder)
    wrapper = binding.WrapperPython()
    wrapper.configure(options)
    wrapper.start()
    _answer(sys.stdin.buffer, answers, binding, wrapper)
    # Its threads need not be waited for, and do not always end.
    os._exit(0)


def _load(folder: str) -> Any:
    if folder:
        sys.path.insert(0, folder)
    try:
        from openpose import pyopenpose  # type: ignore[import-not-found]
    except ImportError as first:
        try:
            import pyopenpose  # type: ignore[import-not-found]
        except ImportError as second:
            raise (first if "openpose." in str(first) else second) from None
    return pyopenpose


def _answer(pictures: IO[bytes], answers: IO[bytes], binding: Any, wrapper: Any) -> None:
    while header := pictures.read(_SIZE.size):
        height, width = _SIZE.unpack(header)
        if height == 0:
            answers.write(_END_OF_CLIP)
        else:
            picture = np.frombuffer(pictures.read(height * width * 3), np.uint8).reshape(height, width, 3)
            people = _look(binding, wrapper, picture)
            answers.write(_COUNT.pack(len(people)) + people.tobytes())
        answers.flush()


def _look(binding: Any, wrapper: Any, picture: Any) -> Any:
    """(P, 137, 3) everybody in one picture.

    One picture at a time: `waitAndEmplace` would take several, but hands OpenPose a pointer to delete that belongs to
    Python (python/openpose/openpose_python.cpp of version 1.7).
    """
    datum = binding.Datum()
    datum.cvInputData = picture
    # Older versions return nothing; False means that OpenPose has fallen over, a missing network as a rule.
    if wrapper.emplaceAndPop(binding.VectorDatum([datum])) is False:
        print("pyopenpose gave no result (emplaceAndPop returned False)", file=sys.stderr, flush=True)
        os._exit(3)
    body = _points(datum.poseKeypoints)
    if body is None:
        return np.zeros((0, _N_POINTS, 3), np.float32)
    people = np.zeros((len(body), _N_POINTS, 3), np.float32)
    people[:, _BODY] = body
    hands = datum.handKeypoints or (None, None)
    for part, found in zip((_FACE, *_HANDS), (datum.faceKeypoints, *hands), strict=True):
        points = _points(found)
        if points is not None:
            people[:, part] = points
    return people


def _points(found: Any) -> Any:
    """None where nothing was found, which versions say in several ways."""
    points = None if found is None else np.asarray(found, np.float32)
    return points if points is not None and points.ndim == 3 and len(points) else None


if __name__ == "__main__":
    main()
