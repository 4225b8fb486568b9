"""Train a small single-shot model of Wan's architecture on the paper theatre: the *before* of a tuning.

    .venv/bin/python scripts/single_shot_base.py --latents training/latents --out proof/base --steps 600

It has never seen a second shot. `--latents`: what `main.py train paper-theatre shot` encoded. The result is a model
folder, with the built-in VAE and text encoder, that `--model` and `train lct --base` take. `--rate training/rates/16`
takes the single-shot model that `scripts/compare_rates.py` has trained on coarse cells, and its VAE, instead.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine.backbone.text import TextEncoder
from engine.training.footage import shards
from engine.training.latents import TEXT_TOKENS
from engine.training.pipeline import MODEL, Work, assemble, start_from_shipped
from engine.training.train_transformer import TransformerRun, train_stage


def main() -> None:
    """Train (or go on), then put the parts together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latents", type=Path, default=Path("training/latents"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--rate", type=Path)
    args = parser.parse_args()
    if args.rate is not None:
        assemble(args.out / "model", args.rate / "vae" / "vae", args.rate / "coarse" / "transformer")
        return
    if not shards(args.latents):
        sys.exit(f"{args.latents} is empty: main.py train paper-theatre shot --from-shipped --steps 1 fills it")
    work = Work(args.out / "work")
    start_from_shipped(work)
    empty = TextEncoder.load(MODEL).encode([""], TEXT_TOKENS)[0]
    train_stage(
        TransformerRun(
            "shot",
            args.latents,
            work.root / "shot",
            empty,
            minutes=100_000.0,  # steps decide
            width=args.width,
            layers=args.layers,
            max_steps=args.steps,
        )
    )
    assemble(args.out / "model", work.vae, work.root / "shot" / "transformer")


if __name__ == "__main__":
    main()
