"""The stories that came with Matchcut, to begin with."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from app.shell import counting
from app.shell.dialog import Dialog, button, named
from storyboards.examples import example, example_names


class ExampleChooser(Dialog):
    """`chosen` carries the name of an example."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Example stories"), parent, 560)
        self.note(self.tr("A story becomes a new scene of this project; the scenes that are there stay."))
        self.list = QListWidget()
        self.list.setMinimumHeight(400)
        self.list.setWordWrap(True)
        named(self.list, self.tr("Example stories"))
        for name in example_names():
            story = example(name)
            first = story.shots[0].prompt if story.shots else ""
            item = QListWidgetItem(f"{story.title}  ·  {counting.shots(len(story.shots))}\n{first}")
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setSizeHint(QSize(0, 64))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.itemActivated.connect(lambda _item: self._choose())
        self.body.addWidget(self.list)
        self.finish(button(self.tr("Cancel"), self.reject), button(self.tr("Add"), self._choose, role="primary"))

    def _choose(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))
            self.accept()
