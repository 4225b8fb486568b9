"""The reference images of an element: small stills, each to be opened, replaced or taken out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QContextMenuEvent, QDesktopServices, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QGridLayout, QMenu, QToolButton, QWidget

from app.inspector.buttons import icon_button
from app.inspector.thumbnail import Thumbnail
from app.pictures import Pictures
from app.theme.icons import icon
from app.theme.tokens import SPACE
from storyboards.views import ReferenceView

SIDE = 56
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
FILTER = "*.png *.jpg *.jpeg *.webp"


def images_of(data: QMimeData) -> list[Path]:
    """Return the image files that are being dragged."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in SUFFIXES]


def choose_images(parent: QWidget, title: str) -> list[Path]:
    """Ask for image files."""
    names, _ = QFileDialog.getOpenFileNames(parent, title, "", f"{parent.tr('Images')} ({FILTER})")
    return [Path(name) for name in names]


class ReferenceImage(Thumbnail):
    """One image. Delete takes it out; the menu has the rest."""

    removed = Signal(str)
    replaced = Signal(str, object)

    def __init__(self, pictures: Pictures, writable: bool) -> None:
        super().__init__(pictures, SIDE, SIDE)
        self._image: ReferenceView | None = None
        self._writable = writable
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._cross = QToolButton(self)
        self._cross.setIcon(icon("cross"))
        self._cross.setIconSize(QSize(10, 10))
        self._cross.setStyleSheet("min-width: 0; min-height: 0; padding: 2px; border-radius: 8px;")
        self._cross.setFixedSize(18, 18)
        self._cross.move(SIDE - 20, 2)
        self._cross.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._cross.setToolTip(self.tr("Take the image out (Delete)"))
        self._cross.clicked.connect(self._remove)
        self._cross.hide()

    def show_image(self, image: ReferenceView) -> None:
        """Show this image."""
        self._image = image
        self.show_picture(str(image.path))
        self.setToolTip(image.name)
        self.setAccessibleName(self.tr("Reference image {name}").format(name=image.name))
        self._cross.setAccessibleName(self.tr("Take out the image {name}").format(name=image.name))

    def enterEvent(self, _event: object) -> None:
        """Offer to take it out."""
        self._cross.setVisible(self._writable)

    def leaveEvent(self, _event: object) -> None:
        """Just the image again."""
        self._cross.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the image out, Enter opens it."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._remove()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Look at it in full size."""
        self._open()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with the image."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("eye"), self.tr("Open"), self._open)
        replace = menu.addAction(icon("image"), self.tr("Replace…"), self._replace)
        remove = menu.addAction(icon("trash"), self.tr("Take out"), self._remove)
        replace.setEnabled(self._writable)
        remove.setEnabled(self._writable)
        menu.popup(event.globalPos())

    def _open(self) -> None:
        if self._image is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._image.path)))

    def _replace(self) -> None:
        chosen = choose_images(self, self.tr("Replace the image"))
        if chosen and self._image is not None:
            self.replaced.emit(self._image.id, chosen[0])

    def _remove(self) -> None:
        if self._image is not None and self._writable:
            self.removed.emit(self._image.id)


class ReferenceImages(QWidget):
    """All images of one element with a `+` behind the last."""

    added = Signal(list)
    removed = Signal(str)
    replaced = Signal(str, object)

    def __init__(self, pictures: Pictures, writable: bool) -> None:
        super().__init__()
        self._pictures, self._writable = pictures, writable
        self._tiles: list[ReferenceImage] = []
        self.add = icon_button("plus", self.tr("Add an image"), self.tr("Add an image, or drop one on the card"))
        self.add.setFixedSize(SIDE, SIDE)
        self.add.setProperty("role", "")
        self.add.setStyleSheet(f"min-width: {SIDE - 10}px; min-height: {SIDE - 10}px;")  # outdoes the theme's sizes
        self.add.clicked.connect(self._choose)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self._in_a_row = 4
        self.show_images(())
        self.add.setVisible(writable)  # now that it has a parent: before, it would be a window of its own

    def show_images(self, images: Sequence[ReferenceView]) -> None:
        """Show these images."""
        while len(self._tiles) > len(images):
            tile = self._tiles.pop()
            tile.hide()
            tile.deleteLater()
        while len(self._tiles) < len(images):
            tile = ReferenceImage(self._pictures, self._writable)
            tile.removed.connect(self.removed)
            tile.replaced.connect(self.replaced)
            self._tiles.append(tile)
        for tile, image in zip(self._tiles, images, strict=True):
            tile.show_image(image)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put as many beside each other as there is room for."""
        super().resizeEvent(event)
        in_a_row = max(1, (self.width() + SPACE) // (SIDE + SPACE))
        if in_a_row != self._in_a_row:
            self._in_a_row = in_a_row
            self._arrange()

    def minimumSizeHint(self) -> QSize:
        """One image wide."""
        return QSize(SIDE, super().minimumSizeHint().height())

    def _arrange(self) -> None:
        for place, tile in enumerate((*self._tiles, self.add)):
            self._grid.addWidget(tile, *divmod(place, self._in_a_row))

    def _choose(self) -> None:
        chosen = choose_images(self, self.tr("Add reference images"))
        if chosen:
            self.added.emit(chosen)
