"""What only the user may ask for: to let go of deleted things for good, files included."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from .changes import ChangeSet
from .database import Document, Work
from .errors import WrongState
from .paths import REFERENCES, TAKES, inside
from .tables import (
    Base,
    ContextChoice,
    Element,
    Job,
    ReferenceImage,
    Scene,
    Shot,
    Take,
    TakeContext,
)


class CleanUpVerbs(Document):
    """The end of deleted rows. Undo does not reach behind it."""

    def clean_up(self) -> ChangeSet:
        """Remove all deleted scenes, shots, takes, elements and images, and then their files.

        Lineage survives: takes that saw something removed here say so. Raises WrongState while a job of a deleted
        shot runs. Files go only after the rows: a crash in between leaves files that the next start sweeps.
        """
        with self.transaction() as work:
            folders = _remove_rows(work)
        for folder in folders:
            path = inside(self.root, folder)
            if path.parent == self.root / TAKES:
                shutil.rmtree(path, ignore_errors=True)
        self._remove_unused_images()
        return work.changes

    def _remove_unused_images(self) -> None:
        with self.reading() as session:
            used = set(session.scalars(select(ReferenceImage.path)))
        folder = self.root / REFERENCES
        for file in folder.iterdir() if folder.is_dir() else ():
            if f"{REFERENCES}/{file.name}" not in used and file.is_file():
                file.unlink()


def _remove_rows(work: Work) -> list[str]:
    """Remove deleted rows with all that belongs to them; return the folders of the takes among them."""
    session = work.session
    scenes = _ids(work, Scene, Scene.deleted_at.is_not(None))
    shots = _ids(work, Shot, or_(Shot.deleted_at.is_not(None), Shot.scene_id.in_(scenes)))
    busy = session.scalar(select(Job.id).where(Job.shot_id.in_(shots), Job.state.in_(("running", "cancelling"))))
    if busy is not None:
        raise WrongState("A deleted shot is still being rendered.", "Cancel its job, or wait until it is done.")
    dead_takes = or_(Take.deleted_at.is_not(None), Take.shot_id.in_(shots))
    takes = list(session.scalars(select(Take).where(dead_takes)))
    gone = [take.id for take in takes]
    elements = _ids(work, Element, or_(Element.deleted_at.is_not(None), Element.scene_id.in_(scenes)))
    dead_images = or_(ReferenceImage.deleted_at.is_not(None), ReferenceImage.element_id.in_(elements))
    images = _ids(work, ReferenceImage, dead_images)
    for shot in session.scalars(select(Shot).where(Shot.selected_take_id.in_(gone))):
        shot.selected_take_id = None
    targets = or_(
        ContextChoice.shot_id.in_(shots),
        ContextChoice.target_shot_id.in_(shots),
        ContextChoice.target_reference_id.in_(images),
    )
    _delete(work, ContextChoice, targets)
    _delete(work, TakeContext, TakeContext.take_id.in_(gone))
    _delete(work, Take, Take.id.in_(gone))
    _delete(work, Job, Job.shot_id.in_(shots))
    _delete(work, Shot, Shot.id.in_(shots))
    _delete(work, ReferenceImage, ReferenceImage.id.in_(images))
    _delete(work, Element, Element.id.in_(elements))
    _delete(work, Scene, Scene.id.in_(scenes))
    return [take.folder for take in takes]


def _ids(work: Work, table: type[Any], where: ColumnElement[bool]) -> Sequence[str]:
    return work.session.scalars(select(table.id).where(where)).all()


def _delete(work: Work, table: type[Base], where: ColumnElement[bool]) -> None:
    for row in work.session.scalars(select(table).where(where)):
        work.session.delete(row)
