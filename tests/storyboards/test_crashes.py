"""The plug is pulled: what was finished is there, what was begun is not half there, and the queue goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storyboards.project import Project

from .studio import run_all
from .test_project import REPOSITORY

WORK = """
import os, signal, sys
from storyboards.project import Project
from storyboards.requests import apply_event, start_next
from tests.storyboards.studio import carry_out, make_take, run_all

def die():
    os.kill(os.getpid(), signal.SIGKILL)

project = Project.open(sys.argv[1])
board = project.storyboard
board.resume_interrupted()
"""
FOREVER = """
scene = board.scenes()[0].id
while True:
    shot = board.add_shot(scene, "A shot.").new_id("shot")
    board.move_shot(shot, before=board.shots(scene)[0].id)
    board.queue_render(shot)
    run_all(board)
    if board.shot(shot).number % 2:
        board.delete_shot(shot), board.restore_shot(shot)
    print(shot, board.shot(shot).selected.id, flush=True)
"""
POINTS = {
    "inside a transaction": """
with board.transaction() as work:
    from storyboards.tables import Shot
    row = work.get(Shot, board_shot)
    row.prompt = "half done"
    work.session.flush()
    die()
""",
    "after the job began": """
board.queue_render(board_shot)
start_next(board)
die()
""",
    "while the take is written": """
board.queue_render(board_shot)
begun = start_next(board)
folder = begun.request.shots[0].takes[0].folder
os.mkdir(folder + ".tmp-7")
open(folder + ".tmp-7/video.mp4", "w").write("half")
die()
""",
    "between the files and the row": """
board.queue_render(board_shot)
begun = start_next(board)
task = begun.request.shots[0]
make_take(begun.request, task, task.takes[0])
die()
""",
    "right after the row": """
board.queue_render(board_shot)
begun = start_next(board)
apply_event(board, begun.job_id, next(carry_out(begun.request)))
die()
""",
}


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORK + code, str(folder)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


@pytest.mark.parametrize("point", POINTS)
def test_a_death_at_this_point_loses_nothing(folder: Path, point: str) -> None:
    with Project.open(folder) as project:
        scene = project.storyboard.create_scene("One").new_id("scene")
        shot = project.storyboard.add_shot(scene, "A fox.").new_id("shot")
    with start(f"board_shot = {shot!r}\n{POINTS[point]}", folder) as process:
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    with Project.open(folder) as project:
        board, report = project.storyboard, project.report
        finished = point in ("between the files and the row", "right after the row")
        assert report.crashed_pid == process.pid
        assert board.shot(shot).prompt == "A fox."
        assert board.shot(shot).take_count == finished
        assert len(report.adopted) == (point == "between the files and the row")
        assert len(report.interrupted) == (point in ("after the job began", "while the take is written"))
        assert {path.name for path in (folder / "takes").iterdir()} == {take.id for take in board.takes(shot)}
        board.resume_interrupted()
        run_all(board)
        assert all(job.state == "done" for job in board.jobs())


def test_killed_at_random_moments_again_and_again_nothing_finished_is_lost(folder: Path) -> None:
    with Project.open(folder) as project:
        scene = project.storyboard.create_scene("One").new_id("scene")
    finished: dict[str, str] = {}
    for round_number in range(3):
        with start(FOREVER, folder) as process:
            assert process.stdout is not None
            for _ in range(2 + round_number):
                shot, take = process.stdout.readline().split()
                finished[shot] = take
            time.sleep(0.013 * round_number)
            process.kill()
            for line in process.stdout.read().splitlines():
                if len(line) == 73:
                    shot, take = line.split()
                    finished[shot] = take
        with Project.open(folder) as project:
            selected = {s.id: s.selected.id for s in project.storyboard.shots(scene) if s.selected}
            assert finished.items() <= selected.items()
            assert project.report.missing == ()
            on_disk = {path.name for path in (folder / "takes").iterdir()}
            assert on_disk == set(selected.values())
    with Project.open(folder) as project:
        project.storyboard.resume_interrupted()
        run_all(project.storyboard)
        assert all(job.state == "done" for job in project.storyboard.jobs())
