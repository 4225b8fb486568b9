"""How a panel is laid out: groups that fold, and labelled lines in them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.shortcuts import set_words
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE

LABEL_WIDTH = 10 * SPACE


class Section(QWidget):
    """A heading that folds what is under it away. `opened(bool)` goes out when it was pressed."""

    opened = Signal(bool)

    def __init__(self, title: str, *, is_open: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._head = QToolButton()
        self._head.setText(title)
        self._head.setProperty("role", "flat")
        self._head.setStyleSheet("padding-left: 0; font-weight: 600;")
        self._head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._head.setIconSize(QSize(12, 12))
        self._head.setAccessibleName(title)
        self._head.clicked.connect(lambda: self.set_open(not self._is_open))
        self._aside = QLabel()
        set_role(self._aside, "small")
        self._body = QWidget()
        self.content = QVBoxLayout(self._body)
        self.content.setContentsMargins(0, 0, 0, SPACE)
        self.content.setSpacing(SPACE)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self._head)
        head.addStretch()
        head.addWidget(self._aside)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(SPACE // 2)
        whole.addLayout(head)
        whole.addWidget(self._body)
        self._fold(is_open)

    @property
    def is_open(self) -> bool:
        """True while the content shows."""
        return self._is_open

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold."""
        if is_open != self._is_open:
            self._fold(is_open)

    def set_aside(self, text: str) -> None:
        """Write something small at the right end of the heading."""
        self._aside.setText(text)

    def _fold(self, is_open: bool) -> None:
        self._is_open = is_open
        self._head.setIcon(icon("down" if is_open else "right"))
        tip = self.tr("Hide {title}") if is_open else self.tr("Show {title}")
        self._head.setToolTip(tip.format(title=self._head.text()))
        self._body.setVisible(is_open)
        self.opened.emit(is_open)


def caption(text: str, buddy: QWidget | None = None) -> QLabel:
    """Return the label of a field."""
    label = QLabel(text)
    set_role(label, "muted")
    if buddy is not None:
        label.setBuddy(buddy)
    return label


def line(text: str, *fields: QWidget) -> QHBoxLayout:
    """Return one line: what it is, and its field; all fields of a panel begin at the same place."""
    label = caption(text, fields[0])
    label.setFixedWidth(LABEL_WIDTH)
    row = QHBoxLayout()
    row.setSpacing(SPACE // 2)
    row.addWidget(label)
    for place, field in enumerate(fields):
        row.addWidget(field, 1 if place == 0 else 0)
    return row


def stacked(text: str, field: QWidget, *beside: QWidget) -> QVBoxLayout:
    """Return a field under its label; what is `beside` stands at the label's right."""
    head = QHBoxLayout()
    head.addWidget(caption(text, field), 1)
    for widget in beside:
        head.addWidget(widget)
    column = QVBoxLayout()
    column.setSpacing(SPACE // 2)
    column.addLayout(head)
    column.addWidget(field)
    return column


def empty_page(title: str, text: str, *below: QLayout) -> QWidget:
    """What a panel shows that has nothing yet: a heading, what to do about it (it may name actions in braces, see
    `app.shortcuts`), and perhaps buttons for that."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
    column.setSpacing(SPACE)
    heading, told = QLabel(title), note("muted")
    set_role(heading, "heading")
    set_words(told, text)
    column.addStretch(1)
    column.addWidget(heading)
    column.addWidget(told)
    for layout in below:
        column.addSpacing(SPACE)
        column.addLayout(layout)
    column.addStretch(2)
    return page


def note(role: str = "small") -> QLabel:
    """Return a label for sentences that may be long."""
    label = QLabel()
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    set_role(label, role)
    return label


def rule() -> QFrame:
    """Return a thin line between groups."""
    frame = QFrame()
    frame.setFrameShape(QFrame.Shape.NoFrame)
    frame.setFixedHeight(1)
    frame.setStyleSheet("background: palette(mid);")
    return frame
