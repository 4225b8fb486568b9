"""`models`: what there is to render with; add, download, verify, remove. The editor runs these verbs as children.

With `--progress` (and `--json`) stdout has a line `{"progress": {"done": …, "total": …, "file": …}}` now and then,
before the answer on its last line.
"""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.failing import OK, CommandError
from commands.model_folders import BUILT_IN, built_in_models
from commands.step_caching import calibrate_model
from commands.terminal import Bars, Terminal, megabytes
from engine.catalogue.registry import RegisteredModel, Registry, bytes_there, is_non_commercial, state_of
from engine.memory.machine import fit_facts
from engine.memory.wishes import asked_in

if TYPE_CHECKING:
    from engine.hub.shelf import Tell

Row = tuple[str, ...]


def models(args: Namespace, terminal: Terminal) -> int:
    """`models [FOLDER ...]`, or one of its verbs."""
    verbs: dict[str, Callable[[Namespace, Terminal], int]] = {
        "add": _add, "download": _download, "look": _look, "verify": _verify, "remove": _remove,
        "calibrate": calibrate_model,
    }  # fmt: skip
    if args.model_words and args.model_words[0] in verbs:
        signal.signal(signal.SIGTERM, _stop)  # what the editor sends for Cancel; what has come is kept
        return verbs[args.model_words.pop(0)](args, terminal)
    return _list(args, terminal)


def _stop(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _list(args: Namespace, terminal: Terminal) -> int:
    """Built-in and registered models, and the folders and files that were named."""
    named = [_place(word) for word in args.model_words]
    found = [_place_facts(BUILT_IN / name, built_in=True) for name in built_in_models()]
    registry = Registry()
    found += [model_facts(_looked_at(registry, model)) for model in registry.models()]
    found += [{**_place_facts(place), "fingerprint": _fingerprint(place)} for place in named]
    asked = asked_in(args)
    for facts in found:
        ready = facts["state"] == "ready"
        facts["fit"] = fit_facts(Path(facts["folder"]), asked, args.device) if ready else {}
    terminal.table(("model", "where", "size", "licence", "state", "fits here"), [_row(facts) for facts in found])
    known = _known(found)
    if known and not args.json:
        terminal.say("\nTo be had (main.py models download OWNER/NAME):")
        rows = [(one["hub_id"], one["title"], one["licence"] + _flag(one["non_commercial"])) for one in known]
        terminal.table(("on the hub", "", "licence"), rows)
    terminal.result({"models": found, "known": known, "registry": str(registry.file)})
    return OK


def _add(args: Namespace, terminal: Terminal) -> int:
    from engine.hub.describing import describe
    from engine.hub.shelf import add, record_hashes

    path = Path(_one_word(args, "Which folder or file? main.py models add PATH"))
    registry = Registry()
    model = add(registry, path, args.name or "", built_in_models())
    found = describe(Path(model.place))
    terminal.say(f"{model.name}: {found.title} ({found.facts}), {megabytes(model.size)}, {model.licence}")
    for line in (*found.problems, *found.notes):
        terminal.say(f"  {line}")
    with _shown(args, terminal, "hashing", sum(file.size for file in model.files if not file.sha256)) as tell:
        model = record_hashes(registry, model.name, tell)
    _use(model, terminal)
    terminal.result({**model_facts(model), "notes": list(found.notes)})
    return OK


def _look(args: Namespace, terminal: Terminal) -> int:
    """`models look OWNER/NAME`: what a download would fetch."""
    from engine.hub.repository import look_up

    offer = look_up(_one_word(args, "Which model? main.py models look OWNER/NAME"), args.revision or "", args.include)
    gated = ", whose owner asks users to accept it first" if offer.gated else ""
    licence = f"{offer.licence or 'unknown'}{_flag(is_non_commercial(offer.licence))}"
    terminal.say(f"{offer.hub_id}: {len(offer.files)} files, {megabytes(offer.size)}; licence {licence}{gated}")
    terminal.table(("file", "size"), [(file.path, megabytes(file.size)) for file in offer.files])
    terminal.result(
        {**asdict(offer), "bytes": offer.size, "non_commercial": is_non_commercial(offer.licence)}
    )
    return OK


def _download(args: Namespace, terminal: Terminal) -> int:
    from engine.hub.shelf import Wish, download

    wish = Wish(
        _one_word(args, "Which model? main.py models download OWNER/NAME"),
        args.name or "",
        args.revision or "",
        tuple(args.include),
        args.into or "",
        args.accept_non_commercial,
    )
    with _shown(args, terminal, "downloading", 0) as tell:

        def began(model: RegisteredModel) -> None:
            here = bytes_there(model)
            rest = f", {megabytes(here)} of it here already" if here else ""
            terminal.note(f"{model.name}: {megabytes(model.size)} into {model.root}{rest}; {_licence(model)}")

        model = download(Registry(), wish, taken=built_in_models(), tell=tell, began=began)
    terminal.say(f"{model.name} is there: {megabytes(model.size)}, every file as the hub has it")
    for problem in model.problems:
        terminal.say(f"  {problem}")
    _use(model, terminal)
    terminal.result(model_facts(model))
    return OK


def _verify(args: Namespace, terminal: Terminal) -> int:
    from engine.hub.shelf import verify

    registry = Registry()
    name = _one_word(args, "Which model? main.py models verify NAME")
    model = registry.get(name)
    with _shown(args, terminal, "checking", model.size) as tell:
        verdict = verify(registry, name, tell)
    wrong = [*(f"{path} is damaged" for path in verdict.damaged), *(f"{path} is missing" for path in verdict.missing)]
    if wrong:
        mend = f"main.py models download {name} fetches just that again."
        hint = mend if model.ours else "Copy it again from where you got it."
        raise CommandError(f"{name}: {'; '.join(wrong)}.", hint)
    terminal.say(f"{name}: all {len(model.files)} files are as they should be ({megabytes(model.size)})")
    if verdict.recorded:
        terminal.say(f"  {verdict.recorded} of them had no hash to compare with; theirs are recorded now")
    for problem in verdict.model.problems:
        terminal.say(f"  {problem}")
    terminal.result({**model_facts(verdict.model), "recorded": verdict.recorded})
    return OK


def _remove(args: Namespace, terminal: Terminal) -> int:
    from engine.hub.shelf import remove

    registry = Registry()
    model = registry.get(_one_word(args, "Which model? main.py models remove NAME"))
    what = f"delete {megabytes(bytes_there(model))} in {model.root}" if model.ours else "forget it (your files stay)"
    if not args.yes:
        if args.json or not sys.stdin.isatty():
            raise CommandError(f"{model.name}: this would {what}.", "Say that you mean it: --yes.")
        terminal.note(f"{model.name}: {what}? [y/N]")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was removed.")
    freed = remove(registry, model.name)
    terminal.say(f"{model.name} is gone from the list; {megabytes(freed)} freed")
    terminal.result({"name": model.name, "freed": freed, "deleted": model.ours, "place": model.place})
    return OK


def model_facts(model: RegisteredModel) -> dict[str, Any]:
    """What is known of a registered model, as plain values for scripts and for the editor."""
    state = state_of(model)
    facts = {name: value for name, value in asdict(model).items() if name not in ("files", "folder")}
    return {
        **facts,
        "folder": model.place,
        "built_in": False,
        "bytes": model.size,
        "bytes_there": bytes_there(model),
        "files": len(model.files),
        "non_commercial": is_non_commercial(model.licence),
        "state": state,
        "problem": "; ".join(model.problems) if state != "ready" else "",
    }


def _looked_at(registry: Registry, model: RegisteredModel) -> RegisteredModel:
    """Look again at what stood in a model's way: a missing part may have come since."""
    from engine.hub.describing import describe
    from engine.hub.errors import HubError

    if state_of(model) not in ("ready", "incomplete") or (model.ours and bytes_there(model) < model.size):
        return model
    try:
        problems = describe(Path(model.place)).problems
    except HubError as error:
        problems = (error.message,)
    if problems != model.problems:
        model = replace(model, problems=problems)
        registry.put(model)
    return model


def _place(word: str) -> Path:
    place = Path(word)
    if not place.exists():
        raise CommandError(f"There is no model at {word}.", "Give a folder or a weight file, or a verb: --help.")
    return place


def _place_facts(place: Path, built_in: bool = False) -> dict[str, Any]:
    """What is known of a folder or file without loading its weights; `problem` is "" when nothing is missing."""
    from engine.catalogue.recognise import NotAModel, recognise

    facts: dict[str, Any] = {"name": place.name, "folder": str(place.resolve()), "built_in": built_in}
    files = [path for path in place.rglob("*") if path.is_file()] if place.is_dir() else [place]
    facts["bytes"] = sum(path.stat().st_size for path in files)
    try:
        found = recognise(place)
    except NotAModel as error:
        raise CommandError(f"{error}.", "Name a model's folder or weight file.") from error
    profile, problem = asdict(found.profile), "; ".join(found.problems)
    return {
        **facts,
        "licence": found.profile.licence,
        "non_commercial": not found.profile.commercial or is_non_commercial(found.profile.licence),
        "problem": problem,
        "state": "incomplete" if problem else "ready",
        "profile": profile,
    }


def _fingerprint(place: Path) -> str:
    from engine.backbone.loading import model_fingerprint

    return model_fingerprint(place)


def _row(facts: dict[str, Any]) -> Row:
    state = str(facts["state"])
    if state == "incomplete" and facts.get("source") == "hub" and facts["bytes_there"] < facts["bytes"]:
        state = f"{100 * facts['bytes_there'] // facts['bytes']} % downloaded: models download {facts['name']}"
    elif facts.get("damaged"):
        state = f"corrupt: {', '.join(facts['damaged'])}"
    elif facts["problem"]:
        state = f"{state}: {facts['problem']}"
    where = "built in" if facts["built_in"] else str(facts["folder"])
    licence = facts["licence"] + _flag(facts["non_commercial"])
    fits = facts["fit"].get("text", "")
    return str(facts["name"]), where, megabytes(facts["bytes"]), licence, state, fits


def _known(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Published models that are not here yet."""
    from engine.hub.shelf import known_models

    here = {facts.get("hub_id") for facts in found}
    return [
        {"hub_id": profile.source, "title": profile.title, "licence": profile.licence, "profile": profile.name,
         "non_commercial": not profile.commercial or is_non_commercial(profile.licence)}
        for profile in known_models() if profile.source not in here
    ]  # fmt: skip


def _flag(non_commercial: bool) -> str:
    return " (NOT for commercial use)" if non_commercial else ""


def _licence(model: RegisteredModel) -> str:
    return f"licence {model.licence or 'unknown'}{_flag(is_non_commercial(model.licence))}"


def _use(model: RegisteredModel, terminal: Terminal) -> None:
    if state_of(model) == "ready":
        terminal.say(f"  use it: --model {model.name}")


def _one_word(args: Namespace, question: str) -> str:
    if len(args.model_words) != 1:
        raise CommandError(question)
    return str(args.model_words[0])


@contextmanager
def _shown(args: Namespace, terminal: Terminal, what: str, total: int) -> Iterator[Tell]:
    """Progress: JSON lines for the editor, bars for people, a line for each file elsewhere."""
    if args.progress and args.json:
        yield lambda done, size, file: terminal.part({"progress": {"done": done, "total": size, "file": file}})
        return
    with terminal.bars(what, total) as bars:
        yield _BarTeller(bars)


class _BarTeller:
    def __init__(self, bars: Bars) -> None:
        self._bars, self._file = bars, ""

    def __call__(self, done: int, total: int, file: str) -> None:
        if file != self._file:
            self._file = file
            self._bars.line(file)
        self._bars.total(total)
        self._bars.whole(done, f"{megabytes(done)} of {megabytes(total)}")
