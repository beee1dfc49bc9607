"""Public DGS Corpus: conversations in German Sign Language, from videos or ready keypoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..acquire.wanted import Wanted
from ..errors import ClipRejected, FormatError, MissingError, UsageError
from ..estimators.long_names import span_member
from ..records import Clip, Rejection
from .asked import variant_of
from .base import CorpusFacts, Plan, Source
from .dgs_index import BASE, INDEX, Document, read_index, recording_of, wanted_files
from .dgs_transcript import FPS, BadSentence, Sentence, read_sentences
from .files import ClipFiles, Videos, existing, require_language, require_root, walk
from .long_files import LongKeypoints
from .rows import read_text, span_name
from .splits import assign_splits
from .survey import survey, unique_ids

_EAF = ".eaf"
_OPENPOSE = "_openpose.json.gz"
FACTS = CorpusFacts(
    name="dgs-corpus",
    title="Public DGS Corpus (MEINE DGS - annotated), release 3",
    languages=("GSL",),
    unit="sentence",
    licence="Public DGS Corpus licence: research purposes, see meinedgs/ling/license_en.html",
    access="open",
    access_rule=(
        f"It comes file by file from {BASE} (no form; read the conditions first: {BASE}ling/license_en.html)."
    ),
    redistribute_motion=False,
    redistribute_video=False,
    download_bytes=14_000_000_000,
    home=BASE,
    citation=(
        "Konrad, Hanke, Langer, Blanck, Bleicken, Hofmann, Jeziorski, König, König, Nishio, Regen, Salden, Wagner, "
        "Worseck, Böse, Jahn, Schulder: MEINE DGS - annotiert. Öffentliches Korpus der Deutschen Gebärdensprache, "
        "3. Release. Universität Hamburg 2020. https://doi.org/10.25592/dgs.corpus-3.0"
    ),
    layout=(
        "a folder with transcripts ID.eaf and, anywhere in it, videos ID_1a1.mp4 and ID_1b1.mp4, or (variant "
        "keypoints, or their folder with --keypoints) ID_openpose.json.gz; --text takes a list of documents, one id "
        "a line, to build only these"
    ),
    numbers="406 documents, about 50 h, 330 signers, about 64,000 sentences, 640x360 at 50 frames a second",
    variants=(
        ("videos", "transcripts and the videos of each signer, about 14 GB"),
        ("keypoints", "transcripts and the published OpenPose keypoints, about 53 GB"),
    ),
    keypoints=(
        "OpenPose of every frame, 137 points; the moderator is taken out and the order of people is mended (Project "
        "Note AP06-2019-01). A document unzips to a gigabyte or two and is read whole once a worker."
    ),
    unknown=(
        "The wording of the licence: read it. Because it is not known here, nothing made from it may be passed on.",
        "How the list of transcripts looks today: it is read by its links. If that fails, fetch the files yourself "
        "and give their folder with --from.",
        "Whether release 4 (https://www.sign-lang.uni-hamburg.de/meinedgs_r4/, DOI 10.25592/dgs.corpus-4.0) has the "
        f"same layout: to try it, map {BASE} to it under fetch.mirrors.",
        "Which signers of different recordings are one person: a signer is called by recording and seat (1413451-A), "
        "so that a split by signer may have one person twice.",
        "An official split: there is none; splits are made by signer.",
        "The size of every file: the totals are estimated from 121 of 714 videos and 87 of 406 keypoints files.",
    ),
)


class DgsCorpus:
    """Sentences document by document, those of signer A before those of B, each seen by the signer's own camera."""

    @property
    def facts(self) -> CorpusFacts:
        """What is known before anything is read."""
        return FACTS

    def wanted(self, source: Source) -> Sequence[Wanted]:
        """The list of documents first, then what it names.

        Raises:
            UsageError: There is no such variant, the list cannot be read, or it lacks a document of `--text`.
        """
        keypoints = variant_of(source, FACTS) == "keypoints"
        page = source.fetched / INDEX.path if source.fetched else None
        if page is None or not page.is_file():
            return (INDEX,)
        return (INDEX, *wanted_files(_chosen(read_index(page), source), keypoints=keypoints))

    def plan(self, source: Source) -> Plan:
        """Count the sentences and the bytes of their files."""
        plan = survey(lambda: self.clips(source), source)
        if plan.missing or not _takes_keypoints(source):
            return plan
        note = "Each worker reads the keypoints of a document whole: a minute and 300 MB for half an hour of it."
        return replace(plan, notes=(*plan.notes, note))

    def clips(self, source: Source) -> Iterator[Clip | Rejection]:
        """Stream the sentences, then a rejection for each video of a signer that no sentence is of.

        Raises:
            MissingError: No folder was given.
            UsageError: Transcripts or files are not there.
        """
        require_language(source, FACTS)
        root = require_root(source, FACTS)
        files = _open_files(source, root)
        transcripts = _transcripts(root, source)
        yield from assign_splits(
            lambda: unique_ids(entry for path in transcripts for entry in _entries(path, files, source)),
            source.splits,
            published=False,
        )
        if source.text is None:
            yield from (entry for entry in files.unused() if not entry.clip_id.endswith("_1c"))


def _takes_keypoints(source: Source) -> bool:
    return source.keypoints is not None or variant_of(source, FACTS) == "keypoints"


def _open_files(source: Source, root: Path) -> ClipFiles:
    files: ClipFiles
    if _takes_keypoints(source):
        files = LongKeypoints(existing(source.keypoints or root, FACTS), _OPENPOSE)
    else:
        files = Videos(root, pictures=False)
    if not len(files):
        raise UsageError(f"{files.root}: holds no {files.noun}. Expected is {FACTS.layout}")
    return files


def _transcripts(root: Path, source: Source) -> list[Path]:
    """The transcripts asked for, in the order of their names."""
    found = {
        name.removesuffix(_EAF): root / folder / name
        for folder, names in walk(root)
        for name in names
        if name.endswith(_EAF)
    }
    asked = _asked(source)
    if asked is None:
        asked = list(found)
    elif absent := [document for document in asked if document not in found]:
        raise MissingError(f"{root}: has no transcript {', '.join(absent[:5])}; fetch it, or take it out of the list")
    if not found:
        raise UsageError(f"{root}: holds no transcript (.eaf). Expected is {FACTS.layout}")
    return [found[document] for document in sorted(asked)]


def _asked(source: Source) -> list[str] | None:
    """The documents that the user lists, None where all are wanted."""
    if source.text is None:
        return None
    path = existing(source.text, FACTS)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path}: cannot be read as a list of documents, one id a line: {error}") from error
    names = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip() and line[:1] != "#"]
    for number, name in names:
        if recording_of(name) is None:
            raise UsageError(f"{path}: line {number}: {name!r} is no document; one id a line, such as 1413485")
    return list(dict.fromkeys(name for _, name in names))


def _chosen(documents: list[Document], source: Source) -> list[Document]:
    asked = _asked(source)
    if asked is None:
        return documents
    by_name = {document.document_id: document for document in documents}
    absent = [name for name in asked if name not in by_name]
    if absent:
        raise UsageError(f"{source.text}: the corpus has no document {', '.join(absent[:5])}")
    return [by_name[name] for name in asked]


def _entries(path: Path, files: ClipFiles, source: Source) -> Iterator[Clip | Rejection]:
    document = path.stem
    try:
        if recording_of(document) is None:
            raise ClipRejected("bad-name", "is not named after a document, such as 1413485.eaf")
        found = read_sentences(path)
    except (ClipRejected, FormatError, OSError) as error:
        reason = error.reason if isinstance(error, ClipRejected) else "bad-transcript"
        yield Rejection(document, reason, f"{path}: {error}")
        return
    if not found:
        yield Rejection(document, "text-missing", f"{path}: has no German translation")
    for sentence in found:
        try:
            yield _clip(document, sentence, files, source)
        except ClipRejected as rejected:
            name, place = f"{document}, line {sentence.line}", f"{path.name}, line {sentence.line}"
            yield Rejection(name, rejected.reason, f"{place}: {rejected}")


def _clip(document: str, sentence: Sentence | BadSentence, files: ClipFiles, source: Source) -> Clip:
    if isinstance(sentence, BadSentence):
        raise ClipRejected("bad-annotation", sentence.message)
    fields, video = _pixels(document, sentence, files)
    return Clip(
        clip_id=span_name(f"{document}-{sentence.signer}", sentence.start_s, sentence.end_s),
        language=source.language.code,
        corpus=FACTS.name,
        unit=FACTS.unit,
        **read_text(sentence.german, source.language),
        **fields,
        signer=f"{recording_of(document)}-{sentence.signer}",
        gloss=sentence.gloss,
        video=video,
    )


def _pixels(document: str, sentence: Sentence, files: ClipFiles) -> tuple[dict[str, Any], str]:
    """Where a sentence is seen, and by which video: the signer's own camera."""
    video = f"{document}_1{sentence.signer.lower()}1"
    if isinstance(files, LongKeypoints):
        fields = files.clip_fields(files.find(document))
        member = span_member(sentence.start_s, sentence.end_s, FPS, sentence.signer.lower())
        return {**fields, "keypoints_member": member, "fps": float(FPS)}, video
    path = files.find(video)
    return {**files.clip_fields(path), "start_s": sentence.start_s, "end_s": sentence.end_s}, path
