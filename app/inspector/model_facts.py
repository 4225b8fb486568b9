"""What a model does when nobody says otherwise, read from the `profile.json` beside its weights."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from storyboards.model_folders import PROFILE, model_folder


@lru_cache(maxsize=8)
def facts_of(model: str) -> dict[str, Any]:
    """Return the profile of a model, named by its folder or as a built-in one; {} where none can be read."""
    folder = model_folder(model)
    if folder is None:
        return {}
    try:
        facts = json.loads((folder / PROFILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}
