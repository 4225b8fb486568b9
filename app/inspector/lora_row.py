"""One LoRA in the inspector: its file, its strength, the expert that wears it, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QVBoxLayout, QWidget

from app.player.elided import ElidedLabel
from app.theme.tokens import SPACE
from storyboards.loras import EXPERTS, STRONGEST, Lora

from .buttons import icon_button
from .section import note

ENDING = ".safetensors"


class Strength(QDoubleSpinBox):
    """Written as people do, 0.8 and 1; the wheel scrolls the panel unless the field has the keyboard."""

    def __init__(self) -> None:
        super().__init__()
        self.setDecimals(3)
        self.setRange(-STRONGEST, STRONGEST)
        self.setSingleStep(0.05)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(SPACE // 2, 0, 0, 0)
        self.setFixedWidth(9 * SPACE)

    def textFromValue(self, value: float) -> str:
        """Return "0.8"."""
        return f"{round(value, self.decimals()) + 0.0:g}"  # minus nought is nought

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the panel."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class LoraRow(QWidget):
    """`changed(lora)` carries the LoRA as somebody wants it now, `removed` has none."""

    changed = Signal(dict)
    removed = Signal()
    locate_wanted = Signal()

    def __init__(self, lora: Lora) -> None:
        super().__init__()
        self.lora = lora
        self._name = ElidedLabel()
        self.strength = Strength()
        self.expert = QComboBox()
        for value, text in zip(EXPERTS, (self.tr("both"), self.tr("high"), self.tr("low")), strict=True):
            self.expert.addItem(text, value)
        self.locate = icon_button("folder", self.tr("Find the file"), self.tr("Say where the file is now"))
        self.remove = icon_button("cross", self.tr("Remove the LoRA"))
        self.problem = note("bad")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(SPACE // 2)
        row.addWidget(self._name, 1)
        for widget in (self.locate, self.strength, self.expert, self.remove):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.problem)

    def _connect(self) -> None:
        self.strength.valueChanged.connect(lambda value: self._choose(strength=round(value, 3)))
        self.expert.activated.connect(lambda _: self._choose(expert=self.expert.currentData()))
        self.remove.clicked.connect(self.removed)
        self.locate.clicked.connect(self.locate_wanted)

    def show_lora(self, lora: Lora, experts: int, *, writable: bool) -> None:
        """Show the LoRA as the document has it, for a model with that many transformers."""
        self.lora = lora
        path = Path(lora["path"])
        self._name.setText(path.name.removesuffix(ENDING))
        self._name.setToolTip(str(path))
        self.strength.setAccessibleName(self.tr("Strength of {0}").format(path.stem))
        self.strength.setToolTip(self.tr("How strongly it is worn: 1 as it was trained, 0 not at all"))
        self.expert.setAccessibleName(self.tr("Expert that wears {0}").format(path.stem))
        self.expert.setToolTip(self.tr("Which of the model's two transformers wears it: high noise or low noise"))
        for field in (self.strength, self.expert):
            field.blockSignals(True)
        if round(self.strength.value(), 3) != round(float(lora["strength"]), 3):
            self.strength.setValue(float(lora["strength"]))
        self.expert.setCurrentIndex(max(0, self.expert.findData(lora["expert"])))
        for field in (self.strength, self.expert):
            field.blockSignals(False)
            field.setEnabled(writable)
        self.expert.setVisible(experts > 1 or lora["expert"] != EXPERTS[0])
        self.remove.setVisible(writable)
        self._tell(path, experts, writable)

    def _tell(self, path: Path, experts: int, writable: bool) -> None:
        """Say at once what a render would fail with."""
        there = path.is_file()
        if not there:
            text = self.tr("The file is not there any more: {0}").format(path)
        elif path.suffix != ENDING:
            text = self.tr("Only .safetensors files can be worn.")
        elif experts < 2 and self.lora["expert"] == "low":
            text = self.tr("This model has one transformer only; it wears what is for both, or high.")
        else:
            text = ""
        self.locate.setVisible(writable and not there)
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def _choose(self, **what: object) -> None:
        chosen = {**self.lora, **what}
        if chosen != self.lora:
            self.changed.emit(chosen)
