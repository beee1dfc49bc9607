"""How fast to go: a rate for all files together, and waits that end when everything is to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Seconds before the first new try; each next wait is twice as long, up to the last.
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 120.0
#: A server that asks for more patience than this is left alone until the next run.
LONGEST_ASKED_S = 900.0
#: Less than this a second, over so many seconds of waiting for it, is no download.
CRAWL_BYTES_A_SECOND, CRAWL_S = 500, 300.0


class Stopped(Exception):
    """Everything is to end: Ctrl-C, or a disk that is full."""


class Crawl:
    """Tells when a server gives so little that its file would never end, without ever being silent."""

    def __init__(self) -> None:
        self._waited_s = 0.0
        self._n_bytes = 0

    def timed(self, read: Callable[[], bytes]) -> bytes:
        """Read, and count how long that takes; what this machine does with the bytes does not count."""
        start_s = time.monotonic()
        data = read()
        self._waited_s += time.monotonic() - start_s
        self._n_bytes += len(data)
        return data

    @property
    def hopeless(self) -> bool:
        """Whether too little came in the last minutes; then they begin anew."""
        if self._waited_s < CRAWL_S:
            return False
        crawls = self._n_bytes < CRAWL_BYTES_A_SECOND * self._waited_s
        self._waited_s, self._n_bytes = 0.0, 0
        return crawls


class Pace:
    """Shared by all threads that fetch.

    Args:
        megabytes_a_second: For all of them together; None for as fast as it goes.
    """

    def __init__(self, megabytes_a_second: float | None = None) -> None:
        self._bytes_a_second = megabytes_a_second * 1e6 if megabytes_a_second else None
        self._lock = threading.Lock()
        self._paid_until_s = 0.0
        self._stop = threading.Event()

    @property
    def block(self) -> int:
        """Bytes to read at once: a tenth of a second's at most, so that a slow pace is an even one."""
        return 1 << 20 if self._bytes_a_second is None else min(max(int(self._bytes_a_second / 10), 1024), 1 << 20)

    def take(self, n_bytes: int) -> None:
        """Wait until so many bytes may have come.

        Raises:
            Stopped: Everything is to end.
        """
        wait_s = 0.0
        if self._bytes_a_second is not None:
            with self._lock:
                now_s = time.monotonic()
                self._paid_until_s = max(self._paid_until_s, now_s) + n_bytes / self._bytes_a_second
                wait_s = self._paid_until_s - now_s
        self.wait(wait_s)

    def wait(self, seconds: float) -> None:
        """Wait.

        Raises:
            Stopped: Everything is to end.
        """
        if self._stop.wait(seconds) if seconds > 0 else self._stop.is_set():
            raise Stopped

    @property
    def stopped(self) -> bool:
        """Everything is to end."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Let everything end that waits or takes."""
        self._stop.set()


def backoff_s(n_failed: int) -> float:
    """Seconds to wait after so many failures in a row, at least 1: always the same, so that runs can be compared."""
    return min(FIRST_WAIT_S * 2.0 ** min(n_failed - 1, 30), LONGEST_WAIT_S)
