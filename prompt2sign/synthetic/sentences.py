"""The ten German sentences of the sample, invented for it, with their glosses and who signs them."""

from __future__ import annotations

from typing import NamedTuple


class Sentence(NamedTuple):
    """One sentence of the sample.

    Attributes:
        clip_id: Unique name.
        text: The German sentence.
        glosses: Names in `vocabulary.VOCABULARY`, in signing order.
        signer: Name in `figure.SIGNERS`.
        split: `train`, `dev` or `test`.
        in_recording: Part of the one long video; otherwise a small video of its own.
    """

    clip_id: str
    text: str
    glosses: tuple[str, ...]
    signer: str
    split: str = "train"
    in_recording: bool = False


SENTENCES = (
    Sentence(
        "sample-01", "Heute Abend koche ich Suppe.", ("HEUTE", "ABEND", "SUPPE", "ICH", "KOCHEN"), "bruno"
    ),
    Sentence("sample-02", "Trinkst du Kaffee oder Tee?", ("KAFFEE", "TEE", "DU", "TRINKEN"), "clara"),
    Sentence("sample-03", "Die Kinder spielen vor dem Haus.", ("HAUS", "KIND", "SPIELEN"), "david"),
    Sentence("sample-04", "Morgen besuchen wir Oma.", ("MORGEN", "OMA", "WIR", "BESUCHEN"), "clara"),
    Sentence(
        "sample-05", "Vielen Dank für das schöne Geschenk!", ("GESCHENK", "GERN", "DANKE"), "bruno", split="dev"
    ),
    Sentence(
        "sample-06", "Es regnet gleich, nimm den Schirm mit.", ("REGEN", "KOMMEN", "SCHIRM", "MITNEHMEN"), "anna",
        in_recording=True,
    ),
    Sentence(
        "sample-07", "Der Zug kommt heute später.", ("HEUTE", "ZUG", "SPÄT", "KOMMEN"), "anna", in_recording=True
    ),
    Sentence(
        "sample-08", "Im Garten lese ich gern ein Buch.", ("GARTEN", "BUCH", "ICH", "LESEN", "GERN"), "anna",
        in_recording=True,
    ),
    Sentence("sample-09", "Das Brot ist frisch und gut.", ("BROT", "FRISCH", "GUT"), "anna", in_recording=True),
    Sentence(
        "sample-10", "Mein Freund hat den Schlüssel vergessen.", ("FREUND", "SCHLÜSSEL", "VERGESSEN"), "anna",
        split="test", in_recording=True,
    ),
)  # fmt: skip
