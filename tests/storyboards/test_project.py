"""Projects on the disk: locked, moved, read-only, damaged, older and newer. Nothing is ever lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from storyboards.database import open_engine
from storyboards.errors import (
    DamagedProject,
    DatabaseBusy,
    DiskFull,
    InvalidValue,
    NewerProject,
    NotAProject,
    OutsideProject,
    ProjectExists,
    ProjectLocked,
    ReadOnlyProject,
)
from storyboards.project import Project
from storyboards.repair import repair
from storyboards.requests import start_next
from storyboards.storyboard import Storyboard
from storyboards.upgrade import daily_backup

from .conftest import Scene
from .studio import make_take, run_all

REPOSITORY = Path(__file__).parents[2]
HOLD = """
import sys
from storyboards.project import Project
project = Project.open(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
project.close()
"""


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.fixture
def other_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the project open for writing."""
    with python(HOLD, folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_a_project_is_a_folder_with_a_database_and_two_folders(project: Project) -> None:
    assert project.path.name == "Film.matchcut"
    assert {"storyboard.db", "takes", "references"} <= {path.name for path in project.path.iterdir()}
    with pytest.raises(ProjectExists):
        Project.create(project.path)
    with pytest.raises(InvalidValue):
        project.storyboard.create_project("Second")


def test_creating_leaves_nothing_behind_when_it_fails(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue):
        Project.create(tmp_path / "Film", fps=0)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(ReadOnlyProject):
        Project.create(tmp_path / "file" / "Film")


def test_what_is_no_project_is_said_to_be_none(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(NotAProject):
            Project.open(path)


def test_a_second_process_may_only_read(folder: Path, other_process: subprocess.Popen[str]) -> None:
    with pytest.raises(ProjectLocked, match=f"process {other_process.pid}") as caught:
        Project.open(folder)
    assert caught.value.pid == other_process.pid
    with Project.open(folder, read_only=True) as second:
        assert second.storyboard.scenes() == []
        with pytest.raises(ReadOnlyProject, match="read-only"):
            second.storyboard.create_scene("No")
    other_process.communicate("done\n")
    with Project.open(folder) as third:
        assert third.report.crashed_pid is None


def test_a_lock_left_by_a_killed_process_is_recovered(folder: Path, other_process: subprocess.Popen[str]) -> None:
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    assert json.loads((folder / "project.lock").read_text())["pid"] == other_process.pid
    with Project.open(folder) as project:
        assert project.report.crashed_pid == other_process.pid


def test_a_reader_sees_what_the_writer_has_committed(folder: Path) -> None:
    with Project.open(folder) as writer, Project.open(folder, read_only=True) as reader:
        writer.storyboard.create_scene("One")
        assert [scene.title for scene in reader.storyboard.scenes()] == ["One"]


def test_a_database_that_another_program_holds_is_busy_and_nothing_is_lost(project: Project) -> None:
    holder = sqlite3.connect(project.path / "storyboard.db", isolation_level=None)
    impatient = Storyboard(open_engine(project.path / "storyboard.db", busy_timeout=0.05), project.path)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy, match="Another program"):
        impatient.create_scene("Waits")
    holder.execute("ROLLBACK")
    impatient.create_scene("Works")
    impatient.close()
    holder.close()
    assert [scene.title for scene in project.storyboard.scenes()] == ["Works"]


def test_a_full_disk_loses_only_what_did_not_fit(scene: Scene, project: Project) -> None:
    file = project.path / "storyboard.db"
    engine = open_engine(file)

    @event.listens_for(engine, "connect")
    def small_disk(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 3}")

    board = Storyboard(engine, project.path)
    with pytest.raises(DiskFull, match="disk is full"):
        board.edit_shot(scene.shots[0], notes="much " * 20_000)
    board.edit_shot(scene.shots[0], notes="little")
    board.close()
    assert scene.view(1).notes == "little"


def test_two_threads_write_one_after_the_other(scene: Scene) -> None:
    def work() -> None:
        for _ in range(10):
            scene.board.add_shot(scene.id)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(scene.board.shots(scene.id)) == 24


def test_a_moved_project_has_all_its_files(rendered: Scene, tmp_path: Path, project: Project, picture: Path) -> None:
    board = rendered.board
    board.add_reference(board.elements(rendered.id)[0].id, picture)
    project.close()
    moved = tmp_path / "elsewhere" / "New name.matchcut"
    moved.parent.mkdir()
    shutil.move(project.path, moved)
    dump = subprocess.run(["grep", "-rac", str(project.path), moved / "storyboard.db"], stdout=subprocess.PIPE)
    assert dump.stdout.strip() == b"0"
    with Project.open(moved) as opened:
        board = opened.storyboard
        assert opened.report.missing == ()
        for shot in board.shots(rendered.id):
            assert shot.selected is not None and shot.selected.video.is_file()
            assert moved in shot.selected.video.parents
        assert board.elements(rendered.id)[0].references[0].path.is_file()
        board.queue_render(rendered.shots[3])
        assert run_all(board) == 1


def test_a_path_in_the_database_that_leaves_the_project_is_refused(rendered: Scene, project: Project) -> None:
    with sqlite3.connect(project.path / "storyboard.db") as connection:
        connection.execute("UPDATE take SET folder = '../../etc'")
    connection.close()
    with pytest.raises(OutsideProject):
        rendered.board.takes(rendered.shots[0])
    with pytest.raises(OutsideProject):
        print(rendered.view(1).selected.video)  # type: ignore[union-attr]
    rendered.board.queue_render(rendered.shots[1])
    run_all(rendered.board)
    assert "leaves the project" in rendered.board.jobs()[-1].message


READ = """
import os, sys
from storyboards.errors import ReadOnlyProject
from storyboards.project import Project
with Project.open(sys.argv[2], read_only=True) as project:
    project.storyboard.scenes()  # whatever is imported late is imported now
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)  # permissions do not stop root
try:
    Project.open(sys.argv[1])
except ReadOnlyProject as error:
    print("refused", error.hint)
with Project.open(sys.argv[1], read_only=True) as project:
    print(len(project.storyboard.scenes()))
"""


@pytest.mark.parametrize("log", ["no log", "log"])
def test_a_read_only_folder_is_read_and_not_written(blank: Path, log: str) -> None:
    home = Path(tempfile.mkdtemp(dir=tempfile.gettempdir(), prefix="matchcut-test-"))
    folder = Path(shutil.copytree(blank, home / "Film.matchcut"))
    with Project.open(folder) as project:
        project.storyboard.create_scene("One")
        if log == "log":
            for name in ("storyboard.db-wal", "storyboard.db"):
                shutil.copyfile(folder / name, home / name)
    if log == "log":
        for name in ("storyboard.db-wal", "storyboard.db"):
            shutil.copyfile(home / name, folder / name)
    (folder / "project.lock").unlink()
    try:
        home.chmod(0o755)
        for path in (*folder.rglob("*"), folder):
            path.chmod(0o555 if path.is_dir() else 0o444)
        with python(READ, folder, blank) as process:
            out, _ = process.communicate()
        assert out.splitlines()[0].startswith("refused Give yourself write access")
        assert out.splitlines()[1] == "1"
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode | stat.S_IWUSR | (stat.S_IXUSR if path.is_dir() else 0))
        shutil.rmtree(home)


def test_a_newer_major_format_is_refused_and_left_alone(folder: Path) -> None:
    with sqlite3.connect(folder / "storyboard.db") as connection:
        connection.execute("PRAGMA user_version=2000")
    connection.close()
    before = (folder / "storyboard.db").read_bytes()
    with pytest.raises(NewerProject, match=r"newer Matchcut.*Update Matchcut"):
        Project.open(folder)
    assert (folder / "storyboard.db").read_bytes() == before


def test_a_newer_minor_format_is_used_as_it_is(folder: Path) -> None:
    with sqlite3.connect(folder / "storyboard.db") as connection:
        connection.execute("ALTER TABLE shot ADD COLUMN mood TEXT DEFAULT 'calm'")
        connection.execute("UPDATE alembic_version SET version_num = '0007'")
        connection.execute("PRAGMA user_version=1006")
    connection.close()
    with Project.open(folder) as project:
        scene = project.storyboard.create_scene("One").new_id("scene")
        project.storyboard.add_shot(scene, "A fox.")
        assert project.report.backup_before_upgrade is None


@pytest.mark.parametrize("damage", ["empty", "not a database", "lost table", "no file"])
def test_a_damaged_database_is_refused_and_repaired_from_its_backup(
    rendered: Scene, project: Project, damage: str
) -> None:
    file = project.path / "storyboard.db"
    for old in (project.path / "backups").iterdir():
        old.unlink()
    daily_backup(file)
    rendered.board.queue_render(rendered.shots[0])
    run_all(rendered.board)
    project.close()
    if damage == "lost table":
        with sqlite3.connect(file) as connection:
            connection.execute("DROP TABLE shot")
        connection.close()
    elif damage == "no file":
        file.unlink()
    else:
        file.write_bytes(b"" if damage == "empty" else b"garbage " * 4000)
    with pytest.raises((DamagedProject, NotAProject), match=r"[Rr]epair"):
        Project.open(project.path)
    report = repair(project.path)
    assert report.source.parent.name == "backups"
    assert len(report.adopted) == 1
    with Project.open(project.path) as opened:
        shots = opened.storyboard.shots(rendered.id)
        assert [shot.take_count for shot in shots] == [2, 1, 1, 1]
        assert opened.report.removed == () and opened.report.missing == ()
        opened.storyboard.queue_render(shots[0].id)
        run_all(opened.storyboard)
        assert opened.storyboard.takes(shots[0].id)[-1].number == 3


def test_rows_around_a_broken_page_are_saved(project: Project) -> None:
    board = project.storyboard
    scene = board.create_scene("Long").new_id("scene")
    for number in range(120):
        board.add_shot(scene, f"Shot {number} " + "x" * 400)
    project.close()
    file = project.path / "storyboard.db"
    with sqlite3.connect(file) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    data = bytearray(file.read_bytes())
    at = data.index(b"Shot 60 ") // size * size
    data[at : at + size] = b"\xff" * size
    file.write_bytes(data)
    with pytest.raises(DamagedProject):
        Project.open(project.path)
    report = repair(project.path)
    assert report.source.name == "salvaged.db"
    assert (report.set_aside / "storyboard.db").read_bytes() == bytes(data)
    with Project.open(project.path) as opened:
        assert 100 <= len(opened.storyboard.shots(scene)) < 120


def test_without_file_and_backup_repair_says_so_and_touches_nothing(tmp_path: Path) -> None:
    root = tmp_path / "Film.matchcut"
    root.mkdir()
    (root / "storyboard.db").write_bytes(b"")
    with pytest.raises(DamagedProject, match="no backup"):
        repair(root)
    assert (root / "storyboard.db").exists()


def test_missing_take_files_are_reported_and_the_offer_selects_another_take(rendered: Scene, project: Project) -> None:
    board, (first, second, *_) = rendered.board, rendered.shots
    board.queue_render(first)
    run_all(board)
    shown = rendered.view(1).selected
    only = rendered.view(2).selected
    assert shown is not None and only is not None
    shutil.move(shown.folder, project.path.parent / "away")
    shutil.rmtree(only.folder)
    project.close()
    with Project.open(project.path) as opened:
        assert set(opened.report.missing) == {shown.id, only.id}
        board = opened.storyboard
        board.repair_missing_takes()
        kept = board.shot(first).selected
        assert kept is not None and kept.number == 1
        assert board.shot(second).selected is None
        shutil.move(project.path.parent / "away", shown.folder)
        board.restore_take(shown.id)
        board.select_take(shown.id)
        assert board.missing_takes() == []


def test_a_start_sweeps_leftovers_adopts_whole_takes_and_leaves_strangers_alone(scene: Scene, project: Project) -> None:
    board = scene.board
    job = board.queue_render(scene.shots[0], takes=3).new_id("job")
    begun = start_next(board)
    assert begun is not None and begun.request is not None
    (task,) = begun.request.shots
    whole, torn, changed = task.takes
    make_take(begun.request, task, whole)
    make_take(begun.request, task, changed)
    takes = project.path / "takes"
    (takes / f"{torn.take_id}.tmp-99").mkdir()
    (takes / f"{torn.take_id}.preview.jpg").write_bytes(b"jpg")
    (takes / changed.take_id / "video.mp4").write_bytes(b"cut off")
    (takes / "my notes.txt").write_text("keep me")
    project.close()
    with Project.open(project.path) as opened:
        report, board = opened.report, opened.storyboard
        assert report.adopted == (whole.take_id,)
        assert set(report.removed) == {f"{torn.take_id}.tmp-99", f"{torn.take_id}.preview.jpg", changed.take_id}
        assert report.unknown == ("my notes.txt",)
        assert report.interrupted == (job,)
        assert {path.name for path in takes.iterdir()} == {whole.take_id, "my notes.txt"}
        (take,) = board.takes(scene.shots[0])
        assert (take.id, take.selected, take.prompt) == (whole.take_id, True, "The fox does 1.")
        board.resume_interrupted()
        assert run_all(board) == 1
        assert board.shot(scene.shots[0]).take_count == 3


def test_an_interrupted_job_whose_takes_are_all_there_is_done(scene: Scene, project: Project) -> None:
    scene.board.queue_render(scene.shots[0])
    begun = start_next(scene.board)
    assert begun is not None and begun.request is not None
    (task,) = begun.request.shots
    make_take(begun.request, task, task.takes[0])
    project.close()
    with Project.open(project.path) as opened:
        assert opened.report.interrupted == ()
        assert [job.state for job in opened.storyboard.jobs()] == ["done"]
