"""`prompt2sign plot`, and how a clip shows itself in a notebook."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompt2sign
from prompt2sign.errors import FormatError, MissingError, UsageError
from prompt2sign.formats.motion import write_motion
from prompt2sign.formats.shards import ShardWriter
from prompt2sign.loaders.clip import ReleaseClip
from prompt2sign.loaders.notebook import motion_svg
from prompt2sign.plotting import motion_strip, quality_distributions, save, systems, training_curves, trajectories
from prompt2sign.rendering import Shown
from prompt2sign.skeleton import LEFT_WRIST, SKELETON

from .made import run_here
from .making import make_motion, make_row

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release, the logs of two runs, and the scores of an evaluation."""
    folder = tmp_path_factory.mktemp("plots")
    (folder / "release").mkdir()
    writer = ShardWriter(folder / "release" / "train-00000.parquet")
    for number in range(1, 6):
        writer.add(make_row(f"_clip$-{number}", seed=number, n_frames=4 + number))
    writer.finish()
    writer.publish()
    for run, factor in (("first", 1.0), ("second", 0.5)):
        (folder / run).mkdir()
        lines = [{"step": step, "epoch": 0, "loss": factor / step} for step in range(1, 30)]
        lines += [{"step": 29, "dev/DTW-MJE": 0.3 * factor}]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / run / "log.jsonl").write_text(text + '{"step": 30, "lo', encoding="utf-8")
    (folder / "scores").mkdir()
    rows = {
        system: [
            {
                "name": "DTW-MJE",
                "value": value,
                "low": value - 0.1,
                "high": value + 0.1,
                "unit": "sw",
                "better": "lower",
            },
            {"name": "BLEU-4", "value": None, "low": None, "high": None, "unit": "%", "better": "higher"},
        ]
        for system, value in (("model", 0.4), ("mean pose held still", 0.6))
    }
    (folder / "scores" / "evaluation.json").write_text(json.dumps({"title": "t", "rows": rows}), encoding="utf-8")
    return folder


def commands(folder: Path) -> dict[str, list[str]]:
    release = str(folder / "release")
    return {
        "strip": [release, "_clip$-1", "_clip$-2"],
        "trajectories": [release, "_clip$-1", "_clip$-2", "--joint", "left_index_4"],
        "quality": [release, release],
        "training": [str(folder / "first"), str(folder / "second"), "--smooth", "3"],
        "systems": [str(folder / "scores")],
    }


@pytest.mark.parametrize("kind", ["strip", "trajectories", "quality", "training", "systems"])
def test_every_figure_is_vector_and_the_same_bytes_twice(kind: str, folder: Path, tmp_path: Path) -> None:
    for suffix, n_times in ((".pdf", 2), (".svg", 2 if kind == "systems" else 1)):
        files = [tmp_path / f"{number}{suffix}" for number in range(n_times)]
        for file in files:
            done = run_here("plot", kind, *commands(folder)[kind], "--out", str(file))
            assert done.code == 0, done.err
        one = files[0].read_bytes()
        assert one == files[-1].read_bytes()
        assert not re.search(rb"20\d\d-\d\d-\d\d|CreationDate|Matplotlib v", one)
        if suffix == ".pdf":
            assert one.startswith(b"%PDF-") and b"/Type3" not in one and b"/Subtype /Image" not in one
            assert b"/CIDFontType2" in one, "letters are whole TrueType fonts"
        else:
            tree = ElementTree.fromstring(one)
            assert not list(tree.iter(f"{SVG}image")) and not list(tree.iter(f"{SVG}text"))
            assert len(list(tree.iter(f"{SVG}path"))) > 20


def shown(n_frames: int = 9, label: str = "a clip") -> Shown:
    xyz = np.repeat(make_motion(1).xyz, n_frames, axis=0)
    xyz[:, LEFT_WRIST, 1] = np.arange(n_frames) / 10
    return Shown(label, label, xyz, 10.0)


def test_lines_are_the_numbers() -> None:
    figure = trajectories([shown(9), shown(5, "_other $1$")], ["left_wrist"])
    line = figure.axes[1].lines[0]
    assert np.allclose(line.get_xdata(), np.arange(9) / 10) and np.allclose(line.get_ydata(), np.arange(9) / 10)
    assert len(figure.axes[0].get_legend().get_texts()) == 2


def test_a_strip_shows_moments_of_one_time_line(tmp_path: Path) -> None:
    figure = motion_strip([shown(9), shown(5)], n_pictures=5)
    grid = np.array(figure.axes).reshape(2, 5)
    assert [axes.get_xlabel() for axes in grid[1]] == ["0.00 s", "0.20 s", "0.40 s", "0.60 s", "0.80 s"]
    assert [len(axes.collections) for axes in grid[1]] == [1, 1, 1, 0, 0], "the second is over after 0.4 s"
    assert len(grid[0][0].collections[0].get_segments()) == len(SKELETON.bones)
    assert np.isfinite(figure.get_size_inches()).all()
    save(figure, tmp_path / "strip.png")


def test_distributions_hold_every_clip(folder: Path) -> None:
    figure = quality_distributions([folder / "release"])
    by_name = {axes.get_title(): axes for axes in figure.axes if axes.get_visible()}
    assert {"body rate", "fit error", "left hand rate", "right hand rate"} <= set(by_name)
    vertices = by_name["body rate"].patches[0].get_path().vertices
    assert vertices[:, 1].max() == pytest.approx(100.0), "all clips have the same rate"


def test_curves_are_the_log_and_its_running_mean(folder: Path) -> None:
    figure = training_curves([folder / "first"], ["loss"], smooth=2)
    values = figure.axes[0].lines[0].get_ydata()
    assert len(values) == 29
    assert values[:3] == pytest.approx([1.0, 0.75, (1 / 2 + 1 / 3) / 2])
    assert {axes.get_title() for axes in training_curves([folder / "first"]).axes} >= {"loss", "dev/DTW-MJE"}


def test_bars_are_the_scores_and_their_intervals(folder: Path) -> None:
    axes = systems([folder / "scores"]).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.4, 0.6]
    assert axes.lines[0].get_xdata() == pytest.approx([0.3, 0.5])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["model", "mean pose held still"]


def test_folders_of_one_name_are_told_apart(folder: Path, tmp_path: Path) -> None:
    table = (folder / "scores" / "evaluation.json").read_bytes()
    files = [tmp_path / name / "scores" / "evaluation.json" for name in "ab"]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_bytes(table)
    for given_as in (files, [file.parent for file in files]):
        names = [label.get_text() for label in systems(given_as).axes[0].get_yticklabels()]
        assert names == [f"{one}/scores: {system}" for one in "ab" for system in ("model", "mean pose held still")]
    with pytest.raises(UsageError, match="twice"):
        systems([files[0], files[0].parent])


def test_numbers_that_no_axis_shows_are_refused_or_passed_over(folder: Path, tmp_path: Path) -> None:
    for value in ("9" * 400, "9" * 5000, "1e400", "NaN", "-1e300", "true"):
        row = f'{{"name": "x", "value": {value}, "low": 0, "high": 1}}'
        (tmp_path / "evaluation.json").write_text(f'{{"rows": {{"a": [{row}]}}}}', encoding="utf-8")
        with pytest.raises(FormatError, match="evaluate again"):
            systems([tmp_path])
        lines = f'{{"step": 1, "loss": 2}}\n{{"step": 2, "loss": {value}}}\n{{"step": {value}, "loss": 3}}\n'
        (tmp_path / "log.jsonl").write_text(lines + '{"step": 4, "loss": 5}\n', encoding="utf-8")
        assert list(training_curves([tmp_path]).axes[0].lines[0].get_ydata()) == [2, 5]


def test_figures_go_neither_into_a_release_nor_through_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "rel").mkdir()
    (tmp_path / "rel" / "release.json").write_text("{}")
    (tmp_path / "link.pdf").symlink_to("there.pdf")
    for out, message in (("rel/README.pdf", "lies in the release"), ("link.pdf", "is a link")):
        done = run_here("plot", "quality", str(folder / "release"), "--out", str(tmp_path / out), "--overwrite")
        assert done.code == 2 and message in done.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["link.pdf", "rel", "release.json"]


def test_what_cannot_be_plotted_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "log.jsonl").write_text("not JSON\n[1]\n", encoding="utf-8")
    for wrong in ("{", "[]", '{"rows": 3}', '{"rows": {"a": [{"name": "x", "value": "y"}]}}', "[" * 100_000):
        (tmp_path / "evaluation.json").write_text(wrong, encoding="utf-8")
        with pytest.raises(FormatError, match="evaluate again"):
            systems([tmp_path])
    for call, message in (
        (lambda: trajectories([shown()], ["left_tail"]), "no joint left_tail"),
        (lambda: motion_strip([], n_pictures=3), "needs a motion"),
        (lambda: training_curves([tmp_path / "none"]), "is not there"),
        (lambda: training_curves([folder / "first"], ["nonsense"]), "no log has nonsense"),
        (lambda: systems([folder / "scores"], ["nonsense"]), "no table has nonsense"),
        (lambda: systems([tmp_path / "none"]), "is not there"),
        (lambda: save(trajectories([shown()]), tmp_path / "a.doc"), "names no format"),
    ):
        with pytest.raises(UsageError, match=message):
            call()
    with pytest.raises(FormatError, match="no line with a step"):
        training_curves([tmp_path / "empty"])
    out = tmp_path / "a.pdf"
    out.write_bytes(b"mine")
    assert run_here("plot", "quality", str(folder / "release"), "--out", str(out)).code == 2
    assert out.read_bytes() == b"mine"


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingError, match=r"prompt2sign\[plot\]"):
        trajectories([shown()])


def test_the_command_line_starts_without_matplotlib() -> None:
    heavy = "{'matplotlib', 'cv2', 'av'} & set(sys.modules)"
    code = f"import sys; import prompt2sign.cli.plot, prompt2sign.cli.render; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# ---- notebooks

HOSTILE = "<script>alert(1)</script>\"'&]]>--><img src=x onerror=alert(1)>\u2028 오늘 Grüße"


class Seen(HTMLParser):
    """Tags and text of HTML as a browser takes them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def clip(folder: Path) -> ReleaseClip:
    return prompt2sign.open_release(folder / "release")[0]


def test_a_clip_shows_itself_and_nothing_in_it_is_markup(clip: ReleaseClip) -> None:
    words = ("clip_id", "lang", "sign_language", "spoken_language", "corpus", "split", "signer", "text", "gloss")
    html = replace(clip, **dict.fromkeys(words, HOSTILE))._repr_html_()
    seen = Seen(html)
    assert set(seen.tags) <= {"div", "svg", "title", "rect", "path", "ellipse", "animate", "table", "tr", "th", "td"}
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name in ("href", "src")]
    assert seen.text.count(HOSTILE) >= 7
    assert clip.text in Seen(clip._repr_html_()).text
    assert clip._repr_html_() == clip._repr_html_()


def test_the_animation_has_the_clips_length_and_a_size_that_notebooks_bear(clip: ReleaseClip) -> None:
    long = np.repeat(make_motion(1).xyz, 3000, axis=0)
    svg = motion_svg(long, 25.0, "long")
    assert len(svg) < 120_000
    tree = ElementTree.fromstring(svg)
    animations = list(tree.iter(f"{SVG}animate"))
    assert {animation.get("dur") for animation in animations} == {"120.000s"}
    for animation in animations:
        courses = animation.get("values", "").split(";")
        assert len(courses) == 75
        assert len({re.sub(r"[-\d]+", "0", course) for course in courses}) == 1, "pictures of one kind blend"


@settings(max_examples=20, deadline=None)
@given(st.floats(-1e30, 1e30), st.sampled_from([0.1, 25.0, 1000.0]), st.text())
def test_any_motion_is_well_formed(far: float, fps: float, title: str) -> None:
    motion = np.full((2, SKELETON.count, 3), far, np.float32)
    svg = motion_svg(motion, fps, "".join(letter for letter in title if letter.isprintable()))
    ElementTree.fromstring(svg)
    ElementTree.fromstring(motion_svg(motion[:0], fps, "nothing"))
    ElementTree.fromstring(motion_svg(motion * np.float32("nan"), fps, "none"))


def test_motion_files_can_be_plotted(tmp_path: Path) -> None:
    write_motion(tmp_path / "a.h5", make_motion(4))
    done = run_here("plot", "strip", str(tmp_path / "a.h5"), "--out", str(tmp_path / "a.svg"), "--pictures", "2")
    assert done.code == 0, done.err
