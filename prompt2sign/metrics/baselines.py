"""What a model has to beat: a body that never moves, and the training clip whose text is nearest to what is asked."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, diags_array

from ..errors import UsageError
from ..skeleton import SKELETON
from .checked import checked_motion

Array = NDArray[np.float64]
#: Queries whose likeness to all training texts is in memory together.
_BLOCK = 64
#: Characters of an n-gram; three code points of 21 bits fit an integer of 64. Single ones would tell little and cost
#: most, since nearly every text has them.
_ORDERS = (2, 3)
_CODE_BITS = 21


class Neighbours(NamedTuple):
    """For each text asked for, the nearest one of training.

    Attributes:
        positions: (Q,) its position in the training texts.
        likeness: (Q,) from 0, nothing in common, to 1, the same n-grams.
    """

    positions: NDArray[np.intp]
    likeness: Array


def mean_pose(motions: Iterable[ArrayLike]) -> NDArray[np.float32]:
    """The mean over all frames of training motions, (50, 3); each motion is held only while it is added.

    Raises:
        UsageError: There is no motion, or a shape is wrong.
        ClipRejected: One holds no frame, or a number that is not finite.
    """
    total, n_frames = np.zeros((SKELETON.count, 3)), 0
    for motion in motions:
        frames = checked_motion(motion, "training motion")
        total, n_frames = total + frames.sum(axis=0), n_frames + len(frames)
    if not n_frames:
        raise UsageError("there is no training motion to take a mean of")
    return (total / n_frames).astype(np.float32)


def held_still(pose: NDArray[np.float32], n_frames: int) -> NDArray[np.float32]:
    """A pose (50, 3) held for so many frames, (T, 50, 3); of the mean pose, the baseline *mean pose held still*.

    Raises:
        UsageError: There would be no frame.
    """
    if n_frames < 1:
        raise UsageError(f"a pose cannot be held for {n_frames} frames")
    return np.repeat(pose[None], n_frames, axis=0)


def nearest_neighbours(
    training: Sequence[str], texts: Sequence[str], never: Sequence[int | None] | None = None
) -> Neighbours:
    """The nearest training text to each of some texts: the baseline *nearest neighbour in text*.

    Likeness is the cosine of TF-IDF vectors over n-grams of two and three characters, word ends included, case ignored
    (so it holds for languages that write no blanks or build long words); weights as in Salton and Buckley 1988, with
    log(1 + count) and a smoothed log((1 + N) / (1 + n)) + 1. Of equally near texts the first is taken.

    Args:
        training: N texts, of the language asked for.
        texts: Q texts.
        never: For each of them a position in `training` that is not to be found, such as its own; or None.

    Raises:
        UsageError: There is no training text, or none beside the one not to be found.
    """
    barred = [None] * len(texts) if never is None else list(never)
    if not training or (len(training) == 1 and 0 in barred):
        raise UsageError("there is no training text to look for a neighbour in, or only the text itself")
    vectors, asked = _vectors(training, texts)
    columns = vectors.T.tocsr()
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(texts), _BLOCK)]
    found = [_nearest(asked[block], columns, barred[block]) for block in blocks]
    positions = np.concatenate([np.zeros(0, np.intp), *(part.positions for part in found)])
    return Neighbours(positions, np.concatenate([np.zeros(0), *(part.likeness for part in found)]))


def _nearest(asked: csr_array, columns: csr_array, barred: Sequence[int | None]) -> Neighbours:
    # Rounded, because the sums of equally near texts may run in another order.
    likeness = np.round((asked @ columns).toarray(), 9)
    for query, position in enumerate(barred):
        if position is not None:
            likeness[query, position] = -1.0
    best = np.argmax(likeness, axis=1)
    return Neighbours(best, likeness[np.arange(len(best)), best])


def _vectors(training: Sequence[str], texts: Sequence[str]) -> tuple[csr_array, csr_array]:
    """(N, V) and (Q, V) sparse rows of length 1; n-grams that training never saw count for nothing."""
    keys, rows = _n_grams([*training, *texts])
    known = np.unique(keys[rows < len(training)])
    columns = np.minimum(np.searchsorted(known, keys), max(0, len(known) - 1))
    seen = known[columns] == keys if len(known) else np.zeros(len(keys), bool)
    shape = (len(training) + len(texts), max(1, len(known)))
    counts = csr_array((np.ones(int(seen.sum())), (rows[seen], columns[seen])), shape=shape)
    counts.sum_duplicates()
    n_texts = np.bincount(counts[: len(training)].indices, minlength=shape[1])
    counts.data = np.log1p(counts.data) * (np.log((1 + len(training)) / (1 + n_texts)) + 1)[counts.indices]
    lengths = np.sqrt(counts.multiply(counts).sum(axis=1))
    unit = csr_array(diags_array(1 / np.where(lengths > 0, lengths, 1.0)) @ counts)
    return unit[: len(training)], unit[len(training) :]


def _n_grams(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every n-gram of every text as one integer, and the text it is of."""
    padded = [f" {' '.join(parts)} " if parts else "" for parts in map(_folded, texts)]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)
    rows = np.repeat(np.arange(len(texts)), [len(text) for text in padded])
    keys, owners = [], []
    for order in _ORDERS:
        n_keys = max(0, len(codes) - order + 1)
        key = np.zeros(n_keys, np.int64)
        for place in range(order):
            key = (key << _CODE_BITS) | codes[place : place + n_keys]
        inside = rows[:n_keys] == rows[order - 1 :][:n_keys]
        keys.append(key[inside])
        owners.append(rows[:n_keys][inside])
    return np.concatenate(keys), np.concatenate(owners)


def _folded(text: str) -> list[str]:
    """Its words, case ignored."""
    return unicodedata.normalize("NFC", text).casefold().split()
