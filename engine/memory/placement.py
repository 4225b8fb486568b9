"""From a plan to a backbone that lies so in memory: precision, turns on the device, streamed blocks, tiles, kernels.

A backbone is loaded on the CPU and placed from there. Streaming and fp8 storage are diffusers' hooks, which sit on a
block's forward; 8 and 4 bits are bitsandbytes' layers. Wan's VAE is decoded frame by frame by diffusers already, and a
batch is always one clip, so slicing has nothing to do here.
"""

from __future__ import annotations

import gc
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, Self, cast

import torch
from torch import Tensor, nn

from engine.backbone.backbone import Backbone
from engine.backbone.text import CachedTextEncoder, TextConditioner
from engine.backbone.transformer import SceneTransformer3DModel
from engine.backbone.wan_vae import VideoAutoencoder, WanVAE
from engine.memory.plans import MemoryPlan, Precision

LOADED_AS: dict[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "fp8": torch.bfloat16,
    "int8": torch.bfloat16,
    "int4": torch.bfloat16,
}


class PrecisionUnavailable(ValueError):
    """A precision that cannot be had on this machine; says what to install or to choose."""


class AttentionUnavailable(ValueError):
    """An attention back end that cannot be used here; says why."""


class Movable(Protocol):
    """What can be told to go to a device."""

    def to(self, device: torch.device) -> Any:
        """As torch's."""
        ...


class Turns:
    """One part of a backbone on the device at a time; the others wait in host memory."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.moves = 0
        self._here: Movable | None = None

    def take(self, part: Movable) -> None:
        """Bring a part to the device, after the one that was there has left."""
        if self._here is part:
            return
        if self._here is not None:
            self._here.to(torch.device("cpu"))
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
        part.to(self.device)
        self._here = part
        self.moves += 1


class _TextInTurn:
    """A text encoder that comes to the device for as long as it encodes."""

    def __init__(self, encoder: TextConditioner, turns: Turns) -> None:
        self.encoder, self._turns = encoder, turns

    def encode(self, texts: Sequence[str], max_tokens: int = 64) -> Tensor:
        """As the encoder inside."""
        if hasattr(self.encoder, "to"):
            self._turns.take(cast(Movable, self.encoder))
        return self.encoder.encode(texts, max_tokens)

    def count_tokens(self, text: str) -> int:
        """As the encoder inside."""
        return self.encoder.count_tokens(text)


class _VAEInTurn:
    """A VAE that comes to the device for as long as it works."""

    def __init__(self, vae: VideoAutoencoder, turns: Turns) -> None:
        self.vae, self._turns = vae, turns

    def encode(self, video: Tensor) -> Tensor:
        """As the VAE inside."""
        self._turns.take(self.vae)
        return self.vae.encode(video)

    def decode(self, latents: Tensor) -> Tensor:
        """As the VAE inside."""
        self._turns.take(self.vae)
        return self.vae.decode(latents)

    def normalise(self, latents: Tensor) -> Tensor:
        """As the VAE inside."""
        return self.vae.normalise(latents)

    def denormalise(self, latents: Tensor) -> Tensor:
        """As the VAE inside."""
        return self.vae.denormalise(latents)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Stay: whose turn it is decides where it lies."""
        return self


class Placement:
    """Lays out a backbone that was loaded on the CPU in `LOADED_AS` of the plan's precision, and lays it out again."""

    def __init__(self, loaded: Backbone, device: torch.device) -> None:
        self._loaded, self._device = loaded, device
        self._plan: MemoryPlan | None = None
        self._placed = loaded
        self._hooks: list[Any] = []

    def lay(self, plan: MemoryPlan) -> Backbone:
        """The backbone as the plan has it. Precision, kernels and compilation are those of the first plan.

        Raises PrecisionUnavailable and AttentionUnavailable.
        """
        if self._plan is None:
            for expert in self._loaded.experts:
                quantise(expert, plan.precision)
                use_attention(expert, plan.attention)
        if isinstance(self._loaded.vae, WanVAE):
            vae = self._loaded.vae.model
            (vae.enable_tiling if plan.tiled else vae.disable_tiling)()
        if self._plan is None or plan.offload != self._plan.offload:
            self._placed = self._all_here() if plan.offload == "none" else self._in_turns(plan)
        if self._plan is None and plan.compiled:
            for expert in self._loaded.experts:
                compile_blocks(expert)
        self._plan = plan
        return replace(self._placed, made_by=plan.seen_in_pixels)

    def _parts(self) -> list[Any]:
        loaded = self._loaded
        return [p for p in (*loaded.experts, loaded.vae, loaded.text.encoder) if hasattr(p, "to")]

    def _all_here(self) -> Backbone:
        for part in self._parts():
            part.to(self._device)
        return replace(self._loaded, device=self._device)

    def _in_turns(self, plan: MemoryPlan) -> Backbone:
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()
        for part in self._parts():
            part.to(torch.device("cpu"))
        turns = Turns(self._device)
        for expert in self._loaded.experts:
            if plan.offload == "blocks":
                stream_blocks(expert, self._device)
            else:
                self._hooks.append(expert.register_forward_pre_hook(_coming(expert, turns)))
        text = self._loaded.text
        if plan.offload == "parts":  # where blocks are streamed there may be no room even for it alone: it stays
            text = CachedTextEncoder(_TextInTurn(text.encoder, turns))
        return replace(self._loaded, text=text, vae=_VAEInTurn(self._loaded.vae, turns), device=self._device)


def _coming(part: Movable, turns: Turns) -> Callable[[nn.Module, Any], None]:
    def come(_module: nn.Module, _arguments: Any) -> None:
        turns.take(part)

    return come


def stream_blocks(expert: SceneTransformer3DModel, device: torch.device) -> None:
    """Keep the blocks in host memory and bring them one by one, the next while one computes where there are streams."""
    ahead = device.type == "cuda"
    expert.enable_group_offload(
        onload_device=device,
        offload_device=torch.device("cpu"),
        offload_type="block_level",
        num_blocks_per_group=1,
        use_stream=ahead,
        record_stream=ahead,
        non_blocking=ahead,
    )


def quantise(expert: SceneTransformer3DModel, precision: Precision) -> None:
    """Keep the weights of the blocks in fewer bits. Norms, tables and embeddings stay as they are.

    Raises PrecisionUnavailable when bitsandbytes is not installed.
    """
    if precision == "fp8":
        expert.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=torch.bfloat16)
    if precision in ("int8", "int4"):
        try:
            import bitsandbytes
        except ImportError as error:
            raise PrecisionUnavailable(
                f"{precision} weights need bitsandbytes: pip install 'matchcut[quantised]', or choose bf16 or fp8"
            ) from error
        for block in expert.blocks:
            _replace_linears(block, lambda linear: _few_bits(bitsandbytes.nn, linear, precision))
        gc.collect()


def _replace_linears(module: nn.Module, make: Callable[[nn.Linear], nn.Module]) -> None:
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear):
            setattr(module, name, make(child))
        else:
            _replace_linears(child, make)


def _few_bits(layers: Any, linear: nn.Linear, precision: Precision) -> nn.Module:
    """A bitsandbytes layer with a linear's weights: LLM.int8 without outliers, or NF4. Packed when it is moved."""
    inside, out, bias = linear.in_features, linear.out_features, linear.bias is not None
    new: nn.Module
    if precision == "int8":
        new = layers.Linear8bitLt(inside, out, bias, has_fp16_weights=False, threshold=0.0)
    else:
        new = layers.Linear4bit(inside, out, bias, compute_dtype=linear.weight.dtype, quant_type="nf4")
    new.load_state_dict(linear.state_dict())
    return new.requires_grad_(False).to("cpu")


def attention_of_choice(device: torch.device) -> str:
    """The back end that this machine gets unasked: FlashAttention where it is installed, else torch's own.

    Sage and fp8 kernels change the numbers visibly, so they are for those who ask for them.
    """
    if device.type != "cuda" or torch.cuda.get_device_capability(device)[0] < 8:
        return "native"
    if torch.cuda.get_device_capability(device)[0] == 9 and importlib.util.find_spec("flash_attn_interface"):
        return "_flash_3"
    return "flash" if importlib.util.find_spec("flash_attn") else "native"


def use_attention(expert: SceneTransformer3DModel, name: str) -> None:
    """Have all attention done by one of diffusers' back ends. Raises AttentionUnavailable."""
    if name == "native":
        return
    try:
        expert.set_attention_backend(name)
    except (ValueError, RuntimeError, ImportError) as error:
        raise AttentionUnavailable(f'attention back end {name!r}: {error}. "native" always works') from error


def compile_blocks(expert: SceneTransformer3DModel) -> None:
    """torch.compile of the repeated block: compiled once for all layers, with the shapes that a shot has."""
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 32)
    expert.compile_repeated_blocks(dynamic=False)
