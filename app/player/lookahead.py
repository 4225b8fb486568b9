"""Which frames the player will need, in order of need. Pure: numbers in, wishes out."""

from __future__ import annotations

from collections.abc import Iterator

from .frames import Wish
from .timeline import Timeline

SECONDS = 2.0
_SPARE_START = 12  # frames of the neighbouring shots: a jump to the next cut shows at once


def wishes(timeline: Timeline, head: int, speed: int = 0, wrap_to: int | None = None) -> list[Wish]:
    """Frames around `head`: itself, then two seconds each way (those ahead first while playing), then the whole shot.

    `wrap_to` is where a loop goes on. Shots without a clip wish for nothing.
    """
    found: dict[tuple[str, int], Wish] = {}
    for frame in _frames(timeline, head, speed, wrap_to):
        place = timeline.at(frame)
        if place is not None and place[0].clip is not None:
            clip, index = place[0].clip, place[1]
            found.setdefault((clip.id, index), (clip, index))
    return list(found.values())


def _frames(timeline: Timeline, head: int, speed: int, wrap_to: int | None) -> Iterator[int]:
    if not timeline.segments:
        return
    reach = max(1, round(SECONDS * timeline.fps))
    around = _ahead_then_behind(head, reach, speed) if speed else _both_ways(head, reach)
    yield from (frame for frame in around if 0 <= frame < timeline.length)
    if wrap_to is not None:
        yield from range(wrap_to, min(wrap_to + reach, timeline.length))
    place = timeline.index_at(head)
    here = timeline.segments[place]
    yield from sorted(range(here.start, here.end), key=lambda frame: abs(frame - head))
    for near in timeline.segments[place + 1 : place + 2] + timeline.segments[max(0, place - 1) : place]:
        yield from range(near.start, min(near.start + _SPARE_START, near.end))


def _ahead_then_behind(head: int, reach: int, speed: int) -> Iterator[int]:
    way = 1 if speed > 0 else -1
    yield from range(head, head + way * reach * abs(speed), way)
    yield from range(head, head - way * reach, -way)


def _both_ways(head: int, reach: int) -> Iterator[int]:
    yield head
    for distance in range(1, reach + 1):
        yield head + distance
        yield head - distance
