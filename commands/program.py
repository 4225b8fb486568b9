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

from app.folders import log_file
from commands.arguments import build
from commands.failing import CANCELLED, OK, CommandError, Told, tell, wants_traceback
from storyboards.paths import DATABASE, SUFFIX

EDITOR = "editing:open_editor"


def main(words: Sequence[str]) -> int:
    """Do what the words say and return the exit code. Usage errors and --help leave by SystemExit, as argparse does."""
    args = build().parse_args(_with_open(words))
    if args.runs == EDITOR:
        return _edit(args)
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


def _with_open(words: Sequence[str]) -> Sequence[str]:
    """Without a verb the editor opens: on the project that is named, or on the last one."""
    if not words or words[0].rstrip("/\\").endswith(SUFFIX) or (Path(words[0]) / DATABASE).is_file():
        return ["open", *words]
    return words


def _edit(args: Namespace) -> int:
    """Open the editor, with nothing imported on the way that it does not need."""
    from commands.editing import open_editor

    try:
        return open_editor(args)
    except CommandError as error:
        return _fail(args, sys.stdout, tell(error))


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
