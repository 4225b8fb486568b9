"""A small panel beside what it is about; a click elsewhere or Escape closes it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from app.theme.style import set_role
from app.theme.tokens import SPACE


class Popover(QFrame):
    """Fill `content`, then `show_at`. It deletes itself when it is closed."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(title)
        set_role(self, "card")
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(2 * SPACE, SPACE, 2 * SPACE, 2 * SPACE)
        self.content.setSpacing(SPACE)
        head = QLabel(title)
        head.setWordWrap(True)
        set_role(head, "heading")
        self.content.addWidget(head)

    def show_at(self, place: QPoint) -> None:
        """Open with the upper right corner at a global place, inside the screen."""
        self.adjustSize()
        corner = place - QPoint(self.width(), 0)
        screen = self.screen().availableGeometry()
        corner.setX(max(screen.left(), min(corner.x(), screen.right() - self.width())))
        corner.setY(max(screen.top(), min(corner.y(), screen.bottom() - self.height())))
        self.move(corner)
        self.show()
