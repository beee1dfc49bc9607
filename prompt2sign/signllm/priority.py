"""The Priority Learning Channel: clips are drawn by how well they are learned already. NumPy only.

The paper gives P(i) = r(i)^eta / sum_j r(j)^eta with the reward r = -MSE, and "if the reward is less than 50%, skip the
batch" (Fang et al., arXiv 2405.10718, section 4.4, as reported by readers). r^eta is not defined for a negative number,
and nothing says what the 50 % are of, where eta lies, or when rewards are looked at anew. The choices here:

- The reward of a clip is (l_min + eps) / (l_i + eps), l_i a moving average of its losses: in (0, 1], 1 for the clip
  learned best, in the published order (the smaller the error, the greater the reward), whatever unit losses have.
- 50 % are of the mean reward, and clips are skipped one by one rather than in batches.
- A share of the draws (`floor`) goes through all clips in turn and is never skipped, so that no clip starves.
- As long as no loss is known, all draws are of that kind.

Positions are places in the training set, from 0, as `loaders.torch` counts them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import UsageError
from ..loaders.order import endless
from .options import PriorityOptions

#: Weight of the newest loss in the average. A clip is seen about once an epoch, and the model moves on meanwhile.
NEWEST = 0.5
#: eps as a share of the mean loss: a clip that is learned perfectly is then worth a hundred average ones, not infinity.
EPSILON = 0.01
_UNIFORM, _PRIORITISED = 201, 202


class PriorityChannel:
    """Rewards of the clips of a training set, and draws by them.

    Args:
        n_clips: Clips of the training set.
        options: Intensity, floor, refresh and direction.
    """

    def __init__(self, n_clips: int, options: PriorityOptions) -> None:
        self.options = options
        self._losses = np.full(n_clips, np.nan)
        self._looked_at = self._losses.copy()
        self._refreshed = -1

    def update(self, positions: ArrayLike, losses: ArrayLike) -> None:
        """Take note of the newest losses.

        Args:
            positions: (B,) int; a clip may stand twice.
            losses: (B,) errors, not negative.

        Raises:
            ValueError: A loss is not finite or negative: it has no reward. Nothing is noted then.
        """
        for position, loss in zip(np.asarray(positions).tolist(), _checked(losses).tolist(), strict=True):
            before = self._losses[position]
            self._losses[position] = loss if math.isnan(before) else before + NEWEST * (loss - before)

    def rewards(self) -> NDArray[np.float64]:
        """(n,) in (0, 1], as of the last refresh; a clip not seen yet has that of the mean loss."""
        known = self._looked_at[~np.isnan(self._looked_at)]
        if not known.size:
            return np.ones(len(self._looked_at))
        return self._reward(np.where(np.isnan(self._looked_at), known.mean(), self._looked_at))

    def probabilities(self) -> NDArray[np.float64]:
        """(n,) P(i), as of the last refresh: how prioritised draws fall."""
        powers = self.rewards() ** self.options.eta
        return np.asarray(powers / powers.sum())

    def draw(self, n: int, seed: int, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The clips of an epoch; looks at the rewards anew when it is time to.

        Uniform draws walk through one permutation of the clips after another, from epoch to epoch: where n is the
        number of clips, each is seen every 1 / `floor` epochs on average, and never waits for more than twice that.

        Args:
            n: Draws.
            seed: Of the run.
            epoch: Counts from 0; asking for the same one again gives the same draws.

        Returns:
            (n,) int64 positions, uniform draws first, and (n,) bool, which were drawn by their reward.
        """
        if self._refreshed < 0 or epoch // self.options.refresh_epochs > self._refreshed // self.options.refresh_epochs:
            self._looked_at, self._refreshed = self._losses.copy(), epoch
        blind = bool(np.isnan(self._looked_at).all())
        n_uniform = n if blind else math.ceil(self.options.floor * n)
        uniform = endless(len(self._losses), epoch * n_uniform, (epoch + 1) * n_uniform, [seed, _UNIFORM])
        random = np.random.default_rng([seed, _PRIORITISED, epoch])
        drawn = random.choice(len(self._losses), n - n_uniform, p=self.probabilities())
        return np.concatenate([uniform, drawn]), np.arange(n) >= n_uniform

    def keep(self, positions: ArrayLike, prioritised: ArrayLike, losses: ArrayLike) -> NDArray[np.bool_]:
        """The skip rule: which clips of a batch are learned from.

        Args:
            positions: (B,) int.
            prioritised: (B,) bool, from `draw`; uniform draws are never skipped.
            losses: (B,) errors of the clips just now.

        Returns:
            (B,) bool, False for a prioritised clip whose reward is below `skip_below` times the mean reward of all
            clips.

        Raises:
            ValueError: A loss is not finite or negative.
        """
        now, by_reward = _checked(losses), np.asarray(prioritised, np.bool_)
        if np.isnan(self._looked_at).all():
            return np.ones(len(now), np.bool_)
        return np.asarray(~by_reward | (self._reward(now) >= self.options.skip_below * self.rewards().mean()))

    def state(self) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
        """All there is to know, as arrays: losses, losses at the last refresh (NaN: not seen), and its epoch."""
        refreshed = np.array([self._refreshed], np.int64)
        return {"losses": self._losses.copy(), "looked_at": self._looked_at.copy(), "refreshed": refreshed}

    def load_state(self, state: Mapping[str, ArrayLike]) -> None:
        """The inverse of `state`.

        Raises:
            UsageError: It is of a training set of another size.
        """
        losses, looked_at = (np.array(state[name], np.float64) for name in ("losses", "looked_at"))
        if losses.shape != self._losses.shape or looked_at.shape != losses.shape:
            raise UsageError(
                f"the rewards of the checkpoint are of {losses.size} clips, the training set has {len(self._losses)}; "
                "resume with the same releases and options"
            )
        self._losses, self._looked_at = losses, looked_at
        self._refreshed = int(np.asarray(state["refreshed"]).item())

    def _reward(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of any losses, on the scale of the last refresh; `hard` turns it round: 1 for the clip learned worst."""
        known = self._looked_at[~np.isnan(self._looked_at)]
        # The smallest number keeps 0 / 0 away where all is learned perfectly.
        eps = max(EPSILON * float(known.mean()), float(np.finfo(np.float64).tiny))
        if self.options.direction == "easy":
            return np.asarray(np.minimum((float(known.min()) + eps) / (losses + eps), 1.0))
        return np.asarray(np.minimum((losses + eps) / (float(known.max()) + eps), 1.0))


def _checked(losses: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(losses, np.float64)
    if not np.all((values >= 0) & np.isfinite(values)):
        raise ValueError(f"losses must be finite and not negative to have a reward, these are {values.tolist()}")
    return values
