"""Small moving pictures and real files for the tests of `engine.film`."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from engine.contract import ExportItem, ExportOptions, ExportRequest
from engine.film.encode import Frames, encode_video

SIZE = (96, 64)
CLIPS = Path(__file__).parents[4] / "shared" / "clips"  # ../shared of the checkout


def moving_shot(frames: int = 9, seed: int = 0, size: tuple[int, int] = SIZE) -> Frames:
    """Smooth coloured waves that drift, another colour for every seed: `(T, H, W, 3)` uint8."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    phase = 2.1 * seed
    made = []
    for t in range(frames):
        red = 128 + 90 * np.sin(x / 25 + t / 5 + phase)
        green = 128 + 90 * np.cos(y / 21 - t / 7 + 2 * phase)
        blue = 128 + 90 * np.sin((x + y) / 33 + 3 * phase)
        made.append(np.stack([red, green, blue], axis=-1).astype(np.uint8))
    return np.stack(made)


def psnr(one: Frames, other: Frames) -> float:
    """Peak signal to noise of two equal-sized pictures in decibels."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return 99.0 if error == 0 else 10 * float(np.log10(255**2 / error))


def clips(folder: Path, count: int = 3, frames: int = 9, fps: float = 8.0) -> tuple[ExportItem, ...]:
    """`count` encoded shots in `folder`, each of another colour, titled "Shot 1" and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        encode_video(folder / f"{seed}.mp4", moving_shot(frames, seed), fps)
    return tuple(ExportItem(str(folder / f"{seed}.mp4"), f"Shot {seed + 1}") for seed in range(count))


def ask(items: tuple[ExportItem, ...], out: Path, **options: object) -> ExportRequest:
    """An export request with some metadata."""
    metadata = {"title": "The fox", "prompts": ["a fox — naïve"], "seeds": [4, 5], "model": "paper-theatre"}
    return ExportRequest("e1", items, str(out), ExportOptions(**options), metadata)  # type: ignore[arg-type]


def tone(path: Path, seconds: float, rate: int = 22_050) -> Path:
    """A mono 440 Hz WAV."""
    samples = (20_000 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def leftovers(folder: Path) -> list[str]:
    """Names of temporary files below `folder`."""
    return [path.name for path in folder.rglob("*") if ".tmp-" in path.name]
