"""Cast, places and props of the scene, each a card."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app.document.open_document import OpenDocument
from app.document.snapshot import SceneSnapshot
from app.inspector.section import empty_page
from app.pictures import Pictures
from app.theme.style import set_role
from app.theme.tokens import SPACE
from storyboards.changes import ChangeSet
from storyboards.tables import KINDS_OF_ELEMENT
from storyboards.views import ElementView

from .element_card import ElementCard


class ElementsPanel(QWidget):
    """Shows the elements of the document's scene. `flush` sends what is being typed."""

    def __init__(self, document: OpenDocument, pictures: Pictures) -> None:
        super().__init__()
        self._document, self._pictures = document, pictures
        self._elements: list[ElementView] = []
        self._cards: dict[str, ElementCard] = {}
        self._new = ""  # the element that waits to be named
        self._heads: dict[str, QLabel] = {}
        self._columns: dict[str, QVBoxLayout] = {}
        self._lay_out()
        document.scene_read.connect(self._show)
        if document.snapshot is not None:
            self._show(document.snapshot)

    def _lay_out(self) -> None:
        set_role(self, "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._make_empty())
        self._pages.addWidget(self._make_list())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)

    def _make_list(self) -> QWidget:
        inner = QWidget()
        set_role(inner, "panel")
        inner.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(inner)
        column.setContentsMargins(SPACE, SPACE, SPACE, 2 * SPACE)
        column.setSpacing(SPACE)
        column.addLayout(self._make_buttons())
        titles = {"character": self.tr("Cast"), "place": self.tr("Places"), "prop": self.tr("Props")}
        for kind in KINDS_OF_ELEMENT:
            self._heads[kind] = QLabel(titles[kind])
            set_role(self._heads[kind], "heading")
            self._heads[kind].setContentsMargins(0, SPACE, 0, 0)
            self._columns[kind] = QVBoxLayout()
            self._columns[kind].setSpacing(SPACE)
            column.addWidget(self._heads[kind])
            column.addLayout(self._columns[kind])
        column.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        self._area = area
        return area

    def _make_empty(self) -> QWidget:
        text = self.tr("Describe who and what appears in the scene once, and every shot knows it. An image helps more.")
        return empty_page(self.tr("Nobody on stage yet"), text, self._make_buttons())

    def _make_buttons(self) -> QHBoxLayout:
        texts = {"character": self.tr("Character"), "place": self.tr("Place"), "prop": self.tr("Prop")}
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        for kind, text in texts.items():
            button = QPushButton(text)
            button.setObjectName(f"add {kind}")
            button.setToolTip(self.tr("Add a {kind}").format(kind=text.lower()))
            button.setAccessibleName(button.toolTip())
            button.setEnabled(not self._document.read_only)
            button.clicked.connect(partial(self.add, kind))
            row.addWidget(button)
        row.addStretch()
        return row

    def sizeHint(self) -> QSize:
        """As wide as the inspector."""
        return QSize(340, 60 * SPACE)

    def add(self, kind: str) -> None:
        """Add an element under a free name, and let the user type another one."""
        names = {"character": self.tr("Character"), "place": self.tr("Place"), "prop": self.tr("Prop")}
        scene_id, name = self._document.scene_id, self._free_name(names[kind])
        self._document.do(
            self.tr("Add {name}").format(name=name),
            lambda storyboard: storyboard.add_element(scene_id, name, "", kind=kind),
            then=self._added,
        )

    def card(self, element_id: str) -> ElementCard | None:
        """The card of an element."""
        return self._cards.get(element_id)

    def flush(self) -> None:
        """Send what is being typed, at once."""
        for card in self._cards.values():
            card.flush()

    def _free_name(self, word: str) -> str:
        taken = {element.name for element in self._elements}
        number = 1
        while f"{word} {number}" in taken:
            number += 1
        return f"{word} {number}"

    def _added(self, changes: ChangeSet) -> None:
        self._new = changes.new_id("element")

    def _show(self, snapshot: SceneSnapshot) -> None:
        self._elements = list(snapshot.elements)
        here = {element.id for element in self._elements}
        for element_id in [element_id for element_id in self._cards if element_id not in here]:
            card = self._cards.pop(element_id)
            card.hide()
            card.deleteLater()
        for kind in KINDS_OF_ELEMENT:
            self._show_kind(kind, [element for element in self._elements if element.kind == kind])
        self._pages.setCurrentIndex(1 if self._elements else 0)
        new = self._cards.get(self._new)
        if new is not None:
            self._new = ""
            new.begin_naming()
            self._area.ensureWidgetVisible(new)

    def _show_kind(self, kind: str, elements: list[ElementView]) -> None:
        self._heads[kind].setVisible(bool(elements))
        column = self._columns[kind]
        for place, element in enumerate(elements):
            card = self._cards.get(element.id)
            if card is None:
                card = self._cards[element.id] = ElementCard(element, self._document, self._pictures)
                card.moved.connect(self._move)
                card.dropped.connect(self._drop)
            if column.indexOf(card) != place:
                column.insertWidget(place, card)
                card.show()  # at once, so that it can take the focus
            card.show_element(element)

    def _move(self, element_id: str, step: int) -> None:
        """Change places with the neighbour of the same kind."""
        element = next(element for element in self._elements if element.id == element_id)
        alike = [other.id for other in self._elements if other.kind == element.kind]
        place = alike.index(element_id) + step
        if 0 <= place < len(alike):
            self._drop(element_id, alike[place], step > 0)

    def _drop(self, element_id: str, target_id: str, after: bool) -> None:
        if element_id == target_id or element_id not in self._cards:
            return
        beside = {"after" if after else "before": target_id}
        name = self._cards[element_id].element.name
        self._document.do(
            self.tr("Move {name}").format(name=name), lambda storyboard: storyboard.move_element(element_id, **beside)
        )
