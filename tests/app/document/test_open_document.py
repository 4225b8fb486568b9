"""What the screens rely on: verbs are done in order off the GUI thread, told once, and undone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from storyboards.changes import ChangeSet
from storyboards.errors import NotFound
from storyboards.project import Project
from storyboards.storyboard import Storyboard
from tests.storyboards.studio import run_all


def prompts(document: OpenDocument) -> list[str]:
    assert document.flush(20_000)
    assert document.snapshot is not None
    return [shot.prompt for shot in document.snapshot.shots]


def typed(document: OpenDocument, text: str, merge: str = "") -> None:
    shot = document.storyboard.shot_ids(document.scene_id)[0]
    document.do("Typing", lambda board: board.edit_shot(shot, prompt=text), merge=merge)


def test_a_verb_runs_in_another_thread_and_is_told_in_this_one(document: OpenDocument, qtbot: QtBot) -> None:
    threads: list[object] = []

    def verb(board: Storyboard) -> ChangeSet:
        threads.append(threading.current_thread())
        return board.add_shot(document.scene_id, "A fifth.")

    document.committed.connect(lambda changes: threads.append(QThread.currentThread()))
    with qtbot.waitSignal(document.scene_read, timeout=20_000) as read:
        document.do("Add", verb)
    assert threads == [threads[0], document.thread()] and threads[0] is not threading.main_thread()
    assert [shot.prompt for shot in read.args[0].shots][-1] == "A fifth."


def test_an_empty_project_gets_its_first_scene(tmp_path: Path, qtbot: QtBot) -> None:
    document = OpenDocument(Project.create(tmp_path / "New"))
    assert document.flush(20_000) and document.snapshot is not None
    assert document.snapshot.scene.title == "Scene 1" and document.snapshot.shots == ()
    document.close()


def test_what_is_asked_comes_after_what_was_done(document: OpenDocument) -> None:
    found: list[int] = []
    document.do("Add", lambda board: board.add_shot(document.scene_id, "A fifth."))
    document.ask(lambda board: len(board.shots(document.scene_id)), found.append)
    assert document.flush(20_000) and found == [5]


def test_of_a_question_that_is_asked_again_and_again_the_last_one_is_answered(document: OpenDocument) -> None:
    asked: list[int] = []
    answered: list[int] = []
    gate = threading.Event()
    document.ask(lambda _: gate.wait(20), lambda _: None)
    for number in range(10):
        document.ask(lambda _, number=number: asked.append(number) or number, answered.append, latest="takes")  # type: ignore[func-returns-value, misc]
    document.ask(lambda _: "another question", lambda _: None, latest="other")
    gate.set()
    assert document.flush(20_000) and asked == answered == [9]


def test_many_changes_in_a_row_cost_few_readings(document: OpenDocument) -> None:
    reads: list[object] = []
    document.scene_read.connect(reads.append)
    for number in range(40):
        typed(document, f"text {number}")
    assert prompts(document)[0] == "text 39"
    assert 1 <= len(reads) <= 20


def test_typing_is_one_step_of_undo_and_another_field_is_another(document: OpenDocument) -> None:
    first = prompts(document)[0]
    for text in ("A", "A f", "A fo", "A fox"):
        typed(document, text, merge="prompt 1")
    typed(document, "A fox!", merge="")
    assert prompts(document)[0] == "A fox!" and document.undo_stack.count() == 2
    document.undo()
    assert prompts(document)[0] == "A fox"
    document.undo()
    assert prompts(document)[0] == first
    document.redo()
    document.redo()
    assert prompts(document)[0] == "A fox!"


def test_undo_right_after_a_verb_is_about_that_verb(document: OpenDocument) -> None:
    first = prompts(document)[0]
    typed(document, "one")
    typed(document, "two")
    document.undo()  # neither of the two has come back from the document yet
    assert prompts(document)[0] == "one"
    document.undo()
    document.redo()
    document.undo()
    assert prompts(document)[0] == first


def test_an_undo_that_is_not_possible_any_more_says_so_and_breaks_nothing(document: OpenDocument) -> None:
    told: list[tuple[str, str]] = []
    document.problem.connect(lambda message, hint: told.append((message, hint)))
    typed(document, "mine")
    shot = document.storyboard.shot_ids(document.scene_id)[0]
    document.do("", lambda board: board.edit_shot(shot, prompt="somebody else's"), undoable=False)
    document.undo()
    assert prompts(document)[0] == "somebody else's"
    assert told == [("The prompt of this shot has been changed since.", "Undo the later change first.")]
    document.redo()  # it is still done: nothing to do again
    assert prompts(document)[0] == "somebody else's" and len(told) == 1


def test_errors_are_told_in_the_users_words(document: OpenDocument, qtbot: QtBot) -> None:
    with qtbot.waitSignal(document.problem) as told:
        document.do("Delete", lambda board: board.delete_shot("nowhere"))
    assert told.args == ["There is no shot 'nowhere'.", "It may have been deleted; look at the scene again."]


def test_an_unforeseen_error_is_told_and_logged(
    document: OpenDocument, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    def verb(_board: Storyboard) -> ChangeSet:
        raise ZeroDivisionError("by nought")

    with qtbot.waitSignal(document.problem) as told:
        document.do("Divide", verb)
    assert "by nought" in told.args[0] and "report it" in told.args[1]
    assert "ZeroDivisionError" in caplog.text
    typed(document, "goes on")
    assert prompts(document)[0] == "goes on"


def test_a_failure_may_be_taken_by_who_asked(document: OpenDocument) -> None:
    failures: list[Exception] = []
    told: list[Any] = []
    document.problem.connect(lambda *words: told.append(words))
    document.ask(lambda board: board.shot("nowhere"), lambda _: None, failures.append)
    assert document.flush(20_000)
    assert isinstance(failures[0], NotFound) and told == []


def test_several_verbs_are_one_change_and_one_step(document: OpenDocument) -> None:
    ids = document.storyboard.shot_ids(document.scene_id)

    def verb(board: Storyboard) -> ChangeSet:
        with board.together() as work:
            for shot_id in ids[:3]:
                board.delete_shot(shot_id)
        return work.changes

    document.do("Delete", verb)
    assert len(prompts(document)) == 1 and document.undo_stack.count() == 1
    document.undo()
    assert len(prompts(document)) == 4


def test_of_several_verbs_that_do_not_all_work_none_is_done(document: OpenDocument) -> None:
    ids = document.storyboard.shot_ids(document.scene_id)

    def verb(board: Storyboard) -> ChangeSet:
        with board.together() as work:
            board.delete_shot(ids[0])
            board.delete_shot("nowhere")
        return work.changes

    document.do("Delete", verb)
    assert len(prompts(document)) == 4 and document.undo_stack.count() == 0


def test_a_take_that_replaces_another_can_be_undone_but_never_costs_a_redo(rendered_document: OpenDocument) -> None:
    document, board = rendered_document, rendered_document.storyboard
    shot = board.shot_ids(document.scene_id)[0]
    first = board.takes(shot)[0].id
    board.queue_render(shot)
    run_all(board)
    second = board.takes(shot)[1].id
    document.do("", lambda board: board.select_take(first), undoable=False)
    change: list[ChangeSet] = []
    document.do("", lambda board: board.select_take(second), undoable=False, then=change.append)
    assert document.flush(20_000)
    document.note_step("Show take 2", change[0])
    assert document.undo_stack.undoText() == "Show take 2"
    document.undo()
    assert document.flush(20_000)
    assert board.shot(shot).selected is not None and board.shot(shot).selected.id == first  # type: ignore[union-attr]
    document.note_step("Show take 3", change[0])
    assert document.undo_stack.redoText() == "Show take 2"


def test_a_scene_that_was_deleted_gives_way_to_another(document: OpenDocument, qtbot: QtBot) -> None:
    document.do("Scene", lambda board: board.create_scene("Second"))
    document.flush(20_000)
    first = document.scene_id
    with qtbot.waitSignal(document.scene_switched, timeout=20_000):
        document.do("Delete scene", lambda board: board.delete_scene(first))
    assert document.flush(20_000) and document.snapshot is not None
    assert document.snapshot.scene.title == "Second"


def test_a_read_only_document_shows_and_refuses(
    open_document: Callable[[bool], OpenDocument], qtbot: QtBot
) -> None:
    writer = open_document(True)
    reader = OpenDocument(Project.open(writer.project.path, read_only=True))
    assert reader.flush(20_000) and reader.read_only and reader.snapshot is not None
    assert len(reader.snapshot.shots) == 4
    with qtbot.waitSignal(reader.problem) as told:
        typed(reader, "mine")
    assert "read-only" in told.args[0]
    reader.close()


def test_closing_finishes_what_was_asked_for(document: OpenDocument) -> None:
    path = document.project.path
    for number in range(5):
        typed(document, f"text {number}")
    document.close()
    document.close()
    with Project.open(path) as project:
        board = project.storyboard
        assert board.shots(board.scenes()[0].id)[0].prompt == "text 4"
