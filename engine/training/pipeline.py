"""`main.py train paper-theatre vae|shot|lct|causal|decoder`: data, then the stage, then the weights.

Everything a run makes is under one work folder (`training/` by default, not in git): `footage/`, `vae/`, `latents/`,
`shot/`, `lct/`, `causal/`, `decoder/`. Every stage resumes where it stopped. `install` copies finished parts in bf16
into the shipped model folder.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from engine.backbone.loading import BUILT_IN
from engine.backbone.profiles import Profile, save_profile
from engine.backbone.text import TextEncoder
from engine.backbone.transformer import SceneTransformer3DModel
from engine.backbone.vae import PaperTheatreVAE
from engine.training.footage import render_footage, render_shard, shards
from engine.training.latents import TEXT_TOKENS, encode_shard
from engine.training.train_transformer import Stage, TransformerRun, train_stage
from engine.training.train_vae import VaeRun, train_decoder, train_vae

MODEL = BUILT_IN / "paper-theatre"
PREVIOUS: dict[Stage, Stage | None] = {"shot": None, "lct": "shot", "causal": "lct"}
DEFAULT_MINUTES = {"vae": 120.0, "shot": 60.0, "lct": 45.0, "causal": 75.0, "decoder": 30.0}
PaperTheatreStage = Literal["vae", "shot", "lct", "causal", "decoder"]
SCENES_A_SHARD = 100


class TrainingOrder(RuntimeError):
    """A stage was asked for before the one it needs; says which command comes first."""


@dataclass(frozen=True)
class Work:
    """The folders of one training."""

    root: Path
    size: tuple[int, int] = (112, 64)
    shards: int = 56
    latent_channels: int = 16

    @property
    def footage(self) -> Path:
        """Training renders."""
        return self.root / "footage" / "train"

    @property
    def held_out(self) -> Path:
        """Held-out renders."""
        return self.root / "footage" / "heldout"

    @property
    def latents(self) -> Path:
        """Encoded training scenes."""
        return self.root / "latents"

    @property
    def vae(self) -> Path:
        """The trained VAE, whose encoder made the latents."""
        return self.root / "vae" / "vae"

    @property
    def finished_vae(self) -> Path:
        """The same with its decoder trained on, where that stage has run."""
        better = self.root / "decoder" / "vae"
        return better if better.is_dir() else self.vae


def make_footage(work: Work, processes: int = 1) -> None:
    """Render what is missing."""
    render_footage(work.held_out, 1, 30, work.size, "heldout")
    render_footage(work.footage, work.shards, SCENES_A_SHARD, work.size, "train", processes)


def start_from_shipped(work: Work, model: Path = MODEL) -> None:
    """Fill a fresh work folder with the shipped VAE and transformer, so that `causal` goes on from them.

    For training on elsewhere: optimiser state is not shipped, and rebuilds itself within the warm-up. Parts that the
    work folder has already stay.
    """
    if not work.vae.is_dir():
        PaperTheatreVAE.from_pretrained(model / "vae", torch_dtype=torch.float32).save_pretrained(work.vae)
    transformer = work.root / "lct" / "transformer"
    if not transformer.is_dir():
        weights = SceneTransformer3DModel.from_pretrained(model / "transformer", torch_dtype=torch.float32)
        weights.save_pretrained(transformer)


def make_latents(work: Work) -> None:
    """Encode every shard with the trained VAE, rendering missing shards on the way."""
    _need_vae(work)
    vae = PaperTheatreVAE.from_pretrained(work.vae).eval()
    text = TextEncoder.load(MODEL)
    for number in range(work.shards):
        index = render_shard(work.footage, number, SCENES_A_SHARD, work.size, "train")
        encode_shard(index, work.latents, vae, text)


def _need_vae(work: Work) -> None:
    if not work.vae.is_dir():
        raise TrainingOrder("there is no trained VAE: run `main.py train paper-theatre vae` first")


def train(
    stage: PaperTheatreStage, work: Work, minutes: float | None = None, steps: int | None = None
) -> None:
    """Run one stage, making the data it needs first. Raises TrainingOrder."""
    limit = DEFAULT_MINUTES[stage] if minutes is None else minutes
    if stage == "vae":
        make_footage(work)
        run = VaeRun(work.footage, work.held_out, work.root / "vae", limit, work.latent_channels, max_steps=steps)
        train_vae(run)
        return
    if stage == "decoder":
        _need_vae(work)
        make_footage(work)
        run = VaeRun(work.footage, work.held_out, work.root / "decoder", limit, max_steps=steps)
        train_decoder(run, work.vae)
        return
    if not shards(work.latents):
        make_latents(work)
    before = PREVIOUS[stage]
    init = None if before is None else work.root / before / "transformer"
    if init is not None and not init.is_dir():
        raise TrainingOrder(f"stage {stage} starts from {before}: run `main.py train paper-theatre {before}` first")
    empty = TextEncoder.load(MODEL).encode([""], TEXT_TOKENS)[0]
    rates = {"shot": 1.0, "lct": 0.6, "causal": 0.6}[stage]
    train_stage(
        TransformerRun(
            stage,
            work.latents,
            work.root / stage,
            empty,
            init,
            limit,
            matrix_lr=2e-3 * rates,
            other_lr=1e-3 * rates,
            max_steps=steps,
            single_cells=stage != "shot",  # single shots are learnt on coarse cells, at a quarter of the cost
        )
    )


def install(work: Work, stage: Stage = "causal", model: Path = MODEL) -> None:
    """Put trained parts into a model folder, bf16 (the VAE's statistics are in its config)."""
    assemble(model, work.finished_vae, work.root / stage / "transformer")


def assemble(model: Path, vae: Path, transformer: Path) -> None:
    """Put a VAE and a transformer, in bf16, where there are any, into a model folder with the built-in text encoder."""
    for kind, source, name in ((PaperTheatreVAE, vae, "vae"), (SceneTransformer3DModel, transformer, "transformer")):
        if source.is_dir():
            part = kind.from_pretrained(source).to(torch.bfloat16)
            part.register_to_config(_name_or_path=model.name)  # not the folder it was trained in
            part.save_pretrained(model / name)
    if model != MODEL:
        for part in ("text_encoder", "tokenizer"):
            shutil.copytree(MODEL / part, model / part, dirs_exist_ok=True)
    if not (model / "profile.json").exists():
        save_profile(Profile(), model / "profile.json")


def record_stage(model: Path, stage: str, figures: dict[str, object]) -> None:
    """Keep a stage's measurement beside the weights: the table *single-shot -> LCT -> causal*."""
    path = model / "stages.json"
    table = json.loads(path.read_text()) if path.exists() else {}
    table[stage] = figures
    path.write_text(json.dumps(table, indent=2) + "\n")
