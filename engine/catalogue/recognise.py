"""What a folder or file is: the one question that the model manager and the engine ask of a path."""

from __future__ import annotations

from pathlib import Path

from engine.catalogue.folders import INDEX, PROFILE, Recognised, recognise_folder
from engine.catalogue.single import recognise_file

__all__ = ["NotAModel", "Recognised", "recognise"]

WEIGHT_FILES = (".safetensors", ".pt", ".pth", ".ckpt")


class NotAModel(ValueError):
    """A path that is no model of a kind that Matchcut knows; says what was looked for."""


def recognise(path: Path) -> Recognised:
    """Look at a model, reading configs and headers only. Raises NotAModel for what is no model at all; everything else
    that stands in the way is a problem in the answer."""
    if path.is_dir():
        if (path / INDEX).is_file() or (path / PROFILE).is_file():
            return recognise_folder(path)
        raise NotAModel(f"{path.name} is no model folder: it has neither {INDEX} nor {PROFILE}")
    if path.is_file():
        if path.suffix in WEIGHT_FILES:
            return recognise_file(path)
        raise NotAModel(f"{path.name} is no weight file: {', '.join(WEIGHT_FILES)} are read")
    raise NotAModel(f"there is nothing at {path}")
