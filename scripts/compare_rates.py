"""Compare rates of the built-in VAE by what a transformer generates after equal minutes: the judge reads it.

    .venv/bin/python scripts/compare_rates.py --out training/rates --channels 16 32

Each rate is trained in a process of its own, all at the same time with one thread each, so that what else the machine
does costs them the same. Renders footage where there is none. Goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.training.pipeline import Work, make_footage


def main() -> None:
    """Train all rates at once; then measure and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("training/rates"))
    parser.add_argument("--work", type=Path, default=Path("training"), help="where the footage is")
    parser.add_argument("--channels", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--vae-minutes", type=float, default=8.0)
    parser.add_argument("--coarse-minutes", type=float, default=20.0)
    parser.add_argument("--fine-minutes", type=float, default=10.0)
    parser.add_argument("--scenes", type=int, default=128)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only is not None:
        _one(args)
        return
    make_footage(Work(args.work, shards=12))
    words = [sys.executable, *sys.argv]
    quiet = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    children = {z: subprocess.Popen([*words, "--only", str(z)], env=quiet) for z in args.channels}
    if any(child.wait() for child in children.values()):
        sys.exit("a rate did not come to its end; what is done is kept: run this again")
    for channels in args.channels:
        print((args.out / str(channels) / "found.json").read_text(encoding="utf-8"))


def _one(args: argparse.Namespace) -> None:
    from engine.evaluation.rates import RateRun, measure_rate, train_rate

    work = Work(args.work)
    minutes = (args.vae_minutes, args.coarse_minutes, args.fine_minutes)
    run = RateRun(work.footage, work.held_out, args.out / str(args.only), args.only, *minutes)
    train_rate(run)
    (run.out / "found.json").write_text(json.dumps(measure_rate(run, args.scenes)), encoding="utf-8")


if __name__ == "__main__":
    main()
