"""What is known of How2Sign, and where each of its variants is published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..acquire.wanted import RemoteArchive, RemoteFile, Wanted
from .base import CorpusFacts

FACTS = CorpusFacts(
    name="how2sign",
    title="How2Sign",
    languages=("ASL",),
    unit="sentence",
    licence="CC-BY-NC-4.0",
    access="open",
    access_rule=(
        "Comes by itself from Google Drive, linked from https://how2sign.github.io/ (no form, non-commercial research "
        "only): raw videos, 353 GB; or with --variant ready clips, 37 GB, or 2D keypoints, 26 GB."
    ),
    redistribute_motion=True,
    redistribute_video=True,
    download_bytes=353_200_000_000,
    home="https://how2sign.github.io/",
    citation=(
        "Duarte, Palaskar, Ventura, Ghadiyaram, DeHaan, Metze, Torres, Giro-i-Nieto: How2Sign: A Large-scale "
        "Multimodal Dataset for Continuous American Sign Language. CVPR 2021."
    ),
    layout=(
        "a folder with how2sign_realigned_{train,val,test}.csv and, anywhere in it, raw videos VIDEO_NAME.mp4 or ready "
        "clips SENTENCE_NAME.mp4; or ready keypoints with --keypoints, one folder, .pose or archive member a "
        "SENTENCE_NAME"
    ),
    numbers=(
        "35,000 sentences, 79 h, 11 signers; re-aligned rows: train 31,165, dev 1,741, test 2,357, of which 134 have "
        "no ready clip; no glosses (announced, never published)"
    ),
    steps=(
        "Leave room for about twice the download while archives are unpacked; --variant clips shows with a tenth of it "
        "whether all else works.",
        "Google Drive often says that too many people have fetched a file: start the build again a day later, or fetch "
        "the file in a browser where you are logged in, and put it where the message says.",
    ),
    variants=(
        (
            "videos",
            "353 GB of raw videos, cut here by the re-aligned times: the best pairs of signing and text by far",
        ),
        (
            "clips",
            "37 GB of ready clips, cut by the first times: many begin or end in another sentence; models trained on "
            "them are reported to be much worse",
        ),
        (
            "keypoints",
            "26 GB of OpenPose keypoints of those ready clips, as badly timed, but no video has to be looked at; they "
            "are unzipped into the work folder, about three times as large",
        ),
    ),
    keypoints=(
        "OpenPose (BODY_25, face, hands) of the ready front clips, with --variant keypoints. These were cut by the "
        "first, mis-aligned times, so they fit the re-aligned sentences badly; their JSON does not say its frame "
        "rate, which is taken as 24 where the table has no column fps."
    ),
    unknown=(
        "Sizes and checksums of the raw videos and of the tables; those of clips and keypoints were recorded under "
        "older Drive ids of files with the same names.",
        "Which clips hold no signing: users name fzrJBu2qsM8_11-8, g3Cc_1-V31U_23-3 and FzoUVr98JmQ_0-8, there is no "
        "published list.",
        "Which re-aligned times lie after the end of their video, or are absurdly short: such rows are rejected when "
        "the video is cut.",
    ),
)

_DRIVE = "https://drive.google.com/file/d/"
_GIB = 1 << 30

#: Re-aligned English translation: Drive id, and kibibytes as the site rounds them.
_TEXTS = {
    "train": ("1dUHSoefk9OxKJnHrHPX--I4tpm9QD0ok", 5_734),
    "val": ("1Vpag7VPfdTCCJSao8Pz14rlPfekRMggI", 311),
    "test": ("1AgwBZW26kFHS4CWNMQTCMPGkBPkH3qCu", 424),
}
#: Raw front videos. Train is one split zip of ten parts, 290 GiB together; `.zip` is its last.
_TRAIN_PARTS = {
    "z01": "1xWlMM2O3Gbp_8LK5FefoH0TVEmae6jIf",
    "z02": "1krtYdpK_LQFgEUCnHxoYAW7EyhLMLWq0",
    "z03": "1fXpWRNFhpuVm3ym7lT9vF_bnDjHkvP_K",
    "z04": "1IFetFt4AzsxNCMZ0VVpX7YRgFAm58X48",
    "z05": "1ZHuuun6Ae-AOLBns3LmuH7w8C9YCB4gH",
    "z06": "1FQQIPblk-oLH_vu7h2tDO0oJaZ3xkp5N",
    "z07": "19XNgERcolGAMPPgX-Gx_GebSTx3W4o0r",
    "z08": "1YN-SA9uzrogEdKeT6UdQUIcuGEyYJILg",
    "z09": "1SZQ2GzPLCkRqvsImAjULAPBiuAKi9DE9",
    "zip": "1Xe1T5okJiopMXUiH3sc0mdCWNDYSBopd",
}
_TRAIN_PART_BYTES = 29 * _GIB
_VIDEOS = {"val": ("1fCkyuKSsc7gauljuL9sx_jBomf3N6i0g", 16), "test": ("1z0i6BBGHQ12ChY63hZH56QnczvQ0JfTb", 23)}
#: Ready front clips: Drive id, bytes, SHA-256.
_CLIPS = {
    "train": (
        "1VX7n0jjW0pW3GEdgOks3z8nqE6iI6EnW",
        33_033_658_988,
        "98e36aa4377dfb3b5e59de1ba5af94ade0a77e9565cacb0c7183267480b95cd3",
    ),
    "val": (
        "1DhLH8tIBn9HsTzUJUfsEOGcP4l9EvOiO",
        1_778_074_855,
        "6cb48170131fdb7fc64d40381a3c4be41112ba4454444170f5a31af2227b6d36",
    ),
    "test": (
        "1qTIXFsu8M55HrCiaGv7vZ7GkdB3ubjaG",
        2_413_152_782,
        "cb63633542f1c3f703ad76ec5e1420bfe9bf028afdb120508ed7cded16ed1b55",
    ),
}
#: OpenPose keypoints of the ready clips: Drive id, bytes, SHA-256.
_KEYPOINTS = {
    "train": (
        "1TBX7hLraMiiLucknM1mhblNVomO9-Y0r",
        22_619_897_332,
        "9dc65af07dd3dabdeb18300453c2394bbb188ea03dd73c966dc23880b8672470",
    ),
    "val": (
        "1JmEsU0GYUD5iVdefMOZpeWa_iYnmK_7w",
        1_242_181_909,
        "83f28594bf474ce642b284ebafa13467cd71cdd8a3a19f8a33c88d5fa4100957",
    ),
    "test": (
        "1g8tzzW5BNPzHXlamuMQOvdwlHRa-29Vp",
        1_696_569_782,
        "7b8afc7f8e25e127a7a246edad89b4deba2e7abc71f9a36148a3259564fcd37f",
    ),
}


def files_of(variant: str) -> tuple[Wanted, ...]:
    """The re-aligned tables and the files of one variant: `videos`, `clips` or `keypoints`."""
    published: dict[str, Callable[[], Iterable[Wanted]]] = {
        "videos": _videos,
        "clips": _clips,
        "keypoints": _keypoints,
    }
    return (*_texts(), *published[variant]())


def _texts() -> Iterator[RemoteFile]:
    for split, (drive_id, kib) in _TEXTS.items():
        yield RemoteFile(f"text/how2sign_realigned_{split}.csv", _DRIVE + drive_id, about_bytes=kib << 10)


def _videos() -> Iterator[RemoteArchive]:
    yield RemoteArchive(
        tuple(
            RemoteFile(f"archives/train_raw_videos.{suffix}", _DRIVE + drive_id, about_bytes=_TRAIN_PART_BYTES)
            for suffix, drive_id in _TRAIN_PARTS.items()
        ),
        into="videos/train",
    )
    for split, (drive_id, gib) in _VIDEOS.items():
        part = RemoteFile(f"archives/{split}_raw_videos.zip", _DRIVE + drive_id, about_bytes=gib * _GIB)
        yield RemoteArchive((part,), into=f"videos/{split}")


def _clips() -> Iterator[RemoteArchive]:
    for split, (drive_id, n_bytes, sha256) in _CLIPS.items():
        path = f"archives/{split}_rgb_front_clips.zip"
        part = RemoteFile(path, _DRIVE + drive_id, sizes=(n_bytes,), sha256=(sha256,))
        yield RemoteArchive((part,), into=f"clips/{split}")


def _keypoints() -> Iterator[RemoteFile]:
    """Not to be unpacked: they hold some 5 million files, and are read as they are."""
    for split, (drive_id, n_bytes, sha256) in _KEYPOINTS.items():
        path = f"keypoints/{split}_2D_keypoints.tar.gz"
        yield RemoteFile(path, _DRIVE + drive_id, sizes=(n_bytes,), sha256=(sha256,))
