"""Our cached shot beside diffusers' AnyFlow-FAR transformer, the one causal Wan with a K/V cache that diffusers has.

Both denoise a chunk of the same tokens against the same number of cached tokens; one forward, no guidance, each as it
is built: AnyFlow attends through flex-attention only, which nobody compiles on a CPU. It keeps its last two chunks at
full resolution, so more context than that is not compared.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch

from engine.backbone.backbone import Backbone
from engine.backbone.transformer import PlacedContext, ShotInput
from engine.memory.accounting import peak_bytes

Paired = Callable[[Callable[[], object], Callable[[], object], int], dict[str, float]]
FULL_CHUNKS = 2


@torch.no_grad()
def against_anyflow(
    config: Mapping[str, Any], backbone: Backbone, latents: int, pairs: int, paired: Paired
) -> list[dict[str, Any]]:
    """A row for each number of cached chunks; empty when this diffusers has no such class."""
    try:
        from diffusers import AnyFlowFARTransformer3DModel
    except ImportError:
        return []
    torch.manual_seed(0)
    with torch.device(backbone.device):
        far = AnyFlowFARTransformer3DModel(**config).eval().requires_grad_(False).to(backbone.dtype)
    with warnings.catch_warnings():  # nobody compiles it here: this module's text says so, and the figures are read so
        warnings.filterwarnings("ignore", "flex_attention called without torch.compile", UserWarning)
        return [_row(far, backbone, latents, chunks, pairs, paired) for chunks in range(1, FULL_CHUNKS + 1)]


def _row(far: Any, backbone: Backbone, latents: int, chunks: int, pairs: int, paired: Paired) -> dict[str, Any]:
    device, dtype, size = backbone.device, backbone.dtype, backbone.profile.size
    channels, _, height, width = backbone.latent_shape(latents, size)
    tokens, heads = backbone.tokens(latents, size), far.config.num_attention_heads
    layers, head_dim = far.config.num_layers, far.config.attention_head_dim
    text = backbone.embed("it waves")
    x = torch.randn(1, channels, latents, height, width, device=device, dtype=dtype)
    context = PlacedContext(
        [
            tuple(torch.randn(1, chunks * tokens, heads, head_dim, device=device, dtype=dtype) for _ in "kv")  # type: ignore[misc]
            for _ in range(layers)
        ]
    )
    cache = {
        n: {
            "full_cache": torch.randn(2, 1, heads, chunks * tokens, head_dim, device=device, dtype=dtype),
            "compressed_cache": torch.zeros(2, 1, heads, 0, head_dim, device=device, dtype=dtype),
        }
        for n in range(layers)
    }
    level = torch.full((1, latents), 700.0, device=device)

    def ours() -> Any:
        return backbone.transformer.forward_scene([ShotInput(x, level, text, float(chunks * latents))], context)

    def theirs() -> Any:
        return far(
            hidden_states=x.transpose(1, 2),
            timestep=level,
            r_timestep=level,
            encoder_hidden_states=text,
            chunk_partition=[latents] * (chunks + 1),
            kv_cache=cache,
            kv_cache_flag={"num_cached_chunks": chunks, "is_cache_step": False},
            return_dict=False,
        )

    row = {"context": chunks, **paired(ours, theirs, pairs)}
    if device.type == "cuda":  # elsewhere flex-attention lets nobody count what it makes
        row |= {"ours_peak": peak_bytes(ours, device), "theirs_peak": peak_bytes(theirs, device)}
    return row
