"""What a command says: sentences and tables for people, one JSON object for scripts, progress beside both.

With `--json` the last line of stdout is the object and everything else goes to stderr. Progress is always on stderr;
where that is no terminal, plain lines take the place of bars.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

PLAIN_WIDTH = 160  # columns of a table that goes into a file or a pipe


class Terminal:
    """The two streams of a command."""

    def __init__(self, *, as_json: bool = False, stdout: TextIO | None = None) -> None:
        self.as_json = as_json
        self._stdout = stdout or sys.stdout
        self.err = _console(stderr=True)
        self.out = self.err if as_json else _console(stderr=False)

    def say(self, text: str) -> None:
        """Print a line for people."""
        self.out.print(text, soft_wrap=True)

    def note(self, text: str) -> None:
        """Print a line that is not part of the answer: what happened on the way, warnings."""
        self.err.print(text, soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
        """Print a table; long cells wrap."""
        table = Table(title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, header_style="dim", overflow="fold", vertical="top")
        for row in rows:
            table.add_row(*row)
        self.out.print(table)

    def result(self, answer: dict[str, Any]) -> None:
        """Print the object for scripts; nothing unless they asked for it."""
        if self.as_json:
            print(json.dumps(answer, ensure_ascii=False, default=str), file=self._stdout, flush=True)

    def part(self, news: dict[str, Any]) -> None:
        """Print a line for a program that follows the work: one object, before the answer on the last line."""
        print(json.dumps(news, ensure_ascii=False, default=str), file=self._stdout, flush=True)

    @contextmanager
    def bars(self, what: str, total: float) -> Iterator[Bars]:
        """Show progress: `what` as a whole with the time left, and the piece that is being made."""
        progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[count]}", markup=False),
            TextColumn("{task.fields[left]}", markup=False),
            console=self.err,
            transient=True,
            disable=not self.err.is_terminal,
        )
        with progress:
            yield Bars(progress, self, what, total)


class Bars:
    """The bars of one command: the whole above, the piece below."""

    def __init__(self, progress: Progress, terminal: Terminal, what: str, total: float) -> None:
        self._progress, self._terminal = progress, terminal
        self._whole: TaskID = progress.add_task(what, total=total, count="", left="")
        self._piece: TaskID | None = None
        self._total = total
        self._first: tuple[float, float] | None = None  # when the first news came, and how much was done then

    def whole(self, done: float, count: str) -> None:
        """Say how much of everything is done; the time left is that of the average pace so far."""
        now = time.monotonic()
        self._first = self._first or (now, done)
        since, already = self._first
        left = (now - since) / (done - already) * (self._total - done) if done > already else None
        self._progress.update(self._whole, completed=done, count=count, left=_left(left))

    def total(self, total: float) -> None:
        """Say how much everything is, where that was not known at the start."""
        self._total = total
        self._progress.update(self._whole, total=total)

    def piece(self, name: str, done: int, total: int, seconds_left: float) -> None:
        """Say how far the piece of this name is."""
        if self._piece is None:
            self._piece = self._progress.add_task(name, total=total, count="", left="")
        self._progress.update(
            self._piece,
            description=name,
            completed=done,
            total=total,
            count=f"step {done} of {total}",
            left=_left(seconds_left),
        )

    def line(self, text: str) -> None:
        """Print a line above the bars."""
        self._terminal.note(text)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    return console


def _left(seconds: float | None) -> str:
    return "" if seconds is None else f"{clock(seconds)} left"


def clock(seconds: float) -> str:
    """Return a duration as people read it: "4.2 s", "3:05 min"."""
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)}:{int(seconds % 60):02d} min"


def megabytes(size: int) -> str:
    """Return a size as people read it."""
    return f"{size / 2**20:.1f} MiB" if size < 2**30 else f"{size / 2**30:.2f} GiB"
