"""What the user asked of a corpus, checked against what the corpus has."""

from __future__ import annotations

from ..errors import UsageError
from .base import CorpusFacts, Source


def variant_of(source: Source, facts: CorpusFacts) -> str:
    """The form of the corpus that was asked for; its first where none was named, empty where it has only one.

    Raises:
        UsageError: There is no such variant; the message names those there are.
    """
    names = [name for name, _ in facts.variants]
    wanted = source.fetch.variant.strip().lower()
    if not wanted:
        return names[0] if names else ""
    if wanted not in names:
        offered = f"has {', '.join(names)}" if names else "comes in one form"
        raise UsageError(
            f"corpus {facts.name}: no variant {source.fetch.variant!r}; it {offered} "
            f"(`prompt2sign corpora {facts.name}` says more)"
        )
    return wanted


def refuse_keypoints(source: Source, facts: CorpusFacts) -> None:
    """For corpora whose clips are cut from videos: keypoints given by hand would be passed over without a word.

    Raises:
        UsageError: `--keypoints` was given.
    """
    if source.keypoints is not None:
        raise UsageError(
            f"corpus {facts.name} is built from its videos and takes no --keypoints: leave that out, or bring "
            "keypoints and a table of texts as corpus `folder`"
        )
