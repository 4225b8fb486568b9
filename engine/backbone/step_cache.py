"""Step caching: when the first block's change hardly differs from the last computed step's, the other blocks' is kept.

First-block cache (the idea of ParaAttention's FBCache, also in diffusers' hooks), for models of many steps: with four
steps nothing is alike. It changes results, so it is off unless a profile or the user asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(slots=True)
class StepCache:
    """Of one guidance branch of one take. `threshold`: largest relative change of the first block's residual."""

    threshold: float
    skipped: int = 0
    computed: int = 0
    _first: Tensor | None = None  # residual of block 0 at the last computed step
    _rest: Tensor | None = None  # residual of all others then
    _behind_first: Tensor | None = None  # hidden states behind block 0 of the step that is being computed

    def answer(self, before: Tensor, behind: Tensor) -> Tensor | None:
        """Hidden states behind all blocks, if they can be told from those before and behind block 0; else None."""
        residual = behind - before
        if self._first is not None and self._rest is not None and self._rest.shape == residual.shape:
            change = (residual - self._first).abs().mean() / self._first.abs().mean()
            if float(change) <= self.threshold:
                self.skipped += 1
                return behind + self._rest
        self._first, self._behind_first = residual, behind
        self.computed += 1
        return None

    def remember(self, x: Tensor) -> None:
        """Keep what the other blocks did, if they were computed."""
        if self._behind_first is not None:
            self._rest, self._behind_first = x - self._behind_first, None


class StepCaches:
    """A step cache for every expert and guidance branch of one take. `threshold` 0: none."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._caches: dict[tuple[object, ...], StepCache] = {}

    def of(self, *branch: object) -> StepCache | None:
        """The branch's own, made when it is first asked for."""
        if not self.threshold:
            return None
        return self._caches.setdefault(branch, StepCache(self.threshold))
