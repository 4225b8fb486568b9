"""The player: the scene from its selected takes, one shot, or one take, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage, QKeyEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.document.open_document import OpenDocument
from app.document.snapshot import SceneSnapshot
from app.theme.icons import icon
from app.theme.style import set_role
from app.theme.tokens import SPACE
from storyboards.views import TakeView

from .controls import Controls
from .frames import FrameReader
from .full_screen import FullScreen
from .keys import DEFAULT_KEYS, Keys
from .projector import Projector
from .screen import Card, Screen
from .scrub_bar import ScrubBar
from .timeline import File, Segment, Timeline, of_file, of_scene, of_shot, of_take
from .transport import Points, Transport, moved_points, named_actions


class Player(QWidget):
    """Plays what the document shows, and stays where it is when takes change.

    `shot_shown` follows the head from shot to shot ("" outside a scene). Call `close_player` before the document goes.
    """

    shot_shown = Signal(str)

    def __init__(self, document: OpenDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: SceneSnapshot | None = None
        self._alone: str | None = None  # the shot that is played alone
        self._take: TakeView | File | None = None
        self._scene_place: tuple[Timeline, int, Points] | None = None  # what to come back to
        self._shown = ""
        self._full: FullScreen | None = None
        self._document = document
        self._soon = QTimer(self, singleShot=True, interval=0)
        self.reader = FrameReader(self)
        self.transport = Transport(self)
        self.projector = Projector(self.transport, self.reader, self)
        self.screen_widget = Screen(self)
        self.scrub_bar = ScrubBar(self.transport, self)
        self.controls = Controls(self.transport, self.act, self)
        self.back_button = QPushButton(icon("left"), self.tr("Whole scene"), self)
        self._actions = self._named_actions()
        self._keys = Keys()
        self._lay_out()
        self._connect(document)
        self.projector.show()

    # What is played

    def set_scene(self, snapshot: SceneSnapshot) -> None:
        """Take over a new state of the scene; the head stays on its moment of its shot."""
        other = self._snapshot is None or self._snapshot.scene.id != snapshot.scene.id
        self._snapshot = snapshot
        if other:
            self._alone = self._take = self._scene_place = None
        elif self._alone is not None and snapshot.shot(self._alone) is None:
            self.play_scene(play=False)
        if self._take is None:
            self.reader.forget_problems()
            timeline = self._timeline()
            if other or timeline != self.transport.timeline:
                self.transport.set_timeline(timeline, keep=not other)
                self.reader.let_go({segment.clip.id for segment in self._timeline_of_scene().segments if segment.clip})
        self._name_it()

    def play_scene(self, *, play: bool = True) -> None:
        """Show the whole scene again, where it was left."""
        self._follow()
        if self._alone is not None or self._take is not None:
            old, head, points = self._scene_place or (Timeline(), 0, (None, None))
            if self._alone is not None and (found := self._timeline_of_scene().segment_of(self._alone)):
                old, head = self._timeline_of_scene(), found.start + self.transport.head
            self._alone = self._take = self._scene_place = None
            timeline = self._timeline()
            self.transport.set_timeline(timeline, keep=False)
            self.transport.set_points(moved_points(points, old, timeline))
            self.transport.seek(timeline.place_from(old, head))
        if play:
            self.transport.play()

    def play_shot(self, shot_id: str) -> None:
        """Play one shot alone, from its beginning."""
        self._follow()
        if self._snapshot is not None and self._snapshot.shot(shot_id) is not None:
            self._leave_scene()
            self._alone, self._take = shot_id, None
            self._play_alone(self._timeline())

    def play_take(self, take: TakeView | Path | str) -> None:
        """Play one take alone, whether or not it is selected; a path plays any clip."""
        self._follow()
        self._leave_scene()
        self._alone = None
        if isinstance(take, TakeView):
            self._take = take
            self._play_alone(of_take(take))
        else:
            self._take = File(Path(take))
            self.reader.describe(self._take)

    def show_shot(self, shot_id: str) -> None:
        """Put the head on the beginning of a shot of the scene, unless the scene is playing."""
        self._follow()
        if self._alone is None and self._take is None and not self.transport.playing:
            segment = self.transport.timeline.segment_of(shot_id)
            if segment is not None and not segment.start <= self.transport.head < segment.end:
                self.transport.seek(segment.start)

    def scene_range(self) -> tuple[int, int] | None:
        """In point and out point (exclusive) in frames of the scene, for an export; None where none is set."""
        self._follow()
        if self._alone is not None or self._take is not None or not self.transport.has_range:
            return None
        return self.transport.in_point, self.transport.out_point

    def close_player(self) -> None:
        """Stop, and end the reading thread. Safe to call twice."""
        self.transport.pause()
        if self._full is not None:
            self._full.close()
        self.reader.close()

    # Keys and actions

    def act(self, name: str) -> None:
        """Do what a key or button of this name does; the names are those of `keys.DEFAULT_KEYS`."""
        self._actions[name]()

    def set_keys(self, keys: Mapping[str, str]) -> None:
        """Use other keys; a name that is left out has none."""
        self._keys = Keys(keys)
        self.controls.set_keys(self._keys)

    def toggle_full_screen(self) -> None:
        """Show the picture on the whole screen, or bring it back."""
        if self._full is not None:
            self._full.close()
            return
        self._full = FullScreen(self.transport, self.act, self._handle_key)
        self._full.closed.connect(self._full_screen_closed)
        self.projector.picture.connect(self._full.screen_widget.show_image)
        self.projector.card.connect(self._full.screen_widget.show_card)
        self._full.controls.set_keys(self._keys)
        self._full.controls.name.setText(self.controls.name.text())
        self.projector.show()
        self._full.setScreen(self.screen())
        self._full.showFullScreen()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._handle_key(event):
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and self._keys.name_of(event):
            event.accept()  # in here L is "faster", not the window's "lock"
            return True
        return super().event(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.transport.pause()
        super().hideEvent(event)

    def _handle_key(self, event: QKeyEvent) -> bool:
        name = self._keys.name_of(event)
        if name and not (event.isAutoRepeat() and name in ("toggle", "back", "forward", "fullscreen", "loop")):
            self.act(name)
        return bool(name)

    def _named_actions(self) -> dict[str, Callable[[], None]]:
        actions = {**named_actions(self.transport), "fullscreen": self.toggle_full_screen}
        assert actions.keys() >= DEFAULT_KEYS.keys()
        return actions

    # Inside

    def _lay_out(self) -> None:
        self.setAccessibleName(self.tr("Player"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.scrub_bar)
        set_role(self.back_button, "flat")
        self.back_button.setToolTip(self.tr("Play the whole scene again"))
        self.back_button.hide()
        self.controls.put_first(self.back_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE // 2)
        column.addWidget(self.screen_widget, 1)
        column.addWidget(self.scrub_bar)
        column.addWidget(self.controls)

    def _connect(self, document: OpenDocument) -> None:
        self.projector.picture.connect(self._show_picture)
        self.projector.card.connect(self._show_card)
        self.projector.waiting.connect(self.screen_widget.clear_card)
        self.reader.described.connect(self._described)
        self.transport.moved.connect(self._name_it)
        self.screen_widget.clicked.connect(self._clicked)
        self.screen_widget.double_clicked.connect(self.toggle_full_screen)
        self.back_button.clicked.connect(lambda: self.play_scene(play=False))
        self._soon.timeout.connect(self._follow)
        document.scene_read.connect(lambda _snapshot: self._soon.start())  # the board is to be painted first
        if document.snapshot is not None:
            self.set_scene(document.snapshot)

    def _follow(self) -> None:
        """Take over what the document read last, unless that is done."""
        self._soon.stop()
        if self._document.snapshot is not None and self._document.snapshot is not self._snapshot:
            self.set_scene(self._document.snapshot)

    def _show_picture(self, image: QImage) -> None:
        self.screen_widget.show_image(image)

    def _show_card(self, card: Card) -> None:
        self.screen_widget.show_card(card)

    def _clicked(self) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.transport.toggle()

    def _full_screen_closed(self) -> None:
        self._full = None
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _timeline_of_scene(self) -> Timeline:
        return of_scene(self._snapshot.shots, self._snapshot.fps) if self._snapshot else Timeline()

    def _timeline(self) -> Timeline:
        if self._alone is None or self._snapshot is None:
            return self._timeline_of_scene()
        return of_shot(self._snapshot.shots, self._alone, self._snapshot.fps)

    def _leave_scene(self) -> None:
        if self._alone is None and self._take is None:
            self._scene_place = (self.transport.timeline, self.transport.head, self.transport.points)

    def _play_alone(self, timeline: Timeline) -> None:
        self.transport.set_timeline(timeline, keep=False)
        self.transport.play()

    def _described(self, clip_id: str, frames: int, fps: float) -> None:
        if isinstance(self._take, File) and self._take.id == clip_id:
            self._play_alone(of_file(self._take, frames, fps))

    def _name_it(self) -> None:
        place = self.transport.timeline.at(self.transport.head)
        self.back_button.setVisible(self._alone is not None or self._take is not None)
        self.controls.name.setText(self._name(place[0]) if place else "")
        if self._full is not None:
            self._full.controls.name.setText(self.controls.name.text())
        shot_id = place[0].shot_id if place and self._take is None else ""
        if shot_id != self._shown:
            self._shown = shot_id
            self.shot_shown.emit(shot_id)

    def _name(self, segment: Segment) -> str:
        number, take = segment.number, segment.take_number
        if isinstance(self._take, TakeView) and self._snapshot is not None:
            shot = self._snapshot.shot(self._take.shot_id)
            number = shot.number if shot else 0
        parts = [self.tr("Shot {number}").format(number=number)] if number else []
        parts += [self.tr("take {number}").format(number=take)] if take else []
        return "  ·  ".join([*parts, segment.text] if segment.text else parts)
