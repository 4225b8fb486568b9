"""A contact sheet of the world, for looking: scenes in rows, shots in columns, captions underneath."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont

from .captions import global_prompt, shot_captions
from .render import Frames, render_scene
from .scene import ShotSpec, sample_scene

_FRAMES = 3  # of each shot: the first, the middle, the last
_GAP, _TEXT, _LINES = 6, 13, 3
_PAPER, _INK, _FAINT = (250, 247, 240), (52, 48, 56), (140, 132, 136)


def write_sheet(
    path: str | Path,
    scenes: int = 8,
    shots: int = 5,
    seed: int = 0,
    size: tuple[int, int] = (112, 64),
    split: str = "train",
) -> Path:
    """Write a labelled PNG of `scenes` scenes from `seed` on and return its path; `size` is (width, height)."""
    cell = (size[0] * _FRAMES + 2 * (_FRAMES - 1), size[1] + _TEXT * (_LINES + 1) + _GAP)
    sheet = Image.new("RGB", (shots * (cell[0] + _GAP) + _GAP, scenes * (cell[1] + _TEXT + _GAP) + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(10)
    for row in range(scenes):
        scene = sample_scene(seed + row, shots, split)
        top = _GAP + row * (cell[1] + _TEXT + _GAP)
        draw.text((_GAP, top), f"{scene.seed}  {global_prompt(scene)}", _INK, font)
        captions, films = shot_captions(scene), render_scene(scene, size)
        for column, (film, caption) in enumerate(zip(films, captions, strict=True)):
            at = (_GAP + column * (cell[0] + _GAP), top + _TEXT + 2)
            _shot(sheet, at, film)
            _label(draw, (at[0], at[1] + size[1] + 1), cell[0], scene.shots[column], caption, font)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target)
    return target


def _shot(sheet: Image.Image, at: tuple[int, int], film: Frames) -> None:
    for n in range(_FRAMES):
        frame = Image.fromarray(film[round(n * (len(film) - 1) / (_FRAMES - 1))])
        sheet.paste(frame, (at[0] + n * (frame.width + 2), at[1]))


def _label(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    width: int,
    shot: ShotSpec,
    caption: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    joint = "goes on, " if shot.continues else ""
    draw.text(at, f"{joint}{shot.action}, {shot.framing}, {shot.camera}, {shot.frames} frames", _FAINT, font)
    for line, text in enumerate(wrap(caption, max(20, round(width / 5.4)))[:_LINES]):
        draw.text((at[0], at[1] + _TEXT * (line + 1)), text, _INK, font)


