from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from pytestqt.qtbot import QtBot

from app.inspector.draft import DEBOUNCE_MS
from app.inspector.inspector import Inspector
from storyboards.changes import ChangeSet
from storyboards.errors import DiskFull

from .stage import Stage


def inspector_of(stage: Stage, qtbot: QtBot, *numbers: int) -> Inspector:
    inspector = Inspector(stage.document, stage.verbs, stage.runner, stage.pictures)  # type: ignore[arg-type]
    qtbot.addWidget(inspector)
    stage.kept.append(inspector)
    inspector.show()
    choose(inspector, stage, *numbers)
    return inspector


def choose(inspector: Inspector, stage: Stage, *numbers: int) -> None:
    stage.selection[:] = [stage.ids[number - 1] for number in numbers]
    inspector.show_shots(stage.selection)


def at_end(inspector: Inspector) -> None:
    inspector.shot_form.prompt.moveCursor(QTextCursor.MoveOperation.End)


def test_what_is_typed_reaches_the_document_after_a_pause(stage: Stage, qtbot: QtBot) -> None:
    prompt = inspector_of(stage, qtbot, 2).shot_form.prompt
    prompt.selectAll()
    qtbot.keyClicks(prompt, "It sings")
    qtbot.waitUntil(lambda: stage.shot(2).prompt == "It sings", timeout=50 * DEBOUNCE_MS)


def test_typing_with_pauses_is_undone_in_one_step(stage: Stage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.document.undo_steps.MERGE_SECONDS", 60.0)  # a busy machine makes longer pauses
    inspector = inspector_of(stage, qtbot, 2)
    at_end(inspector)
    for piece in (" It", " sings."):
        qtbot.keyClicks(inspector.shot_form.prompt, piece)
        inspector.flush()
        stage.settle()
    assert stage.shot(2).prompt == "The fox does 2. It sings."
    stage.undo()
    assert stage.shot(2).prompt == "The fox does 2."
    assert inspector.shot_form.prompt.toPlainText() == "The fox does 2."


def test_a_space_at_the_end_survives_the_pause(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 2)
    at_end(inspector)
    qtbot.keyClicks(inspector.shot_form.prompt, " And ")
    inspector.flush()
    stage.settle()
    qtbot.keyClicks(inspector.shot_form.prompt, "so on")
    inspector.flush()
    assert stage.shot(2).prompt == "The fox does 2. And so on"
    assert inspector.shot_form.prompt.toPlainText() == "The fox does 2. And so on"


def test_an_answer_to_older_typing_does_not_take_newer_typing_away(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 2)
    prompt = inspector.shot_form.prompt
    prompt.selectAll()
    for letter in "sings":
        qtbot.keyClicks(prompt, letter)
        inspector.flush()  # five edits are on their way at once
    stage.settle()
    assert prompt.toPlainText() == "sings"
    assert stage.shot(2).prompt == "sings"


def test_a_change_from_elsewhere_keeps_the_cursor_in_its_place(stage: Stage, qtbot: QtBot) -> None:
    prompt = inspector_of(stage, qtbot, 2).shot_form.prompt
    cursor = prompt.textCursor()
    cursor.setPosition(len("The fox"))
    prompt.setTextCursor(cursor)
    stage.verbs.edit_prompt(stage.ids[1], "The fox does 2 and 3.")
    stage.settle()
    assert prompt.toPlainText() == "The fox does 2 and 3."
    assert prompt.textCursor().position() == len("The fox")


def test_choosing_another_shot_while_typing_loses_nothing(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 2)
    at_end(inspector)
    qtbot.keyClicks(inspector.shot_form.prompt, " Loudly.")
    choose(inspector, stage, 3)
    assert stage.shot(2).prompt == "The fox does 2. Loudly."
    assert stage.shot(3).prompt == "The fox does 3."
    assert inspector.shot_form.prompt.toPlainText() == "The fox does 3."


def test_generate_renders_what_was_typed_a_moment_ago(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 2)
    at_end(inspector)
    qtbot.keyClicks(inspector.shot_form.prompt, " Loudly.")
    qtbot.mouseClick(inspector.generate, Qt.MouseButton.LeftButton)
    stage.settle()
    assert stage.shot(2).prompt == "The fox does 2. Loudly."
    assert stage.shot(2).job_state == "queued"


def test_a_shortcut_acts_on_what_was_typed_a_moment_ago(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 2)
    at_end(inspector)
    qtbot.keyClicks(inspector.shot_form.prompt, " Loudly.")
    qtbot.keyClick(inspector.shot_form.prompt, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert stage.shot(2).prompt == "The fox does 2. Loudly."


def test_what_could_not_be_saved_stays_and_is_sent_again(
    stage: Stage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> ChangeSet:
        raise DiskFull("The disk is full.", "Make room.")

    inspector = inspector_of(stage, qtbot, 2)
    at_end(inspector)
    with monkeypatch.context() as patch:
        patch.setattr(stage.board, "edit_shot", no_room)
        qtbot.keyClicks(inspector.shot_form.prompt, " Loudly.")
        inspector.flush()
        stage.settle()
    assert stage.problems == ["The disk is full. Make room."]
    assert inspector.shot_form.prompt.toPlainText() == "The fox does 2. Loudly."
    inspector.flush()
    assert stage.shot(2).prompt == "The fox does 2. Loudly."


def test_names_are_completed_with_enter(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 2)
    prompt = inspector.shot_form.prompt
    at_end(inspector)
    qtbot.keyClicks(prompt, " Then char")
    assert prompt.proposals() == ["Character 1"]
    qtbot.keyClick(prompt._popup, Qt.Key.Key_Return)
    assert prompt.toPlainText() == "The fox does 2. Then Character 1"
    assert prompt.proposals() == []


def test_names_of_elements_are_marked_in_the_prompt(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 2)
    stage.verbs.edit_prompt(stage.ids[1], "Then Character 1 sings.")
    stage.settle()
    marked = inspector.shot_form.prompt.document().firstBlock().layout().formats()
    assert [(mark.start, mark.length) for mark in marked] == [(5, len("Character 1"))]


def test_a_new_shot_gets_the_cursor_into_its_prompt(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot)
    qtbot.waitExposed(inspector)
    stage.verbs.new_shot()
    stage.settle()
    assert len(stage.snapshot.shots) == 5
    assert inspector.shot_form.prompt.toPlainText() == ""
    qtbot.waitUntil(lambda: inspector.shot_form.prompt.hasFocus())


def test_notes_are_kept_apart_from_the_prompt(stage: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage, qtbot, 2)
    qtbot.keyClicks(inspector.shot_form.notes, "ask Mia")
    inspector.flush()
    assert (stage.shot(2).notes, stage.shot(2).prompt) == ("ask Mia", "The fox does 2.")


def test_a_read_only_project_can_be_copied_from_but_not_edited(stage_to_read: Stage, qtbot: QtBot) -> None:
    inspector = inspector_of(stage_to_read, qtbot, 2)
    form = inspector.shot_form
    assert form.prompt.isReadOnly() and form.prompt.isEnabled()
    qtbot.keyClicks(form.prompt, "x")
    inspector.flush()
    assert form.prompt.toPlainText() == "The fox does 2."
    assert not inspector.generate.isEnabled() and not form.lock.isEnabled()
    assert inspector.scene_form.story.isReadOnly()
    assert stage_to_read.problems == []
