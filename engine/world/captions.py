"""What is said about a scene: full captions, later captions that leave the identity out, and the global prompt.

Every text follows from the scene and a seed. Captions stay below 40 word pieces, global prompts below 48.
"""

from __future__ import annotations

import random

from .scene import SceneSpec, ShotSpec

# Per action: the third person, what it "is" doing, and what it "keeps" doing.
_ACTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "walks": (("walks", "walking"), ("strolls", "strolling"), ("walks along", "walking along")),
    "jumps": (("jumps", "jumping"), ("hops up and down", "hopping up and down"), ("jumps for joy", "jumping for joy")),
    "waves": (("waves", "waving"), ("waves hello", "waving hello"), ("waves one arm", "waving one arm")),
    "sleeps": (("sleeps", "sleeping"), ("lies asleep", "lying asleep"), ("takes a nap", "taking a nap")),
    "dances": (
        ("dances", "dancing"),
        ("dances happily", "dancing happily"),
        ("sways in a dance", "swaying in a dance"),
    ),
    "floats": (
        ("floats with a balloon", "floating with a balloon"),
        ("floats under a pink balloon", "floating under a pink balloon"),
        ("hangs from a big balloon", "hanging from a big balloon"),
    ),
}
# Per place: the noun, where one is, and where one walks.
_PLACES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "forest": ("a forest", "in the forest", ("through the forest", "in the woods")),
    "beach": ("a beach", "on the beach", ("along the beach", "by the sea")),
    "desert": ("a desert", "in the desert", ("across the desert", "in the sandy desert")),
    "snow": ("a snow field", "in the snow", ("through the snow", "in a snow field")),
    "city": ("a city street", "in the city", ("down the city street", "in a city street")),
    "meadow": ("a flower meadow", "in the meadow", ("through the meadow", "in a flower meadow")),
    "room": ("a cosy room", "in the room", ("across the room", "in a cosy room")),
    "moon": ("the moon", "on the moon", ("across the moon", "up on the moon")),
}
_TIMES: dict[str, tuple[str, ...]] = {
    "day": ("by day", "in the daytime", "in bright daylight"),
    "sunset": ("at sunset", "in the sunset", "as the sun sets"),
    "night": ("at night", "by night", "in the night"),
}
_FRAMINGS: dict[str, tuple[str, ...]] = {
    "wide": ("wide shot", "a wide shot", "wide view"),
    "medium": ("medium shot", "a medium shot", "mid shot"),
    "close": ("close-up", "a close-up", "close shot"),
}
_CAMERAS: dict[str, tuple[str, ...]] = {
    "still": ("still camera", "the camera holds still", "static camera"),
    "pan": ("panning camera", "the camera pans", "the view slides by"),
    "push": ("slow push in", "the camera pushes in", "slowly zooming in"),
}
_SAYS_FRAMING = 0.9
_SAYS_CAMERA = {"still": 0.3, "pan": 0.65, "push": 0.65}
_SAYS_SPECIES = 0.5  # of the later captions


def full_caption(scene: SceneSpec, index: int, seed: int) -> str:
    """Return a caption of shot `index` that tells who, in which coat, where and when."""
    rng = _dice(scene, index, seed, "full")
    who = _character(scene, rng)
    act = _action(scene.shots[index], rng)
    place, time = _where(scene, scene.shots[index].action, rng), rng.choice(_TIMES[scene.time])
    if rng.random() < 0.2:
        return _sentence(f"{place} {time}, {who} {act}", scene.shots[index], rng)
    return _sentence(f"{who} {act} {place} {time}", scene.shots[index], rng)


def later_caption(scene: SceneSpec, index: int, seed: int, full_rate: float = 0.15) -> str:
    """Return a caption of a shot after the first: the action and the framing, but nothing of coat, place or time.

    At `full_rate` it is a full caption all the same.
    """
    rng = _dice(scene, index, seed, "later")
    if rng.random() < full_rate:
        return full_caption(scene, index, seed)
    if rng.random() < _SAYS_SPECIES:
        who = f"the {scene.species}"
    else:
        who = rng.choice(("it", "Character 1"))
    start = rng.choice(("", "", "", "then ", "now "))
    return _sentence(f"{start}{who} {_action(scene.shots[index], rng)}", scene.shots[index], rng)


def shot_captions(scene: SceneSpec, seed: int | None = None) -> list[str]:
    """Return a caption for each shot: the first full, the rest as `later_caption` has it."""
    dice = scene.seed if seed is None else seed
    first = [full_caption(scene, 0, dice)] if scene.shots else []
    return first + [later_caption(scene, index, dice) for index in range(1, len(scene.shots))]


def global_prompt(scene: SceneSpec, seed: int | None = None) -> str:
    """Return what holds for every shot: the character, the environment, and the story in a few words."""
    rng = _dice(scene, 0, scene.seed if seed is None else seed, "global")
    place = f"{_PLACES[scene.place][0]} {rng.choice(_TIMES[scene.time])}"
    return f"[Character] Character 1: {_character(scene, rng)}. [Environment] {place}. [Story] {_story(scene, rng)}."


def _story(scene: SceneSpec, rng: random.Random) -> str:
    verbs: list[str] = []
    for shot in scene.shots:
        if not shot.continues and shot.action not in verbs:
            verbs.append(shot.action)
    who = rng.choice((f"the {scene.species}", "Character 1"))
    told = verbs[:3]
    if len(told) < 2 or rng.random() < 0.2:
        alone = f"{who} {verbs[0] if verbs else 'waits'}"
        return rng.choice((f"a day with {who}", f"a little film about {who}", alone))
    return f"{who} {', '.join(told[:-1])} and then {told[-1]}"


def _character(scene: SceneSpec, rng: random.Random) -> str:
    article = "an" if scene.colour == "orange" else "a"
    coat = f"{article} {scene.colour} coat"
    if scene.hat:
        coat += rng.choice((" and hat", f" and {article} {scene.colour} hat", f" with {article} {scene.colour} hat"))
    return f"a {scene.species} {rng.choice(('in', 'in', 'wearing'))} {coat}"


def _action(shot: ShotSpec, rng: random.Random) -> str:
    does, doing = rng.choice(_ACTIONS[shot.action])
    if shot.continues and rng.random() < 0.8:
        return rng.choice((f"keeps {doing}", f"continues {doing}", f"is still {doing}"))
    return does if rng.random() < 0.75 else f"is {doing}"


def _where(scene: SceneSpec, action: str, rng: random.Random) -> str:
    _, inside, (along, other) = _PLACES[scene.place]
    if action == "walks":
        return rng.choice((along, along, other, inside))
    return rng.choice((inside, inside, other))


def _sentence(told: str, shot: ShotSpec, rng: random.Random) -> str:
    """Add the framing and the camera to what is told, before or behind it, and a capital and a full stop."""
    framing = rng.choice(_FRAMINGS[shot.framing]) if rng.random() < _SAYS_FRAMING else ""
    camera = rng.choice(_CAMERAS[shot.camera]) if rng.random() < _SAYS_CAMERA[shot.camera] else ""
    if framing and rng.random() < 0.3:
        text = f"{framing}: {told}" + (f", {camera}" if camera else "")
    else:
        text = ", ".join(part for part in (told, framing, camera) if part)
    return f"{text[0].upper()}{text[1:]}."


def _dice(scene: SceneSpec, index: int, seed: int, kind: str) -> random.Random:
    return random.Random(f"{kind}/{scene.seed}/{index}/{seed}")
