"""How much of what a shot may see is used up."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme.style import colour
from app.theme.tokens import SPACE
from engine.contract import PlannedBlock


class TokenBar(QWidget):
    """One piece for each thing that is seen, on the whole budget of tokens."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pieces: list[int] = []
        self._budget = 1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Budget of tokens"))

    def show_blocks(self, used: Sequence[PlannedBlock], budget: int) -> None:
        """Show what is used of the budget."""
        self._pieces = [block.tokens for block in used]
        self._budget = max(budget, sum(self._pieces), 1)
        told = self.tr("{used} of {budget} tokens").format(used=sum(self._pieces), budget=budget)
        self.setAccessibleDescription(told)
        self.setToolTip(told)
        self.update()

    def sizeHint(self) -> QSize:
        """A thin bar."""
        return QSize(20 * SPACE, SPACE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the pieces side by side with a small gap."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect()).adjusted(0, 2, 0, -2)
        outline = QPainterPath()
        outline.addRoundedRect(whole, 2, 2)
        painter.setClipPath(outline)
        painter.fillRect(whole, colour("line"))
        left = whole.left()
        for piece in self._pieces:
            width = whole.width() * piece / self._budget
            painter.fillRect(QRectF(left, whole.top(), max(1.0, width - 1.5), whole.height()), colour("accent"))
            left += width
        painter.end()
