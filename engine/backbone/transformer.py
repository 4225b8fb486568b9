"""`SceneTransformer3DModel`: diffusers' Wan transformer, seeing other shots.

Same weights, no added parameters. One shot, no context, one timestep: the same numbers as `WanTransformer3DModel`,
bit for bit in fp32. Beyond that it takes: one noise level per latent frame, several shots at once (joint generation,
full attention over the scene), and cached keys and values of context blocks, which the shots see and which never see
them ("context-causal", needs no mask). Keys are captured after the fp32 QK-norm and before rotation.

Source: Long Context Tuning, arXiv 2503.10589, mapped onto Wan as `shared/methods/long-context-tuning.md` section 3;
the stock forward is `diffusers.models.transformers.transformer_wan`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from diffusers import WanTransformer3DModel
from diffusers.models.attention_dispatch import dispatch_attention_fn
from torch import Tensor, nn

from engine.backbone.positions import Rotary, rotary, rotate

LayerKV = tuple[Tensor, Tensor]  # keys, values (B, N, H, D)


@dataclass(frozen=True, slots=True)
class ShotInput:
    """One shot (or a batch of shots of one shape) to denoise together with others.

    latents (B, C, T, h, w); timestep (B,) or, one a latent frame, (B, T), in [0, 1000]; text (B, L, text_dim);
    start: time position of the first latent frame.
    """

    latents: Tensor
    timestep: Tensor
    text: Tensor
    start: float = 0.0


@dataclass(frozen=True, slots=True)
class PlacedContext:
    """Keys (rotated for their place) and values of all context tokens, one pair a layer, each (B, N, H, D)."""

    layers: tuple[LayerKV, ...]

    @property
    def tokens(self) -> int:
        """Context tokens that every query sees."""
        return self.layers[0][0].shape[1]


@dataclass(frozen=True, slots=True)
class _Conditions:
    """What a block needs besides hidden states, for the whole scene."""

    modulation: Tensor  # (B, 6, dim), or (B, F, 6, dim) with F latent frames of all shots
    texts: list[Tensor]  # embedded text a shot, each (B, L, dim)
    lengths: list[int]  # tokens a shot
    per_frame: int  # tokens a latent frame
    rotary: Rotary
    mask: Tensor | None = None  # (N, N) bool, True where a query (row) sees a key (column)


class SceneTransformer3DModel(WanTransformer3DModel):  # type: ignore[misc]
    """See the module's text. `forward` is the stock signature; `forward_scene` and `capture` are the scene's."""

    def tokens_grid(self, latents: Tensor) -> tuple[int, int, int]:
        """(T, h, w) of tokens for latents (B, C, T, h, w)."""
        p_t, p_h, p_w = self.config.patch_size
        _, _, frames, height, width = latents.shape
        return frames // p_t, height // p_h, width // p_w

    def forward(
        self,
        hidden_states: Tensor,
        timestep: Tensor,
        encoder_hidden_states: Tensor,
        encoder_hidden_states_image: Tensor | None = None,
        return_dict: bool = True,
        attention_kwargs: dict[str, Any] | None = None,
        context: PlacedContext | None = None,
        start: float = 0.0,
    ) -> Any:
        per_token = self._per_token(timestep, hidden_states)
        stock = encoder_hidden_states_image is not None or attention_kwargs is not None or per_token
        if stock:
            if context is not None:
                raise ValueError("image embeddings, LoRA scales by call and per-token timesteps take no context")
            images, text = encoder_hidden_states_image, encoder_hidden_states
            return super().forward(hidden_states, timestep, text, images, return_dict, attention_kwargs)
        shot = ShotInput(hidden_states, timestep, encoder_hidden_states, start)
        (sample,) = self.forward_scene([shot], context)
        return _Output(sample) if return_dict else (sample,)

    def _per_token(self, timestep: Tensor, latents: Tensor) -> bool:
        return timestep.ndim == 2 and timestep.shape[1] != self.tokens_grid(latents)[0]

    def forward_scene(
        self, shots: list[ShotInput], context: PlacedContext | None = None, mask: Tensor | None = None
    ) -> list[Tensor]:
        """Velocities, one tensor a shot, shaped as its latents. All shots see each other and the context.

        `mask` (N, N) bool narrows who sees whom among the N tokens of `shots`: only needed to compute a block-causal
        scene in one uncached forward. Cached generation needs none.
        """
        x, temb, conditions = self._embed(shots, mask)
        for number, block in enumerate(self.blocks):
            seen = context.layers[number] if context is not None else None
            if torch.is_grad_enabled() and self.gradient_checkpointing:
                x = self._gradient_checkpointing_func(_run_block, block, x, conditions, seen)
            else:
                x = _run_block(block, x, conditions, seen)
        return self._unembed(x, temb, shots, conditions)

    def capture(self, shot: ShotInput, context: PlacedContext | None = None) -> list[LayerKV]:
        """One forward over a context item: its un-rotated keys and its values, a pair a layer, each (B, N, H, D).

        The last block stops after its keys and values. `context`: what the item itself saw (chained encoding).
        """
        x, _, conditions = self._embed([shot], None)
        captured: list[LayerKV] = []
        for number, block in enumerate(self.blocks):
            seen = context.layers[number] if context is not None else None
            hidden, _ = _modulated(block, x, conditions)
            captured.append(_keys_values(block.attn1, hidden))
            if number + 1 < len(self.blocks):
                x = _run_block(block, x, conditions, seen)
        return captured

    def _embed(self, shots: list[ShotInput], mask: Tensor | None) -> tuple[Tensor, Tensor, _Conditions]:
        head_dim = self.config.attention_head_dim
        tokens, texts, lengths, temb, modulation = [], [], [], [], []
        at: Rotary | None = None
        per_frame_levels = len(shots) > 1 or shots[0].timestep.ndim == 2
        for shot in shots:
            grid = self.tokens_grid(shot.latents)
            x = self.patch_embedding(shot.latents).flatten(2).transpose(1, 2)
            timestep = shot.timestep
            if per_frame_levels and timestep.ndim == 1:
                timestep = timestep[:, None].expand(-1, grid[0])
            levels = timestep.shape[1] if timestep.ndim == 2 else None
            t, proj, text, _ = self.condition_embedder(timestep.flatten(), shot.text, None, timestep_seq_len=levels)
            tokens.append(x)
            texts.append(text)
            lengths.append(x.shape[1])
            temb.append(t)
            modulation.append(proj.unflatten(-1, (6, -1)))
            place = rotary(head_dim, shot.start, grid, x.device)
            at = place if at is None else at.cat(place)
        assert at is not None
        grid = self.tokens_grid(shots[0].latents)
        conditions = _Conditions(_cat(modulation), texts, lengths, grid[1] * grid[2], at, mask)
        return _cat(tokens).contiguous(), _cat(temb), conditions

    def _unembed(self, x: Tensor, temb: Tensor, shots: list[ShotInput], conditions: _Conditions) -> list[Tensor]:
        if temb.ndim == 3:  # one level a frame
            shift, scale = (self.scale_shift_table.unsqueeze(0) + temb.unsqueeze(2)).chunk(2, dim=2)
            normed = self.norm_out(x.float()).unflatten(1, (-1, conditions.per_frame))
            x = (normed * (1 + scale) + shift).flatten(1, 2).type_as(x)
        else:
            shift, scale = (self.scale_shift_table + temb.unsqueeze(1)).chunk(2, dim=1)
            x = (self.norm_out(x.float()) * (1 + scale) + shift).type_as(x)
        x = self.proj_out(x)
        p_t, p_h, p_w = self.config.patch_size
        outputs = []
        for shot, part in zip(shots, x.split(conditions.lengths, dim=1), strict=True):
            frames, height, width = self.tokens_grid(shot.latents)
            cells = part.reshape(part.shape[0], frames, height, width, p_t, p_h, p_w, -1)
            outputs.append(cells.permute(0, 7, 1, 4, 2, 5, 3, 6).flatten(6, 7).flatten(4, 5).flatten(2, 3))
        return outputs


@dataclass
class _Output:
    sample: Tensor


def _cat(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


def _norm_fp32(norm: nn.RMSNorm, x: Tensor) -> Tensor:
    """RMSNorm in fp32 whatever the weights' dtype: in bf16 it drifts latents visibly (numerics, section 6)."""
    weight = norm.weight.float() if norm.weight is not None else None
    return F.rms_norm(x.float(), cast("list[int]", norm.normalized_shape), weight, norm.eps).type_as(x)


def _keys_values(attn: nn.Module, hidden: Tensor) -> LayerKV:
    heads = cast(int, attn.heads)
    key = _norm_fp32(cast(nn.RMSNorm, attn.norm_k), cast(nn.Module, attn.to_k)(hidden)).unflatten(2, (heads, -1))
    value = cast(nn.Module, attn.to_v)(hidden).unflatten(2, (heads, -1))
    return key, value


def _project_out(attn: Any, attended: Tensor, like: Tensor) -> Tensor:
    out = attn.to_out[0](attended.flatten(2, 3).type_as(like))
    return cast(Tensor, attn.to_out[1](out))


def _self_attention(attn: Any, hidden: Tensor, conditions: _Conditions, context: LayerKV | None) -> Tensor:
    at = conditions.rotary
    query = rotate(_norm_fp32(attn.norm_q, attn.to_q(hidden)).unflatten(2, (attn.heads, -1)), at)
    key, value = _keys_values(attn, hidden)
    key = rotate(key, at)
    if context is not None:
        key, value = torch.cat([context[0], key], 1), torch.cat([context[1], value], 1)
    backend = attn.processor._attention_backend
    attended = dispatch_attention_fn(query, key, value, attn_mask=conditions.mask, backend=backend)
    return _project_out(attn, attended, query)


def _cross_attention(attn: Any, hidden: Tensor, text: Tensor) -> Tensor:
    query = _norm_fp32(attn.norm_q, attn.to_q(hidden)).unflatten(2, (attn.heads, -1))
    key, value = _keys_values(attn, text)
    attended = dispatch_attention_fn(query, key, value, backend=attn.processor._attention_backend)
    return _project_out(attn, attended, query)


def _route_text(attn: Any, hidden: Tensor, conditions: _Conditions) -> Tensor:
    """Every shot's queries see that shot's own text and no other."""
    if len(conditions.texts) == 1:
        return _cross_attention(attn, hidden, conditions.texts[0])
    parts = hidden.split(conditions.lengths, dim=1)
    if len(set(conditions.lengths)) == 1 and len({t.shape for t in conditions.texts}) == 1:
        batched = _cross_attention(attn, torch.cat(parts), torch.cat(conditions.texts))
        return torch.cat(batched.chunk(len(parts)), dim=1)
    return torch.cat([_cross_attention(attn, p, t) for p, t in zip(parts, conditions.texts, strict=True)], dim=1)


def _spread(x: Tensor, levels: Tensor, per_frame: int) -> Tensor:
    """(B, F, dim) per-frame numbers against tokens (B, F*per_frame, dim), without making a per-token copy."""
    return cast(Tensor, x.unflatten(1, (levels.shape[1], per_frame)))


def _modulated(block: Any, x: Tensor, conditions: _Conditions) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Self-attention's input, and (shift, scale, gate, shift, scale, gate) ready to broadcast against x."""
    modulation = conditions.modulation
    if modulation.ndim == 4:
        table = (block.scale_shift_table.unsqueeze(0) + modulation.float()).chunk(6, dim=2)  # each (B, F, 1, dim)
    else:
        table = (block.scale_shift_table + modulation.float()).chunk(6, dim=1)  # each (B, 1, dim)
    hidden = _apply(block.norm1(x.float()), table[1], table[0], conditions).type_as(x)
    return hidden, table


def _apply(normed: Tensor, scale: Tensor, shift: Tensor, conditions: _Conditions) -> Tensor:
    if scale.ndim == 4:
        return (_spread(normed, scale, conditions.per_frame) * (1 + scale) + shift).flatten(1, 2)
    return normed * (1 + scale) + shift


def _gate(x: Tensor, gate: Tensor, conditions: _Conditions) -> Tensor:
    if gate.ndim == 4:
        return (_spread(x, gate, conditions.per_frame) * gate).flatten(1, 2)
    return x * gate


def _run_block(block: Any, x: Tensor, conditions: _Conditions, context: LayerKV | None) -> Tensor:
    """One Wan block, operation for operation as the stock class, with context in self-attention."""
    hidden, table = _modulated(block, x, conditions)
    _, _, gate_msa, c_shift, c_scale, c_gate = table
    attended = _self_attention(block.attn1, hidden, conditions, context)
    x = (x.float() + _gate(attended, gate_msa, conditions)).type_as(x)
    x = x + _route_text(block.attn2, block.norm2(x.float()).type_as(x), conditions)
    hidden = _apply(block.norm3(x.float()), c_scale, c_shift, conditions).type_as(x)
    return (x.float() + _gate(block.ffn(hidden).float(), c_gate, conditions)).type_as(x)
