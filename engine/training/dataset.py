"""A data set of `data build` as batches are drawn from it: scenes in memory, latents and texts read when they are
needed and kept up to a budget."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from engine.footage.errors import FootageError
from engine.footage.records import Dataset, Facts
from engine.training.batches import Spans
from engine.training.latents import CachedScene, CachedShot, Clips

BUDGET = 4 << 30  # bytes of latents and texts kept
_BUILD = "Build it (again): main.py data build FOLDER --out {}"


@dataclass(frozen=True, slots=True)
class FootageShot:
    """One shot as `scenes.json` names it; `text` is its whole prompt."""

    latents: str
    first: int
    length: int
    continues: bool
    text: str
    text_key: str


class _Shelf:
    """Tensors by name, read when missing, the longest unused dropped beyond the budget."""

    def __init__(self, read: Callable[[str], Tensor], budget: int) -> None:
        self._read, self._budget = read, budget
        self._kept: OrderedDict[str, Tensor] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> Tensor:
        if key not in self._kept:
            self._kept[key] = self._read(key)
            self._bytes += self._kept[key].nbytes
            while self._bytes > self._budget and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
        self._kept.move_to_end(key)
        return self._kept[key]


class FootageTable:
    """The scenes of one data set; see `engine.training.latents.SceneTable`."""

    def __init__(self, root: Path, budget: int = BUDGET) -> None:
        """Raises FootageError for a folder that is no (finished) data set."""
        self.dataset = Dataset(root)
        facts = self.dataset.facts()
        if facts is None:
            raise FootageError(f"{root} is no data set.", _BUILD.format(root))
        self.facts: Facts = facts
        self._latents = _Shelf(lambda key: _read(self.dataset.latents_of(key), "latents", root), budget // 2)
        self._texts = _Shelf(lambda key: _read(self.dataset.text_of(key), "states", root), budget // 2)
        self._rows: list[str] = []  # latents
        self._lines: list[str] = []  # texts
        self.scenes: list[CachedScene] = []
        self.films: list[list[FootageShot]] = []  # the same scenes, in words
        try:
            raw = json.loads((root / "scenes.json").read_text(encoding="utf-8"))
            self.empty_key, self.negative_key = str(raw["empty"]), str(raw["negative"])
            self._take_in(raw["scenes"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FootageError(f"{root}/scenes.json cannot be read ({error}).", _BUILD.format(root)) from error
        if not self.scenes:
            raise FootageError(f"{root} has no shots.", f"{root}/report.json says why.")

    def _take_in(self, raw: Sequence[dict[str, Any]]) -> None:
        rows: dict[str, int] = {}
        lines: dict[str, int] = {}
        for scene in raw:
            shots: list[CachedShot] = []
            film: list[FootageShot] = []
            for s in scene["shots"]:
                told, full, whole = (lines.setdefault(s[name], len(lines)) for name in ("told", "full", "with_global"))
                # Without a caption of its own for it, the prompt with the scene's is what names everything.
                named = whole if full == told else full
                row = rows.setdefault(s["latents"], len(rows))
                shot = FootageShot(s["latents"], s["first"], s["length"], s["continues"], s["text"], s["with_global"])
                shots.append(CachedShot(row, shot.continues, told, named, whole, shot.length, shot.first))
                film.append(shot)
            self.scenes.append(CachedScene(tuple(shots)))
            self.films.append(film)
        self._rows, self._lines = list(rows), list(lines)

    def clips(self, picks: Sequence[CachedShot], frames: int, *, last: bool = False) -> Clips:
        """The first (or last) `frames` latent frames of shots that have so many."""
        parts = []
        for pick in picks:
            at = pick.first + (pick.length - frames if last else 0)
            parts.append(self._latents.get(self._rows[pick.latent])[:, at : at + frames])
        latents = torch.stack(parts).float()
        return Clips(latents, torch.zeros(latents.shape[0], *latents.shape[2:]))

    def texts(self, rows: Iterable[int]) -> Tensor:
        """(B, L, dim) fp32, zero padded to the model's text length."""
        return torch.stack([self.text(self._lines[row]) for row in rows])

    def text(self, key: str) -> Tensor:
        """(L, dim) fp32 of one text."""
        states = self._texts.get(key)
        out = torch.zeros(self.facts.text_tokens, states.shape[1])
        out[: len(states)] = states.float()
        return out

    def latents(self, shot: FootageShot) -> Tensor:
        """(C, T, h, w) fp32 of one shot."""
        return self._latents.get(shot.latents)[:, shot.first : shot.first + shot.length].float()

    def refresh(self) -> None:
        """A data set does not grow while it is trained on."""

    def spans(self, longest: int, extension: int, tail: int) -> Spans:
        """What batches may draw: up to the longest length that a quarter of the shots reach."""
        lengths = sorted(min(s.length, longest) for scene in self.scenes for s in scene.shots if not s.continues)
        if not lengths:
            raise FootageError(f"{self.dataset.root} has continuations only.", "Give it shots that follow a cut.")
        most = lengths[len(lengths) * 3 // 4]
        drawn = tuple(sorted({max(1, round(most * share)) for share in (0.6, 0.8, 1.0)}))
        return Spans(
            drawn,
            (1 / len(drawn),) * len(drawn),
            tuple(range(min(2, tail), tail + 1)),
            tuple(range(min(2, extension), extension + 1)),
        )


def _read(path: Path, name: str, root: Path) -> Tensor:
    try:
        return load_file(path)[name]
    except (OSError, KeyError, SafetensorError) as error:
        raise FootageError(f"{path} cannot be read ({error}).", _BUILD.format(root)) from error
