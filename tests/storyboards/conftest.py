"""Real projects on the disk, and a scene to work on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from storyboards.project import Project
from storyboards.storyboard import Storyboard
from storyboards.views import ShotView

from .studio import run_all

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


@dataclass
class Scene:
    """A scene of an open project, by id, with its shots as they were first made."""

    board: Storyboard
    id: str
    shots: list[str]

    def view(self, number: int) -> ShotView:
        return self.board.shots(self.id)[number - 1]


def _scene_of(board: Storyboard) -> Scene:
    (view,) = board.scenes()
    return Scene(board, view.id, [shot.id for shot in board.shots(view.id)])


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Closed projects at three stages; a copy of one opens like a project that was just brought there."""
    home = tmp_path_factory.mktemp("templates")
    stages = {"blank": home / "blank", "scene": home / "scene", "rendered": home / "rendered"}
    with Project.create(home / "Film") as project:
        path = project.path
    shutil.copytree(path, stages["blank"])
    with Project.open(path) as project:
        board = project.storyboard
        scene_id = board.create_scene("Fox", environment="a forest", seed=7).new_id("scene")
        board.add_element(scene_id, "Character 1", "a fox in a red coat")
        for number in range(1, 5):
            board.add_shot(scene_id, f"The fox does {number}.")
    shutil.copytree(path, stages["scene"])
    with Project.open(path) as project:
        project.storyboard.queue_scene(scene_id)
        assert run_all(project.storyboard) == 4
    shutil.copytree(path, stages["rendered"])
    return stages


@pytest.fixture
def blank(templates: dict[str, Path]) -> Path:
    """An empty project that is not open, to be copied."""
    return templates["blank"]


@pytest.fixture
def folder(request: pytest.FixtureRequest, templates: dict[str, Path], tmp_path: Path) -> Path:
    """The folder of a project that is not open, at the stage that the test asks for by its other fixtures."""
    stage = next((name for name in ("rendered", "scene") if name in request.fixturenames), "blank")
    return Path(shutil.copytree(templates[stage], tmp_path / "Film.matchcut"))


@pytest.fixture
def project(folder: Path) -> Iterator[Project]:
    with Project.open(folder) as opened:
        yield opened


@pytest.fixture
def scene(project: Project) -> Scene:
    """Four shots of one scene with one character; nothing rendered."""
    return _scene_of(project.storyboard)


@pytest.fixture
def rendered(project: Project) -> Scene:
    """The same with one take for each shot."""
    return _scene_of(project.storyboard)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "fox front.png"
    path.write_bytes(PNG)
    return path
