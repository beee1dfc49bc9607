"""`prompt2sign fetch`: the corpus alone, or only what it would take."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from .app import app, new_progress, settings, stdout
from .common import Common, Fetching, with_options

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be fetched, and what it takes.")]


@app.command(epilog="Example: prompt2sign fetch --lang lsa --dry-run")
@with_options(Common, Fetching)
def fetch(common: Common, fetching: Fetching, dry_run: DryRun = False) -> int:
    """Fetch a corpus, and nothing else; run it again to go on. `build` does this by itself."""
    from ..corpora import get_corpus
    from ..pipeline.build import source_of
    from ..pipeline.fetching import fetch_corpus, plan_lines, survey_corpus

    request = common.request({}, fetching=fetching)
    corpus = get_corpus(request.corpus)
    source = source_of(request, corpus, request.work)
    found = survey_corpus(corpus, source)
    if dry_run:
        lines = plan_lines(corpus, source, found)
        _print({"folder": str(source.fetched), "plan": asdict(found)}, lines)
        return 0
    summary = fetch_corpus(corpus, source, new_progress())
    assert summary is not None
    told = f"{summary.n_done:,} files, archives and videos are in {source.fetched}, {summary.n_new:,} of them new"
    _print({"folder": str(source.fetched), "fetched": asdict(summary)}, [told])
    return 1 if summary.n_gone + summary.n_failed else 0


def _print(values: dict[str, object], lines: list[str]) -> None:
    if settings.json:
        print(json.dumps(values, ensure_ascii=False))
    for line in () if settings.json else lines:
        stdout().print(line, highlight=False, markup=False, soft_wrap=True)
