"""What shots would see, without a backbone: the profile, one config file and the headers of latents tell enough."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.backbone.loading import ModelBroken, find_model
from engine.backbone.profiles import Profile, load_profile
from engine.context.planner import plan
from engine.context.sources import candidate_tokens
from engine.contract import Planned, PlanRequest

STRIDE = 8  # pixels a latent


@dataclass(frozen=True, slots=True)
class Measured:
    """The sizes of a model that is not loaded."""

    profile: Profile
    patch: tuple[int, int, int]

    def tokens(self, latents: int, size: tuple[int, int]) -> int:
        """Transformer tokens of `latents` latent frames at `size` (width, height)."""
        (width, height), (p_t, p_h, p_w) = size, self.patch
        return (latents // p_t) * (height // STRIDE // p_h) * (width // STRIDE // p_w)


def measure(name: str) -> Measured:
    """The sizes of a model folder or built-in model. Raises ModelMissing, ModelBroken, ProfileError."""
    folder = find_model(name)
    return _measure(folder, (folder / "profile.json").stat().st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _measure(folder: Path, _changed: int) -> Measured:
    config = folder / "transformer" / "config.json"
    try:
        p_t, p_h, p_w = json.loads(config.read_text(encoding="utf-8"))["patch_size"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelBroken(f"{folder.name}/transformer/config.json cannot be used: {error}") from error
    return Measured(load_profile(folder / "profile.json"), (p_t, p_h, p_w))


def plan_only(asked: PlanRequest) -> Iterator[Planned]:
    """One answer a shot. Raises what planning a render would raise."""
    request, model = asked.request, measure(asked.request.model)
    size = request.size or model.profile.size
    for shot in request.shots:
        planned = plan(
            request.candidates,
            shot,
            model.profile,
            lambda candidate: candidate_tokens(candidate, model, size),
            request.two_sided,
            request.settings.context_tokens,
            request.settings.context_noise,
        )
        yield Planned(asked.id, shot.shot_id, planned.report, planned.budget_tokens)
