"""One writer a project: a lock file that the system releases when its process ends, however it ends.

The operating system's lock on `project.lock` decides; the process id written into it is for people, and tells after a
crash that the last writer did not close the project. The file stays where it is: removing it would let two processes
lock two different files of the same name.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from .errors import ProjectLocked, ReadOnlyProject

NAME = "project.lock"


class ProjectLock:
    """Held from creation to `release`. `recovered_from` is the process id that a crashed writer left, else None."""

    def __init__(self, root: Path) -> None:
        """Take the lock. Raises ProjectLocked, or ReadOnlyProject where the folder cannot be written."""
        self._path = root / NAME
        try:
            self._descriptor: int | None = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ReadOnlyProject(
                f"The folder {root} cannot be written ({error.strerror}).",
                "Give yourself write access to it, or open the project read-only.",
            ) from error
        holder = _read(self._path)
        if not _try_lock(self._descriptor):
            os.close(self._descriptor)
            raise _locked(root, holder)
        self.recovered_from: int | None = _pid(holder)
        self._write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))

    def release(self) -> None:
        """Let others open the project. Safe to call twice."""
        if self._descriptor is None:
            return
        self._write("")
        _unlock(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = None

    def _write(self, text: str) -> None:
        assert self._descriptor is not None
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, text.encode())


def _locked(root: Path, holder: dict[str, Any]) -> ProjectLocked:
    pid, host = _pid(holder) or 0, holder.get("host")
    who = f"process {pid}" if pid else "another process"
    if isinstance(host, str) and host != socket.gethostname():
        who += f" on {host}"
    return ProjectLocked(
        f"{root.name} is open in {who}.", "Close it there first, or open it here read-only.", pid=pid
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _pid(holder: dict[str, Any]) -> int | None:
    pid = holder.get("pid")
    return pid if isinstance(pid, int) else None


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 20  # lock a byte that nobody reads, so that others can still read who holds the lock

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
