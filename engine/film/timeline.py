"""The arithmetic of an export, in whole frames: which clip gives which output frame, where clips overlap.

Every length is counted once, here, in frames of the output rate; nothing downstream adds seconds up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from engine.contract import ExportItem, ExportOptions
from engine.film.decode import VideoInfo
from engine.film.encode import exact_rate
from engine.film.errors import BadExport


@dataclass(frozen=True, slots=True)
class PlacedClip:
    """One clip on the output's time axis.

    `first` is the source frame it begins with, `rate` the source's frame rate; `frames` its length and `start` its
    place in output frames; its first `overlap` frames cross-fade with the end of the clip before.
    """

    path: Path
    title: str
    first: int
    last: int  # the last source frame it may show
    rate: Fraction
    frames: int
    overlap: int
    start: int

    def source_frame(self, place: int, fps: Fraction) -> int:
        """The source frame for the clip's output frame `place` (0 = its first) at output rate `fps`."""
        return min(self.first + int(place * self.rate / fps), self.last)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the output made from one clip, or (`fade_to` set) from a clip fading into the next.

    `place` is the first frame of it within `clip`; within `fade_to` it is always frame 0.
    """

    clip: PlacedClip
    place: int
    frames: int
    fade_to: PlacedClip | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole export: rate, size (width, height) and clips in order."""

    fps: Fraction
    size: tuple[int, int]
    clips: tuple[PlacedClip, ...]

    @property
    def frames(self) -> int:
        """Length of the film: the sum of the clips' lengths less what overlaps."""
        return self.clips[-1].start + self.clips[-1].frames

    def segments(self) -> Iterator[Segment]:
        """The film as stretches in order; their lengths add up to `frames`."""
        for number, clip in enumerate(self.clips):
            after = self.clips[number + 1] if number + 1 < len(self.clips) else None
            tail = after.overlap if after else 0
            body = clip.frames - clip.overlap - tail
            if body:
                yield Segment(clip, clip.overlap, body)
            if tail:
                yield Segment(clip, clip.frames - tail, tail, fade_to=after)


def lay_out(items: Sequence[ExportItem], infos: Sequence[VideoInfo], options: ExportOptions) -> Timeline:
    """Place all items. Rate and size are the options', else the first clip's.

    A cross-fade takes `round(seconds * fps)` frames, but never more than half of either clip, so that two
    cross-fades never meet inside a short shot. Raises BadExport for ranges outside a clip or negative numbers.
    """
    if options.crossfade < 0:
        raise BadExport("A cross-fade cannot be negative.", "Use 0 for a cut.")
    fps = exact_rate(options.fps if options.fps is not None else infos[0].fps)
    fade = round(Fraction(options.crossfade) * fps)
    clips: list[PlacedClip] = []
    for item, info in zip(items, infos, strict=True):
        first, stop = source_range(item, info)
        rate = exact_rate(info.fps)
        frames = max(1, round((stop - first) * fps / rate))
        overlap = min(fade, clips[-1].frames // 2, frames // 2) if clips else 0
        start = clips[-1].start + clips[-1].frames - overlap if clips else 0
        clips.append(PlacedClip(Path(item.path), item.title, first, stop - 1, rate, frames, overlap, start))
    return Timeline(fps, frame_size(infos[0], options), tuple(clips))


def source_range(item: ExportItem, info: VideoInfo) -> tuple[int, int]:
    """The item's range as (first, stop) source frames. Raises BadExport when it is empty or outside the clip."""
    first = 0 if item.in_frame is None else item.in_frame
    stop = info.frames if item.out_frame is None else item.out_frame
    if not 0 <= first < stop <= info.frames:
        raise BadExport(
            f"The range {first} to {stop} does not fit {item.path}, which has {info.frames} frames.",
            "Set the in and out points inside the clip, in before out.",
        )
    return first, stop


def frame_size(info: VideoInfo, options: ExportOptions) -> tuple[int, int]:
    """Output (width, height): the options', the missing one by the clip's aspect; even for MP4. Raises BadExport."""
    width, height = options.width, options.height
    if any(side is not None and not 2 <= side <= 16384 for side in (width, height)):
        raise BadExport(f"{width} x {height} is not a picture size.", "Use 2 to 16384 pixels.")
    if width is None:
        width = info.width if height is None else max(2, round(info.width * height / info.height))
    if height is None:
        height = info.height if options.width is None else max(2, round(info.height * width / info.width))
    if options.format == "mp4":
        return width + width % 2, height + height % 2
    return width, height
