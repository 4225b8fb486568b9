"""`import-clip`: a real clip becomes a take that later shots see."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from commands.failing import CommandError
from commands.model_folders import need_model
from commands.places import find_scene, find_shot, open_project
from commands.rendering import run_jobs
from commands.terminal import Terminal


def import_clip(args: Namespace, terminal: Terminal) -> int:
    """`import-clip CLIP`: into a new shot, or as another take of `--shot`."""
    with open_project(args, terminal) as project:
        if len(args.words) != 1:
            raise CommandError("Which clip?", "Give one video file: main.py import-clip [PROJECT] CLIP.")
        board = project.storyboard
        scene = find_scene(board, args.scene)
        need_model(board.project().model)
        beside = {name: getattr(args, name) for name in ("before", "after") if getattr(args, name) is not None}
        if args.shot is not None and beside:
            raise CommandError("A take of a shot has its place.", "Leave --before and --after out, or --shot.")
        shot = None if args.shot is None else find_shot(board, scene, args.shot)
        changes = board.import_clip(
            Path(args.words[0]),
            caption=args.caption,
            select=not args.keep_shown,
            **({"scene_id": scene.id} if shot is None else {"shot_id": shot.id}),
            **{name: find_shot(board, scene, word).id for name, word in beside.items()},
        )
        mine = {changes.new_id("job")}
        outcome = run_jobs(board, terminal, lambda job: job.id in mine, mine)
        if not outcome.takes and shot is None:
            board.delete_shot(changes.new_id("shot"))  # made for the clip alone
        found = [view for view in board.shots(scene.id) if outcome.takes and view.id == outcome.takes[0].shot_id]
        for view in found:
            seconds = view.frames / board.project().fps
            terminal.say(f"shot {view.number} take {outcome.takes[0].take}: {args.words[0]}, {seconds:.1f} s")
        if found and not found[0].prompt:
            terminal.say("It has no words yet: --caption TEXT tells later shots what is to be seen.")
        terminal.result({"project": str(project.path.resolve()), "scene": scene.number, **outcome.as_dict()})
        return outcome.exit_code
