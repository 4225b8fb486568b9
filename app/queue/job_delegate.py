"""Paints a job, with the buttons that it has at the moment, and says which of them was pressed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QHelpEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from app.inspector.thumbnail import paint_thumbnail
from app.pictures import Pictures
from app.shots_model import ShotProgress
from app.theme.icons import drawn
from app.theme.style import colour, colours, font
from app.theme.tokens import RADIUS, SPACE, TYPE_BODY, TYPE_SMALL
from storyboards.views import JobView

from .job_texts import WORKING, detail, fraction, tr, what
from .jobs_model import JobsModel

Index = QModelIndex | QPersistentModelIndex
THUMBNAIL = QSize(72, 44)
ROW = THUMBNAIL.height() + 2 * SPACE
BUTTON = 24
_SIGNS = {"cancel": "cross", "edit": "edit", "retry": "regenerate", "resume": "play"}
_TONES = {"failed": "bad", "interrupted": "attention", "done": "good", "cancelling": "attention"}


def actions_of(job: JobView, progress: ShotProgress | None = None) -> list[str]:
    """What can be done with a job, and with an engine that stands still at it."""
    if job.state == "queued":
        return ["edit", "cancel"]
    if job.state == "running" and progress is not None and progress.still_s:
        return ["restart", "cancel"]
    return {
        "running": ["cancel"],
        "failed": ["retry"],
        "cancelled": ["retry"],
        "interrupted": ["resume", "cancel"],
    }.get(job.state, [])


def name_of(action: str) -> str:
    """How an action is called, with its key."""
    return {
        "cancel": tr("Cancel (Del)"),
        "edit": tr("Edit (Enter)"),
        "retry": tr("Retry (R)"),
        "resume": tr("Resume (R)"),
        "restart": tr("End the engine and start it again; this job is offered again"),
    }[action]


class JobDelegate(QStyledItemDelegate):
    """`picture_of(job)` gives the path of its still. `pressed(action, job_id)` goes out with "cancel", "edit" ..."""

    pressed = Signal(str, str)

    def __init__(self, pictures: Pictures, picture_of: Callable[[JobView], str], writable: bool) -> None:
        super().__init__()
        self._pictures, self._picture_of, self._writable = pictures, picture_of, writable

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """A job that did not work out has room for the reason."""
        job: JobView = index.data(JobsModel.JobRole)
        if job.state not in ("failed", "interrupted"):
            return QSize(20 * SPACE, ROW)
        view = option.widget
        width = (view.viewport().width() if isinstance(view, QAbstractItemView) else 40 * SPACE) - _text_left() - SPACE
        return QSize(20 * SPACE, max(ROW, 7 * SPACE + _height_of(detail(job), width)))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one row."""
        job: JobView = index.data(JobsModel.JobRole)
        progress: ShotProgress | None = index.data(JobsModel.ProgressRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option)
        rect = option.rect.adjusted(SPACE, SPACE, -SPACE, -SPACE)
        place = QRectF(rect.x(), rect.y(), THUMBNAIL.width(), THUMBNAIL.height())
        paint_thumbnail(painter, place, self._pictures, self._picture_of(job), "film", RADIUS / 2)
        text = rect.adjusted(THUMBNAIL.width() + SPACE, 0, 0, 0)
        buttons = self._buttons(option, job, progress) if self._shows_buttons(option, job, progress) else []
        room = text.right() - buttons[0][1].left() if buttons else 0
        self._paint_text(painter, text, job, index.data(JobsModel.StateRole), room)
        if job.state in WORKING:
            self._paint_bar(painter, text, fraction(job, progress))
        for action, button in buttons:
            self._paint_button(painter, action, button, _is_offer(action, job))
        painter.restore()

    def editorEvent(
        self, event: QEvent, _model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """A click on a painted button."""
        if event.type() is not QEvent.Type.MouseButtonRelease or not isinstance(event, QMouseEvent):
            return False
        action = self._action_at(event.position().toPoint(), option, index)
        if action:
            self.pressed.emit(action, index.data(JobsModel.JobRole).id)
        return bool(action)

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        """The name of a painted button, elsewhere that of the row."""
        action = self._action_at(event.pos(), option, index) if index.isValid() else ""
        if action:
            QToolTip.showText(event.globalPos(), name_of(action), view)
            return True
        return super().helpEvent(event, view, option, index)

    def button_rect(
        self, option: QStyleOptionViewItem, job: JobView, action: str, progress: ShotProgress | None = None
    ) -> QRect:
        """Where a button is painted; an empty rect if the job has none such."""
        return next((rect for name, rect in self._buttons(option, job, progress) if name == action), QRect())

    def _shows_buttons(self, option: QStyleOptionViewItem, job: JobView, progress: ShotProgress | None) -> bool:
        pointed = option.state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected)
        return self._writable and (bool(pointed) or any(_is_offer(one, job) for one in actions_of(job, progress)))

    def _buttons(
        self, option: QStyleOptionViewItem, job: JobView, progress: ShotProgress | None
    ) -> list[tuple[str, QRect]]:
        buttons, right = [], option.rect.right() - SPACE
        for action in reversed(actions_of(job, progress)):
            width = _width_of(action) if _is_offer(action, job) else BUTTON
            right -= width
            buttons.append((action, QRect(right, option.rect.top() + SPACE // 2, width, BUTTON)))
            right -= 2
        return buttons[::-1]

    def _action_at(self, place: QPoint, option: QStyleOptionViewItem, index: Index) -> str:
        if not self._writable:
            return ""
        buttons = self._buttons(option, index.data(JobsModel.JobRole), index.data(JobsModel.ProgressRole))
        return next((action for action, rect in buttons if rect.contains(place)), "")

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, colour("selected"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, colour("raised"))
        painter.fillRect(
            QRect(option.rect.left() + SPACE, option.rect.bottom(), option.rect.width() - 2 * SPACE, 1), colour("line")
        )

    def _paint_text(self, painter: QPainter, rect: QRect, job: JobView, how: str, taken: int) -> None:
        body, small = QFontMetrics(font(TYPE_BODY, strong=True)), QFontMetrics(font(TYPE_SMALL))
        first = QRect(rect.x(), rect.y(), rect.width() - taken, body.height())
        painter.setFont(font(TYPE_BODY, strong=True))
        painter.setPen(colour("muted" if job.state in ("done", "cancelled") else "text"))
        painter.drawText(first, 0, body.elidedText(what(job), Qt.TextElideMode.ElideRight, first.width()))
        painter.setFont(font(TYPE_SMALL))
        painter.setPen(colour(_TONES.get(job.state, "muted")))
        second = QRect(rect.x(), first.bottom() + 2, rect.width(), small.height())
        more = detail(job)
        if more and job.state == "queued":
            how = f"{how} · {more}"
        painter.drawText(second, 0, small.elidedText(how, Qt.TextElideMode.ElideRight, second.width()))
        if more and job.state != "queued":
            painter.setPen(colour("muted"))
            third = QRect(rect.x(), second.bottom() + 2, rect.width(), rect.bottom() - second.bottom())
            painter.drawText(third, Qt.TextFlag.TextWordWrap, more)

    def _paint_bar(self, painter: QPainter, rect: QRect, done: float) -> None:
        bar = QRectF(rect.x(), rect.bottom() - 5, rect.width(), 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("line"))
        painter.drawRoundedRect(bar, 2, 2)
        bar.setWidth(bar.width() * done)
        painter.setBrush(colour("accent"))
        painter.drawRoundedRect(bar, 2, 2)

    def _paint_button(self, painter: QPainter, action: str, rect: QRect, offer: bool) -> None:
        if offer:
            painter.setPen(colour("line"))
            painter.setBrush(colour("raised"))
            painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS / 1.5, RADIUS / 1.5)
            painter.setPen(colour("text"))
            painter.setFont(font(TYPE_SMALL))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, _offer(action))
            return
        side = 16
        picture = drawn(_SIGNS[action], side, colours().text, painter.device().devicePixelRatio())
        painter.drawPixmap(rect.center().x() - side // 2 + 1, rect.center().y() - side // 2 + 1, picture)


def _is_offer(action: str, job: JobView) -> bool:
    """True for what the user most likely wants of a job that does not work out: it is written out."""
    return action == "restart" or (job.state in ("failed", "interrupted") and action != "cancel")


def _offer(action: str) -> str:
    return {"resume": tr("Resume"), "retry": tr("Retry"), "restart": tr("Restart engine")}[action]


def _width_of(action: str) -> int:
    return QFontMetrics(font(TYPE_SMALL)).horizontalAdvance(_offer(action)) + 2 * SPACE


def _text_left() -> int:
    return SPACE + THUMBNAIL.width() + SPACE


def _height_of(text: str, width: int) -> int:
    metrics = QFontMetrics(font(TYPE_SMALL))
    return metrics.boundingRect(QRect(0, 0, max(80, width), 1000), Qt.TextFlag.TextWordWrap, text).height()
