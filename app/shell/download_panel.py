"""Asking for a model by its name on the hub: first a look at its size and licence, then the download."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.shell.dialog import PathField, button, named, pick_folder
from app.shell.model_work import ModelWork, ModelWorks
from app.shell.models import gigabytes, models_to_be_had
from app.theme.style import set_role
from app.theme.tokens import SPACE
from engine.catalogue.registry import Registry


class DownloadPanel(QWidget):
    """`wanted` carries the hub id and the further words of `main.py models download`."""

    wanted = Signal(str, list)

    def __init__(self, works: ModelWorks) -> None:
        super().__init__()
        self._works = works
        self._looked: dict[str, object] = {}
        self.model = QComboBox()
        self.model.setEditable(True)
        self.model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        named(self.model, self.tr("Model on the hub"), self.tr("OWNER/NAME, as in the address of its page"))
        for card in models_to_be_had():
            licence = self.tr(" (not for commercial use)") if card.non_commercial else ""
            self.model.addItem(f"{card.title}   {card.licence}{licence}", card.name)
        self.model.setCurrentIndex(-1)
        self._line = QLineEdit()
        self._line.setStyleSheet("border: 0; padding: 0; min-height: 0; background: transparent;")
        self.model.setLineEdit(self._line)
        self.model.setCurrentIndex(-1)
        self._line.setPlaceholderText(self.tr("Choose a known one, or type OWNER/NAME"))
        self.into = PathField(self.tr("Into"), pick_folder(self, self.tr("Where shall the model go?")))
        self.into.show_path(Registry().downloads)
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        set_role(self.facts, "muted")
        self.accept_licence = QCheckBox(self.tr("My work is not commercial: this licence will do"))
        named(self.accept_licence, self.accept_licence.text())
        self.look = button(self.tr("Look"), self._look, self.tr("Ask the hub for its size and licence"))
        self.download = button(self.tr("Download"), self._download, self.tr("Fetch it; you can go on working"))
        self._lay_out()
        self.model.activated.connect(lambda _index: self._look())
        self._line.textEdited.connect(lambda _text: self._show({}))
        self._line.returnPressed.connect(self._look)
        self.accept_licence.toggled.connect(lambda _on: self._show(self._looked))
        self.into.changed.connect(lambda: self._show(self._looked))
        works.ended.connect(self._answered)
        self._show({})

    @property
    def hub_id(self) -> str:
        """The model that is named."""
        index = self.model.findText(self.model.currentText())
        return str(self.model.itemData(index)) if index >= 0 else self.model.currentText().strip()

    def tell(self, problem: str) -> None:
        """Say why the look or the download did not work."""
        self.facts.setText(problem)
        set_role(self.facts, "bad" if problem else "muted")

    def _look(self) -> None:
        if self.hub_id:
            self._show({})
            self.tell("")
            self.facts.setText(self.tr("Asking the hub …"))
            self.look.setEnabled(False)
            self._works.start(f"look {self.hub_id}", ["look", self.hub_id])

    def _answered(self, work: ModelWork) -> None:
        if work.key != f"look {self.hub_id}":
            return
        self.look.setEnabled(True)
        if work.problem:
            self.tell(work.problem)
        else:
            self._show(work.answer)

    def _show(self, answer: dict[str, object]) -> None:
        self._looked = answer
        forbids = bool(answer.get("non_commercial"))
        self.accept_licence.setVisible(forbids)
        fits = True
        if answer:
            size, free = int(str(answer["bytes"])), _free(self.into.path)
            fits = size < free
            files = answer["files"]
            text = self.tr("{0} in {1} files, licence {2}.").format(
                gigabytes(size), len(files) if isinstance(files, list) else 0, answer["licence"] or self.tr("unknown")
            )
            if answer.get("gated"):
                text += " " + self.tr("Its owner asks users to accept it on its page first.")
            text += " " + self.tr("{0} are free there.").format(gigabytes(free))
            self.tell("")
            self.facts.setText(text)
            if not fits:
                self.tell(text + " " + self.tr("Free some space, or choose another disk."))
        else:
            self.facts.setText("")
        self.download.setEnabled(bool(answer) and fits and (not forbids or self.accept_licence.isChecked()))

    def _download(self) -> None:
        words: list[str] = []
        if self.into.path != Registry().downloads:
            words += ["--into", str(self.into.path / self.hub_id.replace("/", "--"))]
        if self.accept_licence.isChecked() and self._looked.get("non_commercial"):
            words.append("--accept-non-commercial")
        self.wanted.emit(self.hub_id, words)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(2 * SPACE)
        form.setVerticalSpacing(SPACE)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        row.addWidget(self.model, 1)
        row.addWidget(self.look)
        form.addRow(self.tr("Model"), row)
        form.addRow(self.tr("Into"), self.into)
        last = QHBoxLayout()
        last.setSpacing(SPACE)
        last.addWidget(self.facts, 1)
        last.addWidget(self.download)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE)
        column.addLayout(form)
        column.addWidget(self.accept_licence)
        column.addLayout(last)


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free
    except OSError:
        return 0
