"""Making a project: its name, its folder, the model, the size of its pictures."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QSpinBox, QWidget

from app.folders import data_folder, projects_folder
from app.settings import SettingsStore
from app.shell.dialog import Dialog, PathField, button, named, pick_folder
from app.shell.models import known_models
from app.theme.style import set_role
from storyboards.paths import SUFFIX

_NOT_IN_NAMES = '/\\:*?"<>|'
_STEP = 16  # the model refuses sizes that its blocks do not divide


class NewProjectDialog(Dialog):
    """`accepted_project` carries the folder, the name, the model ("" for the built-in one), the size or None, and an
    example's name or ""."""

    accepted_project = Signal(object, str, str, object, str)

    def __init__(self, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("New project"), parent)
        form = self.form()
        self.name = QLineEdit(self.tr("Untitled"))
        named(self.name, self.tr("Name"))
        self.folder = PathField(self.tr("Folder"), pick_folder(self, self.tr("Where shall the project go?")))
        recent = [Path(path).parent for path in store.now.recent]
        mine = [path for path in recent if path.is_dir() and path != data_folder()]  # the example lies there
        self.folder.show_path(mine[0] if mine else projects_folder())
        self.model = QComboBox()
        named(self.model, self.tr("Model"))
        for card in known_models(store.now.model_folders):
            if not card.problem:
                self.model.addItem(f"{card.title}   {card.facts}", card.name)
        chosen = self.model.findData(store.now.model)
        self.model.setCurrentIndex(max(0, chosen))
        self.picture_size = QComboBox()
        named(self.picture_size, self.tr("Size of the pictures"))
        self.picture_size.addItem(self.tr("The model's own"), False)
        self.picture_size.addItem(self.tr("Another size"), True)
        self.width_px, self.height_px = self._pixels(self.tr("Width"), 112), self._pixels(self.tr("Height"), 64)
        self.story = self._stories()
        for label, field in (
            (self.tr("Name"), self.name), (self.tr("Folder"), self.folder), (self.tr("Model"), self.model),
            (self.tr("Size"), self.picture_size), (self.tr("Width"), self.width_px),
            (self.tr("Height"), self.height_px), (self.tr("Begin with"), self.story),
        ):  # fmt: skip
            form.addRow(label, field)
        self._form = form
        self.where = QLabel()
        self.where.setWordWrap(True)
        set_role(self.where, "muted")
        self.body.addWidget(self.where)
        self.create_button = button(self.tr("Create"), self._accept, self.tr("Make the project and open it"), "primary")
        self.finish(button(self.tr("Cancel"), self.reject), self.create_button)
        self.name.textChanged.connect(self._check)
        self.folder.changed.connect(self._check)
        self.picture_size.currentIndexChanged.connect(self._check)
        self.name.selectAll()
        self.name.setFocus()
        self._check()

    def _pixels(self, name: str, value: int) -> QSpinBox:
        box = QSpinBox()
        box.setRange(_STEP, 4096)
        box.setSingleStep(_STEP)
        box.setValue(value)
        box.setSuffix(" px")
        named(box, name)
        return box

    def _stories(self) -> QComboBox:
        from storyboards.examples import example_names

        box = QComboBox()
        named(box, self.tr("Begin with"))
        box.addItem(self.tr("An empty scene"), "")
        for name in example_names():
            box.addItem(name.replace("-", " ").capitalize(), name)
        return box

    @property
    def path(self) -> Path:
        """The folder that will be made."""
        return self.folder.path / f"{self.name.text().strip()}{SUFFIX}"

    def _check(self) -> None:
        self._form.setRowVisible(self.width_px, bool(self.picture_size.currentData()))
        self._form.setRowVisible(self.height_px, bool(self.picture_size.currentData()))
        name = self.name.text().strip()
        problem = ""
        if not name:
            problem = self.tr("A project needs a name.")
        elif any(sign in _NOT_IN_NAMES for sign in name) or name.startswith("."):
            problem = self.tr("A name cannot begin with a dot or hold any of {0}").format(" ".join(_NOT_IN_NAMES))
        elif not self.folder.text:
            problem = self.tr("Choose the folder that the project goes into.")
        elif self.path.exists():
            problem = self.tr("{0} exists already; choose another name.").format(self.path.name)
        self.tell(problem)
        self.create_button.setEnabled(not problem)
        self.where.setText("" if problem else self.tr("Everything is saved in {0}").format(self.path))

    def _accept(self) -> None:
        size = (self.width_px.value(), self.height_px.value()) if self.picture_size.currentData() else None
        self.accepted_project.emit(
            self.path, self.name.text().strip(), self.model.currentData() or "", size, self.story.currentData()
        )
        self.accept()
