"""What a card says: the most urgent thing about its shot, in one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.board.card_state import card_state, length_text, takes_text, time_left
from app.board.delegate import two_lines
from app.shots_model import ShotProgress
from storyboards.views import SelectedTake, ShotView

from .conftest import Stage

TAKE = SelectedTake("t", 2, 17, Path("/p"), "takes/t")
SHOT = ShotView("s", "c", 3, "a", "A fox.", 17, False, "", 3, TAKE, (), (), (), "", "", "")


def test_a_shot_without_a_take_says_what_to_press() -> None:
    empty = replace(SHOT, selected=None, take_count=0)
    assert card_state(empty, None, None).text == "Not generated yet"
    assert "Ctrl+Return" in card_state(empty, None, None).why
    assert card_state(replace(empty, prompt=" "), None, None).text == "Needs a prompt"


def test_a_rendering_shot_shows_percent_and_time_left() -> None:
    running = replace(SHOT, job_state="running", job_kind="render")
    assert card_state(running, None, None).text == "Starting…"
    assert card_state(running, ShotProgress("j", 3, 0, 0, -1, "loading the model"), None).text == "Loading the model"
    state = card_state(running, ShotProgress("j", 3, 9, 20, 34.2, "denoising"), None)
    assert (state.text, state.fraction) == ("45 % · 34 s left", 0.45)


@pytest.mark.parametrize(
    ("shot", "failure", "kind", "text"),
    [
        (replace(SHOT, job_state="queued", stale=("saw",)), ("No.", "x"), "queued", "Queued"),
        (replace(SHOT, job_state="queued", job_kind="extend"), None, "queued", "Extension queued"),
        (replace(SHOT, job_state="cancelling"), None, "cancelling", "Cancelling…"),
        (replace(SHOT, stale=("saw take 1",)), ("Out of memory.", "Use a smaller size."), "failed", "Out of memory."),
        (replace(SHOT, stale=("saw a", "saw b"), changed=("prompt",)), None, "stale", "Saw a (+1)"),
        (replace(SHOT, changed=("prompt changed since",)), None, "changed", "Prompt changed since"),
        (SHOT, None, "done", "Up to date"),
    ],
)
def test_the_most_urgent_state_wins(shot: ShotView, failure: tuple[str, str] | None, kind: str, text: str) -> None:
    state = card_state(shot, None, failure)
    assert (state.kind, state.text) == (kind, text)


def test_a_failure_tells_its_reason_and_what_to_do() -> None:
    assert (
        card_state(SHOT, None, ("Out of memory.", "Use a smaller size.")).why == "Out of memory.\nUse a smaller size."
    )


def test_lengths_takes_and_times_are_told_as_people_say_them() -> None:
    assert length_text(17, 8.0) == "2.1 s"
    assert takes_text(SHOT) == "take 2 · 3 takes"
    assert takes_text(replace(SHOT, take_count=1)) == "1 take"
    assert takes_text(replace(SHOT, take_count=0, selected=None)) == ""
    assert [time_left(s) for s in (-1, 0.2, 59, 61, 7200)] == ["", "1 s left", "59 s left", "1 min left", "2.0 h left"]


def test_prompts_are_broken_into_two_lines_and_cut_with_dots(stage: Stage) -> None:
    assert two_lines("short", 200) == ("short",)
    lines = two_lines("a fox walks through the forest " * 5, 200)
    assert len(lines) == 2 and lines[1].endswith("…")


def test_a_card_shows_the_live_preview_while_its_shot_is_rendered(stage: Stage, qtbot: QtBot, tmp_path: Path) -> None:
    shot_id = stage.shot(2).id
    stage.storyboard.queue_render(shot_id)
    from storyboards.requests import start_next

    assert start_next(stage.storyboard) is not None
    stage.document.refresh()
    stage.settle()
    stage.model.set_progress(shot_id, ShotProgress("j", 2, 5, 10, 3.0, "denoising"))
    preview = tmp_path / "take.preview.jpg"
    place = stage.part(2, "poster").center()
    for colour in ("#00c000", "#0000c0"):
        image = QImage(112, 64, QImage.Format.Format_RGB32)
        image.fill(QColor(colour))
        assert image.save(str(preview), "JPEG", 100)
        stage.model.set_preview(shot_id, str(preview))
        qtbot.waitUntil(lambda colour=colour: near(stage, place, colour))
    assert stage.view.state_of(1).text == "50 % · 3 s left"


def near(stage: Stage, place, colour: str) -> bool:  # type: ignore[no-untyped-def]
    shown, wanted = stage.view.viewport().grab().toImage().pixelColor(place), QColor(colour)
    return abs(shown.green() - wanted.green()) < 40 and abs(shown.blue() - wanted.blue()) < 40
