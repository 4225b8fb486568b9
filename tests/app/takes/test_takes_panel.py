"""All takes of a shot, and what can be done with them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QToolButton
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.pictures import Pictures
from app.takes.takes_panel import TakesPanel
from app.verbs import Verbs
from storyboards.project import Project
from storyboards.views import TakeView
from tests.app.player.footage import more_takes


@pytest.fixture
def panel(
    qtbot: QtBot, document: OpenDocument, verbs: Verbs, pictures: Pictures, shot: str
) -> Iterator[TakesPanel]:
    widget = TakesPanel(document, verbs, pictures)
    qtbot.addWidget(widget)
    widget.resize(1000, 400)
    widget.show()
    widget.show_shot(shot)
    assert document.flush(20_000)
    yield widget


def now(document: OpenDocument, take: TakeView) -> TakeView:
    assert document.flush(20_000)
    return document.storyboard.take(take.id)


def texts(panel: TakesPanel) -> str:
    return "\n".join(label.text() for label in panel.details.widget().findChildren(QLabel))


def test_every_take_is_a_card_and_the_selected_one_is_highlighted(panel: TakesPanel, takes: list[TakeView]) -> None:
    assert [take.number for take in panel.model.takes] == [1, 2, 3, 4, 5, 6]
    assert panel.current_take is not None
    assert panel.current_take.selected


def test_a_take_shows_the_words_and_seed_it_was_made_with_not_todays(
    panel: TakesPanel, document: OpenDocument, shot: str, takes: list[TakeView]
) -> None:
    document.do("Edit", lambda board: board.edit_shot(shot, prompt="Something else entirely."))
    assert document.flush(20_000)
    panel.strip.highlight(takes[2].id)
    shown = texts(panel)
    assert takes[2].prompt in shown
    assert str(takes[2].seed) in shown
    assert "Something else" not in shown
    assert "Prompt changed since" in shown


def test_enter_or_a_double_click_selects_a_take_and_undo_brings_the_old_one_back(
    qtbot: QtBot, panel: TakesPanel, document: OpenDocument, takes: list[TakeView]
) -> None:
    before = next(take for take in takes if take.selected)
    panel.strip.highlight(takes[3].id)
    qtbot.keyClick(panel.strip, Qt.Key.Key_Return)
    assert now(document, takes[3]).selected
    assert document.flush(20_000)
    assert panel.buttons["select"].text() == "Selected"
    assert not panel.buttons["select"].isEnabled()
    place = panel.strip.visualRect(panel.model.index(4)).center()
    qtbot.mouseClick(panel.strip.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(panel.strip.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert now(document, takes[4]).selected
    document.undo()
    document.flush(20_000)
    document.undo()
    assert now(document, before).selected


def test_star_and_rejection_are_given_and_taken_back(
    panel: TakesPanel, document: OpenDocument, takes: list[TakeView]
) -> None:
    panel.strip.highlight(takes[1].id)
    panel.buttons["favourite"].click()
    assert now(document, takes[1]).favourite
    assert document.flush(20_000)
    panel.buttons["favourite"].click()
    assert not now(document, takes[1]).favourite
    panel.buttons["reject"].click()
    assert now(document, takes[1]).rating == "rejected"
    assert document.flush(20_000)
    assert panel.buttons["reject"].text() == "Reconsider"
    panel.buttons["reject"].click()
    assert now(document, takes[1]).rating == "open"


def test_a_deleted_take_goes_and_undo_brings_it_back(
    qtbot: QtBot, panel: TakesPanel, document: OpenDocument, takes: list[TakeView]
) -> None:
    other = next(take for take in takes if not take.selected)
    panel.strip.highlight(other.id)
    qtbot.keyClick(panel.strip, Qt.Key.Key_Delete)
    assert document.flush(20_000)
    assert panel.model.row_of(other.id) == -1
    assert panel.current_take is not None, "a neighbour is highlighted instead"
    document.undo()
    assert document.flush(20_000)
    assert panel.model.row_of(other.id) >= 0


def test_the_take_that_the_scene_shows_cannot_be_deleted_and_says_why(panel: TakesPanel) -> None:
    assert panel.current_take is not None
    assert panel.current_take.selected
    assert not panel.buttons["delete"].isEnabled()
    assert "select another one first" in panel.buttons["delete"].toolTip()


def test_a_new_take_appears_and_the_highlight_stays(
    panel: TakesPanel, document: OpenDocument, shot: str, takes: list[TakeView]
) -> None:
    panel.strip.highlight(takes[2].id)
    more_takes(document.storyboard, shot, 2)
    document.refresh()
    assert document.flush(20_000)
    assert len(panel.model.takes) == 8
    assert panel.current_take is not None
    assert panel.current_take.id == takes[2].id


def test_the_highlight_follows_when_the_scene_shows_another_take(
    panel: TakesPanel, document: OpenDocument, verbs: Verbs, takes: list[TakeView]
) -> None:
    document.do("", lambda board: board.select_take(takes[0].id))
    assert document.flush(20_000)
    verbs.next_take()
    assert document.flush(20_000)
    assert panel.current_take is not None
    assert panel.current_take.id == takes[1].id


def test_a_hidden_panel_reads_when_it_is_looked_at(
    panel: TakesPanel, document: OpenDocument, shot: str, takes: list[TakeView]
) -> None:
    panel.hide()
    document.do("Star", lambda board: board.favourite_take(takes[0].id))
    assert document.flush(20_000)
    assert not panel.model.takes[0].favourite
    panel.show()
    assert document.flush(20_000)
    assert panel.model.takes[0].favourite


def test_more_seeds_queue_that_many_takes(panel: TakesPanel, document: OpenDocument, shot: str) -> None:
    panel.count.setValue(6)
    panel.buttons["seeds"].click()
    assert document.flush(20_000)
    (job,) = document.storyboard.jobs(active=True)
    assert (job.shot_id, job.takes_planned) == (shot, 6)


def test_comparing_takes_the_two_highlighted_ones_or_the_selected_one_as_partner(
    panel: TakesPanel, takes: list[TakeView]
) -> None:
    asked: list[list[str]] = []
    panel.compare_wanted.connect(asked.append)
    shown = next(take for take in takes if take.selected)
    other = next(take for take in takes if not take.selected)
    panel.strip.highlight(other.id)
    panel.buttons["compare"].click()
    panel.strip.selectAll()
    panel.buttons["compare"].click()
    assert asked == [[shown.id, other.id], [takes[0].id, takes[1].id]]


def test_the_seed_can_be_copied(panel: TakesPanel, takes: list[TakeView]) -> None:
    panel.strip.highlight(takes[4].id)
    copy = next(
        button for button in panel.details.widget().findChildren(QToolButton)
        if button.accessibleName() == "Copy the seed"
    )  # fmt: skip
    copy.click()
    assert QGuiApplication.clipboard().text() == str(takes[4].seed)


def test_the_space_bar_asks_the_player_for_the_take(qtbot: QtBot, panel: TakesPanel, takes: list[TakeView]) -> None:
    asked: list[TakeView] = []
    panel.play_wanted.connect(asked.append)
    panel.strip.highlight(takes[5].id)
    qtbot.keyClick(panel.strip, Qt.Key.Key_Space)
    assert [take.id for take in asked] == [takes[5].id]


def test_hovering_plays_the_filmstrip_under_the_pointer(
    qtbot: QtBot, panel: TakesPanel, pictures: Pictures, takes: list[TakeView]
) -> None:
    box = panel.strip.visualRect(panel.model.index(1))
    with qtbot.waitSignal(pictures.ready, timeout=20_000, check_params_cb=lambda path: path == str(takes[1].filmstrip)):
        qtbot.mouseMove(panel.strip.viewport(), box.center())
    sheet = pictures.pixmap(takes[1].filmstrip)
    assert sheet is not None
    assert sheet.width() == 16 * 112

    def brightness(x: int) -> int:
        qtbot.mouseMove(panel.strip.viewport(), box.topLeft())
        panel.strip._hover(box.topLeft() + type(box.topLeft())(x, 40))
        picture = panel.strip.viewport().grab().toImage()
        ratio = picture.devicePixelRatio()
        return picture.pixelColor(round((box.left() + 40) * ratio), round((box.top() + 50) * ratio)).green()

    assert brightness(8) < brightness(box.width() // 2) < brightness(box.width() - 8)


def test_without_a_shot_or_takes_the_panel_says_what_to_do(panel: TakesPanel, document: OpenDocument) -> None:
    panel.show_shot(None)
    assert panel.empty.isVisible()
    assert panel.empty.text() == "Select a shot to see its takes."
    assert not panel.buttons["seeds"].isEnabled()
    changes = document.storyboard.add_shot(document.scene_id, "New")
    panel.show_shot(changes.new_id("shot"))
    assert document.flush(20_000)
    assert "no takes yet" in panel.empty.text()
    assert panel.buttons["seeds"].isEnabled()


def test_what_is_read_late_for_another_shot_is_not_shown(panel: TakesPanel, document: OpenDocument, shot: str) -> None:
    other = document.storyboard.shots(document.scene_id)[1].id
    panel.show_shot(other)
    panel.show_shot(shot)
    panel.show_shot(other)
    assert document.flush(20_000)
    assert [take.shot_id for take in panel.model.takes] == [other]


def test_a_read_only_project_can_be_looked_at_and_nothing_more(
    qtbot: QtBot, document: OpenDocument, verbs: Verbs, pictures: Pictures, shot: str
) -> None:
    looking = OpenDocument(Project.open(document.project.path, read_only=True))
    panel = TakesPanel(looking, verbs, pictures)
    qtbot.addWidget(panel)
    panel.show_shot(shot)
    assert looking.flush(20_000)
    enabled = {name for name, button in panel.buttons.items() if button.isEnabled()}
    assert enabled == {"reveal", "compare"}
    looking.close()
