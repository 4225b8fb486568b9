"""Rescue of a damaged database: what can be read is kept, the damaged file is set aside, nothing is thrown away."""

from __future__ import annotations

import shutil
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path

from .database import connect
from .errors import DamagedProject, NotAProject, StoryboardError
from .lock import ProjectLock
from .paths import BACKUPS, DATABASE, TAKES
from .rescue import rescue_takes
from .tables import TABLES
from .upgrade import create_file, inspect_file, upgrade_file

DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class RepairReport:
    """`source`: the file the rows came from, a backup or the damaged file. `rows` by table. `set_aside`: where the
    old file lies. `adopted`: takes found on the disk that the rows did not know, now theirs again."""

    source: Path
    set_aside: Path
    rows: dict[str, int] = field(default_factory=dict)
    adopted: tuple[str, ...] = ()
    kept_apart: tuple[str, ...] = ()


def repair(root: Path) -> RepairReport:
    """Make a project with a damaged database open again.

    Takes the rows that can still be read from the damaged file, or the newest backup where that holds more shots.
    Complete takes on the disk that the rows do not know get theirs back; the rest moves to `damaged/`, as does the
    damaged database. Raises DamagedProject if neither file nor backups hold anything, ProjectLocked, ReadOnlyProject.
    """
    if not root.is_dir():
        raise NotAProject(f"There is no folder {root}.", "Check the path.")
    lock = ProjectLock(root)
    try:
        return _repair(root)
    finally:
        lock.release()


def _repair(root: Path) -> RepairReport:
    aside = root / DAMAGED / time.strftime("%Y%m%d-%H%M%S")
    aside.mkdir(parents=True, exist_ok=True)
    file, salvaged = root / DATABASE, aside / "salvaged.db"
    if file.exists():
        _salvage(file, salvaged)
    best = max([salvaged, *_backups(root)], key=_shots)
    if _shots(best) < 0:
        raise DamagedProject(
            f"Nothing of {file} can be read, and there is no backup.",
            f"The takes are safe in {root / TAKES}; ask for help before you delete anything.",
        )
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
        if (root / name).exists():
            (root / name).replace(aside / name)
    unfinished = root / f"{DATABASE}.tmp"
    shutil.copyfile(best, unfinished)
    unfinished.replace(file)
    found = inspect_file(file)
    if not found.current:
        upgrade_file(file, found)
    adopted, kept_apart = rescue_takes(root, aside)
    return RepairReport(best, aside, _counts(file), adopted, kept_apart)


def _salvage(damaged: Path, target: Path) -> None:
    """Copy every row that can be read into a fresh file; rows whose links are lost are left out."""
    create_file(target)
    copy = connect(target)
    try:
        source = connect(damaged, "rw")
    except sqlite3.Error:
        copy.close()
        return
    try:
        copy.execute("PRAGMA foreign_keys=OFF")
        for name in TABLES:
            _copy_rows(source, copy, name)
        _drop_broken_links(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        source.close()
        copy.close()


def _copy_rows(source: sqlite3.Connection, copy: sqlite3.Connection, table: str) -> None:
    """Read forwards until it breaks, then backwards: damage in the middle costs the rows around it, not the rest."""
    for direction in ("ASC", "DESC"):
        try:
            cursor = source.execute(f'SELECT * FROM "{table}" ORDER BY rowid {direction}')
            names = [column[0] for column in cursor.description]
            known = {row[1] for row in copy.execute(f'PRAGMA table_info("{table}")')}
            used = [name for name in names if name in known]
            listed = ", ".join(f'"{name}"' for name in used)
            marks = ", ".join("?" for _ in used)
            while (row := cursor.fetchone()) is not None:
                values = [value for name, value in zip(names, row, strict=True) if name in known]
                copy.execute(f'INSERT OR IGNORE INTO "{table}" ({listed}) VALUES ({marks})', values)
            return
        except (sqlite3.Error, ValueError):
            continue


def _drop_broken_links(copy: sqlite3.Connection) -> None:
    while broken := copy.execute("PRAGMA foreign_key_check").fetchall():
        for table, rowid, target, _ in broken:
            if table == "shot" and target == "take":
                copy.execute("UPDATE shot SET selected_take_id = NULL WHERE rowid = ?", (rowid,))
            else:
                copy.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (rowid,))


def _backups(root: Path) -> list[Path]:
    """Return the backups, newest first: of two that hold as much, `max` takes the first."""
    folder = root / BACKUPS
    found = folder.glob("*.db") if folder.is_dir() else ()
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _shots(file: Path) -> int:
    """Count the shots of a file; -1 if it has no project or cannot be read."""
    try:
        inspect_file(file, "ro")
        connection = connect(file, "ro")
        try:
            if connection.execute("SELECT count(*) FROM project").fetchone()[0] != 1:
                return -1
            return int(connection.execute("SELECT count(*) FROM shot").fetchone()[0])
        finally:
            connection.close()
    except (StoryboardError, sqlite3.Error):
        return -1


def _counts(file: Path) -> dict[str, int]:
    connection = connect(file, "rw")
    try:
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in TABLES}
    finally:
        connection.close()
