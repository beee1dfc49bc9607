"""What OpenPose's last words mean, and what the build makes of them."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import ClipRejected, MissingError, Prompt2SignError, RunError, UsageError

Kind = Literal["disk", "memory", "flag", "models", "gpu", "architecture", "import", "video", "stuck", "died", "output"]

#: In this order: an out-of-memory often ends in complaints about everything else. Caffe's and OpenPose's own words.
_SIGNS: tuple[tuple[Kind, str], ...] = (
    ("disk", r"No space left on device"),
    ("memory", r"out of memory|CUDNN_STATUS_ALLOC_FAILED"),
    (
        "flag",
        r"unknown command line flag '?(?P<what>[^'\s]+)|illegal value .* specified for .* flag '?(?P<value>[^'\s]+)",
    ),
    ("architecture", r"no kernel image is available|invalid device function"),
    ("gpu", r"no CUDA-capable device|driver version is insufficient|invalid device ordinal|No GPU (?:was )?found"),
    ("import", r"(?:ModuleNotFound|Import)Error: "),
    ("models", r"(?:prototxt|caffe(?:model)?[^\n]*) file not found|parse NetParameter file|gave no result"),
    ("video", r"video[^\n]*(?:could not|cannot|can't|not) (?:be )?open"),
)
#: Failures of one clip, which another try may pass.
_WORTH_A_RETRY = {"memory", "stuck", "died", "output"}
_N_LINES = 6


@dataclass
class OpenPoseFailed(Exception):
    """OpenPose ended, or was ended, before the clip did.

    Attributes:
        kind: What is known of the cause.
        words: The end of what it wrote on its standard error; for `output`, what is wrong with its files.
        status: Its exit status, negative for a signal; None where it was ended here.
    """

    kind: Kind
    words: str
    status: int | None

    @classmethod
    def of(cls, words: str, status: int | None) -> OpenPoseFailed:
        """Tell the cause from what it wrote and how it ended."""
        kinds = (kind for kind, sign in _SIGNS if re.search(sign, words, re.IGNORECASE))
        return cls(next(kinds, "died"), words, status)

    @property
    def worth_a_retry(self) -> bool:
        """May the same clip pass, if it is tried again alone?"""
        return self.kind in _WORTH_A_RETRY

    def as_error(self, path: Path, stall_s: float, net_resolution: str) -> Prompt2SignError:
        """What is said in the end: a rejected clip, or what every other clip would hit as well.

        Args:
            path: The clip.
            stall_s: The limit that it was stuck for.
            net_resolution: The last that was tried.
        """
        if self.kind == "memory":
            return ClipRejected(
                "gpu-out-of-memory",
                f"{path}: the GPU has not enough memory for OpenPose at net_resolution {net_resolution}. Set a "
                "smaller openpose.net_resolution, a smaller preset or openpose.face: false, or free the GPU",
            )
        if self.kind == "stuck":
            return ClipRejected(
                "estimator-stuck",
                f"{path}: OpenPose gave no frame for {stall_s:g} s, twice, and was ended. Look at the video and the "
                f"GPU (nvidia-smi), or raise openpose.stall_s{self._said()}",
            )
        if self.kind == "video":
            return ClipRejected("unreadable-video", f"{path}: OpenPose cannot read this video{self._said()}")
        if self.kind == "died":
            return ClipRejected(
                "estimator-died", f"{path}: OpenPose ended {self._how()}, twice, on this clip; look at it{self._said()}"
            )
        if self.kind == "output":
            return ClipRejected(
                "estimator-died",
                f"{path}: OpenPose left no frames that can be read, twice: {self.words}. Look at what openpose.bin is",
            )
        return self._for_all()

    def _for_all(self) -> Prompt2SignError:
        if self.kind == "disk":
            return RunError(
                f"no space left on the disk that OpenPose writes to (TMPDIR, openpose.keep_json){self._said()}"
            )
        if self.kind == "flag":
            found = re.search(dict(_SIGNS)["flag"], self.words, re.IGNORECASE)
            name = found.group("what") or found.group("value") if found else "an option"
            return UsageError(f"this OpenPose does not take {name}; take it out of the options{self._said()}")
        advice = {
            "architecture": "OpenPose was not built for this GPU; build it with its CUDA_ARCH_BIN (docs/openpose.md)",
            "gpu": "OpenPose sees no GPU it can use; look at nvidia-smi, the driver, and --gpus",
            "import": "this Python cannot load pyopenpose; build it for this one, or take openpose.door: binary",
            "models": "OpenPose cannot load its models, although their files are there; fetch or mount them again",
        }[self.kind]
        return MissingError(advice + self._said())

    def _how(self) -> str:
        if self.status is None:
            return "without a word"
        if self.status >= 0:
            return f"with exit status {self.status}"
        try:
            return f"by {signal.Signals(-self.status).name}"
        except ValueError:
            return f"by signal {-self.status}"

    def _said(self) -> str:
        """Its last lines, told as its own."""
        lines = [line.strip() for line in self.words.splitlines() if line.strip()][-_N_LINES:]
        return ". It said:\n" + "\n".join(f"  {line[:300]}" for line in lines) if lines else ""
