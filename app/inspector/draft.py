"""What somebody is typing, on its way into the document."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QTextCursor
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

from storyboards.texts import clean_text

DEBOUNCE_MS = 400
TextField = QPlainTextEdit | QLineEdit


class Draft(QObject):
    """Ties a text field to a text of the document.

    `typed(text)` goes out once the typing pauses, when the field loses the focus, and by `flush`. `show` brings what
    the document says: an answer to the own edit leaves the field alone, a change from elsewhere (undo, another window)
    goes in without losing the cursor. A pause with a space at the end does not eat the space.
    """

    typed = Signal(str)

    def __init__(self, field: TextField, clean: Callable[[str], str] = clean_text) -> None:
        super().__init__(field)
        self._field, self._clean = field, clean
        self._known = ""  # what the document last said
        self._sent: list[str] = []  # what it was told since and has not answered yet
        self._unsaved = False  # something may not have come through; it goes out again by the next flush
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DEBOUNCE_MS)
        self._timer.timeout.connect(self.flush)
        self._showing = False
        field.textChanged.connect(self._changed)
        field.installEventFilter(self)
        if isinstance(field, QPlainTextEdit):
            field.setUndoRedoEnabled(False)  # one undo for everything: that of the document

    @property
    def pending(self) -> bool:
        """True while something typed has not gone out yet."""
        return self._timer.isActive()

    def begin(self, text: str) -> None:
        """Show the text of another thing; what is pending for the one before goes out first."""
        self.flush()
        self._sent.clear()
        self._unsaved = False
        self._known = text
        if text != self.text():
            self._put(text)

    def show(self, text: str) -> None:
        """Show what the document says now about the same thing."""
        if text == self._known and not self._sent:
            return
        if text == self._clean(self.text()):
            self._known = text
            self._sent.clear()
            self._unsaved = False
        elif text in self._sent:
            self._known = text
            del self._sent[: self._sent.index(text) + 1]
        elif text != self._known and not self.pending and not self._unsaved:
            self._known = text
            self._sent.clear()
            self._put(text)

    def doubt(self) -> None:
        """Something could not be done: keep what was typed, and send it again when it is next flushed."""
        self._unsaved = self._unsaved or bool(self._sent)
        self._sent.clear()

    def text(self) -> str:
        """What the field holds."""
        return self._field.toPlainText() if isinstance(self._field, QPlainTextEdit) else self._field.text()

    def flush(self) -> None:
        """Send what is pending, at once."""
        self._timer.stop()
        text = self._clean(self.text())
        if text != self._last():
            self._sent.append(text)
            self._unsaved = False
            self.typed.emit(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Send before a shortcut acts on the text, and leave undo and redo to the document."""
        if event.type() is QEvent.Type.FocusOut:
            self.flush()
        elif event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.key() != Qt.Key.Key_Control:
                self.flush()
            if event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo):
                event.ignore()
                return True
        return False

    def _changed(self) -> None:
        """Also called when nothing but the marks of names has changed."""
        if self._showing:
            return
        if self._clean(self.text()) == self._last():
            self._timer.stop()
        else:
            self._timer.start()

    def _last(self) -> str:
        """What the document was last told, or said."""
        return self._sent[-1] if self._sent else self._known

    def _put(self, text: str) -> None:
        """Write only what differs, so that cursor and scroll position stay where they are."""
        self._showing = True
        try:
            if isinstance(self._field, QPlainTextEdit):
                _replace_difference(self._field, text)
            else:
                place = self._field.cursorPosition()
                self._field.setText(text)
                self._field.setCursorPosition(min(place, len(text)))
        finally:
            self._showing = False


def _replace_difference(field: QPlainTextEdit, text: str) -> None:
    old = field.toPlainText()
    start = 0
    while start < min(len(old), len(text)) and old[start] == text[start]:
        start += 1
    end = 0
    while end < min(len(old), len(text)) - start and old[-1 - end] == text[-1 - end]:
        end += 1
    cursor = QTextCursor(field.document())
    cursor.setPosition(_units(old[:start]))
    cursor.setPosition(_units(old[: len(old) - end]), QTextCursor.MoveMode.KeepAnchor)
    cursor.insertText(text[start : len(text) - end])


def _units(text: str) -> int:
    """Qt counts in UTF-16 units: a sign outside the basic plane is two."""
    return len(text.encode("utf-16-le")) // 2
