"""Settings survive a restart, a broken file and a hand that edited it."""

from __future__ import annotations

import json
from pathlib import Path

from pytestqt.qtbot import QtBot

from app.settings import RECENT, Settings, SettingsStore


def test_what_was_set_is_there_after_a_restart(tmp_path: Path) -> None:
    SettingsStore(tmp_path).change(theme="light", shortcuts={"shot.new": ["Ctrl+T"]}, recent=("/a", "/b"))
    again = SettingsStore(tmp_path)
    assert again.now.theme == "light" and again.now.shortcuts == {"shot.new": ["Ctrl+T"]}
    assert again.now.recent == ("/a", "/b") and again.notice == ""


def test_a_broken_file_is_set_aside_with_a_notice_and_the_defaults_hold(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{ not json")
    store = SettingsStore(tmp_path)
    assert store.now == Settings()
    assert "could not be read" in store.notice
    aside = list(tmp_path.glob("settings-broken-*.json"))
    assert len(aside) == 1 and aside[0].read_text() == "{ not json" and str(aside[0]) in store.notice


def test_one_senseless_value_costs_only_itself(tmp_path: Path) -> None:
    values = {"theme": "pink", "preview_every": "often", "pictures_mb": 10**9, "density": "list", "of_tomorrow": 1}
    (tmp_path / "settings.json").write_text(json.dumps({"version": 7, **values, "recent": ["/a", 3]}))
    now = SettingsStore(tmp_path).now
    assert (now.theme, now.preview_every, now.density, now.recent) == ("system", 2, "list", ())
    assert now.pictures_mb == 4096


def test_listeners_hear_of_a_change_and_not_of_none(tmp_path: Path, qtbot: QtBot) -> None:
    store = SettingsStore(tmp_path)
    with qtbot.waitSignal(store.changed):
        store.change(theme="dark")
    with qtbot.assertNotEmitted(store.changed):
        store.change(theme="dark")


def test_the_latest_project_stands_first_and_the_list_stays_short(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path)
    for number in range(RECENT + 3):
        store.remember_project(tmp_path / f"{number}.matchcut")
    store.remember_project(tmp_path / "9.matchcut")
    assert store.now.recent[0] == str((tmp_path / "9.matchcut").resolve())
    assert len(store.now.recent) == len(set(store.now.recent)) == RECENT
    store.forget_project(store.now.recent[0])
    assert len(store.now.recent) == RECENT - 1


def test_a_folder_that_cannot_be_written_costs_no_more_than_the_memory_of_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = SettingsStore(tmp_path / "file" / "folder")
    store.change(theme="light")
    assert store.now.theme == "light"
