"""A board over a real project: six shots, five with takes whose posters and filmstrips are real pictures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.board.board import Board
from app.board.view import BoardView
from app.document.open_document import OpenDocument
from app.pictures import Pictures
from app.shots_model import ShotsModel
from app.theme import style
from app.verbs import Verbs
from storyboards.project import Project
from storyboards.storyboard import Storyboard
from storyboards.views import ShotView
from tests.storyboards.studio import run_all

CELLS = 16


@dataclass
class Stage:
    document: OpenDocument
    model: ShotsModel
    verbs: Verbs
    pictures: Pictures
    board: Board
    problems: list[str] = field(default_factory=list)

    @property
    def storyboard(self) -> Storyboard:
        return self.document.storyboard

    @property
    def view(self) -> BoardView:
        return self.board.view

    @property
    def ids(self) -> list[str]:
        return [shot.id for shot in self.model.shots()]

    def settle(self) -> None:
        for _ in range(3):
            assert self.document.flush(20_000)
            QApplication.processEvents()

    def shot(self, number: int) -> ShotView:
        return self.model.shots()[number - 1]

    def select(self, *numbers: int) -> None:
        self.board.select_shots([self.shot(number).id for number in numbers])

    def selected(self) -> list[int]:
        return [self.model.row_of(shot_id) + 1 for shot_id in self.board.selected_ids()]

    def prompts(self) -> str:
        return "".join(shot.prompt[:1] or "_" for shot in self.model.shots())

    def part(self, number: int, name: str) -> QRect:
        corner: QPoint = self.view.cell_rect(number - 1).topLeft()
        return getattr(self.view.shape(), name).translated(corner)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Project.create(tmp_path_factory.mktemp("board") / "Film") as project:
        board = project.storyboard
        scene_id = board.create_scene("Fox").new_id("scene")
        for letter in "abcde":
            board.add_shot(scene_id, f"{letter}: the fox does something that takes a few more words to tell.")
        board.queue_scene(scene_id)
        run_all(board)
        board.add_shot(scene_id, "f: nobody has seen this yet.")
        for shot in board.shots(scene_id):
            if shot.selected is not None:
                paint(shot.selected.poster, shot.selected.filmstrip)
        return project.path


@pytest.fixture
def stage(film: Path, tmp_path: Path, qtbot: QtBot, qapp: QApplication) -> Iterator[Stage]:
    style.apply(qapp, "dark")
    with_board = open_stage(Path(shutil.copytree(film, tmp_path / "Film.matchcut")), qtbot)
    yield with_board
    close_stage(with_board)


@pytest.fixture
def empty_stage(tmp_path: Path, qtbot: QtBot, qapp: QApplication) -> Iterator[Stage]:
    style.apply(qapp, "dark")
    Project.create(tmp_path / "Empty").close()
    with_board = open_stage(tmp_path / "Empty.matchcut", qtbot)
    yield with_board
    close_stage(with_board)


@pytest.fixture
def stage_to_read(film: Path, tmp_path: Path, qtbot: QtBot, qapp: QApplication) -> Iterator[Stage]:
    style.apply(qapp, "dark")
    path = Path(shutil.copytree(film, tmp_path / "Film.matchcut"))
    with_board = open_stage(path, qtbot, read_only=True)
    yield with_board
    close_stage(with_board)


def open_stage(path: Path, qtbot: QtBot, *, read_only: bool = False) -> Stage:
    document = OpenDocument(Project.open(path, read_only=read_only))
    model, pictures, boards = ShotsModel(), Pictures(), list[Board]()
    verbs = Verbs(document, None, lambda: boards[0].selected_ids())
    document.scene_read.connect(model.update)
    document.jobs_read.connect(model.update_jobs)
    board = Board(document, model, verbs, pictures)
    boards.append(board)
    qtbot.addWidget(board)
    stage = Stage(document, model, verbs, pictures, board)
    document.problem.connect(lambda message, hint: stage.problems.append(f"{message} {hint}"))
    board.resize(1000, 640)
    with qtbot.waitExposed(board):
        board.show()
    stage.settle()
    return stage


def close_stage(stage: Stage) -> None:
    stage.settle()
    stage.board.close()
    stage.pictures.close()
    stage.document.close()


def paint(poster: Path, filmstrip: Path) -> None:
    """A red poster, and a strip that goes from black to white."""
    image = QImage(112, 64, QImage.Format.Format_RGB32)
    image.fill(QColor("#c02020"))
    assert image.save(str(poster), "PNG")
    strip = QImage(112 * CELLS, 64, QImage.Format.Format_RGB32)
    painter = QPainter(strip)
    for cell in range(CELLS):
        painter.fillRect(cell * 112, 0, 112, 64, QColor.fromHsv(0, 0, cell * 17))
    painter.end()
    assert strip.save(str(filmstrip), "JPEG", 95)
