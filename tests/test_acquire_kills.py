"""Downloads in a process of their own, which is killed again and again while the server fails it."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from prompt2sign.acquire.register import Register
from prompt2sign.acquire.wanted import RemoteFile

from .acquiring import noise, sha256
from .server import Mode, Server

N_FILES = 20
CHILD = """
import json, sys
from pathlib import Path
from prompt2sign.acquire import pace
from prompt2sign.acquire.fetch import fetch
from prompt2sign.acquire.wanted import RemoteFile
from prompt2sign.options import FetchOptions
pace.FIRST_WAIT_S = 0.01
asked = json.loads(sys.argv[1])
wanted = [RemoteFile(p, u, sizes=tuple(s), sha256=tuple(c)) for p, u, s, c in asked["wanted"]]
options = FetchOptions(mirrors=asked["mirrors"], files_at_once=5, per_host=5)
print(fetch(lambda: wanted, Path(asked["folder"]), options))
"""


@contextmanager
def _child(server: Server, folder: Path, wanted: Sequence[RemoteFile]) -> Iterator[subprocess.Popen[str]]:
    rows = [(file.path, file.url, file.sizes, file.sha256) for file in wanted]
    asked = json.dumps({"wanted": rows, "mirrors": server.mirrors(), "folder": str(folder)})
    command = [sys.executable, "-c", CHILD, asked]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def _wait_for_requests(server: Server, n_requests: int) -> None:
    deadline_s = time.monotonic() + 60
    while len(server.requests) < n_requests and time.monotonic() < deadline_s:
        time.sleep(0.005)
    assert len(server.requests) >= n_requests


def _troubles(luck: random.Random, n_bytes: int, sized: bool) -> list[Mode]:
    """What the server does to one file; a length that is consistently too small is seen by what is published alone."""
    drip = {"bytes_a_second": 400_000.0}
    kinds = [
        Mode(reset_after=luck.randrange(n_bytes), **drip),
        Mode(cut_after=luck.randrange(n_bytes), **drip),
        Mode(length=n_bytes + 1000, **drip),
        Mode(length=n_bytes - 1000, **drip) if sized else Mode(status=503),
        Mode(length="chunked", cut_after=luck.randrange(n_bytes), **drip),
    ]
    return [*luck.sample(kinds, 2), Mode(**drip)]


def _require_nothing_false(folder: Path, contents: dict[str, bytes]) -> None:
    """Whatever stands under its name is whole, and whatever is said to have come is."""
    for path, content in contents.items():
        if (folder / path).exists():
            assert (folder / path).read_bytes() == content
    for entry in Register.read(folder).entries():
        if entry.outcome == "done":
            assert (folder / entry.path).exists() and entry.sha256 == sha256(contents[entry.path])


def test_twenty_interrupted_downloads_end_in_the_same_bytes(tmp_path: Path) -> None:
    luck = random.Random(5)
    contents = {f"{n}.bin": noise(luck.randrange(60_000, 200_000), n) for n in range(N_FILES)}
    wanted = []
    with Server() as server:
        for n, (path, content) in enumerate(contents.items()):
            url, pinned, sized = f"https://host{n % 5}.org/{path}", n % 2 == 0, n % 4 == 0
            server.serve(url, content, first=_troubles(luck, len(content), sized))
            wanted.append(
                RemoteFile(path, url, (len(content),) * sized, (sha256(content),) * pinned)  # type: ignore[arg-type]
            )
        n_killed = 0
        for _ in range(5):
            with _child(server, tmp_path, wanted) as child:
                _wait_for_requests(server, len(server.requests) + 3)
                time.sleep(luck.uniform(0.02, 0.25))
                n_killed += child.poll() is None
                child.send_signal(signal.SIGKILL)
            if (tmp_path / "acquired.parquet").exists():
                _require_nothing_false(tmp_path, contents)
        with _child(server, tmp_path, wanted) as child:
            said, trouble = child.communicate(timeout=120)
            assert child.returncode == 0, trouble
    assert f"n_done={N_FILES}, n_gone=0, n_failed=0" in said
    assert n_killed == 5
    assert {path: (tmp_path / path).read_bytes() for path in contents} == contents
    assert [entry.outcome for entry in Register.read(tmp_path).entries()] == ["done"] * N_FILES
    _require_nothing_false(tmp_path, contents)
    assert all(len(server.asked(file.url)) > 1 for file in wanted)
    assert any("If-Range" in request.headers for request in server.requests)
    assert {path.name for path in tmp_path.iterdir()} - contents.keys() <= {"acquired.parquet", ".lock"}


def test_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    with Server() as server:
        data = noise(400_000)
        server.serve("https://a.org/x", data, bytes_a_second=50_000)
        with _child(server, tmp_path, [RemoteFile("x", "https://a.org/x")]) as child:
            _wait_for_requests(server, 1)
            time.sleep(0.5)
            start_s = time.monotonic()
            child.send_signal(signal.SIGINT)
            _, trouble = child.communicate(timeout=20)
            assert time.monotonic() - start_s < 4
    assert trouble.rstrip().endswith("KeyboardInterrupt")
    assert (tmp_path / "x.part").stat().st_size > 0
    assert Register.read(tmp_path).reason_of("x") == "interrupted"
