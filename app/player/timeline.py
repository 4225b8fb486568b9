"""What the player plays, as numbers: segments one after the other, and which frame of which clip a moment shows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from storyboards.views import ShotView, TakeView


class Clip(Protocol):
    """Something with frames in a file; a `SelectedTake` and a `TakeView` are such.

    `video` may look at the disk, so only the thread that decodes asks for it.
    """

    @property
    def id(self) -> str: ...

    @property
    def video(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class File:
    """A clip by its path alone."""

    video: Path

    @property
    def id(self) -> str:
        """The path stands for the clip."""
        return str(self.video)


@dataclass(frozen=True, slots=True)
class Segment:
    """One shot on the timeline: frames `start` to `end` (exclusive). `clip` None: nothing to show but a card."""

    shot_id: str
    number: int
    text: str
    start: int
    frames: int
    clip: Clip | None = None
    take_number: int = 0
    continues: bool = False
    stale: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        """The frame after its last one."""
        return self.start + self.frames


@dataclass(frozen=True)
class Timeline:
    """Segments without gaps, from frame 0 on, at one frame rate."""

    segments: tuple[Segment, ...] = ()
    fps: float = 8.0
    starts: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", tuple(segment.start for segment in self.segments))

    @property
    def length(self) -> int:
        """Frames altogether."""
        return self.segments[-1].end if self.segments else 0

    def clamp(self, frame: int) -> int:
        """The nearest frame that there is; 0 on an empty timeline."""
        return max(0, min(frame, self.length - 1))

    def index_at(self, frame: int) -> int:
        """Which segment shows this frame; -1 on an empty timeline."""
        return bisect_right(self.starts, self.clamp(frame)) - 1

    def at(self, frame: int) -> tuple[Segment, int] | None:
        """The segment that shows this frame, and the frame's number inside it."""
        if not self.segments:
            return None
        frame = self.clamp(frame)
        segment = self.segments[self.index_at(frame)]
        return segment, frame - segment.start

    def next_cut(self, frame: int) -> int:
        """The first frame of the shot after this frame, or the last frame of all."""
        place = bisect_right(self.starts, frame)
        return self.starts[place] if place < len(self.starts) else self.clamp(self.length - 1)

    def previous_cut(self, frame: int) -> int:
        """The first frame of this frame's shot, or of the one before where this is that frame already."""
        place = bisect_left(self.starts, frame) - 1
        return self.starts[place] if place >= 0 else 0

    def segment_of(self, shot_id: str) -> Segment | None:
        """A shot's place."""
        return next((segment for segment in self.segments if segment.shot_id == shot_id), None)

    def place_from(self, old: Timeline, frame: int) -> int:
        """Where `frame` of an older timeline is now: the same moment of the same shot, if the shot is still there."""
        found = old.at(frame)
        segment = self.segment_of(found[0].shot_id) if found else None
        if found is None or segment is None:
            return self.clamp(frame)
        return segment.start + min(found[1], segment.frames - 1)

    def line_from(self, old: Timeline, edge: int) -> int:
        """Where the line before frame `edge` is now; the end of the old timeline stays the end."""
        return self.length if edge >= old.length else self.place_from(old, edge)


def of_scene(shots: Iterable[ShotView], fps: float) -> Timeline:
    """The selected takes of a scene joined in order; a shot without one is a card of the shot's length."""
    segments, start = [], 0
    for shot in shots:
        take = shot.selected
        frames = max(1, shot.frames if take is None else take.frames)
        segments.append(
            Segment(
                shot.id, shot.number, shot.prompt, start, frames, take, take.number if take else 0, shot.continues,
                shot.stale,
            )
        )  # fmt: skip
        start += frames
    return Timeline(tuple(segments), fps)


def of_shot(shots: Sequence[ShotView], shot_id: str, fps: float) -> Timeline:
    """One shot of the scene alone; empty where it is gone."""
    return of_scene((shot for shot in shots if shot.id == shot_id), fps)


def of_take(take: TakeView) -> Timeline:
    """One take alone, at its own rate."""
    segment = Segment(take.shot_id, 0, take.prompt, 0, max(1, take.frames), take, take.number, False, take.stale)
    return Timeline((segment,), take.fps)


def of_file(file: File, frames: int, fps: float) -> Timeline:
    """A clip of the disk."""
    return Timeline((Segment("", 0, file.video.name, 0, max(1, frames), file),), fps)


def timecode(frame: int, fps: float) -> str:
    """HH:MM:SS:FF; the frames count up to the rounded rate (23.976 counts 24, as non-drop timecode does)."""
    rate = max(1, round(fps))
    seconds, rest = divmod(max(0, frame), rate)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"
