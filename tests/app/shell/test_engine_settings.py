"""Memory and speed in the preferences: kept, handed to the engine in words that it knows, explained."""

from __future__ import annotations

import argparse

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel
from pytestqt.qtbot import QtBot

from app.settings import OFFLOADS, PACKINGS, PRECISIONS, Settings, SettingsStore, engine_options
from app.shell.preferences import Preferences
from engine.memory import plans
from engine.memory.plans import Asked
from engine.memory.wishes import add_wishes, asked_in


def understood(now: Settings) -> Asked:
    """What the engine's program makes of its options."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="")
    add_wishes(parser)
    return asked_in(parser.parse_args(engine_options(now)))


def test_every_choice_of_the_engine_is_offered() -> None:
    assert ("auto", *plans.PRECISIONS) == PRECISIONS
    assert ("auto", *plans.OFFLOADS) == OFFLOADS
    assert ("auto", *plans.PACKINGS) == PACKINGS


def test_what_is_left_open_is_not_mentioned() -> None:
    assert engine_options(Settings()) == () and understood(Settings()) == Asked()


@pytest.mark.parametrize("precision", PRECISIONS[1:])
@pytest.mark.parametrize("offload", OFFLOADS[1:])
def test_the_engine_understands_every_choice(precision: str, offload: str) -> None:
    now = Settings(
        device="cpu", precision=precision, offload=offload, context_pack="fp8", attention="-odd name", compile=True
    )
    assert understood(now) == Asked(precision, offload, "-odd name", True, "fp8")  # type: ignore[arg-type]


def test_they_count_at_once_and_are_kept(qtbot: QtBot, store: SettingsStore) -> None:
    dialog = Preferences(store)
    qtbot.addWidget(dialog)
    dialog.precision.setCurrentIndex(PRECISIONS.index("int8"))
    dialog.offload.setCurrentIndex(OFFLOADS.index("blocks"))
    dialog.context_pack.setCurrentIndex(PACKINGS.index("fp8"))
    dialog.compile.setChecked(True)
    line = dialog.attention.lineEdit()
    assert line is not None
    qtbot.keyClicks(line, "sage")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert understood(SettingsStore(store.path.parent).now) == Asked("int8", "blocks", "sage", True, "fp8")
    again = Preferences(SettingsStore(store.path.parent))
    qtbot.addWidget(again)
    assert again.precision.currentText() == "int8" and again.attention.currentText() == "sage"


def test_each_is_explained_in_a_sentence(qtbot: QtBot, store: SettingsStore) -> None:
    dialog = Preferences(store)
    qtbot.addWidget(dialog)
    said = [label.text() for label in dialog.findChildren(QLabel)]
    for field in (
        dialog.device,
        dialog.precision,
        dialog.offload,
        dialog.context_pack,
        dialog.attention,
        dialog.compile,
    ):
        assert field.toolTip() in said and field.toolTip().endswith(".") and field.accessibleName()
    assert all(box.currentText() != "" or box.isEditable() for box in dialog.findChildren(QComboBox))
