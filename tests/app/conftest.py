"""An open document on a real project, with four shots; a scripted engine in a real process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app import shortcuts
from app.document.open_document import OpenDocument
from app.engine_client.queue_runner import QueueRunner
from app.shell.action_table import all_specs
from storyboards.project import Project
from tests.storyboards.studio import run_all

FAKE_ENGINE = (sys.executable, "-m", "tests.app.fake_engine")


def fake_engine(*options: str) -> tuple[str, ...]:
    """The command of an engine that does as it is told; see `fake_engine.py` for its options."""
    return (*FAKE_ENGINE, *options)


@pytest.fixture(autouse=True)
def default_keys() -> Iterator[None]:
    """Keys that a test remaps are the default ones again afterwards."""
    yield
    shortcuts.set_keys({spec.id: spec.keys for spec in all_specs()})


@pytest.fixture
def open_document(qapp: QApplication, tmp_path: Path) -> Iterator[Callable[[bool], OpenDocument]]:
    """Opens a fresh project with four shots of one scene; `True`: with one (pixelless) take for each."""
    opened: list[OpenDocument] = []

    def make(rendered: bool = False) -> OpenDocument:
        project = Project.create(tmp_path / f"Film {len(opened)}")
        board = project.storyboard
        scene_id = board.create_scene("Fox", environment="a forest", seed=7).new_id("scene")
        board.add_element(scene_id, "Character 1", "a fox in a red coat")
        for number in range(1, 5):
            board.add_shot(scene_id, f"The fox does {number}.")
        if rendered:
            board.queue_scene(scene_id)
            run_all(board)
        document = OpenDocument(project)
        opened.append(document)
        assert document.flush(20_000)
        return document

    yield make
    for document in opened:
        document.close()


@pytest.fixture
def document(open_document: Callable[[bool], OpenDocument]) -> OpenDocument:
    """Four shots, nothing rendered."""
    return open_document(False)


@pytest.fixture
def rendered_document(open_document: Callable[[bool], OpenDocument]) -> OpenDocument:
    """Four shots with one take each."""
    return open_document(True)


@pytest.fixture
def start_runner(qapp: QApplication) -> Iterator[Callable[..., QueueRunner]]:
    """Starts a queue runner with a scripted engine; it is closed, and its process gone, when the test ends."""
    runners: list[QueueRunner] = []

    def start(document: OpenDocument, *options: str) -> QueueRunner:
        runner = QueueRunner(document, fake_engine(*options))
        runners.append(runner)
        runner.start()
        return runner

    yield start
    for runner in runners:
        runner.close()
