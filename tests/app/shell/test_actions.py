"""Actions: every verb has one, keys count where they should, and can be remapped without surprises."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.player.keys import DEFAULT_KEYS
from app.settings import SettingsStore
from app.shell.action_table import MENUS, PLACES, TOOLBAR, all_specs
from app.shell.actions import Actions
from app.shortcuts import all_keys


@pytest.fixture
def actions(qtbot: QtBot, store: SettingsStore) -> Actions:
    return Actions(store)


class Stage(QWidget):
    """A board with a text field in it and a player beside it, for keys to be pressed in."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.board, self.player = QWidget(self), QWidget(self)
        self.text, self.line = QPlainTextEdit(self.board), QLineEdit(self.board)
        column = QVBoxLayout(self)
        for widget in (self.board, self.player):
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            column.addWidget(widget)
        inner = QVBoxLayout(self.board)
        inner.addWidget(self.text)
        inner.addWidget(self.line)
        actions.attach("board", self.board)
        actions.attach("player", self.player)
        actions.attach(None, self)


@pytest.fixture
def stage(qtbot: QtBot, actions: Actions) -> Stage:
    shown = Stage(actions)
    qtbot.addWidget(shown)
    shown.show()
    qtbot.waitActive(shown)
    return shown


def test_ids_are_unique_and_every_action_stands_in_a_menu() -> None:
    ids = [spec.id for spec in all_specs()]
    assert len(ids) == len(set(ids))
    assert {spec.menu for spec in all_specs()} == {name for name, _ in MENUS}
    assert set(TOOLBAR) - {""} <= set(ids)


def test_no_two_default_keys_meet_in_the_same_place() -> None:
    for one, other in combinations(all_specs(), 2):
        if PLACES[one.scope] & PLACES[other.scope]:
            assert not set(one.keys) & set(other.keys), (one.id, other.id)


def test_the_verbs_of_the_board_have_the_keys_that_film_makers_know() -> None:
    keys = {spec.id: spec.keys for spec in all_specs()}
    assert keys["shot.new"] == ("N",) and keys["shot.new_before"] == ("Shift+N",)
    assert keys["shot.duplicate"] == ("D",) and keys["shot.regenerate"] == ("R",)
    assert keys["shot.extend"] == ("E",) and keys["shot.lock"] == ("L",)
    assert keys["shot.move_up"] == ("Alt+Left",) and keys["shot.move_down"] == ("Alt+Right",)
    assert keys["take.previous"] == ("[",) and keys["take.next"] == ("]",)
    assert keys["shot.generate"] == ("Ctrl+Return",) and keys["shot.continue"] == ("/",)


def test_the_players_actions_and_keys_are_those_of_the_player_itself() -> None:
    ours = {spec.id.removeprefix("play."): spec.keys[0] for spec in all_specs()
            if spec.scope == "player" or spec.id == "play.loop"}  # fmt: skip
    assert ours == dict(DEFAULT_KEYS)


def test_a_letter_does_its_verb_on_the_board_but_is_a_letter_in_a_text(
    actions: Actions, stage: Stage, qtbot: QtBot
) -> None:
    done: Counter[str] = Counter()
    for action_id in ("shot.new", "shot.continue", "shot.lock", "take.next", "shot.delete"):
        actions.bind({action_id: lambda action_id=action_id: done.update([action_id])})
    actions.allow({"writable", "writable shot"})
    for field in (stage.text, stage.line):
        field.setFocus()
        qtbot.keyClicks(field, "n/l]N")
    assert not done and stage.text.toPlainText() == stage.line.text() == "n/l]N"
    qtbot.keyClick(stage.line, Qt.Key.Key_Delete)
    assert not done
    stage.board.setFocus()
    qtbot.keyClicks(stage.board, "n/l]")
    assert done == {"shot.new": 1, "shot.continue": 1, "shot.lock": 1, "take.next": 1}


def test_letters_of_the_board_do_nothing_in_the_player(actions: Actions, stage: Stage, qtbot: QtBot) -> None:
    done: list[str] = []
    actions.bind({"shot.lock": lambda: done.append("lock"), "edit.palette": lambda: done.append("palette")})
    actions.allow({"writable shot"})
    stage.player.setFocus()
    qtbot.keyClick(stage.player, Qt.Key.Key_L)
    assert done == []
    qtbot.keyClick(stage.player, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert done == ["palette"]


def test_an_action_is_enabled_only_when_it_can_do_something(actions: Actions) -> None:
    done: list[str] = []
    actions.bind({"shot.new": lambda: done.append("new")})
    assert not actions["shot.new"].isEnabled()
    actions.run("shot.new")
    actions.allow({"writable"})
    assert actions["shot.new"].isEnabled() and not actions["shot.duplicate"].isEnabled()
    actions.run("shot.new")
    actions.unbind(["shot.new"])
    assert done == ["new"] and not actions["shot.new"].isEnabled()


def test_remapped_keys_count_at_once_are_kept_and_shown(actions: Actions, store: SettingsStore) -> None:
    actions.remap("shot.new", ["Ctrl+T"])
    assert actions["shot.new"].shortcuts() == [QKeySequence("Ctrl+T")]
    assert "Ctrl+T" in actions["shot.new"].toolTip()
    assert Actions(SettingsStore(store.path.parent)).keys("shot.new") == ["Ctrl+T"]
    actions.reset("shot.new")
    assert actions.keys("shot.new") == ["N"] and store.now.shortcuts == {}


def test_a_key_that_is_taken_is_told_and_then_changes_hands(actions: Actions, store: SettingsStore) -> None:
    assert actions.conflicts("shot.new", "R") == ["shot.regenerate"]
    assert actions.conflicts("shot.new", "J") == [], "J is the player's, and the player is elsewhere"
    actions.remap("shot.new", ["R"])
    assert actions.keys("shot.regenerate") == [] and actions.keys("shot.new") == ["R"]
    actions.reset("shot.regenerate")
    assert actions.keys("shot.regenerate") == ["R"] and actions.keys("shot.new") == []
    actions.reset()
    assert actions.keys("shot.new") == ["N"] and store.now.shortcuts == {}


def test_of_several_keys_only_the_one_that_is_taken_is_lost(actions: Actions) -> None:
    actions.remap("shot.lock", ["Ctrl+Y"])
    assert actions.keys("edit.redo") == ["Ctrl+Shift+Z"]


def test_every_action_has_a_tooltip_with_its_keys(actions: Actions) -> None:
    for spec in all_specs():
        tip = actions[spec.id].toolTip()
        assert tip and (not spec.keys or all_keys(spec.id) in tip)
