"""`demo`: from nothing to a film and a contact sheet, with the first example and the built-in model."""

from __future__ import annotations

import json
import shutil
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commands.exporting import run_export
from commands.failing import CommandError
from commands.model_folders import need_model, stored_name
from commands.rendering import Outcome, run_jobs
from commands.terminal import Terminal, clock
from engine.contract import ExportOptions
from storyboards.errors import StoryboardError
from storyboards.examples import DEMO, example
from storyboards.films import film_request
from storyboards.project import Project
from storyboards.scenes import DEFAULT_MODEL
from storyboards.story_text import write_story
from storyboards.views import SceneView, ShotView

MARKER = "made-by-matchcut-demo.json"
NAME = DEMO
WATCHABLE = 640  # pixels of width
FILES = (f"{NAME}.mp4", f"{NAME}.mp4.json", "contact-sheet.png", MARKER)


def demo(args: Namespace, terminal: Terminal) -> int:
    """`demo`: make the project, render all shots, write film and contact sheet."""
    started = time.monotonic()
    model = args.model or DEFAULT_MODEL
    need_model(model)
    folder = fresh_folder(Path(args.out))
    with Project.create(folder / NAME, example().title, model=stored_name(model)) as project:
        board = project.storyboard
        scene = board.scene(board.import_story(example()).new_id("scene"))
        terminal.say(f"{scene.title}: {scene.shot_count} shots in {project.path}")
        board.queue_scene(scene.id, settings={} if args.steps is None else {"steps": args.steps})
        outcome = run_jobs(board, terminal, lambda job: job.scene_id == scene.id, [job.id for job in board.jobs()])
        answer: dict[str, Any] = {"project": str(project.path.resolve()), **outcome.as_dict()}
        exit_code = outcome.exit_code
        if not exit_code:
            film = _export(project, scene, folder, terminal)
            sheet = write_contact_sheet(project, scene, folder / "contact-sheet.png")
            exit_code = film.exit_code
            answer |= {"film": film.facts().get("path"), "contact_sheet": str(sheet.resolve())}
        _mark(folder, outcome)
    seconds = time.monotonic() - started
    if not exit_code:
        terminal.say(f"film:          {answer['film']}")
        terminal.say(f"contact sheet: {answer['contact_sheet']}")
        terminal.say(f"done in {clock(seconds)}")
        terminal.say(f"Go on with it: main.py show {project.path}")
    elif outcome.cancelled:
        terminal.say(f"Stopped. Go on with it: main.py render {project.path}")
    terminal.result({**answer, "seconds": round(seconds, 2)})
    return exit_code


def fresh_folder(wanted: Path) -> Path:
    """Return an empty folder: `wanted` where it is free or an untouched demo of before, else a numbered one."""
    for number in range(1, 1000):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        if folder.is_dir() and _untouched(folder):
            for name in FILES:
                (folder / name).unlink(missing_ok=True)
            shutil.rmtree(folder / f"{NAME}.matchcut")
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            folder.mkdir(parents=True, exist_ok=True)
            return folder
    raise CommandError(f"There are very many demos beside {wanted}.", "Delete some, or name another --out.")


def _untouched(folder: Path) -> bool:
    """Say whether a folder holds a demo of before and nothing else: the same story, and only the demo's own takes."""
    names = {path.name for path in folder.iterdir()}
    if MARKER not in names or f"{NAME}.matchcut" not in names or names - {*FILES, f"{NAME}.matchcut"}:
        return False
    try:
        made = json.loads((folder / MARKER).read_text(encoding="utf-8"))["takes"]
        with Project.open(folder / NAME) as project:  # for writing: not while another program has it open
            board = project.storyboard
            scenes = board.scenes()
            same = len(scenes) == 1 and write_story(board.export_story(scenes[0].id)) == write_story(example())
            return same and {take.id for shot in board.shots(scenes[0].id) for take in board.takes(shot.id)} <= set(
                made
            )
    except (StoryboardError, OSError, ValueError, KeyError, TypeError):
        return False


def _mark(folder: Path, outcome: Outcome) -> None:
    text = json.dumps({"made_by": "matchcut demo", "takes": [take.take_id for take in outcome.takes]})
    (folder / MARKER).write_text(text + "\n", encoding="utf-8")


def _export(project: Project, scene: SceneView, folder: Path, terminal: Terminal) -> Any:
    lines = [(scene, shot) for shot in project.storyboard.shots(scene.id)]
    out = (folder / f"{NAME}.mp4").resolve()
    size = project.storyboard.takes(lines[0][1].id)[0].size
    return run_export(film_request(project.storyboard, lines, out, _enlarged(*size)), terminal)


def _enlarged(width: int, height: int) -> ExportOptions:
    """Players show a small film as a stamp: the first whole multiple that is wide enough to watch."""
    times = -(-WATCHABLE // width)
    return ExportOptions() if times == 1 else ExportOptions(width=times * width, height=times * height)


def write_contact_sheet(project: Project, scene: SceneView, path: Path) -> Path:
    """Write a row of frames for each shot that shows a take."""
    from engine.film.decode import read_frames
    from engine.film.posters import contact_sheet

    shots: Sequence[ShotView] = project.storyboard.shots(scene.id)
    rows = [(f"{shot.number}. {shot.prompt}", read_frames(shot.selected.video)) for shot in shots if shot.selected]
    contact_sheet(rows, path, columns=6, scale=2.0)
    return path
