"""One file from a hub to the disk, whatever the connection does."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.catalogue.registry import PART, ModelFile, RegistryError
from engine.hub.errors import HubError
from engine.hub.fetching import RETRIES, Progress, Source, Stopped, fetch, need_room
from tests.engine.hub.hub_server import COMMIT, HubServer, Published

NAME = "transformer/weights.safetensors"
BYTES = os.urandom(3_000_000)


@pytest.fixture
def published(hub: HubServer) -> Published:
    """A model of one large file."""
    hub.models["owner/model"] = Published({NAME: BYTES})
    return hub.models["owner/model"]


def wanted(**changes: Any) -> ModelFile:
    """The file as the hub describes it."""
    facts = {"path": NAME, "size": len(BYTES), "sha256": hashlib.sha256(BYTES).hexdigest(), **changes}
    return ModelFile(**facts)


def source(hub: HubServer) -> Source:
    """Where it is."""
    return Source("owner/model", COMMIT, hub.endpoint)


def test_a_file_comes_whole_with_its_hash_and_progress(hub: HubServer, published: Published, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    progress = Progress(len(BYTES), lambda *news: told.append(news))
    assert fetch(source(hub), wanted(), tmp_path, progress) == hashlib.sha256(BYTES).hexdigest()
    assert (tmp_path / NAME).read_bytes() == BYTES and not (tmp_path / f"{NAME}{PART}").exists()
    assert told[-1] == (len(BYTES), len(BYTES), NAME)


def test_broken_connections_are_picked_up_where_they_broke(
    hub: HubServer, published: Published, tmp_path: Path
) -> None:
    published.broken[NAME] = [1_000_000, 500_000]
    progress = Progress(len(BYTES))
    fetch(source(hub), wanted(), tmp_path, progress)
    assert (tmp_path / NAME).read_bytes() == BYTES and progress.done == len(BYTES)
    assert hub.ranges_of(NAME) == ["", "bytes=1000000-", "bytes=1500000-"]


def test_a_download_that_was_stopped_goes_on_from_what_is_there(
    hub: HubServer, published: Published, tmp_path: Path
) -> None:
    stop = Progress(len(BYTES), cancelled=lambda: stop.done > 1_500_000)
    with pytest.raises(Stopped):
        fetch(source(hub), wanted(), tmp_path, stop)
    begun = (tmp_path / f"{NAME}{PART}").stat().st_size
    assert 0 < begun < len(BYTES) and not (tmp_path / NAME).exists()
    fetch(source(hub), wanted(), tmp_path, Progress(len(BYTES)))
    assert (tmp_path / NAME).read_bytes() == BYTES and hub.ranges_of(NAME) == ["", f"bytes={begun}-"]


def test_a_hub_that_knows_no_ranges_sends_it_all_again(hub: HubServer, published: Published, tmp_path: Path) -> None:
    published.broken[NAME], published.ranges = [1_000_000], False
    progress = Progress(len(BYTES))
    fetch(source(hub), wanted(), tmp_path, progress)
    assert (tmp_path / NAME).read_bytes() == BYTES and progress.done == len(BYTES)


def test_a_part_with_wrong_bytes_is_thrown_away_and_fetched_anew(
    hub: HubServer, published: Published, tmp_path: Path
) -> None:
    part = tmp_path / f"{NAME}{PART}"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1_000_000)
    progress = Progress(len(BYTES))
    fetch(source(hub), wanted(), tmp_path, progress)
    assert (tmp_path / NAME).read_bytes() == BYTES and progress.done == len(BYTES)
    assert hub.ranges_of(NAME) == ["bytes=1000000-", ""]


@pytest.mark.parametrize("sent", [bytes(len(BYTES)), BYTES[:-7], BYTES + b"more"])
def test_wrong_bytes_never_get_the_files_name(
    hub: HubServer, published: Published, tmp_path: Path, sent: bytes
) -> None:
    published.wrong[NAME] = sent
    with pytest.raises(HubError, match="other bytes than the hub has") as told:
        fetch(source(hub), wanted(), tmp_path, Progress(len(BYTES)))
    assert told.value.code == "corrupt"
    assert not (tmp_path / NAME).exists() and not (tmp_path / f"{NAME}{PART}").exists()


def test_a_small_file_is_compared_with_gits_hash(hub: HubServer, published: Published, tmp_path: Path) -> None:
    published.files["config.json"] = b'{"layers": 2}'
    sha1 = hashlib.sha1(b"blob 13\0" + published.files["config.json"]).hexdigest()
    fetch(source(hub), ModelFile("config.json", 13, git_sha1=sha1), tmp_path, Progress(13))
    assert (tmp_path / "config.json").read_bytes() == b'{"layers": 2}'
    with pytest.raises(HubError, match="other bytes"):
        fetch(source(hub), ModelFile("config.json", 13, git_sha1="0" * 40), tmp_path / "second", Progress(13))


def test_a_line_that_stays_dead_is_told_and_what_came_is_kept(
    hub: HubServer, published: Published, tmp_path: Path
) -> None:
    published.broken[NAME] = [1_000_000, *[0] * (RETRIES + 1)]
    with pytest.raises(HubError, match="cannot be reached") as told:
        fetch(source(hub), wanted(), tmp_path, Progress(len(BYTES)))
    assert "what is there is kept" in told.value.hint
    assert (tmp_path / f"{NAME}{PART}").stat().st_size == 1_000_000


def test_without_room_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    with pytest.raises(HubError, match=r"needs .* GiB, and the disk of .* has") as told:
        need_room(tmp_path / "not" / "there", [wanted(size=usage.free)])
    assert told.value.code == "disk_full" and "--into" in told.value.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_disk_that_fills_up_meanwhile_is_told(hub: HubServer, published: Published, tmp_path: Path) -> None:
    part = tmp_path / f"{NAME}{PART}"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(HubError, match="disk is full") as told:
        fetch(source(hub), wanted(), tmp_path, Progress(len(BYTES)))
    assert "goes on where it stopped" in told.value.hint


@pytest.mark.parametrize("path", ["../outside.safetensors", "/etc/passwd", "a/../../b.json", "C:\\x.json", "a\\..\\b"])
def test_a_file_name_that_leads_out_of_the_folder_is_refused(hub: HubServer, tmp_path: Path, path: str) -> None:
    with pytest.raises(RegistryError, match="leads out of"):
        fetch(source(hub), ModelFile(path, 3), tmp_path / "model", Progress(3))
