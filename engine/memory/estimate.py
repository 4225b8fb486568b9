"""Will it fit? What a shot needs of the device's memory, told from configs and headers before anything is loaded.

Weights are counted parameter by parameter. Activations follow the scene block step by step: the stages below are the
ones that can be the largest, in bytes a token. Constants of Wan's VAEs were counted with `engine.memory.accounting` on
the real classes. Kernels' scratch space and the allocator's rounding are not in it: that is what the margin is for.
Imports no torch. Source of the K/V arithmetic: `shared/methods/long-context-tuning.md` section 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from engine.catalogue.folders import read_json, weight_files
from engine.catalogue.headers import FileBroken, TensorFacts, read_header
from engine.catalogue.keys import expected_shapes
from engine.catalogue.profile import Architecture, Profile
from engine.catalogue.recognise import Recognised
from engine.memory.plans import Asked, MemoryPlan, Precision

MARGIN = 0.08  # of the device: kernels' scratch space, fragmentation, what else draws on the screen
TILE = 256  # pixels a side, diffusers' default for Wan's VAE

_KEPT_FP32 = ("time_embedder", "scale_shift_table", "norm1", "norm2", "norm3")
_NEVER_CAST = re.compile(r"pos_embed|patch_embed|norm|condition_embedder|^proj_out|scale_shift_table")
_BLOCK_LINEAR = re.compile(r"blocks\.\d+\.(attn[12]\.to_|ffn).*\.weight")
# Live pixels' worth of decoder (encoder) channels at the peak of a decode (an encode): Wan 2.1's VAE and the
# residual one of 2.2.
_DECODE_CHANNELS, _DECODE_CHANNELS_RESIDUAL = 50.7, 84.1


@dataclass(frozen=True, slots=True)
class ShotSize:
    """What is to be made: pixels (width, height), frames, and how many context shots of that length it sees."""

    size: tuple[int, int]
    frames: int
    contexts: int = 0


@dataclass(frozen=True, slots=True)
class Fit:
    """Bytes of a model and one shot on a device under a plan. `needed` is the largest of the three stages."""

    plan: MemoryPlan
    weights: Mapping[str, int]  # by part, as the plan keeps them
    context_shot: int  # keys and values of one context shot
    context: int  # of all of them, on the device
    activations: int  # of one forward
    decode: int  # the VAE's own peak
    stages: Mapping[str, int]  # "text", "denoise", "decode": bytes on the device
    memory: int  # of the device; 0 where nobody knows

    @property
    def needed(self) -> int:
        """The most bytes on the device at one time."""
        return max(self.stages.values())

    @property
    def fits(self) -> bool:
        """Whether that leaves the margin free. A guess, never a reason to refuse."""
        return not self.memory or self.needed <= self.memory * (1 - MARGIN)

    @property
    def verdict(self) -> Literal["fits", "fits offloaded", "too big"]:
        """In a word, for a table."""
        if not self.fits:
            return "too big"
        return "fits" if self.plan.offload == "none" else "fits offloaded"


def fit(
    found: Recognised, memory: int, asked: Asked | None = None, shot: ShotSize | None = None, accelerator: bool = True
) -> Fit:
    """The mildest plan under which the shot fits, or else the most saving one. Reads configs and headers only.

    `memory`: bytes of the device. `shot`: default is the profile's size and longest shot with three context shots.
    """
    wishes = asked or Asked()
    model = Model.of(found)
    wanted = shot or ShotSize(found.profile.size, found.profile.max_frames, 3)
    plan = MemoryPlan(
        wishes.precision or ("bf16" if accelerator else "fp32"),
        wishes.offload or "none",
        packed_context=wishes.packed_context,
        attention=wishes.attention or "native",
        compiled=wishes.compile,
    )
    best = model.fit(plan, wanted, memory)
    while not best.fits:
        milder = best.plan.milder(accelerator)
        if milder is not None and wishes.offload is not None:
            milder = replace(milder, offload=wishes.offload) if milder.offload != wishes.offload else milder
        if milder is None or milder == best.plan:
            break
        best = model.fit(milder, wanted, memory)
    return best


@dataclass(frozen=True, slots=True)
class Model:
    """The numbers of a checkpoint that decide what it needs."""

    architecture: Architecture
    patch: tuple[int, int, int]
    experts: int
    spatial: int
    temporal: int
    profile: Profile
    held: Mapping[str, int]  # numbers (not bytes) of VAE and text encoder, by part
    vae: Mapping[str, Any]  # its config
    small_text: bool  # the built-in encoder, which stays on the CPU in fp32

    @classmethod
    def of(cls, found: Recognised) -> Model:
        """Read what is needed from a recognised model's files. Raises ValueError when its architecture is unknown."""
        architecture = found.architecture or found.profile.architecture
        if architecture is None:
            raise ValueError(f"{found.path.name}: nothing tells how large its transformer is")
        place = found.parts.get("transformer")
        config = read_json(place / "config.json", []) if place is not None and place.is_dir() else {}
        vae = found.parts.get("vae")
        text = found.parts.get("text_encoder")
        profile = found.profile
        return cls(
            architecture,
            tuple(config.get("patch_size") or (1, 2, 2)),
            profile.experts,
            profile.spatial_stride,
            profile.temporal_stride,
            profile,
            {name: _numbers(found.parts[name]) for name in ("vae", "text_encoder") if name in found.parts},
            read_json(vae / "config.json", []) if vae is not None and vae.is_dir() else {},
            text is not None and "matchcut" in read_json(text / "config.json", []),
        )

    def fit(self, plan: MemoryPlan, shot: ShotSize, memory: int = 0) -> Fit:
        """What a shot needs under a plan."""
        each = transformer_bytes(self.architecture, self.patch, plan.precision)
        weights = {
            "transformer": each * self.experts,
            "vae": self.held.get("vae", 0) * 4,
            "text_encoder": self._text(plan),
        }
        one = self.context_bytes(shot, plan)
        context = self._context_on_device(shot, plan, one)
        activations, decode = self.forward_bytes(shot, plan), self.decode_bytes(shot, plan.tiled)
        on_device = self._resident(plan, weights, each)
        stages = {
            "text": on_device["text"],
            "denoise": on_device["denoise"] + context + activations + self._kept_text(shot, plan),
            "decode": on_device["decode"] + decode + (context if plan.context == "whole" else 0),
        }
        return Fit(plan, weights, one, context, activations, decode, stages, memory)

    def _text(self, plan: MemoryPlan) -> int:
        return 0 if self.small_text else self.held.get("text_encoder", 0) * _WIDTH[plan.precision]

    def _resident(self, plan: MemoryPlan, weights: Mapping[str, int], each: int) -> dict[str, int]:
        """Weights on the device while text is encoded, while it denoises, while it decodes."""
        if plan.offload == "none":
            return dict.fromkeys(("text", "denoise", "decode"), sum(weights.values()))
        own = each
        if plan.offload == "blocks":
            block = _block_bytes(self.architecture, plan.precision)
            own = each - self.architecture.layers * block + 2 * block  # the one at work and the one on its way
        text = 0 if plan.offload == "blocks" else weights["text_encoder"]  # streamed: text is encoded on the CPU
        return {"text": text, "denoise": own, "decode": weights["vae"]}

    def tokens(self, shot: ShotSize) -> int:
        """Transformer tokens of a shot."""
        latents = (shot.frames - 1) // self.temporal + 1
        width, height = (side // self.spatial for side in shot.size)
        return (latents // self.patch[0]) * (height // self.patch[1]) * (width // self.patch[2])

    def seen_tokens(self, shot: ShotSize) -> int:
        """Of those, what another shot sees: some frames of it only, where the model is used so."""
        latents, most = (shot.frames - 1) // self.temporal + 1, self.profile.context_frames
        if self.profile.context_share and shot.contexts:
            most = most or -(-self.profile.context_share // shot.contexts)
        return self.tokens(shot) * most // latents if 0 < most < latents else self.tokens(shot)

    def context_bytes(self, shot: ShotSize, plan: MemoryPlan) -> int:
        """Cached keys and values of one context shot, for all experts."""
        dim, heads = self.architecture.dim, self.architecture.heads
        a_token = 2 * dim + 2 * heads if plan.packed_context else 2 * dim * _WIDTH[plan.precision]
        return self.experts * self.architecture.layers * self.seen_tokens(shot) * a_token

    def _context_on_device(self, shot: ShotSize, plan: MemoryPlan, one: int) -> int:
        """The cache's own, and what is joined of it: all layers at once, or the one that is read."""
        tokens = self.seen_tokens(shot) * shot.contexts
        layer = 2 * tokens * self.architecture.dim * _WIDTH[plan.precision]
        if not shot.contexts:
            return 0
        if plan.context == "whole":
            return one * shot.contexts + self.experts * self.architecture.layers * layer
        return layer + (one * shot.contexts if plan.context == "layers" else 2 * layer)

    def forward_bytes(self, shot: ShotSize, plan: MemoryPlan) -> int:
        """The most that one forward holds beside weights and context: hidden states, queries, the feed-forward."""
        dim, ffn, tokens = self.architecture.dim, self.architecture.ffn_dim, self.tokens(shot)
        own, fp32 = dim * _WIDTH[plan.precision], dim * 4  # bytes a token of one tensor in the model's dtype, in fp32
        seen = shot.contexts * self.seen_tokens(shot) / tokens  # context tokens to each of its own
        joined = 2 * own * (seen + 1) if shot.contexts else 0  # keys and values, context's before its own
        stages = (
            3 * own + 2 * ffn * _WIDTH[plan.precision],  # feed-forward: input, residual, normed; before and behind GELU
            5 * own + 3 * fp32,  # rotation of the keys, in fp32
            7 * own + joined,  # attention
        )
        angles = 2 * 4 * self.architecture.head_dim * (1 + seen)
        return int(tokens * (max(stages) + angles))

    def _kept_text(self, shot: ShotSize, plan: MemoryPlan) -> int:
        """Keys and values of two prompts, where they are kept over the steps."""
        if not self.profile.keeps_text(self.tokens(shot)):
            return 0
        a_text = self.profile.text_tokens * self.architecture.dim * _WIDTH[plan.precision]
        return 2 * 2 * self.architecture.layers * a_text

    def decode_bytes(self, shot: ShotSize, tiled: bool) -> int:
        """The VAE's peak in fp32, frames included."""
        width, height = shot.size
        video = 3 * width * height * shot.frames * 4
        if self.vae.get("_class_name") != "AutoencoderKLWan":
            latents = (shot.frames - 1) // self.temporal + 1
            cells = latents * (height // self.spatial) * (width // self.spatial)
            numbers = 9.0  # a pixel's: patches, frames, and frames being laid out
            if self.vae.get("refiner_blocks"):  # and two maps at half the resolution, for four frames at a time
                numbers = 16.25 + self.vae.get("refiner_width", 64) / 8
            return int(cells * self.temporal * self.spatial**2 * 4 * numbers)
        base = self.vae.get("decoder_base_dim") or self.vae.get("base_dim") or 96
        channels = _DECODE_CHANNELS_RESIDUAL if self.vae.get("is_residual") else _DECODE_CHANNELS
        a_pixel = channels * base * 4 / (self.vae.get("patch_size") or 1) ** 2
        if tiled:
            return int(max(a_pixel * min(TILE, width) * min(TILE, height) + 1.7 * video, 4 * video))
        return int(max(a_pixel * width * height + video, 4 * video))


_WIDTH: Mapping[str, int] = {"fp32": 4, "bf16": 2, "fp16": 2, "fp8": 2, "int8": 2, "int4": 2}  # what is computed in


def transformer_bytes(found: Architecture, patch: tuple[int, int, int], precision: Precision) -> int:
    """Weights of one transformer as they lie in memory."""
    shapes = expected_shapes(found, patch)
    return sum(_parameter_bytes(name, shape, precision) for name, shape in shapes.items())


def _block_bytes(found: Architecture, precision: Precision) -> int:
    shapes = expected_shapes(replace(found, layers=1))
    inside = {name: shape for name, shape in shapes.items() if name.startswith("blocks.")}
    return sum(_parameter_bytes(name, shape, precision) for name, shape in inside.items())


def _parameter_bytes(name: str, shape: tuple[int, ...], precision: Precision) -> int:
    count = 1
    for side in shape:
        count *= side
    if any(kept in name for kept in _KEPT_FP32):
        return 4 * count
    if precision == "fp8" and not _NEVER_CAST.search(name):
        return count
    if _BLOCK_LINEAR.fullmatch(name):
        if precision == "int8":
            return count + 4 * shape[0]  # a scale a row
        if precision == "int4":
            return count // 2 + 4 * (count // 64)  # a scale for 64 numbers
    return count * _WIDTH[precision]


def _numbers(part: Path) -> int:
    """How many numbers a part's weight files hold; 0 when they cannot be read. Text encoders count packed bytes."""
    try:
        return sum(_count(facts) for file in weight_files(part) for facts in read_header(file).values())
    except (FileBroken, OSError):
        return 0


def _count(facts: TensorFacts) -> int:
    count = 1
    for side in facts.shape:
        count *= side
    return count
