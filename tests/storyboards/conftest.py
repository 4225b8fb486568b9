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


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty project, closed; copies of it open like new ones."""
    path = tmp_path_factory.mktemp("blank") / "Film"
    with Project.create(path) as created:
        return created.path


@pytest.fixture
def folder(blank: Path, tmp_path: Path) -> Path:
    """The folder of a project that is not open."""
    return Path(shutil.copytree(blank, tmp_path / "Film.matchcut"))


@pytest.fixture
def project(folder: Path) -> Iterator[Project]:
    with Project.open(folder) as opened:
        yield opened


@pytest.fixture
def scene(project: Project) -> Scene:
    """Four shots of one scene with one character; nothing rendered."""
    board = project.storyboard
    scene_id = board.create_scene("Fox", environment="a forest", seed=7).new_id("scene")
    board.add_element(scene_id, "Character 1", "a fox in a red coat")
    shots = [board.add_shot(scene_id, f"The fox does {number}.").new_id("shot") for number in range(1, 5)]
    return Scene(board, scene_id, shots)


@pytest.fixture
def rendered(scene: Scene) -> Scene:
    """The same with one take for each shot."""
    scene.board.queue_scene(scene.id)
    assert run_all(scene.board) == 4
    return scene


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "fox front.png"
    path.write_bytes(PNG)
    return path
