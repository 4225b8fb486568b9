"""The window: projects come and go in it, and it says what is the matter without getting in the way."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.elements.element_card import ElementCard
from app.settings import SettingsStore
from app.shell.notices import Notice
from app.shell.opening import example_folder
from app.shell.window import MainWindow
from app.shell.workspace import Workspace
from app.start import first_project
from storyboards.paths import DATABASE
from storyboards.project import Project
from storyboards.story_text import read_story
from tests.app.conftest import FAKE_ENGINE
from tests.storyboards.studio import run_all

SOON = 30_000  # milliseconds: far more than is needed, for a machine that is busy


HANGS = (*FAKE_ENGINE, "--steps", "6", "--step-s", "0.05", "--hang-at-step", "3")


@pytest.fixture(autouse=True)
def scripted_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is a script in a process of its own: it answers at once and makes takes without pixels."""
    monkeypatch.setattr("app.shell.workspace.WORKER", FAKE_ENGINE)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with four shots, of which each shows a take."""
    with Project.create(tmp_path_factory.mktemp("films") / "Film") as project:
        board = project.storyboard
        scene_id = board.create_scene("Fox", seed=7).new_id("scene")
        for number in range(1, 5):
            board.add_shot(scene_id, f"The fox does {number}.")
        board.queue_scene(scene_id)
        run_all(board)
        return project.path


@pytest.fixture
def path(film: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(film, tmp_path / "Film.matchcut"))


@pytest.fixture
def window(qtbot: QtBot, store: SettingsStore) -> Iterator[MainWindow]:
    shown = MainWindow(store)
    qtbot.addWidget(shown)
    shown.show()
    yield shown
    shown.close()


@pytest.fixture
def opened(window: MainWindow, path: Path, qtbot: QtBot) -> Callable[..., Workspace]:
    """Opens the film in the window and returns its workspace."""

    def open_it(*, read_only: bool = False) -> Workspace:
        with qtbot.waitSignal(window.project_shown, timeout=SOON):
            window.open_project(path, read_only=read_only)
        assert window.workspace is not None
        return window.workspace

    return open_it


def offer(window: MainWindow, name: str) -> QPushButton:
    """The button of this name in the notices."""
    return next(button for button in window.notices.findChildren(QPushButton) if button.text() == name)


def test_the_window_is_there_before_any_project_and_offers_ways_in(window: MainWindow) -> None:
    assert window.windowTitle() == "Matchcut"
    assert window.centre.currentWidget() is window.welcome
    enabled = {action_id for action_id in window.actions_.specs if window.actions_[action_id].isEnabled()}
    assert {"file.new", "file.open", "file.example", "edit.palette", "help.about"} <= enabled
    assert "shot.new" not in enabled and "file.export" not in enabled


def test_a_project_is_shown_whole_and_the_title_says_that_nothing_needs_saving(
    window: MainWindow, opened: Callable[..., Workspace], store: SettingsStore, path: Path, qtbot: QtBot
) -> None:
    here = opened()
    assert window.windowTitle() == "Film — all changes saved"
    assert window.centre.currentWidget() is here.board and here.shots.rowCount() == 4
    assert store.now.recent == (str(path.resolve()),)
    qtbot.waitUntil(lambda: window.tools.scenes.currentText() == "1. Fox", timeout=SOON)


def test_a_project_opens_with_its_first_shot_chosen_and_without_a_choice_the_verbs_sleep(
    window: MainWindow, opened: Callable[..., Workspace]
) -> None:
    here = opened()
    assert here.selection == [here.shots.shots()[0].id]
    assert window.actions_["shot.regenerate"].isEnabled()
    here.board.view.clearSelection()
    assert window.actions_["shot.new"].isEnabled() and not window.actions_["shot.delete"].isEnabled()


def test_every_action_does_something_once_a_project_is_open(
    window: MainWindow, opened: Callable[..., Workspace]
) -> None:
    opened()
    assert set(window.actions_.specs) == set(window.actions_._slots)


def test_choosing_a_shot_wakes_the_verbs_and_fills_the_panels(
    window: MainWindow, opened: Callable[..., Workspace], qtbot: QtBot
) -> None:
    here = opened()
    here.choose(here.shots.shots()[1].id)
    qtbot.waitUntil(lambda: window.actions_["take.compare"].isEnabled(), timeout=SOON)
    assert here.selection == [here.shots.shots()[1].id]
    assert window.actions_["shot.regenerate"].isEnabled()
    assert here.takes.current_take is not None


def test_keys_on_the_board_write_the_story_and_undo_takes_it_back(
    window: MainWindow, opened: Callable[..., Workspace], qtbot: QtBot
) -> None:
    here = opened()
    here.choose(here.shots.shots()[0].id)
    here.board.setFocus()
    qtbot.keyClick(window.focusWidget() or here.board, Qt.Key.Key_N)
    qtbot.waitUntil(lambda: here.shots.rowCount() == 5, timeout=SOON)
    qtbot.waitUntil(lambda: window.actions_["edit.undo"].isEnabled(), timeout=SOON)
    assert "New shot" in window.actions_["edit.undo"].text()
    qtbot.waitUntil(lambda: here.selection == [here.shots.shots()[1].id], timeout=SOON)
    window.actions_.run("edit.undo")
    qtbot.waitUntil(lambda: here.shots.rowCount() == 4, timeout=SOON)
    window.actions_.run("edit.redo")
    qtbot.waitUntil(lambda: here.shots.rowCount() == 5, timeout=SOON)


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
    import sqlite3

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
    from storyboards.requests import start_next

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


def test_a_copy_is_made_beside_the_work(
    window: MainWindow, opened: Callable[..., Workspace], tmp_path: Path, qtbot: QtBot
) -> None:
    opened()
    window.files.copy_to(tmp_path / "Other")
    qtbot.waitUntil(lambda: "The copy is" in window.status.line.whole, timeout=SOON)
    with Project.open(tmp_path / "Other") as copy:
        assert len(copy.storyboard.shots(copy.storyboard.scenes()[0].id)) == 4
    window.files.copy_to(tmp_path / "Other")
    qtbot.waitUntil(lambda: "exists already" in window.status.line.whole, timeout=SOON)


def test_a_story_goes_out_and_comes_in_as_another_scene(
    window: MainWindow, opened: Callable[..., Workspace], tmp_path: Path, qtbot: QtBot
) -> None:
    here = opened()
    file = tmp_path / "fox.story.md"
    window.files.write_story(file)
    qtbot.waitUntil(file.is_file, timeout=SOON)
    assert [shot.prompt for shot in read_story(file).shots] == [f"The fox does {number}." for number in range(1, 5)]
    window.files.import_file(file)
    qtbot.waitUntil(lambda: window.tools.scenes.count() == 2 and window.tools.scenes.currentIndex() == 1, timeout=SOON)
    assert here.document.scene_id == window.scenes[1].id
    window.actions_.run("scene.previous")
    qtbot.waitUntil(lambda: here.document.scene_id == window.scenes[0].id, timeout=SOON)
    file.write_text("no story")
    window.files.import_file(file)
    qtbot.waitUntil(lambda: "Line 1" in window.status.line.whole or "line 1" in window.status.line.whole, timeout=SOON)


def test_scenes_are_added_renamed_and_deleted(
    window: MainWindow, opened: Callable[..., Workspace], qtbot: QtBot
) -> None:
    here = opened()
    window.actions_.run("scene.delete")
    qtbot.waitUntil(lambda: "last scene" in window.status.line.whole, timeout=SOON)
    window.actions_.run("scene.new")
    qtbot.waitUntil(lambda: window.tools.scenes.currentText() == "2. Scene 2", timeout=SOON)
    qtbot.waitUntil(lambda: here.snapshot is not None and here.snapshot.scene.number == 2, timeout=SOON)
    window.actions_.run("scene.rename")
    dialog = window.files.dialogs["rename"]
    dialog.line.setText("The forest")  # type: ignore[attr-defined]
    qtbot.keyClick(dialog.line, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: window.tools.scenes.currentText() == "2. The forest", timeout=SOON)
    window.actions_.run("scene.delete")
    qtbot.waitUntil(lambda: window.tools.scenes.count() == 1, timeout=SOON)
    window.actions_.run("edit.undo")
    qtbot.waitUntil(lambda: window.tools.scenes.count() == 2, timeout=SOON)


def test_the_palette_finds_commands_shots_and_takes(
    window: MainWindow, opened: Callable[..., Workspace], qtbot: QtBot
) -> None:
    here = opened()
    window.actions_.run("edit.palette")
    palette = window.palette_
    qtbot.keyClicks(palette.line, "does 3")
    qtbot.waitUntil(lambda: any("take 1" in title for title in palette.found), timeout=SOON)
    assert palette.found[0] == "Shot 3: The fox does 3."
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert here.selection == [here.shots.shots()[2].id]


def test_comparing_takes_the_middle_and_gives_it_back(
    window: MainWindow, opened: Callable[..., Workspace], qtbot: QtBot
) -> None:
    here = opened()
    here.choose(here.shots.shots()[0].id)
    qtbot.waitUntil(lambda: here.takes.current_take is not None, timeout=SOON)
    here.takes.compare_wanted.emit([here.takes.current_take.id, here.takes.current_take.id])
    assert window.centre.currentWidget() is here.compare_view
    here.compare_view.closed.emit()
    assert window.centre.currentWidget() is here.board


def test_panels_are_hidden_shown_and_remembered(
    window: MainWindow, opened: Callable[..., Workspace], qtbot: QtBot, store: SettingsStore, path: Path
) -> None:
    here = opened()
    here.docks["elements"].hide()
    assert not window.actions_["view.elements"].isChecked()
    window.close()
    again = MainWindow(store)
    qtbot.addWidget(again)
    again.show()
    with qtbot.waitSignal(again.project_shown, timeout=SOON):
        again.open_project(path)
    assert again.workspace is not None
    assert again.workspace.docks["elements"].isHidden() and not again.workspace.docks["inspector"].isHidden()
    again.actions_.run("view.reset")
    assert not again.workspace.docks["elements"].isHidden()
    again.close()


def test_closing_a_project_leads_back_to_the_welcome_page_and_frees_it(
    window: MainWindow, opened: Callable[..., Workspace], path: Path
) -> None:
    opened()
    window.actions_.run("file.close")
    assert window.workspace is None and window.centre.currentWidget() is window.welcome
    assert not window.actions_["shot.new"].isEnabled() and window.windowTitle() == "Matchcut"
    with Project.open(path) as project:
        assert project.report.crashed_pid is None


def test_without_a_project_the_example_opens_and_greets_once(
    window: MainWindow, qtbot: QtBot, store: SettingsStore
) -> None:
    with qtbot.waitSignal(window.project_shown, timeout=SOON):
        first_project(window, None, False)
    assert window.workspace is not None and window.workspace.document.project.path == example_folder()
    assert window.workspace.shots.rowCount() == 6
    assert any("Welcome" in text for text in window.notices.texts)
    assert store.now.welcomed


def test_a_problem_is_one_line_that_can_be_copied_and_dismissed(window: MainWindow) -> None:
    window.status.tell_problem("There is no model.", "Choose another.")
    assert window.status.line.whole == "There is no model. Choose another."
    window.status.say("something else")
    assert window.status.line.whole.startswith("There is no model"), "a problem stays until it is dismissed"
    window.status.clear_problem()
    assert window.status.line.whole == ""


def test_a_notice_with_the_same_key_replaces_the_old_one(window: MainWindow) -> None:
    window.notices.tell("a", "one")
    window.notices.tell("a", "two")
    assert window.notices.texts == ["two"]
    assert all(isinstance(child, Notice) for child in window.notices.findChildren(Notice))
    window.notices.clear()
    assert not window.notices.isVisible()


def test_everything_that_takes_the_keyboard_has_a_name(
    window: MainWindow, opened: Callable[..., Workspace], qtbot: QtBot
) -> None:
    here = opened()
    here.choose(here.shots.shots()[0].id)
    qtbot.waitUntil(lambda: here.takes.current_take is not None, timeout=SOON)
    nameless = [
        f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}"
        for widget in window.findChildren(QWidget)
        if bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        and widget.isVisibleTo(window)
        and widget.focusProxy() is None
        and not widget.accessibleName()
        and not widget.objectName().startswith("qt_")
        and widget.metaObject().className() not in ("QScrollArea", "QAbstractScrollArea")
    ]
    assert nameless == []


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
