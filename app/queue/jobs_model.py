"""The queue as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from app.shots_model import ShotProgress
from storyboards.views import JobView

from .job_texts import arranged, state, told

Index = QModelIndex | QPersistentModelIndex
JOB_DATA = "application/x-matchcut-job"
_NO_PARENT = QModelIndex()


class JobsModel(QAbstractListModel):
    """Rows in the order in which the queue is told. `moved(job_id, before)` asks for another place among the waiting
    ones; `before` is the job to stand before, "" for the end.
    """

    JobRole = Qt.ItemDataRole.UserRole + 1
    ProgressRole = Qt.ItemDataRole.UserRole + 2
    StateRole = Qt.ItemDataRole.UserRole + 3

    moved = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.paused = False
        self._jobs: list[JobView] = []
        self._progress: dict[str, ShotProgress] = {}

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._jobs)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._jobs):
            return None
        job = self._jobs[index.row()]
        if role == self.JobRole:
            return job
        if role == self.ProgressRole:
            return self._progress.get(job.id)
        if role == self.StateRole:
            return self._state(job, index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return told(job, self._state(job, index.row()))
        if role == Qt.ItemDataRole.ToolTipRole and job.message:
            return f"{job.message}\n{job.hint}"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if not index.isValid():
            return flags | Qt.ItemFlag.ItemIsDropEnabled
        if self._jobs[index.row()].state == "queued":
            flags |= Qt.ItemFlag.ItemIsDragEnabled
        return flags

    def jobs(self) -> Sequence[JobView]:
        """All jobs in the order shown."""
        return tuple(self._jobs)

    def row_of(self, job_id: str) -> int:
        """The row of a job, -1 when it is not there."""
        return next((row for row, job in enumerate(self._jobs) if job.id == job_id), -1)

    def progress_of(self, job_id: str) -> ShotProgress | None:
        """How far the engine is with a job, None when it does not work on it."""
        return self._progress.get(job_id)

    def update(self, jobs: Iterable[JobView]) -> None:
        """Take over the queue as it is now; rows that stay keep selection and place."""
        new = arranged(jobs)
        here = {job.id for job in new}
        for row in reversed(range(len(self._jobs))):
            if self._jobs[row].id not in here:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._jobs[row]
                self.endRemoveRows()
        self._place(new)
        self._progress = {job.id: self._progress[job.id] for job in new if job.id in self._progress}
        for job in new:
            if job.state not in ("running", "cancelling"):
                self._progress.pop(job.id, None)

    def set_progress(self, job_id: str, progress: ShotProgress) -> None:
        """Show how far the engine is with a job."""
        row = self.row_of(job_id)
        if row >= 0:
            self._progress[job_id] = progress
            self.dataChanged.emit(self.index(row), self.index(row), [self.ProgressRole])

    def set_paused(self, paused: bool) -> None:
        """Say of the waiting ones that they wait for the user."""
        if paused != self.paused and self._jobs:
            self.paused = paused
            self.dataChanged.emit(self.index(0), self.index(len(self._jobs) - 1))
        self.paused = paused

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [JOB_DATA]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        data.setData(JOB_DATA, "\n".join(self._jobs[index.row()].id for index in indexes).encode())
        return data

    def dropMimeData(self, data: QMimeData, _action: Qt.DropAction, row: int, _column: int, parent: Index) -> bool:
        """Ask for the move; the rows follow once the document has it."""
        ids = data.data(JOB_DATA).toStdString().split("\n")
        row = parent.row() if parent.isValid() else row
        following = self._jobs[row:] if row >= 0 else []
        before = next((job.id for job in following if job.state == "queued" and job.id not in ids), "")
        if row >= 0 and following and following[0].state in ("running", "cancelling"):
            before = next((job.id for job in self._jobs if job.state == "queued"), "")
        for job_id in ids:
            if job_id and job_id != before:
                self.moved.emit(job_id, before)
        return False  # nothing was moved here: the view must not take rows out

    def _state(self, job: JobView, row: int) -> str:
        first = next((place for place, other in enumerate(self._jobs) if other.state == "queued"), 0)
        return state(job, self._progress.get(job.id), row - first, self.paused)

    def _place(self, new: list[JobView]) -> None:
        """Bring rows into the order of `new`, which has all of them; a job that ended goes down by one move."""
        row = 0
        while row < len(new):
            if row < len(self._jobs) and self._jobs[row].id == new[row].id:
                self._replace(row, new[row])
                row += 1
            elif (old := self.row_of(new[row].id)) < 0:
                row = self._insert(row, new)
            elif old == row + 1:
                self._move(row, len(self._jobs))
            else:
                self._move(old, row)

    def _replace(self, row: int, job: JobView) -> None:
        if self._jobs[row] != job:
            self._jobs[row] = job
            self.dataChanged.emit(self.index(row), self.index(row))

    def _insert(self, row: int, new: list[JobView]) -> int:
        """Insert all new ones that stand together; return the row after them."""
        known, last = {job.id for job in self._jobs}, row
        while last + 1 < len(new) and new[last + 1].id not in known:
            last += 1
        self.beginInsertRows(QModelIndex(), row, last)
        self._jobs[row:row] = new[row : last + 1]
        self.endInsertRows()
        return last + 1

    def _move(self, row: int, to: int) -> None:
        self.beginMoveRows(QModelIndex(), row, row, QModelIndex(), to)
        job = self._jobs.pop(row)
        self._jobs.insert(to - (to > row), job)
        self.endMoveRows()
