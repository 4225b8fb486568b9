r"""Stories as text files: a Markdown-like form that reads well, and comes back exactly as it was written.

    # Fox at sunset

    Seed: 7
    Environment: a forest at sunset
    Story: the fox walks and then waves
    Character 1: a fox in a red coat

    ## Shot 1 (cut, 17 frames)

    A fox in a red coat walks through the forest at sunset, wide shot.

    > The first shot names everything.

What else is said about a shot stands behind its length: "(cut, 17 frames, seed 7, steps 8, two-sided, locked)";
LoRAs as "lora /look.safetensors:0.8" or "no loras", with %2C for a comma in a path. What holds for all shots of the
scene is a line "Settings: steps 8, text_guidance 3.0" of the same words.
A prompt may have several lines; `>` lines are notes. A prompt line that begins with `#`, `>` or `\` is written with a
`\` before it. Elements are lines such as `Character 1: ...`, `Place 2: ...`, `Prop "Lamp": ...`; numbers of shots are
for the reader, the order counts. Takes and images are not part of a story.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from .errors import InvalidValue, MissingFile, StoryboardError, StoryFormatError
from .lengths import normal_frames
from .loras import lora_word, read_lora
from .tables import KINDS_OF_ELEMENT
from .texts import clean_line, clean_name, clean_text
from .values import check_seed, check_settings

SUFFIX = ".story.md"
_SHOT = re.compile(r"## Shot(?: \d+)? \((cut|continues), (\d+) frames((?:, [^,()]+)*)\)\s*")
_SHOT_HINT = 'Write it like "## Shot 2 (cut, 17 frames)" or "## Shot 3 (continues, 12 frames)".'
_HEADER_HINT = (
    'Before the first shot stand lines like "Seed: 7", "Environment: a forest", "Story: ...", '
    '"Character 1: a fox in a red coat", \'Prop "Lamp": ...\'.'
)
_MARKS = ("#", ">", "\\")


@dataclass(frozen=True, slots=True)
class StoryElement:
    """A character, place or prop. Texts are cleaned; raises InvalidValue for what the document would refuse."""

    kind: str
    name: str
    description: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS_OF_ELEMENT:
            raise InvalidValue(f"{self.kind!r} is no kind of element.", f"Use one of: {', '.join(KINDS_OF_ELEMENT)}.")
        object.__setattr__(self, "name", clean_name(self.name))
        object.__setattr__(self, "description", clean_line(self.description))


@dataclass(frozen=True, slots=True)
class StoryShot:
    """A shot. Its length is brought to an allowed one."""

    prompt: str
    frames: int
    continues: bool = False
    notes: str = ""
    seed: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    two_sided: bool = False
    locked: bool = False

    def __post_init__(self) -> None:
        if self.seed is not None:
            check_seed(self.seed)
        object.__setattr__(self, "settings", check_settings(self.settings))
        object.__setattr__(self, "prompt", clean_text(self.prompt))
        object.__setattr__(self, "notes", clean_text(self.notes))
        object.__setattr__(self, "frames", normal_frames(self.frames, self.continues))


@dataclass(frozen=True, slots=True)
class Story:
    """A scene as text. `seed` None: a random one when it is imported."""

    title: str
    seed: int | None = None
    environment: str = ""
    story: str = ""
    elements: tuple[StoryElement, ...] = ()
    shots: tuple[StoryShot, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", check_settings(self.settings))
        object.__setattr__(self, "title", clean_line(self.title) or "Untitled")
        object.__setattr__(self, "environment", clean_line(self.environment))
        object.__setattr__(self, "story", clean_line(self.story))
        if self.seed is not None:
            check_seed(self.seed)
        names = [element.name for element in self.elements]
        if len(set(names)) != len(names):
            raise InvalidValue("Two elements of a story have the same name.", "Give each its own name.")


def write_story(story: Story) -> str:
    """Return a story as text that `parse_story` turns back into an equal one."""
    lines = [f"# {story.title}", ""]
    if story.seed is not None:
        lines.append(f"Seed: {story.seed}")
    if story.environment:
        lines.append(f"Environment: {story.environment}")
    if story.story:
        lines.append(f"Story: {story.story}")
    if story.settings:
        lines.append(f"Settings: {', '.join(_settings(story.settings))}")
    lines += [f"{_element_head(element)}: {element.description}".rstrip() for element in story.elements]
    for number, shot in enumerate(story.shots, 1):
        start = "continues" if shot.continues else "cut"
        facts = ", ".join([start, f"{shot.frames} frames", *_options(shot)])
        lines += ["", f"## Shot {number} ({facts})"]
        if shot.prompt:
            lines += ["", *("\\" + line if line.startswith(_MARKS) else line for line in shot.prompt.split("\n"))]
        if shot.notes:
            lines += ["", *(f"> {line}".rstrip(" ") for line in shot.notes.split("\n"))]
    return "\n".join(lines).rstrip("\n") + "\n"


def parse_story(text: str) -> Story:
    """Read a story. Raises StoryFormatError with the line and what to do about it."""
    return _Parser(text).story()


def read_story(path: Path) -> Story:
    """Read a story file (UTF-8). Raises MissingFile, StoryFormatError."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise MissingFile(f"There is no story file {path}.", "Check the path.") from None
    try:
        return parse_story(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise StoryFormatError(line, "this is not UTF-8 text.", "Save the file as UTF-8.") from error


def _element_head(element: StoryElement) -> str:
    kind = element.kind.capitalize()
    return element.name if element.name.startswith(f"{kind} ") else f'{kind} "{element.name}"'


def _options(shot: StoryShot) -> list[str]:
    seed = [] if shot.seed is None else [f"seed {shot.seed}"]
    flags = [name for name, on in (("two-sided", shot.two_sided), ("locked", shot.locked)) if on]
    return [*seed, *_settings(shot.settings), *flags]


def _settings(settings: Mapping[str, Any]) -> list[str]:
    plain = [f"{name} {_in_heading(value)}" for name, value in settings.items() if name != "loras"]
    return [*plain, *_loras(settings.get("loras"))]


def _loras(loras: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """An empty list says that the shot wears none where its scene has some."""
    if loras is None:
        return []
    return [f"lora {_in_heading(lora_word(lora))}" for lora in loras] or ["no loras"]


def _in_heading(value: object) -> str:
    """A value with the signs that would end an option, or the heading, as %2C and the like."""
    return str(value) if not isinstance(value, str) else re.sub(r"[%,()\r\n]", lambda sign: quote(sign[0]), value)


def _read_options(text: str) -> dict[str, Any]:
    """Return what stands behind a shot's length. Raises InvalidValue."""
    found: dict[str, Any] = {"settings": {}}
    for option in filter(None, text.split(", ")):
        name, _, value = option.strip().partition(" ")
        if name in ("two-sided", "locked") and not value:
            found[name.replace("-", "_")] = True
        elif name == "seed":
            found["seed"] = int(value)
        elif name == "lora":
            found["settings"].setdefault("loras", []).append(read_lora(unquote(value)))
        elif option.strip() == "no loras":
            found["settings"]["loras"] = []
        else:
            found["settings"][name] = _number(unquote(value))
    return found


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


class _Parser:
    """Goes through the lines once: the title, the header, then shot by shot."""

    def __init__(self, text: str) -> None:
        self.lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.at = 0
        self.header: dict[str, str] = {}
        self.settings: dict[str, Any] = {}
        self.elements: list[StoryElement] = []
        self.shots: list[StoryShot] = []

    def story(self) -> Story:
        title = self._title()
        while self.at < len(self.lines) and not self.lines[self.at].startswith("#"):
            self._header_line()
            self.at += 1
        while self.at < len(self.lines):
            self._shot()
        seed = self.header.get("Seed")
        return Story(
            title,
            None if seed is None else int(seed),
            self.header.get("Environment", ""),
            self.header.get("Story", ""),
            tuple(self.elements),
            tuple(self.shots),
            self.settings,
        )

    def _title(self) -> str:
        while self.at < len(self.lines) and not self.lines[self.at].strip():
            self.at += 1
        if self.at == len(self.lines) or not self.lines[self.at].startswith("# "):
            self.at = min(self.at, len(self.lines) - 1)
            raise self._wrong("a story begins with its title.", 'Write "# " and the title.')
        title = self.lines[self.at][2:]
        self.at += 1
        return title

    def _header_line(self) -> None:
        line = self.lines[self.at]
        if not line.strip():
            return
        head, colon, value = line.partition(":")
        head, value = clean_line(head), value.strip()
        if not colon:
            raise self._wrong(f"{line.strip()[:40]!r} is not understood here.", _HEADER_HINT)
        if head in ("Seed", "Environment", "Story", "Settings"):
            if head in self.header:
                raise self._wrong(f'"{head}" stands here a second time.', "Keep one of the two lines.")
            self.header[head] = self._seed(value) if head == "Seed" else value
            if head == "Settings":
                self.settings = self._settings(value)
            return
        self._element(head, value)

    def _seed(self, value: str) -> str:
        try:
            return str(check_seed(int(value)))
        except (ValueError, InvalidValue):
            raise self._wrong(f"{value!r} is not a seed.", 'Write a whole number, as in "Seed: 7".') from None

    def _settings(self, value: str) -> dict[str, Any]:
        hint = 'Write them like "Settings: steps 8, text_guidance 3.0".'
        try:
            found = _read_options(value)
            settings = check_settings(found.pop("settings"))
        except (StoryboardError, ValueError) as error:
            raise self._wrong(getattr(error, "message", str(error)), getattr(error, "hint", hint)) from error
        if found:
            raise self._wrong(f"a scene has no {' or '.join(found)} of this kind.", hint)
        return settings

    def _element(self, head: str, description: str) -> None:
        kind, _, name = head.partition(" ")
        if kind.lower() not in KINDS_OF_ELEMENT or kind != kind.capitalize() or not name:
            raise self._wrong(f"{head[:40]!r} is not understood here.", _HEADER_HINT)
        quoted = len(name) > 2 and name[0] == name[-1] == '"'
        try:
            element = StoryElement(kind.lower(), name[1:-1] if quoted else head, description)
        except StoryboardError as error:
            raise self._wrong(error.message, error.hint) from error
        if any(element.name == other.name for other in self.elements):
            raise self._wrong(f"there are two elements {element.name!r}.", "Give each its own name.")
        self.elements.append(element)

    def _shot(self) -> None:
        match = _SHOT.fullmatch(self.lines[self.at])
        if match is None:
            raise self._wrong("this heading is not that of a shot.", _SHOT_HINT + ' In a prompt, write "\\#".')
        heading = self.at
        self.at += 1
        prompt, notes = [], []
        while self.at < len(self.lines) and not self.lines[self.at].startswith("#"):
            line = self.lines[self.at]
            if line.startswith(">"):
                notes.append(line[2:] if line.startswith("> ") else line[1:])
            else:
                prompt.append(line.removeprefix("\\"))
            self.at += 1
        try:
            options = _read_options(match[3])
            shot = StoryShot("\n".join(prompt), int(match[2]), match[1] == "continues", "\n".join(notes), **options)
        except (StoryboardError, ValueError) as error:
            self.at = heading
            hint = error.hint if isinstance(error, StoryboardError) else _SHOT_HINT
            raise self._wrong(getattr(error, "message", str(error)), hint) from error
        self.shots.append(shot)

    def _wrong(self, message: str, hint: str) -> StoryFormatError:
        return StoryFormatError(self.at + 1, message, hint)
