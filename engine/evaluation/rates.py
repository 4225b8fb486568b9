"""Which rate should the VAE have? Decided by what a transformer then generates, after the same minutes.

A rate is a number of latent channels. For each one: a VAE from its PCA start, the footage encoded with it, a
single-shot transformer from random weights on coarse and then on single cells, all of equal time; then held-out shots
are generated from prompts that name everything, and the judge reads them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.backbone.loading import load_backbone
from engine.backbone.text import TextEncoder
from engine.backbone.vae import PaperTheatreVAE
from engine.contract import SamplingSettings
from engine.evaluation.consistency import SceneMaker, evaluation_scene
from engine.evaluation.judge import Judge, load_judge
from engine.evaluation.vae import evaluate_vae, held_out_footage, judge_reconstructions
from engine.film.posters import contact_sheet
from engine.training.footage import shards
from engine.training.latents import TEXT_TOKENS, encode_shard
from engine.training.pipeline import MODEL, Work, assemble
from engine.training.train_transformer import TransformerRun, train_stage
from engine.training.train_vae import VaeRun, train_vae

Part = Literal["coarse", "fine"]
PARTS: tuple[Part, ...] = ("coarse", "fine")
READ = ("species", "colour", "place", "action")


@dataclass(frozen=True)
class RateRun:
    """One rate's training. `footage`: rendered shards, of which the first `shards` are used."""

    footage: Path
    held_out: Path
    out: Path
    channels: int
    vae_minutes: float = 8.0
    coarse_minutes: float = 20.0
    fine_minutes: float = 10.0
    shards: int = 12
    width: int = 256
    layers: int = 8

    def model(self, part: Part) -> Path:
        """The model folder of a part of the training."""
        return self.out / f"{part}-model"


def train_rate(run: RateRun) -> None:
    """Train what is missing; every part resumes."""
    work = Work(run.out, latent_channels=run.channels)
    if not work.vae.is_dir():
        train_vae(VaeRun(run.footage, run.held_out, run.out / "vae", run.vae_minutes, run.channels))
    text = TextEncoder.load(MODEL)
    vae = PaperTheatreVAE.from_pretrained(work.vae).eval()
    for index in shards(run.footage)[: run.shards]:
        encode_shard(index, work.latents, vae, text)
    empty = text.encode([""], TEXT_TOKENS)[0]
    coarse = TransformerRun(
        "shot",
        work.latents,
        run.out / "coarse",
        empty,
        minutes=run.coarse_minutes,
        width=run.width,
        layers=run.layers,
    )
    if not (coarse.out / "transformer").is_dir():
        train_stage(coarse)
    fine = TransformerRun(
        "shot", work.latents, run.out / "fine", empty, coarse.out / "transformer", run.fine_minutes, single_cells=True
    )
    train_stage(fine)
    for part in PARTS:
        assemble(run.model(part), work.vae, run.out / part / "transformer")


def measure_rate(run: RateRun, scenes: int, steps: int = 20) -> dict[str, Any]:
    """PSNR, what the judge reads of reconstructions, and of shots that the coarse and the fine transformer generate.

    The first generated frames are kept as sheets, `coarse.jpg` and `fine.jpg`.
    """
    judge = load_judge()
    backbone = load_backbone(str(run.model("fine")))
    footage = held_out_footage(run.out / "check", max(2, min(25, scenes)), backbone.profile.size)
    return {
        "channels": run.channels,
        "psnr_db": evaluate_vae(backbone, min(32, 4 * scenes))["psnr_db"],
        "reconstructed": judge_reconstructions(backbone, judge, footage),
        "scenes": scenes,
        **{part: _generated(run, part, judge, scenes, steps) for part in PARTS},
    }


def _generated(run: RateRun, part: Part, judge: Judge, scenes: int, steps: int) -> dict[str, float]:
    """Shares of held-out first shots whose prompt the judge reads off the picture; shots that training has seen."""
    maker = SceneMaker(load_backbone(str(run.model(part))), SamplingSettings(steps=steps))
    right, rows = dict.fromkeys(READ, 0), []
    for number in range(scenes):
        scene, texts = evaluation_scene(number)
        frames = maker.shot(number, 0, texts[0], [], []).frames
        rows.append((f"{scene.species}, {scene.colour}, {scene.place}", frames))
        told = {"species": scene.species, "colour": scene.colour, "place": scene.place, "action": scene.shots[0].action}
        read = judge.read([frames])[0]
        for name in READ:
            right[name] += read[name] == told[name]
    contact_sheet(rows[:12], run.out / f"{part}.jpg", columns=5, scale=2.0)
    seen = json.loads((run.out / part / "log.jsonl").read_text().splitlines()[-1])["shots"]
    return {**{name: round(count / scenes, 4) for name, count in right.items()}, "shots_seen": seen}
