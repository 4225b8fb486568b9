"""All about one take: the words and numbers it was made with, not today's."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE, TARGET
from storyboards.views import TakeView

from .words import facts, made, saw, say


def reveal(folder: Path) -> None:
    """Open a take's folder in the file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


class TakeDetails(QScrollArea):
    """Shows a take; empty without one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._take: TakeView | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(32 * SPACE)
        self.setAccessibleName(self.tr("About the take"))

    def show_take(self, take: TakeView | None) -> None:
        """Show a take, or nothing."""
        if take == self._take:
            return
        same = take is not None and self._take is not None and take.id == self._take.id
        place = self.verticalScrollBar().value() if same else 0
        self._take = take
        self.setWidget(QWidget() if take is None else _page(take))
        self.verticalScrollBar().setValue(place)


def _page(take: TakeView) -> QWidget:
    page = QWidget()
    set_role(page, "panel")
    column = QVBoxLayout(page)
    column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
    column.setSpacing(SPACE)
    column.addWidget(_label(say("Take {number}").format(number=take.number), "heading"))
    for reason in take.stale:
        column.addWidget(_label(say("Stale: {reason}").format(reason=reason), "attention"))
    for reason in (*take.changed, *take.hints):
        column.addWidget(_label(reason[:1].upper() + reason[1:], "muted"))
    column.addWidget(_label(take.prompt or say("Made without a prompt"), "" if take.prompt else "muted"))
    column.addWidget(_seed(take))
    form = QFormLayout()
    form.setHorizontalSpacing(2 * SPACE)
    form.setVerticalSpacing(SPACE // 2)
    for name, value in (*facts(take), (say("Made"), made(take)), (say("Engine"), take.engine_version)):
        form.addRow(_label(name, "muted"), _label(value))
    column.addLayout(form)
    column.addWidget(_label(say("What it saw"), "muted"))
    for item in take.context:
        column.addWidget(_label(saw(item)))
    if not take.context:
        column.addWidget(_label(say("Nothing but its prompt")))
    column.addStretch(1)
    return page


def _seed(take: TakeView) -> QWidget:
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(SPACE)
    for label in (_label(say("Seed"), "muted"), _label(str(take.seed))):
        label.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(label)
    copy = QToolButton()
    copy.setIcon(icon("duplicate"))
    copy.setFixedSize(TARGET, TARGET)
    copy.setAccessibleName(say("Copy the seed"))
    copy.setToolTip(say("Copy the seed"))
    set_role(copy, "flat")
    copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(str(take.seed)))
    row.addWidget(copy)
    row.addStretch(1)
    return line


def _label(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        set_role(label, role)
    return label
