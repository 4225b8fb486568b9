"""Puts what the head is on onto a screen, as soon as it is decoded."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from .frames import FrameReader
from .lookahead import wishes
from .screen import Card
from .timeline import Segment
from .transport import Transport


class Projector(QObject):
    """Follows a transport. `picture` carries each frame that shall be shown, `card` what stands in for one;
    `waiting` says that a frame is being read."""

    picture = Signal(QImage)
    card = Signal(object)
    waiting = Signal()

    def __init__(self, transport: Transport, reader: FrameReader, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._transport, self._reader = transport, reader
        self._owed = False
        transport.moved.connect(self.show)
        reader.ready.connect(self._arrived)
        reader.failed.connect(lambda *_: self.show())

    def show(self) -> None:
        """Show the head's frame, now or when it comes, and let the frames around it be read."""
        transport, timeline = self._transport, self._transport.timeline
        place = timeline.at(transport.head)
        self._owed = False
        if place is None:
            self.card.emit(Card(self.tr("Nothing to play yet"), "", self.tr("Write a shot and generate it.")))
            return
        segment, index = place
        self._reader.want(wishes(timeline, transport.head, transport.speed, self._wrap()))
        if segment.clip is None:
            self.card.emit(self._blank(segment))
        elif problem := self._reader.problem(segment.clip):
            self.card.emit(self._broken(segment, problem))
        else:
            self._show_frame(segment, index)

    def _show_frame(self, segment: Segment, index: int) -> None:
        assert segment.clip is not None
        image = self._reader.frame(segment.clip, index)
        self._owed = image is None
        if image is None:
            self.waiting.emit()
        else:
            self.picture.emit(image)

    def _arrived(self) -> None:
        place = self._transport.timeline.at(self._transport.head)
        if self._owed and place is not None and place[0].clip is not None:
            self._show_frame(*place)

    def _wrap(self) -> int | None:
        transport = self._transport
        if not transport.loop:
            return None
        return transport.in_point if transport.speed >= 0 else max(0, transport.out_point - 1)

    def _blank(self, segment: Segment) -> Card:
        title = self.tr("Shot {number}").format(number=segment.number)
        return Card(title, segment.text, self.tr("No take yet. Generate the shot to see it here."))

    def _broken(self, segment: Segment, problem: str) -> Card:
        name = self.tr("Take {take}").format(take=segment.take_number) if segment.take_number else segment.text
        title = self.tr("{name} cannot be played").format(name=name)
        hint = self.tr("Select another take of the shot, or render it again.")
        return Card(title, self.tr("The clip has a problem: {problem}.").format(problem=problem), hint)
