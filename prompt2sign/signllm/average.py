"""An exponential moving average of a network's weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """The average that is validated, and kept beside the weights.

    It starts at the weights; the decay of the n-th update is at most `(1 + n) / (10 + n)`, so that it soon forgets
    that start. What is no floating-point number is copied, and weights that stand still stay the same to the bit.

    Args:
        network: What is averaged.
        decay: Share of the old average in the new one, 0 up to 1.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network, self._decay = network, decay
        self._n_updates = 0
        self._average = _copy(network)

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the weights of now."""
        self._n_updates += 1
        weight = 1 - min(self._decay, (1 + self._n_updates) / (10 + self._n_updates))
        for name, value in self._network.state_dict().items():
            if value.is_floating_point():
                self._average[name].lerp_(value, weight)
            else:
                self._average[name].copy_(value)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside, the network has the averaged weights; afterwards its own again, to the bit."""
        own = _copy(self._network)
        self._network.load_state_dict(self._average)
        try:
            yield
        finally:
            self._network.load_state_dict(own)

    def state(self) -> dict[str, Tensor]:
        """The averaged weights by their names in the network, and `n_updates`."""
        return {**self._average, "n_updates": torch.tensor(self._n_updates)}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken.

        Raises:
            KeyError: A weight of the network is missing.
        """
        for name, mine in self._average.items():
            mine.copy_(state[name])
        self._n_updates = int(state["n_updates"])


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
