"""The engine as a child process: its lines, its plans beside a render, its ends."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import worker
from engine.contract import (
    CONTRACT_VERSION,
    Cancel,
    Cancelled,
    Exported,
    Failed,
    Finished,
    Hello,
    Planned,
    PlanRequest,
    Record,
    Saved,
    Starting,
    Step,
    decode,
    encode,
)
from engine.engine import Engine
from tests.engine.conftest import candidate, request, shot_task
from tests.engine.film.footage import ask, clips

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 110.0


class Child:
    """A worker that a test talks to."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            [*(command or (sys.executable, "-m", "engine.worker")), "--device", "cpu"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.records: queue.Queue[Record | None] = queue.Queue()
        self.log: list[str] = []
        self._threads = [threading.Thread(target=target) for target in (self._read, self._read_log)]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.records.put(decode(line))  # anything that is no record fails the test by silence
        self.records.put(None)

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(self.process.stderr)

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until(self, wanted: Callable[[Record], bool]) -> list[Record]:
        """What it says up to and with the record that is wanted."""
        found: list[Record] = []
        end = time.monotonic() + PATIENCE
        while True:
            record = self.records.get(timeout=max(0.1, end - time.monotonic()))
            assert record is not None, "".join(self.log)
            found.append(record)
            if wanted(record):
                return found

    def leave(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(timeout=PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def child() -> Iterator[Child]:
    started = Child()
    yield started
    started.close()


def of(record: Record, *kinds: type) -> bool:
    return isinstance(record, kinds)


def test_it_says_that_it_starts_then_what_it_is_then_renders_and_goes_at_the_end_of_input(
    child: Child, tiny_model: Path, tmp_path: Path
) -> None:
    said = child.until(lambda record: of(record, Hello))
    assert said[0] == Starting(child.process.pid)
    hello = said[-1]
    assert isinstance(hello, Hello)
    assert (hello.contract, hello.pid) == (CONTRACT_VERSION, child.process.pid)
    assert hello.device.startswith("CPU") and hello.memory > 1 << 28
    child.say(encode(request(tiny_model, shot_task(tmp_path))))
    said = child.until(lambda record: of(record, Finished))
    saved = [record for record in said if isinstance(record, Saved)]
    assert Path(saved[0].take.video).is_file()
    assert child.leave() == 0


def test_a_line_that_cannot_be_read_is_answered_and_the_next_one_is_carried_out(
    child: Child, tiny_model: Path, tmp_path: Path
) -> None:
    child.say("{]")
    child.say('{"type": "GenerateRequest", "id": "x"}')
    child.say(encode(Finished("r", 1.0)))
    child.say(encode(request(tiny_model, shot_task(tmp_path))))
    said = child.until(lambda record: of(record, Finished))
    failed = [record for record in said if isinstance(record, Failed)]
    assert [record.code for record in failed] == ["bad_request"] * 3
    assert "not JSON" in failed[0].message and "GenerateRequest" in failed[1].message
    assert "Finished is not a request" in failed[2].message


def test_it_stops_between_two_steps_when_it_is_cancelled(child: Child, tiny_model: Path, tmp_path: Path) -> None:
    long = request(tiny_model, shot_task(tmp_path), settings=_steps(500))
    child.say(encode(long))
    child.say(encode(request(tiny_model, shot_task(tmp_path, "t2"), id="r2")))
    child.say(encode(Cancel("r2")))  # waits behind the first
    child.until(lambda record: isinstance(record, Step) and record.step > 1)
    child.say(encode(Cancel("r1")))
    said = child.until(lambda record: record == Cancelled("r2"))
    assert Cancelled("r1") in said
    assert not (tmp_path / "t1").exists() and not (tmp_path / "t2").exists()


def test_a_plan_is_answered_while_a_render_runs(child: Child, tiny_model: Path, tmp_path: Path) -> None:
    child.say(encode(request(tiny_model, shot_task(tmp_path), settings=_steps(500))))
    child.until(lambda record: isinstance(record, Step))
    child.say(encode(PlanRequest("p1", request(tiny_model, shot_task(tmp_path, takes=()), id="any"))))
    said = child.until(lambda record: isinstance(record, Finished))
    assert said[-1].request_id == "p1"  # type: ignore[union-attr]
    assert Planned("p1", "shot-0", (), 1400) in said
    child.until(lambda record: isinstance(record, Step))
    assert child.leave() == 0  # the end of input cancels the render


def test_a_polite_signal_ends_it_in_good_order(child: Child, tiny_model: Path, tmp_path: Path) -> None:
    child.until(lambda record: of(record, Hello))
    child.say(encode(request(tiny_model, shot_task(tmp_path), settings=_steps(500))))
    child.until(lambda record: isinstance(record, Step))
    child.process.send_signal(signal.SIGTERM)
    assert child.process.wait(timeout=PATIENCE) == 0


def test_prints_go_to_the_log_and_not_into_the_protocol() -> None:
    code = (
        "import os, sys\nsys.argv[0] = 'worker'\nfrom engine import worker\n"
        "out = worker._own_stdout()\nprint('stray')\nos.system('echo deeper')\n"
        "worker.Out(out).write(worker.Starting(1))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == '{"type": "Starting", "pid": 1}\n'
    assert done.stderr.split() == ["stray", "deeper"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_worker_for_films_makes_films_and_nothing_else_and_loads_no_torch(tiny_model: Path, tmp_path: Path) -> None:
    child = Child(sys.executable, "-m", "engine.worker", "--films")
    try:
        child.say(encode(request(tiny_model, shot_task(tmp_path))))
        child.say(encode(ask(clips(tmp_path / "clips"), tmp_path / "tale.mp4", titles=True)))
        said = child.until(lambda record: of(record, Finished))
        refused = [record for record in said if isinstance(record, Failed)]
        assert [(record.request_id, record.code) for record in refused] == [("r1", "bad_request")]
        made = [record for record in said if isinstance(record, Exported)]
        assert made[0].path == str(tmp_path / "tale.mp4") and made[0].reencoded and made[0].frames == 27
        assert "libtorch" not in Path(f"/proc/{child.process.pid}/maps").read_text()
        assert child.leave() == 0
    finally:
        child.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the end of input ends it")
def test_it_dies_with_the_process_that_started_it() -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'engine.worker'], stdin=subprocess.PIPE,"
        " stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "print(child.stdout.readline().decode(), flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = json.loads(parent.stdout.readline())["pid"]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 20
    while time.monotonic() < end and _runs(pid):
        time.sleep(0.05)
    assert not _runs(pid)


def test_progress_is_thinned_out_but_never_its_first_and_last() -> None:
    lines: list[str] = []

    class Lines:
        def write(self, text: str) -> None:
            lines.append(text)

        def flush(self) -> None:
            pass

    out = worker.Out(Lines())  # type: ignore[arg-type]
    for step in range(1, 1001):
        preview = "/tmp/p.jpg" if step == 500 else ""
        out.event(Step("r", "s", "t", step, 1000, 0.0, preview))
    said: list[Any] = [decode(line) for line in lines]
    assert said[0].step == 1 and said[-1].step == 1000
    assert len(said) < 100
    assert any(record.preview for record in said)  # the picture of a step left out goes with the next


def test_a_plan_needs_no_weights_and_says_what_a_render_says(
    engine: Engine, tiny_model: Path, tmp_path: Path
) -> None:
    (saved,) = [e for e in engine.run(request(tiny_model, shot_task(tmp_path))) if isinstance(e, Saved)]
    seen = (candidate(saved.take, 0),)
    asked = request(tiny_model, shot_task(tmp_path, "t2", order=1), candidates=seen)
    (rendered,) = [event for event in engine.run(asked) if isinstance(event, Planned)]
    fresh = Engine()
    (planned,) = [event for event in fresh.run(PlanRequest("p", asked)) if isinstance(event, Planned)]
    assert planned.blocks == rendered.blocks and planned.budget_tokens == rendered.budget_tokens
    assert fresh.cache is None  # no model was loaded


def _steps(count: int) -> Any:
    from engine.contract import SamplingSettings

    return SamplingSettings(steps=count)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
