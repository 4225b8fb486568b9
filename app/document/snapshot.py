"""One scene as the screens show it: everything read at one moment, frozen, so that it may travel between threads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from storyboards.changes import RowChange
from storyboards.lines import SceneLines
from storyboards.storyboard import Storyboard
from storyboards.views import ElementView, SceneView, ShotView

_WHOLE = frozenset({"scene", "element", "reference_image"})  # tables that are small, and that all shots depend on


@dataclass(frozen=True, slots=True)
class SceneSnapshot:
    """The shown scene with what of the project's settings its screens need. `size` None: the backbone's own."""

    scene: SceneView
    shots: tuple[ShotView, ...]
    elements: tuple[ElementView, ...]
    fps: float
    size: tuple[int, int] | None
    model: str
    queue_paused: bool

    def shot(self, shot_id: str) -> ShotView | None:
        """The shot of this id, None when the scene has no such shot (any more)."""
        return next((shot for shot in self.shots if shot.id == shot_id), None)


class SceneReader:
    """Reads a scene, and afterwards only what changed. Belongs on the document thread.

    `note` what was committed there; `now` is the snapshot with all of that in it. A long scene is then patched in a
    millisecond or two, and shots that stayed as they were stay the same objects.
    """

    def __init__(self, storyboard: Storyboard) -> None:
        self._storyboard = storyboard
        self._lines: SceneLines | None = None
        self._last: SceneSnapshot | None = None
        self._changes: list[RowChange] = []

    def note(self, changes: Iterable[RowChange]) -> None:
        """Remember what an operation has changed."""
        self._changes += changes

    def forget(self) -> None:
        """Read everything the next time."""
        self._last = None

    def now(self, scene_id: str) -> SceneSnapshot:
        """Return the scene as it is. Raises NotFound."""
        changes, self._changes = self._changes, []
        last, self._last = self._last, None  # after an error everything is read
        tables = {change.table for change in changes}
        if last is None or self._lines is None or last.scene.id != scene_id or tables & _WHOLE:
            self._last = self._read(scene_id)
        else:
            shots = self._lines.follow(changes)
            scene = last.scene if len(shots) == len(last.shots) else replace(last.scene, shot_count=len(shots))
            last = replace(last, scene=scene, shots=shots)
            self._last = self._with_project(last) if "project" in tables else last
        return self._last

    def _read(self, scene_id: str) -> SceneSnapshot:
        scene, self._lines = self._storyboard.scene(scene_id), SceneLines(self._storyboard, scene_id)
        elements = tuple(self._storyboard.elements(scene_id))
        return self._with_project(SceneSnapshot(scene, self._lines.read(), elements, 0.0, None, "", False))

    def _with_project(self, snapshot: SceneSnapshot) -> SceneSnapshot:
        project = self._storyboard.project()
        return replace(
            snapshot, fps=project.fps, size=project.size, model=project.model, queue_paused=project.queue_paused
        )


def read_scene(storyboard: Storyboard, scene_id: str) -> SceneSnapshot:
    """Read a scene. Raises NotFound. Belongs on the document thread, where nothing is written meanwhile."""
    return SceneReader(storyboard).now(scene_id)
