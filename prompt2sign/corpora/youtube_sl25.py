"""YouTube-SL-25: a list of videos in many sign languages; the captions in the language around are the sentences."""

from __future__ import annotations

from ..acquire.wanted import RemoteFile
from ..languages import LANGUAGES
from .base import CorpusFacts
from .youtube_corpus import VideoListCorpus

_LIST = RemoteFile(
    path="youtube-sl-25-metadata.csv",
    url="https://storage.googleapis.com/gresearch/youtube-sl-25/youtube-sl-25-metadata.csv",
)
FACTS = CorpusFacts(
    name="youtube-sl-25",
    title="YouTube-SL-25",
    languages=tuple(language.code for language in LANGUAGES),
    unit="sentence",
    licence="unknown (YouTube's terms)",
    access="open",
    access_rule=(
        "Comes by itself: the list of 39,197 videos from Google, those of the language and their captions one by one "
        "from YouTube, under its terms (pip install 'prompt2sign[download]')."
    ),
    redistribute_motion=False,
    redistribute_video=False,
    home="https://github.com/google-research/google-research/tree/master/youtube_sl_25",
    citation=(
        "Tanzer, Zhang: YouTube-SL-25: A Large-Scale, Open-Domain Multilingual Sign Language Parallel Corpus. arXiv "
        "2407.11144, 2024; and YouTube-ASL, which is part of it: Uthus, Tanzer, Georg, arXiv 2306.15162, 2023."
    ),
    layout=(
        "a folder with youtube-sl-25-metadata.csv (no header; `ID,LANGUAGE` a line, the language by ISO 639-3) and, "
        "anywhere in it, whole videos as ID.mp4 (or another kind of video) with their captions as ID.LANGUAGE.vtt (or "
        ".srt), such as ID.de.vtt"
    ),
    numbers="39,197 videos of more than 25 sign languages, more than 3,200 h",
    steps=(
        "YouTube lets a guest have some 300 videos an hour, and asks some to sign in: the download goes on where it "
        "stopped, and takes a cookie file; max_videos asks for an even part of the list.",
        "Videos that were removed or made private are gone, and listed as rejected.",
    ),
    keypoints="None are published.",
    unknown=(
        "How many videos there are of each language; for some of the eight there may be none.",
        "The licence of the list; the videos belong to those who uploaded them, so nothing made from them is marked to "
        "be passed on.",
        "The language of videos marked `???`; they are left out.",
        "The owners say that a small part is irrelevant, wrong or badly timed: `prompt2sign align` measures the times.",
    ),
)


class YouTubeSl25Corpus(VideoListCorpus):
    """The videos of one language in the list."""

    def __init__(self) -> None:
        super().__init__(FACTS, _LIST, by_language=True)
