"""An engine in a process of its own that does as its options say: the worker's protocol, no pixels, no torch.

Takes are those of `tests.storyboards.studio`: real folders that the document accepts, with nothing to look at.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading
import time
from typing import IO

from commands.scripted_plans import answer_plan
from engine import pulse
from engine.contract import (
    CONTRACT_VERSION,
    Cancel,
    Cancelled,
    Exported,
    ExportProgress,
    ExportRequest,
    Failed,
    Finished,
    GenerateRequest,
    Heartbeat,
    Hello,
    Phase,
    PlanRequest,
    Record,
    Saved,
    Starting,
    Step,
    decode,
    encode,
)
from engine.memory.wishes import add_wishes
from tests.storyboards.studio import make_take


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--step-s", type=float, default=0.01)
    parser.add_argument("--flood", type=int, default=0, help="this many Step lines at each step, as fast as it goes")
    parser.add_argument("--die-at-step", type=int, default=0)
    parser.add_argument("--hang-at-step", type=int, default=0, help="stop there for good, the heart beating on")
    parser.add_argument("--once", default="", help="a file that remembers the death or hang, so that it comes once")
    parser.add_argument("--die-at-start", action="store_true")
    parser.add_argument("--fail", default="", help="fail every render with this code")
    parser.add_argument("--deaf", action="store_true", help="do not hear a cancellation")
    parser.add_argument("--contract", type=int, default=CONTRACT_VERSION)
    parser.add_argument("--noise", action="store_true", help="write lines that are no records")
    parser.add_argument("--device", default="")
    add_wishes(parser)
    return parser.parse_args()


class FakeEngine:
    def __init__(self, options: argparse.Namespace, out: IO[str]) -> None:
        self.options, self.out = options, out
        self.lock = threading.Lock()
        self.pulse = pulse.Pulse()
        self.work: queue.Queue[GenerateRequest | ExportRequest | None] = queue.Queue()
        self.cancelled: set[str] = set()

    def say(self, record: Record) -> None:
        with self.lock:
            self.out.write(encode(record) + "\n")
            self.out.flush()

    def run(self) -> None:
        self.say(Starting(os.getpid()))
        if self.options.die_at_start:
            os._exit(3)
        if self.options.noise:
            self.out.write("Traceback (most recent call last):\n{]\n\n")
        threading.Thread(target=self.read, daemon=True).start()
        self.say(Hello(self.options.contract, "fake", os.getpid(), self.options.precision or "paper", 1 << 30))
        self.say(Heartbeat(1 << 20))
        if self.options.hang_at_step:
            pulse.HEARTBEAT_S, pulse.LOOK_S = 0.2, 0.02
            threading.Thread(target=self.pulse.beat, args=(self.say, threading.Event()), daemon=True).start()
        while (request := self.work.get()) is not None:
            self.pulse.begin()
            self.carry_out(request)
            self.pulse.rest()

    def read(self) -> None:
        for line in sys.stdin:
            match decode(line):
                case Cancel(request_id=request_id) if not self.options.deaf:
                    self.cancelled.add(request_id)
                case PlanRequest() as asked:
                    self.plan(asked)
                case (GenerateRequest() | ExportRequest()) as request:
                    self.work.put(request)
                case _:
                    pass
        self.work.put(None)

    def plan(self, asked: PlanRequest) -> None:
        for event in answer_plan(asked):
            self.say(event)

    def carry_out(self, request: GenerateRequest | ExportRequest) -> None:
        if isinstance(request, ExportRequest):
            self.export(request)
            return
        self.say(Phase(request.id, "loading paper"))
        if self.options.fail:
            self.say(Failed(request.id, self.options.fail, "It did not work.", "Do it otherwise."))
            return
        for shot in request.shots:
            for task in shot.takes:
                if not self.denoise(request, shot.shot_id, task.take_id):
                    self.say(Cancelled(request.id))
                    return
                self.say(Saved(request.id, make_take(request, shot, task)))
        self.say(Finished(request.id, 0.1))

    def denoise(self, request: GenerateRequest, shot_id: str, take_id: str) -> bool:
        steps = self.options.steps
        for step in range(1, steps + 1):
            time.sleep(self.options.step_s)
            for _ in range(self.options.flood or 1):
                self.say(Step(request.id, shot_id, take_id, step, steps, (steps - step) * self.options.step_s))
            if step == self.options.die_at_step and self.may_die():
                os.kill(os.getpid(), 9)
            if step == self.options.hang_at_step and self.may_die():
                threading.Event().wait()  # as a call into a driver that never returns
            if request.id in self.cancelled:
                return False
        return True

    def may_die(self) -> bool:
        if not self.options.once:
            return True
        if os.path.exists(self.options.once):
            return False
        open(self.options.once, "w").close()
        return True

    def export(self, request: ExportRequest) -> None:
        for part in range(1, 5):
            time.sleep(self.options.step_s)
            if request.id in self.cancelled:
                self.say(Cancelled(request.id))
                return
            self.say(ExportProgress(request.id, part / 4, "writing"))
        self.say(Exported(request.id, request.out, request.out + ".json", 17 * len(request.items), 8.0, False))
        self.say(Finished(request.id, 0.1))


if __name__ == "__main__":
    FakeEngine(_options(), sys.stdout).run()
