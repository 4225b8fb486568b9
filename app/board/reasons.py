"""What changed? A small window beside a card with the reasons why its take is stale, or why it failed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.shortcuts import set_tip
from app.theme.style import set_role
from app.theme.tokens import SPACE
from storyboards.views import ShotView

from .card_state import sentence

_WIDTH = 48 * SPACE
_HIGHEST = 40 * SPACE


class ReasonsPopover(QFrame):
    """Closes by a click beside it or Esc. `regenerate_wanted` and `keep_wanted` carry the ids of the listed shots."""

    regenerate_wanted = Signal(list)
    keep_wanted = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)  # its corners are round
        set_role(self, "popover")
        self.setAccessibleName(self.tr("What changed?"))
        self._ids: list[str] = []
        self._title = QLabel(self)
        set_role(self._title, "heading")
        self._reasons = QScrollArea(self)
        self._reasons.setWidgetResizable(True)
        self._reasons.setFrameShape(QFrame.Shape.NoFrame)
        self.refresh = QPushButton(self)
        set_role(self.refresh, "primary")
        self.refresh.clicked.connect(lambda: self._act(self.regenerate_wanted))
        self.keep = QPushButton(self.tr("Keep"), self)
        self.keep.setAccessibleName(self.tr("Keep the take"))
        self.keep.setToolTip(self.tr("The take is fine as it is: take the mark off"))
        self.keep.clicked.connect(lambda: self._act(self.keep_wanted))
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE)
        buttons.addWidget(self.refresh)
        buttons.addWidget(self.keep)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        layout.setSpacing(SPACE)
        layout.addWidget(self._title)
        layout.addWidget(self._reasons)
        layout.addSpacing(SPACE // 2)
        layout.addLayout(buttons)

    def open_for(
        self,
        shots: Sequence[ShotView],
        corner: QPoint,
        *,
        failure: tuple[str, str] | None = None,
        writable: bool = True,
    ) -> None:
        """Say about these shots why they are stale (or about one why it failed), with its corner at this place."""
        self._ids = [shot.id for shot in shots]
        stale = any(shot.stale for shot in shots)
        self._title.setText(self.tr("This did not work") if failure else self.tr("What changed?"))
        self.refresh.setText(self.tr("Try again") if failure else self.tr("Refresh"))
        self.refresh.setAccessibleName(self.refresh.text())
        set_tip(self.refresh, self.tr("Queue a new take ({shot.regenerate})"))
        self.keep.setVisible(stale and failure is None)
        self.refresh.setEnabled(writable)
        self.keep.setEnabled(writable)
        self._fill(shots, failure)
        self.adjustSize()
        self.move(_on_screen(self, corner))
        self.show()
        self.refresh.setFocus()

    def reasons(self) -> list[str]:
        """All that is listed, line by line."""
        content = self._reasons.widget()
        return [label.text() for label in content.findChildren(QLabel)] if content else []

    def _fill(self, shots: Sequence[ShotView], failure: tuple[str, str] | None) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE // 2)
        for shot in shots:
            if len(shots) > 1:
                layout.addWidget(_line(self.tr("Shot {0}").format(shot.number), "muted"))
            if failure:
                layout.addWidget(_line(failure[0]))
                layout.addWidget(_line(failure[1], "muted"))
                continue
            for reason in (*shot.stale, *shot.changed):
                layout.addWidget(_line(sentence(reason) + "."))
            for hint in shot.hints:
                layout.addWidget(_line(sentence(hint) + ".", "muted"))
        layout.addStretch(1)
        content.setFixedWidth(_WIDTH)
        self._reasons.setWidget(content)
        height = min(_HIGHEST, layout.heightForWidth(_WIDTH))
        self._reasons.setFixedSize(_WIDTH + (SPACE * 2 if height == _HIGHEST else 0), height)

    def _act(self, signal: SignalInstance) -> None:
        self.close()
        signal.emit(self._ids)


def _line(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        set_role(label, role)
    return label


def _on_screen(window: QWidget, corner: QPoint) -> QPoint:
    """Keep a window on its screen."""
    room: QRect = window.screen().availableGeometry()
    x = max(room.left(), min(corner.x(), room.right() - window.width()))
    y = max(room.top(), min(corner.y(), room.bottom() - window.height()))
    return QPoint(x, y)
