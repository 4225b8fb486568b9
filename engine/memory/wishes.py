"""How the user asks for the way a model lies in memory, in the words of a command line: `render` and the worker."""

from __future__ import annotations

import argparse

from engine.memory.plans import OFFLOADS, PACKINGS, PRECISIONS, Asked


def add_wishes(parser: argparse.ArgumentParser) -> None:
    """Add the options. What is not said is planned from an estimate."""
    group = parser.add_argument_group("memory and speed")
    group.add_argument("--precision", choices=PRECISIONS, help="of the transformer's weights")
    group.add_argument(
        "--offload", choices=OFFLOADS,
        help="parts: text encoder, transformer and VAE take turns on the device; blocks: transformer block by block",
    )  # fmt: skip
    group.add_argument("--attention", metavar="NAME", help="a back end of diffusers': native, flash, sage ...")
    group.add_argument("--context-pack", choices=PACKINGS, help="keep what shots see in 8 bits a number")
    group.add_argument("--compile", action="store_true", help="compile the transformer's block first (torch.compile)")


def asked_in(given: argparse.Namespace) -> Asked:
    """Return the wishes that were given by these options."""
    return Asked(given.precision, given.offload, given.attention, given.compile, given.context_pack)
