"""What sites say, told apart by whether it is for good."""

from __future__ import annotations

import pytest

from prompt2sign.acquire.site_errors import plain, refusal_of


@pytest.mark.parametrize(
    ("message", "outcome", "reason"),
    [
        ("Private video. Sign in if you've been granted access to this video", "gone", "private"),
        ("Video unavailable. This video is private", "gone", "private"),
        ("Video unavailable. This video has been removed by the uploader", "gone", "removed"),
        ("This video has been removed for violating the Terms of Service", "gone", "removed"),
        ("This video is no longer available due to a copyright claim by X", "gone", "removed"),
        (
            "No longer available because the YouTube account associated with this video has been terminated.",
            "gone",
            "account-closed",
        ),
        ("The uploader has not made this video available in your country", "gone", "country"),
        ("This video is not available from your location due to geo restriction", "gone", "country"),
        ("Join this channel to get access to members-only content like this video", "gone", "members-only"),
        ("This video is DRM protected", "gone", "drm"),
        ("Unable to download webpage: HTTP Error 404: Not Found", "gone", "not-there"),
        ("Video unavailable", "failed", "unavailable"),
        ("Video unavailable. This video is not available", "failed", "unavailable"),
        ("Video unavailable. This content isn't available, try again later.", "failed", "rate-limited"),
        ("Sign in to confirm you’re not a bot. Use --cookies-from-browser", "failed", "bot-wall"),
        ("Sign in to confirm your age. This video may be inappropriate for some users", "failed", "age-wall"),
        ("unable to download video data: HTTP Error 403: Forbidden", "failed", "forbidden"),
        ("unable to download video data: HTTP Error 404: Not Found", "failed", "forbidden"),
        ("HTTP Error 429: Too Many Requests", "failed", "rate-limited"),
        ("n challenge solving failed: Some formats may be missing", "failed", "challenge"),
        ("Requested format is not available. Use --list-formats", "failed", "no-format"),
        ("Premieres in 3 hours", "failed", "not-yet"),
        ("Unsupported URL: https://example.org/", "failed", "no-video"),
        ("Read timed out.", "failed", "network"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "failed", "network"),
        ("content too short (expected 5 bytes and served 3)", "failed", "network"),
        ("Unable to extract player response", "failed", "site-error"),
        ("", "failed", "site-error"),
    ],
)
def test_each_message_has_its_meaning(message: str, outcome: str, reason: str) -> None:
    for text in (message, f"ERROR: [youtube] -abcdefghij: {message}", message.upper()):
        refusal = refusal_of(text)
        assert (refusal.outcome, refusal.reason) == (outcome, reason)


def test_only_the_sites_own_words_are_kept() -> None:
    message = (
        "\x1b[0;31mERROR:\x1b[0m [x] a: Broken\n player; please report this issue on  https://example.org/issues , v1"
    )
    assert plain(message) == "[x] a: Broken player"
    assert plain("ERROR: Sign in. Use --cookies for that") == "Sign in"
    assert len(plain("y" * 9000)) == 500
