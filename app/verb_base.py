"""What all the user's verbs stand on: the document, the engine, and what is selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from app.document.open_document import OpenDocument
from app.document.snapshot import SceneSnapshot
from app.engine_client.queue_runner import QueueRunner
from app.shortcuts import said
from storyboards.changes import ChangeSet
from storyboards.errors import StoryboardError
from storyboards.storyboard import Storyboard


class VerbBase(QObject):
    """`selection` gives the ids of the selected shots in story order. Without a `runner` nothing is rendered."""

    edit_wanted = Signal(str)
    selection_wanted = Signal(list)

    def __init__(
        self,
        document: OpenDocument,
        runner: QueueRunner | None,
        selection: Callable[[], list[str]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._runner, self._selection = document, runner, selection
        self._fresh: list[str] = []
        self._edit = False
        document.scene_read.connect(self._shown)

    def _selected(self) -> list[str]:
        """The selected shots; says what to do when there are none."""
        ids = list(self._selection())
        if not ids:
            hint = said(self.tr("Click a shot, or press {shot.new} for a new one."))
            self._document.problem.emit(self.tr("No shot is selected."), hint)
        return ids

    def _each(self, text: str, verb: Callable[[Storyboard, str], object], ids: Sequence[str] | None = None) -> None:
        """Do something with every selected shot: one transaction, one step of undo."""
        ids = self._selected() if ids is None else ids
        if ids:
            self._document.do(text, partial(_all_of, ids, verb))

    def _queue(self, ask: Callable[[Storyboard, str], ChangeSet], ids: Sequence[str] | None = None) -> None:
        """Queue something for every selected shot; what cannot be queued is told and keeps no other one back."""
        ids = self._selected() if ids is None else ids
        if not ids:
            return
        problems: list[StoryboardError] = []

        def verb(storyboard: Storyboard) -> ChangeSet:
            done = ChangeSet()
            for shot_id in ids:
                try:
                    done = ChangeSet((*done.rows, *ask(storyboard, shot_id).rows))
                except StoryboardError as error:
                    problems.append(error)
            return done

        self._document.do("", verb, undoable=False, then=lambda _: self._queued(problems))

    def _queued(self, problems: list[StoryboardError]) -> None:
        for error in problems[:1]:
            self._document.tell(error)
        self._wake()

    def _wake(self, _changes: ChangeSet | None = None) -> None:
        if self._runner is not None:
            self._runner.wake()

    def _show_when_there(self, ids: list[str], *, edit: bool) -> None:
        """Select new shots once the board has them; with `edit` the first one's prompt wants to be written."""
        self._fresh, self._edit = ids, edit

    def _shown(self, snapshot: SceneSnapshot) -> None:
        if not self._fresh or snapshot.shot(self._fresh[0]) is None:
            return
        fresh, edit, self._fresh = self._fresh, self._edit, []
        # The board hears of the new snapshot by the same signal, perhaps after this object.
        QTimer.singleShot(0, self, partial(self._tell_fresh, fresh, edit))

    def _tell_fresh(self, fresh: list[str], edit: bool) -> None:
        self.selection_wanted.emit(fresh)
        if edit:
            self.edit_wanted.emit(fresh[0])


def _all_of(ids: Sequence[str], verb: Callable[[Storyboard, str], object], storyboard: Storyboard) -> ChangeSet:
    with storyboard.together() as work:
        for shot_id in ids:
            verb(storyboard, shot_id)
    return work.changes
