"""LoRAs as the document keeps them: plain values with a path, a strength and the expert that wears it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import InvalidValue

STRONGEST = 10.0  # of either sign; what the engine takes
EXPERTS = ("both", "high", "low")

Lora = dict[str, Any]


def read_lora(word: str) -> Lora:
    """Return a LoRA written as `PATH`, `PATH:STRENGTH`, or with @high or @low behind for one expert of a model with
    two. The path stays as it is written."""
    rest, _, expert = word.rpartition("@")
    if expert not in EXPERTS[1:]:
        rest, expert = word, EXPERTS[0]
    path, _, strength = rest.rpartition(":")
    try:
        value = float(strength)
    except ValueError:
        path, value = rest, 1.0
    return {"path": path, "strength": value, "expert": expert}


def lora_word(lora: Mapping[str, Any]) -> str:
    """Return a LoRA as `read_lora` reads it."""
    expert = lora.get("expert", EXPERTS[0])
    return f"{lora['path']}:{lora.get('strength', 1.0):g}" + ("" if expert == EXPERTS[0] else f"@{expert}")


def check_loras(loras: Iterable[Mapping[str, Any]]) -> None:
    """Raise InvalidValue for what no render could wear: a path that depends on where one stands, a strength beyond
    all measure, one LoRA twice on the same expert."""
    seen = set()
    for lora in loras:
        path, strength = str(lora["path"]), lora["strength"]
        name = Path(path).name
        if not os.path.isabs(path):
            raise InvalidValue(f"{path!r} does not say where this LoRA is.", "Give its whole path.")
        if not -STRONGEST <= strength <= STRONGEST:
            raise InvalidValue(
                f"{name} cannot have the strength {strength:g}.", f"Use -{STRONGEST:g} to {STRONGEST:g}; 1 is usual."
            )
        if (path, lora["expert"]) in seen:
            raise InvalidValue(f"{name} is in the list twice.", "Give it one strength.")
        seen.add((path, lora["expert"]))


def with_paths(settings: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what made a take, with the paths of its files out of what was `asked`: the engine writes down their names
    and hashes alone, which are true on every machine."""
    found = dict(settings)
    worn = [lora for lora in asked.get("loras") or () if lora["strength"]]
    told = found.get("loras") or ()
    if told and len(worn) == len(told):
        found["loras"] = [{**mine, "path": lora["path"]} for mine, lora in zip(told, worn, strict=True)]
    if isinstance(found.get("first_frame"), dict) and asked.get("first_frame"):
        found["first_frame"] = {**found["first_frame"], "path": asked["first_frame"]}
    return found


def without_paths(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a take's settings for others to read: files by name and hash, as the engine wrote them down."""

    def bare(value: Any) -> Any:
        return {key: part for key, part in value.items() if key != "path"} if isinstance(value, dict) else value

    found = {name: bare(value) for name, value in settings.items()}
    if found.get("loras"):
        found["loras"] = [bare(lora) for lora in found["loras"]]
    return found


def settings_again(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a take's settings as a shot can have them, and the names of files whose path was never written down."""
    found, lost = dict(settings), []
    loras: Sequence[Mapping[str, Any]] = found.get("loras") or ()
    if loras:
        known = [lora for lora in loras if "path" in lora]
        found["loras"] = [{key: lora[key] for key in ("path", "strength", "expert")} for lora in known]
        lost += [str(lora["name"]) for lora in loras if "path" not in lora]
    first = found.get("first_frame")
    if isinstance(first, dict):
        found["first_frame"] = first.get("path")
        lost += [] if "path" in first else [str(first["name"])]
    return found, lost
