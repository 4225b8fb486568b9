"""Finished stories for the built-in model's world; `fox-at-sunset` is the demo."""

from __future__ import annotations

from pathlib import Path

from ..errors import MissingFile
from ..story_text import SUFFIX, Story, read_story

DEMO = "fox-at-sunset"
_FOLDER = Path(__file__).parent


def example_names() -> list[str]:
    """Return the names of the examples, the demo first."""
    names = sorted(path.name.removesuffix(SUFFIX) for path in _FOLDER.glob(f"*{SUFFIX}"))
    return sorted(names, key=lambda name: name != DEMO)


def example(name: str = DEMO) -> Story:
    """Return an example by name. Raises MissingFile."""
    if name not in example_names():
        raise MissingFile(f"There is no example {name!r}.", f"The examples are: {', '.join(example_names())}.")
    return read_story(_FOLDER / f"{name}{SUFFIX}")
