"""The verbs on the user's own footage: data build, train lct."""

from __future__ import annotations

import argparse

from commands.arguments import Help, Parser, VerbParsers, add_json, number, size, whole

_MODEL = "paper-theatre"


def add_data_verb(verbs: VerbParsers) -> None:
    """Add `data`."""
    parser = verbs.add(
        "data",
        "data:data",
        "turn footage into a data set to train on",
        "Find the shots and scenes of your clips, take captions from sidecar files or a local vision-language model,\n"
        "and encode pictures and texts for one model. Goes on where it stopped; clips that did not change are not\n"
        "done again. docs/fine-tuning.md shows the formats.",
        """main.py data build ~/footage --out fox-data --sheet
           main.py data build ~/footage --out fox-data --model /models/Wan2.1-T2V-1.3B-Diffusers
           main.py data build ~/footage --out fox-data --captions vlm:/models/SmolVLM2-2.2B-Instruct""",
        project=False,
    )
    kinds = parser.add_subparsers(title="what to do", dest="what", metavar="WHAT", required=True)
    about = "build a data set, or go on building it"
    build = kinds.add_parser("build", help=about, description=about.capitalize(), formatter_class=Help)
    add_json(build)
    build.add_argument("folder", metavar="FOLDER", help="your clips, in any folders below")
    build.add_argument("--out", required=True, metavar="DATASET", help="the data set's folder")
    build.add_argument("--model", default=_MODEL, metavar="MODEL", help="the model to encode for (default: built in)")
    build.add_argument("--size", type=size, metavar="WxH", help="of the pictures (default: the model's own)")
    build.add_argument(
        "--captions", default="sidecar", metavar="FROM", help="sidecar (default), or vlm:FOLDER of a local model"
    )
    build.add_argument("--sheet", action="store_true", help="write a page to look through: DATASET/sheet/index.html")


def add_lct_kind(whats: argparse._SubParsersAction[Parser]) -> None:
    """Add `train lct`."""
    about = "tune a model on your own multi-shot footage"
    lct = whats.add_parser(
        "lct",
        help=about,
        description="Tune a model on a data set of `data build`: Long Context Tuning, then context-causal.",
        formatter_class=Help,
        allow_abbrev=False,
    )
    add_json(lct)
    lct.add_argument("--base", default=_MODEL, metavar="MODEL", help="the model to start from (default: built in)")
    lct.add_argument("--data", required=True, metavar="DATASET", help="what `data build` made for that model")
    lct.add_argument("--out", required=True, metavar="DIR", help="the run's folder: states, logs, sheets, the result")
    lct.add_argument(
        "--mode",
        choices=("lora", "self-attention", "full"),
        default="lora",
        help="what is trained (default: lora; the others leave a whole model)",
    )
    lct.add_argument(
        "--stage",
        choices=("lct", "causal", "both"),
        default="both",
        help="full attention over a scene, shots that see captured context, or one after the other (default)",
    )
    lct.add_argument("--minutes", type=number(0, 1_000_000), metavar="M", help="training time in all (default: 60)")
    lct.add_argument("--steps", type=whole(1), metavar="N", help="optimiser steps in all; without --minutes no clock")
    lct.add_argument("--shots", type=whole(1, 1024), metavar="N", help="shots a step and device (default: by its size)")
    lct.add_argument("--accumulate", type=whole(1, 1024), default=1, metavar="N", help="batches a step (default: 1)")
    lct.add_argument("--rate", type=number(0, 1), metavar="X", help="learning rate (default: by mode and size)")
    lct.add_argument("--rank", type=whole(1, 1024), default=32, metavar="N", help="of the LoRA (default: 32)")
    lct.add_argument("--expert", choices=("high", "low"), help="of a model with two: the one to tune")
    lct.add_argument("--merge", action="store_true", help="with --mode lora: leave a whole model as well")
    lct.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of batches and noise (default: 0)")
    lct.add_argument("--resume", action="store_true", help="go on with the run in --out")
    lct.add_argument(
        "--accelerate-config", metavar="FILE", help="run on several devices, as `accelerate config` wrote it"
    )
