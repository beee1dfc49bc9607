"""A whole release from skels files."""

from __future__ import annotations

from pathlib import Path

from ..corpora.base import CorpusFacts
from ..formats.layout import Layout
from ..formats.shard_schema import imported
from ..languages import Language
from ..loaders import open_release
from .finish import finish_release, terms_of
from .place import release_at, whole_folder
from .skels_import import import_skels

_CORPUS = "skels"


def import_release(
    prefix: Path,
    language: Language,
    convention: str,
    out: Path,
    *,
    fps: float | None,
    licence: str,
    layout: Layout = "frame-major",
) -> dict[str, int]:
    """Write the release of skels files, whole or not at all; see `import_skels` for arguments and errors.

    Nothing says who owns the data, so nothing made from it may be passed on until its owner is asked.

    Returns:
        Number of clips of each split.
    """
    facts = CorpusFacts(
        name=_CORPUS,
        title=f"skels of the {convention} convention",
        languages=(language.code,),
        unit="sentence",
        licence=licence,
        access="local",
        access_rule="Imported from the user's own files; ask the owner of the data.",
        redistribute_motion=False,
        redistribute_video=False,
    )
    release_at(out, _CORPUS, language.code)
    with whole_folder(out) as folder:
        import_skels(
            prefix,
            language.code,
            convention,
            folder / "data",
            corpus=_CORPUS,
            fps=fps,
            licence=terms_of(facts),
            layout=layout,
        )
        options = {
            "language": language.code,
            "corpus": _CORPUS,
            "convention": convention,
            "fps": fps,
            "shard": {"step": imported(convention).step, "layout": layout},
        }
        manifest = finish_release(open_release(folder), facts, options, estimators={}, build="")
    return {split: counts["clips"] for split, counts in manifest["counts"]["splits"].items()}
