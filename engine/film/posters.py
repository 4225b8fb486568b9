"""Still pictures of takes: the poster, the filmstrip, previews while sampling, contact sheets to look at results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from engine.film.encode import Frame, Frames, check_frames
from engine.film.errors import BadFrames
from engine.film.lettering import font, text_size

STRIP_CELLS = 16
STRIP_WIDTH = 160  # widest cell in pixels: a card on the board is not larger
PREVIEW_WIDTH = 512
_GAP = 4


def poster_index(count: int) -> int:
    """Which of `count` frames stands for the take: the middle one, where the action is under way."""
    return count // 2


def write_poster(frames: Frames, path: Path) -> None:
    """Write the middle frame of `(T, H, W, 3)` as a PNG of full size."""
    Image.fromarray(frames[poster_index(len(frames))]).save(path, format="PNG")


def strip_indices(count: int) -> list[int]:
    """Which frames of a take with `count` frames its 16 filmstrip cells show: first to last, evenly spread.

    Short takes repeat frames.
    """
    return spread(count, STRIP_CELLS)


def spread(count: int, cells: int) -> list[int]:
    """`cells` frame numbers spread evenly from the first to the last of `count` frames (the middle one if one)."""
    if cells == 1:
        return [poster_index(count)]
    return [round(cell * (count - 1) / (cells - 1)) for cell in range(cells)]


def write_filmstrip(frames: Frames, path: Path) -> None:
    """Write the sprite sheet of a take `(T, H, W, 3)`: a JPEG of 16 equal cells in one row, left to right in time.

    A cell keeps the take's aspect and is at most 160 pixels wide, so its size is (sheet width / 16, sheet height);
    cell i shows frame `strip_indices(T)[i]`.
    """
    height, width = frames.shape[1:3]
    scale = min(1.0, STRIP_WIDTH / width)
    cell = (max(1, round(width * scale)), max(1, round(height * scale)))
    sheet = Image.new("RGB", (STRIP_CELLS * cell[0], cell[1]))
    for place, index in enumerate(strip_indices(len(frames))):
        sheet.paste(_resized(frames[index], cell), (place * cell[0], 0))
    sheet.save(path, format="JPEG", quality=90, subsampling=0)


def preview_jpeg(frame: Frame, path: Path) -> None:
    """Write one `(H, W, 3)` uint8 frame as a JPEG of at most 512 pixels width, for live previews.

    Written under a temporary name and renamed: whoever watches the path never reads half a picture.
    """
    check_frames(frame[None])
    height, width = frame.shape[:2]
    scale = min(1.0, PREVIEW_WIDTH / width)
    temporary = path.with_name(f".{path.name}.part")
    picture = _resized(frame, (max(1, round(width * scale)), max(1, round(height * scale))))
    picture.save(temporary, format="JPEG", quality=80)
    temporary.replace(path)


def contact_sheet(items: Sequence[tuple[str, Frames]], path: Path, columns: int = 8, scale: float = 1.0) -> None:
    """Write a labelled PNG (or a JPEG, by its name), one row an item: its label, below it `columns` frames spread
    over its `(T, H, W, 3)`.

    A single picture `(H, W, 3)` makes a row of one. `scale` enlarges (whole numbers keep pixels crisp) or shrinks.
    Raises BadFrames for no items, no columns, or frames of another shape or type.
    """
    if not items or columns < 1 or scale <= 0:
        raise BadFrames("A contact sheet needs items, columns and a scale above 0.", "Pass at least one of each.")
    rows = [_row(label, frames if frames.ndim == 4 else frames[None], columns, scale) for label, frames in items]
    sheet = Image.new(
        "RGB", (max(row.width for row in rows), sum(row.height + _GAP for row in rows) + _GAP), (24, 24, 24)
    )
    top = _GAP
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height + _GAP
    if path.suffix.lower() in (".jpg", ".jpeg"):
        sheet.save(path, format="JPEG", quality=88)
    else:
        sheet.save(path, format="PNG")


def _row(label: str, frames: Frames, columns: int, scale: float) -> Image.Image:
    check_frames(frames)
    indices = spread(len(frames), columns) if len(frames) >= columns else list(range(len(frames)))
    cell = (max(1, round(frames.shape[2] * scale)), max(1, round(frames.shape[1] * scale)))
    face = font(14, label)
    label_width, label_height = text_size(label, face)
    width = max(len(indices) * (cell[0] + _GAP) + _GAP, label_width + 2 * _GAP)
    row = Image.new("RGB", (width, label_height + _GAP + cell[1]), (24, 24, 24))
    ImageDraw.Draw(row).text((_GAP, 0), label, font=face, fill=(240, 240, 240))
    for place, index in enumerate(indices):
        row.paste(_resized(frames[index], cell), (_GAP + place * (cell[0] + _GAP), label_height + _GAP))
    return row


def _resized(frame: Frame, size: tuple[int, int]) -> Image.Image:
    picture = Image.fromarray(np.ascontiguousarray(frame))
    if picture.size == size:
        return picture
    whole = size[0] % picture.width == 0 and size[1] % picture.height == 0
    return picture.resize(size, Image.Resampling.NEAREST if whole else Image.Resampling.LANCZOS)
