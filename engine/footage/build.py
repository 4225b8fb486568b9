"""`main.py data build`: a folder of footage -> a data set. What is done already is not done again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from engine.film.decode import VideoInfo
from engine.film.encode import Frame
from engine.film.errors import FilmError
from engine.footage.captions import sidecar_key
from engine.footage.describing import PICTURES, SCENE_QUESTION, SHOT_QUESTION, Describer
from engine.footage.encoding import Coder, keep_run, keep_texts, read_latents, read_run
from engine.footage.errors import FootageError
from engine.footage.examining import examine
from engine.footage.finding import find_clips
from engine.footage.records import ClipRecord, Dataset, Facts, Piece, Run, write_json
from engine.footage.rules import Rules
from engine.footage.sheet import write_sheet

SHOT_CUT = "[SHOT CUT] "


@dataclass(frozen=True, slots=True)
class Order:
    """What to build. `load` gives the model's VAE and text encoder; called only when something must be encoded."""

    folder: Path
    dataset: Dataset
    rules: Rules
    facts: Facts
    load: Callable[[], Coder]
    describer: Describer | None = None
    sheet: bool = False
    negative: str = ""  # what the model's unconditional branch reads


@dataclass(frozen=True, slots=True)
class Built:
    """How a build went; `problems` are (file, what is wrong), `skipped` counts reasons."""

    clips: int
    scenes: int
    shots: int
    seconds: float
    encoded: int  # runs that were encoded this time
    kept: int  # clips that had not changed
    captioned: int
    problems: tuple[tuple[str, str], ...]
    skipped: dict[str, int]
    notes: tuple[tuple[str, str], ...]
    sheet: Path | None


def build(order: Order, progress: Callable[[int, int, str], None] = lambda *_: None) -> Built:
    """Build or go on. `progress(done, clips, name)` is called before each clip and at the end.

    Raises FootageError for a folder without clips, or a data set that was made for another model.
    """
    dataset = order.dataset
    existing = dataset.facts()
    if existing is not None and existing != order.facts:
        raise FootageError(f"{dataset.root} was built for {_differing(existing, order.facts)}.", "Use another folder.")
    clips = find_clips(order.folder, dataset.root)
    write_json(dataset.root / "dataset.json", _plain(order.facts))
    load = cache(order.load)
    records, kept, encoded = [], 0, 0
    for number, path in enumerate(clips):
        source = path.relative_to(order.folder).as_posix()
        progress(number, len(clips), source)
        told = _told_key(path, order.describer)
        known = dataset.record(source)
        if known is not None and _unchanged(known, path, order, told):
            kept += 1
            records.append(known)
            continue
        record, fresh = _encoded(examine(path, source, order.rules, told), path, order, load)
        dataset.keep(record)
        encoded += fresh
        records.append(record)
    progress(len(clips), len(clips), "texts")
    scenes = _scenes(records)
    _write_scenes(scenes, order, load)
    built = _report(order, records, scenes, encoded, kept)
    write_json(dataset.root / "report.json", {**_plain(built), "problems": list(map(list, built.problems))})
    return built


def _told_key(path: Path, describer: Describer | None) -> str:
    beside = sidecar_key(path)
    return f"{beside} {describer.key}" if describer is not None else beside


def _unchanged(known: ClipRecord, path: Path, order: Order, told: str) -> bool:
    if known.problem:
        return False  # it may have been put right since: a sidecar's typing error, a permission
    stat = path.stat()
    same = (known.size, known.mtime_ns, known.rules, known.told) == (
        stat.st_size,
        stat.st_mtime_ns,
        order.rules.key,
        told,
    )
    dataset = order.dataset
    return same and all(
        dataset.latents_of(run.key).is_file() and dataset.thumbnail_of(run.key).is_file() for run in known.runs
    )


def _encoded(
    record: ClipRecord, path: Path, order: Order, load: Callable[[], Coder]
) -> tuple[ClipRecord, int]:
    """The record with its captions, after its runs were encoded; and how many were."""
    info = VideoInfo(record.width, record.height, record.fps, record.frames, "", "", False)
    runs: list[Run] = []
    middles: dict[str, list[Frame]] = {}
    fresh = 0
    try:
        for run in record.runs:
            there = read_latents(order.dataset, run.key) is not None and order.dataset.thumbnail_of(run.key).is_file()
            silent = order.describer is not None and not any(piece.caption for piece in run.pieces)
            if there and not silent:
                runs.append(run)
                continue
            frames = read_run(path, run, order.rules, info)
            if not there:
                keep_run(order.dataset, run, frames, load())
                fresh += 1
            if order.describer is not None and silent:
                picks = [frames[round(n * (len(frames) - 1) / (PICTURES - 1))] for n in range(PICTURES)]
                run = _captioned(run, order.describer.describe(picks, SHOT_QUESTION))
                middles.setdefault(run.scene, []).append(frames[len(frames) // 2])
            runs.append(run)
    except FilmError as error:
        return replace(record, runs=(), problem=str(error)), fresh
    told = dict(record.globals or {})
    for scene, pictures in middles.items():
        if order.describer is not None and not told.get(scene):
            told[scene] = order.describer.describe(pictures, SCENE_QUESTION)
    return replace(record, runs=tuple(runs), globals=told), fresh


def _captioned(run: Run, caption: str) -> Run:
    return replace(run, pieces=tuple(replace(piece, caption=caption) for piece in run.pieces))


@dataclass(frozen=True, slots=True)
class _Scene:
    name: str
    told: str
    runs: tuple[tuple[str, Run], ...]  # clip, run


def _scenes(records: Sequence[ClipRecord]) -> list[_Scene]:
    """Runs of all usable clips by scene, in the order of clips and time."""
    runs: dict[str, list[tuple[str, Run]]] = {}
    told: dict[str, str] = {}
    for record in records:
        for run in record.runs if not record.problem else ():
            runs.setdefault(run.scene, []).append((record.source, run))
            told[run.scene] = told.get(run.scene) or (record.globals or {}).get(run.scene, "")
    return [_Scene(name, told[name], tuple(members)) for name, members in runs.items()]


def piece_texts(piece: Piece, told: str) -> dict[str, str]:
    """The prompts of a shot as the engine composes them: alone, naming everything, and with the global prompt."""
    cut = "" if piece.continues else SHOT_CUT
    own = cut + piece.caption
    return {"told": own, "full": cut + (piece.full or piece.caption), "with_global": f"{told} {own}".strip()}


def _write_scenes(scenes: Sequence[_Scene], order: Order, load: Callable[[], Coder]) -> None:
    """`scenes.json`: what a trainer reads. The empty and the negative text are encoded too, for guidance."""
    wanted = ["", order.negative]
    for scene in scenes:
        wanted += [t for _, run in scene.runs for piece in run.pieces for t in piece_texts(piece, scene.told).values()]
    keys = keep_texts(order.dataset, wanted, order.facts.text, load, order.facts.text_tokens)
    plain = []
    for scene in scenes:
        shots: list[dict[str, Any]] = []
        for source, run in scene.runs:
            first = 0
            for piece in run.pieces:
                texts = piece_texts(piece, scene.told)
                shots.append(
                    {
                        "source": source,
                        "latents": run.key,
                        "first": first,
                        "length": piece.latents,
                        "continues": piece.continues,
                        "text": texts["with_global"],
                        **{name: keys[text] for name, text in texts.items()},
                    }
                )
                first += piece.latents
        plain.append({"name": scene.name, "global": scene.told, "shots": shots})
    guidance = {"empty": keys[""], "negative": keys[order.negative]}
    write_json(order.dataset.root / "scenes.json", {**guidance, "scenes": plain})


def _report(
    order: Order, records: Sequence[ClipRecord], scenes: Sequence[_Scene], encoded: int, kept: int
) -> Built:
    runs = [run for scene in scenes for _, run in scene.runs]
    skipped = Counter(part.reason for record in records for part in record.skipped)
    sheet = write_sheet(order.dataset, records, order.facts, order.rules) if order.sheet else None
    return Built(
        clips=len(records),
        scenes=len(scenes),
        shots=sum(len(run.pieces) for run in runs),
        seconds=round(sum(order.rules.frames(run.latents) for run in runs) / order.rules.fps, 2),
        encoded=encoded,
        kept=kept,
        captioned=sum(1 for run in runs for piece in run.pieces if piece.caption),
        problems=tuple((record.source, record.problem) for record in records if record.problem),
        skipped=dict(skipped),
        notes=tuple((record.source, note) for record in records for note in record.notes),
        sheet=sheet,
    )


def _plain(record: Facts | Built) -> dict[str, Any]:
    return {name: str(v) if isinstance(v := getattr(record, name), Path) else v for name in record.__slots__}


def _differing(existing: Facts, wanted: Facts) -> str:
    names = [name for name in Facts.__slots__ if getattr(existing, name) != getattr(wanted, name)]
    told = ", ".join(f"{name} {getattr(existing, name)!s:.40}" for name in names)
    return f"another model or size ({told})"
