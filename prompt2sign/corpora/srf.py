"""SRF: daily news interpreted into Swiss-German Sign Language, of the WMT-SLT shared tasks."""

from __future__ import annotations

from .base import CorpusFacts
from .wmt_slt import KEYPOINTS, UNKNOWN, VARIANTS, Broadcasts, WmtSltCorpus

_POSES, _VIDEOS = "6631275", "6637392"
FACTS = CorpusFacts(
    name="srf",
    title="SRF news, WMT-SLT 2022",
    languages=("DSGS",),
    unit="sentence",
    licence="CC-BY-NC-SA-4.0 (release of 2022); that of 2023: non-commercial, no redistribution",
    access="request",
    access_rule=(
        "Request access at https://zenodo.org/record/6637392 (videos and subtitles); you are sent a link with a key. "
        "Put the key under fetch.token in your pipeline file, or fetch the files yourself."
    ),
    redistribute_motion=False,
    redistribute_video=False,
    home="https://sites.google.com/view/wmt-slt-v2022/data",
    layout=(
        "srf/parallel/videos/srf.DATE.mp4 with srf/parallel/subtitles/srf.DATE.srt, for the variant keypoints "
        "srf/parallel/openpose/srf.DATE.openpose.tar.xz; files of the development and test parts under dev/ and test/"
    ),
    numbers="25 frames a second",
    steps=(
        "Ask for access at https://zenodo.org/record/6637392, for keypoints also at https://zenodo.org/record/6631275.",
        "You are sent a link that ends in ?token=KEY: put KEY under fetch.token in your pipeline file.",
        "prompt2sign build --lang dsgs --corpus srf, or, with files you fetched yourself, --from FOLDER",
        "The release of 2023 comes from SWISSUbase (https://www.wmt-slt.com/data): give its folder with --from.",
    ),
    variants=VARIANTS,
    keypoints=KEYPOINTS,
    unknown=(
        *UNKNOWN,
        "Whether one key opens both records; where it does not, fetch one of them yourself.",
        "Which release your copy is of: because that of 2023 may not be passed on, nothing is.",
        "Where the release of 2023 has its segmented and original subtitles: a path with `segmented` in it wins.",
    ),
)


class SrfCorpus(WmtSltCorpus):
    """SRF: keypoints are in a record of their own, subtitles in that of the videos."""

    def __init__(self) -> None:
        records = {"videos": (_VIDEOS,), "keypoints": (_POSES, _VIDEOS)}
        super().__init__(Broadcasts(FACTS, records, others="focusnews.", fps=25.0))
