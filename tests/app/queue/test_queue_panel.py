from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from app.queue.job_delegate import actions_of
from app.queue.job_editor import JobEditor
from app.queue.job_texts import clock
from app.queue.jobs_model import JobsModel
from app.queue.queue_panel import QueuePanel
from app.shots_model import ShotProgress
from engine.contract import Failed
from storyboards.requests import Begun, apply_event, start_next
from storyboards.views import JobView
from tests.app.inspector.stage import Stage
from tests.storyboards.studio import run_next


@pytest.fixture
def panel(stage: Stage, qtbot: QtBot) -> QueuePanel:
    panel = panel_of(stage)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def panel_of(stage: Stage) -> QueuePanel:
    panel = QueuePanel(stage.document, stage.verbs, stage.runner, stage.shots_model, stage.pictures)  # type: ignore[arg-type]
    panel.resize(360, 600)
    return panel


def queue(stage: Stage, *numbers: int, takes: int = 1) -> None:
    for number in numbers:
        stage.board.queue_render(stage.ids[number - 1], takes=takes)
    refresh(stage)


def refresh(stage: Stage) -> None:
    stage.document.refresh()
    stage.settle()


def begin(stage: Stage) -> Begun:
    begun = start_next(stage.board)
    assert begun is not None and begun.request is not None
    refresh(stage)
    return begun


def told(panel: QueuePanel) -> list[str]:
    model = panel.model
    return [str(model.index(row).data()) for row in range(model.rowCount())]


def choose(panel: QueuePanel, *rows: int) -> None:
    panel.list.clearSelection()
    flag = panel.list.selectionModel().SelectionFlag.Select
    for row in rows:
        panel.list.selectionModel().select(panel.model.index(row), flag)


def key(qtbot: QtBot, panel: QueuePanel, which: Qt.Key, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
    qtbot.keyClick(panel.list, which, modifier)


def test_an_empty_queue_says_how_to_fill_it(stage: Stage, panel: QueuePanel) -> None:
    assert panel._pages.currentIndex() == 0
    queue(stage, 2)
    assert panel._pages.currentIndex() == 1


def test_jobs_are_told_in_the_order_in_which_they_come(stage: Stage, panel: QueuePanel) -> None:
    queue(stage, 3, 1)
    stage.board.queue_render(stage.ids[1], takes=4)
    stage.board.queue_extend(stage.ids[3], 8)
    refresh(stage)
    begin(stage)
    assert told(panel) == [
        "Shot 3, starting ….",
        "Shot 1, next.",
        "Shot 2 · 4 seeds, waits.",
        "Shot 4 · 8 frames longer, waits.",
    ]
    assert panel._summary.text() == "1 running · 3 waiting"


def test_progress_covers_all_takes_of_a_job(stage: Stage, panel: QueuePanel) -> None:
    queue(stage, 2, takes=4)
    begun = begin(stage)
    stage.runner.step.emit(stage.ids[1], ShotProgress(begun.job_id, 2, 5, 20, 75.0, ""))
    assert told(panel) == ["Shot 2 · 4 seeds, take 1 of 4 · 1:15 left."]


def test_a_failed_job_says_why_and_what_to_do_and_is_retried(stage: Stage, panel: QueuePanel, qtbot: QtBot) -> None:
    queue(stage, 2)
    begun = begin(stage)
    assert begun.request is not None
    failed = Failed(begun.request.id, "out_of_memory", "No memory left.", "Use a smaller size.")
    apply_event(stage.board, begun.job_id, failed)
    refresh(stage)
    assert told(panel) == ["Shot 2, failed. No memory left. Use a smaller size."]
    choose(panel, 0)
    key(qtbot, panel, Qt.Key.Key_R)
    stage.settle()
    assert told(panel) == ["Shot 2, next."]


def test_an_interrupted_job_is_resumed_by_its_button(stage: Stage, panel: QueuePanel, qtbot: QtBot) -> None:
    queue(stage, 2)
    begin(stage)
    stage.board.interrupt_jobs()
    refresh(stage)
    assert told(panel) == ["Shot 2, interrupted. The engine ended while it worked on this."]
    option = QStyleOptionViewItem()
    option.rect = panel.list.visualRect(panel.model.index(0))
    button = panel.delegate.button_rect(option, panel.model.jobs()[0], "resume")
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=button.center())
    stage.settle()
    assert told(panel) == ["Shot 2, next."]


def test_delete_cancels_what_is_chosen(stage: Stage, panel: QueuePanel, qtbot: QtBot) -> None:
    queue(stage, 1, 2, 3)
    choose(panel, 0, 2)
    key(qtbot, panel, Qt.Key.Key_Delete)
    stage.settle()
    assert told(panel)[0] == "Shot 2, next."
    assert {job.shot_number for job in panel.model.jobs() if job.state == "cancelled"} == {1, 3}


def test_alt_and_an_arrow_moves_a_waiting_job(stage: Stage, panel: QueuePanel, qtbot: QtBot) -> None:
    queue(stage, 1, 2, 3)
    choose(panel, 2)
    key(qtbot, panel, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    stage.settle()
    assert numbers(panel) == [1, 3, 2]
    assert [job.shot_number for job in panel.chosen()] == [3]
    key(qtbot, panel, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    stage.settle()
    assert numbers(panel) == [1, 2, 3]


def test_a_waiting_job_is_dragged_to_the_front_and_to_the_end(stage: Stage, panel: QueuePanel) -> None:
    queue(stage, 4, 1, 2, 3)
    begin(stage)
    drag(panel, 3, to=0)  # above the running one: first of those that wait
    stage.settle()
    assert numbers(panel) == [4, 3, 1, 2]
    drag(panel, 1, to=4)
    stage.settle()
    assert numbers(panel) == [4, 1, 2, 3]
    assert not panel.model.flags(panel.model.index(0)) & Qt.ItemFlag.ItemIsDragEnabled


def test_a_waiting_job_is_edited(stage: Stage, panel: QueuePanel, qtbot: QtBot) -> None:
    queue(stage, 2)
    choose(panel, 0)
    key(qtbot, panel, Qt.Key.Key_Return)
    editor = panel.findChild(JobEditor)
    assert editor is not None
    editor.takes.setValue(3)
    editor.seed.setText("99")
    editor.steps.setText("8")
    editor.accept()
    stage.settle()
    assert told(panel) == ["Shot 2 · 3 seeds, next. seed 99 · 8 steps"]


def test_closing_the_editor_without_a_change_changes_nothing(stage: Stage, panel: QueuePanel) -> None:
    queue(stage, 2)
    before = panel.model.jobs()[0]
    panel._edit(before.id)
    editor = panel.findChild(JobEditor)
    assert editor is not None
    editor.accept()
    stage.settle()
    assert panel.model.jobs()[0] == before


def test_the_queue_is_paused_and_goes_on(stage: Stage, panel: QueuePanel) -> None:
    queue(stage, 2)
    panel.pause.click()
    stage.settle()
    assert told(panel) == ["Shot 2, paused."]
    assert panel.pause.text() == "Go on"
    panel.pause.click()
    stage.settle()
    assert told(panel) == ["Shot 2, next."]


def test_what_is_finished_is_cleared_and_the_takes_stay(stage: Stage, panel: QueuePanel) -> None:
    queue(stage, 2, 3)
    run_next(stage.board)
    refresh(stage)
    assert told(panel) == ["Shot 3, next.", "Shot 2, done."]
    panel.clear.click()
    stage.settle()
    assert told(panel) == ["Shot 3, next."]
    assert stage.shot(2).take_count == 2
    assert not panel.clear.isEnabled()


def test_the_selection_stays_with_its_job_while_the_queue_moves_on(stage: Stage, panel: QueuePanel) -> None:
    queue(stage, 1, 2, 3)
    choose(panel, 2)
    run_next(stage.board)
    refresh(stage)
    assert [job.shot_number for job in panel.chosen()] == [3]


def test_a_read_only_queue_can_be_looked_at(stage_to_read: Stage, qtbot: QtBot) -> None:
    panel = panel_of(stage_to_read)
    qtbot.addWidget(panel)
    assert not panel.pause.isEnabled() and not panel.clear.isEnabled()
    assert not panel.list.dragEnabled()


def test_every_state_offers_what_the_document_allows() -> None:
    offers = {state: actions_of(job(state)) for state in ("queued", "running", "cancelling", "done", "cancelled")}
    assert offers == {
        "queued": ["edit", "cancel"],
        "running": ["cancel"],
        "cancelling": [],
        "done": [],
        "cancelled": ["retry"],
    }


def test_an_engine_that_stands_still_is_restarted_by_the_button_of_its_job(
    stage: Stage, panel: QueuePanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(stage, 2)
    begun = begin(stage)
    refresh(stage)
    standing = ShotProgress(begun.job_id, 1, 3, 20, 60.0, "denoising", still_s=185.0)
    panel.model.set_progress(begun.job_id, standing)
    assert told(panel) == ["Shot 2, no progress for 3 min."]
    asked: list[str] = []
    monkeypatch.setattr(panel._verbs, "restart_engine", lambda: asked.append("restart"))
    option = QStyleOptionViewItem()
    option.rect = panel.list.visualRect(panel.model.index(0))
    button = panel.delegate.button_rect(option, panel.model.jobs()[0], "restart", standing)
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=button.center())
    assert asked == ["restart"]
    panel.model.set_progress(begun.job_id, replace(standing, step=4, still_s=0.0))
    assert told(panel) == ["Shot 2, 1:00 left."]
    assert actions_of(panel.model.jobs()[0], panel.model.progress_of(begun.job_id)) == ["cancel"]


def test_a_thousand_jobs_arrive_and_finish_in_no_time(qtbot: QtBot) -> None:
    model = JobsModel()
    jobs = [job("queued", number) for number in range(1000)]
    model.update(jobs)
    for done in range(50):
        jobs[done] = job("done", done)
        model.update(jobs)
    assert model.rowCount() == 1000
    assert model.jobs()[0].id == "job 50"
    assert model.jobs()[-50:][0].id == "job 49"


def test_times_are_told_as_on_a_clock() -> None:
    assert [clock(seconds) for seconds in (0.4, 59.6, 75, 3723)] == ["0:00", "1:00", "1:15", "1:02:03"]


def job(state: str, number: int = 0) -> JobView:
    finished = float(number) if state == "done" else None
    return JobView(
        f"job {number}", "render", state, "shot", "scene", number + 1, f"{number:05}", {}, 1, 0, "", "", "",
        0.0, None, finished,
    )  # fmt: skip


def numbers(panel: QueuePanel) -> list[int]:
    return [job.shot_number for job in panel.model.jobs()]


def drag(panel: QueuePanel, row: int, *, to: int) -> None:
    data = panel.model.mimeData([panel.model.index(row)])
    assert not panel.model.dropMimeData(data, Qt.DropAction.MoveAction, to, 0, QModelIndex())
