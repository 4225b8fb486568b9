"""What the user can set up. Every change counts at once; there is nothing to confirm."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QSpinBox, QWidget

from app.settings import DENSITIES, DEVICES, OFFLOADS, PACKINGS, PRECISIONS, THEMES, SettingsStore
from app.shell.dialog import Dialog, button, named
from app.theme.style import set_role
from app.theme.tokens import SPACE

_BACK_ENDS = ("native", "flash", "_flash_3", "sage", "xformers", "flex")  # any name of diffusers' may be typed
_LABEL, _FIELD, _SENTENCE = 18 * SPACE, 30 * SPACE, 61 * SPACE


class Preferences(Dialog):
    """The fields write straight into the settings."""

    def __init__(self, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Preferences"), parent, 87 * SPACE)
        self._store = store
        self._make_editor_fields()
        self._make_engine_fields()
        self.finish(button(self.tr("Close"), self.accept, role="primary"))

    def _make_editor_fields(self) -> None:
        store, now = self._store, self._store.now
        themes = (self.tr("As the system"), self.tr("Dark"), self.tr("Light"))
        densities = (self.tr("Cards"), self.tr("List"))
        self.theme = self._choice("theme", THEMES, themes)
        self.density = self._choice("density", DENSITIES, densities)
        self.preview = self._number("preview_every", 0, 100, now.preview_every, self.tr(" steps"))
        self.preview.setSpecialValueText(self.tr("no preview"))
        self.pictures = self._number("pictures_mb", 32, 4096, now.pictures_mb, " MB")
        self.autoplay = QCheckBox(self.tr("Play a new take when it is finished"))
        self.autoplay.setChecked(now.autoplay)
        self.autoplay.toggled.connect(lambda on: store.change(autoplay=on))
        form = self.form()
        for label, field in (
            (self.tr("Theme"), self.theme), (self.tr("Board"), self.density),
            (self.tr("Live preview every"), self.preview), (self.tr("Memory for pictures"), self.pictures),
            ("", self.autoplay),
        ):  # fmt: skip
            named(field, label or self.autoplay.text())
            _add(form, label, field)

    def _make_engine_fields(self) -> None:
        heading = QLabel(self.tr("Engine: memory and speed"))
        set_role(heading, "heading")
        self.body.addWidget(heading)
        self.note(
            self.tr(
                "What is left automatic is planned from the model and this machine. A change starts the engine again: "
                "at once, or after the job that runs."
            )
        )
        form = self.form()
        form.setVerticalSpacing(SPACE // 2)
        automatic = self.tr("Automatic")
        self.device = self._choice("device", DEVICES, self._devices())
        self.precision = self._choice("precision", PRECISIONS, (automatic, *PRECISIONS[1:]))
        self.offload = self._choice("offload", OFFLOADS, (automatic, *self._offloads()))
        self.context_pack = self._choice("context_pack", PACKINGS, (self.tr("As it is"), *PACKINGS[1:]))
        self.attention = self._back_end()
        self.compile = QCheckBox(self.tr("Compile the model first"))
        self.compile.setChecked(self._store.now.compile)
        self.compile.toggled.connect(lambda on: self._store.change(compile=on))
        for label, field, why in self._explained():
            named(field, label or self.compile.text(), why)
            _add(form, label, field)
            _explain(form, why)

    def _explained(self) -> Sequence[tuple[str, QWidget, str]]:
        """Label, field and one sentence on what it costs or saves."""
        return (
            (self.tr("Runs on"), self.device, self.tr("The card or processor that computes.")),
            (self.tr("Precision"), self.precision,
             self.tr("Fewer bits for the weights need less memory and change the picture a little.")),
            (self.tr("Offload"), self.offload,
             self.tr("What is not in use leaves the card's memory: slower, and the same picture.")),
            (self.tr("What shots see"), self.context_pack,
             self.tr("Kept in 8 bits a number it needs half the memory; the picture changes a little.")),
            (self.tr("Attention"), self.attention,
             self.tr("A back end of diffusers; it has to be installed, and some change the picture.")),
            ("", self.compile,
             self.tr("The first take of a length waits for the compiler; later ones are faster.")),
        )  # fmt: skip

    def _devices(self) -> tuple[str, ...]:
        return (self.tr("The best there is"), self.tr("NVIDIA GPU (cuda)"), self.tr("Apple GPU (mps)"),
                self.tr("Processor (cpu)"))  # fmt: skip

    def _offloads(self) -> tuple[str, ...]:
        return (self.tr("None"), self.tr("Parts take turns on the card"), self.tr("Block by block, least memory"))

    def _back_end(self) -> QComboBox:
        box = QComboBox()
        box.setEditable(True)
        box.addItems(list(_BACK_ENDS))
        box.setCurrentText(self._store.now.attention)
        line = box.lineEdit()
        assert line is not None
        line.setPlaceholderText(self.tr("Automatic"))
        line.setClearButtonEnabled(True)
        line.setAccessibleName(self.tr("Attention"))
        line.editingFinished.connect(lambda: self._store.change(attention=line.text().strip()))
        box.textActivated.connect(lambda text: self._store.change(attention=text.strip()))
        return box

    def _choice(self, name: str, values: tuple[str, ...], texts: tuple[str, ...]) -> QComboBox:
        box = QComboBox()
        for value, text in zip(values, texts, strict=True):
            box.addItem(text, value)
        box.setCurrentIndex(values.index(getattr(self._store.now, name)))
        box.currentIndexChanged.connect(lambda row: self._store.change(**{name: values[row]}))
        return box

    def _number(self, name: str, least: int, most: int, now: int, unit: str) -> QSpinBox:
        box = QSpinBox()
        box.setRange(least, most)
        box.setValue(now)
        box.setSuffix(unit)
        box.setKeyboardTracking(False)
        box.lineEdit().setTextMargins(SPACE // 2, 0, 0, 0)
        box.valueChanged.connect(lambda value: self._store.change(**{name: value}))
        return box


def _add(form: QFormLayout, text: str, field: QWidget) -> None:
    """Add a row; the fields of both groups begin and end at the same places."""
    label = QLabel(text)
    label.setBuddy(field)
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    label.setFixedWidth(_LABEL)
    if not isinstance(field, QCheckBox):
        field.setFixedWidth(_FIELD)
    form.addRow(label, field)


def _explain(form: QFormLayout, text: str) -> None:
    """Say under a field what it is about."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    set_role(label, "small")
    label.setFixedSize(_SENTENCE, label.heightForWidth(_SENTENCE) + SPACE)  # a form gives wrapped words no height
    form.addRow("", label)
