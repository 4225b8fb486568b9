"""The command palette: a few letters find any action, shot or take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QIcon, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.shell.actions import Actions, words
from app.shell.fuzzy import match
from app.shortcuts import all_keys
from app.theme.style import colour, font, set_role
from app.theme.tokens import RADIUS, SPACE, TYPE_SMALL

_ENTRY = Qt.ItemDataRole.UserRole
_MOST = 60
_HEIGHT = 36


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be found. `detail` stands at the right: keys, or what kind of thing it is."""

    title: str
    detail: str
    act: Callable[[], object]
    picture: QIcon = field(default_factory=QIcon)
    also: str = ""
    bonus: int = 0


def entries_of(actions: Actions) -> list[Entry]:
    """Return what can be done right now."""
    return [
        Entry(
            words(spec.text).replace("…", ""),
            all_keys(spec.id),
            partial(actions.run, spec.id),
            actions[spec.id].icon(),
            f"{spec.menu} {words(spec.tip)}",
            5,
        )
        for spec in actions.specs.values()
        if actions[spec.id].isEnabled() and spec.id != "edit.palette"
    ]


def find(query: str, entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries that fit, the best first. What only fits by its description comes after the others."""
    scored = []
    for place, entry in enumerate(entries):
        score = match(query, entry.title)
        if score is None and entry.also and len(query) > 2:
            further = match(query, f"{entry.title} {entry.also}")
            score = None if further is None else further - 100
        if score is not None:
            scored.append((-score - entry.bonus, place, entry))
    scored.sort(key=lambda line: line[:2])
    return [entry for _, _, entry in scored[:_MOST]]


class Palette(QFrame):
    """Opens over the window, closes when something is chosen or the focus leaves."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        set_role(self, "card")
        self.setAccessibleName(self.tr("Command palette"))
        self._entries: list[Entry] = []
        self._over = parent
        self.line = QLineEdit()
        self.line.setPlaceholderText(self.tr("Find a command, a shot or a take"))
        self.line.setAccessibleName(self.tr("Find"))
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("What was found"))
        self.list.setItemDelegate(_Row(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        column.setSpacing(SPACE)
        column.addWidget(self.line)
        column.addWidget(self.list)
        self.line.textChanged.connect(self._search)
        self.line.installEventFilter(self)
        self.list.itemClicked.connect(lambda _item: self._choose())

    def ask(self, entries: Sequence[Entry]) -> None:
        """Show the palette with these entries."""
        self._entries = list(entries)
        self.line.clear()
        self._search("")
        parent = self._over
        width = min(640, parent.width() - 4 * SPACE)
        self.resize(width, min(480, max(200, parent.height() - 160)))
        self.move(parent.mapToGlobal(QPoint((parent.width() - width) // 2, 72)))
        self.show()
        self.line.setFocus()

    def add(self, entries: Sequence[Entry]) -> None:
        """Let more be found, such as takes that had to be read first."""
        self._entries += entries
        if self.isVisible():
            self._search(self.line.text())

    @property
    def found(self) -> list[str]:
        """The titles that are listed."""
        return [self.list.item(row).text() for row in range(self.list.count())]

    def _search(self, query: str) -> None:
        self.list.clear()
        for entry in find(query, self._entries):
            item = QListWidgetItem(entry.picture, entry.title)
            item.setData(_ENTRY, entry)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _choose(self) -> None:
        item = self.list.currentItem()
        self.hide()
        if item is not None:
            item.data(_ENTRY).act()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose()
                return True
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            step = steps.get(Qt.Key(event.key()))
            if step is not None:
                self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + step)))
                return True
        return super().eventFilter(watched, event)


class _Row(QStyledItemDelegate):
    """Icon and name at the left, keys at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, _HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        from PySide6.QtWidgets import QStyle

        entry: Entry = index.data(_ENTRY)
        area = QRect(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("selected"))
            painter.drawRoundedRect(area, RADIUS, RADIUS)
        picture = QRect(area.left() + SPACE, area.center().y() - 9, 20, 20)
        entry.picture.paint(painter, picture)
        painter.setFont(font(TYPE_SMALL))
        room = painter.fontMetrics().horizontalAdvance(entry.detail)
        painter.setPen(colour("muted"))
        line = area.adjusted(picture.right() - area.left() + SPACE, 0, -SPACE, 0)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, entry.detail)
        painter.setFont(font())
        painter.setPen(colour("text"))
        space = line.width() - room - 2 * SPACE
        text = painter.fontMetrics().elidedText(entry.title, Qt.TextElideMode.ElideRight, space)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()
