"""The judge: a small network that reads species, coat colour, place and action from a clip of the paper theatre.

It is trained on renders (and blurred, noisy copies, so that soft pictures do not throw it off) of training
combinations and is checked on held-out ones before it may say anything about generated clips.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.training.footage import ShotRecord, read_shard, shards
from engine.world.vocabulary import ACTIONS, COLOURS, PLACES, SPECIES

LABELS: dict[str, tuple[str, ...]] = {
    "species": SPECIES,
    "colour": tuple(COLOURS),
    "place": PLACES,
    "action": ACTIONS,
}
FRAMES = 5
JUDGE_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "models" / "paper-theatre-judge"
Frames = NDArray[np.uint8]


def judge_input(frames: Frames) -> Tensor:
    """uint8 (F, H, W, 3) of any length -> (FRAMES, 3, H, W) in [-1, 1]: evenly spaced frames."""
    picks = np.linspace(0, len(frames) - 1, FRAMES).round().astype(int)
    return torch.from_numpy(np.ascontiguousarray(frames[picks])).float().permute(0, 3, 1, 2) / 127.5 - 1


class Judge(nn.Module):
    """(B, FRAMES, 3, 64, 112) -> logits a question."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 24, 48, 96, 128)
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            layers += [nn.Conv2d(a, b, 3, stride=2, padding=1), nn.GroupNorm(8, b), nn.SiLU()]
        layers += [nn.Conv2d(128, 128, 3, padding=1), nn.GroupNorm(8, 128), nn.SiLU()]
        self.features = nn.Sequential(*layers)
        self.looks = nn.Sequential(nn.Linear(256, 128), nn.SiLU())
        self.thin = nn.Conv2d(128, 24, 1)
        self.moves = nn.Sequential(nn.Linear(24 * 28 * FRAMES, 128), nn.SiLU())
        self.heads = nn.ModuleDict(
            {name: nn.Linear(256 if name == "action" else 128, len(words)) for name, words in LABELS.items()}
        )

    def forward(self, clips: Tensor) -> dict[str, Tensor]:
        """Logits (B, n) of each question."""
        maps = self.features(clips.flatten(0, 1))
        by_clip = maps.unflatten(0, (-1, FRAMES))
        looks = self.looks(torch.cat([by_clip.mean((1, 3, 4)), by_clip.amax((3, 4)).mean(1)], dim=1))
        moves = self.moves(self.thin(maps).unflatten(0, (-1, FRAMES)).flatten(1))
        both = torch.cat([looks, moves], dim=1)
        return {name: head(both if name == "action" else looks) for name, head in self.heads.items()}

    @torch.no_grad()
    def read(self, clips: Sequence[Frames]) -> list[dict[str, str]]:
        """What it sees in each clip (each (F, 64, 112, 3))."""
        logits = self(torch.stack([judge_input(c) for c in clips]))
        picks = {name: values.argmax(1).tolist() for name, values in logits.items()}
        return [{name: LABELS[name][picks[name][n]] for name in LABELS} for n in range(len(clips))]


def load_judge(folder: Path = JUDGE_FOLDER) -> Judge:
    """The trained judge. Raises FileNotFoundError when it was not shipped."""
    judge = Judge()
    judge.load_state_dict({k: v.float() for k, v in load_file(folder / "model.safetensors").items()})
    return judge.eval()


@dataclass(frozen=True)
class JudgeRun:
    """Settings of the judge's training."""

    footage: Path
    out: Path = JUDGE_FOLDER
    steps: int = 1500
    batch: int = 32
    lr: float = 2e-3
    seed: int = 0


def _examples(folder: Path) -> tuple[Tensor, dict[str, Tensor]]:
    """Inputs as uint8 (N, FRAMES, 3, H, W) and labels, of every cut shot."""
    clips: list[Tensor] = []
    labels: dict[str, list[int]] = {name: [] for name in LABELS}
    for index in shards(folder):
        records, frames = read_shard(index)
        for scene in records:
            for shot in scene.shots:
                picks = np.linspace(0, _shown(shot, len(clips)) - 1, FRAMES).round().astype(int) + shot.start
                clips.append(torch.from_numpy(frames[picks].copy()).permute(0, 3, 1, 2))
                facts = {"species": scene.species, "colour": scene.colour, "place": scene.place, "action": shot.action}
                for name, words in LABELS.items():
                    labels[name].append(words.index(facts[name]))
    return torch.stack(clips), {name: torch.tensor(values) for name, values in labels.items()}


def _shown(shot: ShotRecord, number: int) -> int:
    """Clips are judged at all three lengths."""
    return min(shot.frames, (9, 13, 17)[number % 3])


def _softened(clips: Tensor, generator: torch.Generator) -> Tensor:
    """A batch as it might come from a model: blurred by a random amount, noisy, a little darker or brighter."""
    x = clips.float() / 127.5 - 1
    shape = (len(x), 1, 1, 1, 1)
    flat = x.flatten(0, 1)
    small = torch.nn.functional.avg_pool2d(flat, 4)
    soft = torch.nn.functional.interpolate(small, size=flat.shape[-2:], mode="bilinear").view_as(x)
    mix = torch.rand(shape, generator=generator) * (torch.rand(shape, generator=generator) < 0.6)
    x = x + mix * (soft - x)
    gain = 1 + 0.15 * (torch.rand(shape, generator=generator) - 0.5)
    return x * gain + 0.08 * torch.rand(shape, generator=generator) * torch.randn(x.shape, generator=generator)


def train_judge(run: JudgeRun) -> None:
    """Train on the footage and write the weights."""
    torch.manual_seed(run.seed)
    generator = torch.Generator().manual_seed(run.seed)
    clips, labels = _examples(run.footage)
    judge = Judge()
    optimiser = torch.optim.AdamW(judge.parameters(), lr=run.lr, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, run.lr, total_steps=run.steps)
    for step in range(run.steps):
        picks = torch.randint(len(clips), (run.batch,), generator=generator)
        logits = judge(_softened(clips[picks], generator))
        losses = [nn.functional.cross_entropy(logits[n], labels[n][picks], label_smoothing=0.02) for n in LABELS]
        loss = torch.stack(losses).sum()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        if step % 100 == 0:
            print(f"judge step {step} loss {float(loss.detach()):.3f}", flush=True)
    run.out.mkdir(parents=True, exist_ok=True)
    state = {k: v.half().contiguous() for k, v in judge.state_dict().items()}
    save_file(state, run.out / "model.safetensors")


def judge_accuracy(judge: Judge, footage: Path) -> dict[str, float]:
    """Share of held-out renders that are read rightly, a question."""
    clips, labels = _examples(footage)
    right = dict.fromkeys(LABELS, 0)
    with torch.no_grad():
        for at in range(0, len(clips), 32):
            logits = judge(clips[at : at + 32].float() / 127.5 - 1)
            for name in LABELS:
                right[name] += int((logits[name].argmax(1) == labels[name][at : at + 32]).sum())
    return {name: round(count / len(clips), 4) for name, count in right.items()}


def write_report(folder: Path, accuracy: dict[str, float]) -> None:
    """Keep the judge's own score beside its weights."""
    (folder / "accuracy.json").write_text(json.dumps(accuracy, indent=2) + "\n")
