"""The named corpora: what they say of themselves, and their published layouts with all their traps."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt2sign.acquire.register import Entry, Register, failed
from prompt2sign.corpora import CORPORA, get_corpus
from prompt2sign.corpora.base import Source
from prompt2sign.errors import MissingError, UsageError
from prompt2sign.languages import LANGUAGES, get_language
from prompt2sign.options import load_pipeline
from prompt2sign.records import Clip, Rejection

PHOENIX, HOW2SIGN, SAMPLE = map(get_corpus, ("phoenix14t", "how2sign", "sample"))


def source_of(root: Path | None, language: str = "GSL", **options) -> Source:
    values = {"text": None, "keypoints": None, "scratch": Path("unused"), **options}
    return Source(language=get_language(language), root=root, **values)


def reasons(found: list[Clip | Rejection]) -> list[tuple[str, str]]:
    return [(entry.clip_id, "" if isinstance(entry, Clip) else entry.reason) for entry in found]


def test_registry():
    assert list(CORPORA)[:2] == ["folder", "sample"]
    assert all(corpus.facts.name == name for name, corpus in CORPORA.items())
    assert get_corpus(" How2Sign ") is HOW2SIGN
    with pytest.raises(UsageError, match=r"no corpus 'phoenix': did you mean phoenix14t[?].*folder, sample, how2sign"):
        get_corpus("phoenix")


def test_every_language_has_a_corpus_of_its_own():
    for language in LANGUAGES:
        facts = get_corpus(load_pipeline(language).corpus).facts
        assert language.code in facts.languages and facts.access != "local"


@pytest.mark.parametrize("name", CORPORA)
def test_facts_are_complete(name):
    facts = CORPORA[name].facts
    assert facts.name == name
    assert facts.title and facts.licence and facts.access_rule.endswith(".")
    assert set(facts.languages) <= {language.code for language in LANGUAGES}


@pytest.mark.parametrize("name", ["phoenix14t", "how2sign", "sample"])
def test_other_languages_are_refused(name, tmp_path):
    with pytest.raises(UsageError, match=f"corpus {name} is .*, not KSL.*`folder`"):
        list(CORPORA[name].clips(source_of(tmp_path, "KSL")))
    with pytest.raises(UsageError, match="not KSL"):
        CORPORA[name].plan(source_of(tmp_path, "KSL"))


@pytest.mark.parametrize(("name", "language"), [("phoenix14t", "GSL"), ("how2sign", "ASL")])
def test_without_a_folder_the_plan_says_how_to_get_it(name, language, tmp_path):
    (missing,) = CORPORA[name].plan(source_of(None, language)).missing
    assert "http" in missing and "GB" in missing and "--from" in missing
    with pytest.raises(MissingError):
        list(CORPORA[name].clips(source_of(None, language)))
    for door in (CORPORA[name].plan, lambda source: list(CORPORA[name].clips(source))):
        with pytest.raises(UsageError, match="there is no such file or folder"):
            door(source_of(tmp_path / "none", language))
        with pytest.raises(UsageError, match="Expected is"):
            door(source_of(tmp_path, language))


# The embedded sample ------------------------------------------------------------------------------------------------


def test_sample():
    clips = list(SAMPLE.clips(source_of(None)))
    assert len(clips) == 10
    assert all(isinstance(clip, Clip) and clip.media.stat().st_size > 0 for clip in clips)
    splits = [clip.split for clip in clips]
    assert (splits.count("train"), splits.count("dev"), splits.count("test")) == (8, 1, 1)
    assert all(clip.text and clip.gloss and clip.signer for clip in clips)
    assert "invented" in SAMPLE.facts.access_rule
    assert SAMPLE.plan(source_of(None)).n_clips == 10


def test_a_video_that_did_not_come_is_rejected_with_what_the_register_says(tmp_path):
    (tmp_path / "here.mp4").write_bytes(b"film")
    register = Register.read(tmp_path)
    for name, outcome, why in (("Dead_film-1", "gone", "removed by the uploader"), ("late", "failed", "429")):
        register.put(failed(Entry(f"videos/{name}", "video", f"https://site/{name}"), outcome, "slug", why))
    register.flush()
    rows = "".join(f"{name},words,film,1,2,[],\n" for name in ("Dead_film-1", "late", "never", "here"))
    (tmp_path / "meta.csv").write_text("id,label,video,start,end,splits,prev_delta\n" + rows, encoding="utf-8")
    found = list(get_corpus("lsa-t").clips(source_of(tmp_path, "LSA")))
    assert reasons(found) == [
        ("Dead_film-1", "video-gone"), ("late", "video-not-fetched"), ("never", "video-missing"), ("here", ""),
    ]  # fmt: skip
    assert "removed by the uploader" in found[0].message and "https://site/Dead_film-1" in found[0].message
