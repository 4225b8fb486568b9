"""One scene as the screens show it: everything read at one moment, frozen, so that it may travel between threads."""

from __future__ import annotations

from dataclasses import dataclass

from storyboards.storyboard import Storyboard
from storyboards.views import ElementView, SceneView, ShotView


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


def read_scene(storyboard: Storyboard, scene_id: str) -> SceneSnapshot:
    """Read a scene. Raises NotFound. Belongs on the document thread, where nothing is written meanwhile."""
    project = storyboard.project()
    return SceneSnapshot(
        scene=storyboard.scene(scene_id),
        shots=tuple(storyboard.shots(scene_id)),
        elements=tuple(storyboard.elements(scene_id)),
        fps=project.fps,
        size=project.size,
        model=project.model,
        queue_paused=project.queue_paused,
    )
