"""What can go wrong between a folder of footage and a data set; `hint` says what to do next."""

from __future__ import annotations


class FootageError(Exception):
    """Footage, a sidecar or a data set that cannot be used as it is."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.message, self.hint = message, hint


class CaptionerMissing(FootageError):
    """The vision-language model that was asked for is not there, or is not one."""
