"""Exporting a film: what, where to, how. The editor goes on while it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QProgressBar,
    QSpinBox,
    QWidget,
)

from app.shell import counting
from app.shell.dialog import Dialog, PathField, button, named
from engine.contract import Exported, ExportOptions, ExportRequest
from storyboards.films import Format, film_request, film_target
from storyboards.storyboard import Storyboard

KINDS: tuple[Format, ...] = ("mp4", "gif", "png")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the dialog may offer: the selected shots, and the range between the in and out points (frames, the second
    one exclusive), None where there is none."""

    shots: tuple[str, ...] = ()
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for, read off the fields, so that it can be worked out on another thread."""

    project: Path
    scene_id: str
    what: str
    choice: Choice
    out: Path
    kind: Format
    options: ExportOptions

    def request(self, storyboard: Storyboard) -> ExportRequest:
        """Return what the engine is asked. Raises StoryboardError."""
        out, _ = film_target(self.project, self.out, self.kind)
        out.parent.mkdir(parents=True, exist_ok=True)
        scenes = storyboard.scenes() if self.what == "project" else [storyboard.scene(self.scene_id)]
        lines = [(scene, shot) for scene in scenes for shot in storyboard.shots(scene.id)]
        if self.what == "shots":
            lines = [line for line in lines if line[1].id in self.choice.shots]
        span = self.choice.span if self.what == "span" else None
        return film_request(storyboard, lines, out, self.options, span)


class ExportDialog(Dialog):
    """`wanted` carries a Wish; the window answers by `began`, then `progress`, then `made` or `failed`.

    An export goes on when its dialog is closed; the status line tells how it ends.
    """

    wanted = Signal(object)
    cancel_wanted = Signal(str)

    def __init__(
        self,
        project: Path,
        scene_id: str,
        choice: Choice,
        size: tuple[int, int],
        scenes: int = 1,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(self.tr("Export film"), parent, 560)
        self._project, self._scene_id, self._choice, self._takes = project, scene_id, choice, size
        self._running, self._result = "", ""
        self._make_fields(scenes)
        self._fill_form()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        named(self.bar, self.tr("Progress"))
        self.state = self.note("")
        self.body.addWidget(self.bar)
        self.export = button(self.tr("Export"), self._export, role="primary")
        self.stop = button(self.tr("Cancel"), self._cancel, self.tr("Stop the export; nothing is left behind"))
        self.show_folder = button(self.tr("Show in folder"), self._reveal)
        self.finish(self.show_folder, self.stop, button(self.tr("Close"), self.close), self.export)
        self._show(False)
        self.show_folder.hide()
        self._kind_changed()

    def _make_fields(self, scenes: int) -> None:
        self.what = QComboBox()
        self.what.addItem(self.tr("The whole scene"), "scene")
        if self._choice.shots:
            self.what.addItem(self.tr("Selected: {0}").format(counting.shots(len(self._choice.shots))), "shots")
        if self._choice.span is not None:
            self.what.addItem(self.tr("From the in point to the out point"), "span")
        if scenes > 1:
            self.what.addItem(self.tr("All {0} scenes").format(scenes), "project")
        self.kind = QComboBox()
        for kind, name in zip(KINDS, (self.tr("MP4 film"), self.tr("GIF"), self.tr("PNG pictures")), strict=True):
            self.kind.addItem(name, kind)
        self.kind.currentIndexChanged.connect(self._kind_changed)
        self.out = PathField(self.tr("File"), self._pick_out)
        self.scale = QComboBox()
        width, height = self._takes
        self.scale.addItem(self.tr("As the takes are ({0} × {1})").format(width, height), None)
        for scale in (2, 4, 8):
            if width * scale <= 4096:
                self.scale.addItem(f"{width * scale} × {height * scale}", (width * scale, height * scale))
        self.fps = QDoubleSpinBox()
        self.fps.setRange(0, 120)
        self.fps.setDecimals(3)
        self.fps.setSpecialValueText(self.tr("as the takes are"))
        self.titles = QCheckBox(self.tr("Write each shot's name into the picture"))
        self.crossfade = QDoubleSpinBox()
        self.crossfade.setRange(0, 10)
        self.crossfade.setSingleStep(0.25)
        self.crossfade.setSuffix(" s")
        self.crossfade.setSpecialValueText(self.tr("none, cuts"))
        self.audio = PathField(self.tr("Sound"), self._pick_audio)
        self.audio.line.setPlaceholderText(self.tr("none"))

    def _fill_form(self) -> None:
        form = self.form()
        for label, field in (
            (self.tr("What"), self.what), (self.tr("Format"), self.kind), (self.tr("File"), self.out),
            (self.tr("Size"), self.scale), (self.tr("Frames a second"), self.fps),
            (self.tr("Crossfade"), self.crossfade), (self.tr("Sound"), self.audio), ("", self.titles),
        ):  # fmt: skip
            if not isinstance(field, (PathField, QSpinBox)):
                named(field, label or self.titles.text())
            form.addRow(label, field)

    @property
    def chosen_kind(self) -> Format:
        """The format that is chosen."""
        return KINDS[self.kind.currentIndex()]

    def _kind_changed(self) -> None:
        """Keep the name, change its ending; the first name is that of the project, beside it."""
        if self.out.text:
            stem = self.out.path.with_suffix("")
        else:
            stem = self._project.parent / self._project.name.removesuffix(".matchcut")
        ending = "" if self.chosen_kind == "png" else f".{self.chosen_kind}"
        self.out.show_path(stem.with_name(stem.name + ending))
        self.audio.setEnabled(self.chosen_kind == "mp4")

    def _pick_out(self, now: str) -> str:
        if self.chosen_kind == "png":
            return QFileDialog.getExistingDirectory(self, self.tr("Folder for the pictures"), now)
        kinds = {"mp4": self.tr("Film (*.mp4)"), "gif": self.tr("GIF (*.gif)")}
        return QFileDialog.getSaveFileName(self, self.tr("Export to"), now, kinds[self.chosen_kind])[0]

    def _pick_audio(self, now: str) -> str:
        kinds = self.tr("Sound (*.wav *.mp3 *.m4a *.aac *.flac *.ogg)")
        return QFileDialog.getOpenFileName(self, self.tr("Sound under the film"), now, kinds)[0]

    def wish(self) -> Wish:
        """Return what the fields say."""
        width, height = self.scale.currentData() or (None, None)
        audio = str(self.audio.path.resolve()) if self.audio.text and self.chosen_kind == "mp4" else None
        options = ExportOptions(
            self.chosen_kind, width, height, self.fps.value() or None, self.titles.isChecked(),
            self.crossfade.value(), audio,
        )  # fmt: skip
        what = self.what.currentData()
        return Wish(self._project, self._scene_id, what, self._choice, self.out.path, self.chosen_kind, options)

    def _export(self) -> None:
        if not self.out.text:
            self.tell(self.tr("Choose where the film goes."))
            return
        if self.audio.text and self.chosen_kind == "mp4" and not self.audio.path.is_file():
            self.tell(self.tr("There is no sound file {0}.").format(self.audio.path))
            return
        self.tell("")
        self.show_folder.hide()
        self._show(True)
        self.bar.setRange(0, 0)
        self.state.setText(self.tr("Beginning …"))
        self.wanted.emit(self.wish())

    def _show(self, running: bool) -> None:
        self.bar.setVisible(running)
        self.state.setVisible(running or bool(self._result))
        self.stop.setVisible(running)
        self.export.setEnabled(not running)

    def began(self, export_id: str) -> None:
        """The export has been asked for."""
        self._running = export_id

    def progress(self, export_id: str, done: float, text: str) -> None:
        """Move the bar."""
        if export_id == self._running:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * done))
            self.state.setText(text or self.tr("Writing …"))

    def made(self, export_id: str, film: Exported) -> None:
        """The film is there."""
        if export_id != self._running:
            return
        self._running, self._result = "", film.path
        how = self.tr("encoded anew") if film.reencoded else self.tr("joined without a loss")
        seconds = film.frames / film.fps if film.fps else 0
        self._show(False)
        self.state.setText(self.tr("{0} is there: {1:.1f} s, {2}.").format(Path(film.path).name, seconds, how))
        self.show_folder.show()
        self.show_folder.setFocus()

    def failed(self, export_id: str, message: str, hint: str) -> None:
        """Nothing was written. An id of "" means that it was refused before it began."""
        if export_id in ("", self._running):
            self._running, self._result = "", ""
            self._show(False)
            self.tell(f"{message} {hint}".strip())

    def _cancel(self) -> None:
        if self._running:
            self.cancel_wanted.emit(self._running)
        self._running = ""
        self._show(False)
        self.state.setText("")
        self.tell(self.tr("Stopped. Nothing was written."))

    def _reveal(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self._result).parent)))
