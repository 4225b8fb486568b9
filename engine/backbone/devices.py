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
    """Whether bf16 is faster than fp32: a GPU of compute capability 8, or a CPU with AMX tiles or AVX-512 BF16.

    A CPU with neither emulates bf16 matmuls, hundreds of times slower than fp32 (measured on an EPYC 7003); with
    AVX-512 BF16 they are four times faster (EPYC 9005), with AMX six times.
    """
    if torch.cuda.is_available():
        return torch.cuda.get_device_capability()[0] >= 8
    probes = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("amx_tile", "avx512_bf16"))
    return any(bool(probe and probe()) for probe in probes)


def render_dtype() -> torch.dtype:
    """What a transformer renders in on this machine: bf16 where that is faster, else fp32."""
    return torch.bfloat16 if fast_bf16() else torch.float32
