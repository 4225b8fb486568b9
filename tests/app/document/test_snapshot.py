"""A scene that is followed change by change is the scene that a fresh reading gives, whatever was done to it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.document.snapshot import SceneReader, read_scene
from engine.contract import GenerateRequest
from storyboards.changes import ChangeSet
from storyboards.errors import StoryboardError
from storyboards.lines import SceneLines
from storyboards.project import Project
from storyboards.requests import apply_event, start_next
from storyboards.storyboard import Storyboard
from tests.storyboards.studio import carry_out, run_all

Act = Callable[["Film"], ChangeSet]


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes; the first has five shots with a take each, one of them a continuation, and an element."""
    with Project.create(tmp_path_factory.mktemp("blank") / "Film") as project:
        board = project.storyboard
        scene = board.create_scene("One", environment="a forest", seed=3).new_id("scene")
        board.add_element(scene, "Character 1", "a fox")
        for number in range(5):
            board.add_shot(scene, f"The fox does {number}.", continues=number == 3)
        other = board.create_scene("Two").new_id("scene")
        board.add_shot(other, "Elsewhere.")
        board.queue_scene(scene)
        run_all(board)
        return project.path


class Film:
    """A project, what was done to it, and chance that decides what a verb is about."""

    def __init__(self, board: Storyboard, chance: Random) -> None:
        self.board, self.chance = board, chance
        self.scene, self.other = (scene.id for scene in board.scenes())
        self.done: list[ChangeSet] = []
        self.gone: list[str] = []

    def shot(self) -> str:
        return self.chance.choice(self.board.shot_ids(self.scene))

    def two(self) -> tuple[str, str]:
        one, two = self.chance.sample(self.board.shot_ids(self.scene), 2)
        return one, two

    def take(self) -> str:
        takes = [take.id for shot in self.board.shot_ids(self.scene) for take in self.board.takes(shot)]
        return self.chance.choice(takes)


def insert(film: Film) -> ChangeSet:
    place = {film.chance.choice(("before", "after")): film.shot()}
    return film.board.insert_shot(film.scene, "New.", continues=film.chance.random() < 0.5, **place)  # type: ignore[arg-type]


def move(film: Film) -> ChangeSet:
    one, two = film.two()
    return film.board.move_shot(one, before=two) if film.chance.random() < 0.5 else film.board.move_shot(one, after=two)


def edit(film: Film) -> ChangeSet:
    words = {"prompt": film.chance.choice(("Up.", "Down."))}
    what = film.chance.choice((words, {"continues": film.chance.random() < 0.5}, {"frames": 21}, {"locked": True}))
    return film.board.edit_shot(film.shot(), **what)


def delete(film: Film) -> ChangeSet:
    shot = film.shot()
    film.gone.append(shot)
    return film.board.delete_shot(shot)


def restore(film: Film) -> ChangeSet:
    return film.board.restore_shot(film.gone.pop()) if film.gone else ChangeSet()


def several(film: Film) -> ChangeSet:
    with film.board.together() as work:
        for shot_id in film.two():
            film.board.edit_shot(shot_id, continues=True)
    return work.changes


def choose(film: Film) -> ChangeSet:
    one, two = film.two()
    return film.board.choose_context(one, shot=two, choice=film.chance.choice(("auto", "pinned", "excluded")))


def select(film: Film) -> ChangeSet:
    return film.board.select_take(film.take())


def deselect(film: Film) -> ChangeSet:
    return film.board.deselect_take(film.shot())


def keep(film: Film) -> ChangeSet:
    return film.board.keep_take(film.take())


def delete_take(film: Film) -> ChangeSet:
    return film.board.delete_take(film.take())


def queue(film: Film) -> ChangeSet:
    if film.chance.random() < 0.3:
        return film.board.queue_extend(film.shot(), 16)
    return film.board.queue_render(film.shot(), takes=film.chance.randint(1, 2), two_sided=film.chance.random() < 0.3)


def queue_together(film: Film) -> ChangeSet:
    return film.board.queue_joint(list(film.two()))


def render(film: Film) -> ChangeSet:
    begun = start_next(film.board)
    if begun is None:
        return ChangeSet()
    rows = list(begun.changes)
    if isinstance(begun.request, GenerateRequest):
        for event in carry_out(begun.request):
            rows += apply_event(film.board, begun.job_id, event)
    return ChangeSet(tuple(rows))


def begin(film: Film) -> ChangeSet:
    begun = start_next(film.board)
    return ChangeSet() if begun is None else begun.changes


def interrupt(film: Film) -> ChangeSet:
    return film.board.interrupt_jobs()


def elsewhere(film: Film) -> ChangeSet:
    return film.board.add_shot(film.other, "Another.")


def scene_text(film: Film) -> ChangeSet:
    return film.board.edit_scene(film.scene, environment=film.chance.choice(("a beach", "a town")))


def pause(film: Film) -> ChangeSet:
    return film.board.pause_queue() if film.chance.random() < 0.5 else film.board.resume_queue()


def clean_up(film: Film) -> ChangeSet:
    film.gone.clear()
    return film.board.clean_up()


def undo(film: Film) -> ChangeSet:
    return film.board.revert(film.done.pop()) if film.done else ChangeSet()


ACTS: tuple[Act, ...] = (
    insert, move, edit, delete, restore, several, choose, select, deselect, keep, delete_take, queue, queue_together,
    render, begin, interrupt, elsewhere, scene_text, pause, clean_up, undo,
)  # fmt: skip


@pytest.fixture
def film(blank: Path) -> Iterator[Callable[[int], Film]]:
    homes: list[tempfile.TemporaryDirectory[str]] = []
    projects: list[Project] = []

    def fresh(seed: int) -> Film:
        homes.append(tempfile.TemporaryDirectory())
        projects.append(Project.open(shutil.copytree(blank, Path(homes[-1].name) / "Film.matchcut")))
        return Film(projects[-1].storyboard, Random(seed))

    yield fresh
    for project in projects:
        project.close()
    for home in homes:
        home.cleanup()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(ACTS), st.booleans()), min_size=1, max_size=14),
    seed=st.integers(0, 2**16),
)
@example(steps=[(queue, True), (render, True), (move, True), (insert, True), (delete, True), (undo, True)], seed=1)
@example(steps=[(queue_together, True), (render, True), (deselect, True), (select, True), (keep, True)], seed=2)
@example(steps=[(choose, True), (choose, True), (delete, False), (restore, True), (several, True)], seed=3)
def test_what_is_followed_is_what_a_fresh_reading_gives(
    film: Callable[[int], Film], steps: list[tuple[Act, bool]], seed: int
) -> None:
    here = film(seed)
    reader = SceneReader(here.board)
    assert reader.now(here.scene) == read_scene(here.board, here.scene)
    for act, look in steps:
        if len(here.board.shot_ids(here.scene)) < 2:
            break
        try:
            changes = act(here)
        except StoryboardError:
            continue  # refused, so nothing was changed
        reader.note(changes)
        if changes and act not in (undo, render, begin, interrupt):
            here.done.append(changes)
        if look:  # else the next reading has several operations to catch up with
            assert reader.now(here.scene) == read_scene(here.board, here.scene), act.__name__
    assert reader.now(here.scene) == read_scene(here.board, here.scene)


def test_shots_that_nothing_happened_to_stay_the_same_objects(film: Callable[[int], Film]) -> None:
    here = film(0)
    reader = SceneReader(here.board)
    before = reader.now(here.scene)
    reader.note(here.board.edit_shot(before.shots[4].id, notes="Louder."))
    after = reader.now(here.scene)
    assert [one is two for one, two in zip(before.shots, after.shots, strict=True)] == [True] * 4 + [False]


def test_what_was_not_told_is_not_looked_for(film: Callable[[int], Film]) -> None:
    """The other half of the promise: it is the change sets that are followed, not a full reading in disguise."""
    here = film(0)
    lines = SceneLines(here.board, here.scene)
    first = lines.read()
    told = here.board.edit_shot(first[0].id, notes="Told.")
    here.board.edit_shot(first[1].id, notes="Not told.")
    assert [line.notes for line in lines.follow(told)] == ["Told.", "", "", "", ""]
