"""Captions: the first shot tells everything, later ones leave the identity to the context."""

from __future__ import annotations

import re

from engine.world.captions import (
    full_caption,
    global_prompt,
    later_caption,
    shot_captions,
)
from engine.world.scene import sample_scene
from engine.world.vocabulary import COLOURS

SCENES = [sample_scene(seed, 5) for seed in range(200)]
PLACE_WORDS = {
    "forest": r"forest|woods",
    "beach": r"beach|sea",
    "desert": r"desert",
    "snow": r"snow",
    "city": r"city",
    "meadow": r"meadow",
    "room": r"room",
    "moon": r"moon",
}
TIME_WORDS = {"day": r"day|daytime|daylight", "sunset": r"sunset|sun sets", "night": r"night"}
ACTION_WORDS = {
    "walks": r"walk|stroll",
    "jumps": r"jump|hop",
    "waves": r"wav",
    "sleeps": r"sleep|asleep|nap",
    "dances": r"danc",
    "floats": r"balloon",
}


def says(pattern: str, text: str) -> bool:
    return re.search(rf"\b({pattern})", text) is not None


def pieces(text: str) -> int:
    """Count words and marks, which is what word pieces are for words this plain."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def test_a_full_caption_tells_who_in_which_coat_where_and_when() -> None:
    for scene in SCENES:
        for index, shot in enumerate(scene.shots):
            text = full_caption(scene, index, 3)
            assert scene.species in text and f"{scene.colour} coat" in text and ("hat" in text) == scene.hat
            assert says(PLACE_WORDS[scene.place], text.lower()) and says(TIME_WORDS[scene.time], text)
            assert says(ACTION_WORDS[shot.action], text)


def test_a_later_caption_leaves_the_identity_out_but_keeps_the_action() -> None:
    hidden = "|".join((*COLOURS, "coat", "hat", *PLACE_WORDS.values(), *TIME_WORDS.values()))
    for scene in SCENES:
        for index in range(1, 5):
            text = later_caption(scene, index, 5, full_rate=0.0)
            assert not says(rf"(?:{hidden})\b", text.lower()), text
            assert says(ACTION_WORDS[scene.shots[index].action], text)


def test_half_of_the_later_captions_leave_the_species_out_too() -> None:
    named = [s.species in later_caption(s, i, 0, full_rate=0.0) for s in SCENES for i in range(1, 5)]
    assert 0.44 < sum(named) / len(named) < 0.56


def test_some_later_captions_are_full_all_the_same() -> None:
    full = ["coat" in text for scene in SCENES for text in shot_captions(scene)[1:]]
    assert 0.10 < sum(full) / len(full) < 0.20


def test_a_caption_follows_from_its_seed_and_seeds_rephrase_it() -> None:
    scene = SCENES[0]
    assert full_caption(scene, 0, 1) == full_caption(scene, 0, 1)
    assert len({full_caption(scene, 0, seed) for seed in range(50)}) > 20
    assert shot_captions(scene) == shot_captions(scene)


def test_captions_and_global_prompts_are_short() -> None:
    assert max(pieces(full_caption(s, i, n)) for s in SCENES for i in range(5) for n in range(3)) <= 38
    assert max(pieces(global_prompt(s, n)) for s in SCENES for n in range(5)) <= 46


def test_the_global_prompt_has_its_three_parts() -> None:
    for scene in SCENES:
        text = global_prompt(scene)
        assert re.fullmatch(r"\[Character\] Character 1: .+\. \[Environment\] .+\. \[Story\] .+\.", text)
        assert scene.species in text and scene.colour in text and says(PLACE_WORDS[scene.place], text)
