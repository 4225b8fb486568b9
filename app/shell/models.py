"""Which models there are: the built-in ones, the registered ones, folders named earlier, and those to be had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from engine.catalogue.profile import Profile, ProfileError, families, family
from engine.catalogue.registry import (
    RegisteredModel,
    Registry,
    RegistryError,
    bytes_there,
    is_non_commercial,
    state_of,
)
from storyboards.model_folders import BUILT_IN, PROFILE, built_in_models, model_folder, model_profile, registered_place


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model as the chooser shows it. `name` is how a project keeps it; `problem` says why it cannot be used.

    `state` is the registry's, or "to be had" for a published one that is not here: `name` is its hub id then.
    """

    name: str
    title: str
    folder: Path
    built_in: bool
    facts: str
    licence: str
    problem: str = ""
    state: str = "ready"
    source: str = ""  # "hub", "folder" or "file" for a registered one
    size: int = 0
    here: int = 0  # bytes of it that are on the disk
    non_commercial: bool = False
    hub_id: str = ""


def known_models(folders: Iterable[str]) -> list[ModelCard]:
    """Return what can be chosen: built-in models, registered ones, then folders that were named in earlier versions."""
    cards = [_card_of_folder(name, BUILT_IN / name, True) for name in built_in_models()]
    registered = registered_models()
    places = {model.place for model in registered}
    cards += [_card_of(model) for model in registered]
    return cards + [_card_of_folder(folder, Path(folder), False) for folder in folders if folder not in places]


def models_to_be_had() -> list[ModelCard]:
    """Return published models that Matchcut knows how to drive and that are not here."""
    here = {model.hub_id for model in registered_models()}
    published = [profile for profile in map(family, families()) if profile.source and profile.source not in here]
    return [
        ModelCard(
            profile.source, profile.title or profile.name, Path(), False, _facts(profile), profile.licence,
            state="to be had", non_commercial=not profile.commercial or is_non_commercial(profile.licence),
        )
        for profile in published
    ]  # fmt: skip


def registered_models() -> list[RegisteredModel]:
    """Return the registry's models; none where it cannot be read, which `registry_problem` explains."""
    try:
        return Registry().models()
    except RegistryError:
        return []


def registry_problem() -> str:
    """Return what is wrong with the registry, "" when nothing is."""
    try:
        Registry().models()
    except RegistryError as error:
        return f"{error.message} {error.hint}"
    return ""


def title_of(name: str) -> str:
    """Return how a project's model is called."""
    if registered_place(name) is not None:
        return name
    profile = model_profile(name)
    return Path(name).name if profile is None else profile.title or profile.name


def size_of(name: str) -> tuple[int, int]:
    """Return the size of a model's pictures; that of the built-in one where nothing tells."""
    profile = model_profile(name)
    return (112, 64) if profile is None else profile.size


def gigabytes(size: int) -> str:
    """Return a size as people read it."""
    return f"{size / 2**20:.1f} MiB" if size < 2**30 else f"{size / 2**30:.1f} GiB"


def _card_of(model: RegisteredModel) -> ModelCard:
    state, here = state_of(model), bytes_there(model)
    published = _family(model.profile)
    facts = " · ".join(part for part in (published.title if published else model.profile, _source(model)) if part)
    return ModelCard(
        model.name, model.name, Path(model.place), False, facts, model.licence, _problem(model, state), state,
        model.source, model.size, here, is_non_commercial(model.licence), model.hub_id,
    )  # fmt: skip


def _problem(model: RegisteredModel, state: str) -> str:
    match state:
        case "missing":
            return _tr("It is not at {0} any more: put it back, or remove it here.").format(model.place)
        case "corrupt":
            which = ", ".join(model.damaged) or _tr("files of another size")
            mend = _tr("Go on fetches it again.") if model.ours else _tr("Copy it again from where you got it.")
            return _tr("Damaged: {0}. {1}").format(which, mend)
        case "incomplete" if model.problems:
            return "; ".join(model.problems)
        case "incomplete":
            return _tr("The download is not finished: Go on fetches the rest.")
        case _:
            return ""


def _source(model: RegisteredModel) -> str:
    return model.hub_id if model.ours else _tr("your own file") if model.source == "file" else _tr("your own folder")


def _family(name: str) -> Profile | None:
    try:
        return family(name)
    except ProfileError:
        return None


def _card_of_folder(name: str, folder: Path, built_in: bool) -> ModelCard:
    if model_folder(str(folder)) is None:
        message = _tr("There is no {0} in this folder.").format(PROFILE)
        return ModelCard(name, folder.name, folder, built_in, "", "", message, "missing")
    profile = model_profile(str(folder))
    if profile is None:
        message = _tr("Its {0} cannot be read.").format(PROFILE)
        return ModelCard(name, folder.name, folder, built_in, "", "", message, "corrupt")
    title = profile.title or profile.name or folder.name
    return ModelCard(name, title, folder, built_in, _facts(profile), profile.licence)


def _facts(profile: Profile) -> str:
    width, height = profile.size
    return _tr("{0} × {1}, {2} frames a second, {3} steps").format(width, height, f"{profile.fps:g}", profile.steps)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Models", text)
