"""`prompt2sign languages`, `corpora`, `doctor`: what there is, and what is missing."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app, stdout

if TYPE_CHECKING:
    from ..corpora.base import CorpusFacts

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


@app.command(epilog="Example: prompt2sign corpora phoenix14t")
def corpora(
    name: Annotated[str | None, typer.Argument(help="One corpus in full.", show_default=False)] = None,
    json: Json = False,
) -> int:
    """Show the corpora: languages, licence, size, and how to get them."""
    from ..corpora import CORPORA, get_corpus
    from ..pipeline.progress import size

    chosen = [get_corpus(name)] if name else list(CORPORA.values())
    if json:
        print(json_module.dumps([asdict(corpus.facts) for corpus in chosen], ensure_ascii=False))
        return 0
    console = stdout()
    if name:
        for label, value in _in_full(chosen[0].facts):
            console.print(f"{label}: {value}", highlight=False, markup=False, soft_wrap=True)
        return 0
    from rich.table import Table

    table = Table("--corpus", "languages", "unit", "licence", "access", "to download")
    for corpus in chosen:
        facts = corpus.facts
        table.add_row(
            facts.name,
            ", ".join(facts.languages) or "any",
            facts.unit,
            facts.licence,
            facts.access,
            size(facts.download_bytes) if facts.download_bytes else "-",
        )
    console.print(table)
    return 0


def _in_full(facts: CorpusFacts) -> list[tuple[str, str]]:
    from ..pipeline.progress import size

    return [
        ("corpus", facts.title),
        ("--corpus", facts.name),
        ("languages", ", ".join(facts.languages) or "any"),
        ("one clip is a", facts.unit),
        ("licence", facts.licence),
        ("how to get it", facts.access_rule),
        ("size to download", size(facts.download_bytes) if facts.download_bytes else "nothing to download"),
        ("what --from takes", facts.layout or "nothing: it comes with prompt2sign"),
        ("motion made from it may be passed on", "yes" if facts.redistribute_motion else "no"),
        ("its videos may be passed on", "yes" if facts.redistribute_video else "no"),
        ("home", facts.home or "-"),
        ("to cite", facts.citation or "-"),
    ]


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
