"""A clip from elsewhere as a take: queued like a render, told from one by what the engine is asked for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from engine.contract import ImportRequest, Saved
from storyboards.errors import AlreadyQueued, InvalidValue, MissingFile, WrongState
from storyboards.lengths import LONGEST
from storyboards.requests import apply_event, start_next

from .conftest import Scene
from .studio import make_take, run_next


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A file; what is in it matters to the engine alone."""
    path = tmp_path / "my fox.mp4"
    path.write_bytes(b"video")
    return path


def imported(scene: Scene, frames: int = 33) -> ImportRequest:
    """Let the engine do the next job, which is an import, and give the request."""
    begun = start_next(scene.board)
    assert begun is not None and isinstance(begun.request, ImportRequest)
    (shot,) = begun.request.shots
    asked = dataclasses.replace(_as_render(begun.request), shots=(dataclasses.replace(shot, frames=frames),))
    apply_event(scene.board, begun.job_id, Saved(begun.request.id, make_take(asked, asked.shots[0], shot.takes[0])))
    return begun.request


def _as_render(request: ImportRequest):  # type: ignore[no-untyped-def]
    from engine.contract import GenerateRequest

    return GenerateRequest(request.id, request.model, request.scene_id, 7, request.shots)


def test_a_clip_becomes_a_new_shot_with_its_caption_and_length(scene: Scene, clip: Path) -> None:
    changes = scene.board.import_clip(clip, scene_id=scene.id, caption="A real fox looks up.", after=scene.shots[1])
    assert {row.table for row in changes} == {"shot", "job"}, "one transaction"
    request = imported(scene)
    assert request.clip == str(clip) and request.longest == LONGEST and request.shots[0].order == 2
    assert request.shots[0].text.endswith("A real fox looks up.") and "a forest" in request.shots[0].text
    shot = scene.view(3)
    assert (shot.prompt, shot.frames) == ("A real fox looks up.", 33)
    assert shot.selected is not None and not shot.stale and not shot.changed
    assert scene.board.job(changes.new_id("job")).state == "done"
    scene.board.queue_render(scene.shots[2])
    later = run_next(scene.board)
    assert later is not None and later.request is not None
    assert shot.selected.id in [c.id for c in later.request.candidates]  # type: ignore[union-attr]


def test_a_clip_becomes_another_take_of_a_shot(rendered: Scene, clip: Path) -> None:
    rendered.board.import_clip(clip, shot_id=rendered.shots[1])
    request = imported(rendered)
    assert request.shots[0].text.endswith("The fox does 2."), "without a caption the shot's prompt tells what it shows"
    shot = rendered.view(2)
    assert shot.selected is not None and shot.selected.number == 2 and shot.frames == 33 and not shot.changed
    assert any("now shows take 2" in reason for reason in rendered.view(3).stale)
    rendered.board.import_clip(clip, shot_id=rendered.shots[1], caption="An owl.", select=False)
    imported(rendered)
    owl = rendered.board.takes(rendered.shots[1])[2]
    assert owl.prompt == "An owl." and not owl.selected and rendered.view(2).prompt == "The fox does 2."


def test_taking_the_new_shot_back_and_bringing_it_again(scene: Scene, clip: Path) -> None:
    changes = scene.board.import_clip(clip, scene_id=scene.id)
    shot_id = changes.new_id("shot")
    rows = type(changes)(tuple(row for row in changes if row.table == "shot"))
    undone = scene.board.revert(rows)
    assert shot_id not in scene.board.shot_ids(scene.id) and start_next(scene.board) is None, "its job waits"
    scene.board.revert(undone)
    imported(scene)
    assert scene.view(5).id == shot_id and scene.view(5).selected is not None


def test_what_cannot_be_imported_is_refused_at_once(scene: Scene, clip: Path) -> None:
    board, first = scene.board, scene.shots[0]
    with pytest.raises(MissingFile, match="There is no file"):
        board.import_clip(clip.with_name("nowhere.mp4"), scene_id=scene.id)
    with pytest.raises(InvalidValue, match="one shot, or into a new one"):
        board.import_clip(clip)
    board.edit_shot(scene.shots[1], continues=True)
    with pytest.raises(WrongState, match="begins with a cut"):
        board.import_clip(clip, shot_id=scene.shots[1])
    board.import_clip(clip, shot_id=first)
    with pytest.raises(AlreadyQueued):
        board.import_clip(clip, shot_id=first)
    (job,) = board.jobs(active=True)
    with pytest.raises(InvalidValue, match="one take"):
        board.edit_job(job.id, takes=2)
    board.cancel_job(job.id)
    board.edit_shot(first, locked=True)
    with pytest.raises(WrongState, match="locked"):
        board.import_clip(clip, shot_id=first)


def test_a_clip_that_has_gone_meanwhile_fails_its_job_until_it_is_back(scene: Scene, clip: Path) -> None:
    job_id = scene.board.import_clip(clip, shot_id=scene.shots[0]).new_id("job")
    kept = clip.rename(clip.with_suffix(".away"))
    begun = start_next(scene.board)
    assert begun is not None and begun.request is None
    failed = scene.board.job(job_id)
    assert failed.code == "missing_file" and "my fox.mp4 is not there any more" in failed.message
    kept.rename(clip)
    scene.board.retry_job(job_id)
    imported(scene)
    assert scene.board.job(job_id).state == "done"


def test_an_import_that_a_crash_interrupted_is_taken_up_again(scene: Scene, clip: Path) -> None:
    job_id = scene.board.import_clip(clip, shot_id=scene.shots[0]).new_id("job")
    assert start_next(scene.board) is not None
    scene.board.interrupt_jobs()
    scene.board.resume_interrupted()
    request = imported(scene)
    assert request.shots[0].takes[0].take_number == 2 and scene.board.job(job_id).state == "done"
