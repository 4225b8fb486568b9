"""`SceneBlock`: diffusers' Wan block that also sees other shots, several noise levels, and keys and values kept.

A block is run by calling it, in the stock way or with `Scene` conditions, so that whatever diffusers hangs on a
block's forward (group offloading, layerwise casting, compilation) works for scenes as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, cast

import torch
import torch.nn.functional as F
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.transformers.transformer_wan import WanTransformerBlock
from torch import Tensor, nn

from engine.backbone.positions import Rotary, rotate

LayerKV = tuple[Tensor, Tensor]  # keys, values (B, N, H, D)
Want = Literal["hidden", "both", "keys"]  # hidden states; and un-rotated keys and values; or those alone


@dataclass(slots=True)
class KeptText:
    """A text's keys and values in one layer, made when the layer first needs them: no step changes them."""

    kv: LayerKV | None = None


@dataclass(slots=True)
class PreparedText:
    """Token states (B, L, text_dim) of a prompt, with what the transformer makes of them kept over steps and branches.

    Good for one transformer and its LoRAs as they were. `layers`: one a block; empty keeps no keys and values.
    """

    states: Tensor
    layers: list[KeptText] = field(default_factory=list)
    embedded: Tensor | None = None  # (B, L, dim), made when first needed


@dataclass(frozen=True, slots=True)
class Scene:
    """What a block needs besides hidden states, for the whole scene."""

    modulation: Tensor  # (B, 6, dim), or (B, F, 6, dim) with F latent frames of all shots
    texts: list[Tensor]  # embedded text a shot, each (B, L, dim)
    lengths: list[int]  # tokens a shot
    per_frame: int  # tokens a latent frame
    rotary: Rotary
    mask: Tensor | None = None  # (N, N) bool, True where a query (row) sees a key (column)


class SceneBlock(WanTransformerBlock):  # type: ignore[misc]
    """A Wan block with the same parameters; `forward` takes the stock arguments, or hidden states and a scene."""

    def forward(
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        temb: Tensor | None = None,
        rotary_emb: Any = None,
        scene: Scene | None = None,
        context: LayerKV | None = None,
        kept: list[KeptText] | None = None,
        want: Want = "hidden",
    ) -> Any:
        """Hidden states (B, N, dim); with `want` "both" a pair of them and LayerKV, with "keys" LayerKV alone.

        `context`: rotated keys, and values, that every token sees. `kept`: one KeptText a shot, or None.
        """
        if scene is None:
            return super().forward(hidden_states, encoder_hidden_states, temb, rotary_emb)
        table = _table(self, scene)
        x, own = _attended(self, hidden_states, table, scene, context, want)
        if want == "keys":
            return own
        x = x + _route_text(self.attn2, self.norm2(x.float()).type_as(x), scene, kept)
        x = _fed_forward(self, x, table, scene)
        return x if want == "hidden" else (x, own)


# What a step of a block needs for itself dies with its function: a shot of 30,000 tokens has gigabytes of it.


def _attended(
    block: Any, x: Tensor, table: tuple[Tensor, ...], scene: Scene, context: LayerKV | None, want: Want
) -> tuple[Tensor, LayerKV | None]:
    """Hidden states behind self-attention, and its keys and values when they are wanted."""
    hidden = _apply(block.norm1(x.float()), table[1], table[0], scene).type_as(x)
    own = keys_values(block.attn1, hidden)
    if want == "keys":
        return x, own
    out = _self_attention(block.attn1, hidden, own, scene, context)
    return (x.float() + _gate(out, table[2], scene)).type_as(x), own if want == "both" else None


def _fed_forward(block: Any, x: Tensor, table: tuple[Tensor, ...], scene: Scene) -> Tensor:
    out = block.ffn(_apply(block.norm3(x.float()), table[4], table[3], scene).type_as(x))
    return (x.float() + _gate(out.float(), table[5], scene)).type_as(x)


def _norm_fp32(norm: nn.RMSNorm, x: Tensor) -> Tensor:
    """RMSNorm in fp32 whatever the weights' dtype: in bf16 it drifts latents visibly (numerics, section 6)."""
    weight = norm.weight.float() if norm.weight is not None else None
    return F.rms_norm(x.float(), cast("list[int]", norm.normalized_shape), weight, norm.eps).type_as(x)


def keys_values(attn: nn.Module, hidden: Tensor) -> LayerKV:
    """Un-rotated keys after the QK-norm, and values, each (B, N, H, D)."""
    heads = cast(int, attn.heads)
    key = _norm_fp32(cast(nn.RMSNorm, attn.norm_k), cast(nn.Module, attn.to_k)(hidden)).unflatten(2, (heads, -1))
    value = cast(nn.Module, attn.to_v)(hidden).unflatten(2, (heads, -1))
    return key, value


def _project_out(attn: Any, attended: Tensor, like: Tensor) -> Tensor:
    out = attn.to_out[0](attended.flatten(2, 3).type_as(like))
    return cast(Tensor, attn.to_out[1](out))


def _self_attention(attn: Any, hidden: Tensor, own: LayerKV, scene: Scene, context: LayerKV | None) -> Tensor:
    query = rotate(_norm_fp32(attn.norm_q, attn.to_q(hidden)).unflatten(2, (attn.heads, -1)), scene.rotary)
    key, value = rotate(own[0], scene.rotary), own[1]
    if context is not None:
        key, value = torch.cat([context[0], key], 1), torch.cat([context[1], value], 1)
    backend = attn.processor._attention_backend
    attended = dispatch_attention_fn(query, key, value, attn_mask=scene.mask, backend=backend)
    return _project_out(attn, attended, query)


def _cross_attention(attn: Any, hidden: Tensor, text: LayerKV) -> Tensor:
    query = _norm_fp32(attn.norm_q, attn.to_q(hidden)).unflatten(2, (attn.heads, -1))
    attended = dispatch_attention_fn(query, *text, backend=attn.processor._attention_backend)
    return _project_out(attn, attended, query)


def _text_kv(attn: Any, text: Tensor, kept: KeptText | None) -> LayerKV:
    if kept is None:
        return keys_values(attn, text)
    if kept.kv is None:
        kept.kv = keys_values(attn, text)
    return kept.kv


def _route_text(attn: Any, hidden: Tensor, scene: Scene, kept: list[KeptText] | None) -> Tensor:
    """Every shot's queries see that shot's own text and no other."""
    holders: list[KeptText | None] = list(kept) if kept is not None else [None] * len(scene.texts)
    if len(scene.texts) == 1:
        return _cross_attention(attn, hidden, _text_kv(attn, scene.texts[0], holders[0]))
    parts = hidden.split(scene.lengths, dim=1)
    alike = len(set(scene.lengths)) == 1 and len({t.shape for t in scene.texts}) == 1
    if alike and kept is None:
        batched = _cross_attention(attn, torch.cat(parts), keys_values(attn, torch.cat(scene.texts)))
        return torch.cat(batched.chunk(len(parts)), dim=1)
    seen = [_text_kv(attn, t, h) for t, h in zip(scene.texts, holders, strict=True)]
    if alike:
        keys, values = (torch.cat(pairs) for pairs in zip(*seen, strict=True))
        batched = _cross_attention(attn, torch.cat(parts), (keys, values))
        return torch.cat(batched.chunk(len(parts)), dim=1)
    return torch.cat([_cross_attention(attn, p, s) for p, s in zip(parts, seen, strict=True)], dim=1)


def _spread(x: Tensor, levels: Tensor, per_frame: int) -> Tensor:
    """(B, F, dim) per-frame numbers against tokens (B, F*per_frame, dim), without making a per-token copy."""
    return cast(Tensor, x.unflatten(1, (levels.shape[1], per_frame)))


def _table(block: Any, scene: Scene) -> tuple[Tensor, ...]:
    """(shift, scale, gate) of self-attention, then of the feed-forward, ready to broadcast against tokens."""
    modulation = scene.modulation
    if modulation.ndim == 4:
        levels: Tensor = block.scale_shift_table.unsqueeze(0) + modulation.float()
        return levels.chunk(6, dim=2)  # each (B, F, 1, dim)
    whole: Tensor = block.scale_shift_table + modulation.float()
    return whole.chunk(6, dim=1)  # each (B, 1, dim)


def _apply(normed: Tensor, scale: Tensor, shift: Tensor, scene: Scene) -> Tensor:
    if scale.ndim == 4:
        return (_spread(normed, scale, scene.per_frame) * (1 + scale) + shift).flatten(1, 2)
    return normed * (1 + scale) + shift


def _gate(x: Tensor, gate: Tensor, scene: Scene) -> Tensor:
    if gate.ndim == 4:
        return (_spread(x, gate, scene.per_frame) * gate).flatten(1, 2)
    return x * gate
