"""Measuring a model for MagCache: two shots are made, one of them seeing the other, and every forward is looked at.

What is measured is arXiv 2506.09045's magnitude ratio: the mean over tokens of |what the blocks add now| over |what
they added one step before|, for every expert and guidance branch. It depends on the model far more than on the prompt
(the paper's finding), so once is enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import fmean

from torch import Tensor

from engine.backbone.backbone import Backbone
from engine.backbone.step_cache import StepCache
from engine.catalogue.calibration import Calibration, Magnitudes
from engine.context.assemble import Context, assemble
from engine.context.blocks import ContextBlock, latents_hash
from engine.context.cache import ContextCache
from engine.contract import ContextCandidate, SamplingSettings
from engine.sampling.generate import resolve, sample_shot
from engine.sampling.guidance import Guidance
from engine.sampling.noise import shot_noise

PROMPTS = (
    "A fox in a red coat walks through a forest by day, wide shot.",
    "The fox in the red coat waves at us, close-up.",
)
SEED = 31_607  # of nothing that is rendered


class CannotCalibrate(ValueError):
    """A model for which step caching makes no sense; says why."""


class _Looking(StepCache):
    """Answers nothing, and measures every step."""

    def __init__(self) -> None:
        super().__init__()
        self.ratios: list[tuple[float, float]] = []  # timestep, ratio
        self._timestep = 1000.0
        self._before: Tensor | None = None
        self._norms: Tensor | None = None  # (B, N) of the last step's residual

    def arrive(self, timestep: float, step: int, steps: int) -> None:
        self._timestep = timestep

    def begin(self, x: Tensor) -> Tensor | None:
        self._before = x
        return None

    def behind_first(self, x: Tensor) -> Tensor | None:
        return None

    def end(self, x: Tensor) -> None:
        assert self._before is not None
        norms = (x - self._before).float().norm(dim=-1)
        ratio = 1.0 if self._norms is None else float((norms / self._norms.clamp_min(1e-8)).mean())
        self.ratios.append((self._timestep, ratio))
        self._norms, self._before = norms, None


@dataclass(slots=True)
class _Measuring:
    """Keeps everything that it makes."""

    made: dict[tuple[int, bool, bool], list[_Looking]] = field(default_factory=lambda: defaultdict(list))

    def make(self, expert: int, text: bool, context: bool) -> StepCache:
        looking = _Looking()
        self.made[expert, text, context].append(looking)
        return looking

    def magnitudes(self) -> tuple[Magnitudes, ...]:
        """A branch's ratios, averaged over the shots in which it was seen."""
        found = []
        for branch, looks in sorted(self.made.items()):
            timesteps = tuple(timestep for timestep, _ in looks[0].ratios)
            columns = zip(*([ratio for _, ratio in look.ratios] for look in looks), strict=True)
            found.append(Magnitudes(*branch, timesteps, tuple(round(fmean(column), 6) for column in columns)))
        return tuple(found)


def calibrate(backbone: Backbone, steps: int | None = None, say: Callable[[str], None] = lambda _: None) -> Calibration:
    """Make the two shots at the profile's size and length, and return what was measured. Nothing is written.

    Raises CannotCalibrate for a model of few steps.
    """
    settings = resolve(SamplingSettings(steps=steps), backbone)
    if settings.sampler == "renoise":
        raise CannotCalibrate(f"it makes a shot in {settings.steps} steps: there is nothing to skip")
    # A hair between the two scales, and all three branches are computed: whatever the user chooses later is known.
    scales = [Guidance(g.text, g.text * 1.001) for g in (settings.guidance, settings.guidance_low)]
    measuring = _Measuring()
    settings = replace(settings, guidance=scales[0], guidance_low=scales[1], step_cache=measuring, guidance_from=0.0)
    profile = backbone.profile
    latents = (profile.max_frames - 1) // profile.temporal_stride + 1
    shape = backbone.latent_shape(latents, profile.size)
    context: Context | None = None
    for number, prompt in enumerate(PROMPTS):
        say(f"shot {number + 1} of {len(PROMPTS)}, {settings.steps} steps ...")
        made = sample_shot(backbone, prompt, shot_noise(SEED + number, shape), context, settings, lambda _: None)
        context = assemble([_as_context(made, prompt, backbone)], latents, backbone, ContextCache(backbone.device))
    return Calibration(profile.name, backbone.fingerprint, settings.steps, measuring.magnitudes())


def _as_context(latents: Tensor, prompt: str, backbone: Backbone) -> ContextBlock:
    name = latents_hash(latents)
    candidate = ContextCandidate(name, "shot", name, "the shot before", "", name, prompt, 0)
    return ContextBlock(candidate, "before", latents, name, backbone.profile.context_noise, 0.0, 0)
