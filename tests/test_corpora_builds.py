"""Every corpus from the command line: fetched from a server on loopback or brought by hand, built, validated.

One build for each of the eight languages goes all the way, with the embedded estimator; the other corpora are fetched
or read, and cut.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from prompt2sign import open_release
from prompt2sign.acquire.register import Register
from prompt2sign.corpora import CORPORA, get_corpus
from tests.corpora_made import Made
from tests.corpora_made.pinned import pinned
from tests.made import Finished, run_here
from tests.server import Server

#: Language, the corpus that its pipeline names, and the module that makes a copy of it.
LANGUAGES = {
    "asl": ("how2sign", "how2sign"),
    "gsl": ("phoenix14t", "phoenix14t"),
    "dsgs": ("signsuisse", "signsuisse"),
    "lsf-ch": ("signsuisse", "signsuisse"),
    "lis-ch": ("signsuisse", "signsuisse"),
    "lsa": ("lsa64", "lsa64"),
    "ksl": ("ksl-77", "ksl77"),
    "tsl": ("autsl", "autsl"),
}
#: The other corpora, with one of their languages.
OTHERS = {
    "openasl": ("asl", "openasl"),
    "youtube-asl": ("asl", "youtube_asl"),
    "youtube-sl-25": ("lsa", "youtube_sl25"),
    "dgs-corpus": ("gsl", "dgs_corpus"),
    "focusnews": ("dsgs", "focusnews"),
    "srf": ("dsgs", "srf"),
    "lsa-t": ("lsa", "lsa_t"),
    "ksl-guide": ("ksl", "ksl_guide"),
    "keti": ("ksl", "keti"),
    "bosphorussign22k": ("tsl", "bosphorussign22k"),
}


def made_copy(module: str, folder: Path) -> Made:
    make = importlib.import_module(f"tests.corpora_made.{module}").make
    made: Made = make(folder)
    return made


def run_on(made: Made, tmp_path: Path, monkeypatch, corpus: str, *arguments: str) -> Finished:
    """Run a command on a copy: fetched, where it is served, else brought with `--from`."""
    language = arguments[arguments.index("--lang") + 1]
    hasty = tmp_path / "hasty.yaml"
    hasty.write_text(f"language: {language}\ncorpus: {corpus}\nfetch: {{pause_s: 0}}\n", encoding="utf-8")
    common = ("--pipeline", str(hasty), "--work", str(tmp_path / "work"), "--jobs", "1", "--json")
    if not made.served:
        return run_here(*arguments, *common, "--from", str(made.root))
    kind = type(get_corpus(corpus))
    monkeypatch.setattr(kind, "wanted", lambda self, source, own=kind.wanted: pinned(own(self, source), made))
    with Server() as server:
        for url, path in made.served.items():
            server.serve(url, path)
        mirrors = [f"--mirror={old}={new}" for old, new in server.mirrors().items()]
        return run_here(*arguments, *common, "--downloads", str(tmp_path / "downloads"), *mirrors)


def test_all_corpora_are_here():
    named = {corpus for corpus, _ in LANGUAGES.values()} | set(OTHERS) | {"folder", "sample"}
    assert named == set(CORPORA)


@pytest.mark.mediapipe
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_from_nothing_to_a_valid_release(language, tmp_path, monkeypatch):
    corpus, module = LANGUAGES[language]
    made = made_copy(module, tmp_path / "made")
    out = tmp_path / "release"
    done = run_on(made, tmp_path, monkeypatch, corpus, "build", "--lang", language, "--out", str(out))
    assert done.code == (1 if made.n_rejected else 0), done.err + done.out
    assert run_here("validate", str(out)).code == 0
    clips = list(open_release(out))
    assert len(clips) == made.n_clips
    assert {clip.corpus for clip in clips} == {corpus}
    assert all(clip.text for clip in clips)
    rejected = pq.read_table(out / "rejected.parquet").to_pylist()
    assert len(rejected) == made.n_rejected
    if made.served:
        register = Register.read(tmp_path / "downloads" / corpus)
        assert register.entries() and {entry.outcome for entry in register.entries()} == {"done"}
        again = run_here("fetch", "--lang", language, "--downloads", str(tmp_path / "downloads"), "--json")
        assert again.code == 0 and json.loads(again.out)["fetched"]["n_new"] == 0


@pytest.mark.parametrize("corpus", OTHERS)
def test_a_corpus_is_fetched_or_read_and_cut(corpus, tmp_path, monkeypatch):
    language, module = OTHERS[corpus]
    made = made_copy(module, tmp_path / "made")
    done = run_on(made, tmp_path, monkeypatch, corpus, "trim", "--lang", language, "--corpus", corpus)
    assert done.code == (1 if made.n_rejected else 0), done.err + done.out
    told = json.loads(done.out)
    assert (told["clips"] - sum(told["rejected"].values()), sum(told["rejected"].values())) == (
        made.n_clips,
        made.n_rejected,
    ), told
