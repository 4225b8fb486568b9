"""Files of earlier versions open, and lose nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from storyboards.database import backup, open_engine
from storyboards.errors import OlderProject, UpgradeFailed
from storyboards.project import Project
from storyboards.tables import HEAD_REVISION, Base
from storyboards.upgrade import MIGRATIONS, daily_backup, inspect_file, upgrade_file

from .conftest import Scene

HERE = Path(__file__).parent
FIRST = HERE / "data" / "first-revision.sql"


def rows(file: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(file)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@pytest.fixture
def first_revision(tmp_path: Path) -> Path:
    """A project as the first released format wrote it: a frozen dump, not today's code."""
    root = tmp_path / "Old.matchcut"
    (root / "takes").mkdir(parents=True)
    (root / "references").mkdir()
    connection = sqlite3.connect(root / "storyboard.db")
    connection.executescript(FIRST.read_text())
    connection.execute("PRAGMA application_id=0x4D434854")
    connection.execute("PRAGMA user_version=1000")
    connection.close()
    return root


def test_a_file_of_the_first_revision_opens_with_everything_in_it(first_revision: Path) -> None:
    with Project.open(first_revision) as project:
        board = project.storyboard
        (scene,) = board.scenes()
        assert (scene.title, scene.seed, scene.settings) == ("Fox at sunset", 7, {"steps": 8})
        assert scene.global_text.startswith("[Character] Character 1: a fox in a red coat.")
        shots = board.shots(scene.id)
        assert [shot.take_count for shot in shots] == [2, 1, 1, 0, 0, 0]
        assert shots[1].stale == ("saw take 1 of shot 1, which now shows take 2",)
        assert shots[2].changed == ("prompt changed since",)
        assert [(c.choice, c.noise) for c in board.choices(shots[1].id)] == [("pinned", 0.2)]
        assert [job.state for job in board.jobs()] == ["done", "done", "done", "done", "queued"]
        assert len(project.report.missing) == 4
        board.add_shot(scene.id, "A seventh.")


def test_shots_of_the_first_revision_get_a_lock_a_seed_and_settings(first_revision: Path) -> None:
    """Revision 0002: columns are added with defaults, and no row is lost or touched."""
    before = rows(first_revision / "storyboard.db", "SELECT id, prompt, frames FROM shot ORDER BY id")
    with Project.open(first_revision) as project:
        assert project.report.backup_before_upgrade is not None
        board = project.storyboard
        shots = board.shots(board.scenes()[0].id)
        assert {(s.locked, s.seed, s.two_sided) for s in shots} == {(False, None, False)}
        assert all(s.settings == {} for s in shots)
        board.edit_shot(shots[0].id, locked=True, seed=5, settings={"steps": 3}, two_sided=True)
        shot = board.shots(shots[0].scene_id)[0]
        assert (shot.locked, shot.seed, shot.settings, shot.two_sided) == (True, 5, {"steps": 3}, True)
        board.clear_jobs()
        assert [job.state for job in board.jobs()] == ["queued"]
    assert rows(first_revision / "storyboard.db", "SELECT id, prompt, frames FROM shot ORDER BY id") == before
    assert rows(first_revision / "storyboard.db", "SELECT DISTINCT kept FROM take") == [("[]",)]


def test_the_migrations_lead_to_exactly_the_tables_of_the_code(blank: Path) -> None:
    engine = open_engine(blank / "storyboard.db")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("version_locations", str(MIGRATIONS / "versions"))
    config.set_main_option("path_separator", "newline")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD_REVISION


def test_a_migration_backs_up_first_and_keeps_every_row(rendered: Scene, project: Project) -> None:
    board = rendered.board
    board.edit_shot(rendered.shots[0], notes="keep")
    project.close()
    file = project.path / "storyboard.db"
    saved = upgrade_file(file, inspect_file(file), [HERE / "later"])
    assert rows(file, "SELECT mood, remarks FROM shot ORDER BY position")[0] == ("calm", "keep")
    assert rows(file, "SELECT version_num FROM alembic_version") == [("0003",)]
    assert rows(file, "PRAGMA foreign_key_check") == []
    assert rows(file, "SELECT count(*) FROM take") == [(4,)]
    assert "notes" in rows(saved, "SELECT sql FROM sqlite_master WHERE name = 'shot'")[0][0]  # type: ignore[operator]
    assert rows(saved, "SELECT count(*) FROM take") == [(4,)]
    assert saved.parent == project.path / "backups"


def test_a_migration_that_fails_leaves_the_file_as_it_was(scene: Scene, project: Project, tmp_path: Path) -> None:
    project.close()
    broken = (HERE / "later" / "r0003_mood.py").read_text() + "    raise sa.exc.ArgumentError('no')\n"
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "r0003_broken.py").write_text(broken)
    file = project.path / "storyboard.db"
    before = rows(file, "SELECT * FROM shot")
    with pytest.raises(UpgradeFailed, match="as it was"):
        upgrade_file(file, inspect_file(file), [tmp_path / "versions"])
    assert rows(file, "SELECT * FROM shot") == before
    assert inspect_file(file).revision == HEAD_REVISION


def test_an_older_file_is_upgraded_for_writing_only(folder: Path) -> None:
    with sqlite3.connect(folder / "storyboard.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    with pytest.raises(OlderProject, match="Open it once for writing"):
        Project.open(folder, read_only=True)
    with pytest.raises(UpgradeFailed, match="0000"):
        Project.open(folder)
    assert len(list((folder / "backups").glob("*before-upgrade-from-0000*.db"))) == 1


def test_a_backup_is_kept_a_day_and_the_latest_five_of_them(scene: Scene, project: Project) -> None:
    folder = project.path / "backups"
    for old in folder.iterdir():
        old.unlink()
    for day in range(1, 8):
        backup(project.path / "storyboard.db", folder / f"storyboard-2020-01-0{day}.db")
    assert daily_backup(project.path / "storyboard.db") is not None
    assert daily_backup(project.path / "storyboard.db") is None
    kept = sorted(path.name for path in folder.iterdir())
    assert len(kept) == 5 and kept[0] == "storyboard-2020-01-04.db"
    assert rows(folder / kept[-1], "SELECT count(*) FROM shot") == [(4,)]
