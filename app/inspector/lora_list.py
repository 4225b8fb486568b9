"""The LoRAs of a scene or a shot: add one, say how strongly it is worn, take it off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.theme.style import set_role
from app.theme.tokens import SPACE
from storyboards.errors import InvalidValue
from storyboards.loras import EXPERTS, Lora, check_loras

from .lora_row import ENDING, LoraRow
from .section import caption, note


class LoraList(QWidget):
    """`chosen(list, merge)` goes out with the whole list; None: no list of its own any more. Changes with the same
    `merge` are steps of one: a strength on its way to where it shall be.

    A shot without a list shows that of its scene. Whoever changes it there gets a list of the shot's own, begun with
    what is seen.
    """

    chosen = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[LoraRow] = []
        self._own: list[Lora] | None = None
        self._otherwise: list[Lora] = []
        self._experts, self._writable = 1, True
        self.add = QPushButton(self.tr("Add…"))
        self.add.setAccessibleName(self.tr("Add a LoRA"))
        self.add.setToolTip(self.tr("Choose a .safetensors file; takes to come are made with it"))
        self.inherit = QPushButton(self.tr("As the scene"))
        self.inherit.setAccessibleName(self.inherit.text())
        self.inherit.setToolTip(self.tr("Drop the shot's own list; it wears what its scene wears"))
        self._whose, self.problem = note(), note("bad")
        self._lay_out()
        self.add.clicked.connect(lambda: self._ask(self.append))
        self.inherit.clicked.connect(lambda: self._choose(None))
        self.show_loras(None, ())

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE // 2)
        head.addWidget(caption(self.tr("LoRAs"), self.add), 1)
        for button in (self.inherit, self.add):
            set_role(button, "flat")
            head.addWidget(button)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(SPACE // 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE // 2)
        column.addLayout(head)
        column.addLayout(self._lines)
        column.addWidget(self._whose)
        column.addWidget(self.problem)

    @property
    def shown(self) -> list[Lora]:
        """The LoRAs that takes to come are made with."""
        return self._otherwise if self._own is None else self._own

    @property
    def summary(self) -> str:
        """How many they are, in words; "" for none."""
        count = len(self.shown)
        return "" if not count else self.tr("1 LoRA") if count == 1 else self.tr("{0} LoRAs").format(count)

    def show_loras(self, own: Sequence[Lora] | None, otherwise: Sequence[Lora], experts: int = 1) -> None:
        """Show a list of its own, or what holds `otherwise`: that of the shot's scene. A scene has nothing above it."""
        self._own = None if own is None else list(own)
        self._otherwise, self._experts = list(otherwise), experts
        self.problem.hide()
        self._fill()
        self.add.setVisible(self._writable)
        self.inherit.setVisible(self._writable and self._own is not None and bool(self._otherwise))
        self._whose.setText(self._words())
        self._whose.setVisible(bool(self._whose.text()))

    def set_read_only(self, read_only: bool) -> None:
        """Only look."""
        self._writable = not read_only
        self.show_loras(self._own, self._otherwise, self._experts)

    def _words(self) -> str:
        if self._own is None:
            return self.tr("From the scene; a change here makes a list of the shot's own.") if self._otherwise else ""
        if not self._otherwise:
            return ""
        names = ", ".join(Path(lora["path"]).name.removesuffix(ENDING) for lora in self._otherwise)
        if not self._own:
            return self.tr("The shot wears none, though its scene wears {0}.").format(names)
        return self.tr("In place of the scene's: {0}.").format(names)

    def _fill(self) -> None:
        """Rows stay where the same files are listed, so that no field loses what is being typed into it."""
        shown = self.shown
        if [row.lora["path"] for row in self.rows] != [lora["path"] for lora in shown]:
            for row in self.rows:
                self._lines.removeWidget(row)
                row.hide()
                row.deleteLater()
            self.rows = [self._row(place, lora) for place, lora in enumerate(shown)]
        for row, lora in zip(self.rows, shown, strict=True):
            row.show_lora(lora, self._experts, writable=self._writable)

    def _row(self, place: int, lora: Lora) -> LoraRow:
        row = LoraRow(lora)
        row.changed.connect(partial(self._replace, place))
        row.removed.connect(partial(self._replace, place, None))
        row.locate_wanted.connect(lambda: self._ask(lambda path: self._replace(place, {**row.lora, "path": path})))
        self._lines.addWidget(row)
        return row

    def _ask(self, then: Callable[[str], object]) -> None:
        kinds = self.tr("LoRAs (*{0})").format(ENDING)
        now = self.shown
        start = str(Path(now[-1]["path"]).parent) if now else ""
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Which LoRA?"), start, kinds)
        if path:
            then(path)

    def append(self, path: str) -> None:
        """Add a file; one that is there for one expert is added for the other."""
        taken = [str(lora["expert"]) for lora in self.shown if lora["path"] == path]
        expert = taken[0] if taken else EXPERTS[0]
        if len(taken) == 1 and self._experts > 1:
            expert = {"high": "low", "low": "high"}.get(expert, expert)
        self._choose([*self.shown, {"path": path, "strength": 1.0, "expert": expert}])

    def _replace(self, place: int, lora: Lora | None) -> None:
        before = self.shown
        changed = [*before[:place], *([] if lora is None else [lora]), *before[place + 1 :]]
        turned = lora is not None and {**before[place], "strength": lora["strength"]} == lora
        self._choose(changed if changed or self._otherwise else None, f"strength {place}" if turned else "")

    def _choose(self, loras: list[Lora] | None, merge: str = "") -> None:
        try:
            check_loras(loras or ())
        except InvalidValue as error:
            self._fill()  # as it was
            self.problem.setText(f"{error.message} {error.hint}")
            self.problem.show()
            return
        self.show_loras(loras, self._otherwise, self._experts)  # the next change may come before the document answers
        self.chosen.emit(loras, merge)
