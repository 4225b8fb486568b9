"""Where models are, without loading one: what a project's model name means."""

from __future__ import annotations

from pathlib import Path

BUILT_IN = Path(__file__).resolve().parents[1] / "assets" / "models"
PROFILE = "profile.json"


def built_in_models() -> list[str]:
    """Return the names of the models that came with Matchcut."""
    return sorted(path.parent.name for path in BUILT_IN.glob(f"*/{PROFILE}"))


def model_folder(name: str) -> Path | None:
    """Return the folder of a model, named by path or as a built-in one; None if there is none."""
    folders = (Path(name), BUILT_IN / name)
    return next((folder for folder in folders if (folder / PROFILE).is_file()), None)
