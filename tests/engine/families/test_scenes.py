"""The engine's verbs on Wan folders: scenes with context, LoRAs, first frames, and failures that say what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from engine import contract as c
from engine.context.sources import read_reference
from engine.engine import Engine
from engine.film.decode import read_frames
from engine.sampling.noise import shot_noise
from tests.engine.conftest import candidate, request, shot_task
from tests.engine.families.test_exactness import pipeline
from tests.engine.families.test_loras import write

SIZES = {"wan21": (64, 48), "a14b": (64, 48), "ti2v": (96, 64)}


def saved(events: list[c.Event]) -> list[c.TakeResult]:
    failures = [e for e in events if isinstance(e, c.Failed)]
    assert not failures, failures
    return [e.take for e in events if isinstance(e, c.Saved)]


def failure(events: list[c.Event]) -> c.Failed:
    (found,) = [e for e in events if isinstance(e, c.Failed)]
    return found


@pytest.mark.parametrize("family", ["wan21", "a14b", "ti2v"])
def test_a_scene_of_two_shots_is_made_with_context(
    family: str, engine: Engine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder, size = request.getfixturevalue(family), SIZES[family]
    settings = c.SamplingSettings(steps=4)
    (one,) = saved(list(engine.run(ask(folder, shot_task(tmp_path), size=size, settings=settings))))
    two = ask(folder, shot_task(tmp_path, "t2", order=1), size=size, settings=settings, candidates=(candidate(one, 0),))
    events = list(engine.run(two))
    (take,) = saved(events)
    assert [(r.candidate_id, r.content_hash) for r in take.context] == [("t1", one.latents_hash)]
    assert read_frames(take.video).shape == (9, size[1], size[0], 3)
    (report,) = [e for e in events if isinstance(e, c.CacheReport)]
    assert report.misses == (2 if family == "a14b" else 1)  # keys and values for each expert
    assert json.loads(Path(take.manifest).read_text())["settings"]["sampler"] == "unipc"


ask = request  # the fixture of the same name hides it in the test above


def test_a_take_of_the_engine_is_the_pipelines_video(engine: Engine, wan21: Path, tmp_path: Path) -> None:
    """By way of the whole engine: the take's seed names the noise, the rest is what diffusers would do."""
    settings = c.SamplingSettings(steps=3)
    shot = shot_task(tmp_path, text="A fox walks.")
    (take,) = saved(list(engine.run(ask(wan21, shot, size=(64, 48), settings=settings))))
    backbone = engine.backbone(str(wan21))
    noise = shot_noise(take.seed, backbone.latent_shape(3, (64, 48)))
    latents = pipeline(wan21)(
        prompt="A fox walks.",
        negative_prompt=backbone.profile.negative_prompt,
        width=64,
        height=48,
        num_frames=9,
        num_inference_steps=3,
        guidance_scale=take.settings["text_guidance"],
        latents=noise.unsqueeze(0),
        output_type="latent",
    ).frames
    dtype = backbone.dtype  # a machine that is faster in bf16 renders in it
    expected = {"atol": 0.0, "rtol": 0.0} if dtype == torch.float32 else {"atol": 0.3, "rtol": 0.3}
    assert torch.allclose(load_file(take.latents)["latents"], latents[0], **expected)


def test_a_continuing_shot_and_a_longer_take_are_made(engine: Engine, wan21: Path, tmp_path: Path) -> None:
    settings = c.SamplingSettings(steps=2)
    (one,) = saved(list(engine.run(ask(wan21, shot_task(tmp_path), size=(64, 48), settings=settings))))
    go_on = shot_task(tmp_path, "t2", order=1, continues=True, frames=8)
    seen = candidate(one, 0, role="recent")
    (two,) = saved(list(engine.run(ask(wan21, go_on, size=(64, 48), settings=settings, candidates=(seen,)))))
    assert read_frames(two.video).shape[0] == 8
    extension = c.Extension("t1", one.latents, one.latents_hash)
    longer = shot_task(tmp_path, "t3", number=2, frames=13, extension=extension)
    (three,) = saved(list(engine.run(ask(wan21, longer, size=(64, 48), settings=settings))))
    assert torch.equal(load_file(three.latents)["latents"][:, :3], load_file(one.latents)["latents"])


def test_a_whole_scene_is_made_jointly_by_two_experts(engine: Engine, a14b: Path, tmp_path: Path) -> None:
    shots = [shot_task(tmp_path, f"t{n}", order=n) for n in range(2)]
    settings = c.SamplingSettings(steps=4)
    takes = saved(list(engine.run(ask(a14b, *shots, joint=True, size=(64, 48), settings=settings))))
    assert [t.frames for t in takes] == [9, 9]


def test_a_lora_changes_the_take_and_is_written_down(engine: Engine, wan21: Path, tmp_path: Path) -> None:
    lora = write(tmp_path / "look.safetensors", "kohya")
    plain, worn = c.SamplingSettings(steps=2), c.SamplingSettings(steps=2, loras=(c.LoraUse(str(lora), 0.8),))
    takes = []
    for number, settings in enumerate((plain, worn, plain)):
        shot = shot_task(tmp_path, f"t{number}", number=1)
        takes += saved(list(engine.run(ask(wan21, shot, size=(64, 48), settings=settings))))
    assert takes[0].latents_hash == takes[2].latents_hash != takes[1].latents_hash
    (told,) = takes[1].settings["loras"]
    assert (told["name"], told["strength"], len(told["hash"])) == ("look.safetensors", 0.8, 64)
    assert "loras" not in takes[0].settings
    assert str(tmp_path) not in Path(takes[1].manifest).read_text()


def test_a_shot_begins_with_the_picture_it_was_given(engine: Engine, ti2v: Path, tmp_path: Path) -> None:
    picture = tmp_path / "first.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 96, 3), np.uint8)).save(picture)
    settings = c.SamplingSettings(steps=2, first_frame=str(picture))
    (take,) = saved(list(engine.run(ask(ti2v, shot_task(tmp_path), size=(96, 64), settings=settings))))
    given, content = read_reference(str(picture), (96, 64), engine.backbone(str(ti2v)))
    assert torch.equal(load_file(take.latents)["latents"][:, :1], given)
    assert take.settings["first_frame"] == {"name": "first.png", "hash": content}


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        (c.SamplingSettings(loras=(c.LoraUse("/nowhere/x.safetensors"),)), "bad_model", "there is no LoRA"),
        (c.SamplingSettings(loras=(c.LoraUse("x.safetensors"),)), "bad_request", "must be absolute"),
        (c.SamplingSettings(loras=(c.LoraUse("/x.safetensors", 99.0),)), "bad_request", "-10 to 10"),
        (c.SamplingSettings(loras=(c.LoraUse("/x.safetensors"),) * 2), "bad_request", "named twice"),
        (c.SamplingSettings(first_frame="/nowhere.png"), "missing_file", "nowhere.png"),
    ],
)
def test_loras_and_pictures_that_cannot_be_used_are_refused_with_a_sentence(
    engine: Engine, wan21: Path, tmp_path: Path, settings: c.SamplingSettings, code: str, words: str
) -> None:
    failed = failure(list(engine.run(ask(wan21, shot_task(tmp_path), size=(64, 48), settings=settings))))
    assert failed.code == code and words in failed.message
    assert not (tmp_path / "t1").exists()


@pytest.mark.parametrize(
    ("file", "damage", "words"),
    [
        ("vae/diffusion_pytorch_model.safetensors", "cut", "vae/diffusion_pytorch_model.safetensors"),
        ("text_encoder/config.json", "remove", "text_encoder"),
        ("transformer/config.json", "remove", "transformer/config.json is missing"),
        ("tokenizer", "remove", "lacks tokenizer"),
        ("model_index.json", "other", "WanVACEPipeline"),
    ],
)
def test_damaged_folders_are_named(
    engine: Engine, wan21: Path, tmp_path: Path, file: str, damage: str, words: str
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(wan21, broken)
    path = broken / file
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    elif damage == "other":
        path.write_text(path.read_text().replace('"WanPipeline"', '"WanVACEPipeline"'))
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    failed = failure(list(engine.run(ask(broken, shot_task(tmp_path), size=(64, 48)))))
    assert failed.code == "bad_model" and words in failed.message, failed.message
