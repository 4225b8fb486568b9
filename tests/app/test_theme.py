"""The theme: readable in both coats, follows the user's choice, and its icons are sharp and take its colours."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.theme import style
from app.theme.drawings import DRAWINGS
from app.theme.icons import drawn, icon
from app.theme.tokens import DARK, LIGHT, Colours

PROMISED = """
plus play pause stop step-back step-forward loop fullscreen queue regenerate extend lock unlock star star-filled check
cross warning link cut trash duplicate search gear image person place prop up down more export refresh seed eye pin ban
"""


@pytest.fixture
def dressed(qapp: QApplication) -> Iterator[QApplication]:
    style.apply(qapp, "dark")
    yield qapp
    style.apply(qapp, "dark")


@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_every_text_colour_is_readable_on_every_ground_it_stands_on(colours: Colours) -> None:
    for text in ("text", "muted", "good", "attention", "bad", "accent"):
        for ground in ("window", "surface", "field"):
            assert contrast(getattr(colours, text), getattr(colours, ground)) >= 4.5, (text, ground)
    assert contrast(colours.on_accent, colours.accent) >= 4.5
    assert contrast(colours.text, colours.selected) >= 4.5
    assert contrast(colours.muted, colours.selected) >= 4.5


def test_switching_the_theme_recolours_what_is_already_shown(dressed: QApplication, qtbot: QtBot) -> None:
    panel = QWidget()
    qtbot.addWidget(panel)
    QVBoxLayout(panel).addWidget(QLabel("Board"))
    panel.resize(80, 40)
    panel.show()
    dark = panel.grab().toImage().pixelColor(1, 1)
    style.apply(dressed, "light")
    light = panel.grab().toImage().pixelColor(1, 1)
    assert (dark, light) == (QColor(DARK.window), QColor(LIGHT.window))
    assert dressed.palette().color(QPalette.ColorRole.WindowText) == QColor(LIGHT.text)


def test_a_mode_nobody_knows_follows_the_system(dressed: QApplication) -> None:
    style.apply(dressed, "sepia")
    assert style.theme.mode == "system"


def test_all_promised_icons_exist_and_draw_something(dressed: QApplication) -> None:
    assert set(PROMISED.split()) <= set(DRAWINGS)
    for name in DRAWINGS:
        image = drawn(name, 20, "#ffffff", 2.0).toImage()
        assert image.width() == 40
        assert any(image.pixelColor(x, y).alpha() > 200 for x in range(40) for y in range(40)), name


def test_an_icon_takes_the_colour_of_the_theme_of_the_moment(dressed: QApplication) -> None:
    sign = icon("stop")
    dark = sign.pixmap(QSize(20, 20)).toImage().pixelColor(10, 10)
    style.apply(dressed, "light")
    light = sign.pixmap(QSize(20, 20)).toImage().pixelColor(10, 10)
    assert (dark.name(), light.name()) == (DARK.text, LIGHT.text)
    grey = sign.pixmap(QSize(20, 20), QIcon.Mode.Disabled).toImage().pixelColor(10, 10)
    assert grey.name() == LIGHT.faint


def test_icons_survive_being_copied_and_thrown_away(dressed: QApplication, qtbot: QtBot) -> None:
    for _ in range(20):
        copy = QIcon(icon("gear"))
        copy.addPixmap(drawn("lock", 16, "#ffffff"))  # makes the copy its own
        del copy
    gc.collect()
    assert not icon("gear").pixmap(QSize(20, 20)).isNull()


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(name: str) -> float:
    parts = QColor(name).getRgbF()[:3]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
