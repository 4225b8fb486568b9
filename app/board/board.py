"""The board: the shots of the scene in story order, with a head line and a word on what has become stale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.clips import ClipTarget
from app.document.open_document import OpenDocument
from app.document.snapshot import SceneSnapshot
from app.pictures import Pictures
from app.shots_model import ShotsModel
from app.theme.style import theme
from app.verbs import Verbs

from .delegate import take_pictures
from .empty import EmptyBoard
from .head import BoardHead, StaleStrip
from .menu import shot_menu
from .reasons import ReasonsPopover
from .shape import ASPECT
from .view import BoardView


class Board(ClipTarget):
    """Cards or rows of the shown scene.

    `open_shot`: the prompt of this shot shall be edited. `import_wanted`, `example_wanted`: pressed on an empty board.
    `clips_dropped`: video files, and the row that their shots shall get.
    """

    selection_changed = Signal(list)
    open_shot = Signal(str)
    play_shot = Signal(str)
    import_wanted = Signal()
    example_wanted = Signal()
    density_changed = Signal(str)
    clips_dropped = Signal(list, int)

    def __init__(
        self, document: OpenDocument, shots_model: ShotsModel, verbs: Verbs, pictures: Pictures,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.document, self.model, self.verbs, self.pictures = document, shots_model, verbs, pictures
        self._wanted: list[str] = []  # new shots that shall be selected as soon as they are in the model
        self._chosen: list[str] = []
        self._told: list[str] = []
        self.view = BoardView(shots_model, pictures, self)
        self.view.writable = not document.read_only
        self.head = BoardHead(self)
        self.strip = StaleStrip(self)
        self.empty = EmptyBoard(read_only=document.read_only, parent=self)
        self.popover = ReasonsPopover(self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        self.setAcceptDrops(True)
        self._lay_out()
        self._connect()
        self._count_changed()
        if document.snapshot is not None:
            self._scene_read(document.snapshot)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self.strip)
        layout.addWidget(self._stack, 1)
        self.setFocusProxy(self.view)
        QWidget.setTabOrder(self.view, self.head.grid)  # the keyboard begins on the cards
        self.setAccessibleName(self.tr("Board"))

    def _connect(self) -> None:
        view, model, verbs = self.view, self.model, self.verbs
        view.open_wanted.connect(self.open_shot)
        view.moved.connect(verbs.move_to)
        view.insert_wanted.connect(verbs.insert_at)
        view.clips_dropped.connect(self.clips_dropped)
        view.reasons_wanted.connect(self._show_reasons)
        view.menu_wanted.connect(self._show_menu)
        view.selectionModel().selectionChanged.connect(lambda *_: self._tell_selection())
        model.rowsInserted.connect(lambda *_: self._rows_changed())
        model.rowsMoved.connect(lambda *_: self._rows_changed())
        model.rowsRemoved.connect(lambda _parent, first, _last: self._rows_removed(first))
        model.modelAboutToBeReset.connect(self._before_reset)
        model.modelReset.connect(self._after_reset)
        model.dataChanged.connect(self._data_changed)
        verbs.selection_wanted.connect(self.select_shots)
        self.head.density_chosen.connect(self.set_density)
        self.strip.refresh_wanted.connect(verbs.refresh_stale)
        self.strip.why_wanted.connect(lambda: self.explain(self._stale(), self.strip.below_why()))
        self.strip.keep_wanted.connect(lambda: self.keep_shots(self._stale()))
        self.empty.new_wanted.connect(lambda: verbs.insert_at(0))
        self.empty.import_wanted.connect(self.import_wanted)
        self.empty.example_wanted.connect(self.example_wanted)
        self.popover.regenerate_wanted.connect(self.refresh_shots)
        self.popover.keep_wanted.connect(self.keep_shots)
        self.document.scene_read.connect(self._scene_read)
        self.pictures.ready.connect(self._take_aspect)
        theme.changed.connect(self.view.viewport().update)

    def takes_clips(self, clips: list[Path]) -> bool:
        """Any, also on a board without shots."""
        return not self.document.read_only

    def clips_came(self, clips: list[Path]) -> None:
        """They become shots at the end."""
        self.clips_dropped.emit(clips, self.model.rowCount())

    # What the shell uses

    def selected_ids(self) -> list[str]:
        """The selected shots in story order."""
        return [shot.id for row in self.view.selected_rows() if (shot := self.model.shot(row))]

    def select_shots(self, ids: Sequence[str]) -> None:
        """Select these shots and bring the first into sight, now or as soon as the scene shows them."""
        rows = [row for shot_id in ids if (row := self.model.row_of(shot_id)) >= 0]
        self._wanted = [] if rows else list(ids)
        if rows:
            self.view.select(sorted(rows))

    def select_shot(self, shot_id: str) -> None:
        """Select one shot."""
        self.select_shots([shot_id])

    def select_all(self) -> None:
        """Select every shot of the scene."""
        self.view.selectAll()

    def density(self) -> str:
        """Return "grid" or "list"."""
        return self.view.cards.density

    def set_density(self, density: str) -> None:
        """Show cards ("grid") or rows ("list")."""
        self.head.show_density(density)
        if density != self.view.cards.density:
            self.view.set_density(density)
            self.view.scrollTo(self.view.currentIndex())
            self.density_changed.emit(density)

    def refresh_shots(self, ids: Sequence[str]) -> None:
        """Queue a new take of each of these shots; what failed is tried again as it was asked for."""
        failed = [job_id for shot_id in ids if (job_id := self.model.failed_job(shot_id))]
        self.select_shots(ids)
        if len(failed) == len(ids):
            for job_id in dict.fromkeys(failed):  # one job may be for several shots
                self.verbs.retry(job_id)
        else:
            self.verbs.regenerate()

    def keep_shots(self, ids: Sequence[str]) -> None:
        """Take the stale mark off the takes that these shots show."""
        self.select_shots(ids)
        self.verbs.keep_stale()

    def explain(self, ids: Sequence[str], corner: QPoint | None = None) -> None:
        """Say why these shots are stale, at a place on the screen or below the first of them."""
        shots = [shot for shot_id in ids if (shot := self.model.shot(self.model.row_of(shot_id)))]
        if not shots:
            return
        if corner is None:
            cell = self.view.cell_rect(self.model.row_of(shots[0].id))
            corner = self.view.viewport().mapToGlobal(self.view.shape().state.bottomLeft() + cell.topLeft())
        self.popover.open_for(shots, corner, writable=self.view.writable)

    # The model changes

    def _rows_changed(self) -> None:
        self._count_changed()
        if self._wanted and self.model.row_of(self._wanted[0]) >= 0:
            self.select_shots(self._wanted)
        self._tell_selection()

    def _rows_removed(self, first: int) -> None:
        """Where all selected shots were deleted, the next one is selected: one may go on with the keyboard."""
        if self.model.rowCount() and not self.view.selected_rows():
            self.view.select([min(first, self.model.rowCount() - 1)])
        self._rows_changed()

    def _before_reset(self) -> None:
        self._chosen = self.selected_ids()

    def _after_reset(self) -> None:
        self._count_changed()
        rows = [row for shot_id in self._chosen if (row := self.model.row_of(shot_id)) >= 0]
        self.view.select(sorted(rows))
        if self._wanted:
            self.select_shots(self._wanted)
        self._tell_selection()

    def _data_changed(self, _first: QModelIndex, _last: QModelIndex, roles: list[int]) -> None:
        if not roles or ShotsModel.ShotRole in roles:
            self._summarise()

    def _count_changed(self) -> None:
        empty = self.model.rowCount() == 0
        self._stack.setCurrentWidget(self.empty if empty else self.view)
        self.setFocusProxy(self.empty.new if empty else self.view)
        self._summarise()
        self.view.updateGeometries()

    def _tell_selection(self) -> None:
        ids = self.selected_ids()
        if ids != self._told:
            self._told = ids
            self.selection_changed.emit(ids)

    def _scene_read(self, snapshot: SceneSnapshot) -> None:
        self.head.show_scene(snapshot.scene.number, snapshot.scene.title)
        aspect = snapshot.size[0] / snapshot.size[1] if snapshot.size else self.view.cards.aspect
        self.view.set_film(snapshot.fps, aspect)
        self._take_aspect("")
        self._summarise()

    def _take_aspect(self, path: str) -> None:
        """Cards have the shape of the film; where the project leaves it to the model, the first poster tells."""
        snapshot = self.document.snapshot
        if snapshot is None or snapshot.size is not None or self.view.cards.aspect != ASPECT:
            return
        first = next((shot.selected for shot in snapshot.shots if shot.selected), None)
        if first is None or path not in ("", take_pictures(first)[0]):
            return
        poster = self.pictures.pixmap(take_pictures(first)[0])
        if poster is not None and poster.height():
            self.view.set_film(snapshot.fps, poster.width() / poster.height())

    def _summarise(self) -> None:
        shots = self.model.shots()
        self.head.show_facts(shots, self.view.cards.fps)
        self.strip.show_shots([shot for shot in shots if shot.stale], writable=self.view.writable)

    # Asking back

    def _show_reasons(self, shot_id: str, place: QRect) -> None:
        row = self.model.row_of(shot_id)
        shot = self.model.shot(row)
        if shot is None:
            return
        failure = self.model.data(self.model.index(row), ShotsModel.FailureRole)
        corner = self.view.viewport().mapToGlobal(place.bottomLeft() + QPoint(0, 4))
        self.popover.open_for([shot], corner, failure=failure, writable=self.view.writable)

    def _show_menu(self, place: QPoint) -> None:
        if not self.model.rowCount():
            return
        menu = shot_menu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def _stale(self) -> list[str]:
        return [shot.id for shot in self.model.shots() if shot.stale]

    def sizeHint(self) -> QSize:
        return QSize(720, 560)
