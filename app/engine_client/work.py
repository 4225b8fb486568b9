"""What engines have been given: one job or film at a time, and any number of questions for a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from app.shots_model import ShotProgress
from engine.contract import ExportRequest, GenerateRequest, ImportRequest, Planned, Step


@dataclass(slots=True)
class RunningJob:
    """The job that the engine works on."""

    job_id: str
    request: GenerateRequest | ImportRequest
    cancelling: bool = False

    @property
    def shots(self) -> tuple[str, ...]:
        """The shots that it makes takes of."""
        return tuple(shot.shot_id for shot in self.request.shots)

    @property
    def name(self) -> str:
        """What to call it: "shot 3"."""
        return ", ".join(shot.name for shot in self.request.shots)

    def progress(self, step: Step) -> ShotProgress:
        """What a step means for its shot."""
        return ShotProgress(
            self.job_id, self._take_number(step.take_id), step.step, step.steps, step.seconds_left, "denoising"
        )

    def beginning(self, shot_id: str, phase: str) -> ShotProgress:
        """The same before the first step."""
        shot = next(shot for shot in self.request.shots if shot.shot_id == shot_id)
        number = shot.takes[0].take_number if shot.takes else 0
        return ShotProgress(self.job_id, number, 0, 0, 0.0, phase)

    def _take_number(self, take_id: str) -> int:
        numbers = {task.take_id: task.take_number for shot in self.request.shots for task in shot.takes}
        return numbers.get(take_id, 0)


@dataclass(slots=True)
class RunningExport:
    """The film that is being made."""

    request: ExportRequest
    cancelling: bool = False
    done: float = 0.0  # 0..1


@dataclass(slots=True)
class Question:
    """A plan that somebody asked for. Only the latest question about a shot is answered."""

    shot_id: str
    then: Callable[[Planned], None]
    failed: Callable[[str, str], None] | None
    request_id: str = ""
    request: GenerateRequest | None = field(default=None, repr=False)
