"""Where the head is and how it moves: play, shuttle, step, in and out points, loop. Knows no pictures."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

from .timeline import Timeline

SPEEDS = (1, 2, 4, 8)
Points = tuple[int | None, int | None]


class Transport(QObject):
    """The play head over a timeline.

    `head` is a frame; `speed` 0 when it stands, negative backwards. The range is `in_point` (first frame) to
    `out_point` (the frame after the last); playing stays inside it. Time comes from a clock, not from counted ticks:
    when painting is late frames are skipped, and the speed stays true.
    """

    moved = Signal(int)
    speed_changed = Signal(int)
    range_changed = Signal()
    loop_changed = Signal(bool)
    timeline_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.timeline = Timeline()
        self.head = 0
        self.speed = 0
        self.loop = False
        self._in: int | None = None
        self._out: int | None = None
        self._origin = 0
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    @property
    def playing(self) -> bool:
        """Whether the head moves by itself."""
        return self.speed != 0

    @property
    def has_range(self) -> bool:
        """Whether an in or an out point is set."""
        return self._in is not None or self._out is not None

    @property
    def in_point(self) -> int:
        """The first frame that is played."""
        return 0 if self._in is None else self._in

    @property
    def out_point(self) -> int:
        """The frame after the last one that is played."""
        return self.timeline.length if self._out is None else self._out

    def set_timeline(self, timeline: Timeline, *, keep: bool) -> None:
        """Play something else. With `keep` head, range and speed stay on the same moments of the same shots."""
        old, self.timeline = self.timeline, timeline
        if keep:
            self._in, self._out = moved_points(self.points, old, timeline)
            head = timeline.place_from(old, self.head)
        else:
            self._in = self._out = None
            head = 0
            self.pause()
        self.timeline_changed.emit()
        self.range_changed.emit()
        self._put(head)
        if not timeline.segments:
            self.pause()
        elif self.playing:
            self._restart_clock()

    def seek(self, frame: int) -> None:
        """Put the head on a frame; playing goes on from there."""
        self._put(self.timeline.clamp(frame))
        if self.playing:
            self._restart_clock()

    def toggle(self) -> None:
        """Play at normal speed, or stop."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self, speed: int = 1) -> None:
        """Play; from the beginning of the range where the head is outside it or at its end."""
        if not self.timeline.segments or speed == 0:
            self.pause()
            return
        first, last = self.in_point, self.out_point - 1
        at_end = self.head >= last if speed > 0 else self.head <= first
        if at_end or not first <= self.head <= last:
            self._put(first if speed > 0 else last)
        self._set_speed(speed)
        self._restart_clock()

    def pause(self) -> None:
        """Stop where the head is."""
        self._timer.stop()
        self._set_speed(0)

    def shuttle(self, direction: int) -> None:
        """J and L: play in that direction, each press faster; a press the other way first turns round."""
        speed = abs(self.speed) if self.speed * direction > 0 else 0
        faster = next((step for step in SPEEDS if step > speed), SPEEDS[-1])
        self.play(direction * faster)

    def step(self, frames: int) -> None:
        """Stop, and move by that many frames."""
        self.pause()
        self.seek(self.head + frames)

    def step_seconds(self, seconds: int) -> None:
        """Stop, and move by that many seconds."""
        self.step(seconds * max(1, round(self.timeline.fps)))

    def next_cut(self) -> None:
        """Go to the beginning of the next shot."""
        self.seek(self.timeline.next_cut(self.head))

    def previous_cut(self) -> None:
        """Go to the beginning of this shot, or of the one before."""
        self.seek(self.timeline.previous_cut(self.head))

    def go_to_start(self) -> None:
        """Go to the first frame."""
        self.seek(0)

    def go_to_end(self) -> None:
        """Go to the last frame."""
        self.seek(self.timeline.length - 1)

    def set_in(self) -> None:
        """Let the range begin with this frame."""
        self._in = self.head
        if self._out is not None and self._out <= self.head:
            self._out = None
        self.range_changed.emit()

    def set_out(self) -> None:
        """Let the range end with this frame, which is still played."""
        self._out = self.head + 1
        if self._in is not None and self._in > self.head:
            self._in = None
        self.range_changed.emit()

    def clear_in(self) -> None:
        """Forget the in point."""
        self._in = None
        self.range_changed.emit()

    def clear_out(self) -> None:
        """Forget the out point."""
        self._out = None
        self.range_changed.emit()

    @property
    def points(self) -> Points:
        """In and out point as they are set: frames or None."""
        return self._in, self._out

    def set_points(self, points: Points) -> None:
        """Set both; None takes one away."""
        self._in, self._out = points
        self.range_changed.emit()

    def set_loop(self, loop: bool) -> None:
        """Begin again at the end, or stop there."""
        if loop != self.loop:
            self.loop = loop
            self.loop_changed.emit(loop)

    def toggle_loop(self) -> None:
        """Switch looping."""
        self.set_loop(not self.loop)

    def _put(self, frame: int) -> None:
        self.head = frame
        self.moved.emit(frame)

    def _set_speed(self, speed: int) -> None:
        if speed != self.speed:
            self.speed = speed
            self.speed_changed.emit(speed)

    def _restart_clock(self) -> None:
        self._origin = self.head
        self._clock.restart()
        self._wait()

    def _frames_gone(self) -> int:
        """Whole frames that belong to the time since the clock was started."""
        return int(self._clock.nsecsElapsed() * self.timeline.fps * abs(self.speed) / 1e9)

    def _wait(self) -> None:
        """Sleep until the next frame is due: at eight frames a second there is nothing to do in between."""
        due = (self._frames_gone() + 1) / (self.timeline.fps * abs(self.speed)) * 1e3
        self._timer.start(max(1, round(due - self._clock.nsecsElapsed() / 1e6)))

    def _tick(self) -> None:
        gone = self._frames_gone()
        forward = self.speed > 0
        frame = self._origin + (gone if forward else -gone)
        first, last = self.in_point, self.out_point - 1
        if first <= frame <= last:
            if frame != self.head:
                self._put(frame)
            self._wait()
        elif self.loop:
            self._put(first if forward else last)
            self._restart_clock()
        else:
            self._put(last if forward else first)
            self.pause()


def moved_points(points: Points, old: Timeline, new: Timeline) -> Points:
    """In and out point on a changed timeline; both are dropped where nothing is left between them."""
    first, last = points
    first = None if first is None else new.place_from(old, first)
    last = None if last is None else new.line_from(old, last)
    if (first or 0) >= (new.length if last is None else last):
        return None, None
    return first, last


def named_actions(transport: Transport) -> dict[str, Callable[[], None]]:
    """What the keys and buttons of a player do to its transport, by name (see `keys`)."""
    return {
        "toggle": transport.toggle,
        "back": lambda: transport.shuttle(-1),
        "stop": transport.pause,
        "forward": lambda: transport.shuttle(1),
        "frame_back": lambda: transport.step(-1),
        "frame_on": lambda: transport.step(1),
        "second_back": lambda: transport.step_seconds(-1),
        "second_on": lambda: transport.step_seconds(1),
        "cut_back": transport.previous_cut,
        "cut_on": transport.next_cut,
        "start": transport.go_to_start,
        "end": transport.go_to_end,
        "in": transport.set_in,
        "out": transport.set_out,
        "clear_in": transport.clear_in,
        "clear_out": transport.clear_out,
        "clear": lambda: transport.set_points((None, None)),
        "loop": transport.toggle_loop,
    }
