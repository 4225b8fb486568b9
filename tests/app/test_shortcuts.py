"""Whatever names a key names the one that holds now."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.board.card_state import card_state
from app.board.empty import EmptyBoard
from app.inspector.section import empty_page
from app.settings import SettingsStore
from app.shell.action_table import all_specs
from app.shell.actions import Actions
from app.shell.notices import Notices
from app.shell.welcome import Welcome
from app.shortcuts import all_keys, first_key, said, set_tip
from tests.app.inspector.fixtures import film_folder, rendered_film, stage
from tests.app.inspector.stage import Stage
from tests.app.inspector.test_typing import inspector_of

__all__ = ["film_folder", "rendered_film", "stage"]


@pytest.fixture
def actions(qtbot: QtBot, tmp_path: Path) -> Actions:
    return Actions(SettingsStore(tmp_path / "config"))


def test_an_empty_board_asks_for_the_key_that_writes_a_shot(actions: Actions, qtbot: QtBot) -> None:
    board = EmptyBoard()
    qtbot.addWidget(board)
    texts = lambda: [label.text() for label in board.findChildren(QLabel)]  # noqa: E731
    assert "Press N to write the first shot" in texts() and board.new.toolTip() == "Write the first shot (N)"
    actions.remap("shot.new", ["Ctrl+T"])
    assert "Press Ctrl+T to write the first shot" in texts() and board.new.toolTip() == "Write the first shot (Ctrl+T)"
    actions.remap("shot.new", [])
    assert "Press “New shot” to write the first shot" in texts() and board.new.toolTip() == "Write the first shot"
    actions.reset()
    assert "Press N to write the first shot" in texts()


def test_the_inspectors_tooltips_follow(actions: Actions, stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 2)
    assert inspector.generate.toolTip() == "Queue one more take (R)" and "(L)" in inspector.shot_form.lock.toolTip()
    actions.remap("shot.regenerate", ["G"])
    actions.remap("shot.continue", ["Ctrl+;"])
    assert inspector.generate.toolTip() == "Queue one more take (G)"
    assert inspector.shot_form.start.button("cut").toolTip() == "Begins after a cut (Ctrl+;)"


def test_a_page_a_card_and_a_notice_follow(actions: Actions, stage: Stage, qtbot: QtBot) -> None:
    page = empty_page("Nothing is queued", "{shot.generate} generates the chosen shots.")
    qtbot.addWidget(page)
    notices = Notices()
    qtbot.addWidget(notices)
    notice = notices.tell("welcome", "press {shot.regenerate}, or open {odd.name} and 100% {}")
    actions.remap("shot.generate", ["F5"])
    actions.remap("shot.regenerate", ["G"])
    assert page.findChildren(QLabel)[1].text() == "F5 generates the chosen shots."
    assert any(label.text() == "press G, or open {odd.name} and 100% {}" for label in notice.findChildren(QLabel))
    stage.board.add_shot(stage.document.scene_id, "New.")
    stage.document.refresh()
    assert card_state(stage.shot(5), None, None).why == "Press F5 to generate it."


def test_keys_without_an_action_leave_no_empty_bracket(actions: Actions, qtbot: QtBot) -> None:
    button = QPushButton()
    qtbot.addWidget(button)
    set_tip(button, "The scene that is shown ({scene.previous}, {scene.next})")
    assert button.toolTip() == "The scene that is shown (Ctrl+PgUp, Ctrl+PgDown)"
    actions.remap("scene.previous", [])
    assert button.toolTip() == "The scene that is shown (Ctrl+PgDown)"
    actions.remap("scene.next", [])
    assert button.toolTip() == "The scene that is shown"


def test_the_first_of_several_keys_is_named_in_a_sentence(actions: Actions, qtbot: QtBot) -> None:
    welcome = Welcome()
    qtbot.addWidget(welcome)
    assert welcome.new.toolTip() == "New project (Ctrl+N)"
    actions.remap("file.new", ["Ctrl+,", "Ctrl+T"])
    assert first_key("file.new") == "Ctrl+," and all_keys("file.new") == "Ctrl+,, Ctrl+T"
    assert welcome.new.toolTip() == "New project (Ctrl+,)"


def test_every_action_can_be_named(qtbot: QtBot) -> None:
    for spec in all_specs():
        assert "{" not in said(f"Press {{{spec.id}}}.")
