"""The estimate, made from configs alone, is within 15% of what is then counted, at the published sizes too."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKLWan

from engine.backbone.loading import BUILT_IN, load_backbone
from engine.backbone.transformer import PlacedContext, ShotInput
from engine.catalogue.profile import Architecture, Profile, family
from engine.catalogue.recognise import recognise
from engine.memory.accounting import held_bytes, peak_bytes
from engine.memory.estimate import Model, ShotSize, fit, transformer_bytes
from engine.memory.machine import fit_facts
from engine.memory.plans import Asked, MemoryPlan
from tests.engine.memory.conftest import transformer_of

META = torch.device("meta")
GiB = 1 << 30


def model_of(found: Architecture, vae: dict[str, object] | None = None, spatial: int = 8) -> Model:
    profile = Profile(text_tokens=512)
    return Model(found, (1, 2, 2), 1, spatial, 4, profile, {}, vae or {"_class_name": "AutoencoderKLWan"}, False)


def near(estimated: int, counted: int, within: float = 0.15) -> bool:
    return abs(estimated - counted) <= within * counted


@pytest.mark.parametrize("name", ["wan2.1-t2v-1.3b", "wan2.2-ti2v-5b", "wan2.1-t2v-14b"])
@pytest.mark.parametrize(("precision", "dtype"), [("bf16", torch.bfloat16), ("fp32", torch.float32)])
def test_weights_and_a_forward_at_full_width(name: str, precision: str, dtype: torch.dtype) -> None:
    """On the meta device the real classes are run at full width and length; two layers, since a forward's peak does
    not grow with their number."""
    profile = family(name)
    assert profile.architecture is not None
    found = Architecture(**{**_fields(profile.architecture), "layers": 2})
    transformer = transformer_of(found, "meta", dtype)
    plan = MemoryPlan(precision)  # type: ignore[arg-type]
    assert near(transformer_bytes(found, (1, 2, 2), plan.precision), held_bytes(transformer), 0.01)
    stride = profile.spatial_stride
    for contexts in (0, 3):
        shot = ShotSize((832, 480), 81, contexts)
        model = model_of(found, spatial=stride)
        tokens = model.tokens(shot)
        kv = torch.empty(1, contexts * tokens, found.heads, 128, device=META, dtype=dtype)
        context = PlacedContext([(kv, kv)] * 2) if contexts else None
        latents = torch.empty(1, found.channels, 21, 480 // stride, 832 // stride, device=META, dtype=dtype)
        text = torch.empty(1, 512, 4096, device=META, dtype=dtype)
        asked = ShotInput(latents, torch.empty(1, device=META), text)
        with torch.no_grad():
            counted = peak_bytes(functools.partial(transformer.forward_scene, [asked], context), META)
        assert near(model.forward_bytes(shot, plan), counted), (contexts, model.forward_bytes(shot, plan), counted)


def _fields(found: Architecture) -> dict[str, int]:
    return {name: getattr(found, name) for name in found.__slots__}


@pytest.mark.parametrize("residual", [False, True])
def test_decoding_with_each_of_wans_vaes(residual: bool) -> None:
    config = {
        "base_dim": 160, "decoder_base_dim": 256, "z_dim": 48, "is_residual": True, "in_channels": 12,
        "out_channels": 12, "patch_size": 2, "scale_factor_spatial": 16,
        "latents_mean": [0.0] * 48, "latents_std": [1.0] * 48,
    } if residual else {}  # fmt: skip
    with torch.device(META):
        vae = AutoencoderKLWan(**config).eval().requires_grad_(False)
    stride = vae.config.scale_factor_spatial
    numbers = Architecture(2, 2, 128, 512, vae.config.z_dim)
    model = model_of(numbers, {"_class_name": "AutoencoderKLWan", **config}, stride)
    latents = torch.empty(1, vae.config.z_dim, 3, 256 // stride, 416 // stride, device=META)
    with torch.no_grad():
        counted = peak_bytes(lambda: vae.decode(latents, return_dict=False), META)
    assert near(model.decode_bytes(ShotSize((416, 256), 9), tiled=False), counted)


def test_counting_on_the_cpu_gives_what_counting_on_the_meta_device_gives(narrow: Architecture) -> None:
    counted = []
    for device in ("cpu", "meta"):
        transformer = transformer_of(narrow, device)
        shot = ShotInput(
            torch.zeros(1, 16, 3, 8, 8, device=device),
            torch.zeros(1, device=device),
            torch.zeros(1, 16, 64, device=device),
        )
        with torch.no_grad():
            work = functools.partial(transformer.forward_scene, [shot])
            counted.append(peak_bytes(work, torch.device(device)))
    assert near(counted[0], counted[1], 0.02)


def test_the_built_in_models_estimate_is_near_what_a_shot_takes() -> None:
    found = recognise(BUILT_IN / "paper-theatre")
    shot = ShotSize((112, 64), 17, 2)
    told = fit(found, 8 * GiB, Asked(precision="fp32"), shot, accelerator=False)
    backbone = load_backbone("paper-theatre", torch.device("cpu"))
    assert told.fits and told.plan.offload == "none"
    assert near(told.weights["transformer"], held_bytes(backbone.transformer), 0.01)
    latents = torch.zeros(backbone.latent_shape(5, (112, 64)))
    asked = ShotInput(latents[None], torch.zeros(1), backbone.embed("a fox"))
    with torch.no_grad():
        counted = peak_bytes(lambda: backbone.transformer.forward_scene([asked]), torch.device("cpu"))
        decoded = peak_bytes(lambda: backbone.decode(latents), torch.device("cpu"))
    alone = fit(found, 8 * GiB, Asked(precision="fp32"), ShotSize((112, 64), 17), accelerator=False)
    assert near(alone.activations, counted)
    assert near(alone.decode, decoded)


def test_keys_and_values_of_a_shot_are_what_the_arithmetic_of_the_methods_says() -> None:
    """`long-context-tuning.md` section 7: 6.0 GB, 3.0 GB and 26.8 GB for 81 frames at 480p in bf16."""
    told = {"wan2.1-t2v-1.3b": 6.0, "wan2.2-ti2v-5b": 3.0, "wan2.1-t2v-14b": 26.8}
    for name, gigabytes in told.items():
        profile = family(name)
        assert profile.architecture is not None
        model = model_of(profile.architecture, spatial=profile.spatial_stride)
        shot = model.context_bytes(ShotSize((832, 480), 81), MemoryPlan("bf16"))
        assert shot / 1e9 == pytest.approx(gigabytes, rel=0.02)


def test_a_smaller_device_gets_a_more_saving_plan_and_never_a_refusal() -> None:
    found = recognise(BUILT_IN / "paper-theatre")
    shot, memories = ShotSize((112, 64), 17, 8), (GiB, 100 << 20, 60 << 20, 1 << 20)
    sizes = [fit(found, memory, shot=shot).needed for memory in memories]
    assert sizes == sorted(sizes, reverse=True)
    hopeless = fit(found, 1 << 20)
    assert not hopeless.fits and hopeless.verdict == "too big"
    assert hopeless.plan.milder(True) is None


def test_what_was_asked_for_is_kept() -> None:
    found = recognise(BUILT_IN / "paper-theatre")
    assert fit(found, GiB, Asked(offload="blocks")).plan.offload == "blocks"
    assert fit(found, 1 << 20, Asked(offload="none")).plan.offload == "none"
    assert fit(found, GiB, Asked(precision="int8", packed_context="int8")).plan.packed_context == "int8"


def test_fewer_bits_are_counted_as_fewer_bytes(narrow: Architecture) -> None:
    sizes = [transformer_bytes(narrow, (1, 2, 2), p) for p in ("fp32", "bf16", "fp8", "int4")]
    assert sizes == sorted(sizes, reverse=True)


def test_an_estimate_loads_no_torch() -> None:
    root = Path(__file__).resolve().parents[3]
    code = (
        "import sys; from pathlib import Path; from engine.catalogue.recognise import recognise; "
        "from engine.memory.estimate import fit; "
        "print(fit(recognise(Path('assets/models/paper-theatre')), 8 << 30).verdict, 'torch' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout.split() == ["fits", "False"]


def test_a_models_fit_is_told_as_plain_values() -> None:
    told = fit_facts(BUILT_IN / "paper-theatre")
    assert told["verdict"] == "fits" and told["text"].startswith("fits: ")
    assert told["needed"] < 1 << 30 and json.loads(json.dumps(told)) == told
    assert fit_facts(Path(__file__)) == {}


def test_a_small_card_gets_a_large_model_streamed_block_by_block() -> None:
    profile = family("wan2.1-t2v-14b")
    assert profile.architecture is not None
    vae = {"_class_name": "AutoencoderKLWan"}
    held = {"vae": 127_000_000, "text_encoder": 5_680_000_000}
    model = Model(profile.architecture, (1, 2, 2), 1, 8, 4, profile, held, vae, False)
    shot = ShotSize((832, 480), 81)
    streamed = model.fit(MemoryPlan("bf16", offload="blocks", context="host", tiled=True), shot, 8 * GiB)
    assert streamed.fits and streamed.verdict == "fits offloaded"
    together = model.fit(MemoryPlan("bf16"), shot, 24 * GiB)
    assert not together.fits and together.needed > 35 * GiB
