"""The dialogs: they refuse in their own words, and hand over what was chosen."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from app.settings import SettingsStore
from app.shell.about import About
from app.shell.actions import Actions
from app.shell.crash import CrashDialog, CrashNet
from app.shell.example_chooser import ExampleChooser
from app.shell.model_chooser import ModelChooser
from app.shell.new_project import NewProjectDialog
from app.shell.preferences import Preferences
from app.shell.shortcut_editor import ShortcutEditor


def test_a_new_project_needs_a_name_that_is_free(qtbot: QtBot, store: SettingsStore, tmp_path: Path) -> None:
    dialog = NewProjectDialog(store)
    qtbot.addWidget(dialog)
    (tmp_path / "taken.matchcut").mkdir()
    dialog.folder.show_path(tmp_path)
    for name, said in (("", "needs a name"), ("a/b", "cannot"), ("taken", "exists already")):
        dialog.name.setText(name)
        assert said in dialog.problem.text() and not dialog.create_button.isEnabled()
    dialog.name.setText("Fox")
    assert dialog.create_button.isEnabled() and str(tmp_path / "Fox.matchcut") in dialog.where.text()
    with qtbot.waitSignal(dialog.accepted_project) as told:
        dialog.create_button.click()
    assert told.args == [tmp_path / "Fox.matchcut", "Fox", "paper-theatre", None, ""]


def test_another_size_and_a_story_can_be_chosen(qtbot: QtBot, store: SettingsStore, tmp_path: Path) -> None:
    dialog = NewProjectDialog(store)
    qtbot.addWidget(dialog)
    dialog.folder.show_path(tmp_path)
    dialog.picture_size.setCurrentIndex(1)
    dialog.width_px.setValue(160)
    dialog.height_px.setValue(96)
    dialog.story.setCurrentIndex(1)
    with qtbot.waitSignal(dialog.accepted_project) as told:
        dialog.create_button.click()
    assert told.args[3:] == [(160, 96), "fox-at-sunset"]


def test_preferences_count_at_once(qtbot: QtBot, store: SettingsStore) -> None:
    dialog = Preferences(store)
    qtbot.addWidget(dialog)
    dialog.theme.setCurrentIndex(2)
    dialog.preview.setValue(5)
    dialog.autoplay.setChecked(True)
    assert (store.now.theme, store.now.preview_every, store.now.autoplay) == ("light", 5, True)
    assert json.loads(store.path.read_text())["theme"] == "light"


def test_the_shortcut_editor_remaps_and_says_who_loses_the_keys(qtbot: QtBot, store: SettingsStore) -> None:
    actions = Actions(store)
    dialog = ShortcutEditor(actions)
    qtbot.addWidget(dialog)
    dialog.choose("shot.new")
    dialog.keys.setKeySequence(QKeySequence("R"))
    assert "Regenerate" in dialog.problem.text()
    dialog.set.click()
    assert actions.keys("shot.new") == ["R"] and actions.keys("shot.regenerate") == []
    assert dialog.action_id == "shot.new" and dialog.tree.currentItem().text(1) == "R"
    dialog.reset.click()
    assert actions.keys("shot.new") == ["N"]
    dialog.none.click()
    assert actions.keys("shot.new") == []
    dialog.search.setText("generate scene")
    shown = [
        item.text(0)
        for group in (dialog.tree.topLevelItem(row) for row in range(dialog.tree.topLevelItemCount()))
        for item in (group.child(row) for row in range(group.childCount()))
        if not item.isHidden()
    ]
    assert shown == ["Generate scene"]


def test_an_example_is_chosen_by_enter(qtbot: QtBot) -> None:
    dialog = ExampleChooser()
    qtbot.addWidget(dialog)
    assert dialog.list.count() >= 6 and "shots" in dialog.list.item(0).text()
    dialog.show()
    with qtbot.waitSignal(dialog.chosen) as told:
        qtbot.keyClick(dialog.list, Qt.Key.Key_Return)
    assert told.args == ["fox-at-sunset"]


def test_about_says_the_versions_without_loading_torch(qtbot: QtBot) -> None:
    dialog = About({"device": "cpu"})
    qtbot.addWidget(dialog)
    next(each for each in dialog.findChildren(QAbstractButton) if each.text() == "Copy").click()
    copied = QGuiApplication.clipboard().text()
    assert "Matchcut: " in copied and "torch: " in copied and "Device: cpu" in copied and "Log: " in copied


def test_an_unexpected_error_is_logged_and_told_once(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    net = CrashNet(tmp_path)
    net.spread()
    told: list[str] = []
    net.crashed.connect(told.append)
    try:
        error = ZeroDivisionError("by nought")
        for _ in range(2):
            sys.excepthook(ZeroDivisionError, error, None)
        thread = threading.Thread(target=lambda: [][1])
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: len(told) == 2)
    finally:
        net.fold()
    assert "by nought" in told[0] and "IndexError" in told[1]
    assert "by nought" in net.log_file.read_text()
    assert not (tmp_path / "crashes.log").exists(), "an orderly end leaves no crash file"


def test_what_killed_the_last_run_is_known_at_the_next_start(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    (tmp_path / "crashes.log").write_text("Fatal Python error: Segmentation fault")
    net = CrashNet(tmp_path)
    net.spread()
    net.fold()
    assert "Segmentation fault" in net.before
    dialog = CrashDialog(net.before, net.log_file, last_time=True)
    qtbot.addWidget(dialog)
    assert "Segmentation" in dialog.report.toPlainText() and "unexpectedly" in dialog.windowTitle()


def test_every_field_of_every_dialog_has_a_name(qtbot: QtBot, store: SettingsStore) -> None:
    for dialog in (NewProjectDialog(store), Preferences(store), ShortcutEditor(Actions(store)),
                   ModelChooser(store, ""), ExampleChooser()):  # fmt: skip
        qtbot.addWidget(dialog)
        for field in dialog.findChildren(QWidget):
            reached = bool(field.focusPolicy() & Qt.FocusPolicy.TabFocus) and field.isVisibleTo(dialog)
            inner = field.objectName().startswith("qt_") or field.focusProxy() is not None
            if reached and not inner:
                assert field.accessibleName(), (type(dialog).__name__, type(field).__name__)
