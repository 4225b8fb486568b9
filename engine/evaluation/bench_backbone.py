"""`main.py bench backbone`: Wan's structure with random weights, ours beside diffusers' own, in one run.

What a forward costs does not depend on what the weights say, so random ones do. Every ratio is of times taken in turns
(ours, theirs, theirs, ours, ...) and is the median of the pairs' ratios: other work on the machine hits both alike. On
a GPU the published sizes are timed as well; a CPU gets a narrow model of the same make.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
from torch import Tensor

from engine.backbone.backbone import Backbone
from engine.backbone.loras import LoraRack
from engine.backbone.text import CachedTextEncoder
from engine.backbone.transformer import SceneTransformer3DModel
from engine.backbone.wan_vae import WanVAE
from engine.catalogue.profile import Architecture, Profile, family
from engine.context.assemble import Context, assemble
from engine.context.blocks import ContextBlock, seeded_noise
from engine.context.cache import ContextCache
from engine.contract import ContextCandidate, SamplingSettings
from engine.evaluation.bench_anyflow import against_anyflow
from engine.memory.accounting import held_bytes, peak_bytes
from engine.memory.holding import device_memory
from engine.memory.placement import compile_blocks
from engine.sampling.generate import Resolved, resolve, sample_joint, sample_shot
from engine.sampling.noise import shot_noise

FULL_SIZES = ("wan2.1-t2v-1.3b", "wan2.2-ti2v-5b", "wan2.1-t2v-14b")
TIMED_STEPS = 3  # of a full-size shot; all steps cost the same


@dataclass(frozen=True, slots=True)
class Structure:
    """A Wan transformer to time: its profile, numbers and shot length in latent frames."""

    name: str
    profile: Profile
    architecture: Architecture
    latents: int

    @classmethod
    def reduced(cls, layers: int = 4, heads: int = 4, text_dim: int = 512) -> Structure:
        """Wan 2.1 1.3B made narrow: the same head size, feed-forward ratio, patches, 512 text tokens and sampler."""
        profile = replace(family("wan2.1-t2v-1.3b"), size=(192, 128), max_frames=9)
        numbers = Architecture(layers, heads, 128, round(heads * 128 * 8960 / 1536), 16, text_dim)
        return cls(f"Wan 2.1 1.3B reduced to {layers} layers of {heads * 128}", profile, numbers, 3)

    @classmethod
    def full(cls, name: str) -> Structure:
        """A published size, with the size and length of shot that it was trained at."""
        profile = family(name)
        assert profile.architecture is not None
        latents = (profile.max_frames - 1) // profile.temporal_stride + 1
        return cls(profile.title or name, profile, profile.architecture, latents)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of diffusers' class."""
        a = self.architecture
        return {
            "num_layers": a.layers,
            "num_attention_heads": a.heads,
            "attention_head_dim": a.head_dim,
            "ffn_dim": a.ffn_dim,
            "in_channels": a.channels,
            "out_channels": a.channels,
            "text_dim": a.text_dim,
        }


class _SeededText:
    """Token states that depend on the text alone: no text encoder belongs to what is timed."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def encode(self, texts: Sequence[str], max_tokens: int = 512) -> Tensor:
        """(B, max_tokens, dim) fp32."""
        return torch.stack([seeded_noise(f"bench/{text}", (max_tokens, self.dim)) for text in texts])

    def count_tokens(self, text: str) -> int:
        """Words will do."""
        return len(text.split())


def build(structure: Structure, device: torch.device, dtype: torch.dtype) -> Backbone:
    """A backbone with random weights; its VAE is a small one, which nothing here decodes with."""
    torch.manual_seed(0)
    with torch.device(device):
        before = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            model: SceneTransformer3DModel = SceneTransformer3DModel(**structure.config)
        finally:
            torch.set_default_dtype(before)
    for name, module in model.named_modules():
        if any(kept in name for kept in ("time_embedder", "norm1", "norm2", "norm3", "rope")):
            module.float()
    vae = AutoencoderKLWan(base_dim=8, z_dim=structure.architecture.channels, dim_mult=[1, 1, 1, 1], num_res_blocks=1)
    text = CachedTextEncoder(_SeededText(structure.architecture.text_dim))
    model = model.eval().requires_grad_(False)
    return Backbone(
        Path(structure.name), structure.profile, structure.name, (model,), WanVAE(vae), text, device, LoraRack([model])
    )


def paired(ours: Callable[[], object], theirs: Callable[[], object], pairs: int) -> dict[str, float]:
    """Medians of seconds, and of the ratio within each pair; who begins changes from pair to pair."""
    ours(), theirs()  # allocators and kernels warm up
    times: list[tuple[float, float]] = []
    for number in range(pairs):
        first = seconds(ours if number % 2 == 0 else theirs)
        second = seconds(theirs if number % 2 == 0 else ours)
        times.append((first, second) if number % 2 == 0 else (second, first))
    return {
        "ours_s": round(statistics.median(a for a, _ in times), 4),
        "theirs_s": round(statistics.median(b for _, b in times), 4),
        "ratio": round(statistics.median(a / b for a, b in times), 4),
        "pairs": pairs,
    }


def seconds(work: Callable[[], object]) -> float:
    """Time of a piece of work: on a GPU by the clock, its part included; on a CPU processor time, which other work on
    the machine does not add to."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    started = clock()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - started


@dataclass(frozen=True, slots=True)
class Stage:
    """One structure with all that is timed on it."""

    structure: Structure
    backbone: Backbone
    settings: Resolved

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of a shot's latents."""
        return self.backbone.latent_shape(self.structure.latents, self.structure.profile.size)

    def blocks(self, count: int) -> list[ContextBlock]:
        """Context shots of the same length."""
        made = []
        for n in range(count):
            name = f"bench/{n}"
            candidate = ContextCandidate(name, "shot", name, f"shot {n}", "", name, f"wide shot {n}", n)
            made.append(ContextBlock(candidate, "before", shot_noise(90_000 + n, self.shape), name, 0.1, 0.0, 0))
        return made

    def shot(self, context: Context | None = None) -> Tensor:
        """One shot by our sampler."""
        return sample_shot(self.backbone, "it waves", shot_noise(2, self.shape), context, self.settings, _quiet)

    def warm(self, blocks: Sequence[ContextBlock], cache: ContextCache) -> Tensor:
        """One shot against contexts that the cache holds, or captures now."""
        return self.shot(assemble(blocks, self.structure.latents, self.backbone, cache))

    def joint(self, blocks: Sequence[ContextBlock]) -> list[Tensor]:
        """The shot and all its context made together, which is what there is without a cache."""
        texts = [*(b.candidate.text for b in blocks), "it waves"]
        noises = [*(b.latents for b in blocks), shot_noise(2, self.shape)]
        return sample_joint(self.backbone, texts, noises, self.settings, _quiet)

    def pipeline(self) -> Callable[[], Tensor]:
        """The same shot by diffusers' own pipeline on the same weights."""
        with torch.device("meta"):
            stock = WanTransformer3DModel(**self.structure.config)
        stock.load_state_dict(self.backbone.transformer.state_dict(), strict=True, assign=True)
        stock.rope = self.backbone.transformer.rope  # its tables are no part of the state
        scheduler = UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=self.settings.shift
        )
        assert isinstance(self.backbone.vae, WanVAE)
        pipe = WanPipeline(None, None, self.backbone.vae.model, scheduler, stock.eval(), expand_timesteps=False)
        pipe.set_progress_bar_config(disable=True)
        stride = self.structure.profile.spatial_stride
        _, frames, height, width = self.shape
        noise = shot_noise(2, self.shape).unsqueeze(0).to(self.backbone.device)

        def run() -> Tensor:
            made: Tensor = pipe(
                prompt_embeds=self.backbone.embed("it waves"),
                negative_prompt_embeds=self.backbone.embed_negative(),
                height=height * stride,
                width=width * stride,
                num_frames=(frames - 1) * self.structure.profile.temporal_stride + 1,
                num_inference_steps=self.settings.steps,
                guidance_scale=self.settings.guidance.text,
                latents=noise,
                output_type="latent",
                return_dict=False,
            )[0]
            return made[0].float().cpu()

        return run


def _quiet(_state: object) -> None:
    return None


def stage_of(structure: Structure, device: torch.device, dtype: torch.dtype, steps: int) -> Stage:
    """A structure with its random model and UniPC, the pipelines' sampler."""
    backbone = build(structure, device, dtype)
    return Stage(structure, backbone, resolve(SamplingSettings(steps=steps, sampler="unipc"), backbone))


def context_row(stage: Stage, contexts: int, repeats: int) -> dict[str, Any]:
    """Seconds of one shot beside `contexts` shots: cache warm, cache cold, and all made together again."""
    blocks, cache = stage.blocks(contexts), ContextCache(stage.backbone.device)
    stage.warm(blocks, cache)
    times: list[tuple[float, float, float]] = []
    for _ in range(repeats):
        warm = seconds(lambda: stage.warm(blocks, cache))
        cold = seconds(lambda: stage.warm(blocks, ContextCache(stage.backbone.device)))
        times.append((warm, cold, seconds(lambda: stage.joint(blocks))))
    warm_s, cold_s, joint_s = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "context": contexts,
        "warm_s": round(warm_s, 4),
        "cold_s": round(cold_s, 4),
        "joint_s": round(joint_s, 4),
        "joint_over_warm": round(statistics.median(j / w for w, _, j in times), 3),
        "kv_bytes": cache.used(on_device=True),
    }


def peaks(stage: Stage, contexts: int) -> dict[str, int]:
    """Most bytes beside the weights: our shot, diffusers', ours with context, and all made together."""
    device = stage.backbone.device
    one_step = replace(stage, settings=replace(stage.settings, steps=1, step_list=()))
    blocks, cache = stage.blocks(contexts), ContextCache(device)
    one_step.warm(blocks, cache)
    held = sum(held_bytes(expert) for expert in stage.backbone.experts)
    return {
        "weights": held,
        "single": peak_bytes(one_step.shot, device),
        "diffusers_single": peak_bytes(one_step.pipeline(), device),
        f"warm_{contexts}": cache.used(on_device=True) + peak_bytes(lambda: one_step.warm(blocks, cache), device),
        f"joint_{contexts + 1}": peak_bytes(lambda: one_step.joint(blocks), device),
    }


def compiled_ratio(stage: Stage, pairs: int) -> dict[str, float]:
    """Our shot with the block compiled against the same without; compiling itself is not counted, but told."""
    plain, other = stage, stage_of(stage.structure, stage.backbone.device, stage.backbone.dtype, stage.settings.steps)
    compile_blocks(other.backbone.transformer)
    first = seconds(other.shot)
    return {"compile_s": round(first, 2), **paired(other.shot, plain.shot, pairs)}


def full_size(name: str, device: torch.device, contexts: int = 1) -> dict[str, Any]:
    """Seconds a shot at a published size, alone and beside context, or why it was not run."""
    structure = Structure.full(name)
    try:
        stage = stage_of(structure, device, torch.bfloat16, TIMED_STEPS)
        stage.shot()
        alone = seconds(stage.shot) / TIMED_STEPS
        row = _full_row(structure, alone)
        row["peak_bytes"] = peak_bytes(stage.shot, device) + held_bytes(stage.backbone.transformer)
        blocks, room = stage.blocks(contexts), device_memory(device) // 2
        cache = ContextCache(device, device_bytes=room, by_layer=True)
        stage.warm(blocks, cache)
        row[f"seconds_a_step_with_{contexts}"] = round(seconds(lambda: stage.warm(blocks, cache)) / TIMED_STEPS, 3)
        return row
    except torch.OutOfMemoryError as error:
        return {"model": structure.name, "not_run": f"out of memory: {str(error).splitlines()[0]}"}
    finally:
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()


def _full_row(structure: Structure, a_step: float) -> dict[str, Any]:
    steps = structure.profile.steps
    return {
        "model": structure.name,
        "size": list(structure.profile.size),
        "frames": structure.profile.max_frames,
        "seconds_a_step": round(a_step, 3),
        "steps": steps,
        "seconds_a_shot": round(a_step * steps, 1),
    }


def bench_backbone(
    device: torch.device,
    contexts: Sequence[int],
    steps: int,
    pairs: int,
    compiled: bool = False,
    structure: Structure | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """The whole report. `structure`: what is timed; by default 1.3B on a GPU, and reduced on a CPU."""
    cuda = device.type == "cuda"
    chosen = structure or (Structure.full(FULL_SIZES[0]) if cuda else Structure.reduced())
    stage = stage_of(chosen, device, torch.bfloat16 if cuda else torch.float32, steps)
    say(f"{chosen.name}: one shot against diffusers' pipeline, {pairs} pairs ...")
    pipeline = stage.pipeline()
    single = paired(stage.shot, pipeline, pairs)
    difference = float((stage.shot() - pipeline()).abs().max())
    say("context shots ...")
    rows = [context_row(stage, n, max(1, pairs // 3)) for n in contexts]
    say("peak memory, and AnyFlow-FAR ...")
    answer: dict[str, Any] = {
        "model": chosen.name,
        "device": torch.cuda.get_device_name(device) if cuda else f"CPU, {torch.get_num_threads()} threads",
        "dtype": str(stage.backbone.dtype),
        "seconds_are": "by the clock" if torch.cuda.is_available() else "processor time",
        "tokens": stage.backbone.tokens(chosen.latents, chosen.profile.size),
        "steps": steps,
        "single_ratio": single["ratio"],
        "single": {**single, "max_abs_diff": difference},
        "rows": rows,
        "peak_bytes": peaks(stage, max(contexts)),
        "anyflow": against_anyflow(stage.structure.config, stage.backbone, chosen.latents, pairs, paired),
    }
    if compiled:
        say("compiling ...")
        answer["compiled"] = compiled_ratio(stage, pairs)
    if cuda:
        del stage, pipeline
        answer["full_size"] = [full_size(name, device) for name in FULL_SIZES]
    return answer
