"""`data build` on real clips with a small real model: what is built, what is not built twice, what is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.film.encode import Frame
from engine.footage.build import Built, Order, build
from engine.footage.encoding import read_latents
from engine.footage.errors import FootageError
from engine.footage.order import order_for
from engine.footage.records import Dataset
from tests.engine.footage.reels import black, reel, shot, still


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """A reel of two shots that look alike and one that does not, one shot told by a sidecar, a broken file."""
    folder = tmp_path / "footage"
    reel(folder / "b" / "reel.mp4", shot(16, 0), shot(11, 0)[::-1].copy(), black(4), shot(11, 1))
    reel(folder / "a.mp4", shot(10, 2), shot(13, 2))
    told = [
        {"start": 0, "end": 1.25, "caption": "A fox <walks>.", "full": "A fox in a red coat walks."},
        {"start": 1.25, "end": 2.875, "caption": "It goes on.", "continues": True},
    ]
    (folder / "a.json").write_text(json.dumps({"global": "[Character] a fox.", "shots": told}), encoding="utf-8")
    (folder / "broken.mp4").write_bytes(b"not a video")
    (folder / "notes.doc").write_text("no clip", encoding="utf-8")
    return folder


def order(footage: Path, tiny_model: Path, **changes: object) -> Order:
    return order_for(footage, footage.parent / "data", str(tiny_model), **changes)  # type: ignore[arg-type]


def unused() -> object:
    raise AssertionError("nothing should have to be encoded")


def test_a_build_finds_scenes_keeps_latents_and_names_what_is_broken(footage: Path, tiny_model: Path) -> None:
    wanted = order(footage, tiny_model, sheet=True)
    built = build(wanted)
    assert (built.clips, built.kept) == (3, 0)
    assert [source for source, _ in built.problems] == ["broken.mp4"]
    scenes = json.loads((wanted.dataset.root / "scenes.json").read_text(encoding="utf-8"))["scenes"]
    assert [scene["name"] for scene in scenes] == ["a.mp4 scene 1", "b/reel.mp4 scene 1", "b/reel.mp4 scene 2"]
    first = scenes[0]["shots"]
    assert [(s["first"], s["length"], s["continues"]) for s in first] == [(0, 3, False), (3, 2, True), (5, 1, True)][:2]
    assert first[0]["text"] == "[Character] a fox. [SHOT CUT] A fox <walks>."
    assert first[1]["text"] == "[Character] a fox. It goes on."
    for scene in scenes:
        for s in scene["shots"]:
            latents = read_latents(wanted.dataset, s["latents"])
            assert latents is not None and latents.shape[0] == 8 and latents.shape[2:] == (4, 8)
            assert latents.shape[1] >= s["first"] + s["length"]
    assert Dataset(wanted.dataset.root).facts() == wanted.facts


def test_the_sheet_shows_every_run_and_escapes_what_files_say(footage: Path, tiny_model: Path) -> None:
    built = build(order(footage, tiny_model, sheet=True))
    assert built.sheet is not None
    page = built.sheet.read_text(encoding="utf-8")
    assert "A fox &lt;walks&gt;." in page and "<walks>" not in page
    assert "broken.mp4" in page and "no caption" in page
    pictures = [part.split('"')[0] for part in page.split('src="')[1:]]
    assert len(pictures) == built.encoded == 4
    assert all((built.sheet.parent / picture).is_file() for picture in pictures)


def test_what_did_not_change_is_not_done_again(footage: Path, tiny_model: Path) -> None:
    wanted = order(footage, tiny_model)
    build(wanted)
    again = build(replace(wanted, load=unused))  # type: ignore[arg-type]
    assert (again.kept, again.encoded) == (2, 0)
    reel(footage / "c.mp4", shot(12, 4))
    assert _told(build(wanted)) == (4, 2, 1)


def _told(built: Built) -> tuple[int, int, int]:
    return built.clips, built.kept, built.encoded


def test_new_captions_leave_the_latents_alone(footage: Path, tiny_model: Path) -> None:
    wanted = order(footage, tiny_model)
    build(wanted)
    (footage / "b" / "reel.txt").write_text("A bird sings.", encoding="utf-8")
    built = build(wanted)
    assert (built.kept, built.encoded, built.captioned) == (1, 0, 5)


def test_an_interrupted_build_goes_on_where_it_stopped(footage: Path, tiny_model: Path) -> None:
    wanted = order(footage, tiny_model)

    def stop(done: int, clips: int, name: str) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(wanted, stop)
    assert build(wanted).kept == 1


def test_a_latents_file_that_went_missing_is_made_again(footage: Path, tiny_model: Path) -> None:
    wanted = order(footage, tiny_model)
    build(wanted)
    victim = sorted(wanted.dataset.latents.iterdir())[0]
    before = victim.read_bytes()
    victim.unlink()
    assert build(wanted).encoded == 1
    assert victim.read_bytes() == before


def test_encoding_gives_what_the_engine_would_give(footage: Path, tiny_model: Path) -> None:
    """Latents of a whole clip of the model's own size and rate are those of its frames."""
    reel(footage / "alone" / "clip.mp4", shot(9, 3))
    wanted = order(footage / "alone", tiny_model)
    build(wanted)
    (path,) = wanted.dataset.latents.iterdir()
    from engine.film.decode import read_frames

    frames = read_frames(footage / "alone" / "clip.mp4")
    expected = wanted.load().encode(torch.from_numpy(frames))
    found = read_latents(wanted.dataset, path.stem)
    assert found is not None and torch.equal(found, expected.half())


def test_a_data_set_is_not_mixed_with_another_models(footage: Path, tiny_model: Path) -> None:
    build(order(footage, tiny_model))
    with pytest.raises(FootageError, match="another model or size"):
        build(order(footage, tiny_model, size=(96, 64)))


def test_shots_that_are_too_short_or_stand_still_are_left_out_and_counted(tmp_path: Path, tiny_model: Path) -> None:
    reel(tmp_path / "footage" / "clip.mp4", shot(12, 0), still(12), shot(4, 1))
    built = build(order(tmp_path / "footage", tiny_model))
    assert built.shots == 1 and built.skipped == {"nothing moves": 1, "too short": 1}


def test_a_folder_without_clips_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "footage").mkdir()
    with pytest.raises(FootageError, match="no clips"):
        build(order(tmp_path / "footage", tiny_model))


class Parrot:
    """Says how many pictures it was shown."""

    key = "parrot"

    def describe(self, pictures: Sequence[Frame], question: str) -> str:
        return f"{len(pictures)} pictures"


def test_a_describer_tells_what_no_sidecar_does(footage: Path, tiny_model: Path) -> None:
    wanted = order(footage, tiny_model, describer=Parrot())
    build(wanted)
    scenes = json.loads((wanted.dataset.root / "scenes.json").read_text(encoding="utf-8"))["scenes"]
    assert scenes[0]["shots"][0]["text"].endswith("A fox <walks>.")
    assert scenes[1]["shots"][0]["text"] == "2 pictures [SHOT CUT] 4 pictures"
    assert build(replace(wanted, load=unused)).kept == 2  # type: ignore[arg-type]
