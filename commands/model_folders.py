"""Where models are, without loading one: checks that need no torch, for commands that should fail before they start."""

from __future__ import annotations

from pathlib import Path

from commands.failing import CommandError

BUILT_IN = Path(__file__).resolve().parents[1] / "assets" / "models"
PROFILE = "profile.json"


def built_in_models() -> list[str]:
    """Return the names of the models that came with Matchcut."""
    return sorted(path.parent.name for path in BUILT_IN.glob(f"*/{PROFILE}"))


def model_folder(name: str) -> Path | None:
    """Return the folder of a model, named by path or as a built-in one; None if there is none."""
    folders = (Path(name), BUILT_IN / name)
    return next((folder for folder in folders if (folder / PROFILE).is_file()), None)


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
