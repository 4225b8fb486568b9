"""`show`: the scenes with their shots, takes, marks and lineage. Reads only, also while another process renders."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import Any

from commands.failing import OK, CommandError
from commands.places import find_scene, find_scenes, find_shot, open_project
from commands.terminal import Terminal, clock
from storyboards.project import Project
from storyboards.storyboard import Storyboard
from storyboards.views import SceneView, ShotView, TakeView


def show(args: Namespace, terminal: Terminal) -> int:
    """`show`: all scenes; `show SHOT`: its takes and what they saw."""
    with open_project(args, terminal, read_only=True) as project:
        if len(args.words) > 1:
            raise CommandError("One shot at a time can be shown.", "Name one shot, or none for the whole project.")
        if args.words:
            _show_shot(args, project, terminal)
        else:
            _show_project(args, project, terminal)
    return OK


def _show_project(args: Namespace, project: Project, terminal: Terminal) -> None:
    board, view = project.storyboard, project.storyboard.project()
    scenes = find_scenes(board, args.scene) if board.scenes() else []
    terminal.say(f"{view.name}  ({project.path}, model {view.model}, {view.fps:g} frames a second)")
    for scene in scenes:
        shots = board.shots(scene.id)
        terminal.say("")
        rows = [_shot_row(shot, view.fps) for shot in shots]
        title = f"Scene {scene.number}: {scene.title}, seed {scene.seed}"
        terminal.table(("shot", "length", "takes", "shows", "prompt", "marks"), rows, title)
        if scene.global_text:
            terminal.say(f"every prompt begins: {scene.global_text}")
    if not scenes:
        terminal.say("No scene yet: main.py import fox-at-sunset.")
    terminal.result(
        {
            "project": str(project.path.resolve()),
            "name": view.name,
            "model": view.model,
            "size": view.size,
            "fps": view.fps,
            "scenes": [scene_facts(board, scene) for scene in scenes],
        }
    )


def _shot_row(shot: ShotView, fps: float) -> tuple[str, ...]:
    kind = "continues" if shot.continues else "cut"
    shows = f"take {shot.selected.number}" if shot.selected else "-"
    return (
        str(shot.number),
        f"{shot.frames} ({shot.frames / fps:.1f} s) {kind}",
        str(shot.take_count),
        shows,
        shot.prompt,
        "\n".join(marks(shot)),
    )


def marks(shot: ShotView) -> list[str]:
    """Return what is to be said about a shot, the gravest first."""
    lines = [f"stale: {reason}" for reason in shot.stale]
    lines += [f"changed: {reason}" for reason in shot.changed]
    lines += [f"hint: {reason}" for reason in shot.hints]
    return [*lines, f"{shot.job_kind} {shot.job_state}"] if shot.job_id else lines


def _show_shot(args: Namespace, project: Project, terminal: Terminal) -> None:
    board = project.storyboard
    scene = find_scene(board, args.scene)
    shot = find_shot(board, scene, args.words[0])
    terminal.say(f"Shot {shot.number} of {scene.title}: {shot.prompt}")
    for note in (*([f"notes: {shot.notes}"] if shot.notes else []), *marks(shot)):
        terminal.say(note)
    takes = board.takes(shot.id)
    rows = [_take_row(take) for take in takes]
    terminal.table(("take", "", "length", "seed", "made in", "saw", "prompt", "marks"), rows)
    for take in takes:
        terminal.say(f"take {take.number}: {take.folder}")
    terminal.result({"project": str(project.path.resolve()), "scene": scene.number, **shot_facts(board, shot)})


def _take_row(take: TakeView) -> tuple[str, ...]:
    flags = [name for name, on in (("shown", take.selected), ("favourite", take.favourite)) if on]
    flags += [take.rating] if take.rating != "open" else []
    return (
        str(take.number),
        ", ".join(flags),
        f"{take.frames} ({take.frames / take.fps:.1f} s)",
        str(take.seed),
        clock(take.seconds),
        "\n".join(f"{item.name} ({item.side or 'together'}, noise {item.noise:g})" for item in take.context)
        or "nothing",
        take.prompt,
        "\n".join([*(f"stale: {r}" for r in take.stale), *(f"changed: {r}" for r in take.changed), *take.hints]),
    )


def scene_facts(board: Storyboard, scene: SceneView) -> dict[str, Any]:
    """Return a scene for scripts."""
    return {
        "number": scene.number,
        "id": scene.id,
        "title": scene.title,
        "environment": scene.environment,
        "story": scene.story,
        "seed": scene.seed,
        "text": scene.global_text,
        "shots": [shot_facts(board, shot) for shot in board.shots(scene.id)],
    }


def shot_facts(board: Storyboard, shot: ShotView) -> dict[str, Any]:
    """Return a shot with its takes and their lineage for scripts."""
    return {
        "number": shot.number,
        "id": shot.id,
        "prompt": shot.prompt,
        "frames": shot.frames,
        "continues": shot.continues,
        "notes": shot.notes,
        "selected": shot.selected.number if shot.selected else None,
        "stale": list(shot.stale),
        "changed": list(shot.changed),
        "hints": list(shot.hints),
        "job": {"id": shot.job_id, "kind": shot.job_kind, "state": shot.job_state} if shot.job_id else None,
        "takes": [take_facts(take) for take in board.takes(shot.id)] if shot.take_count else [],
    }


def take_facts(take: TakeView) -> dict[str, Any]:
    """Return a take for scripts."""
    names = ("number", "id", "selected", "rating", "favourite", "prompt", "seed", "settings", "model_fingerprint",
             "frames", "fps", "size", "seconds", "extends", "latents_hash", "files")  # fmt: skip
    return {
        **{name: getattr(take, name) for name in names},
        "folder": str(take.folder),
        "saw": [asdict(item) for item in take.context],
        "stale": list(take.stale),
        "changed": list(take.changed),
        "hints": list(take.hints),
    }
