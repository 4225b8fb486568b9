"""What is shown of the document: light, frozen records, read in a few selects."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .paths import FILMSTRIP, LATENTS, MANIFEST, POSTER, VIDEO, inside


@dataclass(frozen=True, slots=True)
class ProjectView:
    """The project's settings. `size` None: what the backbone's profile says."""

    id: str
    name: str
    model: str
    size: tuple[int, int] | None
    fps: float
    queue_paused: bool


@dataclass(frozen=True, slots=True)
class SceneView:
    """A scene with its own part of the global prompt. `global_text` is the whole of it, characters included."""

    id: str
    number: int
    title: str
    environment: str
    story: str
    seed: int
    settings: dict[str, Any]
    shot_count: int
    global_text: str


@dataclass(frozen=True, slots=True)
class ReferenceView:
    """A reference image; `path` is absolute."""

    id: str
    name: str
    path: Path
    content_hash: str


@dataclass(frozen=True, slots=True)
class ElementView:
    """A character, place or prop."""

    id: str
    kind: str
    name: str
    description: str
    references: tuple[ReferenceView, ...]


@dataclass(frozen=True, slots=True)
class SelectedTake:
    """The take that a shot shows. Its place on the disk is worked out when asked for, since lists are long."""

    id: str
    number: int
    frames: int
    root: Path
    relative: str

    @property
    def folder(self) -> Path:
        """The take's folder. Raises OutsideProject."""
        return inside(self.root, self.relative)

    @property
    def video(self) -> Path:
        """The clip."""
        return self.folder / VIDEO

    @property
    def poster(self) -> Path:
        """The still picture."""
        return self.folder / POSTER

    @property
    def filmstrip(self) -> Path:
        """The sheet of small frames."""
        return self.folder / FILMSTRIP


@dataclass(frozen=True, slots=True)
class ShotView:
    """One line of the storyboard. `number` counts from 1; the reasons are about the selected take.

    `stale`: it saw something else than the scene shows now. `changed`: the shot was edited since. `hints`: might be
    chosen differently today. `job_id`, `job_state` and `job_kind` are those of the first active job, "" without one.
    `seed` (None: it follows from the scene's), `settings` and `two_sided` are what renders are queued with.
    """

    id: str
    scene_id: str
    number: int
    position: str
    prompt: str
    frames: int
    continues: bool
    notes: str
    take_count: int
    selected: SelectedTake | None
    stale: tuple[str, ...]
    changed: tuple[str, ...]
    hints: tuple[str, ...]
    job_id: str
    job_kind: str
    job_state: str
    locked: bool = False
    seed: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    two_sided: bool = False


@dataclass(frozen=True, slots=True)
class ContextView:
    """One thing that a take saw: "take 1 of shot 2", "the image fox"."""

    name: str
    role: str
    shot_id: str
    candidate_id: str
    content_hash: str
    noise: float
    side: str


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """The user's word on one shot or image that a shot could see; the other one of the two ids is ""."""

    target_shot_id: str
    target_reference_id: str
    choice: str
    noise: float | None


@dataclass(frozen=True, slots=True)
class TakeView:
    """A take with all that made it; `folder` is absolute."""

    id: str
    shot_id: str
    number: int
    selected: bool
    rating: str
    favourite: bool
    prompt: str
    text: str
    seed: int
    settings: dict[str, Any]
    model: str
    model_fingerprint: str
    engine_version: str
    latents_hash: str
    files: dict[str, str]
    frames: int
    fps: float
    size: tuple[int, int]
    seconds: float
    extends: str
    quality: dict[str, float]
    created_at: float
    folder: Path
    context: tuple[ContextView, ...]
    stale: tuple[str, ...]
    changed: tuple[str, ...]
    hints: tuple[str, ...]

    @property
    def video(self) -> Path:
        """The clip."""
        return self.folder / VIDEO

    @property
    def latents(self) -> Path:
        """The latents that other shots see."""
        return self.folder / LATENTS

    @property
    def poster(self) -> Path:
        """The still picture."""
        return self.folder / POSTER

    @property
    def filmstrip(self) -> Path:
        """The sheet of small frames."""
        return self.folder / FILMSTRIP

    @property
    def manifest(self) -> Path:
        """What made the take, beside its files."""
        return self.folder / MANIFEST


@dataclass(frozen=True, slots=True)
class JobView:
    """One line of the queue. `shot_number` counts in its scene; 0 for a shot that is deleted."""

    id: str
    kind: str
    state: str
    shot_id: str
    scene_id: str
    shot_number: int
    position: str
    params: dict[str, Any]
    takes_planned: int
    takes_saved: int
    code: str
    message: str
    hint: str
    created_at: float
    started_at: float | None
    finished_at: float | None
