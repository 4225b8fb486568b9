"""Where the shots of a clip are: PySceneDetect's cuts, fades through black, and what is too short or stands still."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.film.cuts import detect_cuts
from engine.film.decode import FrameReader, VideoInfo
from engine.film.encode import Frame

DARK = 4.0  # mean brightness of 255 below which a frame is black: part of a fade, not of a shot
FADE = 1 / 3  # of a shot's usual brightness: the darker ends of it are a fade
STILL = 0.12  # mean change of 255 from frame to frame below which nothing moves: a title card, a still picture
_WIDTH = 96
_HUES, _STEPS = 8, 4  # bins of hue; of saturation and of brightness

Numbers = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Span:
    """Frames `start` to `stop` (exclusive) of a clip. `look`: what three frames inside look like (the first and last
    may belong to a fade)."""

    start: int
    stop: int
    look: Numbers  # (3, bins), each row sums to 1

    @property
    def frames(self) -> int:
        """How many frames of the clip it has."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Seen:
    """A clip as it was looked at: one number or row a frame. `change[n]` is that from frame n - 1 to n (0 first)."""

    info: VideoInfo
    brightness: Numbers
    change: Numbers
    looks: Numbers  # (F, bins)

    def span(self, start: int, stop: int) -> Span:
        """A stretch of it."""
        picks = [start + (stop - start - 1) * quarter // 4 for quarter in (1, 2, 3)]
        return Span(start, stop, self.looks[picks])

    def stands_still(self, span: Span) -> bool:
        """Whether nothing moves in it."""
        return span.frames > 1 and float(self.change[span.start + 1 : span.stop].mean()) < STILL


def look_at(path: Path) -> Seen:
    """Decode a clip once, small. Raises MissingClip, DamagedClip."""
    brightness, change, looks = [], [], []
    before: npt.NDArray[np.float32] | None = None
    with FrameReader(path, cache_bytes=0, max_width=_WIDTH) as reader:
        for frame in reader.frames():
            now = frame.astype(np.float32)
            brightness.append(float(now.mean()))
            change.append(0.0 if before is None else float(np.abs(now - before).mean()))
            looks.append(colours(frame))
            before = now
        info = reader.info
    return Seen(info, np.array(brightness, np.float32), np.array(change, np.float32), np.stack(looks))


def colours(frame: Frame) -> Numbers:
    """Histogram of hue, saturation and brightness (bins,) that sums to 1: what a picture looks like, not what it
    shows. Hue counts only where there is colour to speak of."""
    hsv = np.asarray(Image.fromarray(frame).convert("HSV"), dtype=np.int32).reshape(-1, 3)
    hue, saturation, value = hsv[:, 0] * _HUES // 256, hsv[:, 1] * _STEPS // 256, hsv[:, 2] * _STEPS // 256
    grey = (saturation == 0) | (value == 0)
    bins = np.where(grey, value, _STEPS + (hue * _STEPS + saturation) * _STEPS + value)
    counts = np.bincount(bins, minlength=_STEPS + _HUES * _STEPS * _STEPS)
    return np.asarray(counts / counts.sum(), dtype=np.float32)


def find_spans(path: Path, seen: Seen) -> list[Span]:
    """The shots of a clip in order, without black and fades. Dissolves are not found (nor by PySceneDetect)."""
    bounds = [0, *detect_cuts(path), len(seen.brightness)]
    spans = []
    for start, stop in pairwise(bounds):
        spans += [seen.span(*_without_fades(seen.brightness, a, b)) for a, b in _lit(seen.brightness, start, stop)]
    return spans


def _without_fades(brightness: Numbers, start: int, stop: int) -> tuple[int, int]:
    """The shot without its dark ends: those darker than a third of what it mostly is."""
    bright = np.flatnonzero(brightness[start:stop] >= FADE * float(np.median(brightness[start:stop])))
    return start + int(bright[0]), start + int(bright[-1]) + 1


def _lit(brightness: Numbers, start: int, stop: int) -> list[tuple[int, int]]:
    """Stretches of `start` to `stop` that are not black."""
    lit = np.concatenate([[False], brightness[start:stop] >= DARK, [False]])
    edges = np.flatnonzero(lit[1:] != lit[:-1])
    return [(start + int(a), start + int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
