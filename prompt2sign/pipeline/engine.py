"""Where tasks run: in this process, or in worker processes, one of which may die at the cost of its own clip only.

A worker takes half a second to start, so there is one pool for all stages of a build, started by the first stage that
needs it. A stage that hands files from outside to native code (a video decoder, a pose estimator, a JSON parser) always
needs it, however small the work: whatever such a file does to the process, the build goes on. A stage that reads only
what an earlier one wrote needs it for long work alone (`Stage.workers`, `runner`).

joblib's loky gives the pool. Its executor is used directly rather than `joblib.Parallel`, because when a worker is
killed `Parallel` loses the whole call, while an executor still knows which tasks were in flight.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Any, Self

from ..records import Receipt
from .execute import Task, execute

#: Tasks handed out beyond those that run: keeps the workers fed, and bounds what a dying worker can take along.
_AHEAD = 1

#: How long a pool that is to end may take to pass on the tasks that it was given.
_HAND_OVER_SECONDS = 5.0


def run_here(tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
    """Run tasks one by one in this process and yield their receipts."""
    yield from map(execute, tasks)


class Workers:
    """Up to `n_jobs` worker processes, started when they are first needed; a context manager that ends them.

    Attributes:
        n_jobs: How many; 0 runs all tasks in this process.
    """

    def __init__(self, n_jobs: int) -> None:
        self.n_jobs = n_jobs
        self._executor: Any = None
        self._n_started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(self, tasks: Iterable[Task], n_jobs: int | None = None) -> Generator[Receipt, None, None]:
        """Run tasks and yield their receipts as they finish, in any order.

        Whoever stops early must close the iterator; tasks that run then end at once, with their processes.

        Args:
            tasks: What to do.
            n_jobs: How many processes at most; None for all.
        """
        if self.n_jobs == 0:
            yield from run_here(tasks)
            return
        n_jobs = min(self.n_jobs, n_jobs or self.n_jobs)
        waiting = iter(tasks)
        pool: dict[Future[Receipt], Task] = {}
        try:
            while True:
                for task in islice(waiting, n_jobs + _AHEAD - len(pool)):
                    pool[_submit(self._started(n_jobs), task)] = task
                if not pool:
                    break
                try:
                    for future in wait(pool, return_when=FIRST_COMPLETED).done:
                        receipt = future.result()
                        del pool[future]
                        yield receipt
                except BrokenProcessPool:
                    suspects, done = _sort_out(pool)
                    self._end()
                    yield from done
                    for task in suspects:
                        yield _alone(task)
                    pool = {}
        finally:
            if pool:
                _await_hand_over(pool)
                self._end()

    def _started(self, n_jobs: int) -> Any:
        """The processes; those of a stage that wanted another number of them end, and what they hold is free again."""
        if n_jobs != self._n_started:
            self._end()
        if self._executor is None:
            self._executor, self._n_started = _new_executor(n_jobs), n_jobs
        return self._executor

    def _end(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=False, kill_workers=True)
            self._executor = None


def _await_hand_over(futures: Iterable[Future[Receipt]]) -> None:
    """Wait until no task lies between here and the workers' queue, a matter of milliseconds.

    loky's thread that feeds the queue falls over, with a traceback, a task that it takes up after a shutdown.
    """
    deadline = time.monotonic() + _HAND_OVER_SECONDS
    while not all(future.running() or future.done() for future in futures) and time.monotonic() < deadline:
        time.sleep(0.001)


def _sort_out(pool: dict[Future[Receipt], Task]) -> tuple[list[Task], list[Receipt]]:
    """Which tasks a dead worker took along, and which had finished before."""
    finished = [future for future in pool if future.done() and future.exception() is None]
    suspects = [task for future, task in pool.items() if future not in finished]
    return suspects, [future.result() for future in finished]


def _alone(task: Task) -> Receipt:
    """Run a suspect in a process of its own; if that dies too, the clip is to blame."""
    executor = _new_executor(1)
    future = _submit(executor, task)
    try:
        return future.result()
    except BrokenProcessPool:
        message = (
            f"{task.clip.clip_id}: the process that ran {task.stage.name} on this clip was killed twice (a crash in "
            "the estimator, or not enough memory). Look at the video, or free memory and run with --jobs 1"
        )
        return Receipt(
            task.clip.clip_id,
            task.stage.name,
            "failed",
            task.fingerprint,
            reason="worker-died",
            message=message,
        )
    finally:
        _await_hand_over([future])
        executor.shutdown(wait=False, kill_workers=True)


def _new_executor(n_jobs: int) -> Any:
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.backend import resource_tracker

    # It unblocks Ctrl-C once it has started; started later, it would do so for the first workers (see `_submit`).
    resource_tracker.ensure_running()
    return ProcessPoolExecutor(max_workers=n_jobs, initializer=_start_worker, initargs=(os.getpid(),))


def _start_worker(parent: int) -> None:
    """Ctrl-C is the parent's; and a worker whose parent was killed ends, rather than write beside the next build's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _keep_grown_workers()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _keep_grown_workers() -> None:
    """Where psutil is installed, loky takes a worker that has loaded an estimator for one that leaks, and ends it."""
    from joblib.externals.loky import process_executor

    process_executor._USE_PSUTIL = False


def _submit(executor: Any, task: Task) -> Future[Receipt]:
    """Hand out a task; one that finds the workers dead, as after a kill between two stages, has failed with them."""
    future: Future[Receipt] = Future()
    try:
        with _ctrl_c_blocked():
            future = executor.submit(execute, task)
    except BrokenProcessPool as error:
        future.set_exception(error)
    return future


@contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """Ctrl-C is the parent's: processes started meanwhile inherit that it is blocked."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
