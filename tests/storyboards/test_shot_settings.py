"""What a shot says about its renders: lock, seed, settings, two-sided; and keeping what is stale."""

from __future__ import annotations

import pytest

from storyboards.errors import InvalidValue, WrongState
from storyboards.requests import plan_shot, start_next
from storyboards.story_text import parse_story, write_story

from .conftest import Scene
from .studio import run_next


def test_a_render_is_queued_with_what_its_shot_says(scene: Scene) -> None:
    board, shot = scene.board, scene.shots[1]
    board.edit_scene(scene.id, settings={"steps": 20, "text_guidance": 2.0})
    board.edit_shot(shot, seed=5, settings={"steps": 9}, two_sided=True)
    board.queue_render(shot)
    request = start_next(board).request  # type: ignore[union-attr]
    assert request is not None
    assert (request.shots[0].seed, request.two_sided) == (5, True)
    assert (request.settings.steps, request.settings.text_guidance) == (9, 2.0)


def test_what_is_said_when_it_is_queued_goes_before(scene: Scene) -> None:
    board, shot = scene.board, scene.shots[0]
    board.edit_shot(shot, seed=5, settings={"steps": 9, "sampler": "unipc"}, two_sided=True)
    board.queue_render(shot, seed=6, settings={"steps": 3}, two_sided=False)
    (job,) = board.jobs()
    assert job.params["seed"] == 6 and job.params["two_sided"] is False
    assert job.params["settings"] == {"steps": 3, "sampler": "unipc"}


def test_a_locked_shot_is_refused_and_passed_over(rendered: Scene) -> None:
    board, (first, second, *_) = rendered.board, rendered.shots
    board.edit_shot(first, locked=True)
    for queue in (
        lambda: board.queue_render(first),
        lambda: board.queue_extend(first, 8),
        lambda: board.queue_joint([first, second]),
    ):
        with pytest.raises(WrongState, match="Unlock it"):
            queue()
    board.deselect_take(first)
    board.deselect_take(second)
    board.queue_scene(rendered.id)
    assert [job.shot_id for job in board.jobs(active=True)] == [second]


def test_a_copy_takes_everything_along_but_the_lock(scene: Scene) -> None:
    board = scene.board
    board.edit_shot(scene.shots[0], locked=True, seed=5, settings={"steps": 9}, two_sided=True)
    board.duplicate_shot(scene.shots[0])
    copy = scene.view(2)
    assert (copy.locked, copy.seed, copy.settings, copy.two_sided) == (False, 5, {"steps": 9}, True)


def test_a_seed_is_fixed_and_given_free_again(scene: Scene) -> None:
    board, shot = scene.board, scene.shots[0]
    board.edit_shot(shot, seed=5)
    board.edit_shot(shot, prompt="Else.")
    assert scene.view(1).seed == 5
    board.edit_shot(shot, seed=None)
    assert scene.view(1).seed is None
    with pytest.raises(InvalidValue):
        board.edit_shot(shot, seed=-1)
    with pytest.raises(InvalidValue, match="settings"):
        board.edit_shot(shot, settings={"stepps": 1})


def test_a_story_says_it_behind_the_length(scene: Scene) -> None:
    board = scene.board
    board.edit_shot(scene.shots[0], locked=True, seed=5, settings={"steps": 9, "sampler": "unipc"}, two_sided=True)
    text = write_story(board.export_story(scene.id))
    assert "## Shot 1 (cut, 17 frames, seed 5, steps 9, sampler unipc, two-sided, locked)" in text
    assert "## Shot 2 (cut, 17 frames)" in text
    copy = board.import_story(parse_story(text)).ids("inserted", "scene")[0]
    first = board.shots(copy)[0]
    assert (first.locked, first.seed, first.two_sided) == (True, 5, True)
    assert first.settings == {"steps": 9, "sampler": "unipc"}


def test_what_a_shot_would_see_is_asked_without_writing_anything(rendered: Scene) -> None:
    board, shot = rendered.board, rendered.shots[2]
    board.pin_context(shot, shot=rendered.shots[3])
    board.edit_shot(shot, seed=5, settings={"context_tokens": 700})
    before = [board.shots(rendered.id), board.jobs(), board.takes(shot)]
    request = plan_shot(board, shot)
    assert [(c.name, c.choice) for c in request.candidates] == [
        ("shot 1", "auto"), ("shot 2", "auto"), ("shot 4", "pinned"),
    ]  # fmt: skip
    assert request.shots[0].takes == () and request.settings.context_tokens == 700
    assert [board.shots(rendered.id), board.jobs(), board.takes(shot)] == before
    board.queue_render(shot)
    run_next(board)
    assert board.takes(shot)[-1].number == 2  # the question used no number


def test_what_a_shot_that_continues_nothing_would_see_is_told_as_what_is_wrong(scene: Scene) -> None:
    scene.board.edit_shot(scene.shots[1], continues=True)
    with pytest.raises(WrongState, match="which has no take yet"):
        plan_shot(scene.board, scene.shots[1])


def test_a_stale_take_that_is_kept_is_stale_again_only_after_another_change(rendered: Scene) -> None:
    board, (first, second, *_) = rendered.board, rendered.shots
    board.queue_render(first)
    run_next(board)
    stale = rendered.view(2).stale
    take = board.takes(second)[0].id
    kept = board.keep_take(take)
    assert (rendered.view(2).stale, rendered.view(2).hints) == ((), tuple(f"kept: {reason}" for reason in stale))
    board.move_shot(second)  # the reason's words change with the order, the reason does not
    assert rendered.view(4).stale == ()
    board.move_shot(second, after=first)
    board.revert(kept)
    assert rendered.view(2).stale == stale
    board.keep_take(take)
    board.queue_render(first)
    run_next(board)
    assert rendered.view(2).stale == ("saw take 1 of shot 1, which now shows take 3",)


def test_a_kept_continuation_is_not_stale(rendered: Scene) -> None:
    board, (first, second, *_) = rendered.board, rendered.shots
    board.edit_shot(second, continues=True)
    board.queue_render(second)
    run_next(board)
    board.queue_render(first)
    run_next(board)
    assert rendered.view(2).stale == ("continues take 1 of shot 1, which now shows take 2",)
    selected = rendered.view(2).selected
    assert selected is not None
    board.keep_take(selected.id)
    assert rendered.view(2).stale == ()


def test_what_has_ended_is_cleared_from_the_queue_and_comes_back_with_a_retry(rendered: Scene) -> None:
    board, shot = rendered.board, rendered.shots[0]
    job = board.queue_render(shot).new_id("job")
    board.cancel_job(job)
    board.queue_render(rendered.shots[1])
    board.clear_jobs()
    assert [line.state for line in board.jobs()] == ["queued"]
    board.retry_job(job)
    assert sorted(line.id for line in board.jobs()) == sorted({job, board.jobs()[0].id})


def test_verbs_called_together_are_one_change_or_none(scene: Scene) -> None:
    board = scene.board
    with board.together() as work:
        board.edit_shot(scene.shots[0], prompt="one")
        board.edit_shot(scene.shots[0], prompt="two")
        board.move_shot(scene.shots[3], before=scene.shots[0])
        board.delete_shot(scene.shots[1])
    assert [shot.prompt for shot in board.shots(scene.id)] == ["The fox does 4.", "two", "The fox does 3."]
    edits = [row for row in work.changes if row.id == scene.shots[0]]
    assert [(row.before["prompt"], row.after["prompt"]) for row in edits] == [("The fox does 1.", "two")]
    board.revert(work.changes)
    assert [shot.id for shot in board.shots(scene.id)] == scene.shots
    with pytest.raises(InvalidValue), board.together():
        board.edit_shot(scene.shots[0], prompt="three")
        board.edit_shot(scene.shots[0], frames=9999)
    assert scene.view(1).prompt == "The fox does 1."
