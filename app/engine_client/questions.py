"""Questions for the planner: what would this shot see now? Answered by the engine even while it renders."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from app.document.open_document import OpenDocument
from app.engine_client.supervisor import EngineSupervisor
from app.engine_client.work import Question
from engine.contract import Event, Failed, Finished, GenerateRequest, Planned, PlanRequest
from storyboards.errors import StoryboardError
from storyboards.requests import plan_shot


class Questions(QObject):
    """Keeps the latest question about each shot until it is answered, also over a restart of the engine."""

    answered = Signal(str, object)

    def __init__(self, document: OpenDocument, engine: EngineSupervisor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._engine = document, engine
        self._open: dict[str, Question] = {}  # by shot

    def ask(self, shot_id: str, then: Callable[[Planned], None], failed: Callable[[str, str], None] | None) -> None:
        """Ask; an earlier question about the same shot is dropped."""
        question = Question(shot_id, then, failed)
        self._open[shot_id] = question
        self._document.ask(
            lambda storyboard: plan_shot(storyboard, shot_id),
            partial(self._built, question),
            partial(self._could_not, question),
        )

    def take(self, event: Event) -> bool:
        """Use an event that answers a question. True when it was one of them."""
        question = next((one for one in self._open.values() if one.request_id == event.request_id), None)
        if question is None or not event.request_id:
            return event.request_id.startswith(_MARK)
        match event:
            case Planned():
                del self._open[question.shot_id]
                question.then(event)
                self.answered.emit(question.shot_id, event)
            case Failed(message=message, hint=hint):
                self._fail(question, message, hint)
            case Finished():
                self._open.pop(question.shot_id, None)
            case _:
                pass
        return True

    def send_waiting(self) -> None:
        """The engine is there: ask it what could not be asked before."""
        for question in list(self._open.values()):
            self._send(question)

    def engine_gone(self) -> None:
        """Answers will not come any more; ask again when the engine is back."""
        for question in self._open.values():
            question.request_id = ""

    def _built(self, question: Question, request: GenerateRequest) -> None:
        if self._open.get(question.shot_id) is question:
            question.request = request
            self._send(question)

    def _send(self, question: Question) -> None:
        if question.request is None or question.request_id or not self._engine.ready:
            return
        question.request_id = f"{_MARK}{uuid.uuid4()}"
        self._engine.send(PlanRequest(question.request_id, question.request))

    def _could_not(self, question: Question, error: Exception) -> None:
        if self._open.get(question.shot_id) is not question:
            return
        if isinstance(error, StoryboardError):
            self._fail(question, error.message, error.hint)
        else:
            del self._open[question.shot_id]
            self._document.tell(error)

    def _fail(self, question: Question, message: str, hint: str) -> None:
        self._open.pop(question.shot_id, None)
        if question.failed is not None:
            question.failed(message, hint)


_MARK = "plan-"
