"""The shots of the shown scene as rows: what the document says of them, and what the engine is doing with them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from app.document.snapshot import SceneSnapshot
from app.shortcuts import said
from storyboards.views import JobView, ShotView

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
_MOST_MOVES = 64  # beyond that a reset is cheaper than telling every view of every move


@dataclass(frozen=True, slots=True)
class ShotProgress:
    """How far the engine is with a shot. `steps` 0: not denoising yet, `phase` says what it does.

    `still_s`: for how many seconds it has made no progress, once that is odd; 0 as long as all is well.
    """

    job_id: str
    take_number: int
    step: int
    steps: int
    seconds_left: float
    phase: str
    still_s: float = 0.0

    @property
    def fraction(self) -> float:
        """Done, from 0 to 1."""
        return self.step / self.steps if self.steps else 0.0


class ShotsModel(QAbstractListModel):
    """Rows = shots in story order. Changes are told as narrowly as they are: views keep selection and scroll place.

    `preview_over` names the picture of what was being made once that is not made any more.
    """

    ShotRole = Qt.ItemDataRole.UserRole + 1
    IdRole = Qt.ItemDataRole.UserRole + 2
    ProgressRole = Qt.ItemDataRole.UserRole + 3
    PreviewRole = Qt.ItemDataRole.UserRole + 4
    FailureRole = Qt.ItemDataRole.UserRole + 5

    preview_over = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scene_id = ""
        self._shots: list[ShotView] = []
        self._rows: dict[str, int] = {}
        self._progress: dict[str, ShotProgress] = {}
        self._previews: dict[str, str] = {}
        self._failures: dict[str, tuple[str, str]] = {}
        self._failed_jobs: dict[str, str] = {}

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._shots)

    def flags(self, index: Index) -> Qt.ItemFlag:
        drag = Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else Qt.ItemFlag.NoItemFlags
        return super().flags(index) | drag

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._shots):
            return None
        shot = self._shots[index.row()]
        if role == self.ShotRole:
            return shot
        if role == self.IdRole:
            return shot.id
        if role == self.ProgressRole:
            return self._progress.get(shot.id)
        if role == self.PreviewRole:
            return self._previews.get(shot.id, "")
        if role == self.FailureRole:
            failure = self._failures.get(shot.id)
            return None if failure is None else (said(failure[0]), said(failure[1]))
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.tr("Shot {0}: {1}").format(shot.number, shot.prompt or self.tr("no prompt yet"))
        return None

    def row_of(self, shot_id: str) -> int:
        """The row of a shot, -1 when it is not in the scene."""
        return self._rows.get(shot_id, -1)

    def shot(self, row: int) -> ShotView | None:
        """The shot of a row, None outside."""
        return self._shots[row] if 0 <= row < len(self._shots) else None

    def shots(self) -> Sequence[ShotView]:
        """All shots in order."""
        return tuple(self._shots)

    def update(self, snapshot: SceneSnapshot) -> None:
        """Take over a new snapshot."""
        new = list(snapshot.shots)
        if snapshot.scene.id != self._scene_id:
            self._scene_id = snapshot.scene.id
            self._reset(new)
            return
        order = [shot.id for shot in new]
        kept = set(order)
        if not self._rows.keys() <= kept:
            self._remove(kept)
        moved = _moved(list(self._rows), order)
        if len(moved) > _MOST_MOVES:
            self._reset(new)
            return
        if moved:
            self._move(moved, order)
        if len(new) > len(self._shots):
            self._insert(new)
        self._replace(new)

    def set_progress(self, shot_id: str, progress: ShotProgress) -> None:
        """Show how far the engine is with a shot."""
        self._progress[shot_id] = progress
        self._told(shot_id, self.ProgressRole)

    def set_preview(self, shot_id: str, path: str) -> None:
        """Show a picture of what is being made. The file is written over and over: read it again each time."""
        before, self._previews[shot_id] = self._previews.get(shot_id, path), path
        if before != path:
            self.preview_over.emit(before)
        self._told(shot_id, self.PreviewRole)

    def clear_progress(self, shot_id: str) -> None:
        """The engine has let go of a shot."""
        progress, preview = self._progress.pop(shot_id, None), self._previews.pop(shot_id, "")
        if progress is not None or preview:
            self._told(shot_id, self.ProgressRole, self.PreviewRole)
        if preview:
            self.preview_over.emit(preview)

    def failed_job(self, shot_id: str) -> str:
        """The job of a shot that did not work out and was followed by none, or ""."""
        return self._failed_jobs.get(shot_id, "")

    def update_jobs(self, jobs: Iterable[JobView]) -> None:
        """Take over the queue: a shot whose latest job did not work out says why; one that is idle shows no progress.
        """
        latest: dict[str, JobView] = {}
        working = set()
        for job in sorted(jobs, key=lambda job: job.created_at):
            for shot_id in job.params.get("shots") or (job.shot_id,):
                latest[shot_id] = job
                if job.state in ("running", "cancelling"):
                    working.add(shot_id)
        failures = {
            shot_id: _reason(job) for shot_id, job in latest.items() if job.state in ("failed", "interrupted")
        }
        for shot_id in [shot_id for shot_id in (*self._progress, *self._previews) if shot_id not in working]:
            self.clear_progress(shot_id)
        changed = [key for key in {*failures, *self._failures} if failures.get(key) != self._failures.get(key)]
        self._failures = failures
        self._failed_jobs = {shot_id: latest[shot_id].id for shot_id in failures}
        for shot_id in changed:
            self._told(shot_id, self.FailureRole)

    def _told(self, shot_id: str, *roles: int) -> None:
        row = self._rows.get(shot_id)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index, list(roles))

    def _reset(self, new: list[ShotView]) -> None:
        self.beginResetModel()
        self._shots = new
        self._number()
        self.endResetModel()

    def _remove(self, kept: set[str]) -> None:
        row = len(self._shots) - 1
        while row >= 0:
            if self._shots[row].id in kept:
                row -= 1
                continue
            last = row
            while row >= 0 and self._shots[row].id not in kept:
                row -= 1
            self.beginRemoveRows(QModelIndex(), row + 1, last)
            del self._shots[row + 1 : last + 1]
            self._number()
            self.endRemoveRows()

    def _move(self, moved: set[str], order: list[str]) -> None:
        known = set(self._rows)
        before = ""
        for shot_id in order:
            if shot_id in moved:
                source = self._rows[shot_id]
                target = self._rows[before] + 1 if before else 0
                if target not in (source, source + 1):
                    self.beginMoveRows(QModelIndex(), source, source, QModelIndex(), target)
                    self._shots.insert(target - (target > source), self._shots.pop(source))
                    self._number()
                    self.endMoveRows()
            if shot_id in known:
                before = shot_id

    def _insert(self, new: list[ShotView]) -> None:
        row = 0
        while row < len(new):
            first = row
            while row < len(new) and new[row].id not in self._rows:
                row += 1
            if row > first:
                self.beginInsertRows(QModelIndex(), first, row - 1)
                self._shots[first:first] = new[first:row]
                self._number()
                self.endInsertRows()
            row += 1

    def _replace(self, new: list[ShotView]) -> None:
        """Tell of rows that say something else now, in stretches."""
        pairs = zip(self._shots, new, strict=True)  # a shot that nothing happened to is the same object, mostly
        changed = [row for row, (old, shot) in enumerate(pairs) if old is not shot and old != shot]
        self._shots = new
        while changed:
            first = last = changed.pop()
            while changed and changed[-1] == first - 1:
                first = changed.pop()
            self.dataChanged.emit(self.index(first), self.index(last), [])

    def _number(self) -> None:
        self._rows = {shot.id: row for row, shot in enumerate(self._shots)}


def _moved(old: list[str], new: list[str]) -> set[str]:
    """The fewest shots that have to move so that those in both lists stand as in `new`."""
    old, new = _between(old, new)
    places = {shot_id: place for place, shot_id in enumerate(old)}
    common = [shot_id for shot_id in new if shot_id in places]
    # Longest rising run of old places: what stays. `ends[k]` is the smallest place that ends a run of length k + 1.
    ends: list[int] = []
    lengths = []
    for shot_id in common:
        at = bisect_left(ends, places[shot_id])
        ends[at : at + 1] = [places[shot_id]]
        lengths.append(at + 1)
    stays, wanted = set(), len(ends)
    for shot_id, length in zip(reversed(common), reversed(lengths), strict=True):
        if length == wanted:
            stays.add(shot_id)
            wanted -= 1
    return {shot_id for shot_id in common if shot_id not in stays}


def _between(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Leave out what both lists begin and end with: of a long scene a small piece remains."""
    most = min(len(old), len(new))
    first = next((place for place in range(most) if old[place] != new[place]), most)
    most -= first
    last = next((place for place in range(most) if old[-1 - place] != new[-1 - place]), most)
    return old[first : len(old) - last], new[first : len(new) - last]


def _reason(job: JobView) -> tuple[str, str]:
    if job.state == "interrupted":
        return "Interrupted before it was done.", "Retry it in the queue, or press {shot.regenerate}."
    return job.message, job.hint
