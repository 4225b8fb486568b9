"""The seed of a shot: automatic, or a number to read, copy, roll and take from a take."""

from __future__ import annotations

from PySide6.QtCore import QRegularExpression, Signal
from PySide6.QtGui import QGuiApplication, QRegularExpressionValidator
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app.theme.tokens import SPACE
from storyboards.values import SEED_LIMIT, new_seed

from .buttons import icon_button


class SeedField(QWidget):
    """`chosen(seed)` goes out when somebody chose another one; None means automatic.

    Automatic: each take gets its own, from the scene's seed, the shot and the number of the take. That of a scene is
    never automatic (`optional` False).
    """

    chosen = Signal(object)

    def __init__(self, *, optional: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._optional = optional
        self._shown: int | None = None
        self._of_take: int | None = None
        self.field = QLineEdit(clearButtonEnabled=optional)
        self.field.setPlaceholderText(self.tr("Automatic") if optional else "")
        self.field.setAccessibleName(self.tr("Seed"))
        self.field.setToolTip(self.tr("The number that decides the noise. Empty: each take gets its own."))
        self.field.setValidator(QRegularExpressionValidator(QRegularExpression(r"\d{0,19}"), self.field))
        self.field.editingFinished.connect(self._typed)
        self.field.textChanged.connect(lambda text: None if text else self._typed())
        self.roll = icon_button("seed", self.tr("Roll a seed"), self.tr("Roll a seed and keep it for the next takes"))
        self.from_take = icon_button("pin", self.tr("Keep the seed of the take shown"))
        self.copy = icon_button("duplicate", self.tr("Copy the seed"))
        self.roll.clicked.connect(lambda: self._choose(new_seed()))
        self.from_take.clicked.connect(lambda: self._choose(self._of_take))
        self.copy.clicked.connect(self._copy)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.field, 1)
        row.addSpacing(SPACE // 2)
        for button in (self.roll, self.from_take, self.copy):
            row.addWidget(button)
        self.from_take.setVisible(optional)
        self.setFocusProxy(self.field)

    def show_seed(self, seed: int | None, of_take: int | None) -> None:
        """Show the shot's seed, and the one that its selected take was made with."""
        self._shown, self._of_take = seed, of_take
        text = "" if seed is None else str(seed)
        if not (self.field.hasFocus() and self.field.isModified()) and text != self.field.text():
            self.field.blockSignals(True)
            self.field.setText(text)
            self.field.blockSignals(False)
        self._enable()

    def set_read_only(self, read_only: bool) -> None:
        """Only look and copy."""
        self.field.setReadOnly(read_only)
        self.roll.setVisible(not read_only)
        self.from_take.setVisible(self._optional and not read_only)

    def _enable(self) -> None:
        self.from_take.setEnabled(self._of_take is not None and self._of_take != self._shown)
        self.copy.setEnabled(self._shown is not None or self._of_take is not None)

    def _typed(self) -> None:
        text = self.field.text()
        if self.field.isReadOnly() or not (text or self._optional):
            return
        self._choose(min(int(text), SEED_LIMIT - 1) if text else None)

    def _choose(self, seed: int | None) -> None:
        self.field.setModified(False)
        if seed != self._shown:
            self.show_seed(seed, self._of_take)
            self.chosen.emit(seed)

    def _copy(self) -> None:
        seed = self._shown if self._shown is not None else self._of_take
        QGuiApplication.clipboard().setText(str(seed))
