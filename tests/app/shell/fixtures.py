"""The window with a film of four shots, and an engine that is a script."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.settings import SettingsStore
from app.shell.window import MainWindow
from app.shell.workspace import Workspace
from storyboards.project import Project
from tests.app.conftest import FAKE_ENGINE
from tests.storyboards.studio import run_all

SOON = 30_000  # milliseconds: far more than is needed, for a machine that is busy


@pytest.fixture
def scripted_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is a script in a process of its own: it answers at once and makes takes without pixels."""
    monkeypatch.setattr("app.shell.workspace.WORKER", FAKE_ENGINE)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with four shots, of which each shows a take."""
    with Project.create(tmp_path_factory.mktemp("films") / "Film") as project:
        board = project.storyboard
        scene_id = board.create_scene("Fox", seed=7).new_id("scene")
        for number in range(1, 5):
            board.add_shot(scene_id, f"The fox does {number}.")
        board.queue_scene(scene_id)
        run_all(board)
        return project.path


@pytest.fixture
def path(film: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(film, tmp_path / "Film.matchcut"))


@pytest.fixture
def window(qtbot: QtBot, store: SettingsStore, scripted_engine: None) -> Iterator[MainWindow]:
    shown = MainWindow(store)
    qtbot.addWidget(shown)
    shown.show()
    yield shown
    shown.close()


@pytest.fixture
def opened(window: MainWindow, path: Path, qtbot: QtBot) -> Callable[..., Workspace]:
    """Opens the film in the window and returns its workspace."""

    def open_it(*, read_only: bool = False) -> Workspace:
        with qtbot.waitSignal(window.project_shown, timeout=SOON):
            window.open_project(path, read_only=read_only)
        assert window.workspace is not None
        return window.workspace

    return open_it


def offer(window: MainWindow, name: str) -> QPushButton:
    """The button of this name in the notices."""
    return next(button for button in window.notices.findChildren(QPushButton) if button.text() == name)
