"""The verbs on models: demo, models, world, train, evaluate, bench."""

from __future__ import annotations

import argparse

from commands.arguments import Help, Parser, VerbParsers, add_json, number, whole, whole_list
from commands.arguments_tuning import add_data_verb, add_lct_kind
from engine.memory.wishes import add_wishes

_MODEL = "paper-theatre"
_Sub = argparse.ArgumentParser


def add_engine_verbs(verbs: VerbParsers) -> None:
    """Add the verbs that are about models rather than about one project."""
    _demo(verbs)
    _screenshots(verbs)
    _models(verbs)
    _world(verbs)
    add_data_verb(verbs)
    _train(verbs)
    _evaluate(verbs)
    _bench(verbs)


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", default=_MODEL, metavar="MODEL", help="built-in name or folder (default: paper-theatre)"
    )


def _kinds(parser: Parser, dest: str, title: str) -> argparse._SubParsersAction[Parser]:
    """Let a verb have kinds of its own (`evaluate vae`); --json then belongs behind the kind too."""
    return parser.add_subparsers(title=title, dest=dest, metavar=dest.upper(), required=True)


def _kind(into: argparse._SubParsersAction[Parser], name: str, about: str) -> Parser:
    parser = into.add_parser(
        name, help=about, description=about[:1].upper() + about[1:], formatter_class=Help, allow_abbrev=False
    )
    add_json(parser)
    return parser


def _demo(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "demo",
        "demo:demo",
        "make a film from nothing, here and now",
        "Make a project from the first example, render its shots with the built-in model on whatever this machine\n"
        "has, and write the film and a contact sheet. Needs no network. An old demo is replaced only if nobody worked\n"
        "on it; else this one goes beside it under a number.",
        """main.py demo
           main.py demo --steps 8 --out out/quick""",
        project=False,
    )
    parser.add_argument("--out", default="out/demo", metavar="DIR", help="folder for everything (default: out/demo)")
    parser.add_argument("--steps", type=whole(1, 500), metavar="N", help="denoising steps (default: the model's own)")
    parser.add_argument("--model", metavar="MODEL", help="built-in name or folder (default: paper-theatre)")


def _screenshots(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "screenshots",
        "screenshots:screenshots",
        "make the pictures of the README",
        "Open the editor without a screen, work in it, and write pictures of the board, the inspector, a comparison\n"
        "of takes, the player, the queue at work and the export, in both themes.",
        """main.py screenshots
           main.py screenshots --project tale.matchcut --out docs/screens""",
        project=False,
    )
    parser.add_argument("--out", default="docs/screens", metavar="DIR", help="where they go (default: docs/screens)")
    parser.add_argument("--project", metavar="PATH", help="a project to copy and show (default: the example)")
    parser.add_argument("--steps", type=whole(1, 500), default=8, metavar="N", help="denoising steps (default: 8)")


def _models(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "models",
        "models:models",
        "list models; add, download, verify, remove them",
        "List the built-in and registered models (and the named folders) with size, licence and state. A registered\n"
        "model goes by its name wherever a model is asked for: --model NAME.\n\n"
        "  add PATH             a folder (diffusers layout) or weight file of your own; it stays where it is\n"
        "  look OWNER/NAME      what a download would fetch, with size and licence\n"
        "  download OWNER/NAME  from the hub, going on where it stopped; also: the rest of, or damaged files of, NAME\n"
        "  verify NAME          compare every file with its hash\n"
        "  remove NAME          take it off the list; only what was downloaded is deleted\n"
        "  calibrate MODEL      measure it for --step-cache magcache; once, two shots long",
        """main.py models
           main.py models add /models/Wan2.1-T2V-1.3B-Diffusers --name wan-1.3b
           main.py models download Wan-AI/Wan2.1-T2V-1.3B-Diffusers
           main.py models download gdhe17/Self-Forcing --include checkpoints/self_forcing_dmd.pt
           main.py models verify wan-1.3b
           main.py models /models/my-theatre --json""",
        project=False,
    )
    parser.usage = (
        "main.py models [PLACE ... | add PATH | look ID | download ID | verify NAME | remove NAME | calibrate MODEL] "
        "[options]"
    )
    parser.add_argument("model_words", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--name", metavar="NAME", help="add, download: what to call it (default: its folder's name)")
    parser.add_argument("--revision", metavar="REV", help="look, download: a branch, tag or commit (default: newest)")
    parser.add_argument(
        "--include", action="append", default=[], metavar="FILE", help="look, download: only files like this; repeat"
    )
    parser.add_argument("--into", metavar="DIR", help="download: a new or empty folder (default: your data folder)")
    parser.add_argument(
        "--accept-non-commercial", action="store_true", help="download: the licence may forbid commercial use"
    )
    parser.add_argument("--yes", action="store_true", help="remove: do not ask")
    parser.add_argument("--steps", type=whole(4, 500), metavar="N", help="calibrate: steps (default: the model's own)")
    parser.add_argument("--progress", action="store_true", help="with --json: a line of JSON on stdout now and then")
    parser.add_argument("--device", metavar="D", help="the list: what shall fit there; cpu leaves a GPU aside")
    add_wishes(parser)


def _world(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "world",
        "libraries:world",
        "look at the paper theatre",
        "Write a contact sheet of the paper theatre, the procedural world that the built-in model is trained on.",
        """main.py world --sheet world.png
           main.py world --sheet heldout.png --split heldout --scenes 12""",
        project=False,
    )
    parser.add_argument("--sheet", required=True, metavar="FILE", help="where the PNG goes")
    parser.add_argument("--scenes", type=whole(1, 200), default=8, metavar="N", help="rows (default: 8)")
    parser.add_argument("--shots", type=whole(1, 40), default=5, metavar="N", help="columns (default: 5)")
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N", help="first scene (default: 0)")
    parser.add_argument(
        "--split", choices=("train", "heldout"), default="train", help="which combinations (default: train)"
    )
    parser.add_argument(
        "--scale", type=number(0.1, 8), default=1.0, metavar="X", help="size of the pictures (default: 1)"
    )


def _train(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "train",
        "training:train",
        "train the built-in model, or tune one on your footage",
        "Train a stage of the built-in model, or the judge that measures it: every stage makes the data it needs,\n"
        "goes on where it stopped, and starts from the stage before it (vae, shot, lct, causal; decoder\n"
        "needs vae only). Or tune any model on a data set of your own footage: train lct.",
        """main.py train lct --base paper-theatre --data fox-data --out fox-theatre
           main.py train paper-theatre vae --minutes 120
           main.py train paper-theatre shot
           main.py train paper-theatre causal --install
           main.py train judge""",
        project=False,
    )
    whats = _kinds(parser, "what", "what to train")
    theatre = _kind(whats, "paper-theatre", "a stage of the built-in model")
    theatre.add_argument("stage", choices=("vae", "shot", "lct", "causal", "decoder"), help="the stage")
    theatre.add_argument(
        "--minutes", type=number(0, 100_000), metavar="M", help="how long in all, resumed time included"
    )
    theatre.add_argument(
        "--from-shipped", action="store_true", help="start a fresh work folder from the weights that come with Matchcut"
    )
    theatre.add_argument("--install", action="store_true", help="put the trained parts into the model's folder")
    add_lct_kind(whats)
    judge = _kind(whats, "judge", "the network that reads species, coat, place and action from a clip")
    for kind in (theatre, judge):
        kind.add_argument("--steps", type=whole(1), metavar="N", help="at most so many steps")
        kind.add_argument(
            "--work", default="training", metavar="DIR", help="footage, latents, checkpoints (default: training)"
        )
        kind.add_argument("--into", metavar="DIR", help="the folder to install into (default: the built-in one)")


def _evaluate(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "evaluate",
        "measuring:evaluate",
        "measure a model",
        "Measure how well shots of one scene match, as the judge reads them, or how well the VAE keeps a clip.",
        """main.py evaluate consistency --scenes 60 --json
           main.py evaluate consistency --scenes 12 --quick --sheets out/sheets
           main.py evaluate vae --clips 48""",
        project=False,
    )
    whats = _kinds(parser, "what", "what to measure")
    scenes = _kind(whats, "consistency", "do the shots of held-out scenes show the same character?")
    scenes.add_argument("--scenes", type=whole(1, 100_000), default=60, metavar="N", help="how many (default: 60)")
    scenes.add_argument("--steps", type=whole(1, 500), metavar="N", help="denoising steps (default: the model's own)")
    effort = scenes.add_mutually_exclusive_group()
    effort.add_argument(
        "--thorough", action="store_true", default=True, help="also joint, one-sided and two-sided generation (default)"
    )
    effort.add_argument("--quick", action="store_false", dest="thorough", help="only with and without context")
    scenes.add_argument("--sheets", metavar="DIR", help="write contact sheets of the first 12 scenes")
    scenes.add_argument("--record", metavar="STAGE", help="keep the figures in the model's stages.json under this name")
    scenes.add_argument("--judge", metavar="DIR", help="another judge than the built-in one")
    clips = _kind(whats, "vae", "how much of a clip is left after the VAE, and how long does it take?")
    clips.add_argument("--clips", type=whole(1, 10_000), default=32, metavar="N", help="how many (default: 32)")
    for kind in (scenes, clips):
        _model(kind)


def _bench(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "bench",
        "benching:bench",
        "check what Matchcut promises",
        "Check what Matchcut promises, with numbers. The exit code is 3 when a promise is broken.",
        """main.py bench context --contexts 0,1,2,4,8
           main.py bench backbone --json
           main.py bench step-cache --steps 30
           main.py bench regenerate --json
           main.py bench kill --times 50
           main.py bench kill --what editor --times 100
           main.py bench world
           main.py bench editor --json""",
        project=False,
    )
    whats = _kinds(parser, "what", "what to check")
    context = _kind(whats, "context", "what cached context saves, and that it changes nothing")
    context.add_argument(
        "--contexts", type=whole_list, default=[0, 1, 2, 4, 8], metavar="N,N", help="context shots (default: 0,1,2,4,8)"
    )
    context.add_argument("--steps", type=whole(1, 500), default=6, metavar="N", help="denoising steps (default: 6)")
    backbone = _kind(whats, "backbone", "Wan's structure: ours against diffusers' pipeline, cache, memory, AnyFlow-FAR")
    backbone.add_argument(
        "--contexts", type=whole_list, default=[0, 1, 2, 4, 8], metavar="N,N", help="context shots (default: 0,1,2,4,8)"
    )
    backbone.add_argument("--steps", type=whole(1, 500), default=2, metavar="N", help="denoising steps (default: 2)")
    backbone.add_argument("--pairs", type=whole(1, 1000), default=7, metavar="N", help="paired timings (default: 7)")
    backbone.add_argument("--compile", action="store_true", help="time the compiled block as well")
    steps = _kind(whats, "step-cache", "how much work the step caches skip, and what that does to the pictures")
    steps.add_argument("--steps", type=whole(4, 500), default=30, metavar="N", help="denoising steps (default: 30)")
    steps.add_argument("--shots", type=whole(1, 6), default=3, metavar="N", help="shots of the scene (default: 3)")
    regenerate = _kind(whats, "regenerate", "that regenerating one shot leaves all other files as they were")
    regenerate.add_argument("--steps", type=whole(1, 500), default=2, metavar="N", help="denoising steps (default: 2)")
    kill = _kind(whats, "kill", "that killing the program at any moment loses nothing that was finished")
    kill.add_argument(
        "--what", dest="victim", choices=("render", "worker", "editor"), default="render",
        help="what gets SIGKILL at random moments: main.py render, the engine of an editor that is being worked with, "
        "or that editor (default: render)",
    )  # fmt: skip
    kill.add_argument("--times", type=whole(1, 10_000), default=50, metavar="N", help="how often (default: 50)")
    kill.add_argument("--steps", type=whole(1, 500), default=1, metavar="N", help="denoising steps (default: 1)")
    kill.add_argument("--seed", type=whole(0), default=0, metavar="N", help="decides the moments (default: 0)")
    world = _kind(whats, "world", "how fast the procedural world draws, on one core")
    world.add_argument("--scenes", type=whole(1, 10_000), default=20, metavar="N", help="how many (default: 20)")
    editor = _kind(whats, "editor", "how quickly the editor opens, scrolls and answers while the engine works")
    editor.add_argument(
        "--shots", type=whole(10, 10_000), default=1000, metavar="N", help="shots of the long scene (default: 1000)"
    )
    editor.add_argument("--quick", action="store_true", help="the start and the long scene alone, without an engine")
    editor.description = (
        "Measure the real window, without a screen, on the clock: run this on a quiet machine. "
        "first_paint_s: start of the process to the first paint, median of five. "
        "open_1000_ms, insert_ms, move_ms: from the wish to the painted board, medians of 3 and 9. "
        "scroll_fps: painting a scene of --shots from top to bottom. "
        "input_p95_ms: from a key to the paint that answers it, while the real engine renders. "
        "cancel_ms: from a wish to cancel to the card that shows it, the longest of 5. "
        "flood_*: the same keys while an engine says over 1000 things a second, and how many takes and ends were lost. "
        "hour_*: memory over an hour's work, as fast as it goes: 600 edits, 120 renders, playing, scrolling, comparing."
    )
    for kind in (context, steps, regenerate, kill):
        _model(kind)
