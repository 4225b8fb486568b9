"""`open`: the editor. Whatever goes wrong before its window is there is one line, as for every verb."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from commands.failing import CommandError
from storyboards.paths import DATABASE, SUFFIX

DEMO = "To see Matchcut work without one: make demo (or: main.py demo). All verbs: main.py --help"


def open_editor(args: Namespace) -> int:
    """`open [PROJECT]`: returns when the window is closed."""
    project = None if args.path is None else find_project(args.path)
    try:
        from app.start import has_display, main
    except ImportError as error:
        raise CommandError(
            f"The editor needs PySide6, which is not installed ({error}).",
            "Install it: make run does so, or: pip install -e .",
        ) from error
    if not has_display():
        raise CommandError("There is no display to open the editor on.", DEMO)
    return main(project, read_only=args.read_only)


def find_project(word: str) -> Path:
    """Return the folder that is named, with or without its ending. Raises CommandError."""
    for path in (Path(word), Path(word + SUFFIX)):
        if path.name.endswith(SUFFIX) and path.is_dir():
            return path
        if (path / DATABASE).is_file():
            return path
    raise CommandError(f"There is no project {word}.", "Make one: main.py new NAME, or in the editor: main.py.")
