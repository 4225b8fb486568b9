"""What two takes differ in: prompt word by word, seed, settings, what they saw. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from html import escape

from storyboards.views import TakeView

from .words import facts, saw, say


@dataclass(frozen=True, slots=True)
class Difference:
    """One line: a name and both values as rich text; `same` when nothing has to be shown."""

    name: str
    first: str
    second: str
    same: bool


def differences(first: TakeView, second: TakeView) -> list[Difference]:
    """All lines, those of the prompt first; what is the same is among them."""
    prompts = _marked_words(first.prompt, second.prompt)
    lines = [Difference(say("Prompt"), *prompts, first.prompt == second.prompt)]
    lines.append(_plain(say("Seed"), str(first.seed), str(second.seed)))
    left, right = dict(facts(first)), dict(facts(second))
    lines += [_plain(name, left.get(name, "–"), right.get(name, "–")) for name in dict.fromkeys([*left, *right])]
    if first.model == second.model and first.model_fingerprint != second.model_fingerprint:
        name = say("Weights")
        lines.append(_plain(name, first.model_fingerprint[:12], second.model_fingerprint[:12]))
    lines += _changed_files(_files(first), _files(second))
    seen = ["\n".join(saw(item) for item in take.context) or say("Nothing but its prompt") for take in (first, second)]
    hashes = [[item.content_hash for item in take.context] for take in (first, second)]
    same = seen[0] == seen[1] and hashes[0] == hashes[1]
    lines.append(Difference(say("Saw"), _html(seen[0]), _html(seen[1]), same))
    return lines


def _files(take: TakeView) -> list[tuple[str, str]]:
    """Name and hash of the LoRAs and the first picture that a take was made with."""
    first = take.settings.get("first_frame")
    files = [*(take.settings.get("loras") or ()), *([first] if isinstance(first, dict) else [])]
    return [(file["name"], file["hash"]) for file in files]


def _changed_files(first: list[tuple[str, str]], second: list[tuple[str, str]]) -> list[Difference]:
    """Files of the same names that held something else."""
    names = [[name for name, _ in files] for files in (first, second)]
    if first == second or names[0] != names[1]:
        return []
    told = ["\n".join(f"{name} {content[:12]}" for name, content in files) for files in (first, second)]
    return [_plain(say("Contents of files"), told[0], told[1])]


def _plain(name: str, first: str, second: str) -> Difference:
    return Difference(name, _html(first), _html(second), first == second)


def _html(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _marked_words(first: str, second: str) -> tuple[str, str]:
    """Both prompts with the words that the other one lacks in bold."""
    left, right = first.split(), second.split()
    marked: tuple[list[str], list[str]] = ([], [])
    for kind, a, b, c, d in difflib.SequenceMatcher(a=left, b=right, autojunk=False).get_opcodes():
        for words, into in ((left[a:b], marked[0]), (right[c:d], marked[1])):
            text = escape(" ".join(words))
            if text:
                into.append(text if kind == "equal" else f"<b>{text}</b>")
    return " ".join(marked[0]), " ".join(marked[1])
