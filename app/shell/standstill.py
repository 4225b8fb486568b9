"""An engine that makes no progress: the user is told above the board, once, and offered the ways out."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.engine_client.wording import still_text
from app.shell.notices import Notices
from app.shell.workspace import Workspace

_KEY = "standstill"


class Standstill(QObject):
    """Lives as long as the open project."""

    def __init__(self, here: Workspace, notices: Notices) -> None:
        super().__init__(here)
        self._verbs, self._notices = here.verbs, notices
        self._told = ""  # the job that it was told of: a notice that was dismissed does not come again
        here.runner.stalled.connect(self._stalled)

    def _stalled(self, job_id: str, name: str, seconds: float) -> None:
        if not seconds:
            self._told = ""
            self._notices.drop(_KEY)
        elif job_id != self._told:
            self._told = job_id
            text = self.tr("{0}: {1}. The engine may hang, or this step may take long.")
            offers = [
                (self.tr("Cancel"), lambda: self._verbs.cancel(job_id)),
                (self.tr("Restart engine"), self._verbs.restart_engine),
            ]
            self._notices.tell(_KEY, text.format(name[:1].upper() + name[1:], still_text(seconds)), offers)
