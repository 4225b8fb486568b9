"""The request of a job, read from the document at the moment that the job begins."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Row, func, select

from engine.contract import (
    ContextCandidate,
    Extension,
    FailureCode,
    GenerateRequest,
    ImportRequest,
    ShotTask,
    TakeTask,
    settings_of,
)

from .database import Work
from .errors import OutsideProject
from .facts import SceneFacts, scene_facts
from .jobs import JobParams
from .lengths import LONGEST
from .model_folders import engine_name
from .paths import LATENTS, TAKES, inside
from .scenes import the_project
from .tables import ContextChoice, Element, Job, ReferenceImage, Shot, Take, new_id

Plan = list[dict[str, Any]]


class CannotBuild(Exception):
    """What stands in the way of a request, for the job's row."""

    def __init__(self, code: FailureCode, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.code, self.message, self.hint = code, message, hint


def build_request(work: Work, job: Job, root: Path) -> tuple[GenerateRequest | ImportRequest, Plan]:
    """Return the request of a job that begins, and the takes it plans. No shots when nothing is left to do.

    Raises CannotBuild. Take numbers are used up by this, also if the run comes to nothing.
    """
    builder = _Builder(work, job, root)
    return builder.build_import() if builder.params.clip else builder.build()


def build_plan(work: Work, job: Job, root: Path) -> GenerateRequest:
    """Return what a job that is no row would ask for today, with tasks that make no takes. Writes nothing.

    Raises CannotBuild.
    """
    return _Builder(work, job, root, dry=True).build()[0]


class _Builder:
    def __init__(self, work: Work, job: Job, root: Path, dry: bool = False) -> None:
        self.dry = dry
        self.continued: set[str] = set()
        self.work, self.job, self.root = work, job, root
        self.session = work.session
        self.params = JobParams.of(job)
        self.plan: Plan = []
        facts = scene_facts(self.session, work.get(Shot, job.shot_id).scene_id)
        assert facts is not None
        self.facts: SceneFacts = facts
        self.lines: dict[str, Row[Any]] = {line.id: line for line in facts.shots}
        self.targets = list(self.params.shots) if job.kind == "joint" else [job.shot_id]
        self.saved = self.session.scalar(select(func.count()).select_from(Take).where(Take.job_id == job.id)) or 0

    def build(self) -> tuple[GenerateRequest, Plan]:
        project, scene = the_project(self.session), self.facts.scene
        tasks = tuple(self._task(shot_id) for shot_id in self.targets) if self._owes() else ()
        size = None if project.width is None or project.height is None else (project.width, project.height)
        asked = {**scene.settings, **self.params.settings}
        if tasks:
            _find_loras(asked)
        request = GenerateRequest(
            id=self.job.run_id,
            model=engine_name(project.model),
            scene_id=scene.id,
            scene_seed=scene.seed,
            shots=tasks,
            candidates=self._candidates() if tasks else (),
            size=size,
            settings=settings_of(asked),
            joint=self.job.kind == "joint",
            two_sided=self.params.two_sided,
        )
        files = {name: asked[name] for name in ("loras", "first_frame") if asked.get(name)}
        for line in self.plan:
            line |= {"model": project.model, **({"files": files} if files else {})}
        return request, self.plan

    def build_import(self) -> tuple[ImportRequest, Plan]:
        """Return the request of a take that is made of a clip."""
        project, clip = the_project(self.session), Path(self.params.clip)
        if self._owes() and not clip.is_file():
            hint = "Put it back and retry, or import it from where it is now."
            raise CannotBuild("missing_file", f"The clip {clip} is not there any more.", hint)
        tasks = tuple(self._task(shot_id) for shot_id in self.targets) if self._owes() else ()
        size = None if project.width is None or project.height is None else (project.width, project.height)
        model = engine_name(project.model)
        request = ImportRequest(
            self.job.run_id, model, self.facts.scene.id, tasks, str(clip), size=size, longest=LONGEST
        )
        for line in self.plan:
            line["model"] = project.model
        return request, self.plan

    def _owes(self) -> int:
        """Count the takes left to make for each shot. Shots denoised together are made anew together."""
        return 1 if self.job.kind == "joint" else max(0, self.params.takes - self.saved)

    def _task(self, shot_id: str) -> ShotTask:
        line = self.lines.get(shot_id)
        if line is None:
            raise CannotBuild("bad_request", "A shot of this job was deleted.", "Restore it, or cancel the job.")
        wanted = self.facts.wanted(line, self.params.caption)
        base = self._base(line) if self.job.kind == "extend" else None
        continued = self._continued(line, base)
        if continued is not None:
            self.continued.add(continued.id)
        frames = line.frames if base is None else base.frames + self.params.add_frames
        seed = self.params.seed
        return ShotTask(
            shot_id=shot_id,
            name=self.facts.now.name(shot_id),
            order=self.facts.now.places[shot_id],
            text=wanted.text,
            frames=frames,
            takes=() if self.dry else self._takes(shot_id, wanted.prompt, continued),
            continues=line.continues if base is None else bool(base.continued_take_id),
            seed=None if seed is None else seed + (0 if self.job.kind == "joint" else self.saved),
            extension=None if base is None else Extension(base.id, self._latents(base), base.latents_hash),
        )

    def _takes(self, shot_id: str, prompt: str, continued: Take | None) -> tuple[TakeTask, ...]:
        """Give out ids and numbers, and note for each take what its row will need."""
        shot = self.work.get(Shot, shot_id)
        tasks = []
        for _ in range(self._owes()):
            take_id, number = new_id(), shot.next_take_number
            shot.next_take_number += 1
            self.plan.append(
                {
                    "take_id": take_id,
                    "take_number": number,
                    "shot_id": shot_id,
                    "prompt": prompt,
                    "continued_take_id": continued.id if continued else "",
                    "continued_hash": continued.latents_hash if continued else "",
                }
            )
            tasks.append(TakeTask(take_id, number, str(self.root.resolve() / TAKES / take_id)))
        return tuple(tasks)

    def _base(self, line: Row[Any]) -> Take:
        """Return the take to make longer."""
        take = self.session.get(Take, self.params.take_id or line.selected_take_id or "")
        if take is None or take.deleted_at is not None:
            raise CannotBuild(
                "bad_request", "The take to be made longer is not there any more.", "Select a take and queue it again."
            )
        return take

    def _continued(self, line: Row[Any], base: Take | None) -> Take | None:
        """Return the take that a continuing shot goes on from; a longer take keeps the one that it began with."""
        if base is not None:
            kept = self.session.get(Take, base.continued_take_id) if base.continued_take_id else None
            if base.continued_take_id and kept is None:
                raise CannotBuild(
                    "missing_file", "The take that this one continues was cleaned up.", "Render the shot anew instead."
                )
            return kept
        if not line.continues:
            return None
        name, before = self.facts.now.name(line.id), self.facts.now.previous(line.id)
        if not before:
            raise CannotBuild(
                "bad_request", f"{_capital(name)} continues the shot before it, but is the first.", "Make it a cut."
            )
        shown = self.facts.now.shows.get(before)
        if shown is None:
            before = self.facts.now.name(before)
            hint = f"Render {before} first, or make this shot a cut."
            raise CannotBuild("bad_request", f"{_capital(name)} continues {before}, which has no take yet.", hint)
        return self.session.get(Take, shown.take_id)

    def _candidates(self) -> tuple[ContextCandidate, ...]:
        choices, noises = self._choices()
        continued = self.continued
        shown = [line.selected_take_id for line in self.facts.shots if line.id not in self.targets]
        wanted = continued | {take_id for take_id in shown if take_id}
        takes = {take.id: take for take in self.session.scalars(select(Take).where(Take.id.in_(wanted)))}
        candidates = list(self._images(choices, noises))
        for take in sorted(takes.values(), key=lambda take: self.facts.now.places.get(take.shot_id, -1)):
            name, choice = self.facts.now.name(take.shot_id), choices.get(take.shot_id, "auto")
            recent = take.id in continued
            if not recent and any(takes[other].shot_id == take.shot_id for other in continued):
                continue  # the shot is there with the take that is continued
            candidates.append(
                ContextCandidate(
                    id=take.id,
                    role="recent" if recent else "shot",
                    shot_id=take.shot_id,
                    name=name,
                    path=self._latents(take, needed=recent or choice != "excluded"),
                    latents_hash=take.latents_hash,
                    text=take.text,
                    order=self.facts.now.places.get(take.shot_id, 0),
                    choice="auto" if recent else choice,
                    noise=noises.get(take.shot_id),
                )
            )
        return tuple(candidates)

    def _images(self, choices: dict[str, Any], noises: dict[str, float]) -> Iterable[ContextCandidate]:
        live = (Element.scene_id == self.facts.scene.id) & Element.deleted_at.is_(None)
        found = select(ReferenceImage, Element.name).join(Element, Element.id == ReferenceImage.element_id)
        rows = self.session.execute(
            found.where(live, ReferenceImage.deleted_at.is_(None)).order_by(Element.position, ReferenceImage.position)
        )
        for image, element in rows:
            choice = choices.get(image.id, "auto")
            path = self._file(image.path, f"The image {image.name!r} of {element}", choice != "excluded")
            name = f"{element} ({image.name})"
            yield ContextCandidate(image.id, "reference", "", name, path, "", "", -1, choice, noises.get(image.id))

    def _choices(self) -> tuple[dict[str, Any], dict[str, float]]:
        """Return choice and noise by shot or image; of shots rendered together, a pin outdoes an exclusion."""
        choices: dict[str, Any] = {}
        noises: dict[str, float] = {}
        found = select(ContextChoice).where(ContextChoice.shot_id.in_(self.targets)).order_by(ContextChoice.id)
        for row in self.session.scalars(found):
            target = row.target_shot_id or row.target_reference_id or ""
            if row.choice != "auto" and choices.get(target) != "pinned":
                choices[target] = row.choice
            if row.noise is not None:
                noises[target] = min(row.noise, noises.get(target, 1.0))
        return choices, noises

    def _latents(self, take: Take, needed: bool = True) -> str:
        name = f"Take {take.number} of {self.facts.now.name(take.shot_id)}"
        return self._file(f"{take.folder}/{LATENTS}", name, needed)

    def _file(self, relative: str, name: str, needed: bool) -> str:
        try:
            path = inside(self.root.resolve(), relative)
        except OutsideProject as error:
            raise CannotBuild("bad_request", error.message, error.hint) from error
        if needed and not path.is_file():
            raise CannotBuild(
                "missing_file",
                f"{name} has lost its file {relative}.",
                "Put it back, select another take there, or exclude it from what this shot sees.",
            )
        return str(path)


def _find_loras(settings: dict[str, Any]) -> None:
    """A LoRA that is not there fails this job alone; a model that the engine cannot load would hold the queue up."""
    for lora in settings.get("loras") or ():
        if not Path(lora["path"]).is_file():
            hint = "Put it back, or take it off the LoRAs of the shot or its scene."
            raise CannotBuild("missing_file", f"The LoRA {lora['path']} is not there.", hint)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
