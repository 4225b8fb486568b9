"""Moving pictures under the mouse: a card's filmstrip follows the mouse, and plays by itself while it rests."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QTimer
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip

from app.shortcuts import said
from storyboards.views import ShotView

if TYPE_CHECKING:
    from .view import BoardView

REST = 500  # ms without movement until the strip plays
SLOWEST = 400  # ms a cell


class StripPlayer(QObject):
    """Knows which card the mouse is on. Nothing is decoded: a strip is one small picture with all its cells."""

    def __init__(self, view: BoardView) -> None:
        super().__init__(view)
        self._view = view
        self._shot: ShotView | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._next)

    def hover(self, pos: QPoint) -> None:
        """The mouse is here now."""
        row = self._view.row_at(pos)
        poster = self._poster(row)
        shot = self._view.shots.shot(row) if poster.contains(pos) else None
        if shot is None or shot.selected is None or shot.job_state == "running":
            self.leave()
            return
        cells = self._view.cards.strip_cells
        self._show(shot, min(cells - 1, max(0, (pos.x() - poster.x()) * cells // poster.width())))
        self._timer.start(REST)

    def leave(self) -> None:
        """The mouse has gone, or does something else."""
        self._timer.stop()
        if self._shot is not None:
            left, self._shot = self._shot, None
            self._view.cards.scrubbed = None
            self._repaint(left)

    def tool_tip(self, event: QEvent) -> bool:
        """Say all of what a card has no room for."""
        help_event = cast(QHelpEvent, event)
        row = self._view.row_at(help_event.pos())
        shot = self._view.shots.shot(row)
        if shot is None:
            QToolTip.hideText()
            return True
        state = self._view.state_of(row)
        lines = [self.tr("Shot {0}").format(shot.number), shot.prompt, state.why if state.kind != "done" else ""]
        if shot.locked:
            lines.append(said(self.tr("Locked: press {shot.lock} to unlock it.")))
        QToolTip.showText(help_event.globalPos(), "\n".join(line for line in lines if line), self._view)
        return True

    def _show(self, shot: ShotView, cell: int) -> None:
        if self._shot is not None and self._shot.id != shot.id:
            self._repaint(self._shot)
        self._shot = shot
        if self._view.cards.scrubbed != (shot.id, cell):
            self._view.cards.scrubbed = (shot.id, cell)
            self._repaint(shot)

    def _next(self) -> None:
        now = self._view.cards.scrubbed
        if self._shot is None or now is None:
            self._timer.stop()
            return
        seconds = self._shot.frames / max(1.0, self._view.cards.fps)
        self._timer.start(min(SLOWEST, round(1000 * seconds / self._view.cards.strip_cells)))
        self._show(self._shot, (now[1] + 1) % self._view.cards.strip_cells)

    def _poster(self, row: int) -> QRect:
        return self._view.shape().poster.translated(self._view.cell_rect(row).topLeft()) if row >= 0 else QRect()

    def _repaint(self, shot: ShotView) -> None:
        row = self._view.shots.row_of(shot.id)
        if row >= 0:
            self._view.viewport().update(self._poster(row))
