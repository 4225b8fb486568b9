"""Projects whose takes are real clips: every frame can be told from every other one by its colours."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage

from engine.film.encode import Frames, VideoWriter
from engine.film.posters import write_filmstrip, write_poster
from storyboards.project import Project
from storyboards.storyboard import Storyboard
from storyboards.views import TakeView
from tests.storyboards.studio import run_all

SIZE = (112, 64)
_LOW, _FRAME, _MARK = 20, 6, 24


def footage(count: int, mark: int) -> Frames:
    """`count` frames; the left half's brightness is the frame's number, the right half's is `mark`."""
    frames = np.zeros((count, SIZE[1], SIZE[0], 3), np.uint8)
    for number in range(count):
        frames[number, :, : SIZE[0] // 2] = _LOW + _FRAME * (number % 34)
        frames[number, :, SIZE[0] // 2 :] = _LOW + _MARK * mark
    return frames


def read_back(image: QImage) -> tuple[int, int]:
    """The frame's number and the mark, read from the pixels."""
    left, right = (image.pixelColor(x, SIZE[1] // 2).green() for x in (SIZE[0] // 4, 3 * SIZE[0] // 4))
    return round((left - _LOW) / _FRAME), round((right - _LOW) / _MARK)


def write_clip(path: Path, frames: Frames, fps: int = 8) -> None:
    with VideoWriter(path, (frames.shape[2], frames.shape[1]), Fraction(fps)) as writer:
        for frame in frames:
            writer.write(frame)


def film(take: TakeView, mark: int) -> None:
    """Put a real clip, poster and filmstrip into a take's folder."""
    frames = footage(take.frames, mark)
    for path in (take.video, take.poster, take.filmstrip):
        path.unlink(missing_ok=True)
    write_clip(take.video, frames)
    write_poster(frames, take.poster)
    write_filmstrip(frames, take.filmstrip)


@cache
def _template(more: int) -> Path:
    """A closed project, made once a session: copying it is quicker than filming again."""
    home = Path(tempfile.mkdtemp(prefix="matchcut-footage-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    with Project.create(home / "Film") as project:
        _shoot(project.storyboard, 3)
        if more:
            board = project.storyboard
            more_takes(board, board.shots(board.scenes()[0].id)[0].id, more)
    return project.path


def make_film(folder: Path, more: int = 0) -> Project:
    """A project with one scene of three rendered shots of 17 frames; the take of shot n has the mark n.

    The first shot has that many `more` takes, marked with their numbers.
    """
    return Project.open(shutil.copytree(_template(more), folder / "Film.matchcut"))


def _shoot(board: Storyboard, shots: int) -> None:
    scene_id = board.create_scene("Fox", seed=7).new_id("scene")
    for number in range(1, shots + 1):
        board.add_shot(scene_id, f"The fox does {number}.")
    board.queue_scene(scene_id)
    run_all(board)
    for shot in board.shots(scene_id):
        for take in board.takes(shot.id):
            film(take, shot.number)


def more_takes(board: Storyboard, shot_id: str, count: int) -> list[TakeView]:
    """Render that many more takes of a shot; the mark of each is its take number."""
    known = {take.id for take in board.takes(shot_id)}
    board.queue_render(shot_id, takes=count)
    run_all(board)
    takes = board.takes(shot_id)
    for take in takes:
        if take.id not in known:
            film(take, take.number)
    return takes
