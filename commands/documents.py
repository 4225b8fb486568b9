"""Verbs that change the document: new, import, insert, select, jobs, cleanup, repair."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from commands.failing import OK, CommandError
from commands.model_folders import model_folder, stored_name
from commands.places import find_scene, find_shot, find_take, open_project, take_project
from commands.terminal import Terminal
from storyboards.examples import example, example_names
from storyboards.paths import REFERENCES, TAKES
from storyboards.project import Project
from storyboards.repair import repair
from storyboards.scenes import DEFAULT_MODEL
from storyboards.story_text import Story, read_story
from storyboards.storyboard import Storyboard
from storyboards.views import JobView


def new(args: Namespace, terminal: Terminal) -> int:
    """`new PATH`: an empty project, or one with a story."""
    story = None if args.story is None else load_story(args.story)
    model = stored_name(args.model) if args.model else DEFAULT_MODEL
    with Project.create(args.path, args.name, model=model, size=args.size, fps=args.fps) as project:
        if story is not None:
            project.storyboard.import_story(story)
        terminal.say(f"made {project.path}")
        if model_folder(model) is None:
            terminal.note(f"The model {model!r} is not there yet: rendering will need it, or --model FOLDER.")
        terminal.result({**_project_facts(project), "scenes": len(project.storyboard.scenes())})
    return OK


def import_story(args: Namespace, terminal: Terminal) -> int:
    """`import STORY`: a story becomes a new scene."""
    path = take_project(args)
    if len(args.words) != 1:
        raise CommandError("Which story?", f"Give one file, or one of the examples: {', '.join(example_names())}.")
    story = load_story(args.words[0])
    with Project.open(path) as project:
        scene_id = project.storyboard.import_story(story).new_id("scene")
        scene = project.storyboard.scene(scene_id)
        terminal.say(f"scene {scene.number} of {project.path.name}: {scene.title}, {scene.shot_count} shots")
        terminal.result(
            {**_project_facts(project), "scene": scene.number, "scene_id": scene.id, "shots": scene.shot_count}
        )
    return OK


def load_story(word: str) -> Story:
    """Return the story of a file, or the example of this name. Errors of a file name it."""
    path = Path(word)
    if path.is_file():
        return read_story(path)
    if word in example_names():
        return example(word)
    raise CommandError(f"There is no story {word}.", f"Give a file, or an example: {', '.join(example_names())}.")


def insert(args: Namespace, terminal: Terminal) -> int:
    """`insert --after N --prompt ...`: a new shot; nothing else moves or is rendered."""
    with open_project(args, terminal) as project:
        refuse_words(args, 0)
        board = project.storyboard
        scene = find_scene(board, args.scene)
        beside = {name: getattr(args, name) for name in ("before", "after") if getattr(args, name) is not None}
        ids = {name: find_shot(board, scene, word).id for name, word in beside.items()}
        frames = args.frames
        if args.seconds is not None:
            frames = round(args.seconds * board.project().fps)
        changes = board.insert_shot(
            scene.id, args.prompt, frames=frames, continues=args.continues, notes=args.notes, **ids
        )
        shot = board.shot(changes.new_id("shot"))
        kind = "continuation" if shot.continues else "cut"
        terminal.say(f"shot {shot.number} ({kind}, {shot.frames} frames): {shot.prompt}")
        terminal.result(
            {**_project_facts(project), "scene": scene.number, "shot": shot.number, "shot_id": shot.id,
             "frames": shot.frames, "continues": shot.continues}
        )  # fmt: skip
    return OK


def select(args: Namespace, terminal: Terminal) -> int:
    """`select SHOT TAKE`: what the scene shows, and later shots see."""
    with open_project(args, terminal) as project:
        refuse_words(args, 2)
        board = project.storyboard
        scene = find_scene(board, args.scene)
        shot = find_shot(board, scene, args.words[0])
        take = find_take(board, shot, args.words[1])
        board.select_take(take.id)
        stale = [other.number for other in board.shots(scene.id) if other.stale]
        terminal.say(f"shot {shot.number} shows take {take.number}")
        if stale:
            terminal.say(f"made from what the scene no longer shows: shot {', '.join(map(str, stale))}")
        terminal.result(
            {**_project_facts(project), "shot": shot.number, "take": take.number, "take_id": take.id, "stale": stale}
        )
    return OK


def jobs(args: Namespace, terminal: Terminal) -> int:
    """`jobs`: the queue, and what to do with it."""
    changing = args.retry or args.cancel or args.clear_interrupted or args.pause or args.resume
    with open_project(args, terminal, read_only=not changing) as project:
        refuse_words(args, 0)
        board = project.storyboard
        changed = _change_queue(args, board) if changing else []
        rows = board.jobs() if args.all else [job for job in board.jobs() if job.state not in ("done", "cancelled")]
        terminal.table(("job", "shot", "kind", "state", "takes", ""), [_job_row(job) for job in rows])
        if board.project().queue_paused:
            terminal.say("The queue is paused.")
        elif not rows:
            terminal.say("Nothing waits.")
        terminal.result(
            {**_project_facts(project), "paused": board.project().queue_paused, "changed": changed,
             "jobs": [_job_facts(job) for job in rows]}
        )  # fmt: skip
    return OK


def _change_queue(args: Namespace, board: Storyboard) -> list[str]:
    if args.pause or args.resume:
        board.pause_queue() if args.pause else board.resume_queue()
    every = board.jobs()
    cancelled = _chosen(every, args.cancel, ("queued", "running", "interrupted"))
    if args.clear_interrupted:
        cancelled += [job for job in every if job.state == "interrupted" and job not in cancelled]
    for job in cancelled:
        board.cancel_job(job.id)
    retried = _chosen(every, args.retry, ("failed", "cancelled", "interrupted"))
    for job in retried:
        board.retry_job(job.id)
    return [job.id for job in (*cancelled, *retried)]


def _chosen(every: list[JobView], words: list[str], states: tuple[str, ...]) -> list[JobView]:
    """Return the jobs that are named by id prefix, or all in these states for "all"; "all" skips cancelled ones."""
    if words == ["all"]:
        return [job for job in every if job.state in states and job.state != "cancelled"]
    chosen = []
    for word in words:
        found = [job for job in every if job.id.startswith(word.lower())]
        if len(found) != 1:
            what = "There is no job" if not found else "There are several jobs"
            raise CommandError(f"{what} {word}.", "Give more of the id: main.py jobs --all lists them.")
        chosen.append(found[0])
    return chosen


def cleanup(args: Namespace, terminal: Terminal) -> int:
    """`cleanup`: what was deleted goes for good, files included."""
    with open_project(args, terminal) as project:
        refuse_words(args, 0)
        if not args.yes:
            raise CommandError(
                "Cleaning up removes deleted scenes, shots and takes for good, with their files.",
                "Say that you mean it: --yes.",
            )
        before = _size(project)
        changes = project.storyboard.clean_up()
        removed = {table: len(changes.ids("removed", table)) for table in ("scene", "shot", "take", "element")}
        freed = max(0, before - _size(project))
        listed = ", ".join(f"{count} {table}(s)" for table, count in removed.items() if count) or "nothing"
        terminal.say(f"removed {listed}; {freed / 2**20:.1f} MiB freed")
        terminal.result({**_project_facts(project), "removed": removed, "bytes_freed": freed})
    return OK


def repair_project(args: Namespace, terminal: Terminal) -> int:
    """`repair`: a damaged database is rebuilt; takes whose files are gone are taken out of the scene."""
    from storyboards.errors import DamagedProject, NotAProject

    path = take_project(args)
    refuse_words(args, 0)
    report: dict[str, Any] = {"project": str(path.resolve()), "rebuilt": False}
    try:
        project = Project.open(path)
    except (DamagedProject, NotAProject) as error:
        if not path.is_dir():
            raise
        terminal.note(error.message)
        done = repair(path)
        report |= {"rebuilt": True, "set_aside": str(done.set_aside), "rows": done.rows, "adopted": done.adopted}
        terminal.say(f"rebuilt from {done.source.name}: {done.rows}; the old file is in {done.set_aside}")
        project = Project.open(path)
    with project:
        missing = len(project.report.missing)
        if missing:
            project.storyboard.repair_missing_takes()
        terminal.say(f"{missing} take(s) without files were taken out" if missing else "all takes have their files")
        terminal.result({**report, "takes_taken_out": missing})
    return OK


def refuse_words(args: Namespace, count: int) -> None:
    """Raise CommandError unless `count` words are left after the project."""
    words: list[str] = args.words
    if len(words) > count and not count:
        raise CommandError(f"{words[0]!r} is not a project.", "Name an existing .matchcut folder.")
    if len(words) != count:
        names = " and ".join(("a shot", "a take")[:count])
        raise CommandError(f"This needs {names}, not {len(words)} words.", "Shots and takes go by their numbers.")


def _size(project: Project) -> int:
    """Return the bytes of takes and images; the database gives its own room back only later."""
    folders = (project.path / TAKES, project.path / REFERENCES)
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


def _project_facts(project: Project) -> dict[str, Any]:
    view = project.storyboard.project()
    return {"project": str(project.path.resolve()), "name": view.name, "model": view.model}


def _job_row(job: JobView) -> tuple[str, ...]:
    why = f"{job.message}. {job.hint}" if job.message else ""
    return job.id[:8], str(job.shot_number), job.kind, job.state, f"{job.takes_saved}/{job.takes_planned}", why


def _job_facts(job: JobView) -> dict[str, Any]:
    names = ("id", "kind", "state", "shot_id", "params", "takes_planned", "takes_saved", "code", "message", "hint")
    return {"shot": job.shot_number, **{name: getattr(job, name) for name in names}}
