"""What the user does with takes. Takes themselves are made in `storyboards.requests`, when the engine has saved one."""

from __future__ import annotations

import time

from sqlalchemy import select

from .changes import ChangeSet
from .database import Document, Work
from .errors import InvalidValue, MissingFile
from .facts import made_of, scene_facts
from .lineage import stale_reasons
from .paths import LATENTS, VIDEO, named_inside
from .tables import RATINGS, Shot, Take


class TakeVerbs(Document):
    """Verbs on takes. Each is one transaction and returns what it changed; none of them ever alters a file."""

    def select_take(self, take_id: str) -> ChangeSet:
        """Make this the take that the scene shows and later shots see. Nothing is rendered anew by that."""
        with self.transaction() as work:
            take = work.get(Take, take_id)
            work.get(Shot, take.shot_id).selected_take_id = take.id
        return work.changes

    def deselect_take(self, shot_id: str) -> ChangeSet:
        """Let a shot show no take; the scene has a gap there, and other shots do not see it."""
        with self.transaction() as work:
            work.get(Shot, shot_id).selected_take_id = None
        return work.changes

    def rate_take(self, take_id: str, rating: str) -> ChangeSet:
        """Mark a take "accepted", "rejected", or "open" again."""
        if rating not in RATINGS:
            raise InvalidValue(f"{rating!r} is no rating.", f"Use one of: {', '.join(RATINGS)}.")
        with self.transaction() as work:
            work.get(Take, take_id).rating = rating
        return work.changes

    def accept_take(self, take_id: str) -> ChangeSet:
        """Mark a take as good."""
        return self.rate_take(take_id, "accepted")

    def reject_take(self, take_id: str) -> ChangeSet:
        """Mark a take as not wanted. It stays, and stays selected if it was."""
        return self.rate_take(take_id, "rejected")

    def favourite_take(self, take_id: str, favourite: bool = True) -> ChangeSet:
        """Give a take a star, or take it away."""
        with self.transaction() as work:
            work.get(Take, take_id).favourite = favourite
        return work.changes

    def keep_take(self, take_id: str) -> ChangeSet:
        """Accept what makes a take stale today. It is stale again when what it saw changes once more."""
        with self.transaction() as work:
            take = work.get(Take, take_id)
            facts = scene_facts(work.session, work.get(Shot, take.shot_id).scene_id)
            line = next((line for line in facts.shots if line.id == take.shot_id), None) if facts else None
            if facts is not None and line is not None:
                made = made_of(work.session, Take.id == take.id)[take.id]
                take.kept = sorted({reason.key for reason in stale_reasons(made, facts.wanted(line), facts.now)})
        return work.changes

    def delete_take(self, take_id: str) -> ChangeSet:
        """Take a take out, until restored or cleaned up. Raises InvalidValue for a selected one."""
        with self.transaction() as work:
            take = work.get(Take, take_id)
            if work.get(Shot, take.shot_id, deleted=True).selected_take_id == take.id:
                raise InvalidValue(
                    f"Take {take.number} is the selected take of its shot.", "Select another take of the shot first."
                )
            take.deleted_at = time.time()
        return work.changes

    def restore_take(self, take_id: str) -> ChangeSet:
        """Bring a deleted take back. Raises MissingFile if its files are gone."""
        with self.transaction() as work:
            take = work.get(Take, take_id, deleted=True)
            if not _complete(self, take):
                raise MissingFile(f"The files of take {take.number} are gone.", "Render the shot again.")
            take.deleted_at = None
        return work.changes

    def repair_missing_takes(self) -> ChangeSet:
        """Take out all takes whose files are gone; shots that showed one show their newest complete take, or none.

        The rows stay until cleaned up: put the files back and `restore_take` brings a take back.
        """
        with self.transaction() as work:
            missing = [take for take in _live_takes(work) if not _complete(self, take)]
            for take in missing:
                take.deleted_at = time.time()
                shot = work.get(Shot, take.shot_id, deleted=True)
                if shot.selected_take_id == take.id:
                    shot.selected_take_id = _newest_complete(self, work, shot)
        return work.changes

    def missing_takes(self) -> list[str]:
        """Return the ids of takes whose video or latents are not on the disk."""
        with self.reading() as session:
            rows = session.execute(select(Take.id, Take.folder).where(Take.deleted_at.is_(None))).all()
        return [take_id for take_id, folder in rows if not _has_files(self, folder)]


def _live_takes(work: Work) -> list[Take]:
    return list(work.session.scalars(select(Take).where(Take.deleted_at.is_(None)).order_by(Take.number)))


def _newest_complete(document: Document, work: Work, shot: Shot) -> str | None:
    takes = [take for take in _live_takes(work) if take.shot_id == shot.id and _complete(document, take)]
    return takes[-1].id if takes else None


def _complete(document: Document, take: Take) -> bool:
    return _has_files(document, take.folder)


def _has_files(document: Document, folder: str) -> bool:
    path = named_inside(document.root, folder)
    return (path / VIDEO).is_file() and (path / LATENTS).is_file()
