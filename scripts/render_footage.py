"""Render paper-theatre scenes as footage: an MP4 and a JSON sidecar each, as `main.py data build` takes them.

    .venv/bin/python scripts/render_footage.py FOLDER --scenes 400

For trying the tuning of a model without footage of one's own, and for the proof in docs/measurements.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine.film.encode import encode_video
from engine.world.captions import full_caption, global_prompt, shot_captions
from engine.world.render import render_scene
from engine.world.scene import FPS, sample_scene

SEED = 500_000_000  # no scene that the built-in model was trained on, nor one that it is measured on


def main() -> None:
    """Render what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--size", default="112x64")
    args = parser.parse_args()
    width, height = (int(side) for side in args.size.split("x"))
    args.folder.mkdir(parents=True, exist_ok=True)
    for number in range(args.scenes):
        render(args.folder / f"scene-{number:05d}.mp4", SEED + number, (width, height))


def render(path: Path, seed: int, size: tuple[int, int]) -> None:
    """One scene of four shots of 17 frames; the sidecar comes last, so a scene that has one is whole."""
    sidecar = path.with_suffix(".json")
    if sidecar.exists():
        return
    scene = sample_scene(seed, 4, frames=(17,))
    clips = render_scene(scene, size)
    told = []
    at = 0
    for index, (spec, clip, caption) in enumerate(zip(scene.shots, clips, shot_captions(scene), strict=True)):
        told.append(
            {
                "start": at / FPS,
                "end": (at + len(clip)) / FPS,
                "continues": spec.continues,
                "caption": caption,
                "full": full_caption(scene, index, seed * 16 + index),
            }
        )
        at += len(clip)
    encode_video(path, np.concatenate(clips), FPS)
    sidecar.write_text(json.dumps({"global": global_prompt(scene), "shots": told}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
