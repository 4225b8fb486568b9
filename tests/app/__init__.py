"""Tests of the editor. With some versions of PySide6 on Python 3.11 a long session aborts without the guard."""

from app.singletons import keep_singletons

keep_singletons()
