"""What the user can set up. Every change counts at once; there is nothing to confirm."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox, QWidget

from app.settings import DENSITIES, DEVICES, THEMES, SettingsStore
from app.shell.dialog import Dialog, button, named


class Preferences(Dialog):
    """The fields write straight into the settings."""

    def __init__(self, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Preferences"), parent)
        self._store = store
        now = store.now
        form = self.form()
        themes = (self.tr("As the system"), self.tr("Dark"), self.tr("Light"))
        densities = (self.tr("Cards"), self.tr("List"))
        devices = (self.tr("The best there is"), self.tr("NVIDIA GPU (cuda)"), self.tr("Apple GPU (mps)"),
                   self.tr("Processor (cpu)"))  # fmt: skip
        self.theme = self._choice("theme", THEMES, themes, now.theme)
        self.density = self._choice("density", DENSITIES, densities, now.density)
        self.device = self._choice("device", DEVICES, devices, now.device)
        self.preview = self._number("preview_every", 0, 100, now.preview_every, self.tr(" steps"))
        self.preview.setSpecialValueText(self.tr("no preview"))
        self.pictures = self._number("pictures_mb", 32, 4096, now.pictures_mb, " MB")
        self.autoplay = QCheckBox(self.tr("Play a new take when it is finished"))
        self.autoplay.setChecked(now.autoplay)
        self.autoplay.toggled.connect(lambda on: store.change(autoplay=on))
        for label, field in (
            (self.tr("Theme"), self.theme), (self.tr("Board"), self.density), (self.tr("Engine runs on"), self.device),
            (self.tr("Live preview every"), self.preview), (self.tr("Memory for pictures"), self.pictures),
            ("", self.autoplay),
        ):  # fmt: skip
            named(field, label or self.autoplay.text())
            form.addRow(label, field)
        self.note(self.tr("The device counts from the next project that is opened."))
        self.finish(button(self.tr("Close"), self.accept, role="primary"))

    def _choice(self, name: str, values: tuple[str, ...], texts: tuple[str, ...], now: str) -> QComboBox:
        box = QComboBox()
        for value, text in zip(values, texts, strict=True):
            box.addItem(text, value)
        box.setCurrentIndex(values.index(now))
        box.currentIndexChanged.connect(lambda row: self._store.change(**{name: values[row]}))
        return box

    def _number(self, name: str, least: int, most: int, now: int, unit: str) -> QSpinBox:
        box = QSpinBox()
        box.setRange(least, most)
        box.setValue(now)
        box.setSuffix(unit)
        box.setKeyboardTracking(False)
        box.valueChanged.connect(lambda value: self._store.change(**{name: value}))
        return box
