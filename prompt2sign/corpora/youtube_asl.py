"""YouTube-ASL: a list of videos in American Sign Language; their English captions are the sentences."""

from __future__ import annotations

from ..acquire.wanted import RemoteFile
from .base import CorpusFacts
from .youtube_corpus import VideoListCorpus

_LIST = RemoteFile(
    path="youtube_asl_video_ids.txt",
    url="https://storage.googleapis.com/gresearch/youtube-asl/youtube_asl_video_ids.txt",
)
FACTS = CorpusFacts(
    name="youtube-asl",
    title="YouTube-ASL",
    languages=("ASL",),
    unit="sentence",
    licence="unknown (YouTube's terms)",
    access="open",
    access_rule=(
        "Comes by itself: the list of 11,093 videos from Google, the videos and their captions one by one from "
        "YouTube, under its terms (pip install 'prompt2sign[download]')."
    ),
    redistribute_motion=False,
    redistribute_video=False,
    home="https://github.com/google-research/google-research/tree/master/youtube_asl",
    citation=(
        "Uthus, Tanzer, Georg: YouTube-ASL: A Large-Scale, Open-Domain American Sign Language-English Parallel "
        "Corpus. arXiv 2306.15162, 2023."
    ),
    layout=(
        "a folder with youtube_asl_video_ids.txt (an id a line) and, anywhere in it, whole videos as ID.mp4 (or "
        "another kind of video) with their captions as ID.en.vtt (or .srt)"
    ),
    numbers="11,093 videos, 984 h, 610,193 captions, more than 2,500 signers",
    steps=(
        "YouTube lets a guest have some 300 videos an hour, and asks some to sign in: the download of all takes days, "
        "goes on where it stopped, and takes a cookie file; max_videos asks for an even part of the list.",
        "Videos that were removed or made private since January 2022 are gone, and listed as rejected.",
    ),
    keypoints="None are published.",
    unknown=(
        "The licence of the list; the videos belong to those who uploaded them, so nothing made from them is marked to "
        "be passed on.",
        "The size of the videos.",
        "How well captions fit the signing of each video: `prompt2sign align` measures it.",
    ),
)


class YouTubeAslCorpus(VideoListCorpus):
    """All videos of the list."""

    def __init__(self) -> None:
        super().__init__(FACTS, _LIST, by_language=False)
