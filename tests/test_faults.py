"""A build under faults: killed, interrupted, without disk, with workers that die."""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from prompt2sign.errors import RunError
from prompt2sign.pipeline.engine import Workers
from prompt2sign.pipeline.execute import Task
from prompt2sign.pipeline.ledger import Ledger
from prompt2sign.pipeline.progress import Silent
from prompt2sign.pipeline.runner import run_stage
from prompt2sign.pipeline.stage import Job, Needs, Result
from prompt2sign.pipeline.work import WorkFolder
from prompt2sign.records import Clip, Receipt, Rejection
from prompt2sign.release.place import whole_folder

from .made import build_arguments, files_of, kill_tree, made_corpus, run, start


class NoOptions(BaseModel):
    """Nothing to choose."""


@dataclass(frozen=True)
class Trouble:
    """A stage that writes the clip's id, except for clips whose id asks for trouble."""

    folder_of_marks: str
    name: str = "trouble"
    version: int = 1
    folder: str = "out"
    suffix: str = ".txt"
    after: str = ""
    workers: Needs = "always"
    milliseconds_a_frame: float = 1.0

    @property
    def options(self) -> BaseModel:
        return NoOptions()

    def applies(self, clip: Clip) -> bool:
        return True

    def inputs(self, clip: Clip, state: str) -> list[Any]:
        return []

    def run(self, job: Job) -> Result:
        kind = job.clip.clip_id.split("-")[0]
        mark = Path(self.folder_of_marks) / job.clip.clip_id
        if kind == "crash" or (kind == "once" and not mark.exists()):
            mark.write_text("was here")
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "full":
            job.target.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")
        if kind == "bug":
            raise ZeroDivisionError("a bug")
        job.target.write_text(str(os.getpid()) if kind == "pid" else job.clip.clip_id)
        return Result({"n_frames": 1})


def tasks(folder: Path, names: list[str]) -> Iterator[Task]:
    for name in names:
        clip = Clip(name, "GSL", "made")
        yield Task(Trouble(str(folder)), clip, None, folder / "out" / f"{name}.txt", folder, "fingerprint")


def receipts_of(folder: Path, names: list[str], n_jobs: int = 2) -> dict[str, Receipt]:
    with Workers(n_jobs) as workers:
        return {receipt.clip_id: receipt for receipt in workers.run(tasks(folder, names))}


def test_a_worker_killed_by_its_clip_costs_that_clip_only(tmp_path: Path) -> None:
    names = ["a", "b", "crash-1", "c", "d", "e", "crash-2", "f"]
    receipts = receipts_of(tmp_path, names)
    assert {name for name, receipt in receipts.items() if receipt.status == "done"} == set(names) - {
        "crash-1",
        "crash-2",
    }
    assert receipts["crash-1"].reason == receipts["crash-2"].reason == "worker-died"
    assert (tmp_path / "out" / "f.txt").read_text() == "f"


def test_a_worker_killed_from_outside_costs_nothing(tmp_path: Path) -> None:
    receipts = receipts_of(tmp_path, ["a", "once-1", "b", "c"])
    assert all(receipt.status == "done" for receipt in receipts.values()) and len(receipts) == 4


def test_one_process_survives_a_crash_as_well(tmp_path: Path) -> None:
    assert receipts_of(tmp_path, ["crash-1", "a"], n_jobs=1)["a"].status == "done"


def process_of(workers: Workers, folder: Path) -> int:
    """The process that a task of these workers ran in."""
    list(workers.run(tasks(folder, ["pid-1"])))
    return int((folder / "out" / "pid-1.txt").read_text())


def test_all_stages_of_a_build_share_their_processes_which_end_with_it(tmp_path: Path) -> None:
    with Workers(1) as workers:
        worker = process_of(workers, tmp_path)
        assert worker == process_of(workers, tmp_path) != os.getpid()
    deadline = time.monotonic() + 20
    while worker in processes_of_group(os.getpgrp()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert worker not in processes_of_group(os.getpgrp())


def test_a_worker_killed_between_two_stages_costs_nothing(tmp_path: Path) -> None:
    with Workers(1) as workers:
        worker = process_of(workers, tmp_path)
        os.kill(worker, signal.SIGKILL)
        time.sleep(0.5)
        receipts = list(workers.run(tasks(tmp_path, ["a", "pid-1", "b"])))
    assert [receipt.status for receipt in receipts] == ["done"] * 3
    assert int((tmp_path / "out" / "pid-1.txt").read_text()) != worker


@pytest.mark.parametrize(
    ("needs", "milliseconds_a_frame", "here"),
    [("always", 0.0, False), ("if long", 1.0, True), ("if long", 1e6, False), ("never", 1e6, True)],
)
def test_files_from_outside_and_long_work_never_run_in_the_builds_own_process(
    tmp_path: Path, needs: Needs, milliseconds_a_frame: float, here: bool
) -> None:
    work, first = WorkFolder(tmp_path), Trouble(str(tmp_path), name="first", workers="never")
    second = replace(first, name="second", after="first", workers=needs, milliseconds_a_frame=milliseconds_a_frame)
    with Ledger(work.ledger) as ledger, Workers(1) as workers:
        ledger.replace_manifest([Clip("pid-1", "GSL", "made")])
        for stage in (first, second):
            assert run_stage(stage, ledger, work, Silent(), workers).todo == 1
    (output,) = (tmp_path / "out").iterdir()
    assert (int(output.read_text()) == os.getpid()) == here


def test_a_bug_is_a_rejected_clip_and_its_traceback_is_kept(tmp_path: Path) -> None:
    receipts = receipts_of(tmp_path, ["bug-1", "a"], n_jobs=0)
    assert receipts["a"].status == "done"
    assert receipts["bug-1"].reason == "unexpected" and "a bug" in receipts["bug-1"].message
    assert "ZeroDivisionError" in receipts["bug-1"].values["traceback"]


@pytest.mark.parametrize("n_jobs", [0, 2])
def test_a_full_disk_stops_the_run_and_leaves_nothing_half_written(tmp_path: Path, n_jobs: int) -> None:
    with pytest.raises(RunError, match=r"full-1.*No space left"):
        receipts_of(tmp_path, ["a", "full-1", "b"], n_jobs)
    if n_jobs:  # the other worker is ended wherever it is; the next start sweeps up after it
        with WorkFolder(tmp_path).locked():
            pass
    assert all(path.suffix == ".txt" and path.read_text() == path.stem for path in (tmp_path / "out").iterdir())


@contextmanager
def small_disk(folder: Path, n_kilobytes: int) -> Iterator[Path]:
    """A real file system of a few kilobytes, where this user may mount one."""
    folder.mkdir()
    options = f"size={n_kilobytes}k"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.parametrize("n_kilobytes", [4, 120, 200, 320])
def test_a_build_on_a_disk_that_fills_up_stops_and_goes_on_elsewhere(tmp_path: Path, n_kilobytes: int) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=8)
    with small_disk(tmp_path / "disk", n_kilobytes) as disk:
        done = run(*build_arguments(corpus, disk / "work", tmp_path / "release"))
        assert done.code == 4, done.err
        assert "Traceback" not in done.err and ("space" in done.err or "full" in done.err), done.err
        assert not (tmp_path / "release").exists()
        if (disk / "work").exists():
            shutil.copytree(disk / "work", tmp_path / "work")
    assert run(*build_arguments(corpus, tmp_path / "work", tmp_path / "release")).code == 0


def test_a_release_that_does_not_fit_leaves_the_old_one(tmp_path: Path) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=8)
    with small_disk(tmp_path / "disk", 700) as disk:
        arguments = build_arguments(corpus, tmp_path / "work", disk / "release")
        assert run(*arguments, "--limit", "1").code == 0
        before = files_of(disk / "release")
        (disk / "ballast").write_bytes(bytes(max(0, shutil.disk_usage(disk).free - 40_000)))
        done = run(*arguments)
        assert done.code == 4 and "space" in done.err, done.err
        assert files_of(disk / "release") == before
        assert [path.name for path in disk.iterdir() if path.name.startswith(".")] == []


def test_a_work_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=1)
    (tmp_path / "work").write_text("a file, not a folder")
    done = run(*build_arguments(corpus, tmp_path / "work", tmp_path / "release"))
    assert done.code == 4 and "work" in done.err and "Traceback" not in done.err


def test_two_builds_in_one_folder_the_second_says_so(tmp_path: Path) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=40)
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    first = start(*arguments)
    wait_for_receipts(tmp_path / "work", 1)
    second = run(*arguments)
    assert second.code == 4 and "another build" in second.err
    first.communicate(timeout=120)
    assert first.returncode == 0


def wait_for_receipts(work: Path, n_receipts: int) -> None:
    """Wait until a running build has written so many receipts."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for path in work.glob("*/*/ledger.sqlite"):
            with Ledger(path) as ledger:
                n_done = sum(
                    ledger.receipt(stage, clip.clip_id) is not None
                    for clip in ledger.clips()
                    for stage in ("pose", "lift")
                )
            if n_done >= n_receipts:
                return
        time.sleep(0.02)
    raise AssertionError("the build did not get that far within a minute")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_everything_resumable(tmp_path: Path, sent: signal.Signals) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=40)
    undisturbed = build_arguments(corpus, tmp_path / "work0", tmp_path / "release0")
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    assert run(*undisturbed).code == 0
    process = start(*arguments)
    wait_for_receipts(tmp_path / "work", 3)
    os.killpg(process.pid, sent)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "Nothing is lost" in err and "Traceback" not in err + out
    again = run(*arguments, "--json").json
    assert again["stages"][1]["kept"] >= 3
    assert files_of(tmp_path / "release") == files_of(tmp_path / "release0")


def kill_and_go_on(tmp_path: Path, n_clips: int, n_kills: int, seconds: float) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=n_clips)
    assert run(*build_arguments(corpus, tmp_path / "work0", tmp_path / "release0")).code == 0
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    generator = random.Random(20261121)
    for _ in range(n_kills):
        process = start(*arguments)
        time.sleep(generator.uniform(0.2, seconds))
        kill_tree(process)
    assert run(*arguments).code == 0
    assert files_of(tmp_path / "release") == files_of(tmp_path / "release0")
    assert list((tmp_path / "work").rglob("*.tmp")) == []


def test_kill_9_and_go_on_gives_the_same_bytes(tmp_path: Path) -> None:
    kill_and_go_on(tmp_path, n_clips=30, n_kills=3, seconds=3.0)


@pytest.mark.long
def test_ten_kills_at_random_moments_give_the_same_bytes(tmp_path: Path) -> None:
    kill_and_go_on(tmp_path, n_clips=80, n_kills=10, seconds=6.0)


def test_the_ledger_keeps_order_and_the_first_of_two_ids(tmp_path: Path) -> None:
    entries = [Clip("b", "GSL", "made"), Rejection("x", "text-missing", "no text"), Clip("a", "GSL", "made")]
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.replace_manifest([*entries, Clip("b", "GSL", "made", text="second")])
        assert [clip.clip_id for clip in ledger.clips()] == ["b", "a"]
        assert [(r.clip_id, r.reason) for r in ledger.rejections()] == [("x", "text-missing"), ("b", "duplicate-id")]
        assert next(ledger.clips()).text == ""


def test_a_manifest_that_breaks_off_leaves_the_old_one(tmp_path: Path) -> None:
    def broken() -> Iterator[Clip]:
        yield Clip("new", "GSL", "made")
        raise RunError("the corpus went away")

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.replace_manifest([Clip("old", "GSL", "made")])
        with pytest.raises(RunError):
            ledger.replace_manifest(broken())
        assert [clip.clip_id for clip in ledger.clips()] == ["old"]


def test_a_damaged_ledger_is_said(tmp_path: Path) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=1)
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    ledger = next((tmp_path / "work").glob("*/*/ledger.sqlite"))
    ledger.write_bytes(b"not a database at all" * 100)
    done = run(*arguments)
    assert done.code == 4 and "ledger" in done.err and "Traceback" not in done.err


@pytest.mark.long
def test_memory_stays_flat_over_the_number_of_clips(tmp_path: Path) -> None:
    def peak_mb(n_clips: int) -> float:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with Ledger(tmp_path / f"{n_clips}.sqlite") as ledger:
            ledger.replace_manifest(Clip(f"clip_{n}", "GSL", "made", text="x" * 100) for n in range(n_clips))
            for clip in ledger.clips():
                ledger.receipt("pose", clip.clip_id)
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000

    peak_mb(100)
    assert peak_mb(100_000) < 20


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=200)
    process = start(*build_arguments(corpus, tmp_path / "work", tmp_path / "release"), "--jobs", "1")
    wait_for_receipts(tmp_path / "work", 1)
    workers = processes_of_group(process.pid) - {process.pid}
    assert workers
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while processes_of_group(process.pid) & workers and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not processes_of_group(process.pid) & workers


def processes_of_group(group: int) -> set[int]:
    """Living processes of a process group, as Linux tells them."""
    members = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _parent, its_group = status.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                members.add(int(status.parent.name))
    return members


def test_a_rename_that_fails_leaves_the_old_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=1)
    run(*build_arguments(corpus, tmp_path / "work", tmp_path / "release"))
    before, rename = files_of(tmp_path / "release"), Path.rename

    def fails_for_the_new_one(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(errno.EIO, "the disk went away")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_for_the_new_one)
    with pytest.raises(OSError, match="went away"), whole_folder(tmp_path / "release") as folder:
        (folder / "new").write_text("new")
    assert files_of(tmp_path / "release") == before


def test_a_kill_between_the_two_renames_is_mended_by_the_next_start(tmp_path: Path) -> None:
    (tmp_path / ".release.old").mkdir()
    (tmp_path / ".release.old" / "release.json").write_text("old")
    with pytest.raises(RunError, match="put back"), whole_folder(tmp_path / "release"):
        pass
    assert (tmp_path / "release" / "release.json").read_text() == "old"


def test_two_builds_cannot_write_one_release(tmp_path: Path) -> None:
    with (
        whole_folder(tmp_path / "release") as first,
        pytest.raises(RunError, match="another build"),
        whole_folder(tmp_path / "release"),
    ):
        pass
    assert not first.exists()


@pytest.mark.parametrize("stage", ["keypoints", "motion"])
def test_a_damaged_work_file_is_made_again(tmp_path: Path, stage: str) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=2)
    arguments = build_arguments(corpus, tmp_path / "work", tmp_path / "release")
    run(*arguments)
    before = files_of(tmp_path / "release")
    for path in (tmp_path / "work").glob(f"*/*/{stage}/clip_001*"):
        path.write_bytes(os.urandom(path.stat().st_size))
    codes = [
        run(*arguments, "--force", "lift").code
        if stage == "keypoints"
        else run(*arguments, "--prompts-per-clip", "2").code
    ]
    codes.append(run(*arguments).code)
    assert codes == ([1, 0] if stage == "keypoints" else [4, 0])
    assert files_of(tmp_path / "release") == before


def test_a_pipe_or_a_link_in_a_circle_ends_only_its_own_clip(tmp_path: Path) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=4)
    first, second = (sorted((corpus / "json" / f"clip_00{n}").iterdir())[3] for n in (1, 2))
    for path in (first, second):
        path.unlink()
    os.mkfifo(first)
    second.symlink_to(second.name)
    done = run(*build_arguments(corpus, tmp_path / "work", tmp_path / "release"), timeout_s=60)
    assert done.code == 1 and "clip_001" in done.err and "clip_002" in done.err and "unexpected" not in done.err


def test_a_release_does_not_swallow_what_it_is_made_from(tmp_path: Path) -> None:
    corpus = made_corpus(tmp_path / "corpus", n_clips=1)
    for out in (corpus, tmp_path):
        done = run(*build_arguments(corpus, tmp_path / "work", out))
        assert done.code == 2 and "--out" in done.err
    assert (corpus / "text.tsv").is_file()
