"""`world`: what the built-in model was taught."""

from __future__ import annotations

from argparse import Namespace

from commands.failing import OK, CommandError
from commands.terminal import Terminal


def world(args: Namespace, terminal: Terminal) -> int:
    """`world --sheet FILE`: scenes of the paper theatre with their captions, to look at."""
    from engine.world.sheet import write_sheet

    if not 0 < args.scale <= 8:
        raise CommandError(f"The scale {args.scale:g} makes no sheet.", "Use a number from above 0 to 8.")
    size = (max(16, round(112 * args.scale / 16) * 16), max(16, round(64 * args.scale / 16) * 16))
    path = write_sheet(args.sheet, args.scenes, args.shots, args.seed, size, args.split)
    terminal.say(f"wrote {path}: {args.scenes} scenes of {args.shots} shots, split {args.split}")
    terminal.result(
        {"sheet": str(path.resolve()), "scenes": args.scenes, "shots": args.shots, "seed": args.seed,
         "split": args.split, "size": size}
    )  # fmt: skip
    return OK
