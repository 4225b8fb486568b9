"""What each stage of the curriculum shows the transformer: noise levels, contexts, targets.

Every batch has one shape (the same number of shots, latent frames and time positions for all its scenes), so neither
masks nor padding are needed: a context-causal target simply attends to the captured keys of its context.
Stages (arXiv 2503.10589 section 3): single shots; Long Context Tuning (full attention, independent levels a shot,
single-frame substitution, single shots mixed in); context-causal (any subset in any order, noisy context, dropout).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.backbone.positions import PositionRule
from engine.training.latents import CachedShot, Clips, SceneTable

# The figure is a tenth of a wide picture and most of what a prompt says: its errors count up to four times the others'.
# What a cell should predict does not change with its weight, only what the model spends itself on.
FIGURE_WEIGHT = 3.0

SHOTS = 4  # of a scene in one batch at most
SLOTS = 9  # that they may stand on: the window of Long Context Tuning


@dataclass(frozen=True, slots=True)
class Spans:
    """In latent frames: how long shots are and how often, how much is seen of what a continuation continues, and how
    long continuations are."""

    lengths: tuple[int, ...] = (3, 4, 5)  # of the paper theatre: 9, 13, 17 pixel frames
    weights: tuple[float, ...] = (0.35, 0.35, 0.3)
    tails: tuple[int, ...] = (2, 3, 4, 5)
    extensions: tuple[int, ...] = (2, 3, 4)

    @property
    def typical(self) -> int:
        """The length by which the shots of a step are counted."""
        return self.lengths[len(self.lengths) // 2]


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
    turn: float = 0.0  # the angle of its shot, where a model tells shots apart by one


@dataclass(frozen=True, slots=True)
class Batch:
    """`targets` are denoised: together in one sequence when `joint`, else each alone. `context` parts are captured
    alone; every target of scene b sees all context parts of scene b. `repeat`: targets a scene stacked in a part."""

    targets: list[Part]
    context: list[Part] = field(default_factory=list)
    repeat: int = 1
    joint: bool = False


class BatchMaker:
    """Draws batches. `rng` decides their form, `picks` what fills it: several processes of one training share the
    first, so that all of them call the same layers, and differ in the second (`share`)."""

    def __init__(
        self,
        table: SceneTable,
        shots: int,
        empty_text: Tensor,
        rule: PositionRule,
        seed: int,
        spans: Spans | None = None,
        shift: float = 1.0,
        levels: tuple[float, float] = (0.0, 1.0),
        share: int = 0,
    ) -> None:
        """`shots`: of typical length, a step; no scene of a step has more (but two). `empty_text` (L, d): what an empty
        prompt encodes to. `shift`: the model's own timestep shift. `levels`: the noise levels that targets are drawn
        from (one expert's range). `share`: this process's number."""
        self.table, self.shots, self.rule, self.empty = table, shots, rule, empty_text
        self.spans, self.shift, self.levels = spans or Spans(), shift, levels
        self._seed, self._share = seed, share
        self._pools: dict[tuple[int, ...], list[Any]] = {}
        self.noise = torch.Generator()
        self.reseed(0)

    def reseed(self, step: int) -> None:
        """Other dice for every step that a run is taken up at."""
        self.rng = np.random.default_rng((self._seed, step))
        self.picks = np.random.default_rng((self._seed, step, 1 + self._share))
        self.noise.manual_seed(self._seed + step + 7919 * self._share)

    def state(self) -> dict[str, Any]:
        """Where its dice stand, for a checkpoint."""
        dice = {"rng": dict(self.rng.bit_generator.state), "picks": dict(self.picks.bit_generator.state)}
        return {**dice, "noise": self.noise.get_state()}

    def go_on(self, state: dict[str, Any]) -> None:
        """Take the dice up where a checkpoint left them."""
        self.rng.bit_generator.state = state["rng"]
        self.picks.bit_generator.state = state["picks"]
        self.noise.set_state(state["noise"])

    def single(self) -> Batch:
        """One shot a sample, captions that name everything; sometimes its first frames are given (for extending)."""
        length = self._length()
        named = self._named(length)
        shots = [named[int(self.picks.integers(len(named)))] for _ in range(self._count(length, 1))]
        given = int(self.rng.integers(1, length)) if length > 1 and self.rng.random() < 0.1 else 0
        texts = [s.full if self.picks.random() < 0.9 else s.told for s in shots]
        return Batch([self._part(self.table.clips(shots, length), self._texts(texts), 0.0, given=given)])

    def long_context(self) -> Batch:
        """Full attention over the shots of scenes; own level a shot, or (a third) one level for all."""
        length = self._length()
        most = self._most(length)
        if self.rng.random() < 0.2 or most < 2:
            return self.single()
        count = min(most, SHOTS if self.rng.random() < 0.4 else 2)
        scenes = self._scenes(self._count(length, count), count, length)
        same = self._levels(len(scenes)) if self.rng.random() < 0.33 else None
        lengths = [1 if self.rng.random() < 0.08 else length for _ in range(count)]
        starts = self._starts(lengths, length)
        parts = []
        for slot, frames in enumerate(lengths):
            shots = [scene[slot] for scene in scenes]
            parts.append(self._part(self.table.clips(shots, frames), self._told(shots), *starts[slot], sigma=same))
        return Batch(parts, joint=True)

    def causal(self) -> Batch:
        """Targets that see captured context: a subset of the scene's other shots, or what they continue, or nothing."""
        kind = self.rng.random()
        if kind < 0.1:
            return self.single()
        if kind < 0.22:
            return self.long_context()
        if kind < 0.34 and self._continued():
            return self._continuation()
        contexts = int(self.rng.choice((1, 2, 3), p=(0.45, 0.3, 0.25)))
        length = self._length()
        before = [1 if self.rng.random() < 0.1 else self._length() for _ in range(contexts)]
        needed = max(length, *before)
        most = self._most(needed)
        if most < 2:
            return self.single()
        contexts = min(contexts, most - 1)
        targets = most - contexts
        place = contexts if self.rng.random() < 0.6 else int(self.rng.integers(contexts + 1))
        lengths = before[:contexts]
        lengths.insert(place, length)
        starts = self._starts(lengths, needed)
        scenes = self._scenes(self._count(length, most), most, needed)
        context = []
        for slot, number in enumerate(n for n in range(contexts + 1) if n != place):
            shots = [scene[slot] for scene in scenes]
            clips = self.table.clips(shots, lengths[number])
            context.append(self._context_part(clips, self._told(shots), *starts[number]))
        shots = [scene[contexts + n] for scene in scenes for n in range(targets)]
        target = self._part(self.table.clips(shots, length), self._told(shots), *starts[place])
        return Batch([target], context, repeat=targets)

    def _continuation(self) -> Batch:
        """Context: the last latent frames of what goes on without a cut, right before the target on the time axis."""
        tail = int(self.rng.choice(self.spans.tails))
        length = int(self.rng.choice(self.spans.extensions))
        pairs = self._continued(tail, length) or self._continued()
        drawn = [pairs[int(self.picks.integers(len(pairs)))] for _ in range(max(1, round(self.shots / 2)))]
        tail = min(tail, *(a.length for a, _ in drawn))
        length = min(length, *(b.length for _, b in drawn))
        before = self.table.clips([a for a, _ in drawn], tail, last=True)
        after = self.table.clips([b for _, b in drawn], length)
        context = self._context_part(before, self._told([a for a, _ in drawn]), 0.0)
        target = self._part(after, self._told([b for _, b in drawn]), float(tail))
        return Batch([target], [context])

    def _part(
        self,
        clips: Clips,
        text: Tensor,
        start: float,
        turn: float = 0.0,
        sigma: Tensor | None = None,
        given: int = 0,
    ) -> Part:
        batch, frames = clips.latents.shape[0], clips.latents.shape[2]
        levels = (self._levels(batch) if sigma is None else sigma)[:, None].expand(batch, frames).clone()
        levels[:, :given] = 0.0
        return self._noised(clips, levels, text, (start, turn), given)

    def _context_part(self, clips: Clips, text: Tensor, start: float, turn: float = 0.0) -> Part:
        batch, frames = clips.latents.shape[0], clips.latents.shape[2]
        level = torch.from_numpy(self.picks.uniform(0, 0.3, size=batch)).float()
        return self._noised(clips, level[:, None].expand(batch, frames), text, (start, turn), frames)

    def _noised(self, clips: Clips, levels: Tensor, text: Tensor, place: tuple[float, float], given: int) -> Part:
        latents, noise = clips.latents, torch.randn(clips.latents.shape, generator=self.noise)
        s = levels[:, None, :, None, None]
        weight = 1.0 + FIGURE_WEIGHT * clips.cover[:, None]
        weight = weight / weight.mean()
        start, turn = place
        return Part((1 - s) * latents + s * noise, noise - latents, levels, text, start, weight, given, turn)

    def _levels(self, count: int) -> Tensor:
        """Logit-normal noise levels (count,), shifted as the model's sampler shifts them, in the expert's range."""
        level = torch.sigmoid(torch.from_numpy(self.picks.normal(0.4, 1.1, size=count)).float())
        level = self.shift * level / (1 + (self.shift - 1) * level)
        low, high = self.levels
        return low + (high - low) * level

    def _length(self) -> int:
        return int(self.rng.choice(self.spans.lengths, p=self.spans.weights))

    def _count(self, length: int, shots: int) -> int:
        """Samples of a step that have `shots` shots of `length`."""
        return max(1, round(self.shots * self.spans.typical / (length * shots)))

    def _starts(self, lengths: list[int], longest: int) -> list[tuple[float, float]]:
        """Time positions and turns of shots in order, with gaps as long scenes have them (up to nine slots)."""
        slots = list(range(len(lengths)))
        if self.rng.random() < 0.35:
            slots = sorted(int(n) for n in self.rng.choice(SLOTS, size=len(lengths), replace=False))
            slots = [n - slots[0] for n in slots]
        laid = [longest] * (slots[-1] + 1)  # a slot that stands empty here has a shot of this length
        for slot, length in zip(slots, lengths, strict=True):
            laid[slot] = length
        starts = self.rule.starts(laid)
        return [(starts[slot], slot * self.rule.angle) for slot in slots]

    def _pool(self, kind: int, *numbers: int) -> list[Any] | None:
        return self._pools.get((kind, len(self.table.scenes), *numbers))

    def _cuts(self, length: int) -> list[list[CachedShot]]:
        """Of every scene the shots of at least this length. A continuation is no shot of its own: it lacks a first
        latent frame."""
        pool = self._pool(0, length)
        if pool is None:
            cuts = [[s for s in scene.shots if not s.continues and s.length >= length] for scene in self.table.scenes]
            pool = self._pools.setdefault((0, len(self.table.scenes), length), [c for c in cuts if c])
        return pool

    def _named(self, length: int) -> list[CachedShot]:
        """Shots with a caption that names everything; where there are none, all shots."""
        pool = self._pool(1, length)
        if pool is None:
            shots = [shot for cuts in self._cuts(length) for shot in cuts]
            named = [shot for shot in shots if shot.full != shot.told]
            pool = self._pools.setdefault((1, len(self.table.scenes), length), named or shots)
        return pool

    def _most(self, length: int) -> int:
        """How many shots a batch of scenes has: those of a scene drawn at random among scenes of several."""
        counts = self._pool(2, length)
        if counts is None:
            most = min(SHOTS, max(2, self.shots))
            counts = [min(most, len(cuts)) for cuts in self._cuts(length) if len(cuts) > 1]
            self._pools[(2, len(self.table.scenes), length)] = counts
        return int(counts[int(self.rng.integers(len(counts)))]) if counts else 0

    def _scenes(self, count: int, shots: int, length: int) -> list[list[CachedShot]]:
        """`count` scenes, each as `shots` of its shots of at least this length, in random order."""
        pool = self._pool(3, length, shots)
        if pool is None:
            pool = [cuts for cuts in self._cuts(length) if len(cuts) >= shots]
            self._pools[(3, len(self.table.scenes), length, shots)] = pool
        drawn = [pool[int(self.picks.integers(len(pool)))] for _ in range(count)]
        return [[cuts[i] for i in self.picks.permutation(len(cuts))[:shots]] for cuts in drawn]

    def _continued(self, tail: int = 1, length: int = 1) -> list[tuple[CachedShot, CachedShot]]:
        """Shots that follow a cut with what continues them, both at least so long."""
        pool = self._pool(4, tail, length)
        if pool is None:
            pairs = [pair for scene in self.table.scenes for pair in pairwise(scene.shots)]
            pool = [(a, b) for a, b in pairs if b.continues and not a.continues]
            pool = [(a, b) for a, b in pool if a.length >= tail and b.length >= length]
            self._pools[(4, len(self.table.scenes), tail, length)] = pool
        return pool

    def _told(self, shots: list[CachedShot]) -> Tensor:
        return self._texts([s.with_global if self.picks.random() < 0.9 else s.told for s in shots])

    def _texts(self, rows: list[int]) -> Tensor:
        texts = self.table.texts(rows)
        drop = self.picks.random(len(rows)) < 0.1
        texts[torch.from_numpy(drop)] = self.empty
        return texts
