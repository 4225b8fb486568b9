"""`models`: register, download over a hub on loopback, verify, remove; and a registered name wherever a model goes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.catalogue.registry import PART, Registry
from storyboards.project import Project
from tests.commands.conftest import MAIN, CommandLine
from tests.engine.hub.hub_server import HubServer

WEIGHTS = "vae/diffusion_pytorch_model.safetensors"


@pytest.fixture
def hub(tiny_model: Path) -> Iterator[HubServer]:
    """A hub that has the tiny model."""
    server = HubServer()
    server.publish("owner/tiny", tiny_model)
    yield server
    server.close()


def start(hub: HubServer, cwd: Path, *words: object) -> subprocess.Popen[str]:
    """A command in a process of its own, as the editor starts it, against that hub."""
    env = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0", "HF_HOME": str(cwd / "hf")}
    env.pop("HF_TOKEN", None)
    command = [sys.executable, "-W", "error", str(MAIN), *map(str, words), "--json", "--progress"]
    return subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(child: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, the objects on stdout, what stood on stderr."""
    out, err = child.communicate(timeout=100)
    return child.returncode, [json.loads(line) for line in out.splitlines()], err


def wait_for(fact: Callable[[], bool]) -> None:
    """Wait until it is so."""
    end = time.monotonic() + 60
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_download_survives_being_killed_and_being_stopped(hub: HubServer, matchcut: CommandLine) -> None:
    size = len(hub.models["owner/tiny"].files[WEIGHTS])
    part, begun = Registry().downloads / "owner--tiny" / f"{WEIGHTS}{PART}", 0
    for after, how, code in ((size // 3, signal.SIGKILL, -9), (size // 3, signal.SIGTERM, 130)):
        hub.stalled.clear()
        hub.go_on.clear()
        hub.hold_after[WEIGHTS] = after
        child = start(hub, matchcut.cwd, "models", "download", "owner/tiny")
        assert hub.stalled.wait(60), child.communicate()
        wait_for(lambda more=begun + 1: part.is_file() and part.stat().st_size >= more)  # type: ignore[misc]
        child.send_signal(how)
        assert ended(child)[0] == code
        begun = part.stat().st_size  # only now: it may have written more between the look and the signal
        hub.go_on.set()
        (row,) = [row for row in matchcut.ok("models")["models"] if not row["built_in"]]
        assert row["state"] == "incomplete" and 0 < row["bytes_there"] < row["bytes"]
    code, said, err = ended(start(hub, matchcut.cwd, "models", "download", "owner/tiny"))
    assert code == 0, err
    assert said[-1]["state"] == "ready" and said[-1]["hub_id"] == "owner/tiny"
    told = [line["progress"] for line in said[:-1]]
    assert told[-1]["done"] == told[-1]["total"] == said[-1]["bytes"]
    ranges = [int(asked.removeprefix("bytes=")[:-1]) for asked in hub.ranges_of(WEIGHTS)[1:]]
    assert 0 < ranges[0] < ranges[1] == begun < size, "each start goes on where the one before was ended"
    listed = matchcut("models").out
    assert "tiny" in listed and "ready" in listed and "Wan-AI/Wan2.2-TI2V-5B-Diffusers" in listed


def test_a_failed_download_is_one_line_and_one_object(hub: HubServer, matchcut: CommandLine) -> None:
    hub.models["owner/tiny"].gated, hub.models["owner/tiny"].allowed = True, "hf_let_in"
    code, said, err = ended(start(hub, matchcut.cwd, "models", "download", "owner/tiny"))
    assert code == 1 and "asks users to accept a licence" in said[-1]["error"]
    assert f"{hub.endpoint}/owner/tiny" in said[-1]["hint"] and "Traceback" not in err
    code, said, _ = ended(start(hub, matchcut.cwd, "models", "look", "owner/tiny"))
    assert code == 0 and said[-1]["gated"] and said[-1]["bytes"] == sum(f["size"] for f in said[-1]["files"])


def test_a_registered_name_goes_wherever_a_model_goes(
    matchcut: CommandLine, tiny_model: Path, story_file: Path
) -> None:
    own = Path(shutil.copytree(tiny_model, matchcut.cwd / "own"))
    added = matchcut.ok("models", "add", own, "--name", "my-tiny")
    assert added["state"] == "ready" and added["profile"] == "tiny" and added["place"] == str(own)
    matchcut.ok("new", "tale", "--story", story_file, "--model", "my-tiny")
    made = matchcut.ok("render", "tale", 1, "--steps", 1)
    with Project.open("tale.matchcut", read_only=True) as project:
        assert project.storyboard.project().model == "my-tiny", "a project keeps the name, not the path"
    manifest = json.loads((Path(made["takes"][0]["folder"]) / "manifest.json").read_text())
    assert manifest["model"] == "own" and manifest["model_fingerprint"]
    shutil.rmtree(own)
    gone = matchcut("render", "tale", 2, "--steps", 1)
    assert gone.code == 1 and f"my-tiny is not at {own} any more" in gone.err and "models remove my-tiny" in gone.err
    assert matchcut("render", "tale", 2, "--model", "nothing").err.count("Registered: my-tiny.") == 1


def test_verifying_finds_a_changed_byte_and_removing_asks(matchcut: CommandLine, tiny_model: Path) -> None:
    own = Path(shutil.copytree(tiny_model, matchcut.cwd / "own"))
    matchcut.ok("models", "add", own)
    assert matchcut.ok("models", "verify", "own")["recorded"] == 0
    with (own / WEIGHTS).open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\x00\x01\x02\x03")
    wrong = matchcut("models", "verify", "own")
    assert wrong.code == 1 and f"{WEIGHTS} is damaged" in wrong.err and "Copy it again" in wrong.err
    refused = matchcut("render", "--model", "own")
    assert refused.code == 1
    asked = matchcut("models", "remove", "own")
    assert asked.code == 1 and "your files stay" in asked.err and "--yes" in asked.err
    assert matchcut.ok("models", "remove", "own", "--yes")["deleted"] is False
    assert (own / WEIGHTS).is_file() and all(row["built_in"] for row in matchcut.ok("models")["models"])
    assert "No model is registered as 'own'" in matchcut("models", "verify", "own").err
    assert matchcut("models", "add").code == 1 and matchcut("models", "add", "nowhere").code == 1
