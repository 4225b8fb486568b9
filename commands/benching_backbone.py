"""`bench backbone`: Wan's structure with random weights, ours beside diffusers' own."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from commands.failing import ENGINE_FAILURE, OK
from commands.terminal import Terminal, megabytes

BAR = 1.02  # of diffusers' time, for one shot without context


def bench_backbone(args: Namespace, terminal: Terminal) -> int:
    """Time and measure; the exit code is 3 when one shot takes longer than 1.02 times diffusers' pipeline."""
    from engine.backbone.devices import best_device
    from engine.evaluation import bench_backbone as measuring

    found = measuring.bench_backbone(
        best_device(), tuple(args.contexts), args.steps, args.pairs, args.compile, say=terminal.note
    )
    _tell(found, terminal)
    holds = found["single_ratio"] <= BAR and (found["single"]["max_abs_diff"] == 0 or "float32" not in found["dtype"])
    terminal.result({**found, "bar": BAR, "holds": holds})
    return OK if holds else ENGINE_FAILURE


def _tell(found: dict[str, Any], terminal: Terminal) -> None:
    single = found["single"]
    terminal.say(f"{found['model']} on {found['device']}, {found['dtype']}, {found['tokens']} tokens, random weights")
    terminal.say(
        f"one shot, {found['steps']} steps: {single['ours_s']:.3f} s, diffusers' pipeline {single['theirs_s']:.3f} s: "
        f"{single['ratio']:.3f}x (bar {BAR}x), largest difference {single['max_abs_diff']:.1e}"
    )
    rows = [
        (
            str(row["context"]),
            *(f"{row[name]:.3f} s" for name in ("warm_s", "cold_s", "joint_s")),
            f"{row['joint_over_warm']:.2f}x",
            megabytes(row["kv_bytes"]),
        )
        for row in found["rows"]
    ]
    terminal.table(("context shots", "warm cache", "cold cache", "all together", "together / warm", "K/V"), rows)
    terminal.table(("peak memory of", "bytes"), [(name, megabytes(size)) for name, size in found["peak_bytes"].items()])
    for row in found["anyflow"]:
        peaks = f"; peaks {megabytes(row['ours_peak'])}, {megabytes(row['theirs_peak'])}" if "ours_peak" in row else ""
        terminal.say(
            f"one forward against {row['context']} cached chunk(s): {row['ours_s']:.3f} s, AnyFlow-FAR "
            f"{row['theirs_s']:.3f} s ({row['ratio']:.3f}x){peaks}"
        )
    if "compiled" in found:
        told = found["compiled"]
        terminal.say(f"compiled: {told['ratio']:.3f}x the time without, after {told['compile_s']:.0f} s of compiling")
    for row in found.get("full_size", []):
        terminal.say(", ".join(f"{name} {value}" for name, value in row.items()))
