"""Threads that share work out so that no server gets more than its share of requests at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .pace import Pace, Stopped

#: How long to wait for threads at the end; a read that hangs is left behind, its thread ends with the process.
_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do.

    Attributes:
        host: Whom it asks; jobs of one host take turns. Empty for work on this machine.
        work: Does it, and gives what is to be done next.
    """

    host: str
    work: Callable[[], Iterable[Job]]


class Crew:
    """Does jobs in their order as far as hosts allow.

    Args:
        n_threads: Jobs done at the same time.
        per_host: Of these, of one host; of this machine's one.
        pace: Stopped when a job fails or the process is to end.
    """

    def __init__(self, n_threads: int, per_host: int, pace: Pace) -> None:
        self._n_threads, self._per_host, self._pace = n_threads, per_host, pace
        self._waiting: list[Job] = []
        self._busy: Counter[str] = Counter()
        self._errors: list[BaseException] = []
        self._n_serving = 0
        self._changed = threading.Condition()

    def run(self, jobs: Iterable[Job]) -> None:
        """Do them all.

        Raises:
            Exception: The first that a job raised; the others were stopped.
        """
        self._waiting.extend(jobs)
        self._n_serving = min(self._n_threads, len(self._waiting))
        threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(self._n_serving)]
        try:
            for thread in threads:
                thread.start()
            with self._changed:
                while self._n_serving and not self._errors:
                    self._changed.wait(0.2)
            if self._errors:
                raise self._errors[0]
        except BaseException:
            self._pace.stop()
            self._wait_for(threads)
            raise

    def _wait_for(self, threads: list[threading.Thread]) -> None:
        deadline_s = time.monotonic() + _PATIENCE_S
        with self._changed:
            self._changed.notify_all()
        for thread in threads:
            thread.join(max(deadline_s - time.monotonic(), 0))

    def _serve(self) -> None:
        """One thread: job after job until there is none left and none can come."""
        while job := self._next():
            more: Iterable[Job] = ()
            try:
                more = job.work()
            except Stopped:
                pass
            except BaseException as error:
                self._errors.append(error)
                self._pace.stop()
            with self._changed:
                self._busy[job.host] -= 1
                self._waiting[:0] = more
                self._changed.notify_all()
        with self._changed:
            self._n_serving -= 1
            self._changed.notify_all()

    def _next(self) -> Job | None:
        with self._changed:
            while not self._pace.stopped and (self._waiting or self._busy.total()):
                for job in self._waiting:
                    if self._busy[job.host] < (self._per_host if job.host else 1):
                        self._waiting.remove(job)
                        self._busy[job.host] += 1
                        return job
                self._changed.wait(0.2)
            return None
