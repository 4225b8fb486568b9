"""What a folder or file is, in the few words that the registry keeps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.catalogue.recognise import NotAModel, recognise
from engine.hub.errors import HubError


@dataclass(frozen=True, slots=True)
class Described:
    """`profile` names the checkpoint family or the folder's own profile; `problems` say what is missing or broken."""

    profile: str
    title: str
    licence: str
    facts: str
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def describe(place: Path) -> Described:
    """Look at a model without loading it. Raises HubError for what is none."""
    try:
        found = recognise(place)
    except NotAModel as error:
        hint = "Choose a diffusers folder (with model_index.json), a folder with profile.json, or one weight file."
        raise HubError("not_a_model", f"{str(error)[:1].upper()}{str(error)[1:]}.", hint) from error
    profile = found.profile
    width, height = profile.size
    facts = f"{found.kind}, {width} x {height}, {profile.fps:g} frames a second, {profile.steps} steps"
    return Described(
        profile.name, profile.title or profile.name, profile.licence, facts, found.problems, found.notes
    )
