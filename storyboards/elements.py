"""Characters, places and props of a scene, with their reference images."""

from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy import select

from . import ordering
from .changes import ChangeSet
from .database import Document, Work
from .errors import InvalidValue, MissingFile, ReadOnlyProject
from .paths import REFERENCES, copy_synced, sha256
from .tables import KINDS_OF_ELEMENT, Element, ReferenceImage, Scene, new_id
from .texts import clean_line, clean_name

_IMAGE_STARTS = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp"}


def add_element(work: Work, scene_id: str, kind: str, name: str, description: str) -> Element:
    """Append an element inside a transaction."""
    return work.add(
        Element(
            scene_id=scene_id,
            position=ordering.elements(work.session, scene_id).last(),
            kind=_kind(kind),
            name=_free_name(work, scene_id, name),
            description=clean_line(description),
        )
    )


class ElementVerbs(Document):
    """Verbs on elements. Each is one transaction and returns what it changed."""

    def add_element(self, scene_id: str, name: str, description: str, *, kind: str = "character") -> ChangeSet:
        """Append an element: kind "character", "place" or "prop"; `name` is unique in the scene ("Character 1")."""
        with self.transaction() as work:
            add_element(work, work.get(Scene, scene_id).id, kind, name, description)
        return work.changes

    def edit_element(
        self,
        element_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        kind: str | None = None,
    ) -> ChangeSet:
        """Change what is given."""
        with self.transaction() as work:
            element = work.get(Element, element_id)
            if name is not None and clean_name(name) != element.name:
                element.name = _free_name(work, element.scene_id, name)
            if description is not None:
                element.description = clean_line(description)
            if kind is not None:
                element.kind = _kind(kind)
        return work.changes

    def move_element(self, element_id: str, *, before: str | None = None, after: str | None = None) -> ChangeSet:
        """Put an element before or after another one of its scene; to the end with neither."""
        with self.transaction() as work:
            element = work.get(Element, element_id)
            order = ordering.elements(work.session, element.scene_id)
            if not order.stands(element.id, before=before, after=after):
                element.position = order.beside(before=before, after=after)
        return work.changes

    def delete_element(self, element_id: str) -> ChangeSet:
        """Take an element and its images out of the scene, until restored or cleaned up."""
        with self.transaction() as work:
            work.get(Element, element_id).deleted_at = time.time()
        return work.changes

    def restore_element(self, element_id: str) -> ChangeSet:
        """Bring a deleted element back to its place. Raises InvalidValue if its name is taken meanwhile."""
        with self.transaction() as work:
            element = work.get(Element, element_id, deleted=True)
            if element.deleted_at is not None:
                _free_name(work, element.scene_id, element.name)
                element.deleted_at = None
        return work.changes

    def add_reference(self, element_id: str, image: Path, name: str = "") -> ChangeSet:
        """Copy an image (PNG, JPEG or WebP) into the project as a reference of an element.

        Raises MissingFile, or InvalidValue for other files.
        """
        path, digest = self._take_in(image)
        with self.transaction() as work:
            element = work.get(Element, element_id)
            work.add(
                ReferenceImage(
                    element_id=element.id,
                    position=ordering.references(work.session, element.id).last(),
                    name=clean_line(name) or clean_line(image.stem),
                    path=path,
                    content_hash=digest,
                )
            )
        return work.changes

    def replace_reference(self, reference_id: str, image: Path) -> ChangeSet:
        """Show another image in place of this one; takes that saw the old one are stale then."""
        path, digest = self._take_in(image)
        with self.transaction() as work:
            reference = work.get(ReferenceImage, reference_id)
            reference.path, reference.content_hash = path, digest
        return work.changes

    def delete_reference(self, reference_id: str) -> ChangeSet:
        """Take a reference image out, until restored or cleaned up."""
        with self.transaction() as work:
            work.get(ReferenceImage, reference_id).deleted_at = time.time()
        return work.changes

    def restore_reference(self, reference_id: str) -> ChangeSet:
        """Bring a deleted reference image back."""
        with self.transaction() as work:
            work.get(ReferenceImage, reference_id, deleted=True).deleted_at = None
        return work.changes

    def _take_in(self, image: Path) -> tuple[str, str]:
        """Copy the file first: should the transaction then fail, the copy is swept away at the next clean-up."""
        if self.read_only:
            raise ReadOnlyProject(f"{self.root.name} is open read-only.", "Open it for writing to add images.")
        relative = f"{REFERENCES}/{new_id()}{_image_suffix(image)}"
        target = self.root / relative
        copy_synced(image, target)
        return relative, sha256(target)


def _image_suffix(image: Path) -> str:
    if not image.is_file():
        raise MissingFile(f"There is no file {image}.", "Check the path.")
    with image.open("rb") as file:
        start = file.read(12)
    for magic, suffix in _IMAGE_STARTS.items():
        if start.startswith(magic) and (suffix != ".webp" or start[8:] == b"WEBP"):
            return suffix
    raise InvalidValue(f"{image.name} is not an image that can be read.", "Use a PNG, JPEG or WebP file.")


def _kind(kind: str) -> str:
    if kind not in KINDS_OF_ELEMENT:
        raise InvalidValue(f"{kind!r} is no kind of element.", f"Use one of: {', '.join(KINDS_OF_ELEMENT)}.")
    return kind


def _free_name(work: Work, scene_id: str, name: str) -> str:
    cleaned = clean_name(name)
    taken = select(Element.id).where(
        Element.scene_id == scene_id, Element.name == cleaned, Element.deleted_at.is_(None)
    )
    if work.session.scalar(taken) is not None:
        raise InvalidValue(f"The scene has an element {cleaned!r} already.", "Choose another name, or edit that one.")
    return cleaned
