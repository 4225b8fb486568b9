"""One character, place or prop: name, description, images."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QDrag, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QMenu, QVBoxLayout
from shiboken6 import isValid

from app.document.open_document import OpenDocument
from app.inspector.buttons import icon_button
from app.inspector.draft import Draft
from app.inspector.prompt_edit import GrowingTextEdit
from app.pictures import Pictures
from app.theme.icons import icon
from app.theme.style import colours, set_role, theme
from app.theme.tokens import SPACE
from storyboards.changes import ChangeSet
from storyboards.storyboard import Storyboard
from storyboards.texts import clean_line
from storyboards.views import ElementView

from .reference_images import ReferenceImages, images_of

ELEMENT_DATA = "application/x-matchcut-element"
PICTURE_OF = {"character": "person", "place": "place", "prop": "prop"}


class Grip(QLabel):
    """The sign of a kind of element; dragging it moves the card."""

    def __init__(self, card: ElementCard) -> None:
        super().__init__()
        self._card = card
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip(self.tr("Drag to reorder (Alt+Up, Alt+Down)"))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Begin to drag."""
        if event.buttons() & Qt.MouseButton.LeftButton and self._card.writable:
            data = QMimeData()
            data.setData(ELEMENT_DATA, self._card.element.id.encode())
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.setPixmap(self._card.grab().scaledToWidth(30 * SPACE, Qt.TransformationMode.SmoothTransformation))
            drag.exec(Qt.DropAction.MoveAction)


class ElementCard(QFrame):
    """`moved(id, step)` asks for another place, -1 up or 1 down; `dropped(id, target, after)` is the same by mouse."""

    moved = Signal(str, int)
    dropped = Signal(str, str, bool)

    def __init__(self, element: ElementView, document: OpenDocument, pictures: Pictures) -> None:
        super().__init__()
        self.element = element
        self._document = document
        self.writable = not document.read_only
        self.setAcceptDrops(self.writable)
        set_role(self, "card")
        self.name = QLineEdit(readOnly=not self.writable)
        self.description = GrowingTextEdit(2, 8)
        self.description.setReadOnly(not self.writable)
        self.description.setPlaceholderText(self._example(element.kind))
        self.images = ReferenceImages(pictures, self.writable)
        self._grip = Grip(self)
        self._draft = Draft(self.description, clean_line)
        self._draft.begin(element.description)
        self.name.setText(element.name)
        self._lay_out()
        self._connect()
        self.show_element(element)

    def _lay_out(self) -> None:
        self._more = icon_button("more", self.tr("More"))
        self._more.setEnabled(self.writable)
        head = QHBoxLayout()
        head.setSpacing(SPACE)
        head.addWidget(self._grip)
        head.addWidget(self.name, 1)
        head.addWidget(self._more)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        column.setSpacing(SPACE)
        column.addLayout(head)
        column.addWidget(self.description)
        column.addWidget(self.images)

    def _connect(self) -> None:
        self.name.editingFinished.connect(self._rename)
        self._draft.typed.connect(self._describe)
        self.images.added.connect(self.add_images)
        self.images.removed.connect(self._remove_image)
        self.images.replaced.connect(self._replace_image)
        self._more.clicked.connect(self._show_menu)
        theme.changed.connect(self._draw_grip)

    def show_element(self, element: ElementView) -> None:
        """Show what the document says."""
        if element.name != self.element.name or not self.name.isModified():
            self.name.setText(element.name)
        self.element = element
        self._draft.show(element.description)
        self.images.show_images(element.references)
        self._draw_grip()
        self.name.setAccessibleName(self.tr("Name"))
        self.name.setToolTip(self.tr("Prompts call it by this name"))
        self.description.setAccessibleName(self.tr("Description of {name}").format(name=element.name))
        self._more.setToolTip(self.tr("Reorder, change its kind, delete"))

    def _draw_grip(self) -> None:
        self._grip.setPixmap(icon(PICTURE_OF[self.element.kind]).pixmap(20, 20))

    def flush(self) -> None:
        """Send what is being typed, at once."""
        self._draft.flush()
        self._rename()

    def begin_naming(self) -> None:
        """Let the user type a name right away."""
        self.name.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.name.selectAll()

    def add_images(self, paths: list[Any]) -> None:
        """Take images into the project, all as one step."""
        element_id = self.element.id

        def add(storyboard: Storyboard) -> ChangeSet:
            with storyboard.together() as work:
                for path in paths:
                    storyboard.add_reference(element_id, path)
            return work.changes

        self._document.do(self.tr("Add images of {name}").format(name=self.element.name), add)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Alt with up or down moves the card."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and event.modifiers() & Qt.KeyboardModifier.AltModifier and self.writable:
            self.moved.emit(self.element.id, step)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take images, and other cards."""
        if images_of(event.mimeData()) or event.mimeData().hasFormat(ELEMENT_DATA):
            event.acceptProposedAction()
            self._mark(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Show where it would go."""
        self._mark(event)
        event.acceptProposedAction()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        """As before."""
        self.setStyleSheet("")

    def dropEvent(self, event: QDropEvent) -> None:
        """Take what was dropped."""
        self.setStyleSheet("")
        images = images_of(event.mimeData())
        if images:
            self.add_images(images)
        elif event.mimeData().hasFormat(ELEMENT_DATA):
            dragged = event.mimeData().data(ELEMENT_DATA).toStdString()
            self.dropped.emit(dragged, self.element.id, event.position().y() > self.height() / 2)
        event.acceptProposedAction()

    def _mark(self, event: QDropEvent) -> None:
        accent = colours().accent
        edge = ""
        if event.mimeData().hasFormat(ELEMENT_DATA):
            edge = "-bottom" if event.position().y() > self.height() / 2 else "-top"
        self.setStyleSheet(f"ElementCard {{ border{edge}: 2px solid {accent}; }}")

    def _rename(self) -> None:
        name = clean_line(self.name.text())
        self.name.setModified(False)
        if name and name != self.element.name and self.writable:
            self._do(self.tr("Rename {name}").format(name=self.element.name), "edit_element", name=name)
        else:
            self.name.setText(self.element.name)

    def _example(self, kind: str) -> str:
        examples = {
            "character": self.tr("Who it is and how it looks: a fox in a red coat"),
            "place": self.tr("What it is like: a clearing with tall firs"),
            "prop": self.tr("What it is: a pink balloon on a string"),
        }
        return examples[kind]

    def _describe(self, text: str) -> None:
        key = f"description {self.element.id}"
        step = self.tr("Describe {name}").format(name=self.element.name)
        self._do(step, "edit_element", merge=key, description=text)

    def _remove_image(self, reference_id: str) -> None:
        self._document.do(
            self.tr("Take out an image of {name}").format(name=self.element.name),
            lambda storyboard: storyboard.delete_reference(reference_id),
        )

    def _replace_image(self, reference_id: str, path: Any) -> None:
        self._document.do(
            self.tr("Replace an image of {name}").format(name=self.element.name),
            lambda storyboard: storyboard.replace_reference(reference_id, path),
        )

    def _do(self, text: str, verb: str, merge: str = "", **what: Any) -> None:
        element_id = self.element.id
        self._document.do(
            text, lambda storyboard: getattr(storyboard, verb)(element_id, **what), merge=merge, failed=self._failed
        )

    def _failed(self, error: Exception) -> None:
        """Tell, and go back to the name that holds."""
        self._document.tell(error)
        if isValid(self):
            self.name.setText(self.element.name)

    def _show_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("up"), self.tr("Move up"), partial(self.moved.emit, self.element.id, -1))
        menu.addAction(icon("down"), self.tr("Move down"), partial(self.moved.emit, self.element.id, 1))
        menu.addSeparator()
        kinds = {"character": self.tr("Character"), "place": self.tr("Place"), "prop": self.tr("Prop")}
        for kind, text in kinds.items():
            action = menu.addAction(text, partial(self._do, self.tr("Kind of element"), "edit_element", kind=kind))
            action.setCheckable(True)
            action.setChecked(kind == self.element.kind)
        menu.addSeparator()
        delete = self.tr("Delete {name}").format(name=self.element.name)
        menu.addAction(icon("trash"), delete, partial(self._do, delete, "delete_element"))
        menu.popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))
