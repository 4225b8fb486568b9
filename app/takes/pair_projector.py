"""Shows two takes in step: both frames of a moment together, or neither."""

from __future__ import annotations

from itertools import chain, zip_longest

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from app.player.frames import FrameReader
from app.player.lookahead import wishes
from app.player.screen import Card
from app.player.timeline import Segment, Timeline
from app.player.transport import Transport
from storyboards.views import TakeView

from .words import say


class PairProjector(QObject):
    """Follows a transport that counts the first take's frames; the shorter take holds its last frame."""

    pair = Signal(QImage, QImage)
    broken = Signal(object, object)

    def __init__(self, transport: Transport, reader: FrameReader, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._transport, self._reader = transport, reader
        self._takes: tuple[TakeView, TakeView] | None = None
        transport.moved.connect(self.show)
        reader.ready.connect(self.show)
        reader.failed.connect(lambda *_: self.show())

    def set_takes(self, first: TakeView, second: TakeView) -> None:
        """Compare these two, from the beginning."""
        self._takes = first, second
        length = max(first.frames, round(second.frames / second.fps * first.fps))
        segment = Segment(first.shot_id, 0, "", 0, max(1, length))
        self._transport.set_timeline(Timeline((segment,), first.fps), keep=False)

    def frames_at(self, head: int) -> tuple[int, int]:
        """Which frame of each take belongs to this moment."""
        assert self._takes is not None
        first, second = self._takes
        other = round(head / first.fps * second.fps)
        return min(head, first.frames - 1), min(other, second.frames - 1)

    def show(self) -> None:
        """Show the moment of the head, now or when both frames have come."""
        if self._takes is None:
            return
        numbers = self.frames_at(self._transport.head)
        problems = [self._reader.problem(take) for take in self._takes]
        if any(problems):
            self.broken.emit(*(_card(take, problem) for take, problem in zip(self._takes, problems, strict=True)))
            return
        self._wish(numbers)
        images = [self._reader.frame(take, number) for take, number in zip(self._takes, numbers, strict=True)]
        if images[0] is not None and images[1] is not None:
            self.pair.emit(images[0], images[1])

    def _wish(self, numbers: tuple[int, int]) -> None:
        assert self._takes is not None
        lists = []
        for take, number in zip(self._takes, numbers, strict=True):
            timeline = Timeline((Segment(take.shot_id, 0, "", 0, max(1, take.frames), take),), take.fps)
            wrap = 0 if self._transport.loop else None
            lists.append(wishes(timeline, number, self._transport.speed, wrap))
        self._reader.want([wish for wish in chain.from_iterable(zip_longest(*lists)) if wish is not None])


def _card(take: TakeView, problem: str) -> Card | None:
    if not problem:
        return None
    title = say("Take {number} cannot be played").format(number=take.number)
    text = say("The clip has a problem: {problem}.").format(problem=problem)
    return Card(title, text, say("Compare another take."))
