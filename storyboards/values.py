"""What the document accepts: checks of seeds, settings and noise levels before they are stored."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any, Final

from engine.contract import ContractError, SamplingSettings, settings_of

from .errors import InvalidValue
from .loras import check_loras

SEED_LIMIT = 2**63  # what a database column holds


class Unset(Enum):
    """The type of KEEP, for arguments that None is a value of."""

    KEEP = "keep"


KEEP: Final = Unset.KEEP


def new_seed() -> int:
    """Return a random seed, short enough to be read out."""
    return secrets.randbelow(2**31)


def check_seed(seed: int) -> int:
    """Return `seed`. Raises InvalidValue below 0 and from 2**63 on."""
    if not 0 <= seed < SEED_LIMIT:
        raise InvalidValue(f"{seed} cannot be a seed.", "Use a whole number from 0 to 2^63 - 1.")
    return seed


def check_noise(noise: float | None) -> float | None:
    """Return a context noise level. Raises InvalidValue outside [0, 1]."""
    if noise is not None and not 0.0 <= noise <= 1.0:
        raise InvalidValue(f"{noise} cannot be a noise level.", "Use a number from 0 (exact) to 1 (nothing left).")
    return noise


def check_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return sampling settings with only what is set, in values that a JSON column gives back as they are: undo
    compares them. Raises InvalidValue for unknown names, wrong types and LoRAs that cannot be worn."""
    try:
        record = asdict(settings_of(settings))
    except ContractError as error:
        known = ", ".join(asdict(SamplingSettings()))
        raise InvalidValue(f"These settings do not work: {error}", f"The settings are: {known}.") from error
    check_loras(record["loras"] or ())
    given = {name: record[name] for name, value in settings.items() if value is not None}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}


def check_size(size: tuple[int, int] | None) -> tuple[int | None, int | None]:
    """Return width and height in pixels. Raises InvalidValue unless both are positive."""
    if size is None:
        return None, None
    if min(size) <= 0:
        raise InvalidValue(f"{size[0]} x {size[1]} is not a size.", "Give width and height in pixels, above zero.")
    return size


def check_fps(fps: float) -> float:
    """Return frames per second. Raises InvalidValue outside 1..120."""
    if not 1 <= fps <= 120:
        raise InvalidValue(f"{fps} frames a second cannot be played.", "Use a rate from 1 to 120.")
    return float(fps)
