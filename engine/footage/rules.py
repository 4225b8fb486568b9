"""How footage is cut for one model: its size, its rate, and how long a shot and its continuations may be."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass

from engine.catalogue.profile import Profile

WAY = 2  # goes up when shots or scenes are found in another way
PIECES = 6  # of one run at most: a shot and five continuations; what is longer is left out
SHORTEST_LATENTS = 2  # a shot of one latent frame is a still
SHORTEST_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Rules:
    """Lengths in latent frames, `size` (width, height) in pixels, `fps` frames a second of the model."""

    size: tuple[int, int]
    fps: float
    stride: int  # pixel frames of a latent frame after the first
    longest: int  # of a shot after a cut
    extension: int  # of a continuation

    @property
    def key(self) -> str:
        """Names these rules: a clip that was cut by others is cut again."""
        return hashlib.sha256(json.dumps([WAY, *dataclasses.astuple(self)]).encode()).hexdigest()[:16]

    def latents(self, frames: int) -> int:
        """Whole latent frames in so many frames at the model's rate."""
        return (frames - 1) // self.stride + 1 if frames > 0 else 0

    def frames(self, latents: int) -> int:
        """Frames at the model's rate of so many latent frames from the start of a run."""
        return (latents - 1) * self.stride + 1

    def split(self, latents: int, continues: bool) -> list[int]:
        """Lengths of the pieces that a stretch is made of: a shot, then continuations; a short rest is left out."""
        pieces: list[int] = []
        while latents >= SHORTEST_LATENTS and len(pieces) < PIECES:
            most = self.extension if continues or pieces else self.longest
            pieces.append(min(latents, most))
            latents -= pieces[-1]
        return pieces


def rules_for(profile: Profile, size: tuple[int, int] | None = None) -> Rules:
    """The rules of a model; `size` other than the profile's must be a multiple of what it can hold (ValueError)."""
    wanted = size or profile.size
    if any(side % profile.size_multiple for side in wanted):
        raise ValueError(f"{profile.name} takes sizes that are multiples of {profile.size_multiple}")
    return Rules(
        wanted,
        profile.fps,
        profile.temporal_stride,
        (profile.max_frames - 1) // profile.temporal_stride + 1,
        profile.extension_frames // profile.temporal_stride,
    )
