"""Train the paper theatre's VAE: PCA start, Charbonnier + gradient losses, crops for speed. Resumable.

Recipe: `shared/paper-theatre.md`. Runs on plain torch + accelerate; uses bf16 only where the machine multiplies it
faster than fp32 (a GPU, or a CPU with AMX). `train_decoder` goes on with the decoder alone: latents stay what they
are, so a transformer that was trained on them fits as before.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from engine.backbone.devices import fast_bf16
from engine.backbone.vae import PaperTheatreVAE, patchify
from engine.training.checkpoints import Progress, load_state, only_trainer, save_state, seed_everything
from engine.training.footage import Frames, clips
from engine.training.optimise import Ema, make_optimisers, set_rate, warm_stable_decay

MOVING = 0.2  # a change from frame to frame, of the range -1 to 1, that counts as moving in full


@dataclass(frozen=True)
class VaeRun:
    """Settings of one VAE training run."""

    footage: Path
    held_out: Path
    out: Path
    minutes: float = 20.0
    latent_channels: int = 24
    encoder_width: int = 128
    encoder_blocks: int = 2
    decoder_width: int = 192
    decoder_blocks: int = 5
    batch: int = 12
    frames: int = 9
    crop: tuple[int, int] = (64, 64)  # (height, width) pixels
    matrix_lr: float = 2e-3
    other_lr: float = 1e-3
    latent_noise: float = 0.03  # in raw latents
    decoder_noise: float = 0.1  # in normalised ones, where only the decoder learns: transformers are never exact
    decoder_moving: float = 3.0  # what moves is little of a picture, and what one looks at
    refiner_width: int = 64
    refiner_blocks: int = 4  # of the decoder stage
    seed: int = 0
    max_steps: int | None = None


def to_video(frames: Frames, device: torch.device | str = "cpu") -> Tensor:
    """uint8 (..., F, H, W, 3) -> float (..., 3, F, H, W) in [-1, 1]."""
    video = torch.from_numpy(np.array(frames)).to(device).float().div_(127.5).sub_(1)
    return video.movedim(-1, -4)


def psnr(a: Tensor, b: Tensor) -> float:
    """Peak signal-to-noise ratio in dB of videos in [-1, 1] (peak 2)."""
    return float(10 * torch.log10(4 / (a - b).square().mean()))


def pca_of_patches(sample: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    """sample (N, 768) -> mean (768,), orthonormal basis (768, channels) of largest variance."""
    mean = sample.mean(0)
    centred = sample - mean
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(sample))
    return mean, vectors[:, values.argsort(descending=True)[:channels]]


def patch_sample(all_clips: list[Frames], count: int, rng: np.random.Generator) -> Tensor:
    """Random 768-number cells (count, 768) from random clips."""
    rows: list[Tensor] = []
    per_clip = 60
    for _ in range(math.ceil(count / per_clip)):
        clip = all_clips[int(rng.integers(len(all_clips)))]
        cells = patchify(to_video(clip).unsqueeze(0)).flatten(2)[0].T
        rows.append(cells[torch.from_numpy(rng.integers(len(cells), size=per_clip))])
    return torch.cat(rows)


def moving_weight(video: Tensor, gain: float) -> Tensor:
    """Weights (B, 1, F, h, w) of mean 1: up to 1 + `gain` times as much where a pixel just changed, or is about to."""
    change = video.diff(dim=2).abs().mean(dim=1, keepdim=True)
    change = torch.maximum(torch.cat([change[:, :, :1], change], 2), torch.cat([change, change[:, :, -1:]], 2))
    weight = 1 + gain * (change / MOVING).clamp(max=1)
    return weight / weight.mean()


def reconstruction_loss(out: Tensor, video: Tensor, moving: float = 0.0) -> Tensor:
    """Charbonnier + 0.25 of each gradient (two spatial, one temporal); `moving` weighs what moves, see above."""
    error, weight = out - video, moving_weight(video, moving) if moving else torch.ones_like(video[:, :1])
    loss = ((error.square() + 1e-4).sqrt() * weight).mean()
    for dim in (-1, -2, -3):
        if error.shape[dim] > 1:
            behind = weight.narrow(dim, 1, error.shape[dim] - 1)
            loss = loss + 0.25 * ((error.diff(dim=dim).square() + 1e-4).sqrt() * behind).mean()
    return loss


def batch_of(all_clips: list[Frames], run: VaeRun, rng: np.random.Generator) -> Tensor:
    """(B, 3, F, h, w): random cuts of random clips."""
    height, width = run.crop
    rows: list[Frames] = []
    while len(rows) < run.batch:
        clip = all_clips[int(rng.integers(len(all_clips)))]
        if len(clip) < run.frames:
            continue
        t = int(rng.integers(len(clip) - run.frames + 1))
        y = int(rng.integers(clip.shape[1] - height + 1))
        x = int(rng.integers(clip.shape[2] - width + 1))
        rows.append(np.asarray(clip[t : t + run.frames, y : y + height, x : x + width]))
    return to_video(np.stack(rows))


@torch.no_grad()
def measure(vae: PaperTheatreVAE, held_out: list[Frames], limit: int = 48) -> float:
    """Mean PSNR (dB) over held-out clips at full size."""
    values = []
    for clip in held_out[:limit]:
        video = to_video(clip, vae.device).unsqueeze(0)
        values.append(psnr(vae.decode(vae.encode(video)).clamp(-1, 1), video))
    return float(np.mean(values))


def latent_statistics(
    vae: PaperTheatreVAE, all_clips: list[Frames], limit: int = 400
) -> tuple[list[float], list[float]]:
    """Mean and scale a channel. The scale is the square root of the relative deviation: halfway between the natural
    spectrum (faint detail stays faint) and whitening (faint detail costs as much as colour); overall variance 1."""
    with torch.no_grad():
        picks = all_clips[:: max(1, len(all_clips) // limit)]
        rows = [vae.encode(to_video(c, vae.device).unsqueeze(0)).flatten(2)[0].cpu() for c in picks]
    latents = torch.cat(rows, dim=1)
    std = latents.std(1)
    half = std.sqrt()
    scale = half * (std / half).square().mean().sqrt()
    return latents.mean(1).tolist(), scale.tolist()


def train_vae(run: VaeRun) -> PaperTheatreVAE:
    """Train for `run.minutes` in all (resuming counts), write the EMA model and `metrics.json` to `run.out`."""
    seed_everything(run.seed)
    footage, held_out = list(clips(run.footage)), list(clips(run.held_out))
    vae: PaperTheatreVAE = PaperTheatreVAE(
        run.latent_channels, run.encoder_width, run.encoder_blocks, run.decoder_width, run.decoder_blocks
    )
    sample = patch_sample(footage, 40_000, np.random.default_rng(run.seed))
    vae.start_from_pca(*pca_of_patches(sample, run.latent_channels))
    progress = _learn(run, vae, footage, held_out, 0.995)
    mean, std = latent_statistics(vae, footage)
    vae.register_to_config(latents_mean=mean, latents_std=std)
    return _finished(run, vae, progress, held_out)


def train_decoder(run: VaeRun, source: Path) -> PaperTheatreVAE:
    """Give the VAE in `source` a refiner and train what decodes, for `run.minutes` in all; writes as `train_vae`.

    The decoder sees latents that are off by a little, each clip by a different little, as a transformer's are.
    """
    seed_everything(run.seed)
    footage, held_out = list(clips(run.footage)), list(clips(run.held_out))
    old: PaperTheatreVAE = PaperTheatreVAE.from_pretrained(source, torch_dtype=torch.float32)
    # Not by from_config: it would put defaults back in place of fields that the old file did not have.
    facts = {name: value for name, value in old.config.items() if not name.startswith("_")}
    facts |= {"refiner_width": run.refiner_width, "refiner_blocks": run.refiner_blocks}
    vae: PaperTheatreVAE = PaperTheatreVAE(**facts)
    vae.load_state_dict(old.state_dict(), strict=False)
    for part in (vae.linear_in, vae.encoder):
        part.requires_grad_(False)
    return _finished(run, vae, _learn(run, vae, footage, held_out, 0.998), held_out)


def _learn(
    run: VaeRun, vae: PaperTheatreVAE, footage: list[Frames], held_out: list[Frames], decay: float
) -> Progress:
    """Go on from the run's state, or begin; leaves the average of the weights in `vae`."""
    accelerator = Accelerator(mixed_precision="bf16" if fast_bf16() else "no")
    vae.to(accelerator.device)
    print(f"at the start: {measure(vae, held_out):.2f} dB", flush=True)
    optimisers = make_optimisers(vae, run.matrix_lr, run.other_lr)
    ema, progress, state = Ema(vae, decay), Progress(), run.out / "state.pt"
    if state.exists():
        progress, _ = load_state(state, vae, ema, optimisers)
    rng = np.random.default_rng(run.seed + progress.step)
    with only_trainer(run.out):
        _loop(run, accelerator, vae, optimisers, ema, progress, footage, held_out, rng)
    ema.copy_to(vae)
    return progress


def _finished(run: VaeRun, vae: PaperTheatreVAE, progress: Progress, held_out: list[Frames]) -> PaperTheatreVAE:
    vae.save_pretrained(run.out / "vae")
    metrics: dict[str, Any] = {"psnr_db": measure(vae, held_out), **vars(progress)}
    (run.out / "metrics.json").write_text(json.dumps(metrics))
    print(metrics, flush=True)
    return vae


def _only_decodes(vae: PaperTheatreVAE) -> bool:
    """Whether its latents stand, with their statistics, and the decoder alone is trained."""
    return vae.config.latents_std is not None


def _disturbed(run: VaeRun, vae: PaperTheatreVAE, latents: Tensor) -> Tensor:
    """Raw latents with a little noise: what keeps latents smooth while they form, and decoders forgiving after."""
    noise = torch.randn_like(latents)
    if not _only_decodes(vae):
        return latents + run.latent_noise * noise
    level = run.decoder_noise * torch.randn(len(latents), 1, 1, 1, 1).abs().to(latents)
    return vae.denormalise(vae.normalise(latents) + level * noise)


def _loop(
    run: VaeRun,
    accelerator: Accelerator,
    vae: PaperTheatreVAE,
    optimisers: list[torch.optim.Optimizer],
    ema: Ema,
    progress: Progress,
    footage: list[Frames],
    held_out: list[Frames],
    rng: np.random.Generator,
) -> None:
    total, before, shown = run.minutes * 60, progress.seconds, time.monotonic()
    started = time.monotonic()
    running, moving = 0.0, run.decoder_moving if _only_decodes(vae) else 0.0
    while progress.seconds < total and (run.max_steps is None or progress.step < run.max_steps):
        set_rate(optimisers, warm_stable_decay(progress.seconds / total, decay_from=0.6))
        video = batch_of(footage, run, rng).to(accelerator.device)
        with accelerator.autocast():
            latents = vae.encode(video)
            out = vae.decode(_disturbed(run, vae, latents))
        loss = reconstruction_loss(out.float(), video, moving) + 1e-5 * latents.float().square().mean()
        accelerator.backward(loss)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        ema.update(vae)
        progress.step += 1
        progress.shots += run.batch
        progress.seconds = before + time.monotonic() - started
        running = 0.95 * running + 0.05 * float(loss.detach())
        if time.monotonic() - shown > 60:
            shown = time.monotonic()
            print(
                f"step {progress.step} {progress.seconds / 60:.1f} min loss {running:.4f} "
                f"held-out {measure(vae, held_out, 16):.2f} dB",
                flush=True,
            )
            save_state(run.out / "state.pt", vae, ema, optimisers, progress)
    save_state(run.out / "state.pt", vae, ema, optimisers, progress)
