"""A take goes on saying which LoRAs it was made with, and its settings can be used again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from app.document.open_document import OpenDocument
from app.takes.differences import differences
from app.takes.words import facts
from app.verbs import Verbs
from storyboards.tables import Take
from storyboards.views import TakeView


def worn(strength: float, expert: str = "both", content: str = "a") -> dict[str, Any]:
    return {"name": "look.safetensors", "hash": content * 64, "strength": strength, "expert": expert}


def with_loras(take: TakeView, *loras: dict[str, Any]) -> TakeView:
    return dataclasses.replace(take, settings={"steps": 4, "loras": list(loras)})


def test_they_are_told_by_name_strength_and_expert(takes: list[TakeView]) -> None:
    told = dict(facts(with_loras(takes[1], worn(0.8), worn(0.5, "low"))))
    assert told["LoRAs"] == "look.safetensors  ·  0.8\nlook.safetensors  ·  0.5  ·  low noise"


def test_takes_that_wore_something_else_differ_in_it(takes: list[TakeView]) -> None:
    first, second = with_loras(takes[1], worn(0.8)), with_loras(takes[1], worn(0.3))
    names = {line.name: line for line in differences(first, second) if not line.same}
    assert "0.8" in names["LoRAs"].first and "0.3" in names["LoRAs"].second and "Contents of files" not in names
    assert "LoRAs" in {line.name for line in differences(first, takes[1]) if not line.same}


def test_a_file_that_was_another_under_the_same_name_is_told(takes: list[TakeView]) -> None:
    first, second = with_loras(takes[1], worn(0.8, content="a")), with_loras(takes[1], worn(0.8, content="b"))
    (line,) = [line for line in differences(first, second) if not line.same]
    assert line.name == "Contents of files" and "aaaa" in line.first and "bbbb" in line.second


def test_the_settings_of_a_take_with_loras_are_used_again(
    document: OpenDocument, verbs: Verbs, takes: list[TakeView], tmp_path: Path
) -> None:
    take, path = takes[1], str(tmp_path / "look.safetensors")
    settings = {"steps": 4, "loras": [{**worn(0.8), "path": path}]}
    with document.storyboard.transaction() as work:
        work.get(Take, take.id).settings = settings
    verbs.use_settings(take.id)
    assert document.flush(20_000)
    chosen = document.storyboard.shot(take.shot_id).settings
    assert chosen == {"steps": 4, "loras": [{"path": path, "strength": 0.8, "expert": "both"}]}
