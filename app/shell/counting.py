"""Numbers with their nouns."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def shots(count: int) -> str:
    """ "1 shot", "3 shots"."""
    one = QCoreApplication.translate("Counting", "1 shot")
    return one if count == 1 else QCoreApplication.translate("Counting", "{0} shots").format(count)


def jobs(count: int) -> str:
    """ "1 job", "3 jobs"."""
    one = QCoreApplication.translate("Counting", "1 job")
    return one if count == 1 else QCoreApplication.translate("Counting", "{0} jobs").format(count)


def takes(count: int) -> str:
    """ "1 take", "3 takes"."""
    one = QCoreApplication.translate("Counting", "1 take")
    return one if count == 1 else QCoreApplication.translate("Counting", "{0} takes").format(count)
