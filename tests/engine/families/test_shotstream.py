"""ShotStream's weights are driven as its public code drives them (KlingAIResearch/ShotStream, `pipeline/` and `wan/`).

Facts from there: six frames of all earlier shots are seen, single pictures encoded anew, in one forward in which they
see only each other; they stand at times 0 to 5 and the shot from 6 on, each shot turned by 1/6 more than the last;
the first shot sees six frames of zeros.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine import contract as c
from engine.backbone.loading import Backbone, load_backbone
from engine.backbone.positions import rotary
from engine.backbone.transformer import ShotInput
from engine.catalogue.profile import family
from engine.context.assemble import assemble, blank_block
from engine.context.blocks import ContextBlock
from engine.context.cache import ContextCache
from engine.context.sources import taken_out
from engine.engine import Engine
from engine.sampling.samplers import Schedule, renoise_sigmas
from tests.engine.conftest import candidate, request, shot_task
from tests.engine.families import layouts
from tests.engine.families.test_single_files import TINY

SIZE = (64, 48)


@pytest.fixture(scope="module")
def shotstream(wan21: Path) -> Backbone:
    backbone = load_backbone(str(wan21), torch.device("cpu"))
    return replace(backbone, profile=replace(family("shotstream-1.3b"), size=SIZE))


@pytest.fixture
def merged(wan21: Path, tmp_path: Path) -> Path:
    """A file as its `merge_lora_checkpoint.py` writes it: the model, and what else lay in the checkpoint."""
    (tmp_path / wan21.name).symlink_to(wan21, target_is_directory=True)
    path = tmp_path / "shotstream_merged.pt"
    path.with_suffix(".json").write_text(json.dumps({"like": "shotstream-1.3b", "architecture": TINY}))
    generator = {f"model.{name}": tensor for name, tensor in layouts.original_state(layouts.transformer()).items()}
    torch.save({"generator": generator, "critic": {"model.x": torch.zeros(1)}, "step": 100}, path)
    return path


def seen(backbone: Backbone, order: int, frames: int) -> ContextBlock:
    shape = backbone.latent_shape(frames, SIZE)
    latents = torch.randn(shape, generator=torch.Generator().manual_seed(order))
    name = f"take {order}"
    shot = c.ContextCandidate(name, "shot", name, name, "", name, f"shot {order}: a fox", order)
    return ContextBlock(shot, "before", latents, name, 0.0, 0.0, 0)


def test_the_profile_is_the_one_of_its_configuration() -> None:
    profile = family("shotstream-1.3b")
    assert (profile.step_list, profile.shift, profile.sampler) == ((1000.0, 740.0, 500.0, 260.0), 8.0, "renoise")
    assert (profile.context_noise, profile.text_guidance, profile.chunk_latents) == (0.0, 1.0, 3)
    assert profile.chunk_latents + profile.tail_latents == 21  # frames of its own shot that a chunk sees, itself too
    assert (profile.context_share, profile.blank_context, profile.context_stills) == (6, 6, True)
    bent = [8 * t / (1 + 7 * t) for t in (1.0, 0.74, 0.5, 0.26)]
    assert renoise_sigmas(Schedule("renoise", 4, 8.0, profile.step_list)) == pytest.approx(bent)


def test_seen_frames_stand_side_by_side_and_every_shot_is_turned_by_a_sixth_more(shotstream: Backbone) -> None:
    blocks = [seen(shotstream, 0, 3), seen(shotstream, 1, 3)]
    context = assemble(blocks, 3, shotstream, ContextCache(torch.device("cpu")))
    assert (context.target_start, context.target_turn) == (6.0, pytest.approx(2 / 6))


def test_a_turn_is_added_to_every_angle_of_time_and_to_none_of_space() -> None:
    head, side = 12, 2 * (12 // 6)
    plain, turned = rotary(head, 6.0, (1, 1, 1)), rotary(head, 6.0, (1, 1, 1), turn=2 / 6)
    angles = [torch.atan2(at.sin, at.cos).flatten() for at in (plain, turned)]
    moved = torch.remainder(angles[1] - angles[0], 2 * torch.pi)
    time, space = moved[: head - 2 * side], moved[head - 2 * side :]
    assert torch.allclose(time, torch.full_like(time, 2 / 6), atol=1e-5) and torch.equal(space, torch.zeros_like(space))


def test_seen_shots_see_each_other_and_nothing_else(shotstream: Backbone) -> None:
    """Cached, and in one forward under a mask: the context's frames among themselves, then the shot that sees all."""
    blocks, cache = [seen(shotstream, 0, 3), seen(shotstream, 1, 3)], ContextCache(torch.device("cpu"))
    context = assemble(blocks, 3, shotstream, cache)
    target = torch.randn(1, *shotstream.latent_shape(3, SIZE), generator=torch.Generator().manual_seed(9))
    text, turn = shotstream.embed("it waves"), context.target_turn
    shot = ShotInput(target, torch.full((1, 3), 700.0), text, 6.0, turn)
    (cached,) = shotstream.transformer.forward_scene([shot], context.placed)
    assert torch.allclose(cached, _in_one_forward(shotstream, blocks, shot), atol=1e-4)
    alone = [assemble([block], 3, shotstream, ContextCache(torch.device("cpu"))).placed for block in blocks]
    assert context.placed is not None and alone[0] is not None
    first = context.placed.layers[1][1][:, : alone[0].tokens]
    assert not torch.allclose(first, alone[0].layers[1][1], atol=1e-3)  # it did see the other


def _in_one_forward(backbone: Backbone, blocks: list[ContextBlock], shot: ShotInput) -> Tensor:
    clean = torch.zeros(1, 3)
    shots = [
        ShotInput(b.latents.unsqueeze(0), clean, backbone.embed(b.candidate.text), 3.0 * n, n / 6)
        for n, b in enumerate(blocks)
    ]
    tokens = 3 * (SIZE[0] // 16) * (SIZE[1] // 16)
    is_shot = torch.arange(3 * tokens) >= 2 * tokens
    return backbone.transformer.forward_scene([*shots, shot], mask=is_shot[:, None] | ~is_shot[None, :])[-1]


def test_a_context_is_captured_in_one_forward_and_found_again(
    shotstream: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    capture = shotstream.transformer.capture_together
    monkeypatch.setattr(
        shotstream.transformer, "capture_together", lambda shots: asked.append(len(shots)) or capture(shots)
    )
    cache, blocks = ContextCache(torch.device("cpu")), [seen(shotstream, n, 2) for n in range(3)]
    first, again = (assemble(blocks, 3, shotstream, cache) for _ in range(2))
    assert asked == [3] and first.keys == again.keys
    other = assemble(blocks[1:], 3, shotstream, cache)  # what it is seen with is part of what it is
    assert asked == [3, 2] and not set(other.keys) & set(first.keys)


def test_frames_of_other_shots_are_single_pictures_encoded_anew(shotstream: Backbone) -> None:
    whole = replace(seen(shotstream, 0, 3), frames=(0, 2))
    block = taken_out(whole, shotstream)
    pictures = shotstream.decode(whole.latents)
    expected = [shotstream.encode(pictures[n : n + 1]) for n in (0, len(pictures) - 1)]
    assert torch.equal(block.latents, torch.cat(expected, dim=1))
    assert block.content_hash == whole.content_hash and block.frames == () and block.taken
    assert taken_out(seen(shotstream, 0, 2), shotstream).taken == ""  # seen whole


def test_the_first_shot_sees_zeros_at_the_places_where_others_would_stand(shotstream: Backbone) -> None:
    blank = blank_block("a fox", shotstream, SIZE)
    assert blank.latents.shape[1] == 6 and not blank.latents.any()
    context = assemble([blank], 3, shotstream, ContextCache(torch.device("cpu")))
    assert (context.target_start, context.target_turn) == (6.0, pytest.approx(1 / 6))
    assert context.records == () and context.placed is not None


def test_a_merged_checkpoint_makes_a_scene(merged: Path, engine: Engine, tmp_path: Path) -> None:
    (one,) = _takes(engine, request(merged, shot_task(tmp_path), size=SIZE, settings=c.SamplingSettings(steps=4)))
    assert one.context == ()  # zeros are no item of the scene
    second = shot_task(tmp_path, "t2", order=1)
    settings = c.SamplingSettings(steps=4, context_frames=1)
    (two,) = _takes(engine, request(merged, second, size=SIZE, settings=settings, candidates=(candidate(one, 0),)))
    assert [(r.candidate_id, r.content_hash) for r in two.context] == [("t1", one.latents_hash)]


def _takes(engine: Engine, asked: c.GenerateRequest) -> list[c.TakeResult]:
    events = list(engine.run(asked))
    assert not [event for event in events if isinstance(event, c.Failed)], events[-1]
    return [event.take for event in events if isinstance(event, c.Saved)]
