"""Start a program that ends when whoever started it ends, however that was: `python tied.py PARENT PROGRAM ...`.

A worker that is killed cannot end the estimator it has started, which would go on filling a GPU; the kernel can (Linux,
`prctl(2)`). Elsewhere the program is started without that. This file is run by its path and imports nothing of ours, so
that it takes a few milliseconds.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, and become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the kernel was told
            sys.exit(1)
    try:
        os.execv(program[0], program)
    except OSError as error:
        print(f"{program[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(126)


if __name__ == "__main__":
    main()
