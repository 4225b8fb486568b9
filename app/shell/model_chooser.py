"""Which model the project renders with, and the models of this computer: add, download, check, remove."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QListWidget, QListWidgetItem, QWidget

from app.settings import SettingsStore
from app.shell.dialog import Dialog, button, named, pick_folder
from app.shell.download_panel import DownloadPanel
from app.shell.model_fits import ModelFits
from app.shell.model_row import ModelRow
from app.shell.model_work import ModelWork, ModelWorks, model_works
from app.shell.models import ModelCard, gigabytes, known_models, registry_problem
from app.theme.style import set_role
from app.theme.tokens import SPACE

_WEIGHTS = "*.safetensors *.pt *.pth *.ckpt"


class ModelChooser(Dialog):
    """`chosen` carries the name that the project keeps. Work on models goes on when the dialog is closed."""

    chosen = Signal(str)

    def __init__(self, store: SettingsStore, now: str, read_only: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Model"), parent, 680)
        self._store, self._used, self._wanted = store, now, now
        self._read_only = read_only
        self._works: ModelWorks = model_works()
        self._asked_to_remove = ""
        self.note(self.tr("Takes that are there stay as they are; takes to come are made with the model chosen here."))
        self.list = QListWidget()
        self.list.setMinimumHeight(340)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        named(self.list, self.tr("Models"))
        self.body.addWidget(self.list, 1)
        self.use = button(self.tr("Use this model"), self._use, role="primary")
        self.download = DownloadPanel(self._works)
        self.download.wanted.connect(self._download_new)
        self._bar()
        self.body.addWidget(self.download)
        self.download.hide()
        self.finish(button(self.tr("Close"), self.reject), self.use)
        self.list.currentItemChanged.connect(self._current_changed)
        self.list.itemActivated.connect(lambda _item: self._use())
        self._works.changed.connect(self._work_changed)
        self._works.ended.connect(self._work_ended)
        self._refill = QTimer(self, interval=500, singleShot=True)
        self._refill.timeout.connect(self._fill)
        self._fits: dict[str, str] = {}
        self._asked_fits = ModelFits(self)
        self._asked_fits.told.connect(self._fits_told)
        self.finished.connect(lambda _result: self._asked_fits.close())
        self._fill()
        self._asked_fits.ask(store.now)
        self.tell(registry_problem())

    def _bar(self) -> None:
        """What can be done: with models as such on the left, with the marked one on the right."""
        self.get = button(self.tr("Download…"), self._toggle_download, self.tr("Get a model from the hub by its name"))
        self.verify = button(self.tr("Check"), self._verify, self.tr("Compare every file with its hash"))
        self.go_on = button(self.tr("Go on"), self._go_on, self.tr("Fetch what is missing or damaged"))
        self.stop = button(self.tr("Stop"), self._stop, self.tr("End it for now; what has come is kept"))
        self.remove = button(self.tr("Remove…"), self._remove, role="danger")
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        row.addWidget(button(self.tr("Add a folder…"), self._add_folder, self.tr("A model's folder; it stays there")))
        row.addWidget(button(self.tr("Add a file…"), self._add_file, self.tr("One weight file; it stays there")))
        row.addWidget(self.get)
        row.addStretch(1)
        for each in (self.go_on, self.stop, self.verify, self.remove):
            row.addWidget(each)
        self.body.addLayout(row)

    # The list

    def _fill(self) -> None:
        top = self.list.verticalScrollBar().value()
        self.list.blockSignals(True)
        self.list.clear()
        marked = self._wanted or self._used
        for card in known_models(self._store.now.model_folders):
            item = QListWidgetItem(self.list)
            item.setData(Qt.ItemDataRole.UserRole, card)
            row = ModelRow(card, card.name == self._used, self._fits.get(card.name, ""))
            row.show_work(self._work_of(card))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, row.accessibleName())
            self.list.setItemWidget(item, row)
            if card.name == marked:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        self._measure()
        self.list.verticalScrollBar().setValue(top)
        if self.list.currentItem() is not None:
            self.list.scrollToItem(self.list.currentItem())
        self._current_changed()

    def _fits_told(self, fits: dict[str, str]) -> None:
        self._fits = fits
        self._fill()

    def _measure(self) -> None:
        width = max(200, self.list.viewport().width())
        for place in range(self.list.count()):
            item = self.list.item(place)
            row = self.list.itemWidget(item)
            layout = row.layout() if row is not None else None
            if layout is not None:
                layout.activate()
                item.setSizeHint(QSize(0, max(layout.heightForWidth(width), layout.sizeHint().height())))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._measure()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._measure()
        if self.list.currentItem() is not None:
            self.list.scrollToItem(self.list.currentItem())

    @property
    def card(self) -> ModelCard | None:
        """The model that is marked."""
        item = self.list.currentItem()
        card = None if item is None else item.data(Qt.ItemDataRole.UserRole)
        return card if isinstance(card, ModelCard) else None

    def _work_of(self, card: ModelCard) -> ModelWork | None:
        return self._works.of(card.hub_id or card.name) or self._works.of(card.name)

    def _current_changed(self, *_items: object) -> None:
        if self.card is not None:
            self._wanted = self.card.name
        self._asked_to_remove = ""
        self._show_state()

    def _show_state(self) -> None:
        card = self.card
        work = None if card is None else self._work_of(card)
        ours = card is not None and card.source == "hub"
        self.use.setEnabled(card is not None and card.state == "ready" and not self._read_only and work is None)
        self.stop.setVisible(work is not None)
        self.go_on.setVisible(bool(ours and card and card.state in ("incomplete", "corrupt") and work is None))
        self.verify.setVisible(bool(card and card.source and card.state != "missing" and work is None))
        self.remove.setVisible(bool(card and not card.built_in and work is None))
        if card is not None:
            self.remove.setText(self.tr("Remove…") if ours else self.tr("Forget…"))

    # Work

    def _work_changed(self, key: str) -> None:
        for place in range(self.list.count()):
            row = self.list.itemWidget(self.list.item(place))
            if isinstance(row, ModelRow) and key in (row.card.hub_id, row.card.name):
                shown = row.bar.isVisibleTo(row)
                row.show_work(self._work_of(row.card))
                if not shown:
                    self._measure()
                    self._show_state()
                return
        if not key.startswith("look ") and not self._refill.isActive():
            self._refill.start()  # a model that has just been registered

    def _work_ended(self, work: ModelWork) -> None:
        if work.verb == "look":
            return
        if work.problem:
            self.tell(work.problem)
        elif work.verb in ("add", "download") and work.answer.get("name") and not work.stopping:
            self._wanted = str(work.answer["name"])
        elif work.verb == "verify" and not work.stopping:
            self.tell(self.tr("{0}: every file is as it should be.").format(work.key), "good")
        self._fill()

    def tell(self, text: str, role: str = "bad") -> None:
        """Say what is wrong, or in another role what went well; "" for nothing."""
        set_role(self.problem, role)
        super().tell(text)

    def _start(self, key: str, words: list[str]) -> None:
        self.tell("")
        self._works.start(key, words)
        self._fill()

    # What the buttons do

    def _use(self) -> None:
        if self.card is not None and self.use.isEnabled():
            self.chosen.emit(self.card.name)
            self.accept()

    def _add_folder(self) -> None:
        folder = pick_folder(self, self.tr("Where is the model?"))("")
        if folder:
            self.add(Path(folder))

    def _add_file(self) -> None:
        kinds = self.tr("Weights ({0})").format(_WEIGHTS)
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Which file is the model?"), "", kinds)
        if chosen:
            self.add(Path(chosen))

    def add(self, path: Path) -> None:
        """Register a folder or file of the user's."""
        name = "".join(sign if sign.isalnum() or sign in "._+-" else "-" for sign in path.name).strip("-.") or "model"
        self._start(name, ["add", str(path), "--name", name])

    def _toggle_download(self) -> None:
        self.download.setVisible(not self.download.isVisible())
        if self.download.isVisible():
            self.download.model.setFocus()

    def _download_new(self, hub_id: str, words: list[str]) -> None:
        self.download.hide()
        self._start(hub_id, ["download", hub_id, *words])

    def _go_on(self) -> None:
        if self.card is not None:
            accepted = ["--accept-non-commercial"] if self.card.non_commercial else []
            self._start(self.card.hub_id, ["download", self.card.name, *accepted])

    def _verify(self) -> None:
        if self.card is not None:
            self._start(self.card.name, ["verify", self.card.name])

    def _stop(self) -> None:
        work = None if self.card is None else self._work_of(self.card)
        if work is not None:
            work.stop()
            self._fill()

    def _remove(self) -> None:
        """The first press says what would go, the second does it."""
        card = self.card
        if card is None:
            return
        if self._asked_to_remove != card.name:
            self._asked_to_remove = card.name
            if card.source == "hub":
                text = self.tr("This deletes {0} in {1}. Press again to do it.").format(
                    gigabytes(card.here), card.folder
                )
            else:
                text = self.tr("This takes it off the list; your files stay. Press again to do it.")
            self.tell(text, "attention")
            self.remove.setText(self.tr("Really remove"))
            return
        self._asked_to_remove = ""
        if card.source:
            self._start(card.name, ["remove", card.name, "--yes"])
            return
        self.tell("")
        self._store.change(model_folders=tuple(path for path in self._store.now.model_folders if path != card.name))
        self._fill()
