"""The verbs on a project: from `new` and `import` over `render` and `select` to `export`, `jobs` and `repair`."""

from __future__ import annotations

import argparse

from commands.arguments import Parser, VerbParsers, number, size, step_cache, whole
from engine.memory.wishes import add_wishes

_STEPS_HELP = "denoising steps a take (default: the model's own number); fewer is quicker and rougher"


def add_story_verbs(verbs: VerbParsers) -> None:
    """Add the verbs that need no more than a project and a model."""
    _open(verbs)
    _new(verbs)
    _import(verbs)
    _import_clip(verbs)
    _show(verbs)
    _render(verbs)
    _regenerate(verbs)
    _insert(verbs)
    _extend(verbs)
    _select(verbs)
    _loras(verbs)
    _export(verbs)
    _jobs(verbs)
    _cleanup(verbs)


def _scene(parser: Parser) -> None:
    parser.add_argument("--scene", type=whole(1), metavar="N", help="which scene, where the project has several")


def _steps(parser: Parser) -> None:
    parser.add_argument("--steps", type=whole(1, 500), metavar="N", help=_STEPS_HELP)
    parser.add_argument(
        "--lora", action="append", metavar="PATH[:STRENGTH][@high|@low]", help="render with this LoRA; may be repeated"
    )
    parser.add_argument("--first-frame", metavar="IMAGE", help="the picture that the shot begins with")
    parser.add_argument(
        "--context-frames", type=whole(1, 500), metavar="N",
        help="latent frames of each shot that is seen: the first and others spread evenly (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--guidance-from", type=number(0, 1), metavar="X",
        help="no guidance below this noise level: faster, and what is shown stays; try 0.3 to 0.5 (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--step-cache", type=step_cache, metavar="KIND[:X]",
        help="skip what hardly changes from step to step, up to X: first-block (0.05) or magcache (0.06, after `models "
        "calibrate`); for models of many steps (default: off)",
    )  # fmt: skip
    add_wishes(parser)


def _open(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "open",
        "editing:open_editor",
        "open the editor",
        "Open the editor on a project; without one on the last one, at first on the example.\n"
        "`main.py PROJECT.matchcut` does the same. What another program works on can be opened read-only.",
        """main.py open tale
           main.py tale.matchcut
           main.py open tale --read-only""",
        project=False,
    )
    parser.add_argument("path", nargs="?", metavar="PROJECT", help="a .matchcut folder")
    parser.add_argument("--read-only", action="store_true", help="look at it, change nothing")


def _new(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "new",
        "documents:new",
        "make a project",
        "Make a project: a folder NAME.matchcut that holds the storyboard and all takes.",
        """main.py new tale
           main.py new tale --story fox-at-sunset
           main.py new tale --model /models/my-theatre --name "A tale" """,
        project=False,
    )
    parser.add_argument("path", metavar="PATH", help="where it goes; .matchcut is added where it lacks")
    parser.add_argument("--name", help="its title (default: the folder's name)")
    parser.add_argument("--story", metavar="STORY", help="import this story file or example at once")
    parser.add_argument(
        "--model", metavar="MODEL", help="a built-in model or the folder of one (default: paper-theatre)"
    )
    parser.add_argument("--size", type=size, metavar="WxH", help="size of the pictures (default: the model's own)")
    parser.add_argument("--fps", type=number(1, 120), default=8.0, metavar="N", help="frames a second (default: 8)")


def _import(verbs: VerbParsers) -> None:
    verbs.add(
        "import",
        "documents:import_story",
        "add a story as a scene",
        "Add a scene to a project from a story: a text file, or an example by its name.\n"
        "`export --story` writes such a file.",
        """main.py import fox-at-sunset
           main.py import tale.matchcut my-story.story.md""",
        words="[PROJECT] STORY",
    )


def _import_clip(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "import-clip",
        "clips:import_clip",
        "make a take of a video file",
        "Make a take of a clip that was filmed or made elsewhere: brought to the model's frame rate and size (cropped\n"
        "about its centre to fill it) and encoded once, so that later shots see it. It becomes a new shot at the end,\n"
        "--before or --after another one, or one more take of --shot. Its sound is left out.",
        """main.py import-clip fox.mp4 --caption "A fox in a red coat walks in the forest, wide shot."
           main.py import-clip tale.matchcut fox.mp4 --after 2 --caption "The fox looks up."
           main.py import-clip fox.mp4 --shot 3""",
        words="[PROJECT] CLIP",
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--after", metavar="SHOT", help="a new shot behind this one")
    place.add_argument("--before", metavar="SHOT", help="a new shot in front of this one")
    place.add_argument("--shot", metavar="SHOT", help="a take of this shot")
    parser.add_argument("--caption", default="", help="what is to be seen (default with --shot: the shot's prompt)")
    parser.add_argument("--keep-shown", action="store_true", help="with --shot: go on showing the take it shows")
    _scene(parser)


def _show(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "show",
        "showing:show",
        "show scenes, shots, takes, marks and lineage",
        "Show the scenes of a project with their shots, takes and marks; with a SHOT its takes and what they saw.\n"
        '"stale" means: the take saw something that the scene no longer shows. Nothing is rendered anew by itself.',
        """main.py show
           main.py show tale.matchcut 3
           main.py show --json""",
        words="[PROJECT] [SHOT]",
    )
    _scene(parser)


def _render(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "render",
        "making:render",
        "make the takes that are missing",
        "Make a take of every shot that shows none, or of the chosen SHOTs. Shots with a take are left alone.\n"
        "Goes on where it was stopped or had crashed. Ctrl-C stops between two steps; what is finished stays.",
        """main.py render
           main.py render tale.matchcut 2 3 --steps 8
           main.py render --joint""",
        words="[PROJECT] [SHOT ...]",
    )
    parser.add_argument(
        "--joint", action="store_true", help="denoise the shots together, each seeing all others; a new take of each"
    )
    parser.add_argument("--model", metavar="MODEL", help="use this model for the project from now on")
    _steps(parser)
    _scene(parser)


def _regenerate(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "regenerate",
        "making:regenerate",
        "make another take of a shot",
        "Make one or more new takes of a shot. Old takes stay, other shots are not touched; `show` marks those that\n"
        "were made from the old take. A single new take is shown at once; of several you `select` one.",
        """main.py regenerate 3
           main.py regenerate 3 --prompt "It waves at us, wide shot." --context both
           main.py regenerate 4 --takes 6 --seed 100""",
        words="[PROJECT] SHOT",
    )
    parser.add_argument("--prompt", help="change the shot's prompt first")
    parser.add_argument("--seed", type=whole(0), metavar="N", help="noise seed; counts up over several takes")
    parser.add_argument("--takes", type=whole(1, 64), default=1, metavar="N", help="how many (default: 1)")
    parser.add_argument(
        "--context",
        choices=("before", "both"),
        default="before",
        help="see earlier shots only (default), or later ones too",
    )
    parser.add_argument(
        "--select",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="show the (first) new take at once (default: yes for a single take)",
    )
    _steps(parser)
    _scene(parser)


def _insert(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "insert",
        "documents:insert",
        "add a shot",
        "Add a shot before or after another one, at the end with neither. It has no take yet: `render` makes it.",
        """main.py insert --after 2 --prompt "The fox looks up, close-up."
           main.py insert --before 1 --prompt "The forest at sunset, wide shot." --seconds 2
           main.py insert --after 4 --continues --prompt "It goes on dancing." """,
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--after", metavar="SHOT", help="behind this shot")
    place.add_argument("--before", metavar="SHOT", help="in front of this shot")
    parser.add_argument("--prompt", required=True, help="what happens in the shot")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--frames", type=whole(5, 401), metavar="N", help="its length (default: 17)")
    length.add_argument("--seconds", type=number(0.5, 50), metavar="S", help="its length in seconds")
    parser.add_argument("--continues", action="store_true", help="go on from the shot before it, without a cut")
    parser.add_argument("--notes", default="", help="a note for yourself; no model reads it")
    _scene(parser)


def _extend(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "extend",
        "making:extend",
        "make a shot longer",
        "Make a longer take of a shot: the shown take goes on for some seconds without a cut. The old take stays.",
        """main.py extend 5 --seconds 3
           main.py extend tale.matchcut 5 --seconds 1.5 --seed 7""",
        words="[PROJECT] SHOT",
    )
    parser.add_argument("--seconds", type=number(0.05, 60), required=True, metavar="S", help="how much longer")
    parser.add_argument("--seed", type=whole(0), metavar="N", help="noise seed of the new part")
    _steps(parser)
    _scene(parser)


def _select(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "select",
        "documents:select",
        "choose the take that a shot shows",
        "Choose the take of a shot that the scene shows and later shots see. Nothing is rendered by it.",
        """main.py select 3 2
           main.py select tale.matchcut 3 1""",
        words="[PROJECT] SHOT TAKE",
    )
    _scene(parser)


def _loras(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "loras",
        "loras:loras",
        "show and choose the LoRAs of a scene or a shot",
        "Show the LoRAs that a scene and its shots are rendered with, or choose them: for the scene or one --shot.\n"
        "A shot's own list replaces its scene's. `render --lora` goes before both, for that run alone.",
        """main.py loras
           main.py loras tale --set look.safetensors:0.8 rain.safetensors
           main.py loras tale --shot 3 --set snow.safetensors:0.5@high
           main.py loras tale --shot 3 --clear""",
    )
    parser.add_argument("--shot", metavar="SHOT", help="of this shot (default: of the scene)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--set", nargs="+", metavar="PATH[:STRENGTH][@high|@low]", help="these, worn together")
    what.add_argument("--clear", action="store_true", help="no list: the shot does as its scene, the scene wears none")
    what.add_argument("--none", action="store_true", help="the shot wears none, whatever its scene wears")
    _scene(parser)


def _export(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "export",
        "exporting:export",
        "write a film, or the story as text",
        "Write the takes that are shown as one film; the chosen SHOTs only, if any are named. Takes are joined\n"
        "without encoding them anew unless an option asks for it. The ending of --out decides: .mp4, .gif, or a\n"
        "folder of PNGs.\n"
        "Prompts, seeds and model go into the film and into a JSON file beside it.",
        """main.py export --out tale.mp4
           main.py export 2 3 4 --out middle.gif
           main.py export --titles --crossfade 0.5 --audio music.wav --size 896x512 --out tale.mp4
           main.py export --story tale.story.md""",
        words="[PROJECT] [SHOT ...]",
    )
    parser.add_argument("-o", "--out", metavar="FILE", help="where it goes (default: NAME.mp4 in the current folder)")
    parser.add_argument("--format", choices=("mp4", "gif", "png"), help="default: by the ending of --out")
    parser.add_argument("--titles", action="store_true", help="write each shot's number into the picture")
    parser.add_argument("--crossfade", type=number(0, 10), default=0.0, metavar="S", help="seconds between shots")
    parser.add_argument("--audio", metavar="FILE", help="sound under the whole film")
    parser.add_argument("--size", type=size, metavar="WxH", help="scale the pictures")
    parser.add_argument("--fps", type=number(1, 120), metavar="N", help="another frame rate")
    parser.add_argument("--story", metavar="FILE", help="write the scene's text instead, `-` prints it")
    _scene(parser)


def _jobs(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "jobs",
        "documents:jobs",
        "show and change the queue",
        "Show the queue: what waits, failed or was interrupted. `render` works through what waits.\n"
        "JOB is the beginning of a job's id, or `all`.",
        """main.py jobs
           main.py jobs --retry all
           main.py jobs --cancel 3f2a
           main.py jobs --clear-interrupted""",
    )
    parser.add_argument("--all", action="store_true", help="list finished and cancelled jobs too")
    parser.add_argument(
        "--retry", nargs="+", default=[], metavar="JOB", help="queue failed, cancelled or interrupted jobs again"
    )
    parser.add_argument("--cancel", nargs="+", default=[], metavar="JOB", help="take jobs out of the queue")
    parser.add_argument("--clear-interrupted", action="store_true", help="give up what a crash had interrupted")
    pausing = parser.add_mutually_exclusive_group()
    pausing.add_argument("--pause", action="store_true", help="let no further job begin")
    pausing.add_argument("--resume", action="store_true", help="let jobs begin again")


def _cleanup(verbs: VerbParsers) -> None:
    parser = verbs.add(
        "cleanup",
        "documents:cleanup",
        "remove deleted things for good",
        "Remove deleted scenes, shots, takes, elements and images for good, with their files. This cannot be undone.",
        "main.py cleanup tale.matchcut --yes",
    )
    parser.add_argument("--yes", action="store_true", help="do it")
    verbs.add(
        "repair",
        "documents:repair_project",
        "rescue a damaged project",
        "Rebuild a damaged storyboard from what can be read or from its newest backup, and take out takes whose files\n"
        "are gone. Nothing is thrown away: the damaged file is kept in the project's folder damaged/.",
        "main.py repair tale.matchcut",
    )
