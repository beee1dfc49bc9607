"""`prompt2sign languages`, `corpora`, `doctor`: what there is, and what is missing."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app, stdout

if TYPE_CHECKING:
    from ..corpora.base import Corpus, CorpusFacts
    from ..languages import Language

#: A licence with a longer name is told in full by `corpora NAME` alone.
_SHORT_LICENCE = 15

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command(epilog="Example: prompt2sign languages")
def languages(json: Json = False) -> int:
    """Show the eight languages and their codes."""
    from ..languages import LANGUAGES

    if json:
        print(json_module.dumps([asdict(language) for language in LANGUAGES], ensure_ascii=False))
        return 0
    from rich.table import Table

    table = Table("--lang", "ISO 639-3", "text in", "sign language", "its own name")
    for language in LANGUAGES:
        table.add_row(language.slug, language.sign_code, language.spoken_tag, language.name, language.native_name)
    stdout().print(table)
    return 0


@app.command(epilog="Example: prompt2sign corpora --lang lsa")
def corpora(
    name: Annotated[str | None, typer.Argument(help="One corpus in full.", show_default=False)] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="Only corpora of this language.")] = None,
    json: Json = False,
) -> int:
    """Show the corpora: languages, licence, size, and how to get them."""
    from ..corpora import CORPORA, get_corpus
    from ..languages import get_language

    language = get_language(lang) if lang else None
    chosen = [get_corpus(name)] if name else [c for c in CORPORA.values() if _serves(c.facts, language)]
    if json:
        print(json_module.dumps([asdict(corpus.facts) for corpus in chosen], ensure_ascii=False))
    elif name:
        _print_in_full(chosen[0], language)
    else:
        _print_table([corpus.facts for corpus in chosen], language)
    return 0


def _serves(facts: CorpusFacts, language: Language | None) -> bool:
    return language is None or not facts.languages or language.code in facts.languages


def _print_table(corpora: list[CorpusFacts], language: Language | None) -> None:
    from rich.table import Table

    from ..pipeline.progress import size

    defaults = _defaults()
    table = Table(box=None, pad_edge=False)
    for heading in ("--corpus", "languages", "unit", "licence", "access", "to download"):
        table.add_column(heading, no_wrap=heading != "languages")
    for facts in corpora:
        chosen = [code for code in facts.languages if defaults[code] == facts.name]
        table.add_row(
            facts.name,
            " ".join(f"{code}*" if code in chosen else code for code in facts.languages) or "any",
            facts.unit,
            facts.licence if len(facts.licence) <= _SHORT_LICENCE else "own terms",
            facts.access,
            size(facts.download_bytes) if facts.download_bytes else "-",
        )
    stdout().print(table)
    slug = language.slug if language else "LANG"
    for line in (
        "",
        "* taken for this language where no --corpus is named",
        "prompt2sign corpora NAME              all of one: how to get it, what is not known",
        f"prompt2sign fetch --lang {slug} --dry-run   what would be downloaded",
        f"prompt2sign build --lang {slug}              all of it, to a release",
    ):
        stdout().print(line, highlight=False, markup=False, soft_wrap=True)


def _defaults() -> dict[str, str]:
    """The corpus that each language's pipeline names."""
    from ..languages import LANGUAGES
    from ..options import load_pipeline

    return {language.code: load_pipeline(language).corpus for language in LANGUAGES}


def _print_in_full(corpus: Corpus, language: Language | None) -> None:
    facts = corpus.facts
    code = language.code if language else (facts.languages or ("LANG",))[0]
    comes_by_itself = facts.name == "sample" or _can_be_fetched(corpus, code)
    place = "" if comes_by_itself else " --from FOLDER"
    example = f"prompt2sign build --lang {code.lower()} --corpus {facts.name}{place}"
    for label, value in [*_in_full(facts), ("to build it", example)]:
        stdout().print(f"{label}: {value}", highlight=False, markup=False, soft_wrap=True)


def _can_be_fetched(corpus: Corpus, code: str) -> bool:
    from pathlib import Path

    from ..corpora.base import Source
    from ..languages import get_language

    if not corpus.facts.languages:
        return False
    nowhere = Path(corpus.facts.name)
    source = Source(get_language(code), None, None, None, scratch=nowhere, fetched=nowhere)
    return bool(corpus.wanted(source))


def _in_full(facts: CorpusFacts) -> list[tuple[str, str]]:
    from ..pipeline.progress import size

    rows = [
        ("corpus", facts.title),
        ("--corpus", facts.name),
        ("languages", ", ".join(facts.languages) or "any"),
        ("one clip is a", facts.unit),
        ("what is in it", facts.numbers),
        ("licence", facts.licence),
        ("motion made from it may be passed on", "yes" if facts.redistribute_motion else "no"),
        ("its videos may be passed on", "yes" if facts.redistribute_video else "no"),
        ("access", facts.access),
        ("how to get it", facts.access_rule),
        *((f"  step {number}", step) for number, step in enumerate(facts.steps, 1)),
        ("size to download", size(facts.download_bytes) if facts.download_bytes else ""),
        *((f"  --variant {name}", what) for name, what in facts.variants),
        ("what --from takes", facts.layout or "nothing: it comes with prompt2sign"),
        ("ready keypoints", facts.keypoints),
        *(("not known", what) for what in facts.unknown),
        ("home", facts.home),
        ("to cite", facts.citation),
    ]
    return [(label, value) for label, value in rows if value]


@app.command(epilog="Example: prompt2sign doctor")
def doctor(json: Json = False) -> int:
    """Check this machine: video, estimators, GPU, disk; says the line that installs what is missing."""
    from ..doctor import examine

    findings = examine()
    code = 3 if any(finding.needed and not finding.ok for finding in findings) else 0
    if json:
        print(json_module.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
        return code
    for finding in findings:
        mark = "ok  " if finding.ok else ("MISSING" if finding.needed else "none")
        remedy = f"\n        {finding.remedy}" if finding.remedy and not finding.ok else ""
        stdout().print(
            f"{mark:8}{finding.what}: {finding.found}{remedy}", highlight=False, markup=False, soft_wrap=True
        )
    return code
