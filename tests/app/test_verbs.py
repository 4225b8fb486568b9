"""What each verb of the user does, and that all of them are taken back and done again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from app.document.open_document import OpenDocument
from app.verbs import Verbs
from storyboards.project import Project
from storyboards.views import ShotView
from tests.storyboards.studio import run_all


class Hand:
    """A user: a selection, the verbs, and what is told."""

    def __init__(self, document: OpenDocument) -> None:
        self.document, self.board = document, document.storyboard
        self.selected: list[str] = []
        self.verbs = Verbs(document, None, lambda: self.selected)
        self.told: list[tuple[str, str]] = []
        document.problem.connect(lambda message, hint: self.told.append((message, hint)))

    @property
    def shots(self) -> tuple[ShotView, ...]:
        assert self.document.flush(30_000) and self.document.snapshot is not None
        return self.document.snapshot.shots

    def select(self, *numbers: int) -> None:
        shots = self.shots
        self.selected = [shots[number - 1].id for number in numbers]

    def order(self, ids: list[str]) -> list[int]:
        return [ids.index(shot.id) + 1 for shot in self.shots]


@pytest.fixture
def hand(document: OpenDocument) -> Hand:
    return Hand(document)


@pytest.fixture
def rendered_hand(rendered_document: OpenDocument) -> Hand:
    return Hand(rendered_document)


def test_a_new_shot_comes_after_the_selection_and_wants_its_prompt(hand: Hand, qtbot: QtBot) -> None:
    hand.select(2)
    with qtbot.waitSignal(hand.verbs.edit_wanted, timeout=20_000) as wanted:
        hand.verbs.new_shot()
    assert [shot.prompt for shot in hand.shots] == ["The fox does 1.", "The fox does 2.", "", "The fox does 3.",
                                                    "The fox does 4."]  # fmt: skip
    assert wanted.args == [hand.shots[2].id]


def test_without_a_selection_a_new_shot_ends_the_scene_or_begins_it(hand: Hand) -> None:
    hand.verbs.new_shot()
    hand.verbs.new_shot_before()
    hand.verbs.insert_at(99)
    assert [bool(shot.prompt) for shot in hand.shots] == [False, True, True, True, True, False, False]


def test_shots_move_one_place_together_and_stop_at_the_edge(hand: Hand) -> None:
    ids = [shot.id for shot in hand.shots]
    hand.select(3, 4)
    hand.verbs.move_up()
    assert hand.order(ids) == [1, 3, 4, 2]
    hand.verbs.move_up()
    hand.verbs.move_up()
    assert hand.order(ids) == [3, 4, 1, 2]
    hand.verbs.move_down()
    assert hand.order(ids) == [1, 3, 4, 2]


def test_shots_are_dropped_where_they_are_let_go(hand: Hand) -> None:
    ids = [shot.id for shot in hand.shots]
    hand.verbs.move_to([ids[3], ids[0]], 2)
    assert hand.order(ids) == [2, 1, 4, 3]
    hand.verbs.move_to([ids[1]], 4)
    assert hand.order(ids) == [1, 4, 3, 2]
    assert hand.document.undo_stack.count() == 2


def test_a_move_to_where_it_stands_is_no_step(hand: Hand) -> None:
    ids = [shot.id for shot in hand.shots]
    hand.verbs.move_to([ids[1], ids[2]], 1)
    hand.select(1)
    hand.verbs.move_up()
    assert hand.order(ids) == [1, 2, 3, 4] and hand.document.undo_stack.count() == 0


def test_a_copy_is_selected_and_has_what_its_user_said(hand: Hand, qtbot: QtBot) -> None:
    hand.verbs.set_seed(hand.shots[0].id, 77)
    hand.verbs.set_settings(hand.shots[0].id, {"steps": 9})
    hand.select(1)
    hand.verbs.toggle_lock()
    with qtbot.waitSignal(hand.verbs.selection_wanted, timeout=20_000) as wanted:
        hand.verbs.duplicate()
    copy = hand.shots[1]
    assert wanted.args == [[copy.id]]
    assert (copy.prompt, copy.seed, copy.settings, copy.locked) == ("The fox does 1.", 77, {"steps": 9}, False)


def test_cut_and_continuation_follow_the_first_of_the_selection(hand: Hand) -> None:
    hand.select(2)
    hand.verbs.toggle_continue()
    hand.select(1, 2, 3)
    hand.verbs.toggle_continue()  # the first shot cannot continue; of the others the first one does
    assert [shot.continues for shot in hand.shots] == [False, False, False, False]
    hand.select(1)
    hand.verbs.toggle_continue()
    assert hand.told == [
        ("The first shot has none before it to continue.", "Move it down, or choose a later shot.")
    ]


def test_without_a_selection_a_verb_says_what_to_do(hand: Hand) -> None:
    for verb in (hand.verbs.delete, hand.verbs.generate, hand.verbs.toggle_lock, hand.verbs.move_up):
        verb()
    assert hand.told == [("No shot is selected.", "Click a shot, or press N for a new one.")] * 4


def jobs(hand: Hand) -> list[tuple[int, str, int, Any]]:
    hand.document.flush(30_000)
    return [(job.shot_number, job.kind, job.takes_planned, job.params["seed"]) for job in hand.document.jobs]


def test_generate_queues_the_selection_and_is_not_undone(hand: Hand) -> None:
    hand.select(1, 3)
    hand.verbs.generate()
    assert jobs(hand) == [(1, "render", 1, None), (3, "render", 1, None)]
    assert hand.document.undo_stack.count() == 0
    hand.verbs.generate()
    assert jobs(hand) == [(1, "render", 1, None), (3, "render", 1, None)]
    assert "already" in hand.told[0][0]


def test_pressing_regenerate_again_makes_the_waiting_job_bigger(hand: Hand) -> None:
    hand.select(2)
    hand.verbs.regenerate()
    hand.verbs.regenerate()
    hand.verbs.seeds(4)
    assert jobs(hand) == [(2, "render", 6, None)]


def test_a_fixed_seed_is_used_for_one_take_and_others_for_several(hand: Hand) -> None:
    hand.verbs.set_seed(hand.shots[0].id, 77)
    hand.verbs.set_seed(hand.shots[1].id, 77)
    hand.select(1)
    hand.verbs.regenerate()
    hand.select(2)
    hand.verbs.seeds(3)
    (one, several) = jobs(hand)
    assert one == (1, "render", 1, 77) and several[3] not in (None, 77)


def test_a_locked_shot_is_not_rendered_until_it_is_unlocked(hand: Hand) -> None:
    hand.select(2)
    hand.verbs.toggle_lock()
    hand.verbs.generate()
    assert jobs(hand) == []
    assert hand.told == [("This shot is locked, so that nothing changes it.", "Unlock it to render it.")]
    hand.verbs.generate_scene()
    assert [job[0] for job in jobs(hand)] == [1, 3, 4]
    hand.verbs.toggle_lock()
    hand.verbs.generate_scene()
    assert [job[0] for job in jobs(hand)] == [1, 3, 4, 2]
    hand.verbs.generate_scene()
    hand.document.flush(30_000)
    assert "Every shot" in hand.told[-1][0]


def test_extending_asks_for_two_seconds(rendered_hand: Hand) -> None:
    rendered_hand.select(2)
    rendered_hand.verbs.extend()
    rendered_hand.document.flush(30_000)
    assert [job.params["add_frames"] for job in rendered_hand.document.jobs if job.kind == "extend"] == [16]


def make_stale(hand: Hand) -> None:
    """Give shot 1 another take: all later ones saw the first."""
    hand.select(1)
    hand.verbs.regenerate()
    hand.document.flush(30_000)
    run_all(hand.board)
    hand.document.refresh()


def test_stale_shots_are_refreshed_together_or_kept(rendered_hand: Hand) -> None:
    make_stale(rendered_hand)
    assert [bool(shot.stale) for shot in rendered_hand.shots] == [False, True, True, True]
    rendered_hand.select(2)
    rendered_hand.verbs.keep_stale()
    assert [bool(shot.stale) for shot in rendered_hand.shots] == [False, False, True, True]
    assert rendered_hand.shots[1].hints == ("kept: saw take 1 of shot 1, which now shows take 2",)
    rendered_hand.verbs.refresh_stale()
    active = [job for job in rendered_hand.document.jobs if job.state == "queued"]
    rendered_hand.document.flush(30_000)
    active = [job.shot_number for job in rendered_hand.document.jobs if job.state == "queued"]
    assert active == [3, 4]


def test_what_was_kept_is_stale_again_after_another_change(rendered_hand: Hand) -> None:
    make_stale(rendered_hand)
    rendered_hand.select(2)
    rendered_hand.verbs.keep_stale()
    make_stale(rendered_hand)
    assert rendered_hand.shots[1].stale == ("saw take 1 of shot 1, which now shows take 3",)


def test_stepping_through_takes_ends_at_the_last(rendered_hand: Hand) -> None:
    make_stale(rendered_hand)
    hand = rendered_hand
    hand.select(1)
    shown = []
    for verb in (hand.verbs.next_take, hand.verbs.previous_take, hand.verbs.previous_take, hand.verbs.next_take):
        verb()
        selected = hand.shots[0].selected
        shown.append(selected.number if selected else 0)
    assert shown == [2, 1, 1, 2]


def test_a_takes_settings_come_back_to_its_shot(rendered_hand: Hand) -> None:
    hand = rendered_hand
    shot = hand.shots[0]
    take = hand.board.takes(shot.id)[0]
    hand.verbs.edit_prompt(shot.id, "Something else.")
    hand.verbs.set_frames(shot.id, 33)
    hand.verbs.use_settings(take.id)
    now = hand.shots[0]
    assert (now.prompt, now.frames, now.seed, now.settings) == (shot.prompt, 17, take.seed, {"steps": 4})
    assert now.changed == ()


def test_rating_twice_takes_it_back(rendered_hand: Hand) -> None:
    hand = rendered_hand
    take = hand.board.takes(hand.shots[0].id)[0].id
    hand.verbs.reject_take(take)
    hand.document.flush(30_000)
    assert hand.board.take(take).rating == "rejected"
    hand.verbs.reject_take(take)
    hand.document.flush(30_000)
    assert hand.board.take(take).rating == "open"


def test_the_queue_is_cleared_of_what_has_ended(rendered_hand: Hand) -> None:
    rendered_hand.select(1)
    rendered_hand.verbs.regenerate()
    rendered_hand.document.flush(30_000)
    assert len(rendered_hand.document.jobs) == 5
    rendered_hand.verbs.clear_finished_jobs()
    rendered_hand.document.flush(30_000)
    assert [job.state for job in rendered_hand.document.jobs] == ["queued"]


def _all_verbs(hand: Hand, pick: Callable[[int], int]) -> list[Callable[[], None]]:
    """Every verb that is undone, on shots and takes that `pick` chooses."""
    verbs, board = hand.verbs, hand.board

    def take(number: int) -> str:
        takes = [take.id for shot in hand.shots for take in board.takes(shot.id)]
        return takes[number % len(takes)] if takes else "none"

    def shot() -> str:
        return hand.selected[0]

    return [
        verbs.new_shot,
        verbs.new_shot_before,
        lambda: verbs.insert_at(pick(7)),
        verbs.duplicate,
        verbs.delete,
        verbs.move_up,
        verbs.move_down,
        lambda: verbs.move_to(list(hand.selected), pick(7)),
        verbs.toggle_continue,
        verbs.toggle_lock,
        verbs.toggle_two_sided,
        lambda: verbs.set_frames(shot(), 5 + pick(60)),
        lambda: verbs.edit_prompt(shot(), f"prompt {pick(9)}"),
        lambda: verbs.edit_notes(shot(), f"notes {pick(9)}"),
        lambda: verbs.set_seed(shot(), pick(9)),
        lambda: verbs.set_settings(shot(), {"steps": 1 + pick(9)}),
        lambda: verbs.select_take(take(pick(20))),
        verbs.next_take,
        verbs.previous_take,
        lambda: verbs.favourite_take(take(pick(20))),
        lambda: verbs.accept_take(take(pick(20))),
        lambda: verbs.reject_take(take(pick(20))),
        lambda: verbs.delete_take(take(pick(20))),
        lambda: verbs.use_settings(take(pick(20))),
        verbs.keep_stale,
    ]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shots; the first has two takes, so that the others are stale."""
    project = Project.create(tmp_path_factory.mktemp("films") / "Film")
    board = project.storyboard
    scene_id = board.create_scene("Fox", seed=7).new_id("scene")
    for number in range(1, 4):
        board.add_shot(scene_id, f"The fox does {number}.")
    board.queue_scene(scene_id)
    run_all(board)
    board.queue_render(board.shot_ids(scene_id)[0])
    run_all(board)
    project.close()
    return project.path


@pytest.mark.slow
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_everything_undone_and_done_again_is_as_it_was(film: Path, qtbot: QtBot, data: st.DataObject) -> None:
    document = OpenDocument(Project.open(film))
    hand = Hand(document)
    try:
        at_first = (hand.shots, _takes(hand))
        for _ in range(data.draw(st.integers(1, 8), "number of verbs")):
            count = len(hand.shots)
            chosen = data.draw(st.sets(st.integers(1, count), min_size=1, max_size=3)) if count else set()
            hand.select(*sorted(chosen))
            verbs = _all_verbs(hand, lambda limit: data.draw(st.integers(0, limit)))
            verb = data.draw(st.integers(0, len(verbs) - 1), "verb")
            if hand.selected or verb in (0, 1, 2):
                verbs[verb]()
        done = (hand.shots, _takes(hand))
        hand.told.clear()
        for _ in range(document.undo_stack.count()):
            document.undo()
        assert (hand.shots, _takes(hand)) == at_first
        for _ in range(document.undo_stack.count()):
            document.redo()
        assert (hand.shots, _takes(hand)) == done
        for _ in range(document.undo_stack.count()):
            document.undo()
        assert (hand.shots, _takes(hand)) == at_first
        assert hand.told == []
    finally:
        document.close()


def _takes(hand: Hand) -> list[Any]:
    return [hand.board.takes(shot.id) for shot in hand.shots]
