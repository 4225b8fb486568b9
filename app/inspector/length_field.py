"""The length of a shot: shown in seconds, kept in frames that the model can make."""

from __future__ import annotations

import re

from PySide6.QtCore import Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QSpinBox, QWidget

from storyboards.errors import InvalidValue
from storyboards.lengths import LONGEST, SHORTEST, normal_frames

_FRAMES_A_LATENT = 4
_LENGTH = re.compile(r"^\s*(\d*[.,]?\d+)\s*(s|sec|seconds?|f|frames?)?\s*$", re.IGNORECASE)


class LengthField(QSpinBox):
    """Steps by whole latents (4 frames). Takes "2", "2.1 s" or "17 frames" and snaps to an allowed length.

    `chosen(frames)` goes out when somebody chose another length.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fps, self._continues = 8.0, False
        self._shown, self._mixed = 0, False
        self.setKeyboardTracking(False)
        self.setRange(SHORTEST, LONGEST)
        self.setSingleStep(_FRAMES_A_LATENT)
        self.setAccelerated(True)
        self.lineEdit().setTextMargins(4, 0, 0, 0)
        self._typed = ""
        self.lineEdit().textEdited.connect(self._note_typed)
        self.lineEdit().setPlaceholderText(self.tr("they differ"))
        self.valueChanged.connect(self._choose)
        self.editingFinished.connect(self._finish)

    def show_length(self, frames: int, continues: bool, fps: float, *, mixed: bool = False) -> None:
        """Show what the document says. `mixed`: the chosen shots differ; `frames` is the length of the first."""
        if (frames, continues, fps, mixed) == (self._shown, self._continues, self._fps, self._mixed):
            return
        self._fps, self._continues, self._shown, self._mixed = fps, continues, frames, mixed
        self.blockSignals(True)
        self.setRange(*_range(continues))
        self.setValue(frames)
        self.lineEdit().setText(self.textFromValue(frames))
        self.blockSignals(False)

    def textFromValue(self, frames: int) -> str:
        """Return "2.1 s", nothing while the shots differ."""
        if self._mixed:
            return ""
        return self.tr("{seconds} s").format(seconds=f"{frames / self._fps:.2f}".rstrip("0").rstrip("."))

    def valueFromText(self, text: str) -> int:
        """Return the allowed length next to what was typed."""
        frames = self._read(text)
        return self.value() if frames is None else frames

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Let people type; what reads as a length is acceptable."""
        state = QValidator.State.Intermediate if self._read(text) is None else QValidator.State.Acceptable
        return state, text, position

    def fixup(self, text: str) -> str:
        """Go back to the length before what does not read."""
        return self.textFromValue(self.value())

    def _note_typed(self, text: str) -> None:
        self._typed = text

    def _read(self, text: str) -> int | None:
        match = _LENGTH.match(text)
        if match is None:
            return None
        number = float(match[1].replace(",", "."))
        frames = number if (match[2] or "s").lower().startswith("f") else number * self._fps
        try:
            return normal_frames(min(max(round(frames), SHORTEST), LONGEST), self._continues)
        except InvalidValue:
            return None

    def _choose(self, frames: int) -> None:
        if frames != self._shown:
            self._shown, self._mixed = frames, False
            self.chosen.emit(frames)

    def _finish(self) -> None:
        """Take the length of the first shot for all, if somebody typed just that."""
        if self._mixed and self._typed and self._read(self._typed) == self._shown:
            self._mixed = False
            self.lineEdit().setText(self.textFromValue(self._shown))
            self.chosen.emit(self._shown)
        self._typed = ""


def _range(continues: bool) -> tuple[int, int]:
    return normal_frames(SHORTEST, continues), normal_frames(LONGEST, continues)
