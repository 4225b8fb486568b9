"""Files from the hub to the disk: resumed where they stopped, hashed as they come, named only when they are right.

`huggingface_hub` says where a file is, who is asking and what an error means; the bytes are read here, because its own
download (2.x) starts a file anew when the program has ended in between, and a model's shards have gigabytes.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.catalogue.registry import PART, ModelFile, path_inside
from engine.hub.errors import HubError
from engine.hub.hashing import feed, git_sha1_of
from engine.hub.repository import hub_errors, url_of

SPARE_BYTES = 256 << 20  # left free on the disk beside a model
RETRIES = 5  # broken connections in a row, without a byte in between
READ_TIMEOUT_S = 30.0
FIRST_WAIT_S = 1.0  # doubled with each retry


class Stopped(Exception):
    """The user has stopped it. What is there is kept, and the next start goes on."""


@dataclass(slots=True)
class Progress:
    """How far a piece of work is. `tell(done, total, file)` is called at most ten times a second, and at the end."""

    total: int
    tell: Callable[[int, int, str], None] = lambda _done, _total, _file: None
    cancelled: Callable[[], bool] = lambda: False
    done: int = 0
    _told: float = field(default=0.0, repr=False)

    def advance(self, amount: int, file: str) -> None:
        """So many bytes more. Raises Stopped."""
        self.done += amount
        if self.cancelled():
            raise Stopped
        now = time.monotonic()
        if now - self._told >= 0.1 or self.done >= self.total:
            self._told = now
            self.tell(self.done, self.total, file)


@dataclass(frozen=True, slots=True)
class Source:
    """Where files come from."""

    hub_id: str
    commit: str
    endpoint: str | None = None


def is_there(root: Path, file: ModelFile) -> bool:
    """A file of the right name and size: only `fetch` gives that name, after looking at the hash."""
    path = path_inside(root, file.path)
    return path.is_file() and path.stat().st_size == file.size


def need_room(root: Path, files: Sequence[ModelFile]) -> None:
    """Raise HubError where the disk has no room for what is still to come."""
    missing = sum(file.size - _begun(root, file) for file in files if not is_there(root, file))
    folder = next(place for place in (root, *root.parents) if place.exists())
    free = shutil.disk_usage(folder).free
    if missing and missing + SPARE_BYTES > free:
        need, have = ((amount / 2**30) for amount in (missing + SPARE_BYTES, free))
        raise HubError(
            "disk_full",
            f"The download needs {need:.1f} GiB, and the disk of {folder} has {have:.1f} GiB left.",
            "Free some space, or choose another disk: --into FOLDER.",
        )


def fetch(source: Source, file: ModelFile, root: Path, progress: Progress) -> str:
    """Bring one file to its place under `root` and return its sha256. Raises HubError, Stopped.

    Bytes that do not have the hub's hash are thrown away; when they were joined to an older part, once more from zero.
    """
    path = path_inside(root, file.path)
    part = path.with_name(path.name + PART)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            arriving = _Arriving(part, file, progress)
            resumed = arriving.here > 0
            _until_whole(source, arriving)
            if arriving.right():
                part.replace(path)
                return arriving.sha256
            part.unlink(missing_ok=True)
            progress.done -= arriving.here
            if not resumed:
                break
    except OSError as error:
        raise _disk(error, path) from error
    raise HubError(
        "corrupt",
        f"{file.path} arrived with other bytes than the hub has.",
        "Start the download again; if it stays so, something on the way changes files (a proxy, a broken disk).",
    )


def _begun(root: Path, file: ModelFile) -> int:
    part = path_inside(root, file.path + PART)
    size = part.stat().st_size if part.is_file() else 0
    return size if size <= file.size else 0


class _Arriving:
    """A file on its way: the part that is on the disk, and the hash of just those bytes."""

    def __init__(self, part: Path, file: ModelFile, progress: Progress) -> None:
        self.part, self.file, self.progress = part, file, progress
        self.here, self._digest = 0, hashlib.sha256()
        if part.is_file() and part.stat().st_size > file.size:
            part.unlink()
        if part.is_file():
            feed(self._digest, part, lambda amount: progress.advance(amount, file.path))
            self.here = part.stat().st_size

    @property
    def sha256(self) -> str:
        """Of what is there."""
        return self._digest.hexdigest()

    def right(self) -> bool:
        """Whether it is whole, and what the hub has."""
        file = self.file
        if self.here != file.size or (file.sha256 and self.sha256 != file.sha256):
            return False
        return bool(file.sha256) or not file.git_sha1 or git_sha1_of(self.part) == file.git_sha1

    def take(self, blocks: Iterable[bytes], *, from_start: bool) -> None:
        """Write blocks behind what is there, or in its place."""
        if from_start:
            self.progress.done -= self.here
            self.here, self._digest = 0, hashlib.sha256()
        with self.part.open("wb" if from_start else "ab") as out:
            for block in blocks:
                out.write(block)
                out.flush()  # what the disk has counts, should the program end here
                self._digest.update(block)
                self.here += len(block)
                self.progress.advance(len(block), self.file.path)


def _until_whole(source: Source, arriving: _Arriving) -> None:
    """Read on over broken connections, until the size is reached or the hub has no more bytes to give."""
    broken = 0
    while arriving.here < arriving.file.size or not arriving.part.exists():
        before = arriving.here
        try:
            with hub_errors(source.hub_id, source.commit):
                _read(source, arriving)
            if arriving.here == before:
                return
        except HubError as error:
            broken = 0 if arriving.here > before else broken + 1
            if error.code not in ("no_network", "server") or broken > RETRIES:
                raise
            time.sleep(FIRST_WAIT_S * 2**broken)


def _read(source: Source, arriving: _Arriving) -> None:
    from huggingface_hub import utils as hub

    headers = {**hub.build_hf_headers(), "Accept-Encoding": "identity"}  # type: ignore[attr-defined]
    if arriving.here:
        headers["Range"] = f"bytes={arriving.here}-"
    url = url_of(source.hub_id, source.commit, arriving.file.path, source.endpoint)
    with hub.get_session().stream(  # type: ignore[attr-defined]
        "GET", url, headers=headers, timeout=READ_TIMEOUT_S, follow_redirects=True
    ) as response:
        if response.status_code == 416:  # nothing behind what is there
            return
        if response.status_code >= 400:
            response.read()  # what it says about the reason
        hub.hf_raise_for_status(response)  # type: ignore[attr-defined]
        # As they come: larger blocks would be collected first, and lost when the line breaks.
        arriving.take(response.iter_bytes(), from_start=response.status_code != 206)


def _disk(error: OSError, path: Path) -> HubError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "Free some space, then start the download again: it goes on where it stopped."
        return HubError("disk_full", f"The disk is full: {path.name} could not be written.", hint)
    hint = "Check the folder's permissions, or choose another one: --into FOLDER."
    return HubError("read_only", f"{path} cannot be written ({error.strerror or error}).", hint)
