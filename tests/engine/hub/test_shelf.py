"""Models from the hub or the user's disk into the registry, and out of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from engine.catalogue.profile import family
from engine.catalogue.registry import PART, RegisteredModel, Registry, RegistryError, bytes_there, state_of
from engine.catalogue.single import companion
from engine.hub.errors import HubError
from engine.hub.shelf import Wish, add, download, record_hashes, remove, verify
from tests.engine.hub.hub_server import COMMIT, HubServer

ID = "owner/tiny"
WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


def fetched(hub: HubServer, registry: Registry, **wish: object) -> object:
    """Download the published model."""
    return download(registry, Wish(ID, **wish), endpoint=hub.endpoint)  # type: ignore[arg-type]


def test_the_server_is_one_that_huggingface_hub_understands(hub: HubServer, small_model: Path, tmp_path: Path) -> None:
    from huggingface_hub import hf_hub_download

    hub.publish(ID, small_model)
    path = hf_hub_download(ID, WEIGHTS, endpoint=hub.endpoint, local_dir=tmp_path)
    assert Path(path).read_bytes() == (small_model / WEIGHTS).read_bytes()


def test_a_model_is_downloaded_with_what_it_needs_and_no_more(
    hub: HubServer, registry: Registry, small_model: Path
) -> None:
    hub.publish(ID, small_model)
    model = download(registry, Wish(ID), endpoint=hub.endpoint)
    assert state_of(model) == "ready" and model == registry.get("tiny")
    assert (model.hub_id, model.commit, model.licence, model.profile) == (ID, COMMIT, "apache-2.0", "tiny")
    root = Path(model.place)
    assert root == registry.downloads / "owner--tiny" and (root / "README.md").is_file()
    assert not (root / "teaser.mp4").exists() and not list(root.rglob("*fp16*"))
    for file in model.files:
        data = (root / file.path).read_bytes()
        assert data == (small_model / file.path).read_bytes() and file.sha256 == hashlib.sha256(data).hexdigest()
    hub.asked.clear()
    download(registry, Wish(ID), endpoint=hub.endpoint)
    assert hub.asked == [], "what is there is not fetched twice"


def test_an_interrupted_download_is_known_and_goes_on_with_the_commit_it_began_with(
    hub: HubServer, registry: Registry, small_model: Path
) -> None:
    published = hub.publish(ID, small_model)
    published.broken[WEIGHTS] = [50_000, *[0] * 6]
    with pytest.raises(HubError, match="cannot be reached"):
        download(registry, Wish(ID), endpoint=hub.endpoint)
    model = registry.get("tiny")
    assert state_of(model) == "incomplete" and 50_000 <= bytes_there(model) < model.size
    hub.asked.clear()
    assert state_of(download(registry, Wish("tiny"), endpoint=hub.endpoint)) == "ready"
    assert hub.ranges_of(WEIGHTS) == ["bytes=50000-"]
    assert "profile.json" not in [path for path, _ in hub.asked]


def test_a_damaged_file_is_named_and_only_that_is_fetched_again(
    hub: HubServer, registry: Registry, small_model: Path
) -> None:
    hub.publish(ID, small_model)
    model = download(registry, Wish(ID), endpoint=hub.endpoint)
    path = Path(model.place) / WEIGHTS
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    assert state_of(registry.get("tiny")) == "ready", "a look at sizes does not see it"
    verdict = verify(registry, "tiny")
    assert verdict.damaged == (WEIGHTS,) and state_of(registry.get("tiny")) == "corrupt"
    hub.asked.clear()
    download(registry, Wish("tiny"), endpoint=hub.endpoint)
    assert hub.asked == [(WEIGHTS, "")] and path.read_bytes() == (small_model / WEIGHTS).read_bytes()
    assert verify(registry, "tiny").damaged == () and state_of(registry.get("tiny")) == "ready"
    path.unlink()
    assert verify(registry, "tiny").missing == (WEIGHTS,) and state_of(registry.get("tiny")) == "incomplete"


def test_a_gated_model_says_where_its_licence_is_accepted(
    hub: HubServer, registry: Registry, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.publish(ID, small_model, gated=True, allowed="hf_let_in")
    with pytest.raises(HubError, match="asks users to accept a licence") as told:
        fetched(hub, registry)
    assert told.value.code == "gated" and f"/{ID}" in told.value.hint and "hf auth login" in told.value.hint
    monkeypatch.setenv("HF_TOKEN", "hf_somebody_else")
    with pytest.raises(HubError, match="asks users to accept") as told:
        fetched(hub, registry)
    assert "with the account you are logged in with" in told.value.hint
    monkeypatch.setenv("HF_TOKEN", "hf_let_in")
    assert state_of(download(registry, Wish(ID), endpoint=hub.endpoint)) == "ready"


def test_what_the_hub_does_not_show_is_told_apart(
    hub: HubServer, registry: Registry, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.publish(ID, small_model)
    hub.publish("owner/secret", small_model, private=True, allowed="hf_owner")
    for wish, words in (
        (Wish("owner/nothing"), "shows no model owner/nothing"),
        (Wish("owner/secret"), "shows no model owner/secret"),
        (Wish(ID, revision="v9"), "has no revision 'v9'"),
        (Wish(ID, include=("*.onnx",)), r"No file fits \*.onnx"),
        (Wish("not a name"), "is not the name of a model"),
    ):
        with pytest.raises(HubError, match=words):
            download(registry, wish, endpoint=hub.endpoint)
    with pytest.raises(HubError, match="cannot be reached") as told:
        download(registry, Wish(ID), endpoint="http://127.0.0.1:9")
    assert told.value.code == "no_network"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE"):
        download(registry, Wish(ID), endpoint=hub.endpoint)
    assert registry.models() == []


def test_a_licence_that_forbids_commercial_use_must_be_accepted(
    hub: HubServer, registry: Registry, small_model: Path
) -> None:
    hub.publish(ID, small_model, licence="cc-by-nc-sa-4.0")
    with pytest.raises(HubError, match="forbids commercial use") as told:
        fetched(hub, registry)
    assert "--accept-non-commercial" in told.value.hint and registry.models() == []
    fetched(hub, registry, non_commercial=True)
    assert registry.get("tiny").licence == "cc-by-nc-sa-4.0"


def test_a_shelf_of_single_files_asks_which_one(hub: HubServer, registry: Registry, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for name in ("one.safetensors", "two.safetensors", "three.pt"):
        (shelf / name).write_bytes(b"0" * 100)
    hub.publish("owner/shelf", shelf)
    with pytest.raises(HubError, match="several models") as told:
        download(registry, Wish("owner/shelf"), endpoint=hub.endpoint)
    assert "--include" in told.value.hint and "two.safetensors" in told.value.hint


def test_removing_deletes_what_was_downloaded_and_nothing_else(
    hub: HubServer, registry: Registry, small_model: Path, tmp_path: Path
) -> None:
    hub.publish(ID, small_model)
    model = download(registry, Wish(ID, into=str(tmp_path / "big disk")), endpoint=hub.endpoint)
    notes = Path(model.place) / "transformer" / "my notes.txt"
    notes.write_text("mine")
    (Path(model.place) / f"{WEIGHTS}{PART}").write_bytes(b"half")
    assert remove(registry, "tiny") == model.size + 4
    assert [path for path in Path(model.place).rglob("*") if path.is_file()] == [notes]
    with pytest.raises(RegistryError, match="No model is registered"):
        registry.get("tiny")
    with pytest.raises(HubError, match="is not empty"):
        download(registry, Wish(ID, into=str(tmp_path / "big disk")), endpoint=hub.endpoint)


def test_a_users_own_folder_is_registered_where_it_is_and_only_forgotten(
    registry: Registry, tiny_model: Path, tmp_path: Path
) -> None:
    own = tmp_path / "my theatre"
    shutil.copytree(tiny_model, own)
    with pytest.raises(RegistryError, match="cannot be a model's name"):
        add(registry, own)
    model = add(registry, own, "mine")
    assert (model.source, model.profile, model.place) == ("folder", "tiny", str(own)) and state_of(model) == "ready"
    assert all(file.sha256 for file in record_hashes(registry, "mine").files)
    with pytest.raises(RegistryError, match="is taken"):
        add(registry, tiny_model, "mine")
    with pytest.raises(RegistryError, match="is taken"):
        add(registry, own, "paper-theatre", taken=("paper-theatre",))
    before = sorted(path for path in own.rglob("*"))
    assert remove(registry, "mine") == 0 and sorted(own.rglob("*")) == before and registry.models() == []


def test_what_a_folder_lacks_is_said_when_it_is_added(registry: Registry, tiny_model: Path, tmp_path: Path) -> None:
    own = tmp_path / "half"
    shutil.copytree(tiny_model, own)
    shutil.rmtree(own / "vae")
    model = add(registry, own)
    assert state_of(model) == "incomplete" and "lacks vae" in model.problems[0]
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(HubError, match="is no weight file"):
        add(registry, tmp_path / "letter.txt")
    with pytest.raises(HubError, match="is no model folder"):
        add(registry, tmp_path)
    shutil.rmtree(own)
    assert state_of(registry.get("half")) == "missing"


def test_a_single_file_finds_what_it_lacks_in_a_registered_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    base, file = tmp_path / "elsewhere" / "wan", tmp_path / "one" / "two" / "three" / "four" / "student.pt"
    for part in ("vae", "text_encoder", "tokenizer"):
        (base / part).mkdir(parents=True)
    (base / "vae" / "config.json").write_text('{"_class_name": "AutoencoderKLWan", "z_dim": 16}')
    file.parent.mkdir(parents=True)
    assert companion(file, family("self-forcing-1.3b"), None) is None
    Registry().put(RegisteredModel("wan", str(base), "folder"))
    assert companion(file, family("self-forcing-1.3b"), None) == base


def test_hashes_that_the_hubs_own_tools_left_are_used(
    hub: HubServer, registry: Registry, small_model: Path, tmp_path: Path
) -> None:
    from huggingface_hub import hf_hub_download

    hub.publish(ID, small_model)
    for file in (p for p in small_model.rglob("*") if p.is_file()):
        hf_hub_download(ID, file.relative_to(small_model).as_posix(), endpoint=hub.endpoint, local_dir=tmp_path / "own")
    model = add(registry, tmp_path / "own")
    hashes = {file.path: file.sha256 for file in model.files}
    assert hashes[WEIGHTS] == hashlib.sha256((small_model / WEIGHTS).read_bytes()).hexdigest()
    assert hashes["profile.json"] == ""
    (tmp_path / "own" / WEIGHTS).write_bytes(bytes((small_model / WEIGHTS).stat().st_size))
    assert verify(registry, "own").damaged == (WEIGHTS,)


def test_a_damaged_registry_is_told_and_left_alone(registry: Registry, tiny_model: Path) -> None:
    add(registry, tiny_model)
    text = registry.file.read_text()
    for broken in (text[:-20], "[]", json.dumps({"version": 99, "models": []}), text.replace(str(tiny_model), "x")):
        registry.file.write_text(broken)
        with pytest.raises(RegistryError, match="is damaged"):
            registry.models()
        with pytest.raises(RegistryError, match="is damaged"):
            add(registry, tiny_model)
        assert registry.file.read_text() == broken
