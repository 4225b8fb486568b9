"""Step caching: what the blocks did at the last computed step stands for what they would do now.

Two kinds, for models of many steps (with four, no step is like another). Both change results, so they are off unless
the user asks:

- first-block cache (the idea of ParaAttention's FBCache, also in diffusers' hooks): the first block is computed, and
  when its change hardly differs from the last computed step's, the other blocks' is kept;
- MagCache (arXiv 2506.09045): nothing is computed where the magnitude of what the blocks change, measured once for a
  model (`engine.sampling.calibrate`), has hardly moved since the last computed step.

diffusers' own hooks are not used: they count forwards of a block, and ours come in several branches, experts, and
captures of context. `tests/engine/backbone/test_mag_cache.py` compares with them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from engine.catalogue.calibration import Calibration, Magnitudes

MOST_IN_A_ROW = 3  # steps that MagCache skips at most before one is computed (K of the paper)
RETAINED = 0.2  # part of all steps, the first ones, that MagCache never skips


class StepCache(ABC):
    """Of one expert and guidance branch of one take. `skipped` and `computed` count its steps."""

    def __init__(self) -> None:
        self.skipped = self.computed = 0

    def arrive(self, timestep: float, step: int, steps: int) -> None:  # noqa: B027 - most need not know
        """The next forward is of this step (from 0) of `steps`, at `timestep` of 1000."""

    @abstractmethod
    def begin(self, x: Tensor) -> Tensor | None:
        """From the hidden states (B, N, dim) before all blocks: those behind them, or None to have a block computed."""

    @abstractmethod
    def behind_first(self, x: Tensor) -> Tensor | None:
        """From those behind block 0: those behind all blocks, or None to have the others computed."""

    @abstractmethod
    def end(self, x: Tensor) -> None:
        """Those behind all blocks, where all were computed."""

    def blocks_skipped(self, layers: int) -> int:
        """How many of a transformer's `layers` blocks a skipped step has saved."""
        return layers


class FirstBlockCache(StepCache):
    """`threshold`: largest change of the first block's residual, relative to the last computed step's."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.threshold = threshold
        self._first: Tensor | None = None  # residual of block 0 at the last computed step
        self._rest: Tensor | None = None  # residual of all others then
        self._seen: Tensor | None = None  # hidden states of the step that is being computed

    def begin(self, x: Tensor) -> Tensor | None:
        self._seen = x
        return None

    def behind_first(self, x: Tensor) -> Tensor | None:
        assert self._seen is not None
        residual = x - self._seen
        if self._first is not None and self._rest is not None and self._rest.shape == residual.shape:
            change = (residual - self._first).abs().mean() / self._first.abs().mean()
            if float(change) <= self.threshold:
                self.skipped += 1
                return x + self._rest
        self._first, self._seen = residual, x
        self.computed += 1
        return None

    def end(self, x: Tensor) -> None:
        assert self._seen is not None
        self._rest, self._seen = x - self._seen, None

    def blocks_skipped(self, layers: int) -> int:
        return layers - 1


class MagCache(StepCache):
    """`threshold`: largest sum, over the steps skipped in a row, of how far the residual's magnitude is off."""

    def __init__(self, threshold: float, magnitudes: Magnitudes) -> None:
        super().__init__()
        self.threshold, self.magnitudes = threshold, magnitudes
        self._timestep, self._early = 1000.0, True
        self._computed_at = 1000.0
        self._error, self._in_a_row = 0.0, 0
        self._residual: Tensor | None = None  # of all blocks, at the last computed step
        self._before: Tensor | None = None

    def arrive(self, timestep: float, step: int, steps: int) -> None:
        self._timestep, self._early = timestep, step < int(RETAINED * steps + 0.5)

    def begin(self, x: Tensor) -> Tensor | None:
        if self._may_skip(x) and self._residual is not None:
            self.skipped += 1
            return x + self._residual
        self._error, self._in_a_row = 0.0, 0
        self._before = x
        self.computed += 1
        return None

    def behind_first(self, x: Tensor) -> Tensor | None:
        return None

    def end(self, x: Tensor) -> None:
        assert self._before is not None
        self._residual, self._before = x - self._before, None
        self._computed_at = self._timestep

    def _may_skip(self, x: Tensor) -> bool:
        if not self.threshold or self._early or self._residual is None or self._residual.shape != x.shape:
            return False
        self._in_a_row += 1
        self._error += abs(1 - self.magnitudes.between(self._computed_at, self._timestep))
        return self._error <= self.threshold and self._in_a_row <= MOST_IN_A_ROW


class StepCaching(Protocol):
    """Which cache a branch of a take gets."""

    def make(self, expert: int, text: bool, context: bool) -> StepCache:
        """A fresh one for the branch of an expert that reads the text or not, sees the context or not."""
        ...


@dataclass(frozen=True, slots=True)
class FirstBlockCaching:
    """First-block caches with one threshold."""

    threshold: float

    def make(self, expert: int, text: bool, context: bool) -> StepCache:
        """All branches alike."""
        return FirstBlockCache(self.threshold)


@dataclass(frozen=True, slots=True)
class MagCaching:
    """MagCaches with one threshold, each with the magnitudes of its branch."""

    threshold: float
    calibration: Calibration

    def make(self, expert: int, text: bool, context: bool) -> StepCache:
        """Raises KeyError for an expert that was not calibrated."""
        return MagCache(self.threshold, self.calibration.of(expert, text, context))


@dataclass(slots=True)
class StepCaches:
    """A step cache for every expert and guidance branch of one take of `steps` steps. `caching` None: none."""

    caching: StepCaching | None
    steps: int
    _caches: dict[tuple[int, bool, bool], StepCache] = field(default_factory=dict)
    _timestep: float | None = None
    _step: int = -1

    def of(self, timestep: float, expert: int, text: bool, context: bool) -> StepCache | None:
        """The branch's own, made when it is first asked for, and told which step it is."""
        if self.caching is None:
            return None
        if timestep != self._timestep:
            self._timestep, self._step = timestep, self._step + 1
        branch = expert, text, context
        if branch not in self._caches:
            self._caches[branch] = self.caching.make(*branch)
        self._caches[branch].arrive(timestep, self._step, self.steps)
        return self._caches[branch]
