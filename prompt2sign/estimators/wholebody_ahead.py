"""Work that is done ahead in a thread of its own, so that whoever waits for it never waits long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batches_ahead(items: Iterable[Item], batch: int) -> Iterator[list[Item]]:
    """The items in lists of `batch`, the last one shorter; the next list is made while the caller uses this one.

    Two lists are in memory at a time. An error of `items` comes up where its list would; a caller that stops early
    waits for no more than the list in the making.
    """
    iterator = iter(items)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(_take, iterator, batch)
        while batch_now := coming.result():
            coming = thread.submit(_take, iterator, batch)
            yield batch_now


def _take(iterator: Iterator[Item], batch: int) -> list[Item]:
    return list(islice(iterator, batch))
