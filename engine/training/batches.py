"""What each stage of the curriculum shows the transformer: noise levels, contexts, targets.

Every batch has one shape (the same number of shots, latent frames and time positions for all its scenes), so neither
masks nor padding are needed: a context-causal target simply attends to the captured keys of its context.
Stages (arXiv 2503.10589 section 3): single shots; Long Context Tuning (full attention, independent levels a shot,
single-frame substitution, single shots mixed in); context-causal (any subset in any order, noisy context, dropout).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from engine.backbone.positions import PositionRule
from engine.training.latents import CachedScene, CachedShot, LatentCache

# The figure is a tenth of a wide picture and most of what a prompt says: its errors count up to four times the others'.
# What a cell should predict does not change with its weight, only what the model spends itself on.
FIGURE_WEIGHT = 3.0

LENGTHS, LENGTH_WEIGHTS = (3, 4, 5), (0.35, 0.35, 0.3)  # latent frames: 9, 13, 17 pixel frames


@dataclass(frozen=True, slots=True)
class Clips:
    """Cached latents (B, C, T, h, w), and how much the figure covers of each cell (B, T, h, w)."""

    latents: Tensor
    cover: Tensor


@dataclass(frozen=True, slots=True)
class Part:
    """A batch of equal shots. noisy, velocity (B, C, T, h, w); sigma (B, T); text (B, L, d); start: time position;
    weight (B, 1, T, h, w): what a cell's error counts for, 1 on average."""

    noisy: Tensor
    velocity: Tensor
    sigma: Tensor
    text: Tensor
    start: float
    weight: Tensor
    loss_from: int = 0  # latent frames before this one are given, and carry no loss


@dataclass(frozen=True, slots=True)
class Batch:
    """`targets` are denoised: together in one sequence when `joint`, else each alone. `context` parts are captured
    alone; every target of scene b sees all context parts of scene b. `repeat`: targets a scene stacked in a part."""

    targets: list[Part]
    context: list[Part] = field(default_factory=list)
    repeat: int = 1
    joint: bool = False


class BatchMaker:
    """Draws batches from the cache; one RNG decides everything."""

    def __init__(self, cache: LatentCache, shots: int, empty_text: Tensor, rule: PositionRule, seed: int) -> None:
        self.cache, self.shots, self.rule = cache, shots, rule
        self.rng = np.random.default_rng(seed)
        self.empty = empty_text  # (TEXT_TOKENS, d): what an empty prompt encodes to
        self.noise = torch.Generator().manual_seed(seed)

    def single(self) -> Batch:
        """One shot a sample, captions that name everything; sometimes its first frames are given (for extending)."""
        length = self._length()
        picks = [self._cut_shot(named=True) for _ in range(round(self.shots * 4 / length))]
        given = int(self.rng.integers(1, length)) if length > 1 and self.rng.random() < 0.1 else 0
        texts = [p.full if self.rng.random() < 0.9 else p.told for p in picks]
        return Batch([self._part(self._clips(picks, length), self._texts(texts), 0.0, given=given)])

    def long_context(self) -> Batch:
        """Full attention over the shots of scenes; own level a shot, or (a third) one level for all."""
        if self.rng.random() < 0.2:
            return self.single()
        length = self._length()
        count = 4 if self.rng.random() < 0.4 else 2
        scenes = self._scenes(max(2, round(self.shots * 4 / (length * count))), count)
        same = self._levels(len(scenes)) if self.rng.random() < 0.33 else None
        starts = self._starts(count)
        parts = []
        for slot in range(count):
            frames = 1 if self.rng.random() < 0.08 else length
            picks = [scene[slot] for scene in scenes]
            parts.append(self._part(self._clips(picks, frames), self._told(picks), starts[slot], sigma=same))
        return Batch(parts, joint=True)

    def causal(self) -> Batch:
        """Targets that see captured context: a subset of the scene's other shots, or what they continue, or nothing."""
        kind = self.rng.random()
        if kind < 0.1:
            return self.single()
        if kind < 0.22:
            return self.long_context()
        if kind < 0.34:
            return self._continuation()
        contexts = int(self.rng.choice((1, 2, 3), p=(0.45, 0.3, 0.25)))
        targets, length = 4 - contexts, self._length()
        scenes = self._scenes(max(2, round(self.shots * 4 / (length * 4))), 4)
        starts = self._starts(contexts + 1)
        place = contexts if self.rng.random() < 0.6 else int(self.rng.integers(contexts + 1))
        target_start = starts.pop(place)
        context = []
        for slot in range(contexts):
            frames = 1 if self.rng.random() < 0.1 else self._length()
            picks = [scene[slot] for scene in scenes]
            context.append(self._context_part(self._clips(picks, frames), self._told(picks), starts[slot]))
        picks = [scene[contexts + n] for scene in scenes for n in range(targets)]
        target = self._part(self._clips(picks, length), self._told(picks), target_start)
        return Batch([target], context, repeat=targets)

    def _continuation(self) -> Batch:
        """Context: the last latent frames of what goes on without a cut, right before the target on the time axis."""
        pairs: list[tuple[CachedShot, CachedShot]] = []
        wanted = max(2, round(self.shots / 2))
        while len(pairs) < wanted:
            shots = self._scene().shots
            pairs += [(a, b) for a, b in pairwise(shots) if b.continues and not a.continues]
        pairs = pairs[:wanted]
        tail, length = int(self.rng.integers(2, 6)), int(self.rng.choice((2, 3, 4)))
        before = self._clips([a for a, _ in pairs], 5, first=5 - tail)
        after = self._clips([b for _, b in pairs], length)
        context = self._context_part(before, self._told([a for a, _ in pairs]), 0.0)
        target = self._part(after, self._told([b for _, b in pairs]), float(tail))
        return Batch([target], [context])

    def _part(self, clips: Clips, text: Tensor, start: float, sigma: Tensor | None = None, given: int = 0) -> Part:
        batch, frames = clips.latents.shape[0], clips.latents.shape[2]
        levels = (self._levels(batch) if sigma is None else sigma)[:, None].expand(batch, frames).clone()
        levels[:, :given] = 0.0
        return self._noised(clips, levels, text, start, given)

    def _context_part(self, clips: Clips, text: Tensor, start: float) -> Part:
        batch, frames = clips.latents.shape[0], clips.latents.shape[2]
        level = torch.from_numpy(self.rng.uniform(0, 0.3, size=batch)).float()
        return self._noised(clips, level[:, None].expand(batch, frames), text, start, frames)

    def _noised(self, clips: Clips, levels: Tensor, text: Tensor, start: float, given: int) -> Part:
        latents, noise = clips.latents, torch.randn(clips.latents.shape, generator=self.noise)
        s = levels[:, None, :, None, None]
        weight = 1.0 + FIGURE_WEIGHT * clips.cover[:, None]
        return Part((1 - s) * latents + s * noise, noise - latents, levels, text, start, weight / weight.mean(), given)

    def _levels(self, count: int) -> Tensor:
        """Logit-normal noise levels (count,)."""
        return torch.sigmoid(torch.from_numpy(self.rng.normal(0.4, 1.1, size=count)).float())

    def _length(self) -> int:
        return int(self.rng.choice(LENGTHS, p=LENGTH_WEIGHTS))

    def _starts(self, count: int) -> list[float]:
        """Time positions of `count` shots, in order, with gaps as long scenes have them (up to nine slots)."""
        slots = np.arange(count)
        if self.rng.random() < 0.35:
            slots = np.sort(self.rng.choice(9, size=count, replace=False))
            slots = slots - slots[0]
        return [float(s) * self.rule.stride for s in slots]

    def _scene(self) -> CachedScene:
        return self.cache.scenes[int(self.rng.integers(len(self.cache.scenes)))]

    def _cut_shot(self, named: bool) -> CachedShot:
        """A shot that follows a cut; `named`: one that has a caption naming everything."""
        while True:
            shots = self._scene().shots
            shot = shots[int(self.rng.integers(len(shots)))]
            if not shot.continues and (shot.full != shot.told or not named):
                return shot

    def _scenes(self, count: int, shots: int) -> list[list[CachedShot]]:
        """`count` scenes, each as `shots` of its shots in random order. A continuation is no shot of its own here: it
        lacks a first latent frame; scenes with too few others are passed over."""
        out: list[list[CachedShot]] = []
        while len(out) < count:
            cuts = [s for s in self._scene().shots if not s.continues]
            if len(cuts) >= shots:
                out.append([cuts[i] for i in self.rng.permutation(len(cuts))[:shots]])
        return out

    def _clips(self, picks: list[CachedShot], frames: int, first: int = 0) -> Clips:
        rows = [p.latent for p in picks]
        return Clips(
            self.cache.latents[rows][:, :, first:frames].float(), self.cache.cover[rows][:, first:frames].float()
        )

    def _told(self, picks: list[CachedShot]) -> Tensor:
        return self._texts([p.with_global if self.rng.random() < 0.9 else p.told for p in picks])

    def _texts(self, rows: list[int]) -> Tensor:
        texts = self.cache.texts(rows)
        drop = self.rng.random(len(rows)) < 0.1
        texts[torch.from_numpy(drop)] = self.empty
        return texts
