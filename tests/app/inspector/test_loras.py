"""LoRAs in the inspector: of the scene, of a shot in place of the scene's, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.inspector.lora_list import LoraList

from .stage import Stage
from .test_typing import choose, inspector_of


@pytest.fixture
def look(tmp_path: Path) -> str:
    path = tmp_path / "look.safetensors"
    path.write_bytes(b"weights")
    return str(path)


@pytest.fixture
def pick(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Answers the next file dialogs."""

    def answer(path: str) -> None:
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (path, ""))

    return answer


def lora(path: str, strength: float = 1.0, expert: str = "both") -> dict[str, Any]:
    return {"path": path, "strength": strength, "expert": expert}


def of_scene(stage: Stage) -> Any:
    return stage.snapshot.scene.settings.get("loras")


def of_shot(stage: Stage, number: int) -> Any:
    return stage.shot(number).settings.get("loras")


def give_scene(stage: Stage, *loras: dict[str, Any]) -> None:
    stage.board.edit_scene(stage.document.scene_id, settings={"loras": list(loras)})
    stage.document.refresh()
    stage.settle()


def test_a_scene_gets_a_lora_with_a_strength_and_loses_it(
    stage: Stage, qtbot: QtBot, look: str, pick: Callable[[str], None]
) -> None:
    inspector = inspector_of(stage, qtbot)
    fields = inspector.scene_form.sampling.loras
    pick(look)
    fields.add.click()
    assert of_scene(stage) == [lora(look)]
    fields.rows[0].strength.setValue(0.8)
    assert of_scene(stage) == [lora(look, 0.8)] and fields.rows[0].strength.text() == "0.8"
    assert inspector.scene_form._more._aside.text() == "1 LoRA"
    stage.undo()
    assert of_scene(stage) == [lora(look)] and fields.rows[0].strength.text() == "1"
    fields.rows[0].remove.click()
    assert of_scene(stage) is None and fields.rows == []


def test_a_shot_shows_its_scenes_and_a_change_makes_a_list_of_its_own(stage: Stage, qtbot: QtBot, look: str) -> None:
    give_scene(stage, lora(look, 0.5))
    fields = inspector_of(stage, qtbot, 2).shot_form.sampling.loras
    assert [row.strength.text() for row in fields.rows] == ["0.5"] and "From the scene" in fields._whose.text()
    assert not fields.inherit.isVisibleTo(fields)
    fields.rows[0].strength.setValue(0.9)
    assert of_shot(stage, 2) == [lora(look, 0.9)] and of_scene(stage) == [lora(look, 0.5)]
    assert "In place of the scene's: look" in fields._whose.text()
    fields.rows[0].remove.click()
    assert of_shot(stage, 2) == [] and "wears none" in fields._whose.text()
    fields.inherit.click()
    assert of_shot(stage, 2) is None and [row.strength.text() for row in fields.rows] == ["0.5"]


def test_clicks_on_the_arrows_of_a_strength_are_one_step_of_undo(stage: Stage, qtbot: QtBot, look: str) -> None:
    give_scene(stage, lora(look))
    fields = inspector_of(stage, qtbot).scene_form.sampling.loras
    for _ in range(4):
        fields.rows[0].strength.stepDown()
    assert of_scene(stage) == [lora(look, 0.8)]
    stage.undo()
    assert of_scene(stage) == [lora(look)] and fields.rows[0].strength.text() == "1"


def test_two_quick_changes_are_both_kept(stage: Stage, qtbot: QtBot, look: str, tmp_path: Path) -> None:
    give_scene(stage, lora(look), lora(str(tmp_path / "rain.safetensors")))
    fields = inspector_of(stage, qtbot).scene_form.sampling.loras
    fields.rows[0].strength.setValue(0.1)
    fields.rows[1].strength.setValue(0.2)
    assert [one["strength"] for one in of_scene(stage)] == [0.1, 0.2]


def test_a_file_that_is_gone_says_so_at_its_row_and_is_found_again(
    stage: Stage, qtbot: QtBot, look: str, tmp_path: Path, pick: Callable[[str], None]
) -> None:
    gone = str(tmp_path / "rain.safetensors")
    give_scene(stage, lora(gone, 0.3), lora(look))
    fields = inspector_of(stage, qtbot).scene_form.sampling.loras
    first, second = fields.rows
    assert gone in first.problem.text() and first.locate.isVisibleTo(fields)
    assert second.problem.text() == "" and not second.locate.isVisibleTo(fields)
    moved = tmp_path / "moved.safetensors"
    moved.write_bytes(b"weights")
    pick(str(moved))
    first.locate.click()
    assert of_scene(stage) == [lora(str(moved), 0.3), lora(look)]
    assert [row.problem.text() for row in fields.rows] == ["", ""] and stage.problems == []


def test_one_file_twice_is_refused_in_words(stage: Stage, qtbot: QtBot, look: str, pick: Callable[[str], None]) -> None:
    give_scene(stage, lora(look))
    fields = inspector_of(stage, qtbot).scene_form.sampling.loras
    pick(look)
    fields.add.click()
    assert of_scene(stage) == [lora(look)] and "twice" in fields.problem.text()


def test_the_expert_is_asked_for_only_where_a_model_has_two(qtbot: QtBot, look: str) -> None:
    fields = LoraList()
    qtbot.addWidget(fields)
    told: list[Any] = []
    fields.chosen.connect(lambda loras, _merge: told.append(loras))
    fields.show_loras([lora(look)], (), 1)
    assert not fields.rows[0].expert.isVisibleTo(fields)
    fields.show_loras([lora(look, 1.0, "low")], (), 1)
    assert fields.rows[0].expert.isVisibleTo(fields) and "one transformer" in fields.rows[0].problem.text()
    fields.show_loras([lora(look)], (), 2)
    box = fields.rows[0].expert
    assert box.isVisibleTo(fields)
    box.setCurrentIndex(1)
    box.activated.emit(1)
    fields.append(look)
    assert told[-1] == [lora(look, 1.0, "high"), lora(look, 1.0, "low")]


def test_without_leave_to_write_they_are_only_looked_at(stage_to_read: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage_to_read, qtbot, 2)
    assert not inspector.shot_form.sampling.loras.add.isVisibleTo(inspector.shot_form.sampling)


def test_another_shot_shows_its_own(stage: Stage, qtbot: QtBot, look: str) -> None:
    stage.board.edit_shot(stage.ids[2], settings={"loras": [lora(look, 0.4)]})
    stage.document.refresh()
    inspector = inspector_of(stage, qtbot, 2)
    fields = inspector.shot_form.sampling.loras
    assert fields.rows == []
    choose(inspector, stage, 3)
    assert [row.strength.text() for row in fields.rows] == ["0.4"]
    choose(inspector, stage, 2)
    assert fields.rows == []
