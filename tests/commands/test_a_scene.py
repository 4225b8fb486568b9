"""From a story to a film, as a user would type it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import save_file

from engine.film.decode import probe
from storyboards.paths import sha256
from storyboards.story_text import read_story
from tests.commands.conftest import CommandLine


def shots_of(matchcut: CommandLine) -> list[dict[str, Any]]:
    """The shots of the only scene."""
    (scene,) = matchcut.ok("show")["scenes"]
    shots: list[dict[str, Any]] = scene["shots"]
    return shots


def stale(matchcut: CommandLine) -> list[int]:
    """Numbers of stale shots."""
    return [shot["number"] for shot in shots_of(matchcut) if shot["stale"]]


def files_of(project: Path) -> dict[str, str]:
    """Every file of every take by its hash."""
    return {str(path.relative_to(project)): sha256(path) for path in (project / "takes").rglob("*") if path.is_file()}


def test_a_scene_from_its_story_to_the_film(matchcut: CommandLine, story_file: Path, tiny_model: Path) -> None:
    made = matchcut.ok("new", "tale", "--model", tiny_model)
    project = Path(made["project"])
    assert project.name == "tale.matchcut" and made["scenes"] == 0
    assert matchcut.ok("import", story_file)["shots"] == 3

    rendered = matchcut.ok("render", "--steps", "1")
    assert [take["shot"] for take in rendered["takes"]] == [1, 2, 3]
    assert rendered["complete"] and not rendered["failures"] and not rendered["cancelled"]
    saw = [{item["shot_id"] for item in shot["takes"][0]["saw"]} for shot in shots_of(matchcut)]
    ids = [shot["id"] for shot in shots_of(matchcut)]
    assert saw == [set(), {ids[0]}, {ids[0], ids[1]}]

    before = files_of(project)
    again = matchcut.ok("regenerate", 2, "--prompt", "The fox dances, medium shot.", "--seed", 99, "--steps", 1)
    assert [(take["shot"], take["take"]) for take in again["takes"]] == [(2, 2)]
    assert again["stale"] == stale(matchcut) == [3]
    assert before.items() <= files_of(project).items(), "a take of before was touched"
    second = shots_of(matchcut)[1]
    assert second["selected"] == 2 and second["takes"][1]["seed"] == 99
    assert second["takes"][1]["prompt"] == "The fox dances, medium shot."

    assert matchcut.ok("select", 2, 1)["stale"] == []
    assert stale(matchcut) == []

    new = matchcut.ok("insert", "--after", 1, "--prompt", "The fox sleeps, close-up.", "--frames", 9)
    assert new["shot"] == 2
    assert [take["shot"] for take in matchcut.ok("render", "--steps", 1)["takes"]] == [2]
    longer = matchcut.ok("extend", 1, "--seconds", 1, "--steps", 1)
    assert [(take["shot"], take["take"]) for take in longer["takes"]] == [(1, 2)]
    first = shots_of(matchcut)[0]
    assert first["frames"] == 17 and first["takes"][1]["extends"] == first["takes"][0]["id"]

    film = matchcut.ok("export", "--out", "tale.mp4")
    info = probe(film["path"])
    assert (info.frames, info.codec, info.pix_fmt, info.faststart) == (17 + 3 * 9, "h264", "yuv420p", True)
    assert not film["reencoded"]
    sidecar = json.loads(Path(film["sidecar"]).read_text(encoding="utf-8"))
    assert [line["shot"] for line in sidecar["metadata"]["shots"]] == [1, 2, 3, 4]
    assert str(matchcut.cwd) not in Path(film["sidecar"]).read_text(encoding="utf-8")


def test_render_leaves_shots_with_takes_alone(matchcut: CommandLine, rendered: Path) -> None:
    before = files_of(rendered)
    answer = matchcut("render")
    assert answer.code == 0 and "3 of 3 shots show a take" in answer.out
    assert matchcut.ok("render", 2)["takes"] == []
    assert files_of(rendered) == before


def test_several_takes_wait_for_the_user_to_choose(matchcut: CommandLine, rendered: Path) -> None:
    assert len(matchcut.ok("regenerate", 2, "--takes", 2, "--steps", 1)["takes"]) == 2
    assert [(take["number"], take["selected"]) for take in shots_of(matchcut)[1]["takes"]] == [
        (1, True),
        (2, False),
        (3, False),
    ]


def test_a_regenerated_shot_can_see_both_sides(matchcut: CommandLine, rendered: Path) -> None:
    matchcut.ok("regenerate", 2, "--context", "both", "--steps", 1)
    sides = {item["side"] for item in shots_of(matchcut)[1]["takes"][1]["saw"]}
    assert sides == {"before", "after"}


def test_shots_rendered_jointly_have_seen_each_other(matchcut: CommandLine, rendered: Path) -> None:
    assert [take["shot"] for take in matchcut.ok("render", 1, 3, "--joint", "--steps", 1)["takes"]] == [1, 3]
    first, _, third = shots_of(matchcut)
    assert first["selected"] == third["selected"] == 2
    assert [item["shot_id"] for item in first["takes"][1]["saw"]] == [third["id"]]


def test_the_story_comes_back_as_it_was_read(matchcut: CommandLine, rendered: Path, story_file: Path) -> None:
    matchcut.ok("export", "--story", "back.story.md")
    assert read_story(matchcut.cwd / "back.story.md") == read_story(story_file)
    assert matchcut("export", "--story", "-").out.startswith("# Short\n")


def test_only_the_chosen_shots_are_exported(matchcut: CommandLine, rendered: Path) -> None:
    film = matchcut.ok("export", rendered, 1, 3, "--out", "part.gif")
    assert Path(film["path"]).suffix == ".gif" and film["frames"] == 18
    pictures = matchcut.ok("export", 2, "--out", "pictures")
    assert len(list(Path(pictures["path"]).glob("*.png"))) == 9


def test_a_project_is_found_by_word_option_or_folder(matchcut: CommandLine, rendered: Path) -> None:
    answers = [matchcut.ok("show", *words) for words in ((), ("tale.matchcut",), ("tale",), ("-p", rendered))]
    assert all(answer == answers[0] for answer in answers)
    assert matchcut.ok("show", "tale", 2)["number"] == 2
    short = matchcut.ok("show", answers[0]["scenes"][0]["shots"][2]["id"][:8])
    assert short["number"] == 3


def test_show_tells_people_what_is_stale(matchcut: CommandLine, rendered: Path) -> None:
    matchcut.ok("regenerate", 1, "--steps", 1)
    said = matchcut("show").out
    assert said.count("stale: saw take 1 of shot 1, which now shows take 2") == 2
    assert "take 1 of shot 1 (before" in matchcut("show", 3).out


def test_a_scene_goes_on_when_one_of_its_jobs_fails(matchcut: CommandLine, rendered: Path) -> None:
    """Shot 5 continues shot 4, whose take cannot be made: both are told, shot 6 is rendered all the same."""
    matchcut.ok("insert", "--prompt", "The fox walks.", "--frames", 9)
    matchcut.ok("insert", "--prompt", "It goes on.", "--continues", "--frames", 8)
    matchcut.ok("insert", "--prompt", "It sleeps.", "--frames", 9)
    third = Path(shots_of(matchcut)[2]["takes"][0]["folder"]) / "latents.safetensors"
    third.write_bytes(b"damaged")
    answer = matchcut("render", "--steps", 1, "--json")
    assert answer.code == 3
    failed = {failure["shot"]: failure["code"] for failure in answer.json["failures"]}
    assert failed[4] == "bad_latents" and failed[5] == "bad_request"
    assert answer.json["cancelled"] is False and 4 in answer.json["without_take"]
    assert [line for line in answer.err.splitlines() if line.startswith("shot 5 failed: ")]
    waiting = matchcut.ok("jobs")["jobs"]
    assert {job["state"] for job in waiting} == {"failed"}
    assert len(matchcut.ok("jobs", "--retry", "all")["changed"]) == len(waiting)
    assert {job["state"] for job in matchcut.ok("jobs")["jobs"]} == {"queued"}
    matchcut.ok("jobs", "--cancel", "all")
    assert matchcut.ok("jobs")["jobs"] == []


def test_a_take_is_made_with_a_lora_and_a_first_frame(matchcut: CommandLine, rendered: Path, tmp_path: Path) -> None:
    lora, picture = tmp_path / "look.safetensors", tmp_path / "first.png"
    generator = torch.Generator().manual_seed(0)
    stem, dim = "transformer.blocks.0.attn1.to_q", 48
    pair = {"lora_A": torch.randn(2, dim, generator=generator), "lora_B": torch.randn(dim, 2, generator=generator)}
    save_file({f"{stem}.{name}.weight": tensor for name, tensor in pair.items()}, lora)
    Image.new("RGB", (64, 32), "orange").save(picture)
    made = matchcut.ok("regenerate", "1", "--steps", "1", "--lora", f"{lora}:0.5", "--first-frame", picture)
    manifest = json.loads((Path(made["takes"][0]["folder"]) / "manifest.json").read_text())
    (worn,) = manifest["settings"]["loras"]
    assert (worn["name"], worn["strength"], worn["expert"]) == ("look.safetensors", 0.5, "both")
    assert manifest["settings"]["first_frame"]["name"] == "first.png"
    answer = matchcut("regenerate", "1", "--lora", "nowhere.safetensors")
    assert answer.code == 1 and "There is no LoRA at nowhere.safetensors" in answer.err
