"""The window when something is the matter: it says so without getting in the way, and loses nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.elements.element_card import ElementCard
from app.settings import SettingsStore
from app.shell.notices import Notice
from app.shell.window import MainWindow
from app.shell.workspace import Workspace
from storyboards.paths import DATABASE
from storyboards.project import Project
from storyboards.requests import start_next
from tests.app.conftest import FAKE_ENGINE

from .fixtures import SOON, offer

HANGS = (*FAKE_ENGINE, "--steps", "6", "--step-s", "0.05", "--hang-at-step", "3")


def test_the_same_project_in_a_second_process_is_told_and_can_be_looked_at(
    window: MainWindow, path: Path, qtbot: QtBot
) -> None:
    code = f"""
from storyboards.project import Project
import sys
with Project.open({str(path)!r}):
    print("open", flush=True)
    sys.stdin.read()
"""
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        with qtbot.waitSignal(window.opener.refused, timeout=SOON):
            window.open_project(path)
        (told,) = window.notices.texts
        assert f"is open in process {other.pid}" in told
        with qtbot.waitSignal(window.project_shown, timeout=SOON):
            offer(window, "Open read-only").click()
        assert window.windowTitle() == "Film — read-only"
        assert window.workspace is not None and window.workspace.document.read_only
        assert not window.actions_["shot.new"].isEnabled() and window.actions_["file.export"].isEnabled()
    finally:
        other.communicate("")


def test_a_damaged_project_is_offered_repair_and_then_opens(window: MainWindow, path: Path, qtbot: QtBot) -> None:
    with (path / DATABASE).open("r+b") as file:
        file.seek(4096)
        file.write(b"\0" * 4096)
    with qtbot.waitSignal(window.opener.refused, timeout=SOON):
        window.open_project(path)
    with qtbot.waitSignal(window.project_shown, timeout=SOON):
        offer(window, "Repair").click()
    assert window.workspace is not None and window.workspace.shots.rowCount() == 4


def test_a_project_of_a_newer_matchcut_is_refused_in_clear_words(
    window: MainWindow, path: Path, qtbot: QtBot
) -> None:
    connection = sqlite3.connect(path / DATABASE)
    connection.execute("PRAGMA user_version=99000")
    connection.close()
    with qtbot.waitSignal(window.opener.refused, timeout=SOON):
        window.open_project(path)
    assert "newer Matchcut" in window.notices.texts[0] and "Update Matchcut" in window.notices.texts[0]
    assert window.centre.currentWidget() is window.welcome


def test_a_folder_that_is_no_project_is_forgotten(
    window: MainWindow, tmp_path: Path, store: SettingsStore, qtbot: QtBot
) -> None:
    gone = tmp_path / "gone.matchcut"
    store.remember_project(gone)
    with qtbot.waitSignal(window.opener.refused, timeout=SOON):
        window.open_project(gone)
    assert store.now.recent == () and "no project" in window.notices.texts[0]


def test_interrupted_work_is_offered_again(window: MainWindow, path: Path, qtbot: QtBot) -> None:
    with Project.open(path) as project:
        shot = project.storyboard.shots(project.storyboard.scenes()[0].id)[0]
        project.storyboard.queue_render(shot.id)
        start_next(project.storyboard)
    with qtbot.waitSignal(window.project_shown, timeout=SOON):
        window.open_project(path)
    assert any("1 job was interrupted" in text for text in window.notices.texts)
    here = window.workspace
    assert here is not None
    offer(window, "Resume").click()
    qtbot.waitUntil(lambda: any(job.state in ("queued", "running", "done") for job in here.document.jobs), timeout=SOON)

def test_a_project_that_was_still_opening_when_the_window_closed_is_let_go(window: MainWindow, path: Path) -> None:
    window.open_project(path)
    window.close()
    assert window.workspace is None
    with Project.open(path) as project:
        assert project.report.crashed_pid is None


def test_a_description_that_is_being_typed_is_kept_when_the_window_closes(
    window: MainWindow, opened: Callable[..., Workspace], path: Path, qtbot: QtBot
) -> None:
    here = opened()
    here.elements.add("character")
    qtbot.waitUntil(lambda: bool(here.elements.findChildren(ElementCard)), timeout=SOON)
    qtbot.keyClicks(here.elements.findChildren(ElementCard)[0].description, "A fox in a red coat")
    window.close()
    with Project.open(path) as project:
        board = project.storyboard
        (element,) = board.elements(board.scenes()[0].id)
        assert element.description == "A fox in a red coat"


def test_an_engine_that_makes_no_progress_is_told_of_once_and_can_be_restarted(
    window: MainWindow, opened: Callable[..., Workspace], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.shell.workspace.WORKER", HANGS)
    monkeypatch.setattr("app.engine_client.pace.TELL_STILL_S", 0.5)
    here = opened()
    here.choose(here.shots.shots()[0].id)
    here.verbs.regenerate()
    qtbot.waitUntil(lambda: any("no progress" in text for text in window.notices.texts), timeout=SOON)
    assert window.notices.texts[0].startswith("Shot 1: no progress for")
    (notice,) = window.notices.findChildren(Notice)
    assert [button.text() for button in notice.buttons] == ["Cancel", "Restart engine"]
    with qtbot.waitSignal(here.runner.stalled, timeout=SOON):
        pass  # it goes on saying so, and the notice stays as it is
    assert window.notices.findChildren(Notice) == [notice]
    with qtbot.waitSignal(here.runner.job_interrupted, timeout=SOON):
        offer(window, "Restart engine").click()
    assert not any("no progress" in text for text in window.notices.texts)


def test_settings_of_memory_and_speed_reach_the_engine(
    window: MainWindow, opened: Callable[..., Workspace], qtbot: QtBot
) -> None:
    """The scripted engine names its precision as its device."""
    opened()
    qtbot.waitUntil(lambda: window.engine_facts.get("device") == "paper", timeout=SOON)
    window.store.change(precision="int8", offload="blocks", context_pack="fp8", attention="sage", compile=True)
    qtbot.waitUntil(lambda: window.engine_facts.get("device") == "int8", timeout=SOON)
