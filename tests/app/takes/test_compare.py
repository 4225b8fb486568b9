"""Two takes against each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.takes.compare_view import CompareView
from app.takes.differences import differences
from app.verbs import Verbs
from storyboards.views import TakeView
from tests.app.player.footage import film, read_back

LOAD = 20_000


@pytest.fixture
def view(qtbot: QtBot, document: OpenDocument, verbs: Verbs, takes: list[TakeView]) -> Iterator[CompareView]:
    widget = CompareView(document, verbs)
    qtbot.addWidget(widget)
    widget.resize(900, 560)
    widget.show()
    widget.compare([takes[1].id, takes[3].id])
    assert document.flush(20_000)
    widget.transport.pause()
    yield widget
    widget.close_view()


def shown(view: CompareView) -> list[tuple[int, int] | None]:
    return [None if image is None else read_back(image) for image in view.screen_widget.images]


def test_both_takes_show_the_same_moment(qtbot: QtBot, view: CompareView) -> None:
    for frame in (0, 16, 5, 11):
        view.transport.seek(frame)
        qtbot.waitUntil(lambda frame=frame: shown(view) == [(frame, 2), (frame, 4)], timeout=LOAD)


def test_they_play_in_step(qtbot: QtBot, view: CompareView) -> None:
    pairs: list[tuple[int, int]] = []
    view.projector.pair.connect(lambda a, b: pairs.append((read_back(a)[0], read_back(b)[0])))
    view.transport.seek(0)
    view.transport.play()
    qtbot.waitUntil(lambda: len(pairs) > 6, timeout=LOAD)
    assert all(first == second for first, second in pairs)


def test_the_shorter_take_holds_its_last_frame(
    qtbot: QtBot, view: CompareView, takes: list[TakeView]
) -> None:
    short = dataclasses.replace(takes[4], frames=9)  # not one of the two that are being read already
    film(short, 5)
    view.projector.set_takes(takes[1], short)
    view.transport.seek(14)
    qtbot.waitUntil(lambda: shown(view) == [(14, 2), (8, 5)], timeout=LOAD)


def test_the_divider_of_the_wipe_is_dragged_and_stays_inside(qtbot: QtBot, view: CompareView) -> None:
    view.set_mode("wipe")
    view.transport.seek(0)
    qtbot.waitUntil(lambda: None not in shown(view), timeout=LOAD)
    screen = view.screen_widget
    middle = screen.height() // 2
    qtbot.mousePress(screen, Qt.MouseButton.LeftButton, pos=QPoint(screen.width() // 2, middle))
    qtbot.mouseMove(screen, QPoint(screen.width() // 2 + 60, middle))
    assert 0.5 < screen.divider < 1.0
    qtbot.mouseMove(screen, QPoint(screen.width() + 500, middle))
    qtbot.mouseRelease(screen, Qt.MouseButton.LeftButton)
    assert screen.divider == 1.0
    qtbot.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert screen.divider < 1.0


def test_flipping_shows_one_and_the_other_in_the_same_place(qtbot: QtBot, view: CompareView) -> None:
    qtbot.keyClick(view, Qt.Key.Key_X)
    assert view.screen_widget.mode == "flip"
    assert not view.screen_widget.second_shown
    qtbot.keyClick(view, Qt.Key.Key_X)
    assert view.screen_widget.second_shown
    qtbot.mouseClick(view.screen_widget, Qt.MouseButton.LeftButton)
    assert not view.screen_widget.second_shown


def test_the_winner_becomes_the_selected_take(
    qtbot: QtBot, view: CompareView, document: OpenDocument, takes: list[TakeView]
) -> None:
    qtbot.keyClick(view, Qt.Key.Key_B)
    assert document.flush(20_000)
    assert document.storyboard.take(takes[3].id).selected
    assert document.flush(20_000)
    assert not view.choose[1].isEnabled()
    assert view.choose[0].isEnabled()
    view.choose[0].click()
    assert document.flush(20_000)
    assert document.storyboard.take(takes[1].id).selected


def test_another_take_can_be_put_beside(qtbot: QtBot, view: CompareView, document: OpenDocument) -> None:
    view.boxes[1].setCurrentIndex(5)
    view.boxes[1].activated.emit(5)
    assert document.flush(20_000)
    view.transport.pause()
    view.transport.seek(3)
    qtbot.waitUntil(lambda: shown(view) == [(3, 2), (3, 6)], timeout=LOAD)


def test_a_clip_that_is_gone_is_a_card(qtbot: QtBot, view: CompareView, takes: list[TakeView]) -> None:
    takes[4].video.unlink()
    with qtbot.waitSignal(view.projector.broken, timeout=LOAD) as told:
        view.compare([takes[1].id, takes[4].id])
    first, second = told.args
    assert first is None
    assert second.title == "Take 5 cannot be played"


@pytest.mark.parametrize("place", [1, 3])
def test_the_view_closes_when_one_of_its_takes_is_deleted(
    qtbot: QtBot, view: CompareView, document: OpenDocument, takes: list[TakeView], place: int
) -> None:
    document.do("Select", lambda board: board.select_take(takes[0].id))
    with qtbot.waitSignal(view.closed, timeout=LOAD):
        document.do("Delete", lambda board: board.delete_take(takes[place].id))


def test_what_differs_is_listed_and_what_is_the_same_is_only_named(view: CompareView) -> None:
    differing = {line.name for line in view.table.lines if not line.same}
    assert "Seed" in differing
    assert "Prompt" not in differing


def test_changed_words_of_the_prompt_are_bold_and_nothing_in_them_is_markup(takes: list[TakeView]) -> None:
    first = dataclasses.replace(takes[0], prompt="The <i>fox</i> walks home.", settings={"steps": 4})
    second = dataclasses.replace(takes[0], prompt="The <i>fox</i> runs home.", settings={"steps": 20})
    lines = {line.name: line for line in differences(first, second)}
    assert lines["Prompt"].first == "The &lt;i&gt;fox&lt;/i&gt; <b>walks</b> home."
    assert lines["Prompt"].second == "The &lt;i&gt;fox&lt;/i&gt; <b>runs</b> home."
    assert (lines["Steps"].first, lines["Steps"].second, lines["Steps"].same) == ("4", "20", False)
    assert lines["Seed"].same
