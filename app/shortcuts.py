"""Which keys the actions have now, for everything that names them: tooltips, menus, hints, empty pages.

Texts name an action in braces, as in "Press {shot.new} to write the first shot": the keys stand there when the text is
shown, or the action's name as the menus have it when it has no keys. `Actions` says what the user has remapped; before
that, and where nobody says anything, the default keys hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.shell.action_table import all_specs

_NAMED = re.compile(r"{([a-z]+\.[a-z_]+)}")
_ENDING = re.compile(r" \({[a-z]+\.[a-z_]+}(?:, {[a-z]+\.[a-z_]+})*\)$")
_TIP, _TEXT = "tip_with_keys", "text_with_keys"  # properties of widgets: what they say, with actions in braces
_names = {spec.id: spec.text for spec in all_specs()}
_keys: dict[str, Sequence[str]] = {spec.id: spec.keys for spec in all_specs()}


def set_keys(keys: Mapping[str, Sequence[str]]) -> None:
    """Take over the keys of actions, and say them anew wherever they are shown."""
    if all(list(_keys[action_id]) == list(theirs) for action_id, theirs in keys.items()):
        return
    _keys.update(keys)
    for widget in QApplication.allWidgets():
        tip, text = widget.property(_TIP), widget.property(_TEXT)
        if tip is not None:
            widget.setToolTip(said(tip))
        if text is not None and isinstance(widget, QLabel):
            widget.setText(said(text))


def all_keys(action_id: str) -> str:
    """Return every key of an action as the user's system writes them: "Ctrl+N, Ctrl+Shift+N"; "" for none."""
    return ", ".join(map(_native, _keys[action_id]))


def first_key(action_id: str) -> str:
    """Return the key that a menu shows, "" where the action has none."""
    return next(map(_native, _keys[action_id]), "")


def with_keys(text: str, action_id: str) -> str:
    """Return a tooltip with the keys behind it: "Queue one more take (R)"."""
    keys = all_keys(action_id)
    return f"{text} ({keys})" if keys else text


def said(text: str) -> str:
    """Return a text with the keys of the actions that it names in braces.

    Actions without keys go from a "({shot.new}, {shot.new_before})" at the end; elsewhere their name stands there.
    """
    ending = _ENDING.search(text)
    if ending is not None:
        keys = ", ".join(filter(None, (first_key(found) for found in _NAMED.findall(ending[0]) if found in _keys)))
        text = text[: ending.start()] + (f" ({keys})" if keys else "")
    return _NAMED.sub(lambda found: _key_or_name(found[1]), text)


def set_tip(widget: QWidget, text: str) -> None:
    """Give a widget a tooltip that names actions in braces, and goes on to name their keys when those change."""
    widget.setProperty(_TIP, text)
    widget.setToolTip(said(text))


def set_words(label: QLabel, text: str) -> None:
    """Give a label such a text."""
    label.setProperty(_TEXT, text)
    label.setText(said(text))


def _key_or_name(action_id: str) -> str:
    if action_id not in _keys:
        return f"{{{action_id}}}"  # a file may be called so
    name = QCoreApplication.translate("Actions", _names[action_id]).replace("&", "").rstrip("…")
    return first_key(action_id) or f"“{name}”"


def _native(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
