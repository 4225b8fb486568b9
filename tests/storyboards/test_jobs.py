"""The queue: its state machine, and what an engine is asked to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.contract import Cancelled, Failed, Finished, GenerateRequest, Phase, Saved, decode, encode
from storyboards.errors import AlreadyQueued, InvalidValue, WrongState
from storyboards.jobs import TRANSITIONS
from storyboards.requests import apply_event, begin_job, start_next
from storyboards.storyboard import Storyboard

from .conftest import Scene
from .studio import carry_out, make_take, run_all, run_next


def states(board: Storyboard) -> list[str]:
    return [job.state for job in board.jobs()]


def begin(board: Storyboard) -> tuple[str, GenerateRequest]:
    begun = start_next(board)
    assert begun is not None and begun.request is not None
    return begun.job_id, begun.request


def test_a_scene_is_queued_in_order_and_each_request_sees_the_takes_before_it(scene: Scene) -> None:
    board = scene.board
    changes = board.queue_scene(scene.id)
    assert len(changes.ids("inserted", "job")) == 4
    assert not board.queue_scene(scene.id)
    seen = []
    while (begun := start_next(board)) is not None:
        assert begun.request is not None
        (task,) = begun.request.shots
        seen.append((task.name, task.order, [c.name for c in begun.request.candidates]))
        for event in carry_out(begun.request):
            apply_event(board, begun.job_id, event)
    assert seen == [(f"shot {n + 1}", n, [f"shot {m + 1}" for m in range(n)]) for n in range(4)]
    assert states(board) == ["done"] * 4


def test_a_request_says_all_an_engine_needs_and_survives_the_pipe(rendered: Scene, picture: Path) -> None:
    board = rendered.board
    image = board.add_reference(board.elements(rendered.id)[0].id, picture).new_id("reference_image")
    board.edit_scene(rendered.id, settings={"steps": 8, "text_guidance": 3.0})
    board.edit_project(size=(112, 64))
    board.choose_context(rendered.shots[1], shot=rendered.shots[0], choice="pinned", noise=0.2)
    board.exclude_context(rendered.shots[1], reference=image)
    board.queue_render(rendered.shots[1], takes=3, seed=5, settings={"steps": 4}, two_sided=True)
    _, request = begin(board)
    assert decode(encode(request)) == request
    assert (request.scene_seed, request.size, request.two_sided, request.joint) == (7, (112, 64), True, False)
    assert (request.settings.steps, request.settings.text_guidance) == (4, 3.0)
    (task,) = request.shots
    assert task.text.endswith("[SHOT CUT] The fox does 2.")
    assert [take.take_number for take in task.takes] == [2, 3, 4]
    assert all(Path(take.folder) == board.root.resolve() / "takes" / take.take_id for take in task.takes)
    found = [(c.role, c.name, c.order, c.choice, c.noise) for c in request.candidates]
    assert found == [
        ("reference", "Character 1 (fox front)", -1, "excluded", None),
        ("shot", "shot 1", 0, "pinned", 0.2),
        ("shot", "shot 3", 2, "auto", None),
        ("shot", "shot 4", 3, "auto", None),
    ]
    assert request.candidates[0].latents_hash == ""
    assert request.candidates[1].text.endswith("The fox does 1.")


def test_a_continuing_shot_goes_on_from_the_selected_take_before_it(rendered: Scene) -> None:
    board = rendered.board
    board.edit_shot(rendered.shots[1], continues=True)
    board.queue_render(rendered.shots[1])
    _, request = begin(board)
    assert (request.shots[0].continues, request.shots[0].frames) == (True, 16)
    assert "[SHOT CUT]" not in request.shots[0].text
    assert [c.role for c in request.candidates] == ["recent", "shot", "shot"]


def test_a_continuing_shot_with_nothing_before_it_fails_with_a_hint(scene: Scene) -> None:
    board = scene.board
    board.edit_shot(scene.shots[0], continues=True)
    board.edit_shot(scene.shots[2], continues=True)
    for shot in (scene.shots[0], scene.shots[2]):
        board.queue_render(shot)
        begun = run_next(board)
        assert begun is not None and begun.request is None
    first, second = board.jobs()
    assert (first.state, first.message) == ("failed", "Shot 1 continues the shot before it, but is the first.")
    assert second.hint == "Render shot 2 first, or make this shot a cut."


def test_a_first_take_is_selected_regenerating_selects_and_several_seeds_wait_for_the_user(scene: Scene) -> None:
    board, shot = scene.board, scene.shots[0]
    for options, number in (({"takes": 3}, 1), ({}, 4), ({"takes": 2}, 4), ({"takes": 2, "select": True}, 7)):
        board.queue_render(shot, **options)  # type: ignore[arg-type]
        run_next(board)
        selected = scene.view(1).selected
        assert selected is not None and selected.number == number
    assert len({take.seed for take in board.takes(shot)}) == 8


def test_take_numbers_never_come_back(scene: Scene) -> None:
    board, shot = scene.board, scene.shots[0]
    job = board.queue_render(shot).new_id("job")
    begin(board)
    board.interrupt_jobs()
    board.retry_job(job)
    run_next(board)
    assert [take.number for take in board.takes(shot)] == [2]
    again = board.queue_render(shot)
    run_next(board)
    assert again
    board.delete_take(board.takes(shot)[0].id)
    board.clean_up()
    board.queue_render(shot)
    run_next(board)
    assert [take.number for take in board.takes(shot)] == [3, 4]


def test_extending_asks_for_the_whole_length_from_the_take_shown(rendered: Scene) -> None:
    board = rendered.board
    board.queue_extend(rendered.shots[0], 6)
    _, request = begin(board)
    (task,) = request.shots
    take = board.takes(rendered.shots[0])[0]
    assert task.frames == 17 + 8
    assert task.extension is not None
    assert (task.extension.take_id, task.extension.latents) == (take.id, str(take.latents.resolve()))
    with pytest.raises(InvalidValue, match="at most 401"):
        board.queue_extend(rendered.shots[1], 396)
    board.add_shot(rendered.id)
    with pytest.raises(InvalidValue, match="no take"):
        board.queue_extend(board.shots(rendered.id)[-1].id, 8)


def test_a_longer_continuation_still_goes_on_from_the_take_it_began_with(rendered: Scene) -> None:
    board, (first, second, *_) = rendered.board, rendered.shots
    board.edit_shot(second, continues=True)
    board.queue_render(second)
    board.queue_render(first)
    run_all(board)
    board.queue_extend(second, 8)
    _, request = begin(board)
    assert (request.shots[0].continues, request.shots[0].frames) == (True, 24)
    (recent,) = [c for c in request.candidates if c.role == "recent"]
    assert recent.id == board.takes(first)[0].id
    assert [c.shot_id for c in request.candidates].count(first) == 1


def test_joint_work_takes_several_cuts_of_one_scene(scene: Scene) -> None:
    board = scene.board
    board.queue_joint([scene.shots[2], scene.shots[0]])
    _, request = begin(board)
    assert request.joint
    assert [task.shot_id for task in request.shots] == [scene.shots[0], scene.shots[2]]
    with pytest.raises(InvalidValue, match="two or more"):
        board.queue_joint(scene.shots[:1])
    board.edit_shot(scene.shots[3], continues=True)
    with pytest.raises(InvalidValue, match="cut"):
        board.queue_joint(scene.shots[2:])


def test_one_shot_has_one_active_job_of_a_kind(scene: Scene) -> None:
    board = scene.board
    job = board.queue_render(scene.shots[0]).new_id("job")
    with pytest.raises(AlreadyQueued) as caught:
        board.queue_render(scene.shots[0])
    assert caught.value.job_id == job
    board.cancel_job(job)
    board.queue_render(scene.shots[0])
    with pytest.raises(AlreadyQueued):
        board.retry_job(job)


def test_jobs_are_moved_and_edited_while_they_wait_only(scene: Scene) -> None:
    board = scene.board
    board.queue_scene(scene.id)
    jobs = [job.id for job in board.jobs()]
    board.move_job(jobs[3], before=jobs[0])
    board.edit_job(jobs[3], takes=2, settings={"steps": 2})
    with pytest.raises(InvalidValue, match="no add_frames"):
        board.edit_job(jobs[3], add_frames=3)
    with pytest.raises(InvalidValue, match="takes"):
        board.edit_job(jobs[3], takes=0)
    assert [job.id for job in board.jobs()] == [jobs[3], *jobs[:3]]
    job_id, request = begin(board)
    assert job_id == jobs[3]
    assert (len(request.shots[0].takes), request.settings.steps) == (2, 2)
    with pytest.raises(WrongState, match="running"):
        board.edit_job(job_id, takes=1)
    with pytest.raises(WrongState, match="running"):
        board.move_job(job_id)


def test_a_paused_queue_begins_nothing(scene: Scene) -> None:
    board = scene.board
    board.queue_scene(scene.id)
    board.pause_queue()
    assert start_next(board) is None
    board.resume_queue()
    assert start_next(board) is not None


def test_cancelling_waits_for_the_engine_and_late_events_of_an_old_run_count_for_nothing(scene: Scene) -> None:
    board, job = scene.board, scene.board.queue_render(scene.shots[0]).new_id("job")
    _, old = begin(board)
    board.cancel_job(job)
    assert states(board) == ["cancelling"]
    assert not board.cancel_job(job)
    apply_event(board, job, Cancelled(old.id))
    assert states(board) == ["cancelled"]
    board.retry_job(job)
    _, new = begin(board)
    assert new.id != old.id
    for late in (Cancelled(old.id), Finished(old.id, 1.0), Failed(old.id, "internal", "late", "")):
        assert not apply_event(board, job, late)
    assert states(board) == ["running"]
    for event in carry_out(new):
        apply_event(board, job, event)
    assert states(board) == ["done"]


def test_a_queued_job_is_cancelled_at_once_and_a_finished_one_not_at_all(scene: Scene) -> None:
    board, job = scene.board, scene.board.queue_render(scene.shots[0]).new_id("job")
    board.cancel_job(job)
    assert states(board) == ["cancelled"]
    with pytest.raises(WrongState):
        board.cancel_job(job)


def test_a_failure_keeps_its_words_and_a_retry_makes_only_the_takes_that_are_missing(scene: Scene) -> None:
    board, job = scene.board, scene.board.queue_render(scene.shots[0], takes=3, seed=10).new_id("job")
    _, request = begin(board)
    task = request.shots[0]
    apply_event(board, job, Saved(request.id, make_take(request, task, task.takes[0])))
    apply_event(board, job, Failed(request.id, "out_of_memory", "the machine ran out of memory", "close programs"))
    (view,) = board.jobs()
    assert (view.state, view.code, view.hint, view.takes_saved) == ("failed", "out_of_memory", "close programs", 1)
    board.retry_job(job)
    _, request = begin(board)
    assert [take.take_number for take in request.shots[0].takes] == [4, 5]
    assert request.shots[0].seed == 11
    for event in carry_out(request):
        apply_event(board, job, event)
    assert states(board) == ["done"]
    assert scene.view(1).take_count == 3


def test_the_last_take_and_the_end_of_its_job_are_one_change_set(scene: Scene) -> None:
    board, job = scene.board, scene.board.queue_render(scene.shots[0]).new_id("job")
    _, request = begin(board)
    task = request.shots[0]
    assert not apply_event(board, job, Phase(request.id, "loading"))
    saved = Saved(request.id, make_take(request, task, task.takes[0]))
    changes = apply_event(board, job, saved)
    assert {(row.kind, row.table) for row in changes} == {("inserted", "take"), ("changed", "shot"), ("changed", "job")}
    assert not apply_event(board, job, saved)
    assert not apply_event(board, job, Finished(request.id, 1.0))


@pytest.mark.parametrize("wrong", ["unasked", "elsewhere", "incomplete"])
def test_a_result_that_was_not_asked_for_fails_its_job(scene: Scene, tmp_path: Path, wrong: str) -> None:
    board, job = scene.board, scene.board.queue_render(scene.shots[0]).new_id("job")
    _, request = begin(board)
    task = request.shots[0]
    take = task.takes[0]
    if wrong == "unasked":
        take = type(take)("other", 1, take.folder)
    elif wrong == "elsewhere":
        take = type(take)(take.take_id, 1, str(tmp_path / "outside"))
    result = make_take(request, task, take)
    if wrong == "incomplete":
        Path(result.video).unlink()
    apply_event(board, job, Saved(request.id, result))
    assert states(board) == ["failed"]
    assert scene.view(1).take_count == 0


def test_an_engine_that_finishes_early_is_not_believed(scene: Scene) -> None:
    board, job = scene.board, scene.board.queue_render(scene.shots[0], takes=2).new_id("job")
    _, request = begin(board)
    apply_event(board, job, Finished(request.id, 1.0))
    assert board.job(job).message == "the engine finished after 0 of 2 takes"


def test_a_lost_file_of_the_context_fails_the_job_unless_it_is_excluded(rendered: Scene) -> None:
    board = rendered.board
    shutil.rmtree(board.takes(rendered.shots[0])[0].folder)
    board.queue_render(rendered.shots[1])
    run_next(board)
    failed = board.jobs()[-1]
    assert (failed.state, failed.code) == ("failed", "missing_file")
    assert "Take 1 of shot 1" in failed.message
    board.exclude_context(rendered.shots[1], shot=rendered.shots[0])
    board.retry_job(failed.id)
    run_next(board)
    assert board.jobs()[-1].state == "done"


def test_jobs_of_a_deleted_shot_wait_until_it_is_restored(scene: Scene) -> None:
    board = scene.board
    board.queue_render(scene.shots[0])
    board.delete_shot(scene.shots[0])
    assert board.jobs() == []
    assert start_next(board) is None
    board.restore_shot(scene.shots[0])
    assert start_next(board) is not None


def test_interrupted_jobs_resume_before_the_others_in_their_old_order(scene: Scene) -> None:
    board = scene.board
    board.queue_scene(scene.id)
    first, second = begin(board)[0], begin(board)[0]
    board.interrupt_jobs()
    assert sorted(states(board)) == ["interrupted", "interrupted", "queued", "queued"]
    board.resume_interrupted()
    assert [job.id for job in board.jobs(active=True)][:2] == [first, second]
    assert run_all(board) == 4


def test_the_state_machine_allows_nothing_else(scene: Scene) -> None:
    board, job = scene.board, scene.board.queue_render(scene.shots[0]).new_id("job")
    run_next(board)
    for verb in (board.retry_job, board.cancel_job):
        with pytest.raises(WrongState, match="done"):
            verb(job)
    with pytest.raises(WrongState):
        begin_job(board, job)
    assert TRANSITIONS["done"] == frozenset()
