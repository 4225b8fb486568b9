"""What this machine multiplies fast."""

from __future__ import annotations

import functools

import torch


def best_device() -> torch.device:
    """The accelerator if there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


@functools.cache
def fast_bf16() -> bool:
    """Whether bf16 is faster than fp32: a GPU of compute capability 8, or a CPU with AMX tiles.

    A CPU without AMX emulates bf16 matmuls, hundreds of times slower than fp32 (measured on an EPYC 7003).
    """
    if torch.cuda.is_available():
        return torch.cuda.get_device_capability()[0] >= 8
    probe = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(probe and probe())
