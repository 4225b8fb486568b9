"""Where an export's frames go: an MP4, a GIF or a folder of PNGs."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.film.encode import Frame, VideoWriter
from engine.film.errors import BadExport
from engine.film.soundtrack import Soundtrack
from engine.film.timeline import Timeline

GIF_BYTES = 2**30  # a GIF is held as one byte a pixel until it is written


class Sink(Protocol):
    """Takes the frames of a film in order."""

    def write(self, frame: Frame) -> None:
        """Take the next `(H, W, 3)` uint8 frame."""


class _SoundFilm:
    """An MP4 whose sound is written along with its pictures, so that neither waits in memory for the other."""

    def __init__(self, writer: VideoWriter, sound: Soundtrack | None) -> None:
        self._writer = writer
        self._sound = sound

    def write(self, frame: Frame) -> None:
        self._writer.write(frame)
        if self._sound is not None:
            self._writer.write_sound(self._sound.up_to(self._writer.frames))


class _PngFolder:
    def __init__(self, folder: Path, metadata: Mapping[str, str]) -> None:
        self._folder = folder
        self._first = PngInfo()
        for key, value in metadata.items():
            self._first.add_itxt(key.capitalize(), value)
        self._count = 0

    def write(self, frame: Frame) -> None:
        self._count += 1
        info = self._first if self._count == 1 else None
        Image.fromarray(frame).save(self._folder / f"{self._count:06d}.png", format="PNG", pnginfo=info)


class _Gif:
    def __init__(self) -> None:
        self._frames: list[Image.Image] = []

    def write(self, frame: Frame) -> None:
        # A palette for every frame: shots differ too much for one to serve the whole scene.
        picture = Image.fromarray(frame)
        palette = picture.quantize(256, method=Image.Quantize.MEDIANCUT)
        self._frames.append(picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG))

    def save(self, path: Path, fps: Fraction, metadata: Mapping[str, str]) -> None:
        # GIF counts hundredths of a second; rounding the ends, not the lengths, keeps the whole film in time.
        ends = [round(100 * place / fps) for place in range(len(self._frames) + 1)]
        durations = [10 * (stop - start) for start, stop in itertools.pairwise(ends)]
        self._frames[0].save(
            path,
            format="GIF",
            save_all=True,
            append_images=self._frames[1:],
            duration=durations,
            loop=0,
            comment=metadata.get("comment", "").encode(),
        )


@contextlib.contextmanager
def mp4_sink(path: Path, timeline: Timeline, metadata: Mapping[str, str], audio: Path | None) -> Iterator[Sink]:
    """An MP4 (see encode), with `audio` cut or padded with silence to its length. Raises MissingClip, DamagedClip."""
    with contextlib.ExitStack() as stack:
        sound = stack.enter_context(Soundtrack(audio, timeline.fps)) if audio is not None else None
        writer = VideoWriter(path, timeline.size, timeline.fps, metadata=metadata, sound=sound is not None, threads=0)
        yield _SoundFilm(stack.enter_context(writer), sound)


@contextlib.contextmanager
def gif_sink(path: Path, timeline: Timeline, metadata: Mapping[str, str]) -> Iterator[Sink]:
    """An endlessly looping GIF with the metadata as its comment. Raises BadExport when it would not fit in memory."""
    pixels = timeline.frames * timeline.size[0] * timeline.size[1]
    if pixels > GIF_BYTES:
        raise BadExport(
            f"This GIF would hold {pixels / 1e9:.1f} billion pixels.",
            "Export a smaller size, a lower frame rate or a shorter range, or an MP4.",
        )
    sink = _Gif()
    yield sink
    sink.save(path, timeline.fps, metadata)


@contextlib.contextmanager
def png_sink(folder: Path, metadata: Mapping[str, str]) -> Iterator[Sink]:
    """`000001.png` onwards in `folder`; the first carries the metadata as text chunks."""
    yield _PngFolder(folder, metadata)
