"""Verbs that make takes: render, regenerate, extend. They queue jobs in the document and run the queue."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import Any

from commands.documents import refuse_words
from commands.failing import CommandError
from commands.model_folders import need_model, stored_name
from commands.places import find_file, find_lora, find_scene, find_scenes, find_shot, find_shots, open_project
from commands.rendering import Outcome, run_jobs
from commands.terminal import Terminal, clock
from storyboards.changes import ChangeSet
from storyboards.project import Project
from storyboards.storyboard import Storyboard
from storyboards.views import SceneView, ShotView


def settings_of(args: Namespace) -> dict[str, Any]:
    """Return the sampling settings that the command names. Raises CommandError for a file that is not there."""
    found: dict[str, Any] = {} if args.steps is None else {"steps": args.steps}
    if args.lora:
        found["loras"] = [find_lora(word) for word in args.lora]
    if args.first_frame is not None:
        found["first_frame"] = str(find_file(args.first_frame, "image"))
    if args.context_frames is not None:
        found["context_frames"] = args.context_frames
    if args.guidance_from is not None:
        found["guidance_from"] = args.guidance_from
    if args.step_cache is not None:
        found["step_cache_kind"], found["step_cache"] = args.step_cache
    return found


def render(args: Namespace, terminal: Terminal) -> int:
    """`render`: takes for all shots that have none (or for the chosen ones), going on where a crash stopped."""
    with open_project(args, terminal) as project:
        board = project.storyboard
        if args.model:
            board.edit_project(model=stored_name(args.model))
        need_model(board.project().model)  # before anything is queued
        if args.words or args.joint:
            scene = find_scene(board, args.scene)
            shots = find_shots(board, scene, args.words) if args.words else board.shots(scene.id)
            mine = _queue_joint(args, board, shots) if args.joint else _queue_chosen(args, board, shots, terminal)
            outcome = run_jobs(board, terminal, lambda job: job.id in mine, mine, wishes=args)
            return _tell(project, [scene], outcome, terminal)
        scenes = find_scenes(board, args.scene)
        board.resume_interrupted()
        before = _active_ids(board)
        for scene in scenes:
            board.queue_scene(scene.id, settings=settings_of(args))
        ids = {scene.id for scene in scenes}
        begun = _active_ids(board) - before
        outcome = run_jobs(board, terminal, lambda job: job.scene_id in ids, begun, wishes=args)
        return _tell(project, scenes, outcome, terminal)


def _active_ids(board: Storyboard) -> set[str]:
    return {job.id for job in board.jobs(active=True)}


def _queue_chosen(args: Namespace, board: Storyboard, shots: Sequence[ShotView], terminal: Terminal) -> set[str]:
    """Queue the chosen shots that show no take; jobs that wait for them already are taken along."""
    mine = set()
    board.resume_interrupted()
    waiting = {job.shot_id: job.id for job in board.jobs(active=True) if job.kind == "render"}
    for shot in shots:
        if shot.selected is not None:
            terminal.note(f"shot {shot.number} shows take {shot.selected.number}: `regenerate` makes another one")
        elif shot.id in waiting:
            mine.add(waiting[shot.id])
        else:
            mine.add(board.queue_render(shot.id, settings=settings_of(args), select=True).new_id("job"))
    return mine


def _queue_joint(args: Namespace, board: Storyboard, shots: Sequence[ShotView]) -> set[str]:
    changes = board.queue_joint([shot.id for shot in shots], settings=settings_of(args))
    return {changes.new_id("job")}


def regenerate(args: Namespace, terminal: Terminal) -> int:
    """`regenerate SHOT`: more takes of one shot. Nothing else is touched; marks tell what saw the old take."""
    return _one_shot(args, terminal, lambda board, shot: _queue_regenerate(args, board, shot))


def _queue_regenerate(args: Namespace, board: Storyboard, shot: ShotView) -> ChangeSet:
    """Queue first: a job that is refused leaves the prompt as it was, and the request is built when the job begins."""
    changes = board.queue_render(
        shot.id,
        takes=args.takes,
        seed=args.seed,
        settings=settings_of(args),
        two_sided=args.context == "both",
        select=args.select,
    )
    if args.prompt is not None:
        board.edit_shot(shot.id, prompt=args.prompt)
    return changes


def extend(args: Namespace, terminal: Terminal) -> int:
    """`extend SHOT --seconds S`: a longer take of the same shot, without a cut."""
    if not 0 < args.seconds <= 60:
        raise CommandError(f"A shot cannot be made {args.seconds:g} s longer.", "Give seconds from above 0 to 60.")
    return _one_shot(args, terminal, lambda board, shot: _queue_extend(args, board, shot))


def _queue_extend(args: Namespace, board: Storyboard, shot: ShotView) -> ChangeSet:
    frames = max(1, math.ceil(args.seconds * board.project().fps - 1e-6))
    return board.queue_extend(shot.id, frames, seed=args.seed, settings=settings_of(args))


def _one_shot(args: Namespace, terminal: Terminal, queue: Callable[[Storyboard, ShotView], ChangeSet]) -> int:
    with open_project(args, terminal) as project:
        refuse_words(args, 1)
        board = project.storyboard
        scene = find_scene(board, args.scene)
        shot = find_shot(board, scene, args.words[0])
        need_model(board.project().model)
        mine = {queue(board, shot).new_id("job")}
        outcome = run_jobs(board, terminal, lambda job: job.id in mine, mine, wishes=args)
        return _tell(project, [scene], outcome, terminal)


def _tell(project: Project, scenes: Sequence[SceneView], outcome: Outcome, terminal: Terminal) -> int:
    """Print what came of it, with the marks that the scenes now carry."""
    shots = [shot for scene in scenes for shot in project.storyboard.shots(scene.id)]
    stale = [shot.number for shot in shots if shot.stale]
    without = [shot.number for shot in shots if shot.selected is None]
    seconds = sum(take.seconds for take in outcome.takes)
    shown = f"{len(shots) - len(without)} of {len(shots)} shots show a take"
    terminal.say(f"{len(outcome.takes)} take(s) made in {clock(seconds)}; {shown}")
    for shot in shots:
        for reason in shot.stale:
            terminal.say(f"stale: shot {shot.number} {reason}")
    if outcome.cancelled:
        terminal.say("Stopped. What was finished is kept; `render` goes on with the rest.")
    terminal.result(
        {
            "project": str(project.path.resolve()),
            **outcome.as_dict(),
            "seconds": round(seconds, 3),
            "stale": stale,
            "without_take": without,
            "complete": not without,
        }
    )
    return outcome.exit_code
