"""One SQLite file: how it is opened, how a transaction runs, and what its errors mean."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from .changes import ChangeSet, Recorder
from .errors import DamagedProject, DatabaseBusy, DiskError, DiskFull, NotFound, ReadOnlyProject
from .tables import Base, new_id

BUSY_TIMEOUT = 5.0  # seconds that a write waits for another program
_Row = TypeVar("_Row", bound=Base)


def connect(file: Path, mode: str = "rw", busy_timeout: float = BUSY_TIMEOUT) -> sqlite3.Connection:
    """Open `file` as plain sqlite3. `mode` is "rw", "rwc" (may create), "ro", or "immutable" (nobody writes it)."""
    query = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?{query}", uri=True, timeout=busy_timeout, check_same_thread=False
    )
    connection.isolation_level = None  # transactions begin where this module says, not where sqlite3 guesses
    try:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=NORMAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def use_log(file: Path) -> None:
    """Switch to a write-ahead log, so that readers and the writer go on beside each other.

    Where the disk cannot do that (some network shares), SQLite stays with its rollback journal; it is only slower.
    """
    connection = connect(file)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def open_engine(file: Path, mode: str = "rw", busy_timeout: float = BUSY_TIMEOUT) -> Engine:
    """Return an SQLAlchemy engine over `connect`. Nothing is opened before the first use."""
    opener = partial(connect, file, mode, busy_timeout)
    engine = create_engine("sqlite://", creator=opener, poolclass=QueuePool, pool_size=4)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A write takes the lock at once: two writers then queue up instead of failing halfway.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def errors_told(file: Path) -> Iterator[None]:
    """Turn SQLite's errors about `file` into this package's, which say what to do."""
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        cause = error.orig if isinstance(error, DatabaseError) else error
        name = getattr(cause, "sqlite_errorname", "")
        told = _tell(name, file)
        if told is None:
            raise
        raise told from error


def _tell(name: str, file: Path) -> Exception | None:
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseBusy(
            f"Another program is using {file}.", "Close it (or wait until it is done) and try again; nothing was lost."
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return ReadOnlyProject(
            f"{file} cannot be written.", "Give yourself write access to the folder, or open the project read-only."
        )
    if name == "SQLITE_FULL":
        return DiskFull("The disk is full.", "Free some space and repeat the last step; nothing else was lost.")
    if name.startswith("SQLITE_IOERR"):
        return DiskError(f"The disk failed while {file} was used ({name}).", "Check the disk, then open it again.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return DamagedProject(
            f"{file} is damaged.", "Repair the project: what can be read is saved, the damaged file is kept."
        )
    return None


class Work:
    """One transaction in progress."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.changes = ChangeSet()  # complete once the transaction has ended
        self.joined = False  # whether verbs called inside become part of this transaction

    def add(self, row: _Row) -> _Row:
        """Insert a row, with an id at once; the rest of its defaults come when it is written."""
        row.id = row.id or new_id()
        self.session.add(row)
        return row

    def get(self, cls: type[_Row], row_id: str, *, deleted: bool = False) -> _Row:
        """Return the row of this id; deleted rows only when asked for. Raises NotFound."""
        row = self.session.get(cls, row_id)
        if row is None or (not deleted and getattr(row, "deleted_at", None) is not None):
            what = cls.__tablename__.replace("_", " ")
            raise NotFound(f"There is no {what} {row_id!r}.", "It may have been deleted; look at the scene again.")
        return row


class Document:
    """A project's database with its folder; the verbs of `Storyboard` build on its two kinds of transaction."""

    def __init__(self, engine: Engine, root: Path, *, read_only: bool = False) -> None:
        self.root = root
        self.read_only = read_only
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._lock = threading.RLock()
        self._open: Work | None = None

    @property
    def file(self) -> Path:
        """The database file."""
        return self.root / "storyboard.db"

    @contextmanager
    def transaction(self) -> Iterator[Work]:
        """Write: all of it or, after any exception, nothing. `work.changes` is filled in when it has committed."""
        if self.read_only:
            raise ReadOnlyProject(
                f"{self.root.name} is open read-only.", "Close it where it is being edited, then open it again."
            )
        with self._lock, errors_told(self.file):
            if self._open is not None and self._open.joined:
                yield self._open
                self._open.session.flush()
                return
            if self._open is not None:
                raise RuntimeError("a transaction is already open in this thread")
            with Session(self._writing, expire_on_commit=False) as session:
                recorder = Recorder(session)
                raw = session.connection().connection.driver_connection
                self._open = work = Work(session)
                try:
                    yield work
                    session.flush()
                    changes = recorder.changes()
                    session.commit()
                    work.changes = changes
                finally:
                    self._open = None
                    # A commit that broken links refuse stays open in SQLite, and SQLAlchemy takes it for ended.
                    if raw is not None and raw.in_transaction:
                        session.rollback()
                        raw.rollback()

    @contextmanager
    def together(self) -> Iterator[Work]:
        """Make one transaction of all verbs called inside: all of them or nothing, and one change set, `work.changes`.

        The verbs' own change sets are empty then. Reads see the document as it was before.
        """
        with self.transaction() as work:
            work.joined = True
            yield work

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Read from one consistent state of the database, whatever is written meanwhile."""
        with errors_told(self.file), Session(self._engine) as session:
            yield session

    def close(self) -> None:
        """Let go of the database file."""
        self._engine.dispose()


def backup(source: Path, target: Path) -> None:
    """Copy a live database with SQLite's backup API, under a temporary name until it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".tmp")
    unfinished.unlink(missing_ok=True)
    original = connect(source, "ro")
    try:
        copy = sqlite3.connect(unfinished)
        try:
            original.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        finally:
            copy.close()
    finally:
        original.close()
    unfinished.replace(target)
