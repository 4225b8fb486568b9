"""Tuning on footage: each mode trains what it says, goes on where it stopped, and leaves what the engine loads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from engine.backbone.loading import load_backbone, load_expert, usable
from engine.contract import LoraUse
from engine.footage.build import build
from engine.footage.errors import FootageError
from engine.footage.order import order_for
from engine.training.batches import BatchMaker, Spans
from engine.training.dataset import FootageTable
from engine.training.loop import Loop
from engine.training.losses import loss_of
from engine.training.trainable import make_trainable
from engine.training.tuning import Tuned, Tuning, TuningError, tune
from tests.engine.families import layouts
from tests.engine.footage.reels import reel, shot


def footage_for(model: Path, folder: Path, frames: int = 12) -> Path:
    """A data set of three scenes of three told shots, one of them with a continuation."""
    for number in range(3):
        clip = folder / "footage" / f"{number}.mp4"
        reel(clip, *(shot(frames, 3 * number + n) for n in range(4)))
        told = [
            {"start": n * frames / 8, "end": (n + 1) * frames / 8, "caption": f"A fox {n}.", "continues": n == 3}
            for n in range(4)
        ]
        clip.with_suffix(".json").write_text(json.dumps({"global": "[Character] a fox.", "shots": told}))
    size = None if json.loads((model / "transformer" / "config.json").read_text())["in_channels"] == 8 else (64, 32)
    build(order_for(folder / "footage", folder / "data", str(model), size))
    return folder / "data"


@pytest.fixture(scope="module")
def data(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return footage_for(tiny_model, tmp_path_factory.mktemp("tuning"))


@pytest.fixture(autouse=True)
def quick_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    """One scene of two shots in one step: a sheet is looked at, not measured."""
    for name, value in (("SCENES", 1), ("SHOTS", 2), ("STEPS", 1)):
        monkeypatch.setattr(f"engine.training.samples.{name}", value)


def order(base: Path, data: Path, out: Path, **changes: object) -> Tuning:
    plain = Tuning(str(base), data, out, steps=4, shots=4, rank=4, rate=1e-3)
    return replace(plain, **changes)  # type: ignore[arg-type]


def tuned_weights(base: Path, model: Path) -> set[str]:
    """Names of the tensors that a tuning changed."""
    before = load_expert(usable(str(base)), "transformer", torch.bfloat16).state_dict()
    after = load_expert(usable(str(model)), "transformer", torch.bfloat16).state_dict()
    assert before.keys() == after.keys()
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_a_lora_goes_through_both_stages_and_is_worn_by_the_base(tiny_model: Path, data: Path, tmp_path: Path) -> None:
    tuned = tune(order(tiny_model, data, tmp_path / "fox", merge=True))
    assert tuned.lora == tmp_path / "fox" / "fox.safetensors" and tuned.model is not None
    assert {stage: end["step"] for stage, end in tuned.stages.items()} == {"lct": 2, "causal": 2}
    with safe_open(tuned.lora, "pt") as file:
        names, facts = set(file.keys()), file.metadata()
    assert "transformer.blocks.0.attn1.to_q.lora_A.weight" in names and facts["mode"] == "lora"
    assert facts["base_fingerprint"] == load_backbone(str(tiny_model)).fingerprint
    assert (tmp_path / "fox" / "causal" / "sheets" / "step-000002.jpg").is_file()
    worn = load_backbone(str(tiny_model), torch.device("cpu"))
    worn.loras.wear([LoraUse(str(tuned.lora), 1.0)])
    merged = load_backbone(str(tuned.model), torch.device("cpu"))
    x, t, text = torch.randn(1, 8, 2, 4, 8), torch.tensor([500.0]), torch.randn(1, 5, 384)
    with torch.no_grad():
        one, other = (b.transformer(x, t, text, return_dict=False)[0] for b in (worn, merged))
        plain = load_backbone(str(tiny_model), torch.device("cpu")).transformer(x, t, text, return_dict=False)[0]
    assert torch.allclose(one, other, atol=3e-2) and not torch.allclose(one, plain, atol=1e-4)


@pytest.mark.parametrize("mode", ["self-attention", "full"])
def test_other_modes_leave_a_model_that_changed_where_it_should(
    mode: str, tiny_model: Path, data: Path, tmp_path: Path
) -> None:
    tuned = tune(order(tiny_model, data, tmp_path / "fox", mode=mode, stages=("causal",), rate=1e-2))
    assert tuned.lora is None and tuned.model is not None
    changed = tuned_weights(tiny_model, tuned.model)
    assert any(".attn1." in name for name in changed)
    assert (mode == "full") == any(".attn1." not in name for name in changed)
    profile = load_backbone(str(tuned.model)).profile
    assert (profile.name, profile.size) == ("fox", (64, 32))


@pytest.mark.parametrize("mode", ["lora", "full"])
def test_a_wan_folder_is_tuned_and_still_is_one(mode: str, tmp_path: Path) -> None:
    base = layouts.save_wan21(tmp_path / "Wan2.1-T2V-1.3B-Diffusers")
    data = footage_for(base, tmp_path, frames=11)
    tuned = tune(order(base, data, tmp_path / "mine", mode=mode, merge=True))
    assert tuned.model is not None and load_backbone(str(tuned.model)).profile.fps == 16.0
    from diffusers import WanPipeline, WanTransformer3DModel

    transformer = WanTransformer3DModel.from_pretrained(tuned.model / "transformer")
    assert transformer.config.num_layers == 2
    if tuned.lora is not None:
        pipe = WanPipeline.from_pretrained(base)
        pipe.load_lora_weights(str(tuned.lora))
        assert pipe.get_active_adapters() == ["default_0"]


def test_an_expert_of_two_is_tuned_in_its_own_noise_levels(tmp_path: Path) -> None:
    base = layouts.save_a14b(tmp_path / "Wan2.2-T2V-A14B-Diffusers")
    data = footage_for(base, tmp_path, frames=11)
    with pytest.raises(TuningError, match="two experts"):
        tune(order(base, data, tmp_path / "none"))
    tuned = tune(order(base, data, tmp_path / "low", expert="low", stages=("causal",), mode="full", rate=1e-2))
    assert tuned.model is not None
    high, low = load_backbone(str(tuned.model)).experts
    first, second = load_backbone(str(base)).experts
    assert torch.equal(high.proj_out.weight, first.proj_out.weight)
    assert not torch.equal(low.proj_out.weight, second.proj_out.weight.bfloat16().float())


def interrupted(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Ctrl-C after so many steps."""
    step = Loop._step

    def stop(self: Loop) -> None:
        step(self)
        if self.progress.step == at:
            monkeypatch.setattr(Loop, "_step", step)
            raise KeyboardInterrupt

    monkeypatch.setattr(Loop, "_step", stop)


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(
    tiny_model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = order(tiny_model, data, tmp_path / "whole", stages=("causal",), steps=5)
    tune(whole)
    halved = replace(whole, out=tmp_path / "halved")
    interrupted(monkeypatch, at=2)
    with pytest.raises(KeyboardInterrupt):
        tune(halved)
    with pytest.raises(TuningError, match="holds a run"):
        tune(halved)
    tune(replace(halved, resume=True))
    one, other = (load_file(run.out / "causal" / "weights.safetensors") for run in (whole, halved))
    assert all(torch.equal(one[name], other[name]) for name in one)
    steps = [json.loads(line)["step"] for line in (halved.out / "causal" / "log.jsonl").read_text().splitlines()]
    assert steps == [2, 5]


def test_a_finished_stage_is_not_run_again(tiny_model: Path, data: Path, tmp_path: Path) -> None:
    first = order(tiny_model, data, tmp_path / "fox", stages=("lct",))
    tune(first)
    before = (first.out / "lct" / "log.jsonl").read_text()
    tuned: Tuned = tune(replace(first, stages=("lct", "causal"), resume=True))
    assert (first.out / "lct" / "log.jsonl").read_text() == before
    assert tuned.stages["causal"]["step"] == 2


def test_data_of_another_model_is_refused_by_name(data: Path, tmp_path: Path) -> None:
    base = layouts.save_wan21(tmp_path / "Wan2.1-T2V-1.3B-Diffusers")
    with pytest.raises(TuningError, match=r"built for tiny.*differs in vae, text"):
        tune(order(base, data, tmp_path / "out"))
    with pytest.raises(FootageError, match="no data set"):
        tune(order(base, tmp_path, tmp_path / "out"))


def test_checkpointing_changes_memory_and_not_the_gradient(tiny_model: Path, data: Path) -> None:
    table = FootageTable(data)
    spans = table.spans(5, 4, 2)
    assert isinstance(spans, Spans) and max(spans.lengths) == 3
    gradients = []
    for checkpointing in (False, True):
        model = load_expert(usable(str(tiny_model)), "transformer", torch.float32).train()
        make_trainable(model, "self-attention", 4, 0)
        if checkpointing:
            model.enable_gradient_checkpointing()
        maker = BatchMaker(table, 4, table.text(table.empty_key), usable(str(tiny_model)).profile.positions, 0, spans)
        batch = next(b for b in (maker.causal() for _ in range(50)) if len(b.context) > 1)
        loss_of(model, batch).backward()  # type: ignore[no-untyped-call]
        gradients.append([p.grad for p in model.parameters() if p.grad is not None])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*gradients, strict=True))


def test_batches_of_footage_never_ask_for_more_than_a_shot_has(tiny_model: Path, data: Path) -> None:
    table = FootageTable(data)
    rule = usable(str(tiny_model)).profile.positions
    maker = BatchMaker(table, 6, table.text(table.empty_key), rule, 3, table.spans(5, 4, 2))
    for _ in range(60):
        for batch in (maker.single(), maker.long_context(), maker.causal()):
            for part in [*batch.targets, *batch.context]:
                assert part.noisy.shape[1:2] == (8,) and part.noisy.shape[2] >= 1
                assert bool(torch.isfinite(part.noisy).all())


def test_processes_draw_the_same_forms_and_other_shots(tiny_model: Path, data: Path) -> None:
    table = FootageTable(data)
    rule = usable(str(tiny_model)).profile.positions
    empty = table.text(table.empty_key)
    one, other = (BatchMaker(table, 6, empty, rule, 3, table.spans(5, 4, 2), share=share) for share in (0, 1))
    for _ in range(40):
        a, b = one.causal(), other.causal()
        assert [p.noisy.shape for p in a.targets + a.context] == [p.noisy.shape for p in b.targets + b.context]
        assert not torch.equal(a.targets[0].noisy, b.targets[0].noisy)
