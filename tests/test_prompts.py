"""Templates fit any text, and the rule that fills them draws them evenly, repeatably and without reading the text."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt2sign.errors import ClipRejected, FormatError, MissingError, Prompt2SignError, UsageError
from prompt2sign.languages import LANGUAGES, Language, get_language
from prompt2sign.prompts import PLACEHOLDER, load_templates, prompts_for

AT_LEAST = {"ASL": 120, "GSL": 60}
ENGLISH = get_language("ASL")
TEMPLATES = {language.code: load_templates(language) for language in LANGUAGES}
#: Names of signing in each language: what a prompt must hold to say what is wanted.
SIGNING = {
    "ASL": r"\bASL\b|American Sign Language|\bsign",
    "GSL": r"\bDGS\b|Gebärdensprache|gebärd",
    "DSGS": r"\bDSGS\b|Gebärdensprache|[Gg]ebärd",
    "LSF-CH": r"\bLSF-CH\b|langue des signes|sign[eé]",
    "LIS-CH": r"lingua dei segni|segn",
    "LSA": r"\bLSA\b|[Ll]engua de [Ss]eñas|señ",
    "KSL": r"수어",
    "TSL": r"TİD|[İi]şaret",
}
#: Names that belong to one of the eight alone.
OWN_NAME = {
    "ASL": r"\bASL\b|American Sign Language",
    "GSL": r"\bDGS\b|Deutschen? Gebärdensprache|Deutscher Gebärdensprache",
    "DSGS": r"\bDSGS\b|Deutschschweiz",
    "LSF-CH": r"LSF-CH|Suisse romande",
    "LIS-CH": r"Svizzera italiana|Ticino",
    "LSA": r"\bLSA\b|[Aa]rgentin",
    "KSL": r"한국수어",
    "TSL": r"TİD|Türk İşaret Dili|Türkiye",
}
LETTERS = {"KSL": r"[가-힣]", "TSL": r"[çğıİöşü]"}


def key(template: str) -> str:
    """A template without case, punctuation and white space."""
    return re.sub(r"[\W_]+", "", template.casefold())


def after_text(template: str) -> str:
    return template.partition(PLACEHOLDER)[2]


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
class TestTemplates:
    def test_enough_and_no_two_alike(self, language: Language) -> None:
        templates = TEMPLATES[language.code]
        assert len(templates) >= AT_LEAST.get(language.code, 40)
        assert len({key(template) for template in templates}) == len(templates)

    def test_form(self, language: Language) -> None:
        for template in TEMPLATES[language.code]:
            assert template.count(PLACEHOLDER) == 1
            assert set(re.findall(r"[{}]", template.replace(PLACEHOLDER, ""))) == set()
            assert unicodedata.is_normalized("NFC", template)
            assert template == " ".join(template.split())
            assert template.isprintable()

    def test_says_that_signing_is_wanted(self, language: Language) -> None:
        silent = [t for t in TEMPLATES[language.code] if not re.search(SIGNING[language.code], t)]
        assert silent == []

    def test_most_name_the_language(self, language: Language) -> None:
        named = [t for t in TEMPLATES[language.code] if re.search(OWN_NAME[language.code], t)]
        assert len(named) >= 0.4 * len(TEMPLATES[language.code])

    def test_names_no_other_language(self, language: Language) -> None:
        foreign = [name for code, name in OWN_NAME.items() if code != language.code]
        assert [t for t in TEMPLATES[language.code] for name in foreign if re.search(name, t)] == []

    def test_quotes_are_paired_and_never_bare(self, language: Language) -> None:
        """The text stands in quotes, or after a colon or a question mark, or at the very end."""
        for template in TEMPLATES[language.code]:
            before, _, after = template.partition(PLACEHOLDER)
            quoted = (before[-1:], after[:1]) in {('"', '"'), ("„", "“"), ("«", "»")}
            assert quoted or before.endswith((": ", "? ")), template

    def test_asks_in_several_ways(self, language: Language) -> None:
        templates = TEMPLATES[language.code]
        questions = sum("?" in template for template in templates)
        colons = sum(template.endswith(": " + PLACEHOLDER) for template in templates)
        assert 0.2 * len(templates) <= questions <= 0.7 * len(templates)
        assert 0.1 * len(templates) <= colons <= 0.5 * len(templates)
        assert len({template[:12] for template in templates}) >= 0.7 * len(templates)

    def test_is_in_the_language(self, language: Language) -> None:
        if language.code in LETTERS:
            foreign = [t for t in TEMPLATES[language.code] if not re.search(LETTERS[language.code], t)]
            assert len(foreign) <= 2  # `TİD ile: {text}` is Turkish too


class TestGrammar:
    def test_no_sharp_s_in_switzerland(self) -> None:
        assert not re.search("[ßẞ]", "".join(TEMPLATES["DSGS"]))

    def test_swiss_german_is_not_a_copy_of_german(self) -> None:
        def bare(template: str) -> str:
            return key(re.sub(r"DSGS|DGS|Deutsche\w*|schweizer", "", template).replace("ß", "ss"))

        assert {bare(t) for t in TEMPLATES["DSGS"]}.isdisjoint({bare(t) for t in TEMPLATES["GSL"]})

    def test_korean_particles_never_depend_on_the_text(self) -> None:
        """After the text: nothing, a noun as in `이 말`, or 에 and 의, alike after any sound; never 을, 라는."""
        fits = re.compile(r'$|"(에|의| 이 [가-힣]+| 이거| 같은 말)')
        assert [t for t in TEMPLATES["KSL"] if not fits.match(after_text(t))] == []
        for wrong in ('"{text}"을 수어로', '"{text}"라는 말을 수어로', "{text}를 수어로", '"{text}" 을 수어로'):
            assert not fits.match(after_text(wrong))

    def test_turkish_suffixes_never_touch_the_text(self) -> None:
        touching = re.compile(r"""["”»]?['’]?\w|["”»]?['’]""")
        assert [t for t in TEMPLATES["TSL"] if touching.match(after_text(t))] == []
        assert touching.match(after_text('"{text}"\'i işaretle'))
        assert touching.match(after_text('"{text}"yi işaretle'))

    def test_romance_articles_never_lean_on_the_text(self) -> None:
        leaning = re.compile(
            r"(['’]|\b(le|la|les|du|des|il|lo|gli|del|della|al|el|los|un|una|une)) ?[\"«]?\{text\}", re.I
        )
        for code in ("LSF-CH", "LIS-CH", "LSA"):
            assert [t for t in TEMPLATES[code] if leaning.search(t)] == []

    def test_swiss_guillemets_have_no_inner_spaces(self) -> None:
        for code in ("DSGS", "LSF-CH", "LIS-CH"):
            assert [t for t in TEMPLATES[code] if re.search(r"«\s|\s»|[\"„“]", t)] == []

    def test_argentine_spanish(self) -> None:
        joined = "\n".join(TEMPLATES["LSA"])
        assert not re.search(r"\b(tú|puedes|muéstrame|dime|enséñame|vosotros)\b", joined, re.I)
        voseo = re.findall(r"\b(vos|mostrás|pasalo|traducí|interpretá|señá|decime|enseñame|contale)\b", joined, re.I)
        assert len(voseo) >= 6
        assert joined.count("?") == joined.count("¿")


class TestDrawing:
    def test_one_prompt_is_a_filled_template(self) -> None:
        (prompt,) = prompts_for("clip", "Is it far?", ("Sign this: {text}",), seed=0, count=1)
        assert prompt == "Sign this: Is it far?"

    def test_distinct_templates_up_to_all_of_them(self) -> None:
        templates = TEMPLATES["ASL"]
        prompts = prompts_for("clip", "word", templates, seed=3, count=len(templates))
        assert sorted(prompts) == sorted(template.replace("{text}", "word") for template in templates)

    def test_more_prompts_begin_with_the_fewer(self) -> None:
        drawn = [prompts_for("clip", "word", TEMPLATES["KSL"], seed=0, count=count) for count in range(6)]
        assert drawn[0] == []
        assert all(more[:-1] == fewer for fewer, more in pairwise(drawn))

    def test_the_order_of_templates_does_not_matter(self) -> None:
        templates = TEMPLATES["TSL"]
        ways = [prompts_for("clip", "word", order, seed=0, count=5) for order in (templates, templates[::-1])]
        assert ways[0] == ways[1]

    def test_a_template_more_changes_only_the_clips_that_draw_it(self) -> None:
        templates = TEMPLATES["LSA"]
        for number in range(200):
            before = prompts_for(f"clip-{number}", "sol", templates[:-1], seed=0, count=1)
            after = prompts_for(f"clip-{number}", "sol", templates, seed=0, count=1)
            assert after in (before, [templates[-1].replace("{text}", "sol")])

    def test_seed_and_clip_each_change_the_draw(self) -> None:
        first = [prompts_for(f"clip-{i}", "word", TEMPLATES["ASL"], seed=0, count=3) for i in range(20)]
        seeded = [prompts_for(f"clip-{i}", "word", TEMPLATES["ASL"], seed=1, count=3) for i in range(20)]
        assert len({tuple(prompts) for prompts in first + seeded}) == 40

    def test_other_processes_draw_the_same(self) -> None:
        program = (
            "from prompt2sign.languages import LANGUAGES\n"
            "from prompt2sign.prompts import load_templates, prompts_for\n"
            "print(ascii([prompts_for('a/수어:1', 'x', load_templates(l), seed=7, count=4) for l in LANGUAGES]))"
        )
        drawn = [prompts_for("a/수어:1", "x", templates, seed=7, count=4) for templates in TEMPLATES.values()]
        for hash_seed in ("0", "4711"):
            environment = os.environ | {"PYTHONHASHSEED": hash_seed}
            command = [sys.executable, "-c", program]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            assert done.stdout.strip() == ascii(drawn)

    def test_the_draw_never_changes_between_versions(self) -> None:
        """Sorted by `printf '0\\nclip\\nA {text}' | sha256sum`, then B and so on."""
        templates = [f"{letter} {{text}}" for letter in "ABCDEF"]
        drawn = prompts_for("clip", "x", templates, seed=0, count=6)
        assert drawn == ["A x", "D x", "C x", "E x", "B x", "F x"]

    def test_templates_are_used_evenly(self) -> None:
        """Chi-square of 4,000 draws from 48 templates; 47 degrees of freedom pass 93 once in 10,000 times."""
        templates = TEMPLATES["LSF-CH"]
        counts = Counter(prompts_for(f"clip-{i:05}", "x", templates, seed=0, count=1)[0] for i in range(4000))
        expected = 4000 / len(templates)
        assert len(counts) == len(templates)
        assert sum((count - expected) ** 2 / expected for count in counts.values()) < 93

    def test_not_more_than_there_are(self) -> None:
        with pytest.raises(UsageError, match=r"3 prompts a clip .* 2 templates.*--prompts-per-clip"):
            prompts_for("clip", "x", ("A {text}", "B {text}"), seed=0, count=3)
        with pytest.raises(UsageError, match="-1 prompts"):
            prompts_for("clip", "x", ("A {text}",), seed=0, count=-1)


class TestHostileTexts:
    @given(text=st.text(), clip_id=st.text(), seed=st.integers())
    def test_any_text_stands_in_the_prompt_letter_by_letter(self, text: str, clip_id: str, seed: int) -> None:
        words = " ".join(text.split())
        templates = TEMPLATES["GSL"]
        if not words:
            with pytest.raises(ClipRejected) as rejected:
                prompts_for(clip_id, text, templates, seed=seed, count=2)
            assert rejected.value.reason == "no-text"
            return
        for prompt in prompts_for(clip_id, text, templates, seed=seed, count=2):
            assert len(prompt.splitlines()) == 1
            assert any(t.replace(PLACEHOLDER, words) == prompt for t in templates)

    @pytest.mark.parametrize(
        "text",
        [
            "{text}",
            "{text} and {text}",
            "{0} {} {name!r:>10} {{",
            r"\1 \g<0> \n C:\new",
            "%s %(text)s $text",
            "'single' \"double\" «guillemets» „Gänsefüßchen“",
            "# not a comment",
        ],
    )
    def test_nothing_in_a_text_is_read_as_a_format(self, text: str) -> None:
        assert prompts_for("c", text, ('Sign "{text}"!',), seed=0, count=1) == [f'Sign "{text}"!']

    def test_other_braces_of_a_template_stay(self) -> None:
        prompts = prompts_for("c", "x", ("{ASL} {0} {{text}}",), seed=0, count=1)
        assert prompts == ["{ASL} {0} {x}"]

    def test_line_breaks_and_runs_of_space_become_one_space(self) -> None:
        text = "  first\r\nsecond\t\u2028 third\u00a0\u3000fourth \x85"
        assert prompts_for("c", text, ("ASL: {text}",), seed=0, count=1) == ["ASL: first second third fourth"]

    @pytest.mark.parametrize("text", ["", "   ", "\n\u3000\t"])
    def test_no_text_no_prompt(self, text: str) -> None:
        with pytest.raises(ClipRejected, match="clip-7: no text") as rejected:
            prompts_for("clip-7", text, ("ASL: {text}",), seed=0, count=1)
        assert rejected.value.reason == "no-text"
        assert prompts_for("clip-7", text, ("ASL: {text}",), seed=0, count=0) == []

    def test_ids_that_no_encoding_holds(self) -> None:
        assert len(prompts_for("bad\udcff", "x", TEMPLATES["ASL"], seed=0, count=2)) == 2


class TestOwnFiles:
    def write(self, folder: Path, content: bytes) -> Path:
        path = folder / "own.txt"
        path.write_bytes(content)
        return path

    def test_comments_blank_lines_bom_and_crlf(self, tmp_path: Path) -> None:
        path = self.write(tmp_path, b"\xef\xbb\xbf# mine\r\n\r\n  Sign:  {text} \r\n\t# more\r\nASL: {text}")
        assert load_templates(ENGLISH, path) == ("Sign: {text}", "ASL: {text}")

    def test_decomposed_letters_are_composed(self, tmp_path: Path) -> None:
        path = self.write(tmp_path, unicodedata.normalize("NFD", "수어: {text}").encode())
        assert load_templates(ENGLISH, path) == ("수어: {text}",)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"ASL: {text}\n\nSign it\n", r"own\.txt, line 3: 'Sign it' must hold \{text\} exactly once"),
            (b"# c\nSign '{}'\n", r"own\.txt, line 2: .*exactly once"),
            (b"{text} is {text}\n", r"own\.txt, line 1: .*exactly once"),
            (b"ASL: {text}\n#\nASL:  {text}\n", r"own\.txt, line 3: .*line 1 already"),
            (b"", r"own\.txt: no template"),
            (b"# only a comment\n\n", r"own\.txt: no template"),
            (b"ASL: {text}\nGeb\xe4rde: {text}\n", r"own\.txt: not UTF-8 \(byte 15\)"),
            ("ASL: {text}".encode("utf-16"), r"own\.txt: not UTF-8"),
        ],
    )
    def test_faults_name_file_and_line(self, tmp_path: Path, content: bytes, message: str) -> None:
        with pytest.raises(FormatError, match=message):
            load_templates(ENGLISH, self.write(tmp_path, content))

    @pytest.mark.parametrize("name", ["nowhere.txt", "."])
    def test_no_such_file(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(MissingError, match="no such file of templates"):
            load_templates(ENGLISH, tmp_path / name)

    @given(
        content=st.binary()
        | st.lists(st.sampled_from(["{text}", "#", "ASL ", "\r", "\n", "é"])).map("".join).map(str.encode)
    )
    def test_any_bytes_give_templates_or_a_clear_error(
        self, tmp_path_factory: pytest.TempPathFactory, content: bytes
    ) -> None:
        path = self.write(tmp_path_factory.getbasetemp(), content)
        try:
            templates = load_templates(ENGLISH, path)
        except Prompt2SignError as error:
            assert "own.txt" in str(error)
        else:
            assert all(template.count(PLACEHOLDER) == 1 for template in templates)
