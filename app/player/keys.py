"""The player's own keys, as in editing programs. They count while the keyboard is in the player."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

# The names are those of the shell's "play." actions.
DEFAULT_KEYS: Mapping[str, str] = {
    "toggle": "Space",
    "back": "J",
    "stop": "K",
    "forward": "L",
    "frame_back": "Left",
    "frame_on": "Right",
    "second_back": "Shift+Left",
    "second_on": "Shift+Right",
    "cut_back": "Up",
    "cut_on": "Down",
    "start": "Home",
    "end": "End",
    "in": "I",
    "out": "O",
    "clear_in": "Alt+I",
    "clear_out": "Alt+O",
    "loop": "Ctrl+L",
    "fullscreen": "F",
}


class Keys:
    """Which key does what. `name_of` answers for an event, `of` for a tooltip."""

    def __init__(self, keys: Mapping[str, str] = DEFAULT_KEYS) -> None:
        self._keys = dict(keys)
        self._names = {QKeySequence(key).toString(): name for name, key in keys.items() if key}

    def name_of(self, event: QKeyEvent) -> str:
        """What this key shall do, "" for a key that is not ours."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier  # some systems say arrows are keypad
        pressed = QKeySequence(QKeyCombination(modifiers, Qt.Key(event.key())))
        return self._names.get(pressed.toString(), "")

    def of(self, name: str) -> str:
        """The key as it is written on this system, "" where none is set."""
        return QKeySequence(self._keys.get(name, "")).toString(QKeySequence.SequenceFormat.NativeText)
