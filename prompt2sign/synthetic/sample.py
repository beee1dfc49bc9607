"""Makes the embedded sample: ten sentences as small videos and one long recording, their table and their truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .figure import SIGNERS
from .motion import Motion, Truth, perform, truth_of
from .score import Cue
from .sentences import SENTENCES, Sentence
from .truth import write_truth

FPS = 25
#: Rest before, between and after the sentences of the recording.
PAUSE_S = 0.6
RECORDING = "recording.mp4"
SEED = 20
#: x264's constant rate factor; at 26 the files are half as large and estimates still the same.
QUALITY = 21
COLUMNS = ("id", "text", "gloss", "signer", "split", "video", "start", "end")


class Take(NamedTuple):
    """One video of the sample: its name, the sentences signed in it, and what the signer does."""

    video: str
    sentences: tuple[Sentence, ...]
    motion: Motion


def takes() -> Iterator[Take]:
    """The motions of all videos of the sample, without a picture being drawn."""
    for number, sentence in enumerate(SENTENCES):
        if not sentence.in_recording:
            yield _take(f"{sentence.clip_id}.mp4", (sentence,), SEED + number, pause_s=0.0)
    recorded = tuple(sentence for sentence in SENTENCES if sentence.in_recording)
    yield _take(RECORDING, recorded, SEED + len(SENTENCES), PAUSE_S)


def _take(video: str, sentences: tuple[Sentence, ...], seed: int, pause_s: float) -> Take:
    rng = np.random.default_rng(seed)
    glosses = [sentence.glosses for sentence in sentences]
    return Take(video, sentences, perform(glosses, SIGNERS[sentences[0].signer], rng, pause_s=pause_s, fps=FPS))


def sample_truths(camera: Camera) -> dict[str, Truth]:
    """True joints by clip id, cut out of the recording at the clips' cues."""
    truths = {}
    for take in takes():
        whole = truth_of(take.motion, camera)
        for sentence, cue in zip(take.sentences, take.motion.cues, strict=True):
            cut = slice(round(cue.start_s * FPS), round(cue.end_s * FPS))
            truths[sentence.clip_id] = Truth(whole.xyz[cut], whole.pixels[cut], whole.signing[cut])
    return truths


def make_sample(folder: Path, n_threads: int = 2) -> None:
    """Write `sentences.tsv`, `truth.npz`, `videos/*.mp4` and `videos/recording.srt` into `folder`.

    Raises:
        MissingError: numba is not installed.
    """
    videos = folder / "videos"
    videos.mkdir(parents=True, exist_ok=True)
    camera = Camera()
    rows: list[tuple[str, ...]] = [COLUMNS]
    for take in takes():
        _film(videos / take.video, take.motion, take.sentences[0].signer, camera, n_threads)
        rows += [
            _row(sentence, take.video, cue) for sentence, cue in zip(take.sentences, take.motion.cues, strict=True)
        ]
        if take.video == RECORDING:
            subtitles = _subtitles(take.sentences, take.motion.cues)
            (videos / RECORDING).with_suffix(".srt").write_text(subtitles, encoding="utf-8")
    write_truth(folder / "truth.npz", sample_truths(camera))
    table = "".join("\t".join(row) + "\n" for row in rows)
    (folder / "sentences.tsv").write_text(table, encoding="utf-8")


def _film(path: Path, motion: Motion, signer: str, camera: Camera, n_threads: int) -> None:
    from .render import draw_frames  # here, because it needs numba

    write_video(path, draw_frames(motion, SIGNERS[signer], camera, n_threads), camera)


def write_video(path: Path, frames: Iterable[NDArray[np.uint8]], camera: Camera) -> None:
    """Encode frames (height, width, 3) RGB as H.264 in MP4; one thread, so that the same frames give the same bytes."""
    import av

    with av.open(str(path), "w", options={"movflags": "faststart", "fflags": "bitexact"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": str(QUALITY), "preset": "slower"})
        stream.width, stream.height, stream.pix_fmt = camera.width, camera.height, "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))


def _row(sentence: Sentence, video: str, cue: Cue) -> tuple[str, ...]:
    span = (f"{cue.start_s:.2f}", f"{cue.end_s:.2f}") if video == RECORDING else ("", "")
    gloss = " ".join(sentence.glosses)
    return sentence.clip_id, sentence.text, gloss, sentence.signer, sentence.split, video, *span


def _subtitles(sentences: tuple[Sentence, ...], cues: tuple[Cue, ...]) -> str:
    blocks = [
        f"{number}\n{_clock(cue.start_s)} --> {_clock(cue.end_s)}\n{sentence.text}\n"
        for number, (sentence, cue) in enumerate(zip(sentences, cues, strict=True), start=1)
    ]
    return "\n".join(blocks)


def _clock(time_s: float) -> str:
    milliseconds = round(time_s * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"00:{minutes:02d}:{milliseconds // 1000:02d},{milliseconds % 1000:03d}"
