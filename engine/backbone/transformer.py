"""`SceneTransformer3DModel`: diffusers' Wan transformer, seeing other shots.

Same weights, no added parameters. One shot, no context, one timestep: the same numbers as `WanTransformer3DModel`,
bit for bit in fp32. Beyond that it takes: one noise level per latent frame, several shots at once (joint generation,
full attention over the scene), and cached keys and values of context blocks, which the shots see and which never see
them ("context-causal", needs no mask). Keys are captured after the fp32 QK-norm and before rotation.

Source: Long Context Tuning, arXiv 2503.10589, mapped onto Wan as `shared/methods/long-context-tuning.md` section 3;
the stock forward is `diffusers.models.transformers.transformer_wan`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor

from engine.backbone.blocks import KeptText, LayerKV, PreparedText, Scene, SceneBlock
from engine.backbone.positions import Rotary, rotary
from engine.backbone.step_cache import StepCache

__all__ = ["LayerKV", "PlacedContext", "PreparedText", "SceneTransformer3DModel", "ShotInput", "StepCache"]


@dataclass(frozen=True, slots=True)
class ShotInput:
    """One shot (or a batch of shots of one shape) to denoise together with others.

    latents (B, C, T, h, w); timestep (B,) or, one a latent frame, (B, T), in [0, 1000]; text (B, L, text_dim), or
    prepared once for many steps; start: time position of the first latent frame; turn: the angle of its shot.
    """

    latents: Tensor
    timestep: Tensor
    text: Tensor | PreparedText
    start: float = 0.0
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class PlacedContext:
    """Keys (rotated for their place) and values of all context tokens, one pair a layer, each (B, N, H, D)."""

    layers: Sequence[LayerKV]

    @property
    def tokens(self) -> int:
        """Context tokens that every query sees."""
        return self.layers[0][0].shape[1]


@dataclass(frozen=True, slots=True)
class _Call:
    """One pass through the transformer that is not the stock one."""

    shots: list[ShotInput]
    context: PlacedContext | None = None
    mask: Tensor | None = None
    steps: StepCache | None = None
    capture: bool = False
    rows: Tensor | None = None  # tokens whose keys and values are kept; None = all


@dataclass(frozen=True, slots=True)
class _Time:
    """The time embedding of a step, which all its branches share."""

    timestep: Tensor
    version: int
    levels: int | None
    embedded: tuple[Tensor, Tensor]

    def fits(self, timestep: Tensor, levels: int | None) -> bool:
        """Whether it is the very same tensor, unchanged since."""
        return self.timestep is timestep and (self.version, self.levels) == (timestep._version, levels)


class SceneTransformer3DModel(WanTransformer3DModel):  # type: ignore[misc]
    """See the module's text. `forward` is the stock signature; `forward_scene` and `capture` are the scene's."""

    _no_split_modules = ("SceneBlock",)
    _repeated_blocks = ("SceneBlock",)

    # Wrapped, because diffusers reads the names of a config's fields from this signature.
    @functools.wraps(WanTransformer3DModel.__init__)  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for block in self.blocks:
            block.__class__ = SceneBlock  # the same parameters, and a forward that takes a scene
        self._time: _Time | None = None

    def tokens_grid(self, latents: Tensor) -> tuple[int, int, int]:
        """(T, h, w) of tokens for latents (B, C, T, h, w)."""
        p_t, p_h, p_w = self.config.patch_size
        _, _, frames, height, width = latents.shape
        return frames // p_t, height // p_h, width // p_w

    def prepare_text(self, states: Tensor, keep_layers: bool = True) -> PreparedText:
        """For a text (B, L, text_dim) that many steps read: what the transformer makes of it is then made once."""
        return PreparedText(states, [KeptText() for _ in self.blocks] if keep_layers else [])

    def forward(
        self,
        hidden_states: Tensor | None,
        timestep: Tensor | None = None,
        encoder_hidden_states: Tensor | None = None,
        encoder_hidden_states_image: Tensor | None = None,
        return_dict: bool = True,
        attention_kwargs: dict[str, Any] | None = None,
        context: PlacedContext | None = None,
        start: float = 0.0,
        call: _Call | None = None,
    ) -> Any:
        if call is not None:
            return self._capture(call) if call.capture else self._denoise(call)
        assert hidden_states is not None and timestep is not None and encoder_hidden_states is not None
        per_token = self._per_token(timestep, hidden_states)
        stock = encoder_hidden_states_image is not None or attention_kwargs is not None or per_token
        if stock:
            if context is not None:
                raise ValueError("image embeddings, LoRA scales by call and per-token timesteps take no context")
            images, text = encoder_hidden_states_image, encoder_hidden_states
            return super().forward(hidden_states, timestep, text, images, return_dict, attention_kwargs)
        shot = ShotInput(hidden_states, timestep, encoder_hidden_states, start)
        (sample,) = self._denoise(_Call([shot], context))
        return _Output(sample) if return_dict else (sample,)

    def _per_token(self, timestep: Tensor, latents: Tensor) -> bool:
        return timestep.ndim == 2 and timestep.shape[1] != self.tokens_grid(latents)[0]

    def forward_scene(
        self,
        shots: list[ShotInput],
        context: PlacedContext | None = None,
        mask: Tensor | None = None,
        steps: StepCache | None = None,
    ) -> list[Tensor]:
        """Velocities, one tensor a shot, shaped as its latents. All shots see each other and the context.

        `mask` (N, N) bool narrows who sees whom among the N tokens of `shots`: only needed to compute a block-causal
        scene in one uncached forward. Cached generation needs none. `steps` may answer for blocks.
        """
        # By calling, not by a method of its own: hooks (offloading, and whatever diffusers adds) sit on `forward`.
        return cast("list[Tensor]", self(None, call=_Call(shots, context, mask, steps)))

    def capture(
        self, shot: ShotInput, context: PlacedContext | None = None, rows: Tensor | None = None
    ) -> list[LayerKV]:
        """One forward over a context item: its un-rotated keys and its values, a pair a layer, each (B, N, H, D).

        The last block stops after its keys and values. `context`: what the item itself saw (chained encoding). `rows`:
        which of its tokens are kept, where not all are.
        """
        return cast("list[LayerKV]", self(None, call=_Call([shot], context, capture=True, rows=rows)))

    def capture_together(self, shots: list[ShotInput]) -> list[list[LayerKV]]:
        """The same of several items that see each other, in one forward: by item, then by layer."""
        layers = cast("list[LayerKV]", self(None, call=_Call(shots, capture=True)))
        lengths = [math.prod(self.tokens_grid(shot.latents)) for shot in shots]
        parts = [(keys.split(lengths, dim=1), values.split(lengths, dim=1)) for keys, values in layers]
        return [[(keys[n].clone(), values[n].clone()) for keys, values in parts] for n in range(len(shots))]

    def _denoise(self, call: _Call) -> list[Tensor]:
        x, temb, scene, kept = self._embed(call.shots, call.mask)
        known = call.steps.begin(x) if call.steps is not None else None
        behind = self._through_blocks(x, scene, kept, call) if known is None else known
        return self._unembed(behind, temb, call.shots, scene)

    def _through_blocks(self, x: Tensor, scene: Scene, kept: list[list[KeptText]], call: _Call) -> Tensor:
        """Hidden states behind all blocks; with a step cache they may be known behind the first."""
        for number, block in enumerate(self.blocks):
            seen = call.context.layers[number] if call.context is not None else None
            own = kept[number] if kept else None
            if torch.is_grad_enabled() and self.gradient_checkpointing:
                x = self._gradient_checkpointing_func(block, x, None, None, None, scene, seen, own)
            else:
                x = block(x, scene=scene, context=seen, kept=own)
            if call.steps is not None and number == 0:
                answer = call.steps.behind_first(x)
                if answer is not None:
                    return answer
        if call.steps is not None:
            call.steps.end(x)
        return x

    def _capture(self, call: _Call) -> list[LayerKV]:
        x, _, scene, _ = self._embed(call.shots, None)
        captured: list[LayerKV] = []
        for number, block in enumerate(self.blocks[:-1]):
            seen = call.context.layers[number] if call.context is not None else None
            x, own = block(x, scene=scene, context=seen, want="both")
            captured.append(_chosen(own, call.rows))
        captured.append(_chosen(self.blocks[-1](x, scene=scene, want="keys"), call.rows))
        return captured

    def _embed(
        self, shots: list[ShotInput], mask: Tensor | None
    ) -> tuple[Tensor, Tensor, Scene, list[list[KeptText]]]:
        """Tokens (B, N, dim), time embedding, the blocks' conditions, and kept texts a layer (empty: nothing kept)."""
        head_dim = self.config.attention_head_dim
        tokens, texts, lengths, temb, modulation = [], [], [], [], []
        at: Rotary | None = None
        per_frame_levels = len(shots) > 1 or shots[0].timestep.ndim == 2
        for shot in shots:
            grid = self.tokens_grid(shot.latents)
            x = self.patch_embedding(shot.latents).flatten(2).transpose(1, 2)
            text = self._embedded_text(shot.text)
            t, proj = self._embedded_time(shot.timestep, grid[0] if per_frame_levels else None, text)
            tokens.append(x)
            texts.append(text)
            lengths.append(x.shape[1])
            temb.append(t)
            modulation.append(proj.unflatten(-1, (6, -1)))
            place = rotary(head_dim, shot.start, grid, x.device, shot.turn)
            at = place if at is None else at.cat(place)
        assert at is not None
        grid = self.tokens_grid(shots[0].latents)
        scene = Scene(_cat(modulation), texts, lengths, grid[1] * grid[2], at, mask)
        return _cat(tokens).contiguous(), _cat(temb), scene, _kept(shots, len(self.blocks))

    def _embedded_text(self, text: Tensor | PreparedText) -> Tensor:
        if isinstance(text, Tensor):
            return cast(Tensor, self.condition_embedder.text_embedder(text))
        if text.embedded is None:
            text.embedded = self.condition_embedder.text_embedder(text.states)
        return cast(Tensor, text.embedded)

    def _embedded_time(self, timestep: Tensor, frames: int | None, like: Tensor) -> tuple[Tensor, Tensor]:
        """(temb, projection) of timesteps (B,) or (B, T), as the stock condition embedder; shared by a step's branches.

        `frames`: latent frames when every one is to have its own level, else None.
        """
        known = self._time
        if known is not None and known.fits(timestep, frames) and not torch.is_grad_enabled():
            return known.embedded
        levels = timestep[:, None].expand(-1, frames) if frames is not None and timestep.ndim == 1 else timestep
        embedder = self.condition_embedder
        sinusoid = embedder.timesteps_proj(levels.flatten())
        if frames is not None:
            sinusoid = sinusoid.unflatten(0, (-1, frames))
        sinusoid = sinusoid.to(next(iter(embedder.time_embedder.parameters())).dtype)
        temb = embedder.time_embedder(sinusoid).type_as(like)
        embedded = temb, embedder.time_proj(embedder.act_fn(temb))
        if not torch.is_grad_enabled():
            self._time = _Time(timestep, timestep._version, frames, embedded)
        return embedded

    def _unembed(self, x: Tensor, temb: Tensor, shots: list[ShotInput], scene: Scene) -> list[Tensor]:
        if temb.ndim == 3:  # one level a frame
            shift, scale = (self.scale_shift_table.unsqueeze(0) + temb.unsqueeze(2)).chunk(2, dim=2)
            normed = self.norm_out(x.float()).unflatten(1, (-1, scene.per_frame))
            x = (normed * (1 + scale) + shift).flatten(1, 2).type_as(x)
        else:
            shift, scale = (self.scale_shift_table + temb.unsqueeze(1)).chunk(2, dim=1)
            x = (self.norm_out(x.float()) * (1 + scale) + shift).type_as(x)
        x = self.proj_out(x)
        p_t, p_h, p_w = self.config.patch_size
        outputs = []
        for shot, part in zip(shots, x.split(scene.lengths, dim=1), strict=True):
            frames, height, width = self.tokens_grid(shot.latents)
            cells = part.reshape(part.shape[0], frames, height, width, p_t, p_h, p_w, -1)
            outputs.append(cells.permute(0, 7, 1, 4, 2, 5, 3, 6).flatten(6, 7).flatten(4, 5).flatten(2, 3))
        return outputs


@dataclass
class _Output:
    sample: Tensor


def _chosen(layer: LayerKV, rows: Tensor | None) -> LayerKV:
    return layer if rows is None else (layer[0][:, rows], layer[1][:, rows])


def _cat(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


def _kept(shots: list[ShotInput], layers: int) -> list[list[KeptText]]:
    """By layer, one holder a shot; empty unless every shot's text is prepared and kept."""
    prepared = [s.text for s in shots if isinstance(s.text, PreparedText) and s.text.layers]
    if len(prepared) < len(shots):
        return []
    return [[text.layers[number] for text in prepared] for number in range(layers)]
