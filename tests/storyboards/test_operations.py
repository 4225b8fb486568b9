"""Any sequence of operations: the order holds, deletions come back, and change sets tell the whole truth."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from storyboards.changes import ChangeSet, row_values
from storyboards.project import Project
from storyboards.tables import TABLES

from .studio import run_next

Mirror = dict[tuple[str, str], dict[str, Any]]
prompts = st.sampled_from(["The fox walks.", "It waves.", "", "Two\nlines"])


def follow(mirror: Mirror, changes: ChangeSet) -> None:
    """Do to a copy of the rows what a change set says; its old values must be those of the copy."""
    for row in changes:
        key = (row.table, row.id)
        if key not in mirror:
            assert row.kind == "inserted" and row.before == {}
            mirror[key] = dict(row.after)
        elif row.kind == "removed" and not row.after:
            assert mirror.pop(key) == row.before
        else:
            assert {name: mirror[key][name] for name in row.before} == row.before
            mirror[key].update(row.after)
            assert (row.kind == "moved") == ("position" in row.after and "deleted_at" not in row.after)


class Editing(RuleBasedStateMachine):
    blank: Path
    live = Bundle("live")
    gone = Bundle("gone")

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory()
        self.project = Project.open(shutil.copytree(self.blank, Path(self.home.name) / "Film.matchcut"))
        self.board = self.project.storyboard
        self.mirror = self.rows()
        self.order: list[str] = []
        self.stack: list[tuple[ChangeSet, list[str]]] = []
        self.scene = self.did(self.board.create_scene("One", seed=1)).new_id("scene")
        self.stack.clear()

    def did(self, changes: ChangeSet, *, undoable: bool = True) -> ChangeSet:
        follow(self.mirror, changes)
        if undoable and changes:
            self.stack.append((changes, list(self.order)))
        return changes

    def rows(self) -> Mirror:
        with self.board.reading() as session:
            return {
                (name, row.id): row_values(row)
                for name, table in TABLES.items()
                for row in session.scalars(select(table))
            }

    def pick(self, at: int) -> str | None:
        return self.order[at % len(self.order)] if self.order else None

    @rule(target=live, at=st.integers(0, 9), prompt=prompts, continues=st.booleans())
    def insert(self, at: int, prompt: str, continues: bool) -> str:
        after = self.pick(at)
        changes = self.board.insert_shot(self.scene, prompt, after=after, continues=continues)
        self.did(changes)
        shot = changes.new_id("shot")
        self.order.insert(self.order.index(after) + 1 if after else 0, shot)
        return shot

    @rule(target=live, shot=live)
    def duplicate(self, shot: str) -> str:
        changes = self.did(self.board.duplicate_shot(shot)) if shot in self.order else None
        if changes is None:
            return shot
        self.order.insert(self.order.index(shot) + 1, changes.new_id("shot"))
        return changes.new_id("shot")

    @rule(shot=live, at=st.integers(0, 9), before=st.booleans())
    def move(self, shot: str, at: int, before: bool) -> None:
        other = self.pick(at)
        if shot not in self.order or other is None:
            return
        self.did(self.board.move_shot(shot, before=other) if before else self.board.move_shot(shot, after=other))
        if other != shot:
            self.order.remove(shot)
            self.order.insert(self.order.index(other) + (0 if before else 1), shot)

    @rule(shot=live, prompt=prompts, frames=st.integers(5, 401), continues=st.booleans())
    def edit(self, shot: str, prompt: str, frames: int, continues: bool) -> None:
        if shot in self.order:
            self.did(self.board.edit_shot(shot, prompt=prompt, frames=frames, continues=continues))

    @rule(target=gone, shot=live)
    def delete(self, shot: str) -> str:
        if shot in self.order:
            self.did(self.board.delete_shot(shot))
            self.order.remove(shot)
        return shot

    @rule(shot=consumes(gone))
    def restore(self, shot: str) -> None:
        if shot in self.order:
            return
        self.did(self.board.restore_shot(shot))
        self.order = [view.id for view in self.board.shots(self.scene)]
        assert shot in self.order

    @rule(shot=live, takes=st.integers(1, 2))
    def render(self, shot: str, takes: int) -> None:
        if shot not in self.order:
            return
        self.did(self.board.queue_render(shot, takes=takes), undoable=False)
        run_next(self.board)
        self.mirror = self.rows()
        self.stack.clear()

    @rule()
    def undo(self) -> None:
        if self.stack:
            changes, order = self.stack.pop()
            follow(self.mirror, self.board.revert(changes))
            self.order = order

    @invariant()
    def the_order_is_the_one_that_was_asked_for(self) -> None:
        views = self.board.shots(self.scene)
        assert [view.id for view in views] == self.order
        assert [view.number for view in views] == list(range(1, len(views) + 1))
        assert all(view.frames % 4 == (0 if view.continues else 1) for view in views)

    @invariant()
    def the_change_sets_told_the_truth(self) -> None:
        assert self.mirror == self.rows()

    def teardown(self) -> None:
        self.project.close()
        self.home.cleanup()


def test_any_sequence_of_operations_keeps_order_undo_and_truth(blank: Path) -> None:
    Editing.blank = blank
    run_state_machine_as_test(Editing, settings=settings(max_examples=8, stateful_step_count=16, deadline=None))
