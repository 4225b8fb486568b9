"""Which takes saw which takes, and whether that is still so. Computed from recorded hashes, never stored.

A take is stale when a thing it saw has another hash now, or when it continues a take that is not shown any more. What
merely would be chosen differently today is a hint. A prompt that was edited since is told apart from both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.contract import PlannedBlock

CUT = "[SHOT CUT] "


@dataclass(frozen=True, slots=True)
class Shown:
    """The take that a shot shows."""

    take_id: str
    number: int
    latents_hash: str


@dataclass(frozen=True, slots=True)
class Image:
    """A reference image as it is now; `live` is False when it, or its element, is deleted."""

    label: str
    content_hash: str
    live: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One recorded context item; `number` is that of the take that was seen, None when its row is gone.

    `role` is the contract's, or "joint" for a take that was denoised together with this one (`side` is "" then).
    """

    role: str
    shot_id: str
    candidate_id: str
    content_hash: str
    side: str
    number: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """What a take recorded about its making."""

    shot_id: str
    prompt: str
    text: str
    frames: int
    continued_take_id: str
    continued_hash: str
    continued_shot_id: str
    continued_number: int | None
    seen: tuple[Seen, ...] = ()
    kept: frozenset[str] = frozenset()  # keys of the reasons that the user has accepted


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a take is stale. `key` names the very state that makes it so: another change makes another key."""

    text: str
    key: str


@dataclass(frozen=True, slots=True)
class SceneNow:
    """A scene as it is: live shots in order, what each shows, the images, the user's choices, today's prompts.

    `deleted` are shots that could come back. `choices` maps a shot to the user's word on each shot or image that it
    could see: shot or image to "pinned" or "excluded".
    """

    order: tuple[str, ...]
    shows: Mapping[str, Shown]
    images: Mapping[str, Image] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    places: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {shot: place for place, shot in enumerate(self.order)})

    def name(self, shot_id: str) -> str:
        """Return "shot 3", or what to call one that has no number."""
        place = self.places.get(shot_id)
        return "a shot" if place is None else f"shot {place + 1}"

    def previous(self, shot_id: str) -> str:
        """Return the shot right before this one, "" if it is the first or not in the scene."""
        place = self.places.get(shot_id, 0)
        return self.order[place - 1] if place else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a take of the shot would be made from today."""

    prompt: str
    text: str
    frames: int
    continues: bool


@dataclass(frozen=True, slots=True)
class State:
    """Why a take is stale, what was edited since it was made, and what might be chosen differently today."""

    stale: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


def state_of(made: Made, wanted: Wanted, now: SceneNow) -> State:
    """Judge one take. A reason that the user has accepted is a hint."""
    reasons = stale_reasons(made, wanted, now)
    stale = dict.fromkeys(reason.text for reason in reasons if reason.key not in made.kept)
    kept = dict.fromkeys(f"kept: {reason.text}" for reason in reasons if reason.key in made.kept)
    return State(tuple(stale), tuple(_edits(made, wanted)), (*kept, *_hints(made, now)))


def stale_reasons(made: Made, wanted: Wanted, now: SceneNow) -> list[Reason]:
    """Return why a take is stale, whether or not the user has accepted it."""
    stale = {seen: reason for seen in made.seen if (reason := _stale_reason(seen, made, now))}
    reasons = []
    continued = _continued_reason(made, wanted, now)
    if continued:
        before = now.previous(made.shot_id)
        reasons.append(Reason(continued, f"continues {before} {_hash_now(before, now)}"))
        if any(seen.candidate_id == made.continued_take_id for seen in made.seen):
            twice = {text for seen, text in stale.items() if seen.candidate_id == made.continued_take_id}
            stale = {seen: text for seen, text in stale.items() if text not in twice}  # that is said already
    for seen, text in stale.items():
        target = seen.candidate_id if seen.role == "reference" else seen.shot_id
        reasons.append(Reason(text, f"{target} {_hash_now(target, now)}"))
    return reasons


def _hash_now(target: str, now: SceneNow) -> str:
    image = now.images.get(target)
    if image is not None:
        return image.content_hash if image.live else ""
    shown = now.shows.get(target)
    return shown.latents_hash if shown is not None and target in now.places else ""


def _stale_reason(seen: Seen, made: Made, now: SceneNow) -> str:
    if seen.role == "reference":
        image = now.images.get(seen.candidate_id)
        if image is None or not image.live:
            return f"saw the reference image {image.label if image else seen.candidate_id}, which was removed"
        if image.content_hash != seen.content_hash:
            return f"saw an earlier version of the reference image {image.label}"
        return ""
    if seen.shot_id in ("", made.shot_id):
        return ""  # the beginning of its own shot, for an extension
    verb = "was made together with" if seen.role == "joint" else "saw"
    return _other_take(f"{verb} {_take(seen.number)} of", seen.shot_id, seen.content_hash, now)


def _continued_reason(made: Made, wanted: Wanted, now: SceneNow) -> str:
    if not made.continued_take_id or not wanted.continues:
        return ""  # that the shot has become a cut is an edit of the shot
    start = f"continues {_take(made.continued_number)} of"
    other = _other_take(start, made.continued_shot_id, made.continued_hash, now)
    if other:
        return other
    before = now.previous(made.shot_id)
    if before == made.continued_shot_id:
        return ""
    follows = f"now follows {now.name(before)}" if before else "now comes first"
    return f"{start} {now.name(made.continued_shot_id)}, but {follows}"


def _other_take(start: str, shot_id: str, content_hash: str, now: SceneNow) -> str:
    if shot_id not in now.places:
        fate = "was deleted" if shot_id in now.deleted else "is gone"
        return f"{start} a shot that {fate}"
    shown = now.shows.get(shot_id)
    if shown is None:
        return f"{start} {now.name(shot_id)}, which now shows no take"
    if shown.latents_hash != content_hash:
        return f"{start} {now.name(shot_id)}, which now shows take {shown.number}"
    return ""


def _take(number: int | None) -> str:
    return "a take" if number is None else f"take {number}"


def _edits(made: Made, wanted: Wanted) -> list[str]:
    edits = []
    if made.prompt != wanted.prompt:
        edits.append("prompt changed since")
    elif made.text.replace(CUT, "", 1) != wanted.text.replace(CUT, "", 1):
        edits.append("scene prompt changed since")
    if bool(made.continued_take_id) != wanted.continues:
        was = "a continuation" if made.continued_take_id else "a cut"
        edits.append(f"was made as {was}")
    if made.frames != wanted.frames:
        edits.append(f"length changed since: has {made.frames} frames, now {wanted.frames}")
    return edits


def _hints(made: Made, now: SceneNow) -> list[str]:
    hints, here, choices = [], now.places.get(made.shot_id), now.choices.get(made.shot_id, {})
    for seen in made.seen:
        image = now.images.get(seen.candidate_id)
        name = f"the image {image.label}" if image else now.name(seen.shot_id)
        target = seen.candidate_id if seen.role == "reference" else seen.shot_id
        if choices.get(target) == "excluded":
            hints.append(f"saw {name}, which is excluded now")
        place = now.places.get(seen.shot_id)
        if here is not None and place is not None and seen.side and seen.shot_id != made.shot_id:
            side = "before" if place < here else "after"
            if side != seen.side:
                hints.append(f"saw {name} {seen.side} it, which now comes {side} it")
    seen_targets = {s.candidate_id if s.role == "reference" else s.shot_id for s in made.seen}
    for target, choice in choices.items():
        if choice == "pinned" and target not in seen_targets:
            image = now.images.get(target)
            if (image and image.live) or target in now.shows:
                hints.append(f"did not see {f'the image {image.label}' if image else now.name(target)}, pinned now")
    return hints


def compare_with_plan(seen: Sequence[Seen], blocks: Sequence[PlannedBlock]) -> list[str]:
    """Return hints for a take whose shot would see other things today, given what the planner answers now."""
    had = {item.candidate_id for item in seen}
    shots = {item.shot_id for item in seen if item.role != "reference"}
    used = [block for block in blocks if block.used]
    hints = [
        f"would see {block.name} today"
        for block in used
        if block.candidate_id not in had and (block.role == "reference" or block.shot_id not in shots)
    ]
    still = {block.candidate_id for block in used} | {block.shot_id for block in used if block.shot_id}
    dropped = [b for b in blocks if not b.used and b.candidate_id in had and b.shot_id not in still]
    return hints + [f"would not see {block.name} today" for block in dropped]
