"""A path is told for what it is from configs and headers alone, and what is wrong with it is named."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.catalogue.headers import FileBroken, read_header, read_index
from engine.catalogue.profile import Architecture, Profile, ProfileError, families, family, load_profile, save_profile
from engine.catalogue.recognise import NotAModel, recognise
from tests.engine.families import layouts

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def wan21(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layouts.save_wan21(tmp_path_factory.mktemp("a") / "Wan2.1-T2V-1.3B-Diffusers")


@pytest.fixture
def copy(wan21: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(wan21, tmp_path / "copy"))


def test_every_published_family_is_driven_as_its_cards_say() -> None:
    assert len(families()) >= 7
    for name in families():
        profile = family(name)
        assert profile.name == name and profile.licence and profile.source
        assert profile.size[0] % profile.size_multiple == profile.size[1] % profile.size_multiple == 0
        assert (profile.max_frames - 1) % profile.temporal_stride == 0
        assert not profile.step_list or len(profile.step_list) == profile.steps
    assert family("wan2.2-t2v-a14b").boundary == 0.875
    assert family("wan2.2-ti2v-5b").spatial_stride == 16
    assert family("shotstream-1.3b").positions.angle == pytest.approx(1 / 6)
    assert family("self-forcing-1.3b").context_noise == 0


def test_the_built_in_model_is_recognised() -> None:
    found = recognise(ROOT / "assets" / "models" / "paper-theatre")
    assert (found.kind, found.profile.name, found.problems) == ("matchcut folder", "paper-theatre", ())


@pytest.mark.parametrize(
    ("save", "name", "experts", "stride"),
    [
        (layouts.save_wan21, "wan2.1-t2v-1.3b", 1, 8),
        (layouts.save_a14b, "wan2.2-t2v-a14b", 2, 8),
        (layouts.save_ti2v, "wan2.2-ti2v-5b", 1, 16),
    ],
)
def test_published_folders_are_told_apart(save: object, name: str, experts: int, stride: int, tmp_path: Path) -> None:
    found = recognise(save(tmp_path / "x"))  # type: ignore[operator]
    assert (found.kind, found.problems) == ("diffusers folder", ())
    assert (found.profile.name, found.profile.experts, found.profile.spatial_stride) == (name, experts, stride)
    assert found.profile.shift == (5.0 if stride == 16 else 3.0), "the folder's own scheduler goes before the profile"
    assert len(found.parts) == 3 + experts
    assert any("driven as" in note for note in found.notes), "no published checkpoint has two layers of 24"


def test_a_real_size_is_known_by_its_config(copy: Path) -> None:
    """1.3B's own numbers in the config, with weights of two layers: the family is sure, and the misfit is named."""
    path = copy / "transformer" / "config.json"
    real = {"num_layers": 30, "num_attention_heads": 12, "attention_head_dim": 128, "ffn_dim": 8960, "text_dim": 4096}
    path.write_text(json.dumps({**json.loads(path.read_text()), **real}))
    found = recognise(copy)
    assert found.architecture == Architecture(30, 12, 128, 8960, 16)
    assert (found.profile.name, found.notes) == ("wan2.1-t2v-1.3b", ())
    assert found.problems[0].startswith("transformer lacks blocks.2.")


def test_a_distilled_folder_is_told_by_its_name(copy: Path) -> None:
    assert recognise(copy).profile.name == "wan2.1-t2v-1.3b"
    named = copy.rename(copy.parent / "Self-Forcing-diffusers")
    found = recognise(named).profile
    assert (found.name, found.sampler, found.shift) == ("self-forcing-1.3b", "renoise", 5.0)


def test_a_profile_in_the_folder_goes_before_everything(copy: Path) -> None:
    (copy / "profile.json").write_text(json.dumps({"like": "shotstream-1.3b", "name": "mine", "steps": 3}))
    found = recognise(copy)
    assert (found.kind, found.profile.name, found.profile.steps) == ("matchcut folder", "mine", 3)
    assert found.profile.positions.angle == pytest.approx(1 / 6)


def test_what_is_missing_is_named(copy: Path) -> None:
    shutil.rmtree(copy / "vae")
    assert recognise(copy).problems == ("copy lacks vae: get the whole model folder again",)


def test_a_truncated_weight_file_is_named(copy: Path) -> None:
    path = copy / "transformer" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    (problem,) = recognise(copy).problems
    assert problem.startswith("transformer/diffusion_pytorch_model.safetensors has ")


def test_pickled_weights_in_a_folder_are_named(copy: Path) -> None:
    path = copy / "vae" / "diffusion_pytorch_model.safetensors"
    path.rename(path.with_suffix(".bin"))
    (problem,) = recognise(copy).problems
    assert "diffusion_pytorch_model.bin is pickled" in problem


def test_an_image_to_video_checkpoint_is_refused_by_its_channels(copy: Path) -> None:
    path = copy / "transformer" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "in_channels": 36}))
    assert "in_channels 36" in recognise(copy).problems[0]


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "m-00001-of-00002.safetensors", "b": "m-00002-of-00002.safetensors"}}
    (tmp_path / "m.safetensors.index.json").write_text(json.dumps(index))
    save_file({"a": torch.zeros(2)}, tmp_path / "m-00001-of-00002.safetensors")
    with pytest.raises(FileBroken, match="m-00002-of-00002"):
        read_index(tmp_path / "m.safetensors.index.json")


@pytest.mark.parametrize("shard", ["../secret.safetensors", "/etc/passwd", "a/b.safetensors"])
def test_an_index_leads_nowhere_outside_its_folder(tmp_path: Path, shard: str) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "secret.safetensors")
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "m.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
    with pytest.raises(FileBroken):
        read_index(tmp_path / "part" / "m.safetensors.index.json")


@pytest.mark.parametrize(
    "content", [b"", b"1234567", b"\xff" * 64, b"\x08\0\0\0\0\0\0\0notjson!", b"\x02\0\0\0\0\0\0\0[]"]
)
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(FileBroken, match=r"x\.safetensors"):
        read_header(tmp_path / "x.safetensors")


def test_a_header_tells_what_torch_would_read(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2, 3), "b": torch.zeros(5, dtype=torch.bfloat16)}, tmp_path / "x.safetensors")
    facts = read_header(tmp_path / "x.safetensors")
    assert {name: (f.shape, f.dtype, f.bytes) for name, f in facts.items()} == {
        "a": ((2, 3), "F32", 24),
        "b": ((5,), "BF16", 10),
    }


def test_what_is_no_model_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for path in (tmp_path, tmp_path / "notes.txt", tmp_path / "gone"):
        with pytest.raises(NotAModel, match=path.name):
            recognise(path)


def test_profiles_survive_saving(tmp_path: Path) -> None:
    for profile in (Profile(), *(family(name) for name in families())):
        save_profile(profile, tmp_path / "profile.json")
        assert load_profile(tmp_path / "profile.json") == profile
    changed = dataclasses.replace(family("wan2.1-t2v-14b"), steps=7)
    save_profile(changed, tmp_path / "profile.json")
    assert load_profile(tmp_path / "profile.json").steps == 7


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "cannot be read"),
        ("[]", "holds no object"),
        ('{"stepz": 3}', "stepz"),
        ('{"steps": "many"}', "steps should be int"),
        ('{"sampler": "ddim"}', "one of euler, unipc, renoise"),
        ('{"size": [1, 2, 3]}', "size should be a list of 2"),
        ('{"positions": {"strid": 1}}', "strid"),
        ('{"like": "wan9"}', "wan9"),
    ],
)
def test_a_profile_that_does_not_fit_names_file_and_field(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "profile.json").write_text(text)
    with pytest.raises(ProfileError, match=complaint):
        load_profile(tmp_path / "profile.json")


def test_the_catalogue_is_imported_without_torch() -> None:
    code = (
        "import sys, engine.catalogue.recognise as r; from pathlib import Path; r.recognise(Path(sys.argv[1]));"
        "print(*[m for m in ('torch', 'numpy', 'diffusers', 'transformers', 'safetensors') if m in sys.modules])"
    )
    model = ROOT / "assets" / "models" / "paper-theatre"
    done = subprocess.run(
        [sys.executable, "-c", code, str(model)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == ""
