"""How a backbone must be driven: a small typed file (`profile.json`) beside its weights."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from engine.backbone.positions import PositionRule


class ProfileError(ValueError):
    """A profile that cannot be used; names the file and the field."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Facts of a checkpoint that no weight file tells. Lengths in pixel frames, sizes (width, height)."""

    name: str = "paper-theatre"
    licence: str = "Apache-2.0"
    size: tuple[int, int] = (112, 64)
    size_multiple: int = 16  # VAE stride times patch
    fps: float = 8.0
    temporal_stride: int = 4  # frames = stride * n + 1
    max_frames: int = 17  # longest shot of one generation; more is made by extending
    extension_frames: int = 16  # new frames of one extension chunk
    tail_latents: int = 5  # latent frames that a continuation sees of what it continues
    text_tokens: int = 80
    positions: PositionRule = field(default_factory=PositionRule)
    encoding: Literal["isolated", "chained"] = "isolated"
    context_noise: float = 0.1
    context_tokens: int = 1400  # default token budget of the planner
    steps: int = 20
    shift: float = 1.0
    text_guidance: float = 3.0
    context_guidance: float = 3.0
    sampler: Literal["euler", "unipc"] = "euler"

    def frames_for(self, wanted: int, continues: bool) -> int:
        """The nearest length not below `wanted` that the VAE can hold: stride*n + 1, or stride*n when continuing."""
        extra = 0 if continues else 1
        chunks = max(1, -(-(wanted - extra) // self.temporal_stride))
        return chunks * self.temporal_stride + extra


def load_profile(path: Path) -> Profile:
    """Read a profile. Raises ProfileError for a missing file, unknown fields or wrong types."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ProfileError(f"{path.name} cannot be read ({error}): the model folder is not complete") from error
    known = {f.name for f in dataclasses.fields(Profile)}
    unknown = sorted(set(raw) - known)
    if unknown:
        raise ProfileError(f"{path.name} has fields this version does not know: {', '.join(unknown)}")
    if "positions" in raw:
        raw["positions"] = PositionRule(**raw["positions"])
    if "size" in raw:
        raw["size"] = tuple(raw["size"])
    return Profile(**raw)


def save_profile(profile: Profile, path: Path) -> None:
    """Write a profile, readable and stable."""
    path.write_text(json.dumps(dataclasses.asdict(profile), indent=2) + "\n", encoding="utf-8")
