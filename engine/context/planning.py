"""What shots would see, without a backbone: the profile, one config file and the headers of latents tell enough."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.backbone.loading import ModelBroken, find_model
from engine.catalogue.folders import INDEX, PROFILE, read_json
from engine.catalogue.profile import Profile
from engine.catalogue.recognise import recognise
from engine.context.planner import plan
from engine.context.sources import candidate_frames, candidate_tokens
from engine.contract import Planned, PlanRequest


@dataclass(frozen=True, slots=True)
class Measured:
    """The sizes of a model that is not loaded."""

    profile: Profile
    patch: tuple[int, int, int]

    def tokens(self, latents: int, size: tuple[int, int]) -> int:
        """Transformer tokens of `latents` latent frames at `size` (width, height)."""
        (width, height), (p_t, p_h, p_w), stride = size, self.patch, self.profile.spatial_stride
        return (latents // p_t) * (height // stride // p_h) * (width // stride // p_w)


def measure(name: str) -> Measured:
    """The sizes of a model, built-in, folder or file. Raises ModelMissing, ModelBroken, ProfileError."""
    place = find_model(name)
    told_by = [place / PROFILE, place / INDEX, place / "transformer" / "config.json", place]
    return _measure(place, tuple(path.stat().st_mtime_ns for path in told_by if path.is_file()))


@functools.lru_cache(maxsize=4)
def _measure(place: Path, _changed: tuple[int, ...]) -> Measured:
    found = recognise(place)
    if found.architecture is None:
        raise ModelBroken(f"{place.name}: {found.problems[0]}")
    config = read_json(place / "transformer" / "config.json", []) if place.is_dir() else {}
    p_t, p_h, p_w = config.get("patch_size") or (1, 2, 2)
    return Measured(found.profile, (p_t, p_h, p_w))


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
            candidate_frames,
            request.settings.context_frames or model.profile.context_frames or None,
        )
        yield Planned(asked.id, shot.shot_id, planned.report, planned.budget_tokens)
