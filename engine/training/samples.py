"""A contact sheet of what a model makes of the data set's own scenes: footage above, its own shots below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.backbone.backbone import Backbone
from engine.backbone.loading import load_vae
from engine.backbone.loras import LoraRack
from engine.backbone.text import CachedTextEncoder
from engine.backbone.transformer import SceneTransformer3DModel
from engine.catalogue.recognise import Recognised
from engine.context.assemble import assemble
from engine.context.blocks import ContextBlock, latents_hash
from engine.context.cache import ContextCache
from engine.contract import ContextCandidate, SamplingSettings
from engine.film.encode import Frames
from engine.film.posters import contact_sheet
from engine.footage.build import SHOT_CUT
from engine.sampling.generate import resolve, sample_shot
from engine.sampling.noise import shot_noise
from engine.training.dataset import FootageShot, FootageTable

SCENES, SHOTS = 2, 3
STEPS = 20  # at most: a sheet is for looking


@dataclass(frozen=True, slots=True)
class KnownTexts:
    """The texts of a data set, by what they say: no text encoder is needed to sample them."""

    table: FootageTable
    keys: dict[str, str]

    def encode(self, texts: Sequence[str], max_tokens: int = 512) -> Tensor:
        """(B, max_tokens, dim)."""
        return torch.stack([self.table.text(self.keys[text])[:max_tokens] for text in texts])

    def count_tokens(self, text: str) -> int:
        """Not known, and nobody asks while sampling."""
        return 0


def write_samples(
    model: SceneTransformer3DModel, found: Recognised, table: FootageTable, path: Path, device: torch.device
) -> None:
    """Sample the first scenes of several shots, each shot seeing those before it, and write the sheet."""
    films = [[s for s in film if not s.continues][:SHOTS] for film in table.films]
    chosen = sorted(films, key=lambda film: -len(film))[:SCENES]
    profile = found.profile
    keys = {shot.text: shot.text_key for film in chosen for shot in film}
    keys |= {"": table.empty_key, profile.negative_prompt: table.negative_key}
    text = CachedTextEncoder(KnownTexts(table, keys))
    vae = load_vae(found.parts["vae"]).to(device)
    # Training must go on with the very numbers that it would have had without a sheet.
    state = torch.get_rng_state()
    model.eval()
    backbone = Backbone(found.path, profile, "", (model,), vae, text, device, LoraRack([model]))
    rows: list[tuple[str, Frames]] = []
    try:
        for number, film in enumerate(chosen):
            rows += _rows(backbone, table, film, number)
    finally:
        model.train()
        torch.set_rng_state(state)
    path.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(rows, path, columns=6, scale=min(1.0, 160 / table.facts.size[0]))


def _rows(
    backbone: Backbone, table: FootageTable, film: Sequence[FootageShot], number: int
) -> list[tuple[str, Frames]]:
    settings = resolve(SamplingSettings(steps=min(STEPS, backbone.profile.steps)), backbone)
    cache = ContextCache(backbone.device)
    rows: list[tuple[str, Frames]] = []
    blocks: list[ContextBlock] = []
    for place, shot in enumerate(film, 1):
        real = table.latents(shot)
        context = assemble(blocks, real.shape[1], backbone, cache)
        noise = shot_noise(1000 * number + place, tuple(real.shape))
        made = sample_shot(backbone, shot.text, noise, context, settings, lambda _: None)
        content = latents_hash(made)
        candidate = ContextCandidate(f"{place}", "shot", "", "", "", content, shot.text, place)
        blocks.append(ContextBlock(candidate, "before", made, content, backbone.profile.context_noise, 0.0, 0))
        rows.append((f"footage: {shot.text.rpartition(SHOT_CUT)[2]}"[:100], backbone.decode(real).numpy()))
        rows.append(("made", backbone.decode(made).numpy()))
    return rows
