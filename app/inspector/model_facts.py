"""What a model does when nobody says otherwise, as its profile has it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from storyboards.model_folders import model_profile


def facts_of(model: str) -> dict[str, Any]:
    """Return the profile of a model, named as a project names it; {} where none can be read."""
    profile = model_profile(model)
    return {} if profile is None else asdict(profile)
