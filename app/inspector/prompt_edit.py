"""The text field of a prompt: element names are marked, and completed while typing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, QStringListModel, Qt
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPalette, QTextCursor
from PySide6.QtWidgets import QCompleter, QListView, QPlainTextEdit, QWidget

from app.theme.tokens import SPACE

from .names import NameHighlighter, started_name

_POPUP_KEYS = (Qt.Key.Key_Enter, Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
_MOVES = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)


class GrowingTextEdit(QPlainTextEdit):
    """A text field as tall as its text, between `least` and `most` lines. Tab goes on to the next field."""

    def __init__(self, least: int, most: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least, self._most = least, most
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().documentLayout().documentSizeChanged.connect(lambda _: self._fit())
        self._fit()

    def _fit(self) -> None:
        lines = min(max(round(self.document().size().height()), self._least), self._most)
        margins = 2 * (self.document().documentMargin() + self.frameWidth()) + SPACE  # what the theme pads
        self.setFixedHeight(math.ceil(lines * QFontMetricsF(self.font()).lineSpacing() + margins))

    def changeEvent(self, event: QEvent) -> None:
        """Fit again when the theme changes the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(120, self.height())


class PromptEdit(GrowingTextEdit):
    """A prompt. Give it the names of the scene's elements by `set_names`."""

    def __init__(self, least: int = 4, most: int = 12, parent: QWidget | None = None) -> None:
        super().__init__(least, most, parent)
        self._names: tuple[str, ...] = ()
        self._start = ""
        self._highlighter = NameHighlighter(self.document())
        self._highlighter.set_colour(self.palette().color(QPalette.ColorRole.Link))
        self._proposals = QStringListModel(self)
        self._completer = QCompleter(self._proposals, self)
        self._completer.setWidget(self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._popup = QListView()
        self._popup.setAccessibleName(self.tr("Names of elements"))
        self._popup.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._completer.setPopup(self._popup)
        self._completer.activated.connect(self._complete)

    def set_names(self, names: Sequence[str]) -> None:
        """Know these names from now on."""
        self._names = tuple(names)
        self._highlighter.set_names(names)

    def proposals(self) -> list[str]:
        """What the popup offers now; empty when it is closed."""
        return self._proposals.stringList() if self._popup.isVisible() else []

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Type, then propose; keys of the open popup are the popup's."""
        if self._popup.isVisible() and event.key() in _POPUP_KEYS:
            event.ignore()
            return
        super().keyPressEvent(event)
        if self.isReadOnly() or event.key() in _MOVES:
            self._popup.hide()
        elif event.text() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._propose()

    def changeEvent(self, event: QEvent) -> None:
        """Take over the colours of another theme."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_highlighter"):
            self._highlighter.set_colour(self.palette().color(QPalette.ColorRole.Link))

    def _propose(self) -> None:
        cursor = self.textCursor()
        block = cursor.block().text()
        before = block.encode("utf-16-le")[: 2 * cursor.positionInBlock()].decode("utf-16-le")
        self._start, found = started_name(before, self._names)
        if not found:
            self._popup.hide()
            return
        self._proposals.setStringList(found)
        place = self.cursorRect()
        place.setWidth(self._popup.sizeHintForColumn(0) + 4 * SPACE)
        self._completer.complete(place)
        self._popup.setCurrentIndex(self._completer.completionModel().index(0, 0))

    def _complete(self, name: str) -> None:
        cursor = self.textCursor()
        units = len(self._start.encode("utf-16-le")) // 2
        cursor.movePosition(QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, units)
        cursor.insertText(name)
        self.setTextCursor(cursor)
