"""Stills to look at: previews and labelled contact sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.film.errors import BadFrames
from engine.film.posters import contact_sheet, preview_jpeg, spread
from tests.engine.film.footage import moving_shot, psnr


def test_a_preview_is_a_jpeg_of_at_most_512_pixels(tmp_path: Path) -> None:
    preview_jpeg(moving_shot(1)[0], tmp_path / "small.jpg")
    preview_jpeg(moving_shot(1, size=(1024, 512))[0], tmp_path / "large.jpg")
    with Image.open(tmp_path / "small.jpg") as small, Image.open(tmp_path / "large.jpg") as large:
        assert (small.format, small.size, large.size) == ("JPEG", (96, 64), (512, 256))
        assert psnr(np.asarray(small), moving_shot(1)[0]) > 30
    assert len(list(tmp_path.iterdir())) == 2


def test_a_contact_sheet_has_a_labelled_row_for_every_item(tmp_path: Path) -> None:
    frames = moving_shot(9)
    contact_sheet([("shot 1 — fox", frames), ("one picture", frames[0])], tmp_path / "sheet.png", columns=4, scale=2)
    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.asarray(sheet)
    assert pixels.shape[1] == 4 * (192 + 4) + 4
    row = pixels.shape[0] // 2
    assert (pixels[4:20] > 200).all(axis=-1).any()  # letters
    last = np.asarray(Image.fromarray(frames[8]).resize((192, 128), Image.Resampling.NEAREST))
    place = pixels[row - 128 - 4 : row + 8, 3 * 196 + 4 : 3 * 196 + 4 + 192]
    assert any(np.array_equal(place[top : top + 128], last) for top in range(place.shape[0] - 127))


@pytest.mark.parametrize(
    ("count", "cells", "shown"), [(9, 3, [0, 4, 8]), (2, 4, [0, 0, 1, 1]), (9, 1, [4]), (1, 2, [0, 0])]
)
def test_frames_are_spread_from_first_to_last(count: int, cells: int, shown: list[int]) -> None:
    assert spread(count, cells) == shown


def test_a_contact_sheet_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFrames):
        contact_sheet([], tmp_path / "sheet.png")
