"""The report in a real browser, opened from disk."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prompt2sign.formats.keypoints import write_keypoints
from prompt2sign.formats.shards import Source
from prompt2sign.pipeline.ledger import Ledger
from prompt2sign.pipeline.stage import file_sha256
from prompt2sign.pipeline.work import WorkFolder
from prompt2sign.records import Receipt
from prompt2sign.report import ReportOptions, write_report

from .browser import chromium, complaints, open_page, until
from .made import made_keypoints
from .reporting import HOSTILE, hostile_row, release, row, signing

N_FRAMES = 30
#: Of the large release.
N_CLIPS = 35_000
TEXTS = {
    "turkish": ("TSL", "İSTANBUL'DA ışık ılık süt içti"),
    "korean": ("KSL", "오늘 날씨가 좋습니다"),
    "german": ("GSL", "Über die Straße gehen größere Füße"),
}
#: Contrast of all text that is seen with its ground (WCAG 2.2, 1.4.3), as [ratio, text] where it is too low.
CONTRAST = """
const linear = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
const over = (top, under) => top.slice(0, 3).map((c, i) => c * (top[3] ?? 1) + under[i] * (1 - (top[3] ?? 1)));
const ground = (element) => {
  const own = parts(getComputedStyle(element).backgroundColor);
  return (own[3] ?? 1) === 1 || !element.parentElement ? own.slice(0, 3) : over(own, ground(element.parentElement));
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
  const isHidden = element.closest("script, style, .unseen, .skip, [disabled]");
  if (!text || !element.getClientRects().length || isHidden) continue;
  const style = getComputedStyle(element), under = ground(element);
  const [a, b] = [light(over(parts(style.color), under)), light(under)].sort((x, y) => y - x);
  const needed = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
  if ((a + 0.05) / (b + 0.05) < needed) found.push([(a + 0.05) / (b + 0.05), text]);
}
return found;
"""
#: How many pixels of the first 3D canvas are not as the last ones, and a sum that tells two pictures apart.
PIXELS = """
const canvas = one(".stage canvas[tabindex]");
const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
let inked = 0, sum = 0;
for (let i = 0; i < data.length; i += 4) {
  if (data[i] !== data[0]) inked++;
  sum = (sum * 31 + data[i] + 7 * data[i + 1] + 13 * data[i + 2]) % 1000000007;
}
return [inked, sum];
"""
SEEN = "all('.clips li .id').map((e) => e.textContent)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine clips, one of them hostile, two jumping, with generated motion and another release to compare with."""
    folder = tmp_path_factory.mktemp("report")
    some, other = signing(N_FRAMES), signing(N_FRAMES // 2, seed=3)
    rows = [
        row(name, text=text, language=lang, motion=some, signer=f"s {name}") for name, (lang, text) in TEXTS.items()
    ]
    rows += [row(f"plain {i}", split=("dev", "test")[i % 2], motion=some) for i in range(3)]
    rows += [
        row("trembles", motion=some, quality={"jitter": 0.9}),
        row("hidden", motion=some, quality={"left_hand_rate": 0.1, "right_hand_rate": 0.1}),
    ]
    made = release(folder / "r", [*rows, hostile_row()])
    bad = "".join(HOSTILE)
    pq.write_table(
        pa.table({name: [bad] for name in ("clip_id", "stage", "reason", "message")}), made / "rejected.parquet"
    )
    model = release(folder / "m", [row("trembles", motion=other)])
    against = release(
        folder / "s",
        [replace(rows[0], motion=replace(some, quality={**some.quality, "fit_error": 0.5})), row("elsewhere")],
    )
    return write_report(made, folder / "out", ReportOptions(against=against, beside=model)).index


def press(page: Any, *keys: str, shift: bool = False) -> None:
    from selenium.webdriver import ActionChains, Keys

    chain = ActionChains(page)
    if shift:
        chain.key_down(Keys.SHIFT)
    for key in keys:
        chain.send_keys(getattr(Keys, key, key))
    (chain.key_up(Keys.SHIFT) if shift else chain).perform()


def open_clip(page: Any, index: Path, clip_id: str) -> None:
    open_page(page, index, f"#clips/{clip_id}")
    until(
        page,
        f"textOf('.clip-title') === {clip_id!r} && textOf('.counter')",
    )


def counter(page: Any) -> str:
    return str(page.execute_script("return textOf('.counter')"))


def choose(page: Any, label: str, option: str) -> None:
    """Choose as a person does, by the names that are read."""
    page.execute_script(
        """const field = all("label.field").find((f) => f.offsetParent && f.firstChild.textContent === arguments[0]);
        const select = field.querySelector("select");
        select.value = [...select.options].find((o) => o.textContent === arguments[1]).value;
        select.dispatchEvent(new Event("change"));""",
        label, option,
    )  # fmt: skip


class TestOpens:
    @pytest.mark.parametrize(
        "address", ["", "#quality", "#compare", "#clips", "#clips/trembles", "#nonsense", "#constructor"]
    )
    def test_from_disk_without_a_complaint(self, page: Any, report: Path, address: str) -> None:
        complaints(page) if page.current_url.startswith("file:") else None
        open_page(page, report, address)
        page.execute_script("all('details').forEach((d) => { d.open = true; })")
        if "clips" in address:
            until(page, "one('.stage canvas')")
        assert complaints(page) == []
        text = page.execute_script("return document.body.innerText")
        assert len(text) > 200
        assert not re.search(r"\b(null|undefined|NaN|Infinity)\b|\[object", text)
        assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")

    def test_in_one_file(self, page: Any, tmp_path: Path) -> None:
        made = release(tmp_path / "r", [row("a", text="Guten Tag"), hostile_row()])
        index = write_report(made, tmp_path / "a.html", ReportOptions(single_file=True)).index
        open_clip(page, index, "a")
        assert page.execute_script(PIXELS)[0] > 500 and complaints(page) == []
        assert page.execute_script("return window.harmed") is None

    def test_nothing_may_be_loaded_but_files(self, page: Any, report: Path) -> None:
        """Even code that came into the page could not reach the network: its policy refuses."""
        open_page(page, report)
        page.execute_script(
            """fetch("https://example.org/a").catch(() => {}); new Image().src = "https://example.org/b";
            const script = document.createElement("script");
            script.src = "https://example.org/c";
            document.head.append(script);"""
        )
        blocked = until(page, "spied.blocked.length >= 3 && spied.blocked")
        assert {entry.split()[1] for entry in blocked} == {"connect-src", "img-src", "script-src-elem"}
        complaints(page)

    def test_a_missing_file_is_named(self, page: Any, tmp_path: Path) -> None:
        index = write_report(release(tmp_path / "r", [row("a")]), tmp_path / "out").index
        (tmp_path / "out" / "data" / "numbers.js").unlink()
        page.get(index.as_uri())
        assert "data/numbers.js is not there" in until(page, "textOf('.fault')")
        complaints(page)


class TestHostile:
    def test_a_tag_that_is_none(self, page: Any, tmp_path: Path) -> None:
        index = write_report(release(tmp_path / "r", [row("a", text="Guten Tag")]), tmp_path / "out").index
        script = tmp_path / "out" / "data" / "report.js"
        assert '"de-DE"' in script.read_text("utf-8")
        script.write_text(script.read_text("utf-8").replace('"de-DE"', '"not a tag!!"'), "utf-8")
        open_page(page, index, "#clips")
        page.execute_script("setTo(one('[type=search]'), 'guten')")
        until(page, f"{SEEN}.length === 1")
        assert complaints(page) == []

    def test_a_sentence_stays_a_sentence(self, page: Any, report: Path) -> None:
        open_page(page, report, "#clips")
        page.execute_script("setTo(one('[type=search]'), 'onerror')")
        until(page, f"{SEEN}.length === 1")
        page.execute_script("one('.clips a').click()")
        until(page, "textOf('.clip-title').includes('onerror')")
        page.execute_script("all('details').forEach((d) => { d.open = true; })")
        shown = page.execute_script("return textOf('.player')")
        for text in HOSTILE:
            assert shown.count(text) >= 8  # id, text, as published, gloss, prompts, signer, corpus, source and more
        for address in ("#quality", "#compare", "#overview"):
            open_page(page, report, address)
        page.execute_script("all('details').forEach((d) => { d.open = true; })")
        until(page, "all('#page-overview table').some((t) => t.textContent.includes('What happened'))")
        assert page.execute_script("return one('#page-overview').textContent").count(HOSTILE[0]) >= 12
        assert page.execute_script("return [window.harmed, document.images.length, Object.prototype.harmed]") == [
            None,
            0,
            None,
        ]
        assert complaints(page) == []


class TestList:
    def test_worst_first(self, page: Any, report: Path) -> None:
        open_page(page, report)
        worst = page.execute_script("return all('.worst a').slice(0, 2).map((a) => a.textContent)")
        assert set(worst) == {"trembles", "hidden"}
        page.execute_script("one('.worst a').click()")
        until(page, f"textOf('.clip-title') === {worst[0]!r}")
        assert set(page.execute_script(f"return {SEEN}")[:2]) == set(worst)

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("istanbul", ["turkish"]),
            ("IŞIK", ["turkish"]),
            ("날씨", ["korean"]),
            ("STRASSE", []),
            ("STRAßE", ["german"]),
            ("u\u0308ber", ["german"]),
        ],
    )
    def test_search_knows_the_language(self, page: Any, report: Path, query: str, found: list[str]) -> None:
        open_page(page, report, "#clips")
        page.execute_script(
            "setTo(one('[type=search]'), arguments[0])",
            query,
        )
        until(page, f"{SEEN}.length === {len(found)}")
        assert page.execute_script(f"return {SEEN}") == found

    def test_filters_and_orders(self, page: Any, report: Path) -> None:
        open_page(page, report, "#clips")
        choose(page, "Split", "dev")
        assert sorted(page.execute_script(f"return {SEEN}")) == ["plain 0", "plain 2"]
        choose(page, "Split", "All")
        choose(page, "Signer", "s korean")
        assert page.execute_script(f"return {SEEN}") == ["korean"]
        choose(page, "Signer", "All")
        choose(page, "Language", "TSL")
        assert page.execute_script(f"return {SEEN}") == ["turkish"]
        choose(page, "Language", "All")
        choose(page, "Sort", "Jitter, worst")
        assert page.execute_script(f"return {SEEN}")[0] == "trembles"
        page.execute_script("one('[aria-pressed]').click()")
        assert page.execute_script(f"return {SEEN}").index("trembles") == 8

    def test_a_bound_of_the_quality_page_shows_its_clips(self, page: Any, report: Path) -> None:
        open_page(page, report, "#quality")
        page.execute_script("""setTo(one('[type=number][aria-label="Leave out above: Jitter"]'), '0.5')""")
        assert page.execute_script("return textOf('.total')").startswith("All bounds together leave out 1 clip of 9")
        assert page.execute_script("return textOf('.command')") == "prompt2sign build … --max-jitter 0.5"
        page.execute_script("one('a.button').click()")
        until(page, "one('.clip-title')")
        assert page.execute_script(f"return {SEEN}") == ["trembles"]
        page.execute_script("one('.chips button').click()")
        assert len(page.execute_script(f"return {SEEN}")) == 9

    def test_text_has_its_language(self, page: Any, report: Path) -> None:
        open_page(page, report, "#clips")
        tags = dict(page.execute_script("return all('.clips .text').map((e) => [e.textContent, e.lang])"))
        assert [tags[text] for _, text in TEXTS.values()] == ["tr-TR", "ko-KR", "de-DE"]


class TestPlayer:
    def test_steps_and_draws(self, page: Any, report: Path) -> None:
        open_clip(page, report, "trembles")
        inked, first = page.execute_script(PIXELS)
        assert inked > 500 and counter(page) == f"1 / {N_FRAMES}"
        press(page, ".")
        assert counter(page) == f"2 / {N_FRAMES}" and page.execute_script(PIXELS)[1] != first
        press(page, ",")
        assert page.execute_script(PIXELS)[1] == first
        press(page, ".", shift=True)
        assert counter(page) == f"11 / {N_FRAMES}"
        press(page, "END")
        assert counter(page) == f"{N_FRAMES} / {N_FRAMES}"
        press(page, ".")
        assert counter(page) == f"{N_FRAMES} / {N_FRAMES}"

    def test_plays_to_its_end_and_loops(self, page: Any, report: Path) -> None:
        open_clip(page, report, "trembles")
        press(page, "l", " ")  # no loop, play
        until(
            page,
            f"textOf('.counter') === '{N_FRAMES} / {N_FRAMES}' && one('[aria-label=Play]')",
        )
        press(page, "l", " ")
        for wanted in (N_FRAMES - 3, 1, N_FRAMES - 3):
            compare = "<" if wanted == 1 else ">"
            limit = 8 if wanted == 1 else wanted
            until(page, f"parseInt(textOf('.counter')) {compare} {limit}")
        press(page, " ")
        assert page.execute_script("return !!one('[aria-label=Play]')")

    def test_turns_and_looks_from_the_side(self, page: Any, report: Path) -> None:
        open_clip(page, report, "trembles")
        pictures = {page.execute_script(PIXELS)[1]}
        for key in "23":
            press(page, key)
            pictures.add(page.execute_script(PIXELS)[1])
        press(page, "1")
        assert len(pictures) == 3 and page.execute_script(PIXELS)[1] in pictures
        page.execute_script("one('.stage canvas').focus()")
        press(page, "ARROW_RIGHT", "+")
        assert page.execute_script(PIXELS)[1] not in pictures
        assert "turned by 6 degrees" in page.execute_script("return one('.stage canvas').getAttribute('aria-label')")

    def test_generated_motion_in_step(self, page: Any, report: Path) -> None:
        open_clip(page, report, "trembles")
        drawn = """return all(".stage canvas").map((c) => c.toDataURL().length + c.toDataURL().slice(-80))"""
        assert page.execute_script("return all('.stage canvas').length") == 2
        start = page.execute_script(drawn)
        press(page, ".")
        second = page.execute_script(drawn)
        assert start[0] != second[0] and start[1] != second[1]
        press(page, "END")
        held = page.execute_script(drawn)[1]
        press(page, ",")
        assert page.execute_script(drawn)[1] == held  # half as long: it waits at its end

    def test_next_clip_of_the_list(self, page: Any, report: Path) -> None:
        open_page(page, report, "#clips")
        order = page.execute_script(f"return {SEEN}")
        until(page, f"textOf('.clip-title') === {order[0]!r}")
        press(page, "n")
        until(page, f"textOf('.clip-title') === {order[1]!r}")
        assert page.execute_script("return textOf('.clips [aria-current] .id')") == order[1]
        press(page, "p")
        until(page, f"textOf('.clip-title') === {order[0]!r}")

    def test_keys_do_not_disturb_typing(self, page: Any, report: Path) -> None:
        open_clip(page, report, "trembles")
        press(page, "/", "1", ".", " ", "l")
        assert page.execute_script("return one('[type=search]').value") == "1. l"
        assert counter(page) == f"1 / {N_FRAMES}" and page.execute_script("return !!one('[aria-label=Play]')")


class TestVideo:
    def test_runs_in_step_with_the_skeleton(self, page: Any, tmp_path: Path) -> None:
        imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
        (tmp_path / "r" / "videos").mkdir(parents=True)
        subprocess.run(
            [
                imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=s=800x600:r=25",
                "-frames:v", "40", "-pix_fmt", "yuv420p", str(tmp_path / "r" / "videos" / "a.mp4"),
            ],
            check=True,
        )  # fmt: skip
        motion = signing(40)
        made = release(
            tmp_path / "r", [row("a", motion=motion, corpus="folder", source=Source(clip_path="videos/a.mp4"))]
        )
        index = write_report(made, tmp_path / "out", ReportOptions(work=self.work(tmp_path / "work"))).index
        open_clip(page, index, "a")
        until(page, "one('video').readyState >= 2")
        press(page, ".", ".", ".")
        assert page.execute_script("return one('video').currentTime") == pytest.approx(3.5 / 25)
        press(page, " ")
        until(page, "one('video').currentTime > 0.6")
        time, shown = page.execute_script("return [one('video').currentTime, parseInt(textOf('.counter'))]")
        press(page, " ")
        assert abs(time * 25 - shown) < 6 and complaints(page) == []
        assert page.execute_script("return one('video').paused")
        # the 2D skeleton lies on the canvas over it
        assert page.execute_script(
            """const c = one(".picture canvas");
            const pixels = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
            return pixels.some((value, i) => i % 4 === 3 && value > 0)"""
        )

    def work(self, root: Path) -> Path:
        """A work folder that knows the keypoints of clip `a`."""
        folder = WorkFolder(root / "gsl" / "folder")
        path = folder.output("keypoints", "a", ".h5")
        path.parent.mkdir(parents=True)
        write_keypoints(path, made_keypoints(40))
        with Ledger(folder.ledger) as ledger:
            ledger.write(Receipt("a", "pose", "done", "f", folder.relative(path), file_sha256(path)))
        return root

    def test_a_missing_video_is_told(self, page: Any, tmp_path: Path) -> None:
        (tmp_path / "r" / "videos").mkdir(parents=True)
        (tmp_path / "r" / "videos" / "a.mp4").write_bytes(b"no video")
        made = release(tmp_path / "r", [row("a", source=Source(clip_path="videos/a.mp4"))])
        open_clip(page, write_report(made, tmp_path / "out").index, "a")
        assert "cannot play it" in until(page, "textOf('.missing')")
        press(page, " ")
        until(page, "parseInt(textOf('.counter')) > 3")
        complaints(page)


class TestCompare:
    def test_what_changed(self, page: Any, report: Path) -> None:
        open_page(page, report, "#compare")
        text = page.execute_script("return document.getElementById('page-compare').innerText")
        assert "1 clip in both, 8 only in r, 1 only in s" in text
        rows = page.execute_script("return all('#page-compare table').at(-1).innerText")
        assert "turkish" in rows and "0.500" in rows


class TestAccessible:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_contrast(self, page: Any, report: Path, scheme: str) -> None:
        page.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        for address in ("#overview", "#quality", "#compare", "#clips/trembles"):
            open_page(page, report, address)
            until(page, "one('#page-clips').hidden || one('.stage canvas')")
            assert page.execute_script(CONTRAST) == []

    def test_every_control_has_a_name(self, page: Any, report: Path) -> None:
        from selenium.webdriver.common.by import By

        for address in ("#overview", "#quality", "#compare", "#clips/trembles"):
            open_page(page, report, address)
            until(page, "one('#page-clips').hidden || one('.stage canvas')")
            controls = page.find_elements(By.CSS_SELECTOR, "a, button, input, select, canvas, svg[role=img], summary")
            shown = [control for control in controls if control.is_displayed()]
            assert shown and [c.get_attribute("outerHTML") for c in shown if not c.accessible_name.strip()] == []

    def test_the_keyboard_alone(self, page: Any, report: Path) -> None:
        """From the top of the overview to the second worst clip, playing: with Tab, Enter, arrows and Space."""
        focused = "return document.activeElement.textContent"
        open_page(page, report)
        press(page, "TAB")
        assert page.execute_script(focused) == "Skip to content"
        for _ in range(12):
            press(page, "TAB")
            if page.execute_script(focused) in ("trembles", "hidden"):
                break
        press(page, "ENTER")
        until(page, "document.activeElement.className === 'clip-title'")
        first = page.execute_script(focused)
        press(page, " ")
        until(
            page,
            "parseInt(textOf('.counter')) > 3 && one('[aria-label=Pause]')",
        )
        press(page, " ")
        page.execute_script("one('.clips a').focus()")
        press(page, "ARROW_DOWN", "ENTER")
        until(
            page,
            f"document.activeElement.className === 'clip-title' && document.activeElement.textContent !== {first!r}",
        )
        press(page, ".")
        assert page.execute_script("return document.getElementById('announce').textContent") == f"Frame 2 of {N_FRAMES}"

    def test_a_phone(self, page: Any, report: Path) -> None:
        phone = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
        page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
        try:
            for address in ("#overview", "#quality", "#compare", "#clips/trembles"):
                open_page(page, report, address)
                until(page, "one('#page-clips').hidden || one('.stage canvas')")
                assert page.execute_script("return document.documentElement.scrollWidth") <= 360
            assert page.execute_script("return one('.stage canvas').getBoundingClientRect().top") < 740
        finally:
            desk = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
            page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", desk)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """35,000 clips: one row group, written again and again with other ids and numbers; most of two frames."""
    folder = tmp_path_factory.mktemp("large")
    short, long = signing(2), signing(75)
    rows = (
        row(f"c{i}", text=f"Ein Satz von gewöhnlicher Länge mit der Nummer {i}", motion=short if i else long)
        for i in range(100)
    )
    shard = release(folder / "small", rows) / "data" / "train-00000.parquet"
    table, random = pq.read_table(shard), np.random.default_rng(7)
    place = table.schema.get_field_index("quality")
    (folder / "r").mkdir()
    with pq.ParquetWriter(folder / "r" / "train-00000.parquet", table.schema) as writer:
        for group in range(N_CLIPS // 100):
            ids = pa.array([f"clip {group:03}-{i:03}" for i in range(100)])
            jitter = random.gamma(2, 0.02, 100)
            quality = [{**q, "jitter": v} for q, v in zip(table.column(place).to_pylist(), jitter, strict=True)]
            quality[0]["jitter"] = 5.0 + group
            numbers = pa.array(quality, table.schema.field(place).type)
            writer.write_table(
                table.set_column(0, table.schema.field(0), ids).set_column(place, table.schema.field(place), numbers)
            )
    return write_report(folder / "r", folder / "out").index


@pytest.mark.long
class TestLarge:
    def test_first_list_and_frames_a_second(self, page: Any, large: Path) -> None:
        """Measured in the page; the best of three, as others may use this machine."""
        lists = []
        for _ in range(3):
            open_page(page, large, "#clips")
            lists.append(page.execute_script("return performance.getEntriesByName('first-list')[0].startTime"))
        assert min(lists) < 2000
        assert page.execute_script("return all('.clips li').length") == 50
        until(page, "textOf('.clip-title') === 'clip 349-000'")
        rates = page.execute_async_script(
            """const done = arguments[0], rates = [];
            let changes = 0, start = performance.now();
            one("[aria-label=Play]").click();
            const tick = (now) => {
              changes++;
              if (now - start >= 1000) { rates.push(changes / ((now - start) / 1000)); changes = 0; start = now; }
              if (rates.length < 3) requestAnimationFrame(tick); else done(rates);
            };
            requestAnimationFrame(tick);"""
        )
        assert max(rates) >= 30

    def test_filters_and_pages_at_once(self, page: Any, large: Path) -> None:
        open_page(page, large, "#clips")
        milliseconds = page.execute_script(
            """const field = all("label.field").find((f) => f.firstChild.textContent === "Sort");
            const select = field.querySelector("select"), times = [];
            for (const value of ["fit_error", "release", "jitter"]) {
              const start = performance.now();
              select.value = value;
              select.dispatchEvent(new Event("change"));
              times.push(performance.now() - start);
            }
            return Math.min(...times);"""
        )
        assert milliseconds < 500
        page.execute_script("all('.pager button').at(-1).click()")
        assert page.execute_script("return one('.pager').innerText.includes('51–100 of 35,000')")
        assert complaints(page) == []
