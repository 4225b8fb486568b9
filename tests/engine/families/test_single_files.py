"""A transformer in one file, in the formats that Wan and its students are published in, is the same as its folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_wan_transformer_to_diffusers
from safetensors.torch import save_file
from torch import Tensor

from engine.backbone.loading import ModelBroken, load_backbone, model_fingerprint
from engine.backbone.original import CheckpointBroken, convert, read_weights
from engine.catalogue import keys
from tests.engine.families import layouts
from tests.engine.families.test_exactness import SIZES, ours

TINY = {"layers": 2, "heads": 2, "head_dim": 12, "ffn_dim": 32, "channels": 16, "text_dim": layouts.TEXT_DIM}


@pytest.fixture
def shelf(wan21: Path, tmp_path: Path) -> Path:
    """A folder of models as a user has it: the base model's folder, with room for single files beside it."""
    (tmp_path / wan21.name).symlink_to(wan21, target_is_directory=True)
    return tmp_path


def state() -> dict[str, Tensor]:
    return layouts.original_state(layouts.transformer())


def tell(path: Path, like: str) -> None:
    """The file beside a weight file that says what it is: here also that its heads are narrow."""
    path.with_suffix(".json").write_text(json.dumps({"like": like, "architecture": TINY}))


def test_the_key_map_is_the_one_diffusers_converts_by() -> None:
    mine, report = convert(state())
    theirs = convert_wan_transformer_to_diffusers(state())
    assert set(mine) == set(theirs) and all(torch.equal(mine[name], theirs[name]) for name in theirs)
    assert (report.original, report.missing, report.unexpected) == (True, (), ())
    assert len(report.matched) == len(layouts.original_names())


def test_expected_shapes_are_those_of_diffusers_class() -> None:
    model = layouts.transformer()
    found = keys.architecture_of({name: tuple(t.shape) for name, t in model.state_dict().items()}, 12)
    assert keys.expected_shapes(found) == {name: tuple(t.shape) for name, t in model.state_dict().items()}


@pytest.mark.parametrize(
    ("name", "like", "wrap"),
    [
        ("wan2.1_t2v_1.3B.safetensors", "wan2.1-t2v-1.3b", None),
        ("model.diffusion_model.safetensors", "wan2.1-t2v-1.3b", "model.diffusion_model."),
        ("self_forcing_dmd.pt", "self-forcing-1.3b", "generator_ema"),
        ("causal_forcing_chunkwise.pt", "causal-forcing-1.3b", "generator_ema"),
        ("shotstream_merged.pt", "shotstream-1.3b", "generator"),
    ],
)
def test_a_file_in_a_published_format_equals_the_folder(
    name: str, like: str, wrap: str | None, shelf: Path, wan21: Path
) -> None:
    path = shelf / name
    tell(path, like)
    if path.suffix == ".pt":
        torch.save({wrap: {f"model.{key}": tensor for key, tensor in state().items()}}, path)
    else:
        save_file({f"{wrap or ''}{key}": tensor for key, tensor in state().items()}, path)
    mine, folder = load_backbone(str(path), torch.device("cpu")), load_backbone(str(wan21), torch.device("cpu"))
    assert mine.profile.name == like
    assert mine.fingerprint != folder.fingerprint
    for name_, tensor in folder.transformer.state_dict().items():
        assert torch.equal(mine.transformer.state_dict()[name_], tensor), name_
    if mine.profile.name == folder.profile.name:
        # Not to the last bit: diffusers leaves weights where they begin in their file, which changes the rounding.
        assert torch.allclose(ours(mine, SIZES["wan21"]), ours(folder, SIZES["wan21"]), atol=1e-4)


def test_a_distilled_file_is_sampled_as_it_was_trained(shelf: Path) -> None:
    path = shelf / "self_forcing_dmd.pt"
    tell(path, "self-forcing-1.3b")
    torch.save({"generator_ema": {f"model.{key}": tensor for key, tensor in state().items()}}, path)
    backbone = load_backbone(str(path), torch.device("cpu"))
    profile = backbone.profile
    assert (profile.sampler, profile.step_list, profile.shift) == ("renoise", (1000.0, 750.0, 500.0, 250.0), 5.0)
    assert (profile.text_guidance, profile.context_noise) == (1.0, 0.0)
    first, again = ours(backbone, SIZES["wan21"]), ours(backbone, SIZES["wan21"])
    assert torch.isfinite(first).all() and torch.equal(first, again)


def test_two_files_of_two_experts_are_one_model(a14b: Path, tmp_path: Path) -> None:
    (tmp_path / a14b.name).symlink_to(a14b, target_is_directory=True)
    high, low = (tmp_path / f"wan2.2_t2v_{noise}_noise_14B.safetensors" for noise in ("high", "low"))
    for path, seed in ((high, 0), (low, 1)):
        save_file(layouts.original_state(layouts.transformer(seed=seed)), path)
        path.with_suffix(".json").write_text(
            json.dumps({"like": "wan2.2-t2v-a14b", "architecture": TINY, "shift": 3.0})
        )
    mine, folder = (load_backbone(str(place), torch.device("cpu")) for place in (low, a14b))
    assert mine.profile.boundary == 0.875
    assert torch.allclose(ours(mine, SIZES["a14b"]), ours(folder, SIZES["a14b"]), atol=1e-4)
    low.unlink()
    with pytest.raises(ModelBroken, match="one of two experts"):
        load_backbone(str(high))


def test_a_file_without_a_companion_says_which_folder_to_put_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "alone" / "wan.safetensors"
    path.parent.mkdir()
    tell(path, "wan2.1-t2v-1.3b")
    save_file(state(), path)
    with pytest.raises(ModelBroken, match=r"put the folder Wan2\.1-T2V-1\.3B-Diffusers"):
        load_backbone(str(path))


def test_missing_and_misshapen_tensors_are_named(shelf: Path) -> None:
    path = shelf / "wan.safetensors"
    tell(path, "wan2.1-t2v-1.3b")
    held = state()
    del held["blocks.1.cross_attn.norm_k.weight"]
    save_file(held, path)
    with pytest.raises(ModelBroken, match=r"wan\.safetensors lacks blocks\.1\.attn2\.norm_k\.weight"):
        load_backbone(str(path))
    save_file({**state(), "blocks.0.ffn.2.weight": torch.zeros(24, 99)}, path)
    with pytest.raises(ModelBroken, match=r"blocks\.0\.ffn\.net\.2\.weight has shape \(24, 99\)"):
        load_backbone(str(path))


def test_a_pickled_file_is_checked_as_it_is_read(shelf: Path) -> None:
    path = shelf / "self_forcing_dmd.pt"
    tell(path, "self-forcing-1.3b")
    held = {f"model.{key}": tensor for key, tensor in state().items()}
    del held["model.head.modulation"]
    torch.save({"generator_ema": held}, path)
    with pytest.raises(ModelBroken, match=r"self_forcing_dmd\.pt lacks scale_shift_table"):
        load_backbone(str(path))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelBroken, match=r"self_forcing_dmd\.pt .*cut short"):
        load_backbone(str(path))


class Spy:
    """Pickles as a call: a loader that executes it has been tricked."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('executed')",)


def test_a_pickled_file_that_holds_code_is_refused_and_not_executed(tmp_path: Path) -> None:
    path = tmp_path / "evil.pt"
    torch.save({"generator_ema": state(), "more": Spy()}, path)
    with pytest.raises(CheckpointBroken, match="more than weights"):
        read_weights(path)


def test_tensors_without_a_place_are_reported() -> None:
    _, report = convert({**state(), "img_emb.proj.0.weight": torch.zeros(2)})
    assert report.unexpected == ("img_emb.proj.0.weight",)
    assert "img_emb" in str(report)


def test_the_fingerprint_of_a_file_covers_its_companion(shelf: Path, wan21: Path) -> None:
    (shelf / wan21.name).unlink()
    shutil.copytree(wan21, shelf / wan21.name)
    path = shelf / "wan.safetensors"
    tell(path, "wan2.1-t2v-1.3b")
    save_file(state(), path)
    before = model_fingerprint(path)
    assert model_fingerprint(path) == before
    config = shelf / wan21.name / "vae" / "config.json"
    config.write_text(config.read_text() + " ")
    assert model_fingerprint(path) != before
