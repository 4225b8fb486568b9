"""The content-addressed cache of context keys and values: device tier, host tier, byte budgets, LRU, pinning.

K/V is disposable: latents on disk are the truth, and anything dropped is rebuilt by one forward. Entries in use are
pinned and never evicted; when a budget cannot be met because of pins, the cache grows and says so in its statistics.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

LayerKV = tuple[Tensor, Tensor]


@dataclass(slots=True)
class CacheStatistics:
    """Counted since the cache was made."""

    hits: int = 0
    misses: int = 0
    moved_to_host: int = 0
    moved_to_device: int = 0
    dropped: int = 0


@dataclass(slots=True)
class _Entry:
    layers: list[LayerKV]
    bytes: int
    on_device: bool
    pins: int = 0


@dataclass(slots=True)
class ContextCache:
    """`device_bytes`, `host_bytes`: budgets. On a machine without an accelerator the host tier stays empty."""

    device: torch.device
    device_bytes: int = 2 << 30
    host_bytes: int = 4 << 30
    statistics: CacheStatistics = field(default_factory=CacheStatistics)
    _entries: OrderedDict[str, _Entry] = field(default_factory=OrderedDict)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def used(self, on_device: bool) -> int:
        """Bytes in a tier."""
        return sum(e.bytes for e in self._entries.values() if e.on_device == on_device)

    def get(self, key: str, build: Callable[[], Sequence[LayerKV]]) -> list[LayerKV]:
        """The K/V of `key` on the device; `build` is called (one forward) when it is in no tier."""
        entry = self._entries.get(key)
        if entry is None:
            self.statistics.misses += 1
            layers = list(build())
            entry = _Entry(layers, sum(t.nbytes for pair in layers for t in pair), on_device=True)
            self._entries[key] = entry
        else:
            self.statistics.hits += 1
            self._to_device(entry)
        self._entries.move_to_end(key)
        entry.pins += 1  # what was asked for now must not be what makes room
        try:
            self._make_room()
        finally:
            entry.pins -= 1
        return entry.layers

    @contextmanager
    def pinned(self, keys: Sequence[str]) -> Iterator[None]:
        """While open, these keys (present or not yet) are not evicted once they are here."""
        held: list[_Entry] = []
        for key in keys:
            if key in self._entries:
                self._entries[key].pins += 1
                held.append(self._entries[key])
        try:
            yield
        finally:
            for entry in held:
                entry.pins -= 1
            self._make_room()

    def clear(self) -> None:
        """Drop everything that is not pinned (after out-of-memory, or when another model is loaded)."""
        for key in [k for k, e in self._entries.items() if not e.pins]:
            self._drop(key)

    def _to_device(self, entry: _Entry) -> None:
        if not entry.on_device:
            entry.layers = [(k.to(self.device), v.to(self.device)) for k, v in entry.layers]
            entry.on_device = True
            self.statistics.moved_to_device += 1

    def _make_room(self) -> None:
        has_host_tier = self.device.type != "cpu" and self.host_bytes > 0
        for key in self._oldest(on_device=True, over=self.device_bytes):
            if has_host_tier:
                entry = self._entries[key]
                entry.layers = [(_to_host(k), _to_host(v)) for k, v in entry.layers]
                entry.on_device = False
                self.statistics.moved_to_host += 1
            else:
                self._drop(key)
        for key in self._oldest(on_device=False, over=self.host_bytes):
            self._drop(key)

    def _oldest(self, on_device: bool, over: int) -> list[str]:
        """Keys to evict from a tier, least recently used first, until it fits."""
        excess = self.used(on_device) - over
        keys: list[str] = []
        for key, entry in self._entries.items():
            if excess <= 0:
                break
            if entry.on_device == on_device and not entry.pins:
                keys.append(key)
                excess -= entry.bytes
        return keys

    def _drop(self, key: str) -> None:
        del self._entries[key]
        self.statistics.dropped += 1


def _to_host(x: Tensor) -> Tensor:
    host = torch.empty(x.shape, dtype=x.dtype, pin_memory=torch.cuda.is_available())
    return host.copy_(x)
