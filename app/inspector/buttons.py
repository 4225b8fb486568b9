"""Small buttons with a picture, and a row of buttons of which one holds."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from app.shortcuts import set_tip
from app.theme.icons import icon
from app.theme.tokens import SPACE

ICON = 16


def icon_button(picture: str, name: str, tip: str = "", *, checkable: bool = False) -> QToolButton:
    """Return a frameless button; `name` is what it is called for people who do not see the picture."""
    button = QToolButton()
    button.setIcon(icon(picture))
    button.setIconSize(QSize(ICON, ICON))
    button.setProperty("role", "flat")
    button.setCheckable(checkable)
    button.setAccessibleName(name)
    button.setToolTip(tip or name)
    return button


class OneOf(QWidget):
    """Buttons beside each other, of which one is down; none while the shots that are chosen differ.

    `chosen(key)` goes out when somebody pressed another one.
    """

    chosen = Signal(str)

    def __init__(self, name: str, choices: Sequence[tuple[str, str, str]], parent: QWidget | None = None) -> None:
        """`choices`: key, text and tooltip of each."""
        super().__init__(parent)
        self.setAccessibleName(name)
        self._buttons: dict[str, QToolButton] = {}
        self._shown: str | None = None
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE // 2)
        for key, text, tip in choices:
            button = QToolButton()
            button.setText(text)
            button.setCheckable(True)
            set_tip(button, tip)
            button.setAccessibleName(f"{name}: {text}")
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _=False, key=key: self._press(key))
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button)

    def show_choice(self, key: str | None) -> None:
        """Show which one holds; None when they differ."""
        self._shown = key
        self._group.setExclusive(False)
        for name, button in self._buttons.items():
            button.setChecked(name == key)
        self._group.setExclusive(key is not None)

    def button(self, key: str) -> QToolButton:
        """The button of a choice."""
        return self._buttons[key]

    def _press(self, key: str) -> None:
        if key != self._shown:
            self.show_choice(key)
            self.chosen.emit(key)
