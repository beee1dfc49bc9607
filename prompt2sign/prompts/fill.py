"""Templates and the rule that fills them: `How do you sign "{text}"?` and a clip's text make a prompt.

A template is any line with `{text}` in it exactly once. The text is put there as it is, and nothing in it is read as
a format: braces, backslashes and quotes stay. A text that holds the very quotation marks of its template keeps them
too, so that the text can be found in the prompt letter by letter. Only white space is collapsed: the parallel
`.prompt` file has one line a clip.
"""

from __future__ import annotations

import heapq
import unicodedata
from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib import resources
from pathlib import Path

from ..errors import ClipRejected, FormatError, MissingError, UsageError
from ..languages import Language

PLACEHOLDER = "{text}"


def load_templates(language: Language, path: Path | None = None) -> tuple[str, ...]:
    """The templates of a language, in the order of their file.

    A file is UTF-8 with one template a line; blank lines and lines that begin with `#` are skipped.

    Args:
        language: Whose templates, where `path` names no file.
        path: A file of the user's instead of the project's own.

    Returns:
        Templates in NFC, each with `{text}` exactly once, no two alike.

    Raises:
        MissingError: No such file.
        FormatError: Not UTF-8, no template at all, a template without or with several `{text}`, or one given twice;
            the message names file and line.
    """
    file = path or resources.files(__package__) / "templates" / f"{language.slug}.txt"
    try:
        content = file.read_bytes().decode("utf-8-sig")  # editors on Windows put a byte order mark first
    except (FileNotFoundError, IsADirectoryError) as error:
        raise MissingError(f"{file}: no such file of templates; write one with one template a line") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{file}: not UTF-8 (byte {error.start}): save the templates as UTF-8") from error
    return _checked(content, str(file))


def prompts_for(clip_id: str, text: str, templates: Sequence[str], *, seed: int, count: int) -> list[str]:
    """Prompts for one clip, each from another template.

    Every template draws a number from SHA-256 of seed, clip id and template, and the lowest `count` are used. So the
    choice depends on nothing else: not on other clips, the process, or the order of the templates. Asking for more
    prompts keeps the first ones, and a template added or removed changes only the clips that draw it.

    Args:
        clip_id: The clip.
        text: Its text; runs of white space, line breaks too, become one space.
        templates: From `load_templates`.
        seed: Another seed draws other templates.
        count: How many prompts; 0 makes none.

    Raises:
        UsageError: `count` is negative or larger than the number of templates.
        ClipRejected: The clip has no text to ask for.
    """
    if not 0 <= count <= len(templates):
        raise UsageError(
            f"{count} prompts a clip are not possible with {len(templates)} templates: "
            f"ask for 0 to {len(templates)} (--prompts-per-clip) or bring a file with more templates"
        )
    words = " ".join(text.split())
    if count and not words:
        raise ClipRejected("no-text", f"{clip_id}: no text to make a prompt of: fill its text or leave the clip out")
    return [template.replace(PLACEHOLDER, words) for template in _draw(clip_id, templates, seed, count)]


def _draw(clip_id: str, templates: Sequence[str], seed: int, count: int) -> list[str]:
    """Rendezvous hashing (Thaler and Ravishankar, 1998): the templates whose numbers are lowest for this clip."""
    key = sha256(f"{seed}\n{clip_id}\n".encode(errors="surrogatepass"))

    def number(template: str) -> bytes:
        drawn = key.copy()
        drawn.update(template.encode())
        return drawn.digest()

    return heapq.nsmallest(count, templates, key=number)


def _checked(content: str, name: str) -> tuple[str, ...]:
    """Templates of a file's content, each looked at."""
    first_line: dict[str, int] = {}
    for number, template in _lines(content):
        if template.count(PLACEHOLDER) != 1:
            raise FormatError(
                f"{name}, line {number}: {template!r} must hold {PLACEHOLDER} exactly once, where the clip's text goes"
            )
        if template in first_line:
            raise FormatError(
                f"{name}, line {number}: {template!r} stands on line {first_line[template]} already: remove one"
            )
        first_line[template] = number
    if not first_line:
        raise FormatError(f"{name}: no template in it; write one a line, with {PLACEHOLDER} where the text goes")
    return tuple(first_line)


def _lines(content: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that hold a template, in NFC and with white space collapsed."""
    for number, line in enumerate(content.splitlines(), start=1):
        template = " ".join(unicodedata.normalize("NFC", line).split())
        if template and not template.startswith("#"):
            yield number, template
