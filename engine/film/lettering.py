"""Words on pictures: a readable font wherever this runs, labels for contact sheets, title plates for exports."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
# In this order: clear at small sizes first, then those with more of the world's writing.
_FILES = (
    "DejaVuSans-Bold.ttf",
    "DejaVuSans.ttf",
    "NotoSans-Bold.ttf",
    "NotoSansCJK-Bold.ttc",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "arialbd.ttf",
    "msyh.ttc",
)
SMALLEST = 9  # pixels: the least at which DejaVu still reads


@lru_cache(maxsize=64)
def _open_font(file: str, size: int) -> Font | None:
    try:
        return ImageFont.truetype(file, size)
    except OSError:
        return None


def font(size: int, text: str = "") -> Font:
    """A font of `size` pixels that has the characters of `text`, or the best there is (Pillow's own at worst)."""
    installed = [found for file in _FILES if (found := _open_font(file, size)) is not None]
    for candidate in installed:
        if all(_has(candidate, character) for character in set(text) if not character.isspace()):
            return candidate
    return installed[0] if installed else ImageFont.load_default(size)


def text_size(text: str, face: Font) -> tuple[int, int]:
    """Width and height in pixels of one line of text, with room for accents and descenders."""
    left, _, right, _ = face.getbbox(text)
    _, top, _, bottom = face.getbbox("ÅÉgjpqy|")
    return int(np.ceil(right - min(left, 0))), int(np.ceil(bottom - min(top, 0)))


def title_plate(text: str, size: tuple[int, int]) -> tuple[npt.NDArray[np.uint8], tuple[int, int]]:
    """A shot's name as a plate for the lower left of a frame of `size` (width, height).

    Returns RGBA `(h, w, 4)` and the place (x, y) of its upper left corner. White letters on a dark see-through plate,
    about a sixteenth of the frame high but never under 9 pixels; a name too wide shrinks, then ends in "…".
    """
    width, height = size
    margin = max(1, height // 32)
    line, face = _fit(" ".join(text.split()), max(SMALLEST, height // 16), width - 4 * margin)
    text_width, text_height = text_size(line, face)
    plate = Image.new("RGBA", (min(text_width + 2 * margin, width), min(text_height + margin, height)), (0, 0, 0, 160))
    ImageDraw.Draw(plate).text((margin, margin // 2), line, font=face, fill=(255, 255, 255, 255))
    pixels = np.asarray(plate, dtype=np.uint8)
    place = (min(margin, width - pixels.shape[1]), max(0, height - pixels.shape[0] - margin))
    return pixels, place


def _fit(text: str, size: int, width: int) -> tuple[str, Font]:
    while size > SMALLEST and text_size(text, font(size, text))[0] > width:
        size -= 1
    face = font(size, text)
    line = text
    while len(line) > 1 and text_size(line, face)[0] > width:
        line = line.rstrip("…")[:-1].rstrip() + "…"
    return line, face


def _has(face: Any, character: str) -> bool:
    """True when the font draws `character` with a glyph of its own, not its box for unknown ones."""
    unknown = face.getmask("\U0010fffe")
    mask = face.getmask(character)
    return bool(mask.size != unknown.size or bytes(mask) != bytes(unknown))
