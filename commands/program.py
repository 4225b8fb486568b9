"""One run of the command line: parse, do the verb, turn whatever goes wrong into one line and an exit code."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import logging.handlers
import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from commands.arguments import build
from commands.failing import CANCELLED, OK, Told, tell, wants_traceback

EDITOR = "The editor is not built yet. To see Matchcut work: make demo (or: main.py demo). All verbs: main.py --help"


def main(words: Sequence[str]) -> int:
    """Do what the words say and return the exit code. Usage errors and --help leave by SystemExit, as argparse does."""
    args = build().parse_args(words)
    if not args.runs:
        print(EDITOR)
        return OK
    _log_to_file()
    stdout = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr) if args.json else contextlib.nullcontext():
            return _run(args, stdout)
    except KeyboardInterrupt:
        return _fail(args, stdout, Told("stopped", "What was finished is kept.", CANCELLED))
    except BrokenPipeError:
        # Whoever read our output (`| head`) has had enough; Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return OK
    except Exception as error:  # the boundary: every failure becomes a line and an exit code
        if wants_traceback():
            traceback.print_exc()
        logging.getLogger("matchcut").info("the command %s failed", args.runs, exc_info=True)
        return _fail(args, stdout, tell(error))


def _run(args: Namespace, stdout: TextIO) -> int:
    from commands.terminal import Terminal

    module, _, function = args.runs.partition(":")
    verb = getattr(importlib.import_module(f"commands.{module}"), function)
    code: int = verb(args, Terminal(as_json=args.json, stdout=stdout))
    return code


def _fail(args: Namespace, stdout: TextIO, told: Told) -> int:
    print(f"main.py: {told.line}", file=sys.stderr)
    if args.json:
        answer = {"error": told.message, "hint": told.hint, "exit_code": told.exit_code}
        print(json.dumps(answer, ensure_ascii=False), file=stdout, flush=True)
    return told.exit_code


def log_file() -> Path:
    """Return where the engine's log goes."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return base / "matchcut" / "matchcut.log"


def _log_to_file() -> None:
    """Send the log to a file: on the terminal an error is one line."""
    logger = logging.getLogger("matchcut")
    if logger.handlers:
        return
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        path = log_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=1 << 20, backupCount=2, delay=True
        )
    except OSError:
        handler = logging.NullHandler()  # no place for a log is no reason not to work
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)
