"""The board: shots in story order, selected, moved, inserted and explained by mouse and by keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QDrag, QDropEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from app.board.menu import shot_menu
from app.board.view import MIME
from engine.contract import Failed
from storyboards.requests import apply_event
from tests.storyboards.test_jobs import begin

from .conftest import Stage

LEFT, SHIFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
PLAIN = Qt.KeyboardModifier.NoModifier


def click(stage: Stage, number: int, keys: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mouseClick(stage.view.viewport(), LEFT, keys, stage.part(number, "prompt").center())


def press(stage: Stage, key: Qt.Key, keys: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.keyClick(stage.view, key, keys)


def colour_at(stage: Stage, place: QPoint) -> QColor:
    return stage.view.viewport().grab().toImage().pixelColor(place)


def hover(stage: Stage, place: QPoint) -> None:
    """The mouse moves there without a button; sent by hand, for offscreen there is no pointer."""
    view = stage.view.viewport()
    everywhere = (QPointF(place), QPointF(view.mapToGlobal(place)), Qt.MouseButton.NoButton, Qt.MouseButton.NoButton)
    QApplication.sendEvent(view, QMouseEvent(QEvent.Type.MouseMove, *everywhere, PLAIN))


def drop(stage: Stage, numbers: list[int], place: QPoint) -> None:
    data = QMimeData()
    data.setData(MIME, "\n".join(stage.shot(number).id for number in numbers).encode())
    event = QDropEvent(QPointF(place), Qt.DropAction.MoveAction, data, LEFT, PLAIN, QEvent.Type.Drop)
    stage.view.dropEvent(event)
    assert event.isAccepted()
    stage.settle()


def make_stale(stage: Stage) -> None:
    """Shot 1 gets another take, so the later ones have seen what the scene no longer shows."""
    from tests.storyboards.studio import run_all

    stage.storyboard.edit_shot(stage.shot(1).id, prompt="a: something else.")
    stage.storyboard.queue_render(stage.shot(1).id)
    run_all(stage.storyboard)
    stage.document.refresh()
    stage.settle()


def test_shift_and_ctrl_select_several_shots_in_story_order(stage: Stage, qtbot: QtBot) -> None:
    click(stage, 4)
    click(stage, 2, CONTROL)
    assert stage.selected() == [2, 4]
    with qtbot.waitSignal(stage.board.selection_changed) as told:
        click(stage, 5, SHIFT)
    assert stage.selected() == [2, 3, 4, 5]
    assert told.args == [stage.ids[1:5]]


def test_arrows_home_and_end_go_through_the_story(stage: Stage) -> None:
    across = stage.view.per_row()
    press(stage, Qt.Key.Key_Home)
    for _ in range(across):
        press(stage, Qt.Key.Key_Right)
    assert stage.selected() == [across + 1]  # over the end of the line
    press(stage, Qt.Key.Key_Up)
    assert stage.selected() == [1]
    press(stage, Qt.Key.Key_Up)
    assert stage.selected() == [1]
    press(stage, Qt.Key.Key_End)
    assert stage.selected() == [6]
    press(stage, Qt.Key.Key_Left, SHIFT)
    assert stage.selected() == [5, 6]


def test_enter_and_double_click_edit_the_prompt(stage: Stage, qtbot: QtBot) -> None:
    stage.select(3)
    with qtbot.waitSignal(stage.board.open_shot) as opened:
        press(stage, Qt.Key.Key_Return)
    assert opened.args == [stage.shot(3).id]
    place = stage.part(2, "prompt").center()
    with qtbot.waitSignal(stage.board.open_shot) as opened:
        QTest.mouseClick(stage.view.viewport(), LEFT, PLAIN, place)
        QTest.mouseDClick(stage.view.viewport(), LEFT, PLAIN, place)
    assert opened.args == [stage.shot(2).id]


def test_letters_are_left_to_the_shortcuts(stage: Stage) -> None:
    stage.select(1)
    press(stage, Qt.Key.Key_F)  # a list would jump to the prompt that begins with f
    assert stage.selected() == [1]


def test_dropping_several_shots_moves_them_together_and_keeps_them_selected(stage: Stage) -> None:
    stage.select(1, 3)
    drop(stage, [1, 3], stage.part(6, "frame").bottomRight())
    assert stage.prompts() == "bdefac"
    assert stage.selected() == [5, 6]
    stage.document.undo()
    stage.settle()
    assert stage.prompts() == "abcdef"


def test_a_drop_goes_where_the_line_was_shown(stage: Stage) -> None:
    for density in ("grid", "list"):
        stage.board.set_density(density)
        gap = stage.view.cell_rect(2).topLeft() + QPoint(2, 4)
        assert stage.view.gap_at(gap) == 2
        assert abs(stage.view._drop_line(2).center().x() - stage.view.cell_rect(2).x()) < 4 or density == "list"


def test_the_plus_between_two_shots_puts_a_new_one_there_and_selects_it(stage: Stage, qtbot: QtBot) -> None:
    gap = QPoint(stage.view.cell_rect(2).left(), stage.part(3, "poster").center().y())
    hover(stage, gap)
    plus = stage.view.inserting.plus
    assert plus.isVisible() and plus.accessibleName() == "New shot before shot 3"
    with qtbot.waitSignal(stage.verbs.edit_wanted):
        plus.click()
    stage.settle()
    assert stage.prompts() == "ab_cdef"
    assert stage.selected() == [3]


def test_after_the_last_shot_there_is_always_a_place_for_a_new_one(stage: Stage) -> None:
    for width in (1000, 500, 260):
        stage.board.resize(width, 640)
        bar = stage.view.verticalScrollBar()
        bar.setValue(bar.maximum())
        tile = stage.view.inserting.tile
        assert tile.isVisible() and stage.view.viewport().rect().contains(tile.geometry()), width
    stage.view.inserting.tile.click()
    stage.settle()
    assert stage.prompts() == "abcdef_"


def test_cards_stand_where_clicks_are_looked_for_at_every_width(stage: Stage) -> None:
    for density in ("grid", "list"):
        stage.board.set_density(density)
        for width in range(240, 1500, 47):
            stage.board.resize(width, 640)
            stage.view.executeDelayedItemsLayout()
            for row in range(6):
                rect = stage.view.visualRect(stage.model.index(row))
                assert rect.topLeft() == stage.view.cell_rect(row).topLeft(), (density, width, row)


def test_the_deleted_shots_neighbour_is_selected_next(stage: Stage) -> None:
    stage.select(3)
    stage.verbs.delete()
    stage.settle()
    assert stage.prompts() == "abdef"
    assert stage.selected() == [3]


def test_cards_show_their_posters_and_hovering_plays_the_filmstrip(stage: Stage, qtbot: QtBot) -> None:
    poster = stage.part(2, "poster")
    below = poster.center() + QPoint(0, 20)
    qtbot.waitUntil(lambda: colour_at(stage, below).red() > 150)
    assert colour_at(stage, below).green() < 60
    place = QPoint(poster.left() + poster.width() * 12 // 16 + 3, poster.center().y())
    hover(stage, place)
    qtbot.waitUntil(lambda: abs(colour_at(stage, below).green() - 12 * 17) < 12)
    assert stage.view.cards.scrubbed == (stage.shot(2).id, 12)
    qtbot.waitUntil(lambda: stage.view.cards.scrubbed not in (None, (stage.shot(2).id, 12)))  # at rest it plays on
    hover(stage, stage.part(2, "prompt").center())
    assert stage.view.cards.scrubbed is None


def test_a_stale_shot_says_why_and_can_be_kept_or_refreshed(stage: Stage, qtbot: QtBot) -> None:
    make_stale(stage)
    assert stage.board.strip.isVisible()
    state = stage.part(2, "state").center()
    QTest.mouseClick(stage.view.viewport(), LEFT, PLAIN, state)
    assert stage.board.popover.isVisible()
    assert stage.board.popover.reasons() == ["Saw take 1 of shot 1, which now shows take 2."]
    stage.board.popover.keep.click()
    stage.settle()
    assert not stage.shot(2).stale and stage.shot(3).stale
    QTest.mouseClick(stage.view.viewport(), LEFT, PLAIN, stage.part(3, "state").center())
    stage.board.popover.refresh.click()
    stage.settle()
    assert [job.shot_number for job in stage.storyboard.jobs(active=True)] == [3]


def test_the_strip_keeps_or_explains_all_stale_shots_at_once(stage: Stage) -> None:
    make_stale(stage)
    stage.board.strip.why.click()
    assert "Shot 4" in stage.board.popover.reasons()
    stage.board.popover.close()
    stage.board.strip.keep.click()
    stage.settle()
    assert not any(shot.stale for shot in stage.model.shots())
    assert not stage.board.strip.isVisible()


def test_an_empty_board_says_what_to_press_and_offers_other_ways_to_begin(empty_stage: Stage, qtbot: QtBot) -> None:
    stage = empty_stage
    assert stage.board.empty.isVisible() and not stage.view.isVisible()
    for button, signal in (
        (stage.board.empty.story, stage.board.import_wanted),
        (stage.board.empty.example, stage.board.example_wanted),
    ):
        with qtbot.waitSignal(signal):
            button.click()
    stage.board.empty.new.click()
    stage.settle()
    assert stage.prompts() == "_"
    assert stage.view.isVisible() and stage.selected() == [1]


def test_the_menu_acts_on_all_selected_shots(stage: Stage) -> None:
    stage.select(2, 4)
    menu = shot_menu(stage.board)
    texts = {action.text().split("\t")[0]: action for action in menu.actions()}
    assert not texts["Edit prompt"].isEnabled()  # one shot at a time
    texts["Lock"].trigger()
    stage.settle()
    assert [shot.locked for shot in stage.model.shots()] == [False, True, False, True, False, False]
    texts["Delete"].trigger()
    stage.settle()
    assert stage.prompts() == "acef"


def test_a_project_open_for_reading_shows_everything_and_changes_nothing(stage_to_read: Stage) -> None:
    stage = stage_to_read
    stage.select(2)
    hover(stage, QPoint(stage.view.cell_rect(2).left(), 60))
    assert not stage.view.inserting.plus.isVisible() and not stage.view.inserting.tile.isVisible()
    enabled = {action.text().split("\t")[0] for action in shot_menu(stage.board).actions() if action.isEnabled()}
    assert {text for text in enabled if text} == {"Edit prompt", "Play"}
    assert stage.selected() == [2]


def test_changing_the_density_keeps_selection_and_tells_the_shell(stage: Stage, qtbot: QtBot) -> None:
    stage.select(5)
    with qtbot.waitSignal(stage.board.density_changed) as told:
        stage.board.head.list.click()
    assert told.args == ["list"] and stage.board.density() == "list"
    assert stage.selected() == [5]


def test_every_control_has_a_name_and_a_tooltip(stage: Stage) -> None:
    make_stale(stage)
    for button in stage.board.findChildren(QAbstractButton):
        assert button.accessibleName() or not button.isVisible(), button
        assert button.toolTip() or not button.isVisible(), button.accessibleName()


def test_a_card_pulled_by_the_mouse_travels_and_is_no_selection_of_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    travelled: list[bytes] = []
    monkeypatch.setattr(QDrag, "exec", lambda drag, _: travelled.append(bytes(drag.mimeData().data(MIME).data())))
    view, start = stage.view.viewport(), stage.part(3, "prompt").center()
    QTest.mousePress(view, LEFT, PLAIN, start)
    for far in range(4, 60, 4):
        place = QPointF(start - QPoint(far, 0))
        none = Qt.MouseButton.NoButton
        QApplication.sendEvent(view, QMouseEvent(QEvent.Type.MouseMove, place, place, none, LEFT, PLAIN))
    QTest.mouseRelease(view, LEFT, PLAIN, start)
    assert travelled[0].decode() == stage.ids[2]
    assert stage.selected() == [3]


def test_what_failed_is_tried_again_as_it_was_asked_for(stage: Stage) -> None:
    board = stage.storyboard
    job = board.queue_render(stage.shot(6).id, takes=3).new_id("job")
    _, request = begin(board)
    apply_event(board, job, Failed(request.id, "disk_full", "the disk is full", "free some space"))
    stage.document.refresh()
    stage.settle()
    stage.board.refresh_shots([stage.shot(6).id])
    stage.settle()
    again = [line for line in stage.document.jobs if line.state == "queued"]
    assert [(line.shot_id, line.params["takes"]) for line in again] == [(stage.shot(6).id, 3)]
