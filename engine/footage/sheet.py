"""A page to look through a data set: clips, scenes and shots with pictures and captions; plain HTML, no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from engine.footage.records import ClipRecord, Dataset, Facts, Run, write_bytes
from engine.footage.rules import Rules

_STYLE = """
:root { color-scheme: light dark;
  --paper: #fbfaf7; --ink: #2b2830; --faint: #77717c; --line: #dedad2; --warn: #a8481f; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #1b1a1e; --ink: #e8e4ee; --faint: #9a94a2; --line: #3a373f; --warn: #f0a070; }
}
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
       font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { margin: 2.2rem 0 .2rem; font-size: 1.1rem; word-break: break-all; }
h3 { margin: 1.2rem 0 .3rem; font-size: .95rem; color: var(--faint); font-weight: 600; }
.facts { color: var(--faint); margin: 0 0 .6rem; } .warn { color: var(--warn); }
figure { margin: 0 0 1rem; } img { max-width: 100%; display: block; border-radius: 3px; }
figcaption { margin-top: .25rem; } .global { border-left: 3px solid var(--line); padding-left: .6rem; }
li { margin: .1rem 0; }
"""


def write_sheet(dataset: Dataset, records: Sequence[ClipRecord], facts: Facts, rules: Rules) -> Path:
    """Write `sheet/index.html` and return its path. Everything that comes from files is escaped."""
    body = "\n".join(_page(records, facts, rules))
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Footage</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )
    path = dataset.sheet / "index.html"
    write_bytes(path, page.encode())
    return path


def _page(records: Sequence[ClipRecord], facts: Facts, rules: Rules) -> Iterator[str]:
    usable = [record for record in records if not record.problem]
    shots = sum(len(run.pieces) for record in usable for run in record.runs)
    scenes = len({run.scene for record in usable for run in record.runs})
    yield f"<h1>{scenes} scenes, {shots} shots from {len(records)} clips</h1>"
    yield (
        f'<p class="facts">for {escape(facts.model)}: {facts.size[0]}x{facts.size[1]}, {facts.fps:g} frames a second, '
        f"shots of up to {rules.frames(rules.longest)} frames</p>"
    )
    broken = [record for record in records if record.problem]
    if broken:
        yield f"<h2>{len(broken)} files could not be used</h2><ul>"
        yield from (f'<li class="warn">{escape(r.source)}: {escape(r.problem)}</li>' for r in broken)
        yield "</ul>"
    for record in usable:
        yield from _clip(record, rules)


def _clip(record: ClipRecord, rules: Rules) -> Iterator[str]:
    yield f"<h2>{escape(record.source)}</h2>"
    yield (
        f'<p class="facts">{record.width}x{record.height}, {record.fps:g} frames a second, '
        f"{_clock(record.frames, record.fps)}</p>"
    )
    yield from (f'<p class="warn">{escape(note)}</p>' for note in record.notes)
    for scene, runs in groupby(record.runs, key=lambda run: run.scene):
        yield f"<h3>{escape(scene)}</h3>"
        told = (record.globals or {}).get(scene, "")
        if told:
            yield f'<p class="global">{escape(told)}</p>'
        for run in runs:
            yield from _run(run, record.fps, rules)
    if record.skipped:
        yield "<h3>not used</h3><ul>"
        for part in record.skipped:
            span = f"{_clock(part.start, record.fps)} to {_clock(part.stop, record.fps)}"
            yield f"<li>{span}: {escape(part.reason)}</li>"
        yield "</ul>"


def _run(run: Run, fps: float, rules: Rules) -> Iterator[str]:
    span = f"{_clock(run.start, fps)} to {_clock(run.stop, fps)}"
    pieces = "" if len(run.pieces) == 1 else f", a shot and {len(run.pieces) - 1} continuations"
    yield f'<figure><img loading="lazy" src="pictures/{escape(run.key)}.jpg" alt="frames from {span}">'
    yield f'<figcaption><span class="facts">{span}, {rules.frames(run.latents)} frames{pieces}</span>'
    for caption in dict.fromkeys(piece.caption for piece in run.pieces):
        yield f"<br>{escape(caption)}" if caption else '<br><span class="warn">no caption</span>'
    yield "</figcaption></figure>"


def _clock(frame: int, fps: float) -> str:
    seconds = frame / fps if fps else 0.0
    return f"{int(seconds // 60)}:{seconds % 60:05.2f}"
