"""Which blocks a shot sees: (candidates, target, token budget, the user's choices) -> an ordered list with reasons.

Order of claims on the budget: what the shot continues, pinned items, references, the shot before, the scene's first
shot (it usually names everybody), then the others by distance. Relevance before recency follows Long Context Tuning
section "history pool"; the scene order decides only where a block stands, not whether it is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.backbone.profiles import Profile
from engine.contract import ContextCandidate, PlannedBlock, ShotTask, Side


@dataclass(frozen=True, slots=True)
class Plan:
    """`used` in the order of the time axis; `report` tells of every candidate, used or not."""

    used: tuple[PlannedBlock, ...]
    report: tuple[PlannedBlock, ...]
    budget_tokens: int


def side_of(candidate: ContextCandidate, shot: ShotTask) -> Side:
    """References and earlier shots stand before the target, later shots after."""
    return "after" if candidate.role == "shot" and candidate.order > shot.order else "before"


def plan(
    candidates: tuple[ContextCandidate, ...],
    shot: ShotTask,
    profile: Profile,
    tokens_of: Callable[[ContextCandidate], int],
    two_sided: bool,
    budget: int | None = None,
    noise: float | None = None,
    frames_of: Callable[[ContextCandidate], int] | None = None,
    most_frames: int | None = None,
) -> Plan:
    """Choose. `tokens_of` says what a candidate costs; `noise` overrides the profile's context noise.

    With `most_frames`, a shot that has more latent frames (`frames_of`) is seen in that many of them only; else the
    profile may have all shots share a number of frames.
    """
    shares = {} if most_frames else share_frames(candidates, shot, profile.context_share, two_sided)
    limit = profile.context_tokens if budget is None else budget
    spent = 0
    lines: dict[str, PlannedBlock] = {}
    for candidate in sorted(candidates, key=lambda c: _claim(c, shot)):
        frames, tokens = _cost(candidate, shares.get(candidate.id, most_frames), tokens_of, frames_of)
        refused = _refusal(candidate, shot, two_sided)
        if refused is None and shares.get(candidate.id) == 0:
            refused = f"left out: later shots share the {profile.context_share} frames that this model sees"
        if refused is None and spent + tokens > limit and candidate.role != "recent":
            refused = f"left out: {tokens} tokens do not fit into the budget of {limit} ({spent} used)"
        if refused is None:
            spent += tokens
        levels = (candidate.noise, noise, profile.context_noise)
        lines[candidate.id] = PlannedBlock(
            candidate.id,
            candidate.role,
            candidate.shot_id,
            candidate.name,
            side_of(candidate, shot),
            next(level for level in levels if level is not None),
            tokens,
            refused is None,
            refused or _reason(candidate, shot) + _frames_in_words(frames),
            frames,
        )
    ordered = sorted(candidates, key=lambda c: _time_order(c))
    report = tuple(lines[c.id] for c in ordered)
    return Plan(tuple(b for b in report if b.used), report, limit)


def _cost(
    candidate: ContextCandidate,
    most: int | None,
    tokens_of: Callable[[ContextCandidate], int],
    frames_of: Callable[[ContextCandidate], int] | None,
) -> tuple[tuple[int, ...], int]:
    """Which latent frames of it are seen, () for all, and how many tokens those are."""
    length = frames_of(candidate) if most and frames_of is not None and candidate.role == "shot" else 0
    frames = spread_frames(length, most or length)
    return frames, tokens_of(candidate) * len(frames) // length if frames else tokens_of(candidate)


def share_frames(
    candidates: tuple[ContextCandidate, ...], shot: ShotTask, total: int, two_sided: bool
) -> dict[str, int]:
    """By candidate, in how many of `total` latent frames each other shot is seen: in equal parts, and the latest shots
    in one more where that leaves some, as ShotStream was trained. A pinned shot is seen in one at least."""
    seen = [c for c in candidates if c.role == "shot" and _refusal(c, shot, two_sided) is None]
    if not total or not seen:
        return {}
    part, rest = divmod(total, len(seen))
    latest = sorted(seen, key=_time_order, reverse=True)
    return {c.id: max(part + (n < rest), c.choice == "pinned") for n, c in enumerate(latest)}


def spread_frames(length: int, most: int) -> tuple[int, ...]:
    """The first latent frame and others spread evenly up to the last, `most` in all; () when all may be seen.

    HoloCine and ShotStream tie shots together by so few (`shared/methods/long-context-tuning.md` D15).
    """
    if length <= most:
        return ()
    return (0,) if most == 1 else tuple(round(n * (length - 1) / (most - 1)) for n in range(most))


def _frames_in_words(frames: tuple[int, ...]) -> str:
    if not frames:
        return ""
    return f"; of it latent frame{'s' * (len(frames) > 1)} {', '.join(str(n + 1) for n in frames)}"


def _claim(candidate: ContextCandidate, shot: ShotTask) -> tuple[int, int, int]:
    """Smaller claims the budget earlier."""
    distance = abs(candidate.order - shot.order)
    if candidate.role == "recent":
        rank = 0
    elif candidate.choice == "pinned":
        rank = 1
    elif candidate.role == "reference":
        rank = 2
    elif candidate.order == shot.order - 1:
        rank = 3
    elif candidate.order == 0:
        rank = 4
    else:
        rank = 5
    return rank, distance, candidate.order


def _time_order(candidate: ContextCandidate) -> tuple[int, int]:
    """References first, then shots in story order; what the target continues stands with its shot."""
    return (0, candidate.order) if candidate.role == "reference" else (1, candidate.order)


def _refusal(candidate: ContextCandidate, shot: ShotTask, two_sided: bool) -> str | None:
    if candidate.choice == "excluded":
        return "left out: you excluded it"
    if candidate.role == "recent" or candidate.choice == "pinned":
        return None
    if side_of(candidate, shot) == "after" and not two_sided:
        return "left out: later than this shot, and two-sided context is off"
    if candidate.role == "shot" and (shot.continues or shot.extension is not None):
        return "left out: what this shot continues already shows it"
    return None


def _reason(candidate: ContextCandidate, shot: ShotTask) -> str:
    if candidate.role == "recent":
        return "this shot continues it without a cut"
    if candidate.choice == "pinned":
        return "you pinned it"
    if candidate.role == "reference":
        return "reference image of an element"
    if candidate.order == shot.order - 1:
        return "the shot before"
    if candidate.order == 0:
        return "the scene's first shot"
    distance = abs(candidate.order - shot.order)
    return f"{distance} shot{'s' if distance > 1 else ''} {'later' if candidate.order > shot.order else 'earlier'}"
