"""Names and shapes of a Wan transformer's parameters, in diffusers' style and in the original one.

The original names are those of the Wan repository, which Self-Forcing, Causal-Forcing, ShotStream and most community
files share; the table follows `shared/methods/long-context-tuning.md` section 3. Mind the norms: the only one with
parameters is `norm3` there and `norm2` here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from engine.catalogue.profile import Architecture

Shape = tuple[int, ...]

WRAPPERS = ("generator_ema", "generator", "model", "state_dict")  # of a pickled checkpoint, the first that is there
PREFIXES = ("model.diffusion_model.", "diffusion_model.", "model._fsdp_wrapped_module.", "model.", "module.")

_WHOLE = {
    "patch_embedding": "patch_embedding",
    "text_embedding.0": "condition_embedder.text_embedder.linear_1",
    "text_embedding.2": "condition_embedder.text_embedder.linear_2",
    "time_embedding.0": "condition_embedder.time_embedder.linear_1",
    "time_embedding.2": "condition_embedder.time_embedder.linear_2",
    "time_projection.1": "condition_embedder.time_proj",
    "head.head": "proj_out",
}
_IN_BLOCK = {
    **{f"{old}.{x}": f"{new}.to_{x}" for old, new in (("self_attn", "attn1"), ("cross_attn", "attn2")) for x in "qkv"},
    **{f"{old}.o": f"{new}.to_out.0" for old, new in (("self_attn", "attn1"), ("cross_attn", "attn2"))},
    **{
        f"{old}.norm_{x}": f"{new}.norm_{x}"
        for old, new in (("self_attn", "attn1"), ("cross_attn", "attn2"))
        for x in "qk"
    },
    "norm3": "norm2",
    "ffn.0": "ffn.net.0.proj",
    "ffn.2": "ffn.net.2",
}
_BLOCK = re.compile(r"blocks\.(\d+)\.(.+)")


def to_diffusers(name: str) -> str | None:
    """The diffusers name of an original parameter name; None for one that a Wan text-to-video transformer lacks."""
    if name == "head.modulation":
        return "scale_shift_table"
    inside = _BLOCK.fullmatch(name)
    if inside is not None and inside[2] == "modulation":
        return f"blocks.{inside[1]}.scale_shift_table"
    stem, _, kind = (inside[2] if inside else name).rpartition(".")
    new = (_IN_BLOCK if inside else _WHOLE).get(stem)
    if new is None or kind not in ("weight", "bias"):
        return None
    return f"blocks.{inside[1]}.{new}.{kind}" if inside else f"{new}.{kind}"


def strip_prefix(names: Iterable[str]) -> str:
    """The wrapper's prefix that these parameter names share, "" for none."""
    for name in names:
        for prefix in PREFIXES:
            if name.startswith(prefix) and name.endswith("patch_embedding.weight"):
                return prefix
    return ""


def is_original(names: Iterable[str]) -> bool:
    """Whether these are names of the Wan repository rather than of diffusers."""
    return any(".self_attn." in name or name.endswith("head.head.weight") for name in names)


def expected_shapes(found: Architecture, patch: Shape = (1, 2, 2), freq_dim: int = 256) -> dict[str, Shape]:
    """Diffusers name -> shape of every parameter of a text-to-video Wan transformer."""
    dim, cells = found.dim, patch[0] * patch[1] * patch[2]
    embed = "condition_embedder"
    shapes: dict[str, Shape] = {
        "patch_embedding.weight": (dim, found.channels, *patch),
        "patch_embedding.bias": (dim,),
        "scale_shift_table": (1, 2, dim),
        **_linear(f"{embed}.time_embedder.linear_1", dim, freq_dim),
        **_linear(f"{embed}.time_embedder.linear_2", dim, dim),
        **_linear(f"{embed}.time_proj", 6 * dim, dim),
        **_linear(f"{embed}.text_embedder.linear_1", dim, found.text_dim),
        **_linear(f"{embed}.text_embedder.linear_2", dim, dim),
        **_linear("proj_out", found.channels * cells, dim),
    }
    for layer in range(found.layers):
        block = f"blocks.{layer}"
        shapes[f"{block}.scale_shift_table"] = (1, 6, dim)
        shapes |= {f"{block}.norm2.weight": (dim,), f"{block}.norm2.bias": (dim,)}
        shapes |= _linear(f"{block}.ffn.net.0.proj", found.ffn_dim, dim)
        shapes |= _linear(f"{block}.ffn.net.2", dim, found.ffn_dim)
        for attention in ("attn1", "attn2"):
            for part in ("to_q", "to_k", "to_v", "to_out.0"):
                shapes |= _linear(f"{block}.{attention}.{part}", dim, dim)
            shapes |= {f"{block}.{attention}.norm_{x}.weight": (dim,) for x in "qk"}
    return shapes


def architecture_of(shapes: Mapping[str, Shape], head_dim: int) -> Architecture:
    """The numbers of a transformer from its parameters' shapes (diffusers names). Raises KeyError for a missing one.

    Heads leave no trace in the shapes: `head_dim` says how wide one is (128 in every published Wan).
    """
    dim, channels = shapes["patch_embedding.weight"][:2]
    layers = 1 + max((int(m[1]) for m in map(_BLOCK.match, shapes) if m), default=-1)
    return Architecture(
        layers=layers,
        heads=dim // head_dim,
        head_dim=head_dim,
        ffn_dim=shapes["blocks.0.ffn.net.0.proj.weight"][0],
        channels=channels,
        text_dim=shapes["condition_embedder.text_embedder.linear_1.weight"][1],
    )


def _linear(name: str, out: int, inside: int) -> dict[str, Shape]:
    return {f"{name}.weight": (out, inside), f"{name}.bias": (out,)}
