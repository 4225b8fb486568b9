"""Checks on models that need no torch, for commands that should fail before they start."""

from __future__ import annotations

from pathlib import Path

from commands.failing import CommandError
from storyboards.model_folders import BUILT_IN, built_in_models, model_folder

__all__ = ["BUILT_IN", "built_in_models", "model_folder", "need_model", "stored_name"]


def need_model(name: str) -> Path:
    """Return the folder of a model. Raises CommandError with what there is instead."""
    folder = model_folder(name)
    if folder is not None:
        return folder
    have = ", ".join(built_in_models())
    hint = f"Built in: {have}. " if have else "No model is built in yet: train one (main.py train --help). "
    raise CommandError(f"There is no model {name!r}.", f"{hint}Or give the folder of one: --model FOLDER.")


def stored_name(name: str) -> str:
    """Return how a project keeps the name of its model: built-in names as they are, folders as absolute paths."""
    folder = need_model(name)
    return name if folder == BUILT_IN / name else str(folder.resolve())
