"""`.skels` text: one clip a line, 150 joint values and a counter for every frame (`schemas/skels.md`).

Two conventions go by this name and look alike; they differ in scale, origin and counter, so every function here asks
for one by name. Values stay in the convention's own unit; `skels_convert` turns them into another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, UsageError
from ..skeleton import SKELETON
from .atomic import atomic_path
from .decimals import DECIMALS, TOO_LARGE, parse_decimals, print_decimals

VALUES = SKELETON.count * 3
#: A frame is its joint values and the counter.
TOKENS = VALUES + 1
#: Both conventions stay within a few units; up to here float32 still tells all five decimals apart.
LIMIT = TOO_LARGE / 10**DECIMALS
#: 20,000 frames or more; a longer line is no clip but a file of another kind.
MAX_LINE_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Convention:
    """What a `.skels` file leaves unsaid.

    Attributes:
        name: As `--convention` takes it.
        first: Counter of the first frame is `first / T`: 0 counts from 0, 1 ends at 1.0.
        counter_decimals: Digits of the counter.
        divisor: What the values were divided by before they were printed.
        filler: The number printed in place of NaN and zero, None where there is no such habit.
        fps: Frames per second of the data published in it.
    """

    name: str
    first: int
    counter_decimals: int
    divisor: float
    filler: float | None
    fps: float

    def counter(self, n_frames: int) -> NDArray[np.int64]:
        """(T,) the counter column in units of the fifth digit, rounded as Python prints `frame / n_frames`."""
        unit = 10**self.counter_decimals
        counts = np.arange(self.first, n_frames + self.first)
        numbers, rest = np.divmod(counts * unit, n_frames)
        numbers += 2 * rest > n_frames
        # Halfway, Python looks at the binary fraction, which lies on either side of the decimal one.
        for tie in np.flatnonzero(2 * rest == n_frames):
            numbers[tie] = round(round(int(counts[tie]) / n_frames, self.counter_decimals) * unit)
        return np.asarray(numbers * 10 ** (DECIMALS - self.counter_decimals))


CONVENTIONS = {
    convention.name: convention
    for convention in (
        # PHOENIX-2014T as Progressive Transformers published it: shoulder widths / 3, neck at the origin.
        Convention("progressive", first=0, counter_decimals=4, divisor=3.0, filler=None, fps=25.0),
        # The Prompt2Sign tool, step txt->skels: standardised over the clip, / 9, not centred.
        Convention("prompt2sign", first=1, counter_decimals=5, divisor=9.0, filler=0.016, fps=24.0),
    )
}


def get_convention(name: str) -> Convention:
    """The convention called `name`.

    Raises:
        UsageError: There is none.
    """
    if name not in CONVENTIONS:
        raise UsageError(f"no skels convention {name!r}; choose one of {', '.join(CONVENTIONS)}")
    return CONVENTIONS[name]


def read_skels(path: Path, convention: str) -> Iterator[NDArray[np.float32]]:
    """Stream the clips of a `.skels` file, one line in memory at a time.

    Args:
        path: The file.
        convention: `progressive` or `prompt2sign`; a file of the other one is refused by its counter.

    Yields:
        (T, 50, 3) float32 in the convention's own unit; exact to the fifth decimal.

    Raises:
        FormatError: A line is no clip of this convention; the message names file, line and what is wrong.
    """
    rule = get_convention(convention)
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES):
            number += 1
            try:
                yield _parse(line, rule)
            except ValueError as error:
                raise FormatError(f"{path}, line {number}: {error}") from error


def _parse(line: bytes, convention: Convention) -> NDArray[np.float32]:
    if len(line) == MAX_LINE_BYTES:
        raise ValueError(f"the line is longer than {MAX_LINE_BYTES} bytes; is this a .skels file?")
    numbers = parse_decimals(line, TOKENS, convention.counter_decimals)
    if numbers is None:
        frames = _parse_tokens(line)
        _check_counter(frames[:, VALUES], convention)
        return frames[:, :VALUES].reshape(-1, SKELETON.count, 3).astype(np.float32)
    _check_counter(numbers[:, VALUES].astype(np.float64) / 10**DECIMALS, convention)
    # Both are whole numbers that float32 holds, so the quotient is the float32 nearest to the decimal.
    return (numbers[:, :VALUES] / np.float32(10**DECIMALS)).reshape(-1, SKELETON.count, 3)


def _parse_tokens(line: bytes) -> NDArray[np.float64]:
    """(T, 151) numbers of a line that another tool may have printed in its own way, or that is no clip."""
    tokens = line.split()
    if not tokens or len(tokens) % TOKENS:
        raise ValueError(
            f"{len(tokens)} numbers are not a whole number of frames of {TOKENS} (50 joints x 3 and a counter); "
            "the line is empty, cut off or of another layout"
        )
    if b"_" in line:  # Python would read 1_0 as 10
        raise ValueError("an underscore is no part of a number")
    frames = np.array(tokens, dtype=np.float64).reshape(-1, TOKENS)
    # As float32, in which they are kept: 99.999999 would come back as 100.
    with np.errstate(over="ignore"):
        within = np.abs(frames.astype(np.float32)) < LIMIT
    if not np.all(within):
        raise ValueError(f"a value is not finite or not within {LIMIT:g}; skels hold standardised coordinates")
    return frames


def _check_counter(counter: NDArray[np.float64], convention: Convention) -> None:
    n_frames = len(counter)
    if _follows(counter, convention):
        return
    others = [other.name for other in CONVENTIONS.values() if _follows(counter, other)]
    hint = f"; it is that of --convention {others[0]}" if others else ""
    raise ValueError(
        f"the counter runs from {counter[0]:g} to {counter[-1]:g} over {n_frames} frames, convention "
        f"{convention.name} counts from {convention.first / n_frames:.5f} in steps of 1/{n_frames}{hint}"
    )


def _follows(counter: NDArray[np.float64], convention: Convention) -> bool:
    # Half a unit of the last digit: whichever way a writer rounds a tie.
    tolerance = 0.5 * 10.0**-convention.counter_decimals + 1e-9
    exact = (np.arange(len(counter)) + convention.first) / len(counter)
    return bool(np.all(np.abs(counter - exact) <= tolerance))


def write_skels(path: Path, motions: Iterable[NDArray[np.float32]], convention: str) -> int:
    """Write clips as `.skels`; the file appears only when it is whole.

    Args:
        path: The file.
        motions: (T, 50, 3) each, in the convention's own unit.
        convention: `progressive` or `prompt2sign`.

    Returns:
        Number of clips.

    Raises:
        ValueError: A motion has no frames, or a value is not finite or not within 100.
    """
    rule = get_convention(convention)
    n_clips = 0
    with atomic_path(path) as partial, partial.open("wb") as file:
        for xyz in motions:
            file.write(format_clip(xyz, rule))
            n_clips += 1
    return n_clips


def format_clip(xyz: NDArray[np.float32], convention: Convention) -> bytes:
    """One line of `.skels`.

    Args:
        xyz: (T, 50, 3) in the convention's own unit.
        convention: Decides the counter.

    Returns:
        151 * T numbers, a space between them, a newline at the end. Zero is `0.00000`, never `-0.00000`.

    Raises:
        ValueError: No frames, or a value is not finite or not within 100.
    """
    numbers = np.rint(xyz.astype(np.float64) * 10**DECIMALS)
    fits = len(xyz) > 0 and xyz.shape[1:] == (SKELETON.count, 3)
    if not (fits and np.all(np.abs(numbers) < TOO_LARGE)):
        raise ValueError(
            f"motion of shape {xyz.shape} is not (T > 0, {SKELETON.count}, 3), or holds values that are not finite "
            f"or not within {LIMIT:g}"
        )
    table = np.empty((len(xyz), TOKENS), np.int32)
    table[:, :VALUES] = numbers.reshape(-1, VALUES)
    table[:, VALUES] = convention.counter(len(xyz))
    return print_decimals(table, convention.counter_decimals)


def read_lines(path: Path) -> Iterator[str]:
    """Stream the lines of a parallel text file (`.text`, `.gloss`, `.files`, `.prompt`), without their ends.

    Only a line feed ends a line: a sentence may hold any other separator Unicode knows.

    Raises:
        FormatError: The file is not UTF-8.
    """
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        try:
            for line in file:
                yield line.rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise FormatError(f"{path}: not UTF-8 text ({error}); save it as UTF-8") from error


def one_line(text: str) -> str:
    """`text` as a line of a parallel file."""
    return re.sub(r"[\r\n]+", " ", text)
