"""Trainers learn, resume, and show the model what the stages say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backbone.loading import BUILT_IN
from engine.backbone.positions import PositionRule
from engine.backbone.text import TextEncoder
from engine.backbone.transformer import SceneTransformer3DModel
from engine.backbone.vae import PaperTheatreVAE, patchify, unpatchify
from engine.training.batches import Batch, BatchMaker
from engine.training.checkpoints import CheckpointError, only_trainer
from engine.training.footage import clips, read_shard, render_footage, shards
from engine.training.latents import TEXT_TOKENS, LatentCache, encode_shard
from engine.training.optimise import Ema, orthogonalise, warm_stable_decay
from engine.training.patches import with_single_cells
from engine.training.pipeline import TrainingOrder, Work, train
from engine.training.train_transformer import TransformerRun, loss_of, new_transformer, train_stage
from engine.training.train_vae import (
    VaeRun,
    moving_weight,
    reconstruction_loss,
    to_video,
    train_decoder,
    train_vae,
)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """Six rendered scenes, a VAE of three steps, their latents."""
    work = Work(tmp_path_factory.mktemp("training"), shards=1)
    render_footage(work.footage, 1, 6, work.size)
    render_footage(work.held_out, 1, 2, work.size, "heldout")
    train_vae(vae_run(work, 3))
    vae = PaperTheatreVAE.from_pretrained(work.vae)
    encode_shard(shards(work.footage)[0], work.latents, vae, TextEncoder.load(BUILT_IN / "paper-theatre"))
    return work


def vae_run(work: Work, steps: int) -> VaeRun:
    return VaeRun(work.footage, work.held_out, work.root / "vae", 60, 8, 32, 1, 32, 1, batch=2, max_steps=steps)


def stage_run(work: Work, stage: str, steps: int, init: Path | None = None) -> TransformerRun:
    empty = torch.zeros(TEXT_TOKENS, 384)
    return TransformerRun(
        stage,  # type: ignore[arg-type]
        work.latents,
        work.root / stage,
        empty,
        init,
        minutes=60,
        shots=4,
        width=48,
        layers=2,
        heads=2,
        max_steps=steps,
    )


def test_footage_holds_whole_scenes_and_is_not_made_twice(work: Work) -> None:
    records, frames = read_shard(shards(work.footage)[0])
    assert len(records) == 6
    assert sum(shot.frames for scene in records for shot in scene.shots) == len(frames)
    before = (work.footage / "0000.npy").stat().st_mtime_ns
    render_footage(work.footage, 1, 6, work.size)
    assert (work.footage / "0000.npy").stat().st_mtime_ns == before


def test_footage_whose_frames_were_deleted_is_rendered_again(work: Work) -> None:
    frames = work.footage / "0000.npy"
    before = frames.read_bytes()
    frames.unlink()
    render_footage(work.footage, 1, 6, work.size)
    assert frames.read_bytes() == before


def test_the_footage_knows_where_the_figure_is(work: Work) -> None:
    records, frames = read_shard(shards(work.footage)[0])
    for shot in (shot for scene in records for shot in scene.shots):
        assert len(shot.figure) == shot.frames
        for x0, y0, x1, y1 in shot.figure:
            assert 0 <= x0 < x1 <= frames.shape[2] and 0 <= y0 < y1 <= frames.shape[1]


def test_errors_on_the_figure_count_more_and_one_on_average(work: Work) -> None:
    maker = batch_maker(work)
    for part in (part for _ in range(10) for part in maker.causal().targets):
        assert part.weight.shape == (len(part.noisy), 1, *part.noisy.shape[2:])
        assert float(part.weight.mean()) == pytest.approx(1.0, abs=1e-4)
        assert float(part.weight.max()) > 1.5 * float(part.weight.min()) > 0.0


def test_finer_patches_see_a_flat_picture_as_before() -> None:
    torch.manual_seed(0)
    coarse = new_transformer(8, 384, 48, 2, 2).eval()
    torch.nn.init.normal_(coarse.proj_out.weight)
    fine = with_single_cells(coarse)
    flat = torch.randn(1, 8, 1, 1, 1).expand(1, 8, 1, 4, 4)
    assert torch.allclose(
        fine.patch_embedding(flat)[..., ::2, ::2], coarse.patch_embedding(flat), atol=1e-5
    )
    told = torch.zeros(1, 3, 384)
    assert fine(flat, torch.tensor([500.0]), told, return_dict=False)[0].shape == flat.shape


def test_a_clip_survives_patches_and_back() -> None:
    video = torch.randn(2, 3, 9, 16, 24)
    assert torch.allclose(unpatchify(patchify(video)), video, atol=1e-6)


@given(st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=10, deadline=None)
def test_the_vae_never_looks_ahead(latents: int, cut: int) -> None:
    """Later frames cannot change earlier latents: what continuing a shot relies on."""
    cut = min(cut, latents)
    torch.manual_seed(0)
    vae = refined(PaperTheatreVAE(4, 8, 1, 8, 1, refiner_width=8, refiner_blocks=1))
    video = torch.randn(1, 3, 4 * latents + 1, 16, 16)
    with torch.no_grad():
        whole = vae.encode(video)
        part = vae.encode(video[:, :, : 4 * (cut - 1) + 1])
        shown, first = vae.decode(whole), vae.decode(whole[:, :, :cut])
    assert torch.allclose(whole[:, :, :cut], part, atol=1e-5)
    assert torch.allclose(shown[:, :, : first.shape[2]], first, atol=1e-5)


def refined(vae: PaperTheatreVAE) -> PaperTheatreVAE:
    """With a refiner that changes pictures: a fresh one does not."""
    assert vae.refiner is not None
    torch.nn.init.normal_(vae.refiner.out.weight, std=0.1)
    return vae.eval()


def test_a_new_refiner_changes_nothing_and_a_trained_one_draws_across_cells() -> None:
    torch.manual_seed(0)
    vae = PaperTheatreVAE(4, 8, 1, 8, 1, refiner_width=8, refiner_blocks=1).eval()
    plain = PaperTheatreVAE(4, 8, 1, 8, 1).eval()
    plain.load_state_dict({n: w for n, w in vae.state_dict().items() if not n.startswith("refiner.")})
    cell = torch.zeros(1, 4, 2, 3, 3)
    cell[:, :, :, 1, 1] = torch.randn(4, 2)
    with torch.no_grad():
        assert torch.equal(vae.decode(cell), plain.decode(cell))
        flat = torch.zeros(1, 768, 2, 3, 3)
        dot = flat.clone()
        dot[:, :, 1, 1, 1] = 1.0
        hints = torch.zeros(2, 8, 3, 3)
        refiner = refined(vae).refiner
        assert refiner is not None
        seen = (refiner(dot, hints) - refiner(flat, hints)).abs().amax(1)[0]
    assert float(seen[0].max()) == 0.0, "the latent frame before it"
    assert float(seen[1, 0].max()) > 0 and float(seen[1, :, 2].max()) > 0, "its neighbours are drawn with it"


def test_a_decoder_trained_on_leaves_latents_as_they_are(work: Work) -> None:
    run = replace(vae_run(work, 4), out=work.root / "decoder", refiner_width=8, refiner_blocks=1)
    train_decoder(run, work.vae)
    after = train_decoder(replace(run, max_steps=8), work.vae).eval()
    state = torch.load(work.root / "decoder" / "state.pt", weights_only=True)
    assert state["progress"]["step"] == 8
    assert work.finished_vae == work.root / "decoder" / "vae"
    kept, before = PaperTheatreVAE.from_pretrained(work.finished_vae), PaperTheatreVAE.from_pretrained(work.vae)
    assert kept.config.latents_std == before.config.latents_std
    assert before.refiner is None and kept.refiner is not None
    assert float(kept.refiner.out.weight.detach().abs().max()) > 0, "it has learnt"
    video = to_video(next(clips(work.held_out))).unsqueeze(0)
    with torch.no_grad():
        latents = before.encode(video)
        assert torch.equal(kept.encode(video), latents)
        assert torch.equal(kept.decode(latents), after.decode(latents))
        assert not torch.equal(kept.decode(latents), before.decode(latents))


def test_vae_training_resumes_where_it_stopped(work: Work) -> None:
    train_vae(vae_run(work, 5))
    state = torch.load(work.root / "vae" / "state.pt", weights_only=True)
    assert state["progress"]["step"] == 5
    assert PaperTheatreVAE.from_pretrained(work.vae).config.latents_std is not None


@pytest.mark.parametrize("stage", ["shot", "lct", "causal"])
def test_each_stage_runs_resumes_and_leaves_a_model(work: Work, stage: str) -> None:
    train_stage(stage_run(work, stage, 2))
    model = train_stage(stage_run(work, stage, 3))
    state = torch.load(work.root / stage / "state.pt", weights_only=True)
    assert state["progress"]["step"] == 3
    assert (work.root / stage / "transformer" / "config.json").exists()
    assert all(bool(torch.isfinite(p).all()) for p in model.parameters())


def test_the_loss_falls_on_one_batch(work: Work) -> None:
    torch.manual_seed(0)
    maker = batch_maker(work)
    model = new_transformer(8, 384, 48, 2, 2).train()
    batch = maker.causal()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        loss = loss_of(model, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


def batch_maker(work: Work, seed: int = 0) -> BatchMaker:
    return BatchMaker(LatentCache(work.latents), 4, torch.zeros(TEXT_TOKENS, 384), PositionRule(), seed)


def test_batches_are_what_their_stage_says(work: Work) -> None:
    maker = batch_maker(work)
    seen_context: set[int] = set()
    for _ in range(40):
        single, lct, causal = maker.single(), maker.long_context(), maker.causal()
        assert not single.context and len(single.targets) == 1
        assert not lct.context
        check_levels(causal)
        seen_context.add(len(causal.context))
    assert {0, 1, 2, 3} <= seen_context


def check_levels(batch: Batch) -> None:
    for part in batch.context:
        assert float(part.sigma.max()) <= 0.3
    for part in batch.targets:
        assert float(part.sigma.max()) <= 1.0
        assert float(part.sigma[:, part.loss_from :].min()) > 0.0


def test_orthogonalised_updates_have_singular_values_near_one() -> None:
    values = torch.linalg.svdvals(orthogonalise(torch.randn(48, 96, generator=torch.Generator().manual_seed(0))))
    assert float(values.min()) > 0.2 and float(values.max()) < 1.6


def test_the_average_follows_the_weights_slowly() -> None:
    model = torch.nn.Linear(2, 2)
    ema = Ema(model, decay=0.9)
    with torch.no_grad():
        model.weight.add_(1.0)
    start = ema.shadow["weight"].clone()
    ema.update(model)
    assert bool((ema.shadow["weight"] > start).all()) and bool((ema.shadow["weight"] < model.weight).all())


def test_the_schedule_warms_up_holds_and_decays() -> None:
    values = [warm_stable_decay(p) for p in (0.0, 0.01, 0.3, 0.69, 0.85, 1.0)]
    assert values[0] < values[1] < values[2] == values[3] == 1.0 > values[4] > values[5]


def test_a_stage_asked_for_too_early_names_the_one_before(tmp_path: Path, work: Work) -> None:
    early = Work(tmp_path, shards=1)
    with pytest.raises(TrainingOrder, match="vae"):
        train("shot", early)
    (tmp_path / "latents").symlink_to(work.latents)
    with pytest.raises(TrainingOrder, match="lct"):
        train("causal", early)


def test_long_context_tuning_splits_the_cells_that_single_shots_are_learnt_on(tmp_path: Path, work: Work) -> None:
    (tmp_path / "latents").symlink_to(work.latents)
    coarse = train_stage(replace(stage_run(work, "shot", 1), out=tmp_path / "shot"))
    assert tuple(coarse.config.patch_size) == (1, 2, 2)
    train("lct", Work(tmp_path, shards=1), steps=1)
    fine = SceneTransformer3DModel.from_pretrained(tmp_path / "lct" / "transformer")
    assert tuple(fine.config.patch_size) == (1, 1, 1)


def test_clips_join_continuations(work: Work) -> None:
    records, _ = read_shard(shards(work.footage)[0])
    assert sum(len(scene.runs()) for scene in records) == len(list(clips(work.footage)))


def test_errors_on_what_moves_count_more_and_one_on_average() -> None:
    video = torch.zeros(1, 3, 5, 8, 8)
    video[:, :, 2:, :4] = 1.0  # the upper half changes once
    weight = moving_weight(video, 3.0)
    assert float(weight.mean()) == pytest.approx(1.0)
    assert float(weight[0, 0, 1, 0, 0]) == pytest.approx(4 * float(weight[0, 0, 4, 7, 7]))
    error = torch.zeros_like(video)
    error[:, :, 2, :4] = 0.1
    assert float(reconstruction_loss(video + error, video, 3.0)) > float(reconstruction_loss(video + error, video))


def test_a_second_training_in_the_same_folder_is_refused(work: Work) -> None:
    run = replace(stage_run(work, "shot", 1), out=work.root / "busy")
    with only_trainer(run.out), pytest.raises(CheckpointError, match="another process trains in"):
        train_stage(run)
    with only_trainer(work.root / "busy"), pytest.raises(CheckpointError, match="another process trains in"):
        train_vae(replace(vae_run(work, 1), out=work.root / "busy"))
    train_stage(run)
    assert (run.out / "transformer").is_dir()
