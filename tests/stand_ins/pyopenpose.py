"""A stand-in for pyopenpose: the names that the project uses, and the binding's ways to fail."""

import sys
import time

import numpy as np

from .common import control, log, misbehave, missing_model, number_in, parse, people_at

print("Starting OpenPose Python Wrapper...")  # the real one prints on standard output, too


class Datum:
    def __init__(self):
        self.cvInputData = self.poseKeypoints = self.faceKeypoints = self.handKeypoints = None


class VectorDatum(list):
    pass


class WrapperPython:
    configured = False

    def configure(self, params):
        assert not WrapperPython.configured, "gflags are the process's: one configuration"
        WrapperPython.configured = True
        self.flags = parse({name: self._text(value) for name, value in params.items()})

    @staticmethod
    def _text(value):
        return str(value).lower() if isinstance(value, bool) else str(value)

    def start(self):
        pass

    def emplaceAndPop(self, datums):
        if complaint := missing_model(self.flags):
            print(complaint, file=sys.stderr)
            return False
        (datum,) = datums
        assert datum.cvInputData.dtype == np.uint8 and datum.cvInputData.flags.c_contiguous
        number = number_in(datum.cvInputData)
        if control().get("tells_colour"):
            log({"colour": datum.cvInputData.mean(axis=(0, 1)).tolist(), "size": datum.cvInputData.shape[:2]})
        misbehave(number, self.flags)
        time.sleep(control().get("seconds", 0))
        people = people_at(number, self.flags)
        datum.poseKeypoints = people[:, :25].copy() if len(people) else None
        wants = {part: len(people) and self.flags[part] == "true" for part in ("face", "hand")}
        datum.faceKeypoints = people[:, 25:95].copy() if wants["face"] else None
        hands = (slice(95, 116), slice(116, 137))
        datum.handKeypoints = [people[:, hand].copy() if wants["hand"] else None for hand in hands]
        return True
