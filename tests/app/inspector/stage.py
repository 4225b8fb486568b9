"""A real project in an open document, with everything that the panels at the right talk to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QObject, Signal

from app.document.open_document import OpenDocument
from app.document.snapshot import SceneSnapshot
from app.pictures import Pictures
from app.shots_model import ShotsModel
from app.verbs import Verbs
from engine.backbone.profiles import Profile
from engine.context.planner import plan
from engine.contract import ContextCandidate, Planned, ShotTask
from storyboards.errors import InvalidValue, StoryboardError
from storyboards.project import Project
from storyboards.storyboard import Storyboard
from storyboards.views import ShotView
from tests.storyboards.studio import run_all


class PlanningRunner(QObject):
    """Stands where the engine's client stands: it answers with the engine's own planner, at once. Renders nothing."""

    engine_state = Signal(str)
    step = Signal(str, object)
    preview = Signal(str, str)

    def __init__(self, document: OpenDocument) -> None:
        super().__init__()
        self._document = document
        self.asked: list[str] = []

    def plan(
        self, shot_id: str, then: Callable[[Planned], None], failed: Callable[[str, str], None] | None = None
    ) -> None:
        def refuse(error: Exception) -> None:
            if failed is not None and isinstance(error, StoryboardError):
                failed(error.message, error.hint)

        self.asked.append(shot_id)
        scene_id = self._document.scene_id
        self._document.ask(lambda board: _plan(board, scene_id, shot_id), then, refuse)

    def wake(self) -> None:
        pass

    def cancel_job(self, job_id: str) -> None:
        self._document.do("", lambda board: board.cancel_job(job_id), undoable=False)


def _plan(board: Storyboard, scene_id: str, shot_id: str) -> Planned:
    shots, target = board.shots(scene_id), board.shot(shot_id)
    if target.continues and target.number == 1:
        raise InvalidValue("Shot 1 continues the shot before it, but is the first.", "Make it a cut.")
    words = {choice.target_shot_id or choice.target_reference_id: choice for choice in board.choices(shot_id)}
    candidates = []
    for shot in shots:
        if shot.selected is not None and shot.id != shot_id:
            role = "recent" if target.continues and shot.number == target.number - 1 else "shot"
            candidates.append((shot.selected.id, role, shot.id, f"shot {shot.number}", shot.number - 1))
    for element in board.elements(scene_id):
        candidates += [
            (image.id, "reference", "", f"{element.name} ({image.name})", -1) for image in element.references
        ]
    told = tuple(
        ContextCandidate(
            candidate_id, role, seen_id, name, "", "", "", order,
            words[seen_id or candidate_id].choice if (seen_id or candidate_id) in words else "auto",
            words[seen_id or candidate_id].noise if (seen_id or candidate_id) in words else None,
        )
        for candidate_id, role, seen_id, name, order in candidates
    )  # fmt: skip
    task = ShotTask(shot_id, "", target.number - 1, "", target.frames, (), target.continues)
    found = plan(told, task, Profile(), lambda _: 140, target.two_sided)
    return Planned("", shot_id, found.report, found.budget_tokens)


@dataclass
class Stage:
    document: OpenDocument
    verbs: Verbs
    runner: PlanningRunner
    pictures: Pictures
    shots_model: ShotsModel
    selection: list[str]
    problems: list[str]
    kept: list[QObject] = field(default_factory=list)  # widgets of the test: nothing else holds them

    @property
    def board(self) -> Storyboard:
        return self.document.storyboard

    @property
    def snapshot(self) -> SceneSnapshot:
        self.settle()
        assert self.document.snapshot is not None
        return self.document.snapshot

    @property
    def ids(self) -> list[str]:
        return [shot.id for shot in self.snapshot.shots]

    def shot(self, number: int) -> ShotView:
        return self.snapshot.shots[number - 1]

    def settle(self) -> None:
        while self.document._thread.pending:
            assert self.document.flush(20_000)

    def undo(self) -> None:
        self.document.undo()
        self.settle()


def film(folder: Path, shots: int = 4, *, rendered: bool = True) -> Path:
    """A project that is not open: a fox, a forest, some shots, each with one take."""
    with Project.create(folder / "Film") as project:
        board = project.storyboard
        scene_id = board.create_scene("Fox", environment="a forest", story="it walks", seed=7).new_id("scene")
        board.add_element(scene_id, "Character 1", "a fox in a red coat")
        for number in range(1, shots + 1):
            board.add_shot(scene_id, f"The fox does {number}.")
        if rendered:
            board.queue_scene(scene_id)
            run_all(board)
            board.clear_jobs()
        return project.path


@contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[Stage]:
    document = OpenDocument(Project.open(path, read_only=read_only))
    runner, selection = PlanningRunner(document), list[str]()
    verbs = Verbs(document, runner, lambda: selection)  # type: ignore[arg-type]
    model, pictures, problems = ShotsModel(), Pictures(), list[str]()
    document.scene_read.connect(model.update)
    document.problem.connect(lambda message, hint: problems.append(f"{message} {hint}"))
    stage = Stage(document, verbs, runner, pictures, model, selection, problems)
    stage.settle()
    try:
        yield stage
    finally:
        stage.settle()
        pictures.close()
        document.close()


def picture(path: Path) -> Path:
    Image.new("RGB", (64, 48), "orange").save(path)
    return path
