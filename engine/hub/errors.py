"""What can go wrong on the way from the hub to the disk: a sentence, and what to do next."""

from __future__ import annotations

from typing import Literal

HubCode = Literal[
    "offline", "no_network", "not_found", "gated", "unauthorised", "disk_full", "read_only", "corrupt", "refused",
    "not_a_model", "server",
]  # fmt: skip


class HubError(Exception):
    """A model cannot be fetched, added, checked or removed. `code` is for programs, `hint` says what to do."""

    def __init__(self, code: HubCode, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.code, self.message, self.hint = code, message, hint
