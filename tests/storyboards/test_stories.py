from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboards.errors import InvalidValue, MissingFile, StoryFormatError
from storyboards.examples import example, example_names
from storyboards.lengths import LONGEST, SHORTEST
from storyboards.project import Project
from storyboards.story_text import SUFFIX, Story, StoryElement, StoryShot, parse_story, read_story, write_story
from storyboards.tables import KINDS_OF_ELEMENT
from storyboards.texts import clean_name

text = st.text(max_size=60) | st.text(alphabet="#>\\ ab\n:\t\r\"'", max_size=30)


def is_name(name: str) -> bool:
    try:
        return bool(clean_name(name))
    except InvalidValue:
        return False


names = st.sampled_from(["Character 1", "Place Mill", "Mia", "Prop", "Character"]) | text.filter(is_name)
elements = st.builds(StoryElement, st.sampled_from(KINDS_OF_ELEMENT), names, text)
sampling = st.fixed_dictionaries(
    {},
    optional={
        "steps": st.integers(1, 100),
        "text_guidance": st.floats(0, 50, allow_nan=False),
        "sampler": st.sampled_from(["euler", "unipc"]),
        "loras": st.lists(
            st.fixed_dictionaries(
                {
                    "path": st.sampled_from(["/look.safetensors", "/a, b (c)/50%.safetensors"]),
                    "strength": st.sampled_from([1.0, -0.5, 2.25]),
                    "expert": st.sampled_from(["both", "high", "low"]),
                }
            ),
            max_size=2,
            unique_by=lambda lora: (lora["path"], lora["expert"]),
        ),
    },
)
seeds = st.none() | st.integers(0, 2**63 - 1)
shots = st.builds(
    StoryShot, text, st.integers(SHORTEST, LONGEST), st.booleans(), text, seeds, sampling, st.booleans(), st.booleans()
)
stories = st.builds(
    Story,
    text,
    st.none() | st.integers(0, 2**63 - 1),
    text,
    text,
    st.lists(elements, max_size=3, unique_by=lambda element: element.name).map(tuple),
    st.lists(shots, max_size=4).map(tuple),
    sampling,
)


@given(stories)
def test_a_written_story_reads_back_equal(story: Story) -> None:
    written = write_story(story)
    assert parse_story(written) == story
    assert parse_story(written.replace("\n", "\r\n")) == story
    assert parse_story(written.encode().decode()) == story


@settings(max_examples=10)
@given(story=stories)
def test_a_story_goes_through_the_document_without_loss(blank_project: Project, story: Story) -> None:
    board = blank_project.storyboard
    scene = board.import_story(story).new_id("scene")
    back = board.export_story(scene)
    if story.seed is None:
        assert back.seed is not None
        back = Story(back.title, None, back.environment, back.story, back.elements, back.shots, back.settings)
    assert back == story


@pytest.fixture(scope="module")
def blank_project(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    with Project.create(tmp_path_factory.mktemp("stories") / "Stories") as project:
        yield project


def test_there_are_finished_examples_for_the_built_in_world() -> None:
    assert len(example_names()) >= 5
    assert example_names()[0] == "fox-at-sunset"
    stories = [example(name) for name in example_names()]
    for name, story in zip(example_names(), stories, strict=True):
        assert 4 <= len(story.shots) <= 8, name
        assert {shot.frames + shot.continues for shot in story.shots} <= {9, 13, 17}, name
        assert len(story.elements) == 1, name
        species = story.elements[0].description.split()[1]
        assert story.elements[0].description.lower() in story.shots[0].prompt.lower()
        assert all(re.search(rf"\b(the {species}|it)\b", shot.prompt, re.I) for shot in story.shots[1:]), name
    assert len(stories[0].shots) == 6 and not any(shot.continues for shot in stories[0].shots)
    assert any(shot.continues for story in stories for shot in story.shots)
    with pytest.raises(MissingFile, match="fox-at-sunset"):
        example("nothing")


def test_the_example_files_are_in_the_form_that_is_written() -> None:
    folder = Path(__file__).parents[2] / "storyboards" / "examples"
    for name in example_names():
        assert (folder / f"{name}{SUFFIX}").read_text() == write_story(example(name))


@pytest.mark.parametrize(
    ("story", "line", "advice"),
    [
        ("", 1, 'Write "# "'),
        ("\n\nSeed: 7", 3, 'Write "# "'),
        ("# T\n\nSeed: seven", 3, "whole number"),
        ("# T\nSeed: 1\nSeed: 2", 3, "Keep one"),
        ("# T\n\nCharakter 1: a fox", 3, "Before the first shot"),
        ("# T\nSettings: steps many", 2, "The settings are: steps"),
        ("# T\nSettings: steps 8, seed 3", 2, '"Settings: steps 8, text_guidance 3.0"'),
        ("# T\njust words", 2, "Before the first shot"),
        ("# T\nCharacter 1: a\nCharacter 1: b", 3, "own name"),
        ('# T\nProp "a:b": c', 2, "1 to 60 characters"),
        ("# T\n\n## Shot 1\n", 3, "(cut, 17 frames)"),
        ("# T\n\n## Shot 1 (cut, 3 frames)\n", 3, "5 to 401"),
        ("# T\n\n## Shot 1 (cut, 17 frames)\n\nok\n# no\n", 6, '"\\#"'),
    ],
)
def test_a_malformed_file_tells_the_line_and_what_to_do(story: str, line: int, advice: str) -> None:
    with pytest.raises(StoryFormatError) as caught:
        parse_story(story)
    assert caught.value.line == line
    assert f"Line {line}:" in str(caught.value)
    assert advice in caught.value.hint


def test_a_file_that_is_not_utf_8_tells_the_line(tmp_path: Path) -> None:
    path = tmp_path / f"a{SUFFIX}"
    path.write_bytes(b"# T\n\nEnvironment: caf\xe9\n")
    with pytest.raises(StoryFormatError, match="Line 3"):
        read_story(path)
    path.write_bytes(b"\xef\xbb\xbf# T\n")
    assert read_story(path) == Story("T")
    with pytest.raises(MissingFile):
        read_story(tmp_path / "none")
