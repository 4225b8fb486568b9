"""Decoded frames: a bounded cache, and the thread that fills it ahead of the play head.

The GUI says which frames it would like, in order of need; the thread decodes the first of them that is missing, looks
again, and rests when all are there or the budget is full. Frames stay on this side of the signals: only the news that
an awaited frame has come crosses them.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from functools import partial
from itertools import islice

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtGui import QImage

from .clips import BrokenClip, OpenClip
from .timeline import Clip

BUDGET = 512 * 2**20
_SPARE_CLIPS = 4  # takes the scene does not show whose frames are kept, for going back and forth between two
_OPEN_CLIPS = 6  # files kept open: enough for the cuts around the head, few enough for any system
_GUESS = 1280 * 720 * 4  # a frame's bytes before the first clip is open

Key = tuple[str, int]
Wish = tuple[Clip, int]


class FrameReader(QObject):
    """Gives frames at once or later, and never makes the GUI wait.

    `frame` returns a frame or None; after None, `ready` says that it has come, if it is among those of `want`.
    `failed` says that a clip cannot be shown and why, `described` answers `describe` with its frames and rate.
    """

    ready = Signal()
    failed = Signal(str, str)
    described = Signal(str, int, float)

    def __init__(self, parent: QObject | None = None, *, budget: int = BUDGET) -> None:
        super().__init__(parent)
        self._budget = budget
        self._state = threading.Condition()
        self._end = threading.Event()
        self._frames: OrderedDict[Key, QImage] = OrderedDict()
        self._bytes = 0
        self._largest = 0
        self._wishes: Sequence[Wish] = ()
        self._turn = 0  # counts the calls of `want`: after one, what is most urgent is looked up again
        self._ranks: dict[Key, int] = {}
        self._awaited: set[Key] = set()
        self._questions: list[Clip] = []
        self._broken: dict[str, str] = {}
        self._open: OrderedDict[str, OpenClip] = OrderedDict()
        self._thread: threading.Thread | None = None
        self.destroyed.connect(partial(_end, self._end, self._state))

    def frame(self, clip: Clip, index: int) -> QImage | None:
        """The frame, if it is decoded."""
        key = (clip.id, index)
        with self._state:
            image = self._frames.get(key)
            if image is None:
                self._awaited.add(key)
            else:
                self._frames.move_to_end(key)
            return image

    def problem(self, clip: Clip) -> str:
        """Why a clip cannot be shown, "" as long as nothing is known against it."""
        return self._broken.get(clip.id, "")

    def want(self, wishes: Sequence[Wish]) -> None:
        """Say which frames are needed, the most urgent first; what was wished for before is forgotten."""
        with self._state:
            self._wishes = wishes
            self._turn += 1
            self._ranks = {(clip.id, index): rank for rank, (clip, index) in enumerate(wishes)}
            self._awaited &= self._ranks.keys()
            self._wake()

    def let_go(self, shown: Collection[str]) -> None:
        """Drop the frames of all clips but those shown and the last few others: of many takes, most never come back."""
        with self._state:
            others = dict.fromkeys(clip for clip, _ in reversed(self._frames) if clip not in shown)
            dropped = set(list(others)[_SPARE_CLIPS:])
            for key in [key for key in self._frames if key[0] in dropped]:
                self._bytes -= self._frames.pop(key).sizeInBytes()

    def describe(self, clip: Clip) -> None:
        """Ask how long a clip is; `described` or `failed` answers."""
        with self._state:
            self._questions.append(clip)
            self._wake()

    def forget_problems(self) -> None:
        """Try broken clips again: their files may be back."""
        with self._state:
            self._broken.clear()

    @property
    def cached_bytes(self) -> int:
        """What the decoded frames take."""
        return self._bytes

    def close(self) -> None:
        """End the thread; nothing is announced afterwards. Safe to call twice."""
        _end(self._end, self._state)
        if self._thread is not None:
            self._thread.join()
        self._frames.clear()
        self._bytes = 0

    def _wake(self) -> None:
        """Rouse the thread, or start it at the first wish. Call with the lock held."""
        if self._thread is None and not self._end.is_set():
            self._thread = threading.Thread(target=self._run, name="frames", daemon=True)
            self._thread.start()
        self._state.notify()

    def _run(self) -> None:
        while True:
            with self._state:
                while not (self._end.is_set() or self._questions or self._next_wish()):
                    self._state.wait()
                question = self._questions.pop(0) if self._questions else None
                wish = self._next_wish()
            if self._end.is_set():
                break
            if question is not None:
                self._answer(question)
            elif wish is not None:
                self._decode(*wish)
        for clip in self._open.values():
            clip.close()

    def _next_wish(self) -> Wish | None:
        """The most urgent frame that is missing, can come, and has room. Call with the lock held.

        A tenth of the budget stays free for the frames that are met on the way from a key frame.
        """
        room = max(1, int(self._budget * 0.9) // (self._largest or _GUESS))
        for clip, index in islice(self._wishes, room):
            if (clip.id, index) not in self._frames and clip.id not in self._broken:
                return clip, index
        return None

    def _answer(self, clip: Clip) -> None:
        opened = self._opened(clip)
        if opened is not None:
            self._tell(self.described, clip.id, len(opened), opened.fps)

    def _decode(self, clip: Clip, index: int) -> None:
        opened = self._opened(clip)
        if opened is None:
            return
        turn, last = self._turn, min(index, len(opened) - 1)
        try:
            for number, image in opened.frames_to(index):
                # A clip that is shorter than its take says holds its last frame.
                self._keep((clip.id, index if number == last else number), image)
                if self._end.is_set() or turn != self._turn:
                    return
        except BrokenClip as error:
            self._give_up(clip, str(error))

    def _opened(self, clip: Clip) -> OpenClip | None:
        if clip.id in self._open:
            self._open.move_to_end(clip.id)
            return self._open[clip.id]
        try:
            opened = OpenClip(clip.video)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one clip, the thread goes on
            self._give_up(clip, str(error))
            return None
        self._largest = max(self._largest, opened.frame_bytes)
        self._open[clip.id] = opened
        while len(self._open) > _OPEN_CLIPS:
            self._open.popitem(last=False)[1].close()
        return opened

    def _give_up(self, clip: Clip, reason: str) -> None:
        with self._state:
            self._broken[clip.id] = reason
        self._tell(self.failed, clip.id, reason)

    def _keep(self, key: Key, image: QImage) -> None:
        """Store a frame, and tell who waits for it."""
        with self._state:
            if key not in self._frames:
                self._frames[key] = image
                self._bytes += image.sizeInBytes()
                self._trim()
            awaited = key in self._awaited
            self._awaited.discard(key)
        if awaited:
            self._tell(self.ready)

    def _trim(self) -> None:
        """Drop frames nobody wishes for, the oldest first, then the least urgent. Call with the lock held."""
        if self._bytes <= self._budget:
            return
        spare = [key for key in self._frames if key not in self._ranks]
        wanted = sorted((key for key in self._frames if key in self._ranks), key=self._ranks.__getitem__, reverse=True)
        for key in [*spare, *wanted[:-1]]:
            if self._bytes <= self._budget:
                return
            self._bytes -= self._frames.pop(key).sizeInBytes()

    def _tell(self, signal: SignalInstance, *values: object) -> None:
        """Emit from the thread; a reader that Qt has already taken down has nobody to tell."""
        if not self._end.is_set():
            with contextlib.suppress(RuntimeError):
                signal.emit(*values)


def _end(flag: threading.Event, state: threading.Condition, *_: object) -> None:
    """End the thread without holding on to its reader: Qt may have destroyed that already."""
    flag.set()
    with state:
        state.notify()
