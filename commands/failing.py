"""How a command ends when it cannot do what was asked: one readable line and an exit code."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

OK, USER_ERROR, USAGE_ERROR, ENGINE_FAILURE, CANCELLED = 0, 1, 2, 3, 130

# What the user can put right in the command or the project; anything else is the engine's.
USERS = frozenset({"missing_model", "bad_request", "missing_file", "read_only"})


class CommandError(Exception):
    """Ends a command. `message` says what happened, `hint` what to do next."""

    def __init__(self, message: str, hint: str = "", exit_code: int = USER_ERROR) -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message, self.hint, self.exit_code = message, hint, exit_code


@dataclass(frozen=True, slots=True)
class Told:
    """An exception in the user's words."""

    message: str
    hint: str
    exit_code: int

    @property
    def line(self) -> str:
        """Message and hint on one line."""
        return " ".join(" ".join(_sentence(part).split()) for part in (self.message, self.hint) if part)


def tell(error: Exception) -> Told:
    """Put any exception into a sentence, a hint and an exit code."""
    if isinstance(error, CommandError):
        return Told(error.message, error.hint, error.exit_code)
    message, hint = getattr(error, "message", ""), getattr(error, "hint", None)
    code = getattr(error, "code", "")
    if message and hint is not None:  # errors of the document
        return Told(message, hint, USER_ERROR)
    if "engine.failures" in sys.modules or "engine.backbone.loading" in sys.modules:
        from engine.failures import failure_of

        code, message, hint = failure_of(error)
        if code != "internal":
            return Told(message, hint, USER_ERROR if code in USERS else ENGINE_FAILURE)
    if hint is not None and code:  # errors of film, which come with a code of their own
        return Told(str(error), hint, USER_ERROR if code in USERS else ENGINE_FAILURE)
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return Told(f"{error.filename or 'a file'}: {reason}", "Check the path and its permissions.", USER_ERROR)
    return Told(
        f"something went wrong inside Matchcut: {type(error).__name__}: {error}",
        "Nothing that was finished is lost. MATCHCUT_TRACEBACK=1 shows where it happened.",
        ENGINE_FAILURE,
    )


def wants_traceback() -> bool:
    """Say whether the user asked to see where errors come from."""
    return bool(os.environ.get("MATCHCUT_TRACEBACK"))


def _sentence(text: str) -> str:
    text = _capital(text.strip())
    return text if not text or text.endswith((".", "!", "?", ":")) else f"{text}."


def _capital(text: str) -> str:
    """Begin a sentence with a capital, but leave the names of files and commands as they are."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.isalpha() else text
