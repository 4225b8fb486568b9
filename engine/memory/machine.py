"""This machine's memory and whether a model fits it, told without torch: for lists of models in terminal and editor."""

from __future__ import annotations

import functools
import os
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.catalogue.recognise import NotAModel, recognise
from engine.memory.estimate import Fit, fit
from engine.memory.plans import Asked

GiB = 1 << 30


@functools.cache
def machine_memory() -> tuple[int, bool]:
    """Bytes of the largest GPU's memory, and True; without a GPU (or its driver's tool) the machine's, and False."""
    try:
        told = subprocess.run(
            ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        return max(int(line) for line in told.stdout.split()) << 20, True
    except (OSError, subprocess.SubprocessError, ValueError):
        return main_memory(), False


def main_memory() -> int:
    """Bytes of the machine's memory, 0 when it cannot be told."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def fit_facts(place: Path, asked: Asked | None = None, device: str | None = None) -> dict[str, Any]:
    """The estimate for a model's longest shot with three context shots, as plain values; {} when it cannot be told.

    `asked`: how it shall lie in memory. `device` "cpu" leaves a GPU aside.
    """
    memory, accelerator = machine_memory()
    if device == "cpu":
        memory, accelerator = main_memory(), False
    try:
        return as_facts(fit(recognise(place), memory, asked, accelerator=accelerator))
    except (NotAModel, ValueError, OSError):
        return {}


def as_facts(told: Fit) -> dict[str, Any]:
    """An estimate as plain values. `text` is for a table's cell."""
    return {
        "verdict": told.verdict,
        "needed": told.needed,
        "memory": told.memory,
        "plan": told.plan.text,
        "weights": dict(told.weights),
        "context_shot": told.context_shot,
        "activations": told.activations,
        "decode": told.decode,
        "settings": asdict(told.plan),
        "text": f"{told.verdict}: {told.needed / GiB:.1f} of {told.memory / GiB:.1f} GiB",
    }
