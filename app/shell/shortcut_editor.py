"""All shortcuts: found by typing, remapped by pressing the keys, conflicts shown before they count."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from app.shell.action_table import MENUS
from app.shell.actions import Actions, words
from app.shell.dialog import Dialog, button, named
from app.shell.fuzzy import match
from app.shortcuts import all_keys
from app.theme.tokens import SPACE

_ID = Qt.ItemDataRole.UserRole


class ShortcutEditor(Dialog):
    """One row an action. Setting keys takes them from the action that had them, which is said first."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Keyboard shortcuts"), parent, 640)
        self._actions = actions
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search by name or key"))
        self.search.setClearButtonEnabled(True)
        named(self.search, self.tr("Search"))
        self.body.addWidget(self.search)
        self.tree = self._make_tree()
        self.body.addWidget(self.tree, 1)
        self.keys = QKeySequenceEdit()
        self.keys.setMaximumSequenceLength(1)
        self.keys.setClearButtonEnabled(True)
        named(self.keys, self.tr("New keys"), self.tr("Press the keys that shall do this"))
        self.set = button(self.tr("Set"), self._set, self.tr("Give the action these keys"))
        self.reset = button(self.tr("Reset"), self._reset_one, self.tr("The default keys of this action"))
        self.none = button(self.tr("No keys"), self._no_keys, self.tr("Take the action's keys away"))
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        row.addWidget(self.keys, 1)
        for each in (self.set, self.none, self.reset):
            row.addWidget(each)
        self.body.addLayout(row)
        self.finish(
            button(self.tr("Reset all"), self._reset_all, self.tr("The default keys of all actions")),
            button(self.tr("Close"), self.accept),
        )
        self.search.textChanged.connect(self._filter)
        self.tree.currentItemChanged.connect(self._show_state)
        self.keys.keySequenceChanged.connect(self._show_state)
        self._fill()
        self.resize(640, 600)

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setHeaderLabels([self.tr("Action"), self.tr("Keys")])
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setIndentation(2 * SPACE)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        tree.header().setStretchLastSection(False)
        named(tree, self.tr("Shortcuts"))
        return tree

    def _fill(self) -> None:
        chosen = self.action_id
        self.tree.clear()
        for name, title in MENUS:
            group = QTreeWidgetItem([words(title).replace("&", "")])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.tree.addTopLevelItem(group)
            for spec in self._actions.specs.values():
                if spec.menu == name:
                    item = QTreeWidgetItem([words(spec.text), all_keys(spec.id)])
                    item.setData(0, _ID, spec.id)
                    item.setToolTip(0, words(spec.tip))
                    group.addChild(item)
                    if spec.id == chosen:
                        self.tree.setCurrentItem(item)
        self.tree.expandAll()
        self._filter(self.search.text())
        self._show_state()

    def _filter(self, text: str) -> None:
        for group in self._groups():
            shown = 0
            for item in self._rows(group):
                fits = match(text, f"{item.text(0)} {item.text(1)}") is not None
                item.setHidden(not fits)
                shown += fits
            group.setHidden(not shown)

    def _groups(self) -> list[QTreeWidgetItem]:
        found = (self.tree.topLevelItem(index) for index in range(self.tree.topLevelItemCount()))
        return [group for group in found if group is not None]

    def _rows(self, group: QTreeWidgetItem) -> list[QTreeWidgetItem]:
        found = (group.child(row) for row in range(group.childCount()))
        return [item for item in found if item is not None]

    @property
    def action_id(self) -> str:
        """The action that is marked, "" for none."""
        item = self.tree.currentItem()
        return "" if item is None else str(item.data(0, _ID) or "")

    def choose(self, action_id: str) -> None:
        """Mark an action."""
        for group in self._groups():
            for item in self._rows(group):
                if item.data(0, _ID) == action_id:
                    self.tree.setCurrentItem(item)

    def _pressed(self) -> str:
        return self.keys.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def _show_state(self, *_what: object) -> None:
        chosen, key = self.action_id, self._pressed()
        for each in (self.keys, self.reset, self.none):
            each.setEnabled(bool(chosen))
        self.set.setEnabled(bool(chosen and key))
        others = self._actions.conflicts(chosen, key) if chosen and key else []
        names = ", ".join(words(self._actions.specs[other].text) for other in others)
        self.tell(self.tr("These keys do “{0}” now, which would lose them.").format(names) if others else "")

    def _set(self) -> None:
        self._actions.remap(self.action_id, [self._pressed()])
        self._changed()

    def _no_keys(self) -> None:
        self._actions.remap(self.action_id, [])
        self._changed()

    def _reset_one(self) -> None:
        self._actions.reset(self.action_id)
        self._changed()

    def _reset_all(self) -> None:
        self._actions.reset()
        self._changed()

    def _changed(self) -> None:
        self.keys.clear()
        self._fill()
