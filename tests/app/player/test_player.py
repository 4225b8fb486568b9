"""The player plays what the document shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.player.player import Player
from app.theme.style import apply

from .footage import footage, more_takes, read_back, write_clip

SHOT = 17
LOAD = 20_000


def shots(document: OpenDocument) -> list[str]:
    return [shot.id for shot in document.storyboard.shots(document.scene_id)]


def shown(player: Player) -> tuple[int, int] | None:
    """Frame number and mark of the picture on the screen."""
    image = player.screen_widget.image
    return None if image is None else read_back(image)


def wait_for(qtbot: QtBot, player: Player, frame: int, mark: int) -> None:
    qtbot.waitUntil(lambda: shown(player) == (frame, mark), timeout=LOAD)


def test_the_scene_is_its_selected_takes_joined_in_order(qtbot: QtBot, player: Player) -> None:
    assert player.transport.timeline.length == 3 * SHOT
    for frame, expected in ((0, (0, 1)), (16, (16, 1)), (17, (0, 2)), (50, (16, 3)), (33, (16, 2))):
        player.transport.seek(frame)
        wait_for(qtbot, player, *expected)


def test_another_take_is_shown_at_the_same_moment(qtbot: QtBot, player: Player, document: OpenDocument) -> None:
    second = shots(document)[1]
    takes = more_takes(document.storyboard, second, 6)
    player.transport.seek(SHOT + 5)
    document.do("Select", lambda board: board.select_take(takes[-1].id))
    assert document.flush(LOAD)
    wait_for(qtbot, player, 5, takes[-1].number)
    assert player.transport.head == SHOT + 5


def test_the_head_stays_in_its_shot_when_one_before_it_goes(player: Player, document: OpenDocument) -> None:
    player.transport.seek(2 * SHOT + 3)
    document.do("Delete", lambda board: board.delete_shot(shots(document)[0]))
    assert document.flush(LOAD)
    assert player.transport.head == SHOT + 3


def test_a_shot_without_a_take_is_a_card_of_its_length(qtbot: QtBot, player: Player, document: OpenDocument) -> None:
    document.do("Add", lambda board: board.insert_shot(document.scene_id, "The fox sleeps.", after=shots(document)[0]))
    assert document.flush(LOAD)
    assert player.transport.timeline.length == 4 * SHOT
    player.transport.seek(SHOT + 2)
    card = player.screen_widget.card
    assert card is not None
    assert (card.title, card.text) == ("Shot 2", "The fox sleeps.")
    assert "Generate" in card.hint
    player.transport.seek(2 * SHOT)
    wait_for(qtbot, player, 0, 2)


def test_an_empty_scene_says_what_to_do(qtbot: QtBot, player: Player, document: OpenDocument) -> None:
    for shot_id in shots(document):
        document.do("Delete", lambda board, shot_id=shot_id: board.delete_shot(shot_id))
    assert document.flush(LOAD)
    card = player.screen_widget.card
    assert card is not None
    assert card.hint == "Write a shot and generate it."
    assert not player.controls.isEnabled()


def test_a_clip_that_is_gone_is_a_card_and_the_rest_plays_on(
    qtbot: QtBot, player: Player, document: OpenDocument
) -> None:
    take = document.storyboard.takes(shots(document)[2])[0]
    take.video.unlink()
    player.transport.seek(2 * SHOT + 16)
    qtbot.waitUntil(lambda: player.screen_widget.card is not None, timeout=LOAD)
    card = player.screen_widget.card
    assert card is not None
    assert card.title == "Take 1 cannot be played"
    assert "Select another take" in card.hint
    player.transport.seek(0)
    wait_for(qtbot, player, 0, 1)


def test_a_shot_plays_alone_and_the_scene_comes_back_as_it_was(player: Player, document: OpenDocument) -> None:
    player.transport.set_points((5, 40))
    player.play_shot(shots(document)[1])
    assert player.transport.timeline.length == SHOT
    assert player.transport.playing
    assert player.back_button.isVisible()
    assert player.scene_range() is None
    player.transport.step(3)
    head = player.transport.head
    player.back_button.click()
    assert player.transport.timeline.length == 3 * SHOT
    assert player.transport.head == SHOT + head
    assert player.scene_range() == (5, 40)
    assert not player.back_button.isVisible()


def test_a_take_that_is_not_selected_plays_too(qtbot: QtBot, player: Player, document: OpenDocument) -> None:
    takes = more_takes(document.storyboard, shots(document)[0], 4)
    player.transport.seek(20)
    player.play_take(takes[3])
    player.transport.step(0)
    player.transport.seek(7)
    wait_for(qtbot, player, 7, takes[3].number)
    assert "Shot 1" in player.controls.name.text()
    assert f"take {takes[3].number}" in player.controls.name.text()
    player.play_scene(play=False)
    assert player.transport.head == 20


def test_any_clip_of_the_disk_plays(qtbot: QtBot, player: Player, tmp_path: Path) -> None:
    write_clip(tmp_path / "export.mp4", footage(30, mark=4), fps=24)
    player.play_take(tmp_path / "export.mp4")
    qtbot.waitUntil(lambda: player.transport.timeline.length == 30, timeout=LOAD)
    assert player.transport.timeline.fps == 24
    player.transport.pause()
    player.transport.seek(29)
    wait_for(qtbot, player, 29, 4)


def test_pressing_and_dragging_on_the_bar_scrubs_frame_by_frame(qtbot: QtBot, player: Player) -> None:
    bar = player.scrub_bar
    frames = []
    player.transport.moved.connect(frames.append)

    def place(frame: int) -> QPoint:
        return QPoint(round(bar.x_of(frame) + bar.x_of(1) / 2 - bar.x_of(0) / 2), bar.height() // 2)

    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=place(10))
    for frame in range(11, 40):
        qtbot.mouseMove(bar, place(frame))
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=place(39))
    assert frames[0] == 10
    assert player.transport.head == 39
    assert frames == sorted(frames)
    wait_for(qtbot, player, 39 - 2 * SHOT, 3)


@pytest.mark.parametrize(
    ("keys", "head"),
    [
        ([Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left], 21),
        ([Qt.Key.Key_Down], 34),
        ([Qt.Key.Key_Up], 17),
        ([Qt.Key.Key_Up, Qt.Key.Key_Up], 0),
        ([Qt.Key.Key_End], 50),
        ([Qt.Key.Key_Home], 0),
    ],
)
def test_the_keys_of_editing_tables_move_the_head(
    qtbot: QtBot, player: Player, keys: list[Qt.Key], head: int
) -> None:
    player.transport.seek(20)
    for key in keys:
        qtbot.keyClick(player.scrub_bar, key)
    assert player.transport.head == head


def test_space_j_k_l_i_o_play_and_mark(qtbot: QtBot, player: Player) -> None:
    bar = player.scrub_bar
    player.transport.seek(20)
    qtbot.keyClick(bar, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert player.transport.head == 12
    qtbot.keyClick(bar, Qt.Key.Key_I)
    qtbot.keyClick(bar, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(bar, Qt.Key.Key_O)
    assert player.scene_range() == (12, 21)
    qtbot.keyClick(bar, Qt.Key.Key_I, Qt.KeyboardModifier.AltModifier)
    qtbot.keyClick(bar, Qt.Key.Key_O, Qt.KeyboardModifier.AltModifier)
    assert player.scene_range() is None
    for key, speed in ((Qt.Key.Key_L, 1), (Qt.Key.Key_L, 2), (Qt.Key.Key_J, -1), (Qt.Key.Key_K, 0)):
        qtbot.keyClick(bar, key)
        assert player.transport.speed == speed
    qtbot.keyClick(bar, Qt.Key.Key_Space)
    assert player.transport.playing
    qtbot.keyClick(bar, Qt.Key.Key_Space)
    assert not player.transport.playing


def test_letters_of_the_player_do_not_reach_the_verbs_of_the_window(player: Player) -> None:
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_L, Qt.KeyboardModifier.NoModifier, "l")
    override.ignore()
    QApplication.sendEvent(player.scrub_bar, override)
    assert override.isAccepted()
    other = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_R, Qt.KeyboardModifier.NoModifier, "r")
    other.ignore()
    QApplication.sendEvent(player.scrub_bar, other)
    assert not other.isAccepted()


def test_keys_can_be_given_away(qtbot: QtBot, player: Player) -> None:
    player.set_keys({"forward": ";"})
    qtbot.keyClick(player.scrub_bar, Qt.Key.Key_L)
    assert not player.transport.playing
    qtbot.keyClick(player.scrub_bar, Qt.Key.Key_Semicolon)
    assert player.transport.playing
    player.transport.pause()


def test_a_hidden_player_does_not_play_on(player: Player) -> None:
    player.transport.play()
    player.hide()
    assert not player.transport.playing


def test_the_board_is_told_which_shot_the_head_is_in(player: Player, document: OpenDocument) -> None:
    told: list[str] = []
    player.shot_shown.connect(told.append)
    player.transport.seek(SHOT)
    player.transport.seek(SHOT + 1)
    player.transport.seek(2 * SHOT)
    assert told == shots(document)[1:]
    player.show_shot(shots(document)[0])
    assert player.transport.head == 0


def test_full_screen_shows_the_same_picture_and_goes_with_escape(qtbot: QtBot, player: Player) -> None:
    player.transport.seek(3)
    wait_for(qtbot, player, 3, 1)
    player.act("fullscreen")
    window = player._full
    assert window is not None
    assert window.screen_widget.image is not None
    assert read_back(window.screen_widget.image) == (3, 1)
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert player.transport.head == 4
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert player._full is None


def test_stale_shots_are_tinted_and_name_their_reason(player: Player, document: OpenDocument) -> None:
    apply(QApplication.instance(), "dark")  # type: ignore[arg-type]
    first = shots(document)[0]
    more_takes(document.storyboard, first, 1)
    document.refresh()
    assert document.flush(LOAD)
    stale = [bool(segment.stale) for segment in player.transport.timeline.segments]
    assert stale == [False, True, True]
    bar = player.scrub_bar
    picture = bar.grab().toImage()
    ratio = picture.devicePixelRatio()

    def tint(frame: float) -> tuple[int, int]:
        pixel = picture.pixelColor(round(bar.x_of(frame) * ratio), round(16 * ratio))
        return pixel.red(), pixel.blue()

    assert tint(10)[0] - tint(10)[1] < 10
    assert tint(SHOT + 10)[0] - tint(SHOT + 10)[1] > 20
