"""Render the example project that the editor opens at first: `assets/example/fox-at-sunset.matchcut`.

    python scripts/make_example.py
    python scripts/make_example.py --steps 2 --out /tmp/example        # to try the script

Run it whenever the built-in model's weights change; takes minutes. Shot 3 gets a few more takes, so that there is
something to compare. The result is small and has no caches, no jobs and no traces of the machine that made it.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from commands.rendering import run_jobs
from commands.terminal import Terminal
from storyboards.copying import copy_project
from storyboards.examples import DEMO, example
from storyboards.paths import DATABASE
from storyboards.project import Project

SHOT_WITH_TAKES, MORE_TAKES = 3, 2


def main() -> int:
    """Render, copy without leftovers, tell the size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, help="denoising steps (default: the model's own)")
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "example", help="folder of the project")
    args = parser.parse_args()
    target = args.out / f"{DEMO}.matchcut"
    with tempfile.TemporaryDirectory(prefix="matchcut-") as scratch:
        made = render(Path(scratch) / DEMO, {} if args.steps is None else {"steps": args.steps})
        shutil.rmtree(target, ignore_errors=True)
        copy_project(made, target)
    tidy(target / DATABASE)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{target}: {size / 2**20:.2f} MiB")
    return 0


def render(path: Path, settings: dict[str, int]) -> Path:
    """Make the project with a take of every shot, and some more of one of them. Leaves by SystemExit if one fails."""
    terminal = Terminal(as_json=False)
    with Project.create(path, example().title) as project:
        board = project.storyboard
        scene_id = board.import_story(example()).new_id("scene")
        board.queue_scene(scene_id, settings=settings)
        shot = board.shots(scene_id)[SHOT_WITH_TAKES - 1]
        outcome = run_jobs(board, terminal, lambda _: True)
        board.queue_render(shot.id, takes=MORE_TAKES, settings=settings, select=False)
        more = run_jobs(board, terminal, lambda _: True)
        if outcome.exit_code or more.exit_code:
            sys.exit("The example was not rendered; the old one is as it was.")
        first = board.takes(shot.id)[0]
        board.favourite_take(first.id)
        return project.path


def tidy(file: Path) -> None:
    """Take out the history of jobs, which is of no use to anyone else, and give the room back."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM job")
        connection.commit()
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("VACUUM")


if __name__ == "__main__":
    sys.exit(main())
