"""The queue as a panel: what runs, what waits, what went wrong, and everything that can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QMenu,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.document.open_document import OpenDocument
from app.document.snapshot import SceneSnapshot
from app.inspector.section import empty_page
from app.pictures import Pictures
from app.shots_model import ShotProgress, ShotsModel
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE
from storyboards.views import JobView

from .job_delegate import JobDelegate, actions_of, name_of
from .job_editor import JobEditor
from .job_texts import FINISHED, WORKING
from .jobs_model import JobsModel

if TYPE_CHECKING:
    from app.engine_client.queue_runner import QueueRunner
    from app.verbs import Verbs

_ICONS = {"cancel": "cross", "edit": "edit", "retry": "regenerate", "resume": "play",
          "restart": "refresh"}  # fmt: skip


class QueuePanel(QWidget):
    """Shows the queue of the project, whatever scene is shown."""

    def __init__(
        self, document: OpenDocument, verbs: Verbs, runner: QueueRunner, shots_model: ShotsModel, pictures: Pictures
    ) -> None:
        super().__init__()
        self._document, self._verbs = document, verbs
        self._shots, self._pictures = shots_model, pictures
        self._paused = False
        self.model = JobsModel(self)
        self._make_bar()
        self._make_list()
        self._lay_out()
        document.jobs_read.connect(self._show_jobs)
        document.scene_read.connect(self._show_scene)
        runner.step.connect(self._show_step)
        runner.preview.connect(self._show_preview)
        pictures.ready.connect(self._paint_again)
        self._show_jobs(document.jobs)
        if document.snapshot is not None:
            self._show_scene(document.snapshot)

    def _make_bar(self) -> None:
        self.pause = QPushButton()
        self.pause.clicked.connect(self._pause_or_go_on)
        self.clear = QPushButton(self.tr("Clear finished"))
        self.clear.setToolTip(self.tr("Take what is done, failed or cancelled off the list; takes stay"))
        self.clear.setAccessibleName(self.clear.text())
        self.clear.clicked.connect(lambda: self._verbs.clear_finished_jobs())
        self._summary = QLabel()
        set_role(self._summary, "small")

    def _make_list(self) -> None:
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setMouseTracking(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.list.setDragEnabled(not self._document.read_only)
        self.list.setDropIndicatorShown(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.setAccessibleName(self.tr("Jobs"))
        self.delegate = JobDelegate(self._pictures, self._picture_of, not self._document.read_only)
        self.list.setItemDelegate(self.delegate)
        self.list.installEventFilter(self)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.list.doubleClicked.connect(lambda _: self.act("edit"))
        self.delegate.pressed.connect(self._pressed)
        self.model.moved.connect(self._move)

    def _lay_out(self) -> None:
        set_role(self, "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        bar.setSpacing(SPACE)
        bar.addWidget(self.pause)
        bar.addWidget(self._summary, 1)
        bar.addWidget(self.clear)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._make_empty())
        self._pages.addWidget(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self._pages, 1)

    def _make_empty(self) -> QWidget:
        text = self.tr(
            "{shot.generate} generates the chosen shots, {scene.generate} the whole scene. "
            "The queue outlives a restart."
        )
        return empty_page(self.tr("Nothing is queued"), text)

    def sizeHint(self) -> QSize:
        """As wide as the inspector."""
        return QSize(340, 50 * SPACE)

    def act(self, action: str) -> None:
        """Do something with the chosen jobs, as far as their states allow it."""
        for job in self.chosen():
            if action in self._actions_of(job):
                self._pressed(action, job.id)
                if action == "edit":
                    return

    def _actions_of(self, job: JobView) -> list[str]:
        return actions_of(job, self.model.progress_of(job.id))

    def chosen(self) -> list[JobView]:
        """The jobs that are selected, in order."""
        rows = sorted(index.row() for index in self.list.selectionModel().selectedIndexes())
        return [self.model.jobs()[row] for row in rows]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the list: Delete, Enter, R, Alt with up and down."""
        if watched is self.list and isinstance(event, QKeyEvent) and not self._document.read_only:
            action = self._action_of(event)
            if action and event.type() is QEvent.Type.ShortcutOverride:
                event.accept()  # the board has other plans with R and Delete
                return True
            if action and event.type() is QEvent.Type.KeyPress:
                self._act_by_key(action)
                return True
        return super().eventFilter(watched, event)

    def _action_of(self, event: QKeyEvent) -> str:
        key, alt = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if alt:
            return {Qt.Key.Key_Up: "up", Qt.Key.Key_Down: "down"}.get(Qt.Key(key), "")
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return ""
        return {
            Qt.Key.Key_Delete: "cancel",
            Qt.Key.Key_Return: "edit",
            Qt.Key.Key_Enter: "edit",
            Qt.Key.Key_R: "retry",
        }.get(Qt.Key(key), "")

    def _act_by_key(self, action: str) -> None:
        if action in ("up", "down"):
            self._step(-1 if action == "up" else 1)
            return
        self.act(action)
        if action == "retry":
            self.act("resume")

    def _step(self, step: int) -> None:
        """Move the chosen waiting job by one place."""
        waiting = [job.id for job in self.model.jobs() if job.state == "queued"]
        chosen = [job.id for job in self.chosen() if job.id in waiting]
        if len(chosen) != 1:
            return
        place = waiting.index(chosen[0]) + step
        if 0 <= place < len(waiting):
            others = [job_id for job_id in waiting if job_id != chosen[0]]
            self._move(chosen[0], others[place] if place < len(others) else "")

    def _move(self, job_id: str, before: str) -> None:
        self._verbs.move_job(job_id, before=before or None)

    def _pressed(self, action: str, job_id: str) -> None:
        if action == "cancel":
            self._verbs.cancel(job_id)
        elif action in ("retry", "resume"):
            self._verbs.retry(job_id)
        elif action == "restart":
            self._verbs.restart_engine()
        elif action == "edit":
            self._edit(job_id)

    def _edit(self, job_id: str) -> None:
        row = self.model.row_of(job_id)
        if row < 0:
            return
        place = self.list.visualRect(self.model.index(row)).bottomRight()
        self.editor = JobEditor(self.model.jobs()[row], partial(self._change, job_id), self)
        self.editor.show_at(self.list.viewport().mapToGlobal(place))

    def _change(self, job_id: str, params: dict[str, Any]) -> None:
        self._verbs.edit_job(job_id, **params)

    def _show_menu(self, place: QPoint) -> None:
        actions = sorted({action for job in self.chosen() for action in self._actions_of(job)})
        if self._document.read_only or not actions:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in actions:
            menu.addAction(icon(_ICONS[action]), name_of(action), partial(self.act, action))
        menu.popup(self.list.viewport().mapToGlobal(place))

    def _pause_or_go_on(self) -> None:
        if self._paused:
            self._verbs.resume_queue()
        else:
            self._verbs.pause_queue()

    def _show_scene(self, snapshot: SceneSnapshot) -> None:
        self._paused = snapshot.queue_paused
        self.model.set_paused(self._paused)
        self._show_bar()

    def _show_jobs(self, jobs: Sequence[JobView]) -> None:
        self.model.update(jobs)
        self.list.scheduleDelayedItemsLayout()  # a job that failed is taller than before
        self._pages.setCurrentIndex(1 if jobs else 0)
        self._show_bar()

    def _show_bar(self) -> None:
        jobs, writable = self.model.jobs(), not self._document.read_only
        self.pause.setText(self.tr("Go on") if self._paused else self.tr("Pause"))
        self.pause.setIcon(icon("play" if self._paused else "pause"))
        self.pause.setAccessibleName(self.tr("Let the queue go on") if self._paused else self.tr("Pause the queue"))
        self.pause.setToolTip(
            self.tr("Let jobs begin again") if self._paused else self.tr("Let no further job begin; what runs goes on")
        )
        self.pause.setEnabled(writable)
        self.clear.setEnabled(writable and any(job.state in (*FINISHED, "failed") for job in jobs))
        running = sum(job.state in WORKING for job in jobs)
        waiting = sum(job.state == "queued" for job in jobs)
        parts = [self.tr("{count} running").format(count=running)] if running else []
        parts += [self.tr("{count} waiting").format(count=waiting)] if waiting else []
        self._summary.setText(" · ".join(parts) or (self.tr("paused") if self._paused else ""))

    def _show_preview(self, _shot_id: str, path: str) -> None:
        self._paint_again(path)

    def _paint_again(self, _path: str) -> None:
        self.list.viewport().update()

    def _show_step(self, _shot_id: str, progress: ShotProgress) -> None:
        self.model.set_progress(progress.job_id, progress)

    def _picture_of(self, job: JobView) -> str:
        index = self._shots.index(self._shots.row_of(job.shot_id))
        if not index.isValid():
            return ""
        if job.state in WORKING:
            preview = index.data(ShotsModel.PreviewRole)
            if preview:
                return str(preview)
        shot = index.data(ShotsModel.ShotRole)
        return str(shot.selected.poster) if shot.selected else ""
