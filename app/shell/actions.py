"""The registry of actions: menus, toolbar, palette, shortcut editor and tests all use this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from app import shortcuts
from app.settings import SettingsStore
from app.shell.action_table import PLACES, ActionSpec, Place, all_specs
from app.theme.icons import icon

Slot = Callable[[], object]


def words(text: str) -> str:
    """Return a text of the action table in the user's language."""
    return QCoreApplication.translate("Actions", text)


class Actions(QObject):
    """All actions by id. What they do is bound later, and bound anew with every project that is opened."""

    used = Signal(str)

    def __init__(self, store: SettingsStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.specs: dict[str, ActionSpec] = {spec.id: spec for spec in all_specs()}
        self._slots: dict[str, Slot] = {}
        self._store = store
        self._have: frozenset[str] = frozenset({"nothing"})
        self._actions = {spec.id: self._make(spec) for spec in self.specs.values()}
        self._apply_keys()
        self.allow(self._have)
        store.changed.connect(self._apply_keys)

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    def _make(self, spec: ActionSpec) -> QAction:
        action = QAction(words(spec.text), self)
        action.setObjectName(spec.id)
        action.setCheckable(spec.checkable)
        if spec.icon:
            action.setIcon(icon(spec.icon))
        window = spec.scope == "window"
        context = Qt.ShortcutContext.WindowShortcut if window else Qt.ShortcutContext.WidgetWithChildrenShortcut
        action.setShortcutContext(context)
        action.triggered.connect(lambda _checked=False, action_id=spec.id: self.run(action_id))
        return action

    def bind(self, slots: Mapping[str, Slot]) -> None:
        """Say what actions do from now on."""
        unknown = set(slots) - set(self.specs)
        if unknown:
            raise KeyError(f"no such actions: {sorted(unknown)}")
        self._slots.update(slots)
        self.allow(self._have)

    def unbind(self, ids: Iterable[str]) -> None:
        """Forget what actions did; they are disabled until bound again."""
        for action_id in ids:
            self._slots.pop(action_id, None)
        self.allow(self._have)

    def run(self, action_id: str) -> None:
        """Do what the action does, if it may be done now."""
        slot = self._slots.get(action_id)
        if slot is not None and self._actions[action_id].isEnabled():
            slot()
            self.used.emit(action_id)

    def allow(self, have: Iterable[str]) -> None:
        """Enable the actions whose needs are met ("project", "shot", "writable take", ...) and that do something."""
        self._have = frozenset({"nothing", *have})
        for action_id, spec in self.specs.items():
            self._actions[action_id].setEnabled(spec.needs in self._have and action_id in self._slots)

    def attach(self, place: Place | None, *widgets: QWidget) -> None:
        """Let keys count in these widgets and what is inside them; with None, in their whole window."""
        for action_id, spec in self.specs.items():
            wanted = spec.scope == "window" if place is None else spec.scope != "window" and place in PLACES[spec.scope]
            if wanted:
                for widget in widgets:
                    widget.addAction(self._actions[action_id])

    def keys(self, action_id: str) -> list[str]:
        """Return the keys of an action as they are now: remapped, or by default."""
        remapped = self._store.now.shortcuts.get(action_id)
        return list(self.specs[action_id].keys) if remapped is None else list(remapped)

    def conflicts(self, action_id: str, key: str) -> list[str]:
        """Return the other actions that a key would set off in the same place."""
        mine, wanted = PLACES[self.specs[action_id].scope], QKeySequence(key)
        return [
            other.id
            for other in self.specs.values()
            if other.id != action_id
            and mine & PLACES[other.scope]
            and any(QKeySequence(theirs) == wanted for theirs in self.keys(other.id))
        ]

    def remap(self, action_id: str, keys: list[str]) -> None:
        """Give an action other keys and take them from whatever had them; its own defaults are not stored."""
        shortcuts = {name: list(held) for name, held in self._store.now.shortcuts.items()}
        for key in keys:
            for other in self.conflicts(action_id, key):
                kept = [held for held in self.keys(other) if QKeySequence(held) != QKeySequence(key)]
                shortcuts[other] = kept
        shortcuts[action_id] = keys
        self._store.change(shortcuts=self._without_defaults(shortcuts))

    def reset(self, action_id: str | None = None) -> None:
        """Give an action, or all of them, the default keys again; whoever took them loses them."""
        if action_id is None:
            self._store.change(shortcuts={})
        else:
            self.remap(action_id, list(self.specs[action_id].keys))

    def _without_defaults(self, shortcuts: dict[str, list[str]]) -> dict[str, list[str]]:
        return {
            name: keys
            for name, keys in shortcuts.items()
            if name not in self.specs or keys != list(self.specs[name].keys)
        }

    def _apply_keys(self, _settings: object = None) -> None:
        shortcuts.set_keys({action_id: self.keys(action_id) for action_id in self.specs})
        for action_id, spec in self.specs.items():
            action = self._actions[action_id]
            action.setShortcuts([QKeySequence(key) for key in self.keys(action_id)])
            action.setToolTip(shortcuts.with_keys(words(spec.tip or spec.text).replace("…", ""), action_id))
            action.setStatusTip(words(spec.tip))
