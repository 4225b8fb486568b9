"""The palette finds what was meant from a few letters."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.settings import SettingsStore
from app.shell.actions import Actions
from app.shell.fuzzy import match
from app.shell.palette import Entry, Palette, entries_of, find


def entries(*titles: str) -> list[Entry]:
    return [Entry(title, "", lambda: None) for title in titles]


@pytest.mark.parametrize(
    ("query", "first"),
    [("regen", "Regenerate"), ("dup", "Duplicate"), ("gs", "Generate scene"), ("shot new", "New shot"),
     ("3 fox", "Shot 3: the fox waves"), ("REFRESH", "Refresh stale shots")],
)  # fmt: skip
def test_a_few_letters_find_what_was_meant(query: str, first: str) -> None:
    titles = ("Regenerate", "Generate scene", "Duplicate", "New shot", "Shot 13: a frog", "Shot 3: the fox waves",
              "Refresh stale shots", "Regenerate with a new seed")  # fmt: skip
    assert find(query, entries(*titles))[0].title == first


def test_letters_that_are_not_all_there_find_nothing() -> None:
    assert match("xyz", "Regenerate") is None
    assert find("qqq", entries("Regenerate", "Extend")) == []
    assert match("", "anything") is not None


def test_what_only_a_description_says_comes_last() -> None:
    told = [Entry("Extend", "", lambda: None, also="make the take longer"), *entries("Longer title")]
    assert [entry.title for entry in find("longer", told)] == ["Longer title", "Extend"]


def test_enter_does_the_entry_that_is_marked_and_arrows_move_the_mark(qtbot: QtBot) -> None:
    window = QWidget()
    window.resize(900, 700)
    qtbot.addWidget(window)
    window.show()
    done: list[str] = []
    palette = Palette(window)
    palette.ask([Entry(name, "", lambda name=name: done.append(name)) for name in ("one", "two", "three")])
    qtbot.keyClick(palette.line, Qt.Key.Key_Down)
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert done == ["two"] and not palette.isVisible()
    palette.ask(entries("one"))
    palette.add(entries("take 1 of shot 2"))
    qtbot.keyClicks(palette.line, "take")
    assert palette.found == ["take 1 of shot 2"]
    qtbot.keyClick(palette.line, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_only_what_can_be_done_now_is_offered(qtbot: QtBot, store: SettingsStore) -> None:
    actions = Actions(store)
    actions.bind({"file.new": lambda: None, "shot.new": lambda: None})
    assert [entry.title for entry in entries_of(actions)] == ["New project"]
