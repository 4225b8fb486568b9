"""Which model the project renders with: the built-in ones, and folders of one's own."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from app.settings import SettingsStore
from app.shell.dialog import Dialog, button, named, pick_folder
from app.shell.models import ModelCard, known_models, models_under
from app.theme.tokens import SPACE


class ModelChooser(Dialog):
    """`chosen` carries the name that the project keeps."""

    chosen = Signal(str)

    def __init__(self, store: SettingsStore, now: str, read_only: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Model"), parent, 560)
        self._store, self._now = store, now
        self.note(self.tr("Takes that are there stay as they are; takes to come are made with the model chosen here."))
        self.list = QListWidget()
        self.list.setMinimumHeight(220)
        self.list.setSpacing(SPACE // 2)
        self.list.setWordWrap(True)
        named(self.list, self.tr("Models"))
        self.body.addWidget(self.list)
        self.use = button(self.tr("Use this model"), self._use, role="primary")
        add = button(self.tr("Add a folder…"), self._add, self.tr("A folder with a profile.json, or of such folders"))
        self.forget = button(self.tr("Forget"), self._forget, self.tr("Take the folder off this list; files stay"))
        self._read_only = read_only
        self.finish(add, self.forget, button(self.tr("Cancel"), self.reject), self.use)
        self.list.currentItemChanged.connect(self._show_state)
        self.list.itemActivated.connect(lambda _item: self._use())
        self._fill()

    def _fill(self) -> None:
        self.list.clear()
        for card in known_models(self._store.now.model_folders):
            item = QListWidgetItem(_lines(card))
            item.setData(Qt.ItemDataRole.UserRole, card)
            item.setSizeHint(QSize(0, 56))
            item.setToolTip(str(card.folder))
            if card.problem:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            self.list.addItem(item)
            if card.name == self._now:
                self.list.setCurrentItem(item)
        self._show_state()

    @property
    def card(self) -> ModelCard | None:
        """The model that is marked."""
        item = self.list.currentItem()
        card = None if item is None else item.data(Qt.ItemDataRole.UserRole)
        return card if isinstance(card, ModelCard) else None

    def _show_state(self, *_items: object) -> None:
        card = self.card
        self.use.setEnabled(card is not None and not card.problem and not self._read_only)
        self.forget.setEnabled(card is not None and not card.built_in)

    def _use(self) -> None:
        if self.card is not None and self.use.isEnabled():
            self.chosen.emit(self.card.name)
            self.accept()

    def _add(self) -> None:
        folder = pick_folder(self, self.tr("Where is the model?"))("")
        if folder:
            self.add_folder(Path(folder))

    def add_folder(self, folder: Path) -> None:
        """Remember the models that a folder is or holds."""
        found = [str(path.resolve()) for path in models_under(folder)]
        if not found:
            self.tell(self.tr("There is no profile.json in {0} nor in its folders.").format(folder))
            return
        self.tell("")
        known = self._store.now.model_folders
        self._store.change(model_folders=(*known, *(path for path in found if path not in known)))
        self._now = found[0]
        self._fill()

    def _forget(self) -> None:
        if self.card is not None:
            gone = self.card.name
            self._store.change(model_folders=tuple(path for path in self._store.now.model_folders if path != gone))
            self._fill()


def _lines(card: ModelCard) -> str:
    second = card.problem or "  ·  ".join(part for part in (card.facts, card.licence) if part)
    return f"{card.title}\n{second}"
