"""Pictures -> an animated GIF with a palette of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import chain, count, islice
from pathlib import Path

import av
from av.filter import Graph

from ..drawing.draw import Picture

#: A GIF counts time in hundredths of a second.
_TICK = Fraction(1, 100)
#: Players wait this many ticks at least: what says less is shown at a tenth of the speed.
_SHORTEST = 2
#: The palette is chosen from so many pictures at the start: a clip of signing hardly changes its colours.
_PALETTE_PICTURES = 48


def write_gif(path: Path, pictures: Iterable[Picture], fps: float) -> None:
    """Write pictures as a GIF that repeats; above 50 frames per second it is slower than the clip.

    Args:
        path: File to write.
        pictures: (H, W, 3) uint8 RGB of one size, at least one.
        fps: Frames per second.

    Raises:
        OSError: The disk is full or read-only.
    """
    coming = iter(pictures)
    ahead = list(islice(coming, _PALETTE_PICTURES))
    height, width = ahead[0].shape[:2]
    with av.open(f"file:{path.absolute()}", "w", format="gif", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("gif", rate=round(1 / _TICK))
        stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
        stream.codec_context.time_base = _TICK
        for number, frame in enumerate(_in_palette(chain(ahead, coming), _palette(ahead))):
            frame.pts, frame.time_base = round(number * max(100 / fps, _SHORTEST)), _TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _palette(pictures: Sequence[Picture]) -> av.VideoFrame:
    """The 256 colours that serve these pictures best (FFmpeg's `palettegen`), as a picture of 16 x 16."""
    graph = Graph()
    source = _source(graph, pictures[0])
    choose, end = graph.add("palettegen"), graph.add("buffersink")
    source.link_to(choose)
    choose.link_to(end)
    graph.configure()
    for frame in _frames(pictures):
        source.push(frame)
    source.push(None)
    palette = end.pull()
    assert isinstance(palette, av.VideoFrame)
    return palette


def _in_palette(pictures: Iterable[Picture], palette: av.VideoFrame) -> Iterator[av.VideoFrame]:
    coming = iter(pictures)
    first = next(coming)
    graph = Graph()
    source = _source(graph, first)
    colours = graph.add_buffer(
        width=palette.width, height=palette.height, format=palette.format, time_base=_TICK, name="palette"
    )
    use, end = graph.add("paletteuse", "dither=bayer:bayer_scale=4"), graph.add("buffersink")
    source.link_to(use, 0, 0)
    colours.link_to(use, 0, 1)
    use.link_to(end)
    graph.configure()
    palette.pts, palette.time_base = 0, _TICK
    colours.push(palette)
    colours.push(None)
    for frame in chain(_frames(chain([first], coming)), [None]):
        source.push(frame)
        with suppress(av.BlockingIOError, av.EOFError):
            while isinstance(done := end.pull(), av.VideoFrame):
                yield done


def _source(graph: Graph, picture: Picture) -> av.filter.context.FilterContext:
    height, width = picture.shape[:2]
    return graph.add_buffer(
        width=width, height=height, format=av.VideoFormat("rgb24"), time_base=_TICK, name="pictures"
    )


def _frames(pictures: Iterable[Picture]) -> Iterator[av.VideoFrame]:
    for number, picture in zip(count(), pictures, strict=False):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = number, _TICK
        yield frame
