"""Text and context guidance, separately.

    v = v(0, 0) + c [v(ctx, 0) - v(0, 0)] + s [v(ctx, text) - v(ctx, 0)]

(MAGI-1's three-way form). With c equal to s the middle branch cancels and only two forwards are needed: the
unconditional branch drops text and context together, which measured best on the built-in model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

Branch = Callable[[bool, bool], Sequence[Tensor]]  # (with text, with context) -> velocities


@dataclass(frozen=True, slots=True)
class Guidance:
    """`text` and `context` scales; 1 means none."""

    text: float
    context: float

    def forwards(self, has_context: bool) -> int:
        """Forwards a step."""
        if not has_context:
            return 1 if self.text == 1 else 2
        if self.text == 1 and self.context == 1:
            return 1
        return 2 if self.text == self.context or self.context == 1 else 3


NO_GUIDANCE = Guidance(1.0, 1.0)


def guided(branch: Branch, guidance: Guidance, has_context: bool) -> list[Tensor]:
    """Combine the branches that the scales need, and evaluate no others."""
    s, c = guidance.text, guidance.context
    full = branch(True, has_context)
    if not has_context:
        return list(full) if s == 1 else _towards(branch(False, False), full, s)
    if s == 1 and c == 1:
        return list(full)
    if s == c:
        return _towards(branch(False, False), full, s)
    silent = branch(False, True)
    if c == 1:
        return _towards(silent, full, s)
    empty = branch(False, False)
    return [e + c * (m - e) + s * (f - m) for e, m, f in zip(empty, silent, full, strict=True)]


def _towards(start: Sequence[Tensor], end: Sequence[Tensor], scale: float) -> list[Tensor]:
    return [a + scale * (b - a) for a, b in zip(start, end, strict=True)]
