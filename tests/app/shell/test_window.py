"""The window: projects come and go in it, and every verb has its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.settings import SettingsStore
from app.shell.notices import Notice
from app.shell.opening import example_folder
from app.shell.window import MainWindow
from app.shell.workspace import Workspace
from app.start import first_project
from storyboards.project import Project
from storyboards.story_text import read_story

from .fixtures import SOON


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
