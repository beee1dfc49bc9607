"""FocusNews: news in Swiss-German Sign Language, of the WMT-SLT shared task 2022."""

from __future__ import annotations

from .base import CorpusFacts
from .wmt_slt import KEYPOINTS, UNKNOWN, VARIANTS, Broadcasts, WmtSltCorpus

FACTS = CorpusFacts(
    name="focusnews",
    title="FocusNews, WMT-SLT 2022",
    languages=("DSGS",),
    unit="sentence",
    licence="Only for the WMT-SLT shared task; any other use by permission of its owners",
    access="request",
    access_rule=(
        "Request access at https://zenodo.org/record/6631159; you are sent a link with a key. Put the key under "
        "fetch.token in your pipeline file, or fetch the files yourself."
    ),
    redistribute_motion=False,
    redistribute_video=False,
    download_bytes=18_502_247_314,
    home="https://sites.google.com/view/wmt-slt-v2022/data",
    layout=(
        "focusnews/videos/focusnews.NNN.mp4 with focusnews/subtitles/focusnews.NNN.srt, for the variant keypoints "
        "focusnews/openpose/focusnews.NNN.openpose.tar.xz; files of the development and test parts under dev/ and test/"
    ),
    numbers="25, 30 or 50 frames a second, each video its own",
    steps=(
        "Ask for access at https://zenodo.org/record/6631159 and say that it is for the WMT-SLT shared task.",
        "You are sent a link that ends in ?token=KEY: put KEY under fetch.token in your pipeline file.",
        "prompt2sign build --lang dsgs --corpus focusnews, or, with files you fetched yourself, --from FOLDER",
    ),
    variants=VARIANTS,
    keypoints=KEYPOINTS,
    unknown=(
        *UNKNOWN,
        "The size of the present version: the size given is that of version 1 (record 6621480, MD5 "
        "095e15edd6bd39950727c6c2692ed727); its list says the present one.",
    ),
)


class FocusNewsCorpus(WmtSltCorpus):
    """FocusNews: one record holds everything."""

    def __init__(self) -> None:
        record = ("6631159",)
        super().__init__(Broadcasts(FACTS, {"videos": record, "keypoints": record}, others="srf.", fps=None))
