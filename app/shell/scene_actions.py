"""Scenes of a project: new, renamed, deleted, the next one; and the queue as a whole."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QLineEdit, QWidget

from app.shell.dialog import Dialog, button, named
from storyboards.errors import WrongState

if TYPE_CHECKING:
    from app.shell.actions import Slot
    from app.shell.window import MainWindow
    from app.shell.workspace import Workspace
    from storyboards.changes import ChangeSet
    from storyboards.storyboard import Storyboard


class SceneActions(QObject):
    """Acts on the scene that is shown."""

    def __init__(self, window: MainWindow, here: Workspace) -> None:
        super().__init__(here)
        self._window, self._here = window, here

    def slots(self) -> dict[str, Slot]:
        """What the Scene menu does."""
        return {
            "scene.pause": self.toggle_pause, "scene.new": self.new, "scene.rename": self.rename,
            "scene.delete": self.delete, "scene.next": lambda: self.step(1), "scene.previous": lambda: self.step(-1),
        }  # fmt: skip

    def toggle_pause(self) -> None:
        """Pause the queue, or let it go on."""
        snapshot = self._here.snapshot
        paused = snapshot is not None and snapshot.queue_paused
        self._here.verbs.resume_queue() if paused else self._here.verbs.pause_queue()

    def new(self) -> None:
        """Add an empty scene and show it."""
        document, title = self._here.document, self.tr("Scene {0}")
        document.do(
            self.tr("New scene"),
            lambda storyboard: storyboard.create_scene(title.format(len(storyboard.scenes()) + 1)),
            then=lambda changes: document.show_scene(changes.new_id("scene")),
        )

    def rename(self) -> None:
        """Ask for another title."""
        snapshot = self._here.snapshot
        if snapshot is not None:
            scene = snapshot.scene
            dialog = self._window.files.show("rename", lambda: _Rename(scene.title, self._window))
            dialog.tell_title = partial(self._rename, scene.id)

    def _rename(self, scene_id: str, title: str) -> None:
        self._here.document.do(
            self.tr("Rename scene"), lambda storyboard: storyboard.edit_scene(scene_id, title=title)
        )

    def delete(self) -> None:
        """Take the scene out; undo brings it back with everything in it."""
        document, scene_id = self._here.document, self._here.document.scene_id
        refusal = self.tr("The last scene of a project cannot be deleted."), self.tr("Delete its shots instead.")

        def verb(storyboard: Storyboard) -> ChangeSet:
            if len(storyboard.scenes()) < 2:
                raise WrongState(*refusal)
            return storyboard.delete_scene(scene_id)

        document.do(self.tr("Delete scene"), verb, then=lambda _changes: self._step_off(scene_id))

    def _step_off(self, scene_id: str) -> None:
        ids = [scene.id for scene in self._window.scenes if scene.id != scene_id]
        if self._here.document.scene_id == scene_id and ids:
            self._here.document.show_scene(ids[-1])

    def step(self, by: int) -> None:
        """Show the next or the previous scene."""
        ids = [scene.id for scene in self._window.scenes]
        now = self._here.document.scene_id
        if now in ids and 0 <= ids.index(now) + by < len(ids):
            self._here.document.show_scene(ids[ids.index(now) + by])


class _Rename(Dialog):
    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(self.tr("Rename scene"), parent, 400)
        self.line = QLineEdit(title)
        named(self.line, self.tr("Title"))
        self.line.selectAll()
        self.body.addWidget(self.line)
        self.tell_title: Callable[[str], None] = print
        self.finish(button(self.tr("Cancel"), self.reject), button(self.tr("Rename"), self._accept, role="primary"))
        self.line.setFocus()

    def _accept(self) -> None:
        if self.line.text().strip():
            self.tell_title(self.line.text().strip())
            self.accept()
