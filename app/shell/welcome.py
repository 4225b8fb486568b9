"""The page without a project: open the example, begin, open, go on with a recent one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.shell.dialog import button, named
from app.shortcuts import set_tip
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE


class Welcome(QWidget):
    """Signals say what the user wants; the window does it."""

    example_wanted = Signal()
    new_wanted = Signal()
    open_wanted = Signal()
    project_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        outer = QHBoxLayout(self)
        outer.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(2 * SPACE)
        outer.addLayout(column)
        outer.addStretch(1)
        column.addStretch(2)
        title = QLabel(self.tr("Matchcut"))
        set_role(title, "title")
        said = QLabel(
            self.tr("Write a scene shot by shot. Every shot is made by a model that sees the others,\n"
                    "so that the same fox walks through the same forest.")
        )  # fmt: skip
        set_role(said, "muted")
        column.addWidget(title)
        column.addWidget(said)
        column.addLayout(self._buttons())
        self._heading = QLabel(self.tr("Recent projects"))
        set_role(self._heading, "heading")
        column.addSpacing(SPACE)
        column.addWidget(self._heading)
        self.recent = QListWidget()
        self.recent.setFixedSize(560, 240)
        self.recent.setIconSize(QSize(20, 20))
        named(self.recent, self.tr("Recent projects"), self.tr("Enter or double click opens a project"))
        self.recent.itemActivated.connect(self._open_recent)
        column.addWidget(self.recent)
        self.state = QLabel()
        set_role(self.state, "muted")
        column.addWidget(self.state)
        column.addStretch(3)
        self.show_recent(())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        self.example = button(
            self.tr("Open the example"), self.example_wanted.emit, self.tr("A finished story to look at and change"),
            "primary",
        )  # fmt: skip
        self.new = button(self.tr("New project…"), self.new_wanted.emit)
        set_tip(self.new, self.tr("New project ({file.new})"))
        self.open = button(self.tr("Open…"), self.open_wanted.emit)
        set_tip(self.open, self.tr("Open a project ({file.open})"))
        for each in (self.example, self.new, self.open):
            row.addWidget(each)
        row.addStretch(1)
        return row

    def show_recent(self, paths: Sequence[str]) -> None:
        """List the projects that were open before and are still there."""
        self.recent.clear()
        for path in map(Path, paths):
            if path.is_dir():
                item = QListWidgetItem(icon("image"), path.name.removesuffix(".matchcut"))
                item.setToolTip(str(path))
                item.setData(Qt.ItemDataRole.UserRole, str(path))
                item.setSizeHint(QSize(0, 32))
                self.recent.addItem(item)
        shown = self.recent.count() > 0
        self.recent.setVisible(shown)
        self._heading.setVisible(shown)

    def busy(self, text: str) -> None:
        """Say what is going on, "" when nothing is; meanwhile nothing else can be begun."""
        self.state.setText(text)
        for each in (self.example, self.new, self.open, self.recent):
            each.setEnabled(not text)

    def _open_recent(self, item: QListWidgetItem) -> None:
        self.project_wanted.emit(Path(item.data(Qt.ItemDataRole.UserRole)))
