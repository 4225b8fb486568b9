"""Which models there are: the built-in ones, folders the user has named, and what their profiles say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storyboards.model_folders import BUILT_IN, PROFILE, built_in_models, model_folder


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model as the chooser shows it. `name` is how a project keeps it; `problem` says why it cannot be used."""

    name: str
    title: str
    folder: Path
    built_in: bool
    facts: str
    licence: str
    problem: str = ""


def known_models(folders: Iterable[str]) -> list[ModelCard]:
    """Return the built-in models, then those of the named folders."""
    cards = [_card(name, BUILT_IN / name, True) for name in built_in_models()]
    return cards + [_card(folder, Path(folder), False) for folder in folders]


def models_under(folder: Path) -> list[Path]:
    """Return the model folders that a chosen folder is or holds."""
    if (folder / PROFILE).is_file():
        return [folder]
    return sorted(path.parent for path in folder.glob(f"*/{PROFILE}"))


def title_of(name: str) -> str:
    """Return how a project's model is called."""
    folder = model_folder(name)
    return Path(name).name if folder is None else _card(name, folder, folder.parent == BUILT_IN).title


def size_of(name: str) -> tuple[int, int]:
    """Return the size of a model's pictures; that of the built-in one where the profile does not tell."""
    folder = model_folder(name)
    try:
        width, height = json.loads(((folder or Path()) / PROFILE).read_text(encoding="utf-8"))["size"]
        return int(width), int(height)
    except (OSError, ValueError, KeyError, TypeError):
        return 112, 64


def _card(name: str, folder: Path, built_in: bool) -> ModelCard:
    try:
        profile = json.loads((folder / PROFILE).read_text(encoding="utf-8"))
        if not isinstance(profile, dict):
            raise ValueError("not an object")
    except FileNotFoundError:
        return ModelCard(name, folder.name, folder, built_in, "", "", "There is no profile.json in this folder.")
    except (OSError, ValueError) as error:
        return ModelCard(name, folder.name, folder, built_in, "", "", f"Its profile.json cannot be read: {error}.")
    licence = str(profile.get("licence") or "")
    return ModelCard(name, str(profile.get("name") or folder.name), folder, built_in, _facts(profile), licence)


def _facts(profile: dict[str, Any]) -> str:
    size, fps, steps = profile.get("size"), profile.get("fps"), profile.get("steps")
    found = []
    if isinstance(size, list) and len(size) == 2:
        found.append(f"{size[0]} × {size[1]}")
    if isinstance(fps, (int, float)):
        found.append(f"{fps:g} frames a second")
    if isinstance(steps, int):
        found.append(f"{steps} steps")
    return ", ".join(found)
