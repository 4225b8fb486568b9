"""A clip from elsewhere as a take, and a picture as context: encoded once, and seen by what comes after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.backbone.loading import Backbone
from engine.context.sources import ReferenceBroken, read_latents, read_reference
from engine.contract import Cancelled, Event, Failed, Finished, ImportRequest, Phase, Saved, TakeResult, decode, encode
from engine.engine import Engine
from engine.film.clips import Wanted, read_clip
from engine.film.decode import read_frames
from engine.film.encode import encode_video
from tests.engine.conftest import candidate, clip, request, shot_task


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """Seventeen frames at sixteen a second, larger than the model's."""
    path = tmp_path / "my fox.mp4"
    encode_video(path, clip(17, (128, 64)), 16)
    return path


def importing(theatre: Path, footage: Path, folder: Path, **changes: Any) -> ImportRequest:
    """A request to make a take of it."""
    facts: dict[str, Any] = {"id": "i1", "model": str(theatre), "scene_id": "scene", "clip": str(footage)}
    return ImportRequest(**{**facts, "shots": (shot_task(folder),), **changes})


def saved(events: list[Event]) -> TakeResult:
    """The take that came of it."""
    return next(event.take for event in events if isinstance(event, Saved))


def test_a_clip_becomes_a_take_that_a_later_shot_sees(
    tiny_model: Path, tiny: Backbone, engine: Engine, footage: Path, tmp_path: Path
) -> None:
    events = list(engine.run(importing(tiny_model, footage, tmp_path)))
    assert [type(event) for event in events if not isinstance(event, Phase)] == [Saved, Finished]
    take = saved(events)
    assert (take.frames, take.fps, take.size, take.context) == (9, 8.0, (64, 32), ())
    manifest = json.loads(Path(take.manifest).read_text())
    assert manifest["origin"] == "imported from my fox.mp4" and str(tmp_path) not in json.dumps(manifest)
    assert manifest["settings"]["clip_size"] == [128, 64] and manifest["settings"]["clip_fps"] == 16
    frames = read_frames(take.video)
    assert frames.shape == (9, 32, 64, 3)
    latents = read_latents(take.latents, take.latents_hash, (8, 4, 8))
    original = read_clip(footage, Wanted((64, 32), 8.0, 4, 5, 401)).frames
    assert torch.equal(latents, tiny.encode(torch.from_numpy(original))), "the clip itself is encoded, once"
    assert float(np.abs(frames.astype(float) - original).mean()) < 12, "the film is the clip, not what the VAE leaves"
    later = shot_task(tmp_path, "t2", order=1)
    rendered = saved(list(engine.run(request(tiny_model, later, candidates=(candidate(take, 0),)))))
    assert [item.content_hash for item in rendered.context] == [take.latents_hash]


def test_the_same_clip_gives_the_same_take(tiny_model: Path, engine: Engine, footage: Path, tmp_path: Path) -> None:
    one = saved(list(engine.run(importing(tiny_model, footage, tmp_path / "one"))))
    two = saved(list(engine.run(importing(tiny_model, footage, tmp_path / "two"))))
    assert one.files == two.files


def test_what_cannot_be_imported_is_a_typed_failure(
    tiny_model: Path, engine: Engine, footage: Path, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.mp4"
    letter.write_text("dear")
    for changes, code, words in (
        ({"clip": str(letter)}, "bad_request", "no clip that can be read"),
        ({"clip": str(tmp_path / "gone.mp4")}, "missing_file", "There is no clip"),
        ({"clip": "my fox.mp4"}, "bad_request", "must be absolute"),
        ({"longest": 5}, "bad_request", "at most 0.6 s"),
        ({"size": (100, 30)}, "bad_request", "multiples of 16"),
        ({"shots": (shot_task(tmp_path, continues=True),)}, "bad_request", "begins with a cut"),
        ({"model": "nowhere"}, "missing_model", "nowhere"),
    ):
        last = list(engine.run(importing(tiny_model, footage, tmp_path, **changes)))[-1]
        assert isinstance(last, Failed) and last.code == code and words in last.message and last.hint, last
    assert not (tmp_path / "t1").exists()


def test_an_import_is_cancelled_between_frames_and_leaves_nothing(
    tiny_model: Path, engine: Engine, footage: Path, tmp_path: Path
) -> None:
    heard: list[Event] = []

    def emit(event: Event) -> None:
        heard.append(event)
        if isinstance(event, Phase) and event.text.startswith("reading"):
            engine.cancel()

    engine.execute(importing(tiny_model, footage, tmp_path), emit)
    assert isinstance(heard[-1], Cancelled) and not (tmp_path / "t1").exists()


def test_an_import_request_survives_the_pipe(footage: Path, tmp_path: Path) -> None:
    asked = importing(Path("/models/x"), footage, tmp_path, size=(64, 32), longest=401)
    assert decode(encode(asked)) == asked


def test_what_is_transparent_in_a_reference_stands_on_white(tiny: Backbone, tmp_path: Path) -> None:
    pixels = np.zeros((48, 80, 4), np.uint8)
    pixels[12:36, 20:60] = (200, 40, 40, 255)
    Image.fromarray(pixels).save(tmp_path / "cut-out.png")
    flat = pixels[..., :3].copy()
    flat[pixels[..., 3] == 0] = 255
    Image.fromarray(flat).save(tmp_path / "on-white.png")
    Image.fromarray(pixels).convert("P").save(tmp_path / "palette.png")
    see_through, _ = read_reference(str(tmp_path / "cut-out.png"), (64, 32), tiny)
    on_white, _ = read_reference(str(tmp_path / "on-white.png"), (64, 32), tiny)
    assert torch.equal(see_through, on_white) and see_through.shape == (8, 1, 4, 8)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "CMYK", "I;16", "1", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (33, 500), (800, 20)])
def test_a_reference_may_have_any_size_and_kind(
    tiny: Backbone, tmp_path: Path, mode: str, size: tuple[int, int]
) -> None:
    path = tmp_path / ("a.tiff" if mode == "CMYK" else "a.png")
    Image.new(mode, size).save(path)
    latents, _ = read_reference(str(path), (64, 32), tiny)
    assert latents.shape == (8, 1, 4, 8) and bool(torch.isfinite(latents).all())


def test_an_image_that_is_none_is_told(tiny: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(ReferenceBroken, match="is not an image that can be read"):
        read_reference(str(tmp_path / "a.png"), (64, 32), tiny)
    Image.new("L", (500, 500)).save(tmp_path / "b.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ReferenceBroken, match="is not an image that can be read"):
        read_reference(str(tmp_path / "b.png"), (64, 32), tiny)
