"""Tuning in several processes: the command under accelerate, and the transformer with its weights spread (FSDP2)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine.backbone.loading import load_expert, usable
from engine.training.batches import Batch, Part
from engine.training.loop import SceneLoss
from tests.commands.conftest import MAIN
from tests.engine.training.test_tuning import footage_for

CONFIG = """
compute_environment: LOCAL_MACHINE
distributed_type: 'NO'
mixed_precision: 'no'
num_processes: 1
num_machines: 1
machine_rank: 0
use_cpu: true
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def words(model: Path, data: Path, out: Path) -> list[str]:
    """A short tuning as a user types it."""
    told = ["train", "lct", "--base", model, "--data", data, "--out", out, "--stage", "causal"]
    return [str(MAIN), *map(str, [*told, "--steps", 2, "--shots", 3, "--rank", 4])]


def run(command: list[str], **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=550, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_processes_tune_one_lora(tiny_model: Path, tmp_path: Path) -> None:
    command = words(tiny_model, footage_for(tiny_model, tmp_path), tmp_path / "fox")
    launcher = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", str(free_port())]
    run([*launcher, *command], ACCELERATE_USE_CPU="true")
    assert (tmp_path / "fox" / "fox.safetensors").is_file()
    ended = json.loads((tmp_path / "fox" / "causal" / "ended.json").read_text(encoding="utf-8"))
    assert ended["step"] == 2 and ended["shots"] % 2 == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_accelerate_config_starts_the_same_command_once(tiny_model: Path, tmp_path: Path) -> None:
    config = tmp_path / "one.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    command = words(tiny_model, footage_for(tiny_model, tmp_path), tmp_path / "fox")
    run([*command, "--accelerate-config", str(config)])
    log = (tmp_path / "fox" / "causal" / "log.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["step"] for line in log.splitlines()] == [2]


def batch() -> Batch:
    """One target that sees one captured shot."""
    torch.manual_seed(5)

    def part(start: float) -> Part:
        x, v = torch.randn(2, 1, 8, 2, 4, 8)
        return Part(x, v, torch.full((1, 2), 0.5), torch.randn(1, 5, 384), start, torch.ones(1, 1, 2, 4, 8))

    return Batch([part(8.0)], [part(0.0)])


def stepped(model_folder: str, spread: bool) -> dict[str, torch.Tensor]:
    """The weights after one SGD step on that batch; `spread`: with every block's parameters over all processes."""
    from torch.distributed.fsdp import fully_shard
    from torch.distributed.tensor import DTensor

    loss = SceneLoss(load_expert(usable(model_folder), "transformer", torch.float32).train())
    if spread:
        for block in loss.transformer.blocks:
            fully_shard(block)
        fully_shard(loss)
    optimiser = torch.optim.SGD(loss.parameters(), lr=0.1)
    loss(batch(), False).backward()
    optimiser.step()
    state = loss.state_dict()
    return {name: t.full_tensor() if isinstance(t, DTensor) else t for name, t in state.items()}


def worker(rank: int, port: int, model_folder: str, out: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    state = stepped(model_folder, spread=True)
    if rank == 0:
        torch.save(state, out)
    torch.distributed.destroy_process_group()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_spread_weights_take_the_same_step(tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "state.pt"
    torch.multiprocessing.spawn(worker, (free_port(), str(tiny_model), str(out)), nprocs=2)
    spread, whole = torch.load(out, weights_only=True), stepped(str(tiny_model), spread=False)
    assert spread.keys() == whole.keys()
    assert all(torch.allclose(spread[name], whole[name], atol=1e-5) for name in whole)
