"""Which format a file has, and how an older one becomes today's: backed up first, in one transaction, or not at all."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from .database import backup, connect, errors_told, open_engine
from .errors import DamagedProject, NewerProject, NotAProject, UpgradeFailed
from .paths import BACKUPS
from .tables import FORMAT_MAJOR, FORMAT_MINOR, HEAD_REVISION, TABLES

APPLICATION_ID = 0x4D434854  # "MCHT", so that another program's database is not taken for ours
MIGRATIONS = Path(__file__).parent / "migrations"
_BACKUPS_KEPT = 5


@dataclass(frozen=True, slots=True)
class Format:
    """What a file says about itself. `revision` is Alembic's, "" before the first one."""

    major: int
    minor: int
    revision: str

    @property
    def current(self) -> bool:
        """True when nothing has to be migrated; a newer minor format is used as it is."""
        return self.revision == HEAD_REVISION or self.minor > FORMAT_MINOR


def inspect_file(file: Path, mode: str = "rw") -> Format:
    """Say which format `file` has. Raises NotAProject, DamagedProject, NewerProject, DatabaseBusy, ReadOnlyProject."""
    if not file.is_file():
        raise NotAProject(
            f"{file.parent} holds no storyboard.", "Choose a folder that ends in .matchcut, or create a new project."
        )
    with errors_told(file):
        connection = connect(file, mode)
        try:
            return _inspect(connection, file)
        finally:
            connection.close()


def _inspect(connection: sqlite3.Connection, file: Path) -> Format:
    application, version = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _HEADER)
    if application != APPLICATION_ID:
        raise DamagedProject(
            f"{file} is empty or belongs to another program.",
            "Repair the project to get back what its backups and takes hold; the file itself is kept.",
        )
    major, minor = divmod(version, 1000)
    if major > FORMAT_MAJOR:
        raise NewerProject(
            f"{file.parent.name} was written by a newer Matchcut (format {major}; this one reads {FORMAT_MAJOR}).",
            "Update Matchcut to open it. Nothing was changed.",
        )
    problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise DamagedProject(
            f"{file} is damaged ({problem}).", "Repair the project: what can be read is saved, the file is kept."
        )
    present = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    rows = connection.execute("SELECT version_num FROM alembic_version") if "alembic_version" in present else iter(())
    revision = next(rows, ("",))[0]
    if not revision or (revision == HEAD_REVISION and not set(TABLES) <= present):
        raise DamagedProject(f"{file} has lost tables.", "Repair the project: its backups and takes are used.")
    return Format(major, minor, revision)


_HEADER = ("application_id", "user_version")


def create_file(file: Path) -> None:
    """Write an empty storyboard in today's format. The file must not exist."""
    with errors_told(file):
        connection = connect(file, "rwc")
        try:
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        finally:
            connection.close()
        migrate(file)


def upgrade_file(file: Path, found: Format, more_versions: Sequence[Path] = ()) -> Path:
    """Migrate an older file, after a backup whose path is returned. Raises UpgradeFailed with the file as it was."""
    saved = file.parent / BACKUPS / f"storyboard-before-upgrade-from-{found.revision}-{_stamp()}.db"
    with errors_told(file):
        backup(file, saved)
        try:
            migrate(file, more_versions)
        except (SQLAlchemyError, sqlite3.Error, ImportError, UpgradeFailed) as error:
            raise UpgradeFailed(
                f"{file.parent.name} could not be upgraded from {found.revision}: {error}",
                f"The file is as it was and a copy lies at {saved}; please report this.",
            ) from error
    return saved


def migrate(file: Path, more_versions: Sequence[Path] = ()) -> None:
    """Run all revisions that `file` lacks, in one transaction. `more_versions` are folders of further revisions."""
    engine = open_engine(file)
    try:
        with engine.execution_options(writes=True).connect() as connection:
            # Batch migrations drop and rebuild tables, which enforced links would take for deletions.
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                _run_revisions(connection, more_versions)
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise UpgradeFailed("The upgrade would break links between rows.", "Please report this.")
                connection.exec_driver_sql(f"PRAGMA user_version={FORMAT_MAJOR * 1000 + FORMAT_MINOR}")
            raw.execute("PRAGMA foreign_keys=ON")
    finally:
        engine.dispose()


def _run_revisions(connection: Connection, more_versions: Sequence[Path]) -> None:
    from alembic import command  # slow to import, and seldom needed
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    folders = [MIGRATIONS / "versions", *more_versions]
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(folder) for folder in folders).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise UpgradeFailed(f"There is no way from this format to today's: {error}", "Please report this.") from error


def daily_backup(file: Path) -> Path | None:
    """Keep a copy of a healthy file, at most one a day and the latest five; return it if one was made."""
    folder = file.parent / BACKUPS
    target = folder / f"storyboard-{time.strftime('%Y-%m-%d')}.db"
    if target.exists():
        return None
    with errors_told(file):
        backup(file, target)
    for old in sorted(folder.glob("storyboard-[0-9]*.db"))[:-_BACKUPS_KEPT]:
        old.unlink(missing_ok=True)
    return target


def _stamp() -> str:
    return time.strftime("%Y%m%d-%H%M%S")
