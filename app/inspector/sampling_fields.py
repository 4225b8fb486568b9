"""How takes are sampled: four fields and the LoRAs, each empty where the scene or the model decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QLocale, Signal
from PySide6.QtGui import QDoubleValidator, QIntValidator
from PySide6.QtWidgets import QComboBox, QLineEdit, QVBoxLayout, QWidget

from app.theme.tokens import SPACE

from .lora_list import LoraList
from .section import line

MOST_STEPS = 200
MOST_GUIDANCE = 30.0
SAMPLERS = ("euler", "unipc")


class SamplingFields(QWidget):
    """`chosen(settings, merge)` goes out with all settings, the untouched ones of other screens included; changes with
    the same `merge`, unless it is empty, are steps of one."""

    chosen = Signal(dict, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: dict[str, Any] = {}
        self.steps = self._number(self.tr("Steps"), "steps", QIntValidator(1, MOST_STEPS, self))
        text = self._real(self.tr("Text guidance"), "text_guidance")
        context = self._real(self.tr("Context guidance"), "context_guidance")
        self.text_guidance, self.context_guidance = text, context
        text.setToolTip(self.tr("How closely a take keeps to its prompt"))
        context.setToolTip(self.tr("How closely a take keeps to what the shot sees"))
        self.steps.setToolTip(self.tr("More steps: finer, and slower in proportion"))
        self.sampler = QComboBox()
        self.sampler.setAccessibleName(self.tr("Sampler"))
        self.sampler.setToolTip(self.tr("How the noise is taken away"))
        self.sampler.activated.connect(lambda _: self._set("sampler", self.sampler.currentData()))
        self.loras = LoraList()
        self.loras.chosen.connect(lambda loras, merge: self._set("loras", loras, merge))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE)
        column.addLayout(line(self.tr("Steps"), self.steps))
        column.addLayout(line(self.tr("Text"), text))
        column.addLayout(line(self.tr("Context"), context))
        column.addLayout(line(self.tr("Sampler"), self.sampler))
        column.addWidget(self.loras)
        self._fill_samplers("")

    def show_settings(self, settings: Mapping[str, Any], otherwise: Mapping[str, Any], whose: str) -> None:
        """Show what is set; `otherwise` is what holds where nothing is, and `whose` says who decided that."""
        self._settings = dict(settings)
        for name, field in self._fields().items():
            value = settings.get(name)
            field.setPlaceholderText(_placeholder(otherwise.get(name), whose))
            text = "" if value is None else f"{value:g}"
            if not (field.hasFocus() and field.isModified()) and text != field.text():
                field.setText(text)
        self._fill_samplers(_placeholder(otherwise.get("sampler"), whose))
        chosen = self.sampler.findData(settings.get("sampler"))
        self.sampler.setCurrentIndex(max(0, chosen))
        self.loras.show_loras(settings.get("loras"), otherwise.get("loras") or (), otherwise.get("experts", 1))

    def set_read_only(self, read_only: bool) -> None:
        """Only look and copy."""
        for field in self._fields().values():
            field.setReadOnly(read_only)
        self.sampler.setEnabled(not read_only)
        self.loras.set_read_only(read_only)

    def _fields(self) -> dict[str, QLineEdit]:
        return {
            "steps": self.steps,
            "text_guidance": self.text_guidance,
            "context_guidance": self.context_guidance,
        }

    def _number(self, name: str, key: str, validator: QIntValidator | QDoubleValidator) -> QLineEdit:
        field = QLineEdit()
        field.setAccessibleName(name)
        field.setValidator(validator)
        field.editingFinished.connect(lambda: self._typed(key, field))
        return field

    def _real(self, name: str, key: str) -> QLineEdit:
        validator = QDoubleValidator(0.0, MOST_GUIDANCE, 2, self)
        validator.setLocale(QLocale.c())
        validator.setNotation(QDoubleValidator.Notation.StandardNotation)
        return self._number(name, key, validator)

    def _fill_samplers(self, otherwise: str) -> None:
        texts = [otherwise or self.tr("As the model does"), *SAMPLERS]
        if [self.sampler.itemText(place) for place in range(self.sampler.count())] != texts:
            self.sampler.clear()
            for text, key in zip(texts, (None, *SAMPLERS), strict=True):
                self.sampler.addItem(text, key)

    def _typed(self, key: str, field: QLineEdit) -> None:
        field.setModified(False)
        text = field.text()
        if field.isReadOnly():
            return
        self._set(key, None if not text else int(text) if key == "steps" else float(text))

    def _set(self, key: str, value: Any, merge: str = "") -> None:
        if self._settings.get(key) == value:
            return
        self._settings = {name: old for name, old in self._settings.items() if name != key}
        if value is not None:
            self._settings[key] = value
        self.chosen.emit(dict(self._settings), merge)


def _placeholder(value: Any, whose: str) -> str:
    if value is None:
        return whose
    return f"{value:g} ({whose})" if isinstance(value, (int, float)) else f"{value} ({whose})"
