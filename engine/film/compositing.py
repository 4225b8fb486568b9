"""Rendering an export that is more than a join: MoviePy lays clips, titles and cross-fades over one another.

Two departures from MoviePy's usual way, both for exactness and bounded memory: clips read their frames through
`FrameReader` (by frame number, not by a rounded time), and the film is composed stretch by stretch, so that at most two
clips are open however long the scene is. What comes out goes to a `sinks.Sink`, not to `write_videofile`, which rounds
the rate to two decimals.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Generator
from fractions import Fraction
from typing import Any

import numpy as np

from engine.film.decode import FrameReader
from engine.film.encode import Frame
from engine.film.errors import ExportCancelled
from engine.film.lettering import title_plate
from engine.film.timeline import PlacedClip, Segment, Timeline

_CACHE_BYTES = 16 * 2**20  # a clip is read forwards; a few frames are enough
moviepy: Any = importlib.import_module("moviepy")
proglog: Any = importlib.import_module("proglog")


class ExportLogger(proglog.ProgressBarLogger):  # type: ignore[misc, unused-ignore]
    """MoviePy's progress without its printing: tells `progress` at most 20 times a second, and ends on cancel."""

    def __init__(self, total: int, progress: Callable[[float, str], None], cancelled: Callable[[], bool]) -> None:
        super().__init__(logged_bars=None, min_time_interval=0.05)
        self._total = total
        self._progress = progress
        self._cancelled = cancelled
        self.done = 0  # frames of the stretches before this one

    def bars_callback(self, bar: str, attr: str, value: int, old_value: int | None = None) -> None:
        """Called by MoviePy while it walks the frames of a stretch."""
        if self._cancelled():
            raise ExportCancelled
        if attr == "index" and value >= 0:
            self._progress((self.done + value) / self._total, f"frame {self.done + value} of {self._total}")


class _Projector:
    """Keeps the readers of the stretch being composed open, and closes the others."""

    def __init__(self) -> None:
        self._readers: dict[int, FrameReader] = {}

    def reader(self, clip: PlacedClip) -> FrameReader:
        if id(clip) not in self._readers:
            self._readers[id(clip)] = FrameReader(clip.path, _CACHE_BYTES)
        return self._readers[id(clip)]

    def keep_only(self, *clips: PlacedClip | None) -> None:
        wanted = {id(clip) for clip in clips}
        for key in [key for key in self._readers if key not in wanted]:
            self._readers.pop(key).close()

    def close(self) -> None:
        self.keep_only()


def film_frames(timeline: Timeline, titles: bool, logger: ExportLogger) -> Generator[Frame, None, None]:
    """All output frames in order, `(H, W, 3)` uint8. Raises MissingClip, DamagedClip, ExportCancelled.

    Clips of another size than the film's are fitted into it with black bars, never cropped, nor stretched by more than
    the two pixels that rounding takes.
    """
    with contextlib.closing(_Projector()) as projector:
        for segment in timeline.segments():
            projector.keep_only(segment.clip, segment.fade_to)
            with contextlib.closing(_compose(segment, timeline, titles, projector)) as clip:
                yield from clip.iter_frames(fps=float(timeline.fps), dtype="uint8", logger=logger)
            logger.done += segment.frames


def _compose(segment: Segment, timeline: Timeline, titles: bool, projector: _Projector) -> Any:
    """The MoviePy clip of one stretch."""
    below = _shot(segment.clip, segment.place, segment.frames, timeline, titles, projector)
    if segment.fade_to is None:
        return below
    above = _shot(segment.fade_to, 0, segment.frames, timeline, titles, projector)
    # The fade counts one frame more than the stretch and begins one frame in: no frame shows one shot alone.
    seconds = _seconds(segment.frames + 1, timeline.fps)
    step = _seconds(1, timeline.fps)
    opacity = moviepy.VideoClip(
        lambda t: np.full((timeline.size[1], timeline.size[0]), min(1.0, (t + step) / seconds)),
        is_mask=True,
        duration=above.duration,
    )
    return moviepy.CompositeVideoClip([below, above.with_mask(opacity)], size=timeline.size, use_bgclip=True)


def _shot(clip: PlacedClip, place: int, frames: int, timeline: Timeline, titles: bool, projector: _Projector) -> Any:
    """Output frames `place` to `place + frames` of one clip, in the film's size, with its title."""
    reader = projector.reader(clip)

    def frame_at(t: float) -> Frame:
        return reader.frame(clip.source_frame(place + round(t * timeline.fps), timeline.fps))

    # A quarter of a frame too long, because MoviePy cuts duration * fps down to a whole number.
    seconds = _seconds(frames, timeline.fps) + 0.25 / float(timeline.fps)
    shot = _fitted(moviepy.VideoClip(frame_at, duration=seconds), timeline.size)
    if titles and clip.title.strip():
        plate, at = title_plate(clip.title, timeline.size)
        words = moviepy.ImageClip(plate, transparent=True, duration=seconds).with_position(at)
        shot = moviepy.CompositeVideoClip([shot, words], size=timeline.size, use_bgclip=True)
    return shot


def _fitted(clip: Any, size: tuple[int, int]) -> Any:
    if tuple(clip.size) == size:
        return clip
    scale = min(size[0] / clip.size[0], size[1] / clip.size[1])
    inner = tuple(max(1, round(side * scale)) for side in clip.size)
    if all(side - part <= 2 for side, part in zip(size, inner, strict=True)):
        inner = size  # rounding, not another aspect: rather two pixels of stretch than a black line
    clip = clip.resized(inner)
    if inner == size:
        return clip
    at = ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2)
    return moviepy.CompositeVideoClip([clip.with_position(at)], size=size, bg_color=(0, 0, 0))


def _seconds(frames: int, fps: Fraction) -> float:
    return float(frames / fps)
