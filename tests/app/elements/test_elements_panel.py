from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.elements.element_card import ElementCard
from app.elements.elements_panel import ElementsPanel
from tests.app.inspector.stage import Stage, picture


def panel_of(stage: Stage, qtbot: QtBot) -> ElementsPanel:
    panel = ElementsPanel(stage.document, stage.pictures)
    qtbot.addWidget(panel)
    stage.kept.append(panel)
    panel.show()
    stage.settle()
    return panel


def card_of(panel: ElementsPanel, stage: Stage, name: str) -> ElementCard:
    element = next(element for element in stage.snapshot.elements if element.name == name)
    card = panel.card(element.id)
    assert card is not None
    return card


def press(panel: ElementsPanel, name: str) -> None:
    button = next(button for button in panel.findChildren(QPushButton, name) if button.isVisible())
    button.click()


def test_a_new_place_can_be_named_right_away(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_of(stage, qtbot)
    qtbot.waitExposed(panel)
    press(panel, "add place")
    stage.settle()
    card = card_of(panel, stage, "Place 1")
    qtbot.waitUntil(card.name.hasFocus)
    qtbot.keyClicks(card.name, "The clearing")
    qtbot.keyClick(card.name, Qt.Key.Key_Return)
    assert [(element.kind, element.name) for element in stage.snapshot.elements] == [
        ("character", "Character 1"),
        ("place", "The clearing"),
    ]


def test_a_name_that_is_taken_is_told_and_the_old_one_stays(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_of(stage, qtbot)
    panel.add("character")
    stage.settle()
    card = card_of(panel, stage, "Character 2")
    card.name.setText("Character 1")
    card.name.editingFinished.emit()
    stage.settle()
    assert card.name.text() == "Character 2"
    assert "already" in stage.problems[0]


def test_a_description_is_part_of_what_every_shot_reads(stage: Stage, qtbot: QtBot) -> None:
    card = card_of(panel_of(stage, qtbot), stage, "Character 1")
    card.description.selectAll()
    qtbot.keyClicks(card.description, "an old bear")
    card.flush()
    assert "Character 1: an old bear." in stage.snapshot.scene.global_text
    stage.undo()
    assert card.description.toPlainText() == "a fox in a red coat"


def test_images_are_dropped_on_a_card_and_taken_out_again(stage: Stage, qtbot: QtBot, tmp_path: Path) -> None:
    card = card_of(panel_of(stage, qtbot), stage, "Character 1")
    data = QMimeData()
    files = [picture(tmp_path / "front.png"), picture(tmp_path / "side.png"), tmp_path / "notes.txt"]
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    drop(card, data)
    stage.settle()
    assert [image.name for image in stage.snapshot.elements[0].references] == ["front", "side"]
    assert len(card.images._tiles) == 2
    qtbot.keyClick(card.images._tiles[0], Qt.Key.Key_Delete)
    assert [image.name for image in stage.snapshot.elements[0].references] == ["side"]
    stage.undo()
    assert len(card.images._tiles) == 2
    stage.undo()
    assert stage.snapshot.elements[0].references == ()


def test_a_file_that_is_no_image_is_refused_with_a_sentence(stage: Stage, qtbot: QtBot, tmp_path: Path) -> None:
    card = card_of(panel_of(stage, qtbot), stage, "Character 1")
    (tmp_path / "fox.png").write_text("no picture at all")
    card.add_images([tmp_path / "fox.png"])
    stage.settle()
    assert "not an image" in stage.problems[0]
    assert stage.snapshot.elements[0].references == ()


def test_an_image_is_replaced_in_its_place(stage: Stage, qtbot: QtBot, tmp_path: Path) -> None:
    card = card_of(panel_of(stage, qtbot), stage, "Character 1")
    card.add_images([picture(tmp_path / "front.png")])
    stage.settle()
    (before,) = stage.snapshot.elements[0].references
    (tmp_path / "wide.png").write_bytes(picture(tmp_path / "x.png").read_bytes() + b"more")
    card.images.replaced.emit(before.id, tmp_path / "wide.png")
    stage.settle()
    (after,) = stage.snapshot.elements[0].references
    assert after.id == before.id and after.content_hash != before.content_hash


@pytest.fixture
def trio(stage: Stage, qtbot: QtBot) -> ElementsPanel:
    panel = panel_of(stage, qtbot)
    for _ in range(2):
        panel.add("character")
        stage.settle()
    return panel


def names(stage: Stage) -> list[str]:
    return [element.name for element in stage.snapshot.elements]


def test_alt_and_an_arrow_moves_a_card(stage: Stage, trio: ElementsPanel, qtbot: QtBot) -> None:
    card = card_of(trio, stage, "Character 3")
    qtbot.keyClick(card, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert names(stage) == ["Character 1", "Character 3", "Character 2"]
    assert trio._columns["character"].indexOf(card) == 1


def test_a_card_is_dragged_onto_another_one(stage: Stage, trio: ElementsPanel) -> None:
    card = card_of(trio, stage, "Character 1")
    data = QMimeData()
    data.setData("application/x-matchcut-element", card_of(trio, stage, "Character 3").element.id.encode())
    drop(card, data)
    assert names(stage) == ["Character 3", "Character 1", "Character 2"]


def test_a_deleted_element_comes_back_by_undo(stage: Stage, trio: ElementsPanel) -> None:
    card = card_of(trio, stage, "Character 2")
    card._do("Delete", "delete_element")
    assert names(stage) == ["Character 1", "Character 3"]
    stage.undo()
    assert names(stage) == ["Character 1", "Character 2", "Character 3"]


def test_a_prop_that_becomes_a_character_moves_to_the_cast(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_of(stage, qtbot)
    panel.add("prop")
    stage.settle()
    card = card_of(panel, stage, "Prop 1")
    card._do("Kind", "edit_element", kind="character")
    stage.settle()
    assert panel._columns["character"].indexOf(card) == 1
    assert not panel._heads["prop"].isVisible()


def test_an_empty_scene_says_what_elements_are_for(stage: Stage, qtbot: QtBot) -> None:
    panel = panel_of(stage, qtbot)
    card_of(panel, stage, "Character 1")._do("Delete", "delete_element")
    stage.settle()
    assert panel._pages.currentIndex() == 0
    press(panel, "add character")
    assert names(stage) == ["Character 1"]
    assert panel._pages.currentIndex() == 1


def test_a_read_only_project_shows_elements_without_offers(stage_to_read: Stage, qtbot: QtBot) -> None:
    panel = panel_of(stage_to_read, qtbot)
    card = card_of(panel, stage_to_read, "Character 1")
    assert card.name.isReadOnly() and card.description.isReadOnly()
    assert not card.images.add.isVisible() and not card.acceptDrops()


def drop(card: ElementCard, data: QMimeData) -> None:
    place = QPoint(10, 5)
    event = QDropEvent(
        QPointF(place), Qt.DropAction.MoveAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    card.dropEvent(event)
