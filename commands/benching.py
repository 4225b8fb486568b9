"""`bench`: what the context cache is worth, that regenerating touches nothing else, that a kill loses nothing, and
how fast the world draws."""

from __future__ import annotations

import tempfile
import time
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands.failing import ENGINE_FAILURE, OK, CommandError
from commands.model_folders import need_model, stored_name
from commands.rendering import new_engine, run_jobs
from commands.terminal import Terminal
from storyboards.paths import sha256
from storyboards.project import Project
from storyboards.story_text import Story, StoryElement, StoryShot
from storyboards.storyboard import Storyboard

PROMPTS = (
    "A frog in a blue coat walks on the beach by day, wide shot.",
    "The frog jumps, medium shot.",
    "It waves at us, close-up.",
    "The frog dances, wide shot.",
    "It floats under a balloon, medium shot.",
    "The frog sleeps, close-up.",
)


def bench(args: Namespace, terminal: Terminal) -> int:
    """`bench context`, `bench regenerate`, `bench kill`, `bench world` or `bench editor`."""
    if args.what == "world":
        return _world(args, terminal)
    if args.what == "editor":
        from commands.benching_editor import bench_editor

        return bench_editor(args, terminal)
    if args.what == "backbone":
        from commands.benching_backbone import bench_backbone

        return bench_backbone(args, terminal)
    need_model(args.model)
    if args.what == "step-cache":
        from commands.step_caching import bench_step_cache

        return bench_step_cache(args, terminal)
    if args.what == "context":
        return _context(args, terminal)
    if args.what == "regenerate":
        return _regenerate(args, terminal)
    from commands.killing import bench_kill

    return bench_kill(args, terminal)


def _world(args: Namespace, terminal: Terminal) -> int:
    """Draw held-out scenes, each with a backdrop of its own, and count frames against this process's time."""
    from engine.world.render import render_scene
    from engine.world.scene import sample_scene

    scenes = [sample_scene(seed, 4, split="heldout") for seed in range(args.scenes + 1)]
    render_scene(scenes.pop())  # the sprites are read and shrunk once a process
    started, frames = time.process_time(), 0
    for scene in scenes:
        frames += sum(len(clip) for clip in render_scene(scene))
    speed = frames / (time.process_time() - started)
    terminal.say(f"{frames} frames of {args.scenes} scenes, {speed:.0f} frames a second on one core")
    terminal.result({"scenes": args.scenes, "frames": frames, "frames_per_s": round(speed, 1)})
    return OK


def bench_story(shots: int, frames: int = 9) -> Story:
    """Return a short story of `shots` shots for the benchmarks."""
    lines = tuple(StoryShot(PROMPTS[number % len(PROMPTS)], frames) for number in range(shots))
    return Story("Bench", 11, "a beach by day", "", (StoryElement("character", "Character 1", "a frog"),), lines)


def _context(args: Namespace, terminal: Terminal) -> int:
    from engine.backbone.loading import load_backbone
    from engine.evaluation.bench import bench_context

    contexts = tuple(args.contexts)
    if len(contexts) < 2 or contexts[0] != 0:
        raise CommandError("The benchmark compares with no context.", "Begin --contexts with 0, as in 0,1,2,4,8.")
    backbone = load_backbone(str(need_model(args.model)))
    terminal.note(f"timing {backbone.profile.name}, {args.steps} steps ...")
    found = bench_context(backbone, contexts, args.steps)
    rows = [
        (str(row["context"]), *(f"{row[name]:.3f} s" for name in ("warm_s", "cold_s", "joint_s")), str(row["kv_bytes"]))
        for row in found["rows"]
    ]
    terminal.table(("context shots", "warm cache", "cold cache", "all together", "K/V bytes"), rows)
    terminal.say(
        f"recomputing everything / warm cache: {found['joint_over_warm']:.2f}x at {contexts[-1]} context shots"
    )
    terminal.say(f"warm context / no context: {found['warm_over_none']:.2f}x")
    terminal.say(f"largest difference to an uncached forward: {found['max_abs_diff']:.2e}")
    plain, *packed = found["packings"]
    for row in packed:
        share = row["kv_bytes"] / plain["kv_bytes"]
        terminal.say(f"context kept in {row['packing']}: {share:.0%} of the bytes, velocity off by {row['error']:.2%}")
    terminal.result({"model": backbone.profile.name, "device": str(backbone.device), **found})
    return OK


@dataclass(frozen=True, slots=True)
class _Seen:
    """Every take's files as they lie on the disk, by shot number and take number."""

    hashes: dict[str, dict[str, str]]
    stale: list[int]


def _look(board: Storyboard, scene_id: str) -> _Seen:
    shots = board.shots(scene_id)
    hashes = {
        f"shot {shot.number} take {take.number}": {
            path.name: sha256(path) for path in sorted(take.folder.iterdir()) if path.is_file()
        }
        for shot in shots
        for take in board.takes(shot.id)
    }
    return _Seen(hashes, [shot.number for shot in shots if shot.stale])


def _regenerate(args: Namespace, terminal: Terminal) -> int:
    """Regenerate shot 2 of 6 and look at everything else, byte for byte."""
    settings = {"steps": args.steps}
    with (
        tempfile.TemporaryDirectory(prefix="matchcut-") as scratch,
        Project.create(Path(scratch) / "bench", model=stored_name(args.model)) as project,
    ):
        board, engine = project.storyboard, new_engine(terminal)
        scene_id = board.import_story(bench_story(6)).new_id("scene")
        board.queue_scene(scene_id, settings=settings)
        first = run_jobs(board, terminal, lambda _: True, engine=engine)
        before = _look(board, scene_id)
        second = board.shots(scene_id)[1]
        board.queue_render(second.id, settings=settings)
        again = run_jobs(board, terminal, lambda _: True, engine=engine)
        after = _look(board, scene_id)
        old = next((take for take in board.takes(second.id) if take.number == 1), None)
        if old is not None:
            board.select_take(old.id)
        cleared = _look(board, scene_id)
    failures = [*first.failures, *again.failures]
    if failures or first.cancelled or again.cancelled:
        why = failures[0].message if failures else "it was stopped"
        raise CommandError(f"The benchmark did not finish: {why}.", "Run it again.", ENGINE_FAILURE)
    return _tell_regenerate(before, after, cleared, terminal)


def _tell_regenerate(before: _Seen, after: _Seen, cleared: _Seen, terminal: Terminal) -> int:
    changed = [name for name, files in before.hashes.items() if after.hashes.get(name) != files]
    new = [name for name in after.hashes if name not in before.hashes]
    for name, files in after.hashes.items():
        state = "new" if name in new else "CHANGED" if name in changed else "unchanged"
        terminal.say(f"{name}: {state}")
        for file, digest in files.items():
            terminal.say(f"    {digest[:16]}  {file}")
    terminal.say(f"stale after regenerating shot 2: {after.stale}; after going back to take 1: {cleared.stale}")
    good = not changed and len(new) == 1 and not before.stale and 1 not in after.stale and 2 not in after.stale
    good = good and bool(after.stale) and not cleared.stale
    answer: dict[str, Any] = {
        "takes": len(before.hashes),
        "changed": changed,
        "new": new,
        "stale_before": before.stale,
        "stale_after": after.stale,
        "stale_after_going_back": cleared.stale,
        "hashes": after.hashes,
        "holds": good,
    }
    terminal.result(answer)
    return OK if good else ENGINE_FAILURE
