"""One thing that a shot could see: what it is, whether it is seen and why, and the user's word on it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from app.pictures import Pictures
from app.theme.style import set_role
from app.theme.tokens import SPACE
from engine.contract import PlannedBlock

from .buttons import icon_button
from .popover import Popover
from .section import note
from .thumbnail import Thumbnail

THUMBNAIL = (64, 40)


class ContextRow(QWidget):
    """`chosen(block, choice)` goes out with "auto", "pinned" or "excluded"; `noise_chosen(block, noise)` with a level
    or None for the model's.
    """

    chosen = Signal(object, str)
    noise_chosen = Signal(object, object)

    def __init__(self, pictures: Pictures) -> None:
        super().__init__()
        self._block: PlannedBlock | None = None
        self._noise: float | None = None
        self._thumbnail = Thumbnail(pictures, *THUMBNAIL)
        self._name, self._reason = note(""), note()
        self._numbers = QLabel()
        set_role(self._numbers, "small")
        self._noise_button = QToolButton()
        self._noise_button.setProperty("role", "flat")
        self._noise_button.setStyleSheet("min-height: 0; padding: 0 2px; font-size: 11px;")
        self._noise_button.clicked.connect(self._edit_noise)
        self._pin = icon_button("pin", self.tr("Pin"), checkable=True)
        self._ban = icon_button("ban", self.tr("Leave out"), checkable=True)
        self._pin.clicked.connect(lambda down: self._choose("pinned" if down else "auto"))
        self._ban.clicked.connect(lambda down: self._choose("excluded" if down else "auto"))
        self._lay_out()

    def show_block(self, block: PlannedBlock, choice: str, noise: float | None, poster: str, writable: bool) -> None:
        """Show a line of the plan with the user's word on it."""
        self._block, self._noise = block, noise
        self._thumbnail.show_picture(poster)
        self._thumbnail.setEnabled(block.used)
        self._name.setText(_capital(block.name))
        set_role(self._name, "" if block.used else "muted")
        self._reason.setText(_capital(block.reason))
        side = self.tr("before") if block.side == "before" else self.tr("after")
        self._numbers.setText(self.tr("{side} · {tokens} tokens").format(side=side, tokens=block.tokens))
        mark = "" if noise is None else "*"
        self._noise_button.setText(self.tr("noise {level}").format(level=f"{block.noise:.2f}{mark}"))
        self._noise_button.setAccessibleName(self.tr("Noise of {name}").format(name=block.name))
        self._noise_button.setToolTip(self._noise_tip())
        fixed = block.role == "recent"  # what a shot continues cannot be left out
        for button, down, on, off in (
            (self._pin, choice == "pinned", self.tr("Let the planner decide"), self.tr("Always see {name}")),
            (self._ban, choice == "excluded", self.tr("Let the planner decide"), self.tr("Never see {name}")),
        ):
            button.setChecked(down)
            button.setEnabled(writable and not fixed)
            button.setToolTip(on if down else off.format(name=block.name))
            button.setAccessibleName(off.format(name=block.name))
        self._noise_button.setEnabled(writable)

    def _noise_tip(self) -> str:
        if self._noise is None:
            return self.tr("How blurred it is seen: 0 is exact, 1 is nothing. The model's own level; click to change.")
        return self.tr("How blurred it is seen. You chose this level; click to change.")

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(self._name, 1)
        head.addWidget(self._pin)
        head.addWidget(self._ban)
        numbers = QHBoxLayout()
        numbers.setSpacing(SPACE // 2)
        numbers.addWidget(self._numbers)
        numbers.addWidget(self._noise_button)
        numbers.addStretch()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, SPACE // 2, 0, SPACE // 2)
        grid.setHorizontalSpacing(SPACE)
        grid.setVerticalSpacing(0)
        grid.addWidget(self._thumbnail, 0, 0, 3, 1, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(head, 0, 1)
        grid.addWidget(self._reason, 1, 1)
        grid.addLayout(numbers, 2, 1)
        grid.setColumnStretch(1, 1)

    def _choose(self, choice: str) -> None:
        if self._block is not None:
            self.chosen.emit(self._block, choice)

    def _edit_noise(self) -> None:
        block = self._block
        if block is None:
            return
        popover = NoisePopover(block, self._noise, lambda level: self.noise_chosen.emit(block, level), self)
        popover.show_at(self._noise_button.mapToGlobal(QPoint(self._noise_button.width(), self._noise_button.height())))


class NoisePopover(Popover):
    """Asks how blurred something is seen."""

    def __init__(
        self, block: PlannedBlock, noise: float | None, then: Callable[[float | None], None], parent: QWidget
    ) -> None:
        super().__init__(self.tr("Noise of {name}").format(name=block.name), parent)
        self._then = then
        self._was = round(block.noise, 2)
        self.level = QDoubleSpinBox(minimum=0.0, maximum=1.0, singleStep=0.05, decimals=2)
        self.level.setAccessibleName(self.tr("Noise"))
        self.level.lineEdit().setTextMargins(4, 0, 0, 0)
        self.level.setValue(block.noise)
        told = note()
        told.setText(self.tr("0 shows it exactly, 1 nothing of it. Some noise leaves the shot more freedom."))
        use = QPushButton(self.tr("Use"))
        use.setProperty("role", "primary")
        use.setDefault(True)
        use.clicked.connect(self._use)
        own = QPushButton(self.tr("The model's own"))
        own.setEnabled(noise is not None)
        own.clicked.connect(self._own)
        row = QHBoxLayout()
        row.addWidget(own)
        row.addStretch()
        row.addWidget(use)
        self.setFixedWidth(36 * SPACE)
        self.content.addWidget(told)
        self.content.addWidget(self.level)
        self.content.addLayout(row)
        self.level.setFocus()

    def _use(self) -> None:
        if round(self.level.value(), 2) != self._was:
            self._then(round(self.level.value(), 2))
        self.close()

    def _own(self) -> None:
        self._then(None)
        self.close()


def _capital(text: str) -> str:
    text = text.removeprefix("left out: ")
    return text[:1].upper() + text[1:]
