"""From an exception to a typed failure with a hint, for all that can go wrong without a model."""

from __future__ import annotations

import errno

from engine.contract import FailureCode

Failure = tuple[FailureCode, str, str]


def plain_failure(error: Exception) -> Failure:
    """(code, message, hint) of what went wrong with files and films; whatever else it is, is "internal"."""
    if isinstance(error, FileNotFoundError):
        return "missing_file", f"{error.filename or error} is gone", "exclude it, or make that take again"
    if isinstance(error, OSError):
        return _os_failure(error)
    hint, code = getattr(error, "hint", None), getattr(error, "code", None)
    if hint is not None and code is not None:
        return code, str(error), hint
    return "internal", f"{type(error).__name__}: {error}", "retry; if it stays, report it with the log"


def _os_failure(error: OSError) -> Failure:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "disk_full", "the disk is full", "free some space; nothing that was finished is lost, then retry"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return "read_only", f"{error.filename or 'the folder'} cannot be written", "check the folder's permissions"
    return "internal", f"{type(error).__name__}: {error}", "retry; if it stays, report it with the log"
