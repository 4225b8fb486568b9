"""Checks on models that need no torch, for commands that should fail before they start."""

from __future__ import annotations

from pathlib import Path

from commands.failing import CommandError
from engine.catalogue.registry import RegisteredModel, Registry, RegistryError, state_of
from storyboards.model_folders import BUILT_IN, built_in_models, model_folder, registered_place

__all__ = ["BUILT_IN", "built_in_models", "model_folder", "need_model", "stored_name"]


def need_model(name: str) -> Path:
    """Return the folder or file of a model. Raises CommandError with what there is instead."""
    folder = model_folder(name)
    if registered_place(name) is not None:
        _refuse_unready(name)
    if folder is not None:
        return folder
    have = ", ".join(built_in_models())
    hint = f"Built in: {have}. " if have else "No model is built in yet: train one (main.py train --help). "
    names = ", ".join(model.name for model in _registered())
    hint += f"Registered: {names}. " if names else ""
    raise CommandError(
        f"There is no model {name!r}.", f"{hint}Or give the folder of one: --model FOLDER; see also main.py models."
    )


def stored_name(name: str) -> str:
    """Return how a project keeps the name of its model: built-in and registered names as they are, folders and files
    as absolute paths."""
    folder = need_model(name)
    return name if folder == BUILT_IN / name or registered_place(name) else str(folder.resolve())


def _refuse_unready(name: str) -> None:
    model = Registry().get(name)
    match state_of(model):
        case "missing":
            hint = f"Put it back, or forget it: main.py models remove {name}."
            raise CommandError(f"The model {name} is not at {model.place} any more.", hint)
        case "incomplete" if model.ours and not model.problems:
            hint = f"Go on with it: main.py models download {name}."
            raise CommandError(f"The download of {name} is not finished.", hint)
        case "corrupt":
            which = ", ".join(model.damaged) or "files of another size"
            hint = f"main.py models {'download' if model.ours else 'verify'} {name}."
            raise CommandError(f"The model {name} is damaged ({which}).", hint)
        case _:
            return  # what else may be wrong, loading it says best


def _registered() -> list[RegisteredModel]:
    try:
        return Registry().models()
    except RegistryError:
        return []
