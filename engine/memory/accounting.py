"""How much memory a piece of work takes at its peak.

On a CUDA device that is the allocator's own count. Elsewhere every tensor's storage is counted while it lives: exact
for tensors, blind to scratch space inside a kernel. It works on the meta device too, where a 14B model at full size
costs nothing: that is how estimates are checked on a machine that could never run it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Accounting(TorchDispatchMode):
    """Counts bytes of live storages made while it is open. `peak` is the most at one time, `live` what is left."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = 0
        self.peak = 0
        self._known: set[int] = set()  # storages that are counted, or were there before

    def __torch_dispatch__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operation and count what it made."""
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, Tensor):
                self._count(leaf, new=False)
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor):
                self._count(leaf, new=True)
        return out

    def _count(self, tensor: Tensor, new: bool) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._known:
            return
        size = storage.nbytes() if new else 0
        self._known.add(key)
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size


class _FusedAttention(TorchFunctionMode):
    """On the meta device attention takes what a fused kernel takes: its output and one number a query and head."""

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func is torch.nn.functional.scaled_dot_product_attention:
            query: Tensor = args[0] if args else given["query"]
            if query.is_meta:
                query.new_empty(query.shape[:-1], dtype=torch.float32)
                return torch.empty_like(query)
        return func(*args, **given)


def peak_bytes(work: Callable[[], object], device: torch.device) -> int:
    """Most bytes that `work` holds at one time beyond what was there before it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    count = Accounting()
    with _FusedAttention(), count:
        work()
    return count.peak


def held_bytes(module: torch.nn.Module, device: torch.device | None = None) -> int:
    """Bytes of a module's parameters and buffers, those on `device` alone when it is given."""
    tensors = [*module.parameters(), *module.buffers()]
    return sum(_inner_bytes(t) for t in tensors if device is None or t.device.type == device.type)


def _inner_bytes(tensor: Tensor) -> int:
    """Bytes of a tensor; of a quantised one, those of the tensors that it is made of."""
    inner = getattr(tensor, "__tensor_flatten__", None)
    if inner is None:
        return tensor.untyped_storage().nbytes()
    return sum(_inner_bytes(getattr(tensor, name)) for name in inner()[0])
