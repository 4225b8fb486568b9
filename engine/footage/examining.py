"""One clip -> its record: its runs, how they are cut into pieces, which scene each belongs to, what is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from engine.film.errors import FilmError
from engine.footage.captions import Sidecar, Told, find_sidecar
from engine.footage.encoding import digest
from engine.footage.errors import FootageError
from engine.footage.finding import file_hash
from engine.footage.grouping import group
from engine.footage.records import ClipRecord, Piece, Run, Skipped
from engine.footage.rules import SHORTEST_LATENTS, SHORTEST_SECONDS, Rules
from engine.footage.shots import Seen, Span, find_spans, look_at

Stretch = list[tuple[Span, Told]]  # a shot and what continues it, each with what is told of it


def examine(path: Path, source: str, rules: Rules, told: str) -> ClipRecord:
    """What is in a clip. A clip or sidecar that cannot be used gives a record with its `problem`; nothing is raised
    for it, so that one broken file does not stop a build."""
    stat = path.stat()
    blank = ClipRecord(source, stat.st_size, stat.st_mtime_ns, "", rules.key, told)
    try:
        sidecar = find_sidecar(path)
        seen = look_at(path)
        known = replace(
            blank,
            sha256=file_hash(path),
            width=seen.info.width,
            height=seen.info.height,
            fps=seen.info.fps,
            frames=len(seen.brightness),
        )
        return _Examination(path, seen, rules, sidecar, known).record()
    except (FilmError, FootageError, OSError) as error:
        return replace(blank, problem=str(error))


class _Examination:
    """Gathers runs, what is skipped and notes, for one clip."""

    def __init__(self, path: Path, seen: Seen, rules: Rules, sidecar: Sidecar | None, known: ClipRecord) -> None:
        self.path, self.seen, self.rules, self.sidecar, self.known = path, seen, rules, sidecar, known
        self.fps = seen.info.fps
        self.runs: list[Run] = []
        self.skipped: list[Skipped] = []
        self.notes: list[str] = []
        self._spans: list[Span] = []

    def record(self) -> ClipRecord:
        """The finished record."""
        listed = self.sidecar is not None and self.sidecar.listed
        scenes = self._listed() if listed else self._detected()
        for name, stretches in scenes:
            for stretch in stretches:
                self._add(name, stretch)
        if self.sidecar is not None and not listed and 1 < len(self.sidecar.shots) != len(self._spans):
            self.notes.append(f"{len(self.sidecar.shots)} captions for {len(self._spans)} shots")
        if self.fps < self.rules.fps - 0.01:
            self.notes.append(f"{self.fps:g} frames a second: some are repeated to make {self.rules.fps:g}")
        told = self.sidecar.global_text if self.sidecar else ""
        return replace(
            self.known,
            runs=tuple(self.runs),
            skipped=tuple(self.skipped),
            notes=tuple(self.notes),
            globals=dict.fromkeys((run.scene for run in self.runs), told),
        )

    def _listed(self) -> list[tuple[str, list[Stretch]]]:
        """Shots as the sidecar lists them; without names the whole clip is one scene."""
        assert self.sidecar is not None
        scenes: dict[str, list[Stretch]] = {}
        for told in self.sidecar.shots:
            start, stop = round((told.start or 0.0) * self.fps), round((told.end or 0.0) * self.fps)
            if start >= self.known.frames:
                self.skipped.append(Skipped(start, stop, "after the end of the clip"))
                continue
            span = self.seen.span(start, max(start + 1, min(stop, self.known.frames)))
            stretches = scenes.setdefault(self._scene_name(told, 1), [])
            if told.continues and stretches and stretches[-1][-1][0].stop == span.start:
                stretches[-1].append((span, told))
            else:
                stretches.append([(span, told)])
        return list(scenes.items())

    def _detected(self) -> list[tuple[str, list[Stretch]]]:
        self._spans = find_spans(self.path, self.seen)
        scenes: dict[str, list[Stretch]] = {}
        number = 0
        for place, members in enumerate(group(self._spans, self.fps), 1):
            for span in members:
                told = self._told(number, span)
                number += 1
                scenes.setdefault(self._scene_name(told, place), []).append([(span, told)])
        return list(scenes.items())

    def _told(self, number: int, span: Span) -> Told:
        return self.sidecar.tell(number, span.start / self.fps, span.stop / self.fps) if self.sidecar else Told()

    def _scene_name(self, told: Told, place: int) -> str:
        """Named scenes go across the clips of a folder, others stay in their clip."""
        source = PurePosixPath(self.known.source)
        return f"{source.parent}: {told.scene}" if told.scene else f"{source} scene {place}"

    def _add(self, scene: str, stretch: Stretch) -> None:
        start, stop = stretch[0][0].start, stretch[-1][0].stop
        why = self._unusable(stretch)
        if why:
            self.skipped.append(Skipped(start, stop, why))
            return
        pieces: list[Piece] = []
        for span, told in stretch:
            until = self.rules.latents(self._at_rate(span.stop - start))
            for latents in self.rules.split(until - sum(p.latents for p in pieces), bool(pieces)):
                pieces.append(Piece(latents, bool(pieces), told.caption, told.full))
        latents = sum(p.latents for p in pieces)
        used = start + round(self.rules.frames(latents) * self.fps / self.rules.fps)
        if self.rules.latents(self._at_rate(stop - start)) - latents >= SHORTEST_LATENTS:
            self.skipped.append(Skipped(used, stop, "longer than a shot and its continuations may be"))
        stop = min(stop, max(used, start + 1))
        key = digest("run", self.known.sha256, start, stop, self.rules.key)
        self.runs.append(Run(start, stop, scene, key, tuple(pieces)))

    def _unusable(self, stretch: Stretch) -> str:
        frames = stretch[0][0].frames
        if self.rules.latents(self._at_rate(frames)) < SHORTEST_LATENTS or frames / self.fps < SHORTEST_SECONDS:
            return "too short"
        return "nothing moves" if all(self.seen.stands_still(span) for span, _ in stretch) else ""

    def _at_rate(self, frames: int) -> int:
        """Frames at the model's rate in so many frames of the clip."""
        return int(frames * self.rules.fps / self.fps + 1e-6)
