"""The eight languages and their text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt2sign.errors import UsageError
from prompt2sign.languages import LANGUAGES, get_language, lower, normalise_text

ASL, GSL, DSGS, LSFCH, LSA, KSL, TSL = map(get_language, ("ASL", "GSL", "DSGS", "LSF-CH", "LSA", "KSL", "TSL"))


def test_codes():
    found = {language.code: (language.sign_code, language.spoken_tag) for language in LANGUAGES}
    assert found == {
        "ASL": ("ase", "en-US"),
        "GSL": ("gsg", "de-DE"),
        "DSGS": ("sgg", "de-CH"),
        "LSF-CH": ("ssr", "fr-CH"),
        "LIS-CH": ("slf", "it-CH"),
        "LSA": ("aed", "es-AR"),
        "KSL": ("kvk", "ko-KR"),
        "TSL": ("tsm", "tr-TR"),
    }


@pytest.mark.parametrize("code", ["LSF-CH", "lsf-ch", " lsf_ch ", "Lsf-Ch"])
def test_codes_in_any_writing(code):
    assert get_language(code) is LSFCH
    assert LSFCH.slug == "lsf-ch"


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("gls", "GSL"), ("ase", "ASL"), ("DGS", "GSL"), ("tid", "TSL"), ("lsf", "LSF-CH"), ("lis", "LIS-CH"),
     ("dsg", "DSGS"), ("korean", "KSL"), ("German Sign Language", "GSL"), ("kls", "KSL"), ("한국수어", "KSL")],
)  # fmt: skip
def test_unknown_language_names_the_nearest(wrong, near):
    with pytest.raises(UsageError, match=f"did you mean {near}[?]"):
        get_language(wrong)


@pytest.mark.parametrize("wrong", ["", "zzzz", "\0", "../x"])
def test_unknown_language_without_a_near_one_lists_all(wrong):
    with pytest.raises(UsageError, match=r"no language .*ASL, GSL, DSGS, LSF-CH, LIS-CH, LSA, KSL, TSL") as caught:
        get_language(wrong)
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("language", "raw", "text"),
    [
        (GSL, "tiefer luftdruck bestimmt in den nächsten tagen .", "tiefer luftdruck bestimmt in den nächsten tagen ."),
        (GSL, "Größe", "Größe"),
        (GSL, "Zwei\r\nZeilen\u2028und  mehr\t", "Zwei Zeilen und mehr"),
        (GSL, "\ufeffNull\0Byte", "Null Byte"),
        (DSGS, "Größe, STRAẞE", "Grösse, STRASSE"),
        (LSFCH, "L&#39;&eacute;t&eacute; &amp; l&rsquo;hiver", "L'été & l’hiver"),
        (LSFCH, "e&#769;te", "éte"),
        (LSA, "¿¡Qué &para dónde, R&D?!", "¿¡Qué &para dónde, R&D?!"),
        (LSA, "sue&#0;no &#xD800;", "sue\ufffdno \ufffd"),
        (KSL, unicodedata.normalize("NFD", "수어 영상"), "수어 영상"),
        (TSL, "İSTANBUL ve ISPARTA", "İSTANBUL ve ISPARTA"),
        (ASL, "I\u00e2\u0080\u0099m here", "I’m here"),
        (ASL, "I\u00e2\u20ac\u2122m here", "I’m here"),
        (ASL, "caf\u00c3\u00a9", "café"),
        (ASL, "She said Â£5 and café", "She said Â£5 and café"),
        (ASL, '"with ""Lips and More""."', 'with "Lips and More".'),
        (ASL, '"Strong face, great bones."', '"Strong face, great bones."'),
        (ASL, '"One" and "two"', '"One" and "two"'),
        (ASL, '""', '""'),
        (GSL, '"a ""b"""', '"a ""b"""'),
        (ASL, " \n ", ""),
    ],
)
def test_normalise_text(language, raw, text):
    assert normalise_text(raw, language) == text


@given(st.text(), st.sampled_from(LANGUAGES))
def test_normalised_text_is_one_composed_line(raw, language):
    text = normalise_text(raw, language)
    assert unicodedata.is_normalized("NFC", text)
    assert text == " ".join(text.split())
    assert len(text.splitlines()) <= 1
    assert not any(unicodedata.category(character) == "Cc" for character in text)


@pytest.mark.parametrize(
    ("language", "text", "lowered"),
    [
        (TSL, "İSTANBUL ISPARTA", "istanbul ısparta"),
        (TSL, unicodedata.normalize("NFD", "İSTANBUL"), "istanbul"),
        (GSL, "ÄRGER IM STAU", "ärger im stau"),
    ],
)
def test_lower(language, text, lowered):
    assert lower(text, language) == lowered
