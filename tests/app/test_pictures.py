"""Pictures are read beside the GUI thread, once, within a budget; the newest wish comes first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.pictures import MOST_WAITING, Pictures


@pytest.fixture
def pictures(qtbot: QtBot) -> Iterator[Pictures]:
    loader = Pictures()
    yield loader
    loader.close()


def poster(path: Path, colour: str = "#ff0000", size: tuple[int, int] = (112, 64)) -> Path:
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    assert image.save(str(path))
    return path


def test_a_picture_is_not_there_at_once_but_soon(pictures: Pictures, qtbot: QtBot, tmp_path: Path) -> None:
    path = poster(tmp_path / "poster.png")
    with qtbot.waitSignal(pictures.ready) as arrived:
        assert pictures.pixmap(path) is None
    assert arrived.args == [str(path)]
    found = pictures.pixmap(path)
    assert found is not None and found.size() == QSize(112, 64)


def test_a_picture_fits_into_its_place_and_is_fine_enough_for_the_screen(
    pictures: Pictures, qtbot: QtBot, tmp_path: Path
) -> None:
    path = poster(tmp_path / "poster.png")
    with qtbot.waitSignal(pictures.ready):
        pictures.pixmap(path, QSize(224, 200), ratio=2.0)
    found = pictures.pixmap(path, QSize(224, 200), ratio=2.0)
    assert found is not None and found.size() == QSize(448, 256)
    assert found.deviceIndependentSize().toSize() == QSize(224, 128)


def test_what_is_gone_for_good_is_held_no_longer_even_if_it_was_just_being_read(
    pictures: Pictures, qtbot: QtBot, tmp_path: Path
) -> None:
    kept, preview = poster(tmp_path / "poster.png"), poster(tmp_path / "t1.preview.png", "#00ff00")
    for path in (kept, preview):
        with qtbot.waitSignal(pictures.ready):
            pictures.pixmap(path)
    held = pictures.held
    pictures.forget(preview)
    assert pictures.held == held - 112 * 64 * 4 and pictures.pixmap(kept) is not None
    pictures.pixmap(preview, QSize(56, 32))
    qtbot.waitUntil(lambda: bool(pictures._reading) or pictures.held > held - 112 * 64 * 4, timeout=5000)
    pictures.forget(preview)
    with qtbot.waitSignal(pictures.ready, timeout=5000):
        pictures.pixmap(kept, QSize(28, 16))  # what is read later comes later
    assert {key[0] for key in pictures._cache} == {str(kept)}


def test_another_size_stands_in_while_the_wanted_one_is_read(pictures: Pictures, qtbot: QtBot, tmp_path: Path) -> None:
    path = poster(tmp_path / "poster.png")
    with qtbot.waitSignal(pictures.ready):
        pictures.pixmap(path, QSize(112, 64))
    with qtbot.waitSignal(pictures.ready):
        stand_in = pictures.pixmap(path, QSize(56, 32))
        assert stand_in is not None and stand_in.width() == 112
    found = pictures.pixmap(path, QSize(56, 32))
    assert found is not None and found.width() == 56


def test_a_preview_that_is_written_again_is_read_again_and_never_blank(
    pictures: Pictures, qtbot: QtBot, tmp_path: Path
) -> None:
    path = poster(tmp_path / "preview.png", "#ff0000")
    with qtbot.waitSignal(pictures.ready):
        pictures.pixmap(path)
    poster(path, "#00ff00")
    pictures.renew(path)
    with qtbot.waitSignal(pictures.ready):
        still = pictures.pixmap(path)
    assert still is not None and still.toImage().pixelColor(1, 1) == QColor("#ff0000")
    fresh = pictures.pixmap(path)
    assert fresh is not None and fresh.toImage().pixelColor(1, 1) == QColor("#00ff00")


def test_a_missing_file_is_asked_for_once_only_until_it_is_renewed(
    pictures: Pictures, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "later.png"
    with qtbot.waitSignal(pictures.ready):
        pictures.pixmap(path)
    with qtbot.assertNotEmitted(pictures.ready, wait=50):
        assert pictures.pixmap(path) is None
    poster(path)
    pictures.renew(path)
    with qtbot.waitSignal(pictures.ready):
        pictures.pixmap(path)
    assert pictures.pixmap(path) is not None


def test_the_cache_stays_within_its_budget(qtbot: QtBot, tmp_path: Path) -> None:
    pictures = Pictures(budget=5 * 112 * 64 * 4)
    paths = [poster(tmp_path / f"{number}.png") for number in range(12)]
    for path in paths:
        with qtbot.waitSignal(pictures.ready):
            pictures.pixmap(path)
        assert pictures.held <= pictures.budget
    assert pictures.pixmap(paths[-1]) is not None
    assert pictures.pixmap(paths[0]) is None
    pictures.close()


def test_what_scrolled_away_long_ago_is_not_read_any_more(pictures: Pictures, qtbot: QtBot, tmp_path: Path) -> None:
    arrived: list[str] = []
    pictures.ready.connect(arrived.append)
    for number in range(1000):
        pictures.pixmap(tmp_path / f"{number}.png")
    qtbot.waitUntil(lambda: len(arrived) == MOST_WAITING, timeout=20_000)
    qtbot.wait(50)
    assert len(arrived) == MOST_WAITING
    assert arrived[0].endswith(("999.png", "998.png"))  # what came into sight last comes first
