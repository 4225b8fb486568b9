"""One request, end to end, with a tiny but real backbone: events, files, failures."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from engine import contract as c
from engine.engine import Engine
from engine.film.decode import read_frames
from tests.engine.conftest import candidate, request, shot_task


def run(engine: Engine, asked: c.Request) -> list[c.Event]:
    return list(engine.run(asked))


def saved(events: list[c.Event]) -> list[c.TakeResult]:
    return [e.take for e in events if isinstance(e, c.Saved)]


def failure(events: list[c.Event]) -> c.Failed:
    (found,) = [e for e in events if isinstance(e, c.Failed)]
    return found


def hashes(take: c.TakeResult) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in Path(take.folder).iterdir()}


def test_a_shot_becomes_a_take_with_all_its_files(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    events = run(engine, request(tiny_model, shot_task(tmp_path)))
    (take,) = saved(events)
    assert isinstance(events[-1], c.Finished)
    assert [type(e).__name__ for e in events if not isinstance(e, c.Phase)] == [
        "Planned", "CacheReport", "Step", "Step", "Saved", "Finished",
    ]  # fmt: skip
    assert hashes(take) == take.files
    assert read_frames(take.video).shape == (9, 32, 64, 3)
    assert load_file(take.latents)["latents"].shape == (8, 3, 4, 8)
    manifest = json.loads(Path(take.manifest).read_text())
    assert manifest["seed"] == take.seed and str(tmp_path) not in Path(take.manifest).read_text()


def test_the_same_request_gives_the_same_bytes(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    (first,) = saved(run(engine, request(tiny_model, shot_task(tmp_path / "a"))))
    (second,) = saved(run(Engine(torch.device("cpu")), request(tiny_model, shot_task(tmp_path / "b"))))
    assert hashes(first) == hashes(second)


def test_noise_depends_on_scene_seed_shot_and_take_number_only(
    engine: Engine, tiny_model: Path, tmp_path: Path
) -> None:
    (alone,) = saved(run(engine, request(tiny_model, shot_task(tmp_path / "a"))))
    second_take = c.TakeTask("x", 1, str(tmp_path / "b" / "x"))
    other_place = shot_task(tmp_path / "b", order=4, shot_id="shot-0", takes=(second_take,))
    (moved,) = saved(run(engine, request(tiny_model, other_place)))
    assert moved.seed == alone.seed and moved.latents_hash == alone.latents_hash
    (another,) = saved(run(engine, request(tiny_model, shot_task(tmp_path / "c", number=2))))
    assert another.latents_hash != alone.latents_hash


def test_a_take_number_can_be_repeated_by_its_seed(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    (first,) = saved(run(engine, request(tiny_model, shot_task(tmp_path / "a"))))
    (again,) = saved(run(engine, request(tiny_model, shot_task(tmp_path / "b", number=5, seed=first.seed))))
    assert again.latents_hash == first.latents_hash


def test_a_later_shot_records_what_it_saw_and_the_cache_is_warm_the_second_time(
    engine: Engine, tiny_model: Path, tmp_path: Path
) -> None:
    (one,) = saved(run(engine, request(tiny_model, shot_task(tmp_path))))
    two = shot_task(tmp_path, "t2", order=1)
    events = run(engine, request(tiny_model, two, candidates=(candidate(one, 0),)))
    (take,) = saved(events)
    assert [(r.candidate_id, r.content_hash) for r in take.context] == [("t1", one.latents_hash)]
    three = shot_task(tmp_path, "t3", order=1, number=2)
    events = run(engine, request(tiny_model, three, candidates=(candidate(one, 0),)))
    (report,) = [e for e in events if isinstance(e, c.CacheReport)]
    assert (report.hits, report.misses) == (1, 0)


def test_seeds_of_one_shot_share_one_context(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    (one,) = saved(run(engine, request(tiny_model, shot_task(tmp_path))))
    takes = tuple(c.TakeTask(f"n{n}", n, str(tmp_path / f"n{n}")) for n in (1, 2, 3))
    shot = shot_task(tmp_path, order=1, takes=takes)
    events = run(engine, request(tiny_model, shot, candidates=(candidate(one, 0),)))
    assert len({t.latents_hash for t in saved(events)}) == 3
    assert [e.misses for e in events if isinstance(e, c.CacheReport)] == [1]


def test_a_continuing_shot_goes_on_from_the_take_before(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    (one,) = saved(run(engine, request(tiny_model, shot_task(tmp_path))))
    go_on = shot_task(tmp_path, "t2", order=1, continues=True, frames=8)
    (take,) = saved(run(engine, request(tiny_model, go_on, candidates=(candidate(one, 0, role="recent"),))))
    assert take.frames == 8
    assert read_frames(take.video).shape[0] == 8


def test_a_continuing_shot_without_a_take_before_it_says_what_to_do(
    engine: Engine, tiny_model: Path, tmp_path: Path
) -> None:
    events = run(engine, request(tiny_model, shot_task(tmp_path, continues=True, order=1, frames=8)))
    assert failure(events).code == "bad_request"
    assert "render that one first" in failure(events).message


def test_extending_keeps_the_old_latents_and_adds_new_ones(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    (one,) = saved(run(engine, request(tiny_model, shot_task(tmp_path))))
    longer = shot_task(
        tmp_path, "t2", number=2, frames=21, extension=c.Extension("t1", one.latents, one.latents_hash)
    )
    (take,) = saved(run(engine, request(tiny_model, longer)))
    old, new = load_file(one.latents)["latents"], load_file(take.latents)["latents"]
    assert torch.equal(new[:, :3], old) and new.shape[1] == 6
    assert take.frames == 21 and take.extends == "t1"


def test_a_shot_longer_than_the_model_is_made_in_chunks(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    (take,) = saved(run(engine, request(tiny_model, shot_task(tmp_path, frames=25))))
    assert take.frames == 25


def test_a_reference_image_enters_as_a_one_frame_shot(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    picture = tmp_path / "fox.png"
    Image.fromarray(np.full((50, 90, 3), 200, np.uint8)).save(picture)
    fox = c.ContextCandidate("fox", "reference", "", "fox", str(picture), "", "a fox", -1)
    events = run(engine, request(tiny_model, shot_task(tmp_path), candidates=(fox,)))
    (plan,) = [e for e in events if isinstance(e, c.Planned)]
    assert [(b.role, b.tokens, b.used) for b in plan.blocks] == [("reference", 8, True)]
    assert saved(events)[0].context[0].role == "reference"


def test_a_whole_scene_is_made_jointly(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    shots = [shot_task(tmp_path, f"t{n}", order=n, frames=9 + 4 * (n % 2)) for n in range(3)]
    takes = saved(run(engine, request(tiny_model, *shots, joint=True)))
    assert [t.frames for t in takes] == [9, 13, 9]
    assert all(t.settings["joint"] for t in takes)


@pytest.mark.parametrize("sampler", ["euler", "unipc"])
def test_both_samplers_end_at_finite_latents(
    engine: Engine, tiny_model: Path, tmp_path: Path, sampler: str
) -> None:
    settings = c.SamplingSettings(steps=3, sampler=sampler)  # type: ignore[arg-type]
    (take,) = saved(run(engine, request(tiny_model, shot_task(tmp_path), settings=settings)))
    assert take.settings["sampler"] == sampler


def test_previews_are_written_while_sampling_and_gone_after(
    engine: Engine, tiny_model: Path, tmp_path: Path
) -> None:
    settings = c.SamplingSettings(steps=4, preview_every=1)
    shown = [
        Path(e.preview).exists()
        for e in engine.run(request(tiny_model, shot_task(tmp_path), settings=settings))
        if isinstance(e, c.Step) and e.preview
    ]
    assert len(shown) == 3 and shown[0]
    assert not list(tmp_path.glob("*.preview.jpg"))


def test_cancel_between_steps_keeps_what_is_finished(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    shots = [shot_task(tmp_path, f"t{n}", order=n) for n in range(2)]
    events = []
    for event in engine.run(request(tiny_model, *shots)):
        events.append(event)
        if isinstance(event, c.Saved):
            engine.cancel()
    assert isinstance(events[-1], c.Cancelled)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t0"]


def test_a_missing_model_is_named(engine: Engine, tmp_path: Path) -> None:
    events = run(engine, request(tmp_path / "nowhere", shot_task(tmp_path)))
    assert failure(events).code == "missing_model"


def test_a_damaged_weight_file_is_named(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    weights = broken / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    events = run(engine, request(broken, shot_task(tmp_path)))
    assert failure(events).code == "bad_model"
    assert "transformer" in failure(events).message


def test_changed_latents_of_a_context_take_are_refused(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    (one,) = saved(run(engine, request(tiny_model, shot_task(tmp_path))))
    save_file({"latents": torch.zeros(8, 3, 4, 8)}, one.latents)
    two = shot_task(tmp_path, "t2", order=1)
    events = run(engine, request(tiny_model, two, candidates=(candidate(one, 0),)))
    assert failure(events).code == "bad_latents"
    assert not (tmp_path / "t2").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"size": (65, 32)},
        {"settings": c.SamplingSettings(steps=0)},
        {"settings": c.SamplingSettings(text_guidance=99)},
    ],
)
def test_absurd_requests_are_refused_with_a_sentence(
    engine: Engine, tiny_model: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    assert failure(run(engine, request(tiny_model, shot_task(tmp_path), **changes))).code == "bad_request"


def test_an_existing_take_is_never_overwritten(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    run(engine, request(tiny_model, shot_task(tmp_path)))
    assert failure(run(engine, request(tiny_model, shot_task(tmp_path)))).code == "bad_request"


def test_the_engine_works_on_after_a_failure(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    run(engine, request(tmp_path / "nowhere", shot_task(tmp_path)))
    assert saved(run(engine, request(tiny_model, shot_task(tmp_path))))


def test_every_event_survives_the_wire(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    for event in run(engine, request(tiny_model, shot_task(tmp_path))):
        assert c.decode(c.encode(event)) == event


def test_an_absurdly_long_prompt_is_cut_not_crashed(engine: Engine, tiny_model: Path, tmp_path: Path) -> None:
    shot = dataclasses.replace(shot_task(tmp_path), text="fox " * 2000)
    assert saved(run(engine, request(tiny_model, shot)))
