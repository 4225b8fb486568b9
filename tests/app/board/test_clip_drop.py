"""Video files dropped on the board become shots, after their captions were asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from pytestqt.qtbot import QtBot

from app.shell.clip_dialog import ClipDialog
from tests.app.board.conftest import Stage

COPY, LEFT, PLAIN = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    """Files; what is in them matters to the engine alone."""
    paths = [tmp_path / name for name in ("one.mp4", "two.MOV", "notes.txt")]
    for path in paths:
        path.write_bytes(b"video")
    return paths


def dragged(paths: list[Path]) -> QMimeData:
    """What a file manager drags."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def test_dropped_clips_are_asked_about_and_become_shots_there(qtbot: QtBot, stage: Stage, clips: list[Path]) -> None:
    data, place = dragged(clips), stage.part(3, "frame").topLeft()
    enter = QDragEnterEvent(place, COPY, data, LEFT, PLAIN)
    stage.view.dragEnterEvent(enter)
    assert enter.isAccepted() and stage.view._drop_row == 2
    with qtbot.waitSignal(stage.board.clips_dropped) as told:
        stage.view.dropEvent(QDropEvent(QPointF(place), COPY, data, LEFT, PLAIN, QEvent.Type.Drop))
    assert told.args == [clips[:2], 2], "what is no video stays where it is"
    dialog = ClipDialog(told.args[0])
    qtbot.addWidget(dialog)
    dialog.captions[0].setText(" A fox looks up. ")
    with qtbot.waitSignal(dialog.wanted) as answered:
        dialog.ok.click()
    assert answered.args == [[(clips[0], "A fox looks up."), (clips[1], "")]]
    stage.verbs.import_clips(answered.args[0], told.args[1])
    stage.settle()
    assert stage.prompts() == "abA_cdef"
    jobs = [job for job in stage.document.jobs if job.state == "queued"]
    assert [Path(job.params["clip"]).name for job in jobs] == ["one.mp4", "two.MOV"]
    stage.document.undo_stack.undo()
    stage.settle()
    assert stage.prompts() == "abcdef", "one undo takes both shots back"
    stage.document.undo_stack.redo()
    stage.settle()
    assert stage.prompts() == "abA_cdef"


def test_a_clip_can_be_dropped_on_a_board_without_shots(qtbot: QtBot, empty_stage: Stage, clips: list[Path]) -> None:
    place, data = empty_stage.board.rect().center(), dragged(clips[:1])  # events do not keep their data alive
    enter = QDragEnterEvent(place, COPY, data, LEFT, PLAIN)
    empty_stage.board.dragEnterEvent(enter)
    assert enter.isAccepted()
    with qtbot.waitSignal(empty_stage.board.clips_dropped) as told:
        empty_stage.board.dropEvent(QDropEvent(QPointF(place), COPY, data, LEFT, PLAIN, QEvent.Type.Drop))
    assert told.args == [clips[:1], 0]


def test_a_project_that_is_only_read_takes_no_clips(stage_to_read: Stage, clips: list[Path]) -> None:
    data = dragged(clips)
    for widget in (stage_to_read.view, stage_to_read.board):
        enter = QDragEnterEvent(stage_to_read.view.rect().center(), COPY, data, LEFT, PLAIN)
        enter.ignore()
        widget.dragEnterEvent(enter)
        assert not enter.isAccepted()


def test_a_clip_that_cannot_become_a_take_is_told(stage: Stage, clips: list[Path]) -> None:
    clips[0].unlink()
    stage.verbs.import_clips([(clips[0], "")])
    stage.settle()
    assert stage.prompts() == "abcdef" and "There is no file" in stage.problems[0]
    stage.verbs.import_take(stage.ids[0], clips[1], "")
    stage.verbs.import_take(stage.ids[0], clips[1], "")
    stage.settle()
    assert "has a render job already" in stage.problems[1]
