"""Wan checkpoints with random weights and few layers, saved by diffusers in the layouts of the published folders."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
from transformers import T5Tokenizer, UMT5Config, UMT5EncoderModel

WORDS = ("a", "the", "fox", "in", "red", "coat", "walks", "through", "forest", "it", "waves", "at", "wide", "owl")
TEXT_DIM = 32


def tokenizer() -> T5Tokenizer:
    """A unigram tokenizer of T5's kind that knows a few words and spells the others."""
    letters = [(letter, -5.0) for letter in "abcdefghijklmnopqrstuvwxyz.,:-0123456789"]
    words = [(f"▁{word}", -2.0) for word in WORDS]
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -10.0), *words, ("▁", -3.0), *letters]
    return T5Tokenizer(vocab=vocab, extra_ids=0)


def text_encoder(words: T5Tokenizer) -> UMT5EncoderModel:
    config = UMT5Config(
        vocab_size=len(words), d_model=TEXT_DIM, d_kv=8, d_ff=37, num_layers=2, num_heads=4, dropout_rate=0.0
    )
    torch.manual_seed(3)
    return UMT5EncoderModel(config).eval()


def transformer(channels: int = 16, layers: int = 2, seed: int = 0) -> WanTransformer3DModel:
    """The published structure with two heads of twelve; head_dim 12 splits into time, height and width as 128 does."""
    torch.manual_seed(seed)
    return WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=channels,
        out_channels=channels,
        text_dim=TEXT_DIM,
        freq_dim=256,
        ffn_dim=32,
        num_layers=layers,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=1024,
    ).eval()


def vae(wan22: bool = False) -> AutoencoderKLWan:
    """The VAE of Wan 2.1 (8x, 16 channels), or that of TI2V-5B (16x, patches of two, 48 channels), made narrow."""
    channels = 48 if wan22 else 16
    generator = torch.Generator().manual_seed(5)
    facts = {"in_channels": 12, "out_channels": 12, "patch_size": 2, "is_residual": True, "scale_factor_spatial": 16}
    torch.manual_seed(4)
    return AutoencoderKLWan(
        base_dim=3,
        z_dim=channels,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=torch.randn(channels, generator=generator).tolist(),
        latents_std=(torch.rand(channels, generator=generator) + 0.5).tolist(),
        **(facts if wan22 else {}),
    ).eval()


def scheduler(flow_shift: float) -> UniPCMultistepScheduler:
    return UniPCMultistepScheduler(
        num_train_timesteps=1000, prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=flow_shift
    )


def save_wan21(folder: Path, layers: int = 2) -> Path:
    """As Wan-AI/Wan2.1-T2V-1.3B-Diffusers."""
    return _save(folder, flow_shift=3.0, transformer=transformer(layers=layers), vae=vae())


def save_a14b(folder: Path) -> Path:
    """As Wan-AI/Wan2.2-T2V-A14B-Diffusers: two experts."""
    experts = {"transformer": transformer(seed=0), "transformer_2": transformer(seed=1)}
    return _save(folder, flow_shift=3.0, vae=vae(), boundary_ratio=0.875, **experts)


def save_ti2v(folder: Path) -> Path:
    """As Wan-AI/Wan2.2-TI2V-5B-Diffusers: 16x VAE, a noise level for every token."""
    return _save(folder, flow_shift=5.0, transformer=transformer(48), vae=vae(wan22=True), expand_timesteps=True)


def _save(folder: Path, flow_shift: float, **parts: object) -> Path:
    words = tokenizer()
    whole = {"transformer_2": None, "boundary_ratio": None, "expand_timesteps": False, **parts}
    pipe = WanPipeline(tokenizer=words, text_encoder=text_encoder(words), scheduler=scheduler(flow_shift), **whole)
    pipe.save_pretrained(folder)
    return folder


def original_names(layers: int = 2) -> dict[str, str]:
    """Diffusers name -> name in the Wan repository, written out from its `wan/modules/model.py`."""
    names = {
        "patch_embedding.weight": "patch_embedding.weight",
        "patch_embedding.bias": "patch_embedding.bias",
        "scale_shift_table": "head.modulation",
    }
    embed = "condition_embedder"
    linears = {
        f"{embed}.text_embedder.linear_1": "text_embedding.0",
        f"{embed}.text_embedder.linear_2": "text_embedding.2",
        f"{embed}.time_embedder.linear_1": "time_embedding.0",
        f"{embed}.time_embedder.linear_2": "time_embedding.2",
        f"{embed}.time_proj": "time_projection.1",
        "proj_out": "head.head",
    }
    for n in range(layers):
        names[f"blocks.{n}.scale_shift_table"] = f"blocks.{n}.modulation"
        linears |= {f"blocks.{n}.norm2": f"blocks.{n}.norm3"}
        linears |= {f"blocks.{n}.ffn.net.0.proj": f"blocks.{n}.ffn.0", f"blocks.{n}.ffn.net.2": f"blocks.{n}.ffn.2"}
        for ours, theirs in (("attn1", "self_attn"), ("attn2", "cross_attn")):
            for x in "qk":
                names[f"blocks.{n}.{ours}.norm_{x}.weight"] = f"blocks.{n}.{theirs}.norm_{x}.weight"
            linears |= {f"blocks.{n}.{ours}.to_{x}": f"blocks.{n}.{theirs}.{x}" for x in "qkv"}
            linears[f"blocks.{n}.{ours}.to_out.0"] = f"blocks.{n}.{theirs}.o"
    for ours, theirs in linears.items():
        names |= {f"{ours}.{kind}": f"{theirs}.{kind}" for kind in ("weight", "bias")}
    return names


def original_state(model: WanTransformer3DModel) -> dict[str, torch.Tensor]:
    """A transformer's weights under the original names."""
    names = original_names(model.config.num_layers)
    return {names[name]: tensor.clone() for name, tensor in model.state_dict().items()}
