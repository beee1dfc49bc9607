"""What a video site's refusal means: gone for good, or worth another try another day.

Sites say it in words alone, and yt-dlp hands them on. The words were collected from many downloaders; what is in none
of the rules counts as trouble that passes, so that no video is given up by mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_COOKIES = "give the cookies of a browser session that may see it (fetch.cookies)"
_LATER = "try again tomorrow, with longer pauses (fetch.pause_s)"
_UPDATE = 'sites change: pip install --upgrade "yt-dlp[default]", and look at `prompt2sign doctor`'


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a site did not give a video.

    Attributes:
        outcome: `gone` for good, or `failed` for now.
        reason: Short slug to count by.
        advice: What can be done about it, empty where nothing can.
    """

    outcome: Literal["gone", "failed"]
    reason: str
    advice: str = ""


_UNKNOWN = Refusal("failed", "site-error", _UPDATE)
#: The first that fits counts: sites begin many messages with "Video unavailable" and say why after it.
_RULES: tuple[tuple[str, Refusal], ...] = (
    (r"private video|video is private", Refusal("gone", "private")),
    (r"account .{0,80}has been (terminated|closed)|account .{0,20}suspended", Refusal("gone", "account-closed")),
    (r"members[- ]only|join this channel", Refusal("gone", "members-only")),
    (
        r"(not|n't) (made this video )?available (in|from) your (country|location)|geo.?restrict",
        Refusal("gone", "country"),
    ),
    (r"copyright (grounds|claim)", Refusal("gone", "removed")),
    (r"has been removed|removed by the (uploader|user)|been deleted|no longer exists", Refusal("gone", "removed")),
    (r"drm.protected", Refusal("gone", "drm")),
    (r"not a bot|captcha", Refusal("failed", "bot-wall", f"{_LATER}, or {_COOKIES}")),
    (r"confirm your age|age.restricted|inappropriate for some users", Refusal("failed", "age-wall", _COOKIES)),
    (r"http error 429|too many requests|rate.?limit|try again later", Refusal("failed", "rate-limited", _LATER)),
    (r"challenge solving failed|javascript runtime", Refusal("failed", "challenge", _UPDATE)),
    (r"requested format is not available|no video formats found", Refusal("failed", "no-format", _UPDATE)),
    (r"unable to download video data: http error 40[34]", Refusal("failed", "forbidden", f"{_LATER}, or {_COOKIES}")),
    (r"http error (404|410)", Refusal("gone", "not-there")),
    (r"http error 40[13]|log in|sign in|login required", Refusal("failed", "forbidden", f"{_LATER}, or {_COOKIES}")),
    (r"unsupported url|no video could be found", Refusal("failed", "no-video", "look at the page in a browser")),
    (r"premieres in|will begin in|is live", Refusal("failed", "not-yet", "try again when it is over")),
    (
        r"video (is )?unavailable|video is no(t| longer) available|recording is not available",
        Refusal("failed", "unavailable"),
    ),
    (
        r"timed? ?out|connection|incomplete|more expected|content too short|http error 5\d\d|resolve|unreachable|ssl",
        Refusal("failed", "network", "try again"),
    ),
)


def refusal_of(message: str) -> Refusal:
    """What yt-dlp's message means.

    "Video unavailable" alone is said of removed videos and to who asks too fast: it is `failed` with the reason
    `unavailable`, to be believed when another run meets it again.
    """
    return next((refusal for words, refusal in _RULES if re.search(words, message, re.IGNORECASE)), _UNKNOWN)


def plain(message: str) -> str:
    """A message without colours, yt-dlp's own prefix, and its advice to users of its command line."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", message)
    text = re.sub(r"^(ERROR: *)+", "", text.strip())
    text = re.split(r"; please report this issue|\. ?Use --cookies|\(caused by|\nYou might want to use a VPN", text)[0]
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]
