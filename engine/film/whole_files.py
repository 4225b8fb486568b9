"""All or nothing on disk: write under a temporary name, sync, rename; a crash leaves no half of anything.

Temporary names are `<name>.tmp-<pid>` beside the final name, so the rename stays within one file system and
`sweep_temporary` can tell what a dead process left behind.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from engine.film.errors import DiskFull, FilmError, ReadOnlyFolder, TakeExists

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}
_TEMPORARY = re.compile(r"\.tmp-(\d+)$")


def temporary_sibling(final: Path) -> Path:
    """The name under which this process writes what will become `final`."""
    return final.with_name(f"{final.name}.tmp-{os.getpid()}")


@contextlib.contextmanager
def whole_folder(final: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `final` when the block ends well, and is removed when it does not.

    Raises TakeExists when `final` is there already (an empty folder too: it is somebody's), DiskFull, ReadOnlyFolder.
    """
    with disk_errors(final):
        if os.path.lexists(final):
            raise TakeExists(final)
        temporary = temporary_sibling(final)
        _remove(temporary)
        try:
            _make_folder(final.parent)
            temporary.mkdir()
            yield temporary
            for path in sorted(temporary.rglob("*")):
                sync(path)
            sync(temporary)
            if os.path.lexists(final):  # POSIX would silently replace an empty folder
                raise TakeExists(final)
            temporary.rename(final)
            sync(final.parent)
        finally:
            _remove(temporary)


@contextlib.contextmanager
def whole_file(final: Path) -> Iterator[Path]:
    """Yield a path to write to; it replaces `final` when the block ends well, and is removed when it does not.

    Raises DiskFull, ReadOnlyFolder.
    """
    with disk_errors(final):
        temporary = temporary_sibling(final)
        _remove(temporary)
        try:
            _make_folder(final.parent)
            yield temporary
            sync(temporary)
            os.replace(temporary, final)
            sync(final.parent)
        finally:
            _remove(temporary)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's (and FFmpeg's) write errors into DiskFull or ReadOnlyFolder about `path`."""
    try:
        yield
    except FilmError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(path) from error
        if error.errno in _UNWRITABLE:
            raise ReadOnlyFolder(path.parent, error.strerror or "not permitted") from error
        raise


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open folders, and journals their entries
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sweep_temporary(folder: Path, *finals: str) -> list[Path]:
    """Remove what processes that no longer live left half-written in `folder`; returns what was removed.

    With `finals` only what was to get one of these names: in a folder that is not Matchcut's, nothing else is its own.
    """
    swept = []
    for path in sorted(folder.iterdir()):
        found = _TEMPORARY.search(path.name)
        if found and finals and path.name[: found.start()] not in finals:
            continue
        if found and not _alive(int(found.group(1))):
            _remove(path)
            swept.append(path)
    return swept


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # what pathlib says when a file is in the way
        raise NotADirectoryError(errno.ENOTDIR, "a file is in the way", str(folder)) from error


def _alive(pid: int) -> bool:
    if pid == os.getpid():
        return True
    if os.name == "nt":
        return True  # os.kill would end the process there; leave the sweep to a person
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
