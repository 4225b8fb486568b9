"""Where models are, without loading one: what a project's model name means."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from engine.catalogue.profile import Profile, ProfileError, load_profile
from engine.catalogue.recognise import NotAModel, recognise
from engine.catalogue.registry import Registry, RegistryError

BUILT_IN = Path(__file__).resolve().parents[1] / "assets" / "models"
PROFILE = "profile.json"
_FOLDER_SIGNS = (PROFILE, "model_index.json")
_WEIGHTS = (".safetensors", ".pt", ".pth", ".ckpt")


def built_in_models() -> list[str]:
    """Return the names of the models that came with Matchcut."""
    return sorted(path.parent.name for path in BUILT_IN.glob(f"*/{PROFILE}"))


def model_folder(name: str) -> Path | None:
    """Return the folder or weight file of a model: by its registered name, by path, or as a built-in one; else None."""
    registered = registered_place(name)
    places = [Path(name), BUILT_IN / name] if registered is None else [registered]
    return next((place for place in places if _is_model(place)), None) if name else None


def registered_place(name: str) -> Path | None:
    """Return where a registered model is, or was; None for a name that the user's registry does not have."""
    try:
        found = Registry().find(name)
    except RegistryError:
        return None  # the model manager says what is wrong with it
    return None if found is None else Path(found.place)


def engine_name(name: str) -> str:
    """Return what the engine is told for a project's model: a registered name becomes its absolute path."""
    place = registered_place(name)
    return name if place is None else str(place)


def model_profile(name: str) -> Profile | None:
    """Return how a model is driven, without loading it; None where it is not there or says nothing that can be read."""
    place = model_folder(name)
    return None if place is None else _profile_at(place, place.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _profile_at(place: Path, _changed: int) -> Profile | None:
    try:
        if (place / PROFILE).is_file():
            return load_profile(place / PROFILE)
        return recognise(place).profile
    except (NotAModel, ProfileError, OSError):
        return None


def _is_model(place: Path) -> bool:
    if place.suffix in _WEIGHTS and place.is_file():
        return True
    return any((place / sign).is_file() for sign in _FOLDER_SIGNS)
