"""A project: the folder `Name.matchcut/`, its lock, and the storyboard in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from .database import errors_told, open_engine, use_log
from .errors import NotAProject, OlderProject, ProjectExists, ReadOnlyProject, StoryboardError
from .lock import ProjectLock
from .paths import BACKUPS, DATABASE, REFERENCES, SUFFIX, TAKES
from .scenes import DEFAULT_FPS, DEFAULT_MODEL
from .storyboard import Storyboard
from .sweep import StartReport, sweep
from .upgrade import Format, create_file, daily_backup, inspect_file, upgrade_file


class Project:
    """An open project. Use it as a context manager, or call `close`.

    `path` is the folder, `storyboard` the document, `report` what was found when it was opened.
    """

    def __init__(
        self,
        path: Path,
        storyboard: Storyboard,
        report: StartReport,
        lock: ProjectLock | None = None,
        scratch: tempfile.TemporaryDirectory[str] | None = None,
    ) -> None:
        self.path = path
        self.storyboard = storyboard
        self.report = report
        self._lock = lock
        self._scratch = scratch

    @property
    def read_only(self) -> bool:
        """True when nothing can be changed."""
        return self.storyboard.read_only

    @staticmethod
    def create(
        path: Path | str,
        name: str | None = None,
        *,
        model: str = DEFAULT_MODEL,
        size: tuple[int, int] | None = None,
        fps: float = DEFAULT_FPS,
    ) -> Project:
        """Make `path` (".matchcut" is added where it lacks) with an empty project, and open it.

        The folder appears whole or not at all. Raises ProjectExists, ReadOnlyProject, InvalidValue.
        """
        path = _with_suffix(Path(path).absolute())
        if path.exists():
            raise ProjectExists(f"{path} exists already.", "Open it, or choose another name.")
        unfinished = path.with_name(f".{path.name}.tmp-{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(unfinished, ignore_errors=True)
            for folder in (TAKES, REFERENCES):
                (unfinished / folder).mkdir(parents=True)
            _fill(unfinished, name or path.name.removesuffix(SUFFIX), model, size, fps)
            unfinished.rename(path)
        except OSError as error:
            raise ReadOnlyProject(
                f"{path} cannot be created ({error.strerror}).", "Choose a folder that you may write to."
            ) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return Project.open(path)

    @staticmethod
    def open(path: Path | str, *, read_only: bool = False) -> Project:
        """Open a project: upgrade its format if needed, and settle what a crash has left (see `report`).

        One process may write; others can open it read-only meanwhile. Raises NotAProject, ProjectLocked,
        ReadOnlyProject, NewerProject, OlderProject, UpgradeFailed, DatabaseBusy, and DamagedProject, after which
        `storyboards.repair.repair(path)` is the offer to make.
        """
        path = Path(path).absolute()
        if not path.exists() and _with_suffix(path).exists():
            path = _with_suffix(path)
        if not path.is_dir():
            raise NotAProject(f"There is no project at {path}.", "Check the path, or create a project there.")
        return _open_to_read(path) if read_only else _open_to_write(path)

    def close(self) -> None:
        """Let go of the project. Safe to call twice."""
        self.storyboard.close()
        if self._lock is not None:
            self._lock.release()
        if self._scratch is not None:
            self._scratch.cleanup()

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _with_suffix(path: Path) -> Path:
    return path if path.name.endswith(SUFFIX) else path.with_name(path.name + SUFFIX)


def _fill(folder: Path, name: str, model: str, size: tuple[int, int] | None, fps: float) -> None:
    create_file(folder / DATABASE)
    storyboard = Storyboard(open_engine(folder / DATABASE), folder)
    try:
        storyboard.create_project(name, model=model, size=size, fps=fps)
    finally:
        storyboard.close()


def _open_to_write(path: Path) -> Project:
    _refuse_without_database(path)
    lock = ProjectLock(path)
    try:
        found, upgraded = inspect_file(path / DATABASE), None
        if not found.current:
            upgraded = upgrade_file(path / DATABASE, found)
        with errors_told(path / DATABASE):
            use_log(path / DATABASE)
        storyboard = Storyboard(open_engine(path / DATABASE), path)
        try:
            report = sweep(storyboard, crashed_pid=lock.recovered_from, upgraded=upgraded)
            daily_backup(path / DATABASE)
        except BaseException:
            storyboard.close()
            raise
        return Project(path, storyboard, report, lock)
    except BaseException:
        lock.release()
        raise


def _open_to_read(path: Path) -> Project:
    """Read beside a writer, or from a folder that cannot be written, where SQLite needs some help with its log."""
    _refuse_without_database(path)
    file, mode, scratch = path / DATABASE, "ro", None
    try:
        found = inspect_file(file, mode)
    except ReadOnlyProject:
        if (path / f"{DATABASE}-wal").exists():
            file, scratch = _copy_with_log(path)
            mode = "rw"
        else:
            mode = "immutable"
        found = inspect_file(file, mode)
    try:
        _refuse_older(path, found)
        storyboard = Storyboard(open_engine(file, mode), path, read_only=True)
        return Project(path, storyboard, StartReport(missing=tuple(storyboard.missing_takes())), None, scratch)
    except StoryboardError:
        if scratch is not None:
            scratch.cleanup()
        raise


def _copy_with_log(path: Path) -> tuple[Path, tempfile.TemporaryDirectory[str]]:
    scratch = tempfile.TemporaryDirectory(prefix="matchcut-")
    for name in (DATABASE, f"{DATABASE}-wal"):
        shutil.copyfile(path / name, Path(scratch.name) / name)
    return Path(scratch.name) / DATABASE, scratch


def _refuse_older(path: Path, found: Format) -> None:
    if not found.current:
        raise OlderProject(
            f"{path.name} was written by an older Matchcut.", "Open it once for writing; it is backed up and upgraded."
        )


def _refuse_without_database(path: Path) -> None:
    if (path / DATABASE).is_file():
        return
    saved = sorted((path / BACKUPS).glob("*.db")) if (path / BACKUPS).is_dir() else []
    hint = "Repair it: a backup is there." if saved else "Choose a folder that ends in .matchcut."
    raise NotAProject(f"{path} has no {DATABASE}.", hint)
