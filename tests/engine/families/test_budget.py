"""What a shot sees by default fits the model: a long shot is seen in a few of its frames rather than not at all."""

from __future__ import annotations

import pytest

from engine.catalogue.profile import families, family
from engine.context.planner import plan
from engine.contract import ContextCandidate, ShotTask


@pytest.mark.parametrize("name", families())
def test_the_shot_before_is_always_seen(name: str) -> None:
    profile = family(name)
    (width, height), patch = profile.size, 2 * profile.spatial_stride
    latents = (profile.max_frames - 1) // profile.temporal_stride + 1
    per_latent = (width // patch) * (height // patch)
    before = [ContextCandidate(f"{n}", "shot", f"s{n}", f"shot {n}", "", "", "", n) for n in range(3)]
    planned = plan(
        tuple(before), ShotTask("s", "shot", 3, "", profile.max_frames, ()), profile,
        lambda _: latents * per_latent, False, frames_of=lambda _: latents, most_frames=profile.context_frames or None,
    )  # fmt: skip
    assert "2" in [line.candidate_id for line in planned.used]
    assert sum(line.tokens for line in planned.used) <= profile.context_tokens
