"""Shows what two takes differ in; what is the same stands in one quiet line below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QWidget

from app.theme.style import set_role
from app.theme.tokens import SPACE
from storyboards.views import TakeView

from .differences import Difference, differences
from .words import say


class DifferenceTable(QScrollArea):
    """A small table, scrolled when the prompts are long."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: list[Difference] = []
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(10 * SPACE)
        self.setMaximumHeight(24 * SPACE)
        self.setAccessibleName(self.tr("What differs"))

    def show_takes(self, first: TakeView, second: TakeView) -> None:
        """List the differences of two takes."""
        lines = differences(first, second)
        if lines == self.lines:
            return
        self.lines = lines
        page = QWidget()
        set_role(page, "panel")
        grid = QGridLayout(page)
        grid.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        grid.setHorizontalSpacing(2 * SPACE)
        grid.setVerticalSpacing(SPACE // 2)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        differing = [line for line in lines if not line.same]
        for row, line in enumerate(differing):
            for column, label in enumerate((_label(line.name, "muted"), _label(line.first), _label(line.second))):
                grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignTop)
        if not differing:
            grid.addWidget(_label(say("Both takes were made the same way.")), 0, 0, 1, 3)
        same = ", ".join(line.name for line in lines if line.same)
        if same:
            text = say("The same in both: {names}").format(names=same)
            grid.addWidget(_label(text, "small"), len(differing) + 1, 0, 1, 3)
        grid.setRowStretch(len(differing) + 2, 1)
        self.setWidget(page)


def _label(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.RichText if not role else Qt.TextFormat.PlainText)
    label.setWordWrap(not role or role == "small")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        set_role(label, role)
    return label
