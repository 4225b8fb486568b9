from __future__ import annotations

from app.inspector.names import pattern_of, started_name

CAST = ["Character 1", "Character 2", "The clearing"]


def test_a_name_is_proposed_once_two_letters_of_it_are_typed() -> None:
    assert started_name("C", CAST) == ("", [])
    assert started_name("A fox meets ch", CAST) == ("ch", ["Character 1", "Character 2"])


def test_names_of_several_words_are_proposed_across_the_space() -> None:
    assert started_name("It jumps. the cl", CAST) == ("the cl", ["The clearing"])
    assert started_name("Then Character ", CAST) == ("Character ", ["Character 1", "Character 2"])


def test_a_finished_name_proposes_nothing() -> None:
    assert started_name("Then Character 1", CAST) == ("", [])


def test_an_at_sign_proposes_everybody_and_goes_away_with_the_choice() -> None:
    assert started_name("Then @", CAST) == ("@", CAST)
    assert started_name("Then @the", CAST) == ("@the", ["The clearing"])


def test_a_word_that_only_contains_a_name_s_beginning_proposes_nothing() -> None:
    assert started_name("a search", CAST) == ("", [])


def test_the_longer_of_two_names_is_marked() -> None:
    pattern = pattern_of(["Fox", "Fox cub"])
    assert pattern is not None
    assert [match.group() for match in pattern.finditer("The fox cub and the Fox, no foxes")] == ["fox cub", "Fox"]


def test_without_elements_nothing_is_marked() -> None:
    assert pattern_of([]) is None
