"""The dataset card: a README whose head public hubs read."""

from __future__ import annotations

from typing import Any

from ..corpora.base import CorpusFacts
from ..languages import Language, get_language
from .yaml_text import yaml_text

#: Creative Commons and other licences that hubs know by their lower-case SPDX name.
_KNOWN_LICENCES = ("cc-by-", "cc0-", "apache-2.0", "mit")


def dataset_card(facts: CorpusFacts, options: dict[str, Any], counts: dict[str, Any]) -> str:
    """The card of a release.

    Args:
        facts: The corpus.
        options: Resolved options of the build.
        counts: Clips, frames and seconds by split, from `release.finish`.
    """
    return f"---\n{_head(facts, options, counts)}---\n\n{_body(facts, options, counts)}"


def _head(facts: CorpusFacts, options: dict[str, Any], counts: dict[str, Any]) -> str:
    language = get_language(options["language"])
    licence = facts.licence.lower()
    known = licence.startswith(_KNOWN_LICENCES)
    head: dict[str, Any] = {
        "pretty_name": _title(facts, options),
        "language": [language.spoken_tag.split("-")[0], language.sign_code],
        "license": licence if known else "other",
        "task_categories": ["other"],
        "tags": ["sign-language", "sign-language-production", "pose", "prompt2sign"],
        "size_categories": [_size_category(sum(split["clips"] for split in counts["splits"].values()))],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}-*.parquet"} for split in counts["splits"]],
            }
        ],
    }
    if not known:
        head["license_name"] = facts.licence
    return yaml_text(head)


def _size_category(n_clips: int) -> str:
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for bound, name in bounds if n_clips < bound), "1M<n<10M")


def _title(facts: CorpusFacts, options: dict[str, Any]) -> str:
    return f"Prompt2Sign {options['language']}: {facts.title}"


def _body(facts: CorpusFacts, options: dict[str, Any], counts: dict[str, Any]) -> str:
    language = get_language(options["language"])
    rows = "\n".join(
        f"| {split} | {n['clips']:,} | {n['frames']:,} | {n['seconds'] / 60:,.2f} |"
        for split, n in counts["splits"].items()
    )
    return f"""# {_title(facts, options)}

Text in {language.spoken_name} paired with {_what(language, options)}.
One {facts.unit} a clip.

| split | clips | frames | minutes |
|---|---|---|---|
{rows}
{_rejected(options, counts)}
## Licence and access
- Corpus: {facts.title}{f" ({facts.home})" if facts.home else ""}
- Licence: {facts.licence}
- Access: {facts.access_rule}
- Passing on motion made from it: {_may(facts.redistribute_motion)}
- Passing on its videos: {_may(facts.redistribute_video)}
- Every row carries this in its `licence` column.
{f"{chr(10)}Please cite: {facts.citation}{chr(10)}" if facts.citation else ""}
## Reading it
```python
import prompt2sign

release = prompt2sign.open_release(".")
for clip in release:
    print(clip.clip_id, clip.text, clip.motion.shape)  # float32 (frames, 50, 3)
```
{_by_hand(options["shard"])}

## What is in it
- `data/`: Parquet shards, one clip a row (version and layout: `schemas/shard-v1.md` of prompt2sign)
{_beside_the_shards(options)}- `pipeline.yaml`: all options
- `release.json`: counts, versions, and the SHA-256 of every other file

{_motion(options, counts)}
"""


def _rejected(options: dict[str, Any], counts: dict[str, Any]) -> str:
    if _imported(options) or _invented(options):
        return ""
    return f"\nRejected: {counts['rejected']:,}; `rejected.parquet` lists each with the stage and the reason.\n"


def _beside_the_shards(options: dict[str, Any]) -> str:
    lines = [] if _imported(options) or _invented(options) else ["- `rejected.parquet`: what did not make it"]
    if options["shard"].get("skels"):
        lines.insert(0, "- `skels/`: the same motion as parallel text files, one folder a convention")
    return "".join(f"{line}\n" for line in lines)


def _motion(options: dict[str, Any], counts: dict[str, Any]) -> str:
    """What the numbers are."""
    if _imported(options):
        return (
            f"Motion is as it stood in skels of the `{options['convention']}` convention, in their own unit, not in "
            "shoulder widths\n(`schemas/skels.md` of prompt2sign): x to the right, y down. Which joints were seen is "
            "not known but where skels mark it."
        )
    axes = "Motion is in shoulder widths around the neck: x to the right of the picture, y down, z towards the camera."
    if _invented(options):
        return (
            f"{axes} It was\ncomputed, not observed: every joint is known. Seed and version stand in `pipeline.yaml`."
        )
    estimators = ", ".join(f"{name} ({n:,})" for name, n in counts["estimators"].items())
    return (
        f"{axes} `observed`\n"
        "tells which joints were seen; the others were filled in. Depth is inferred, not measured.\n\n"
        f"Pose estimators: {estimators}."
    )


def _imported(options: dict[str, Any]) -> bool:
    """Is it of skels that somebody else made?"""
    return "convention" in options


def _invented(options: dict[str, Any]) -> bool:
    """Was it made up, and never signed by anyone?"""
    return bool(options.get("invented"))


def _what(language: Language, options: dict[str, Any]) -> str:
    if not _invented(options):
        return f"3D motion of {_name(language)}"
    invented = "invented 3D motion: its signs were drawn by chance and mean nothing,"
    return f"{invented}\nneither in {_name(language)} nor in any other language"


def _by_hand(shard: dict[str, Any]) -> str:
    if shard["layout"] == "compact":
        return "Any Parquet reader opens them, but `pose` is packed: schemas/shard-v1.md undoes it in a few lines."
    return f"or with any Parquet reader: `xyz = pose / {round(1 / shard['step'])}`, reshaped to (n_frames, 50, 3)."


def _name(language: Language) -> str:
    own = "" if language.native_name == language.name else f" ({language.native_name})"
    return language.name + own


def _may(allowed: bool) -> str:
    return "allowed under the licence" if allowed else "not allowed"
