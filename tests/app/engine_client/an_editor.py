"""An editor that does nothing but export a film, to be killed: `python -m tests.app.engine_client.an_editor REQUEST`.

Prints the process that makes the film once it is under way.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.engine_client.films import Films
from engine.contract import ExportRequest, decode


def main() -> None:
    """Begin, say so, and wait for the end."""
    app = QCoreApplication(sys.argv)
    films = Films()
    asked = decode(Path(sys.argv[1]).read_text())
    assert isinstance(asked, ExportRequest)
    said: list[int] = []

    def moves(_export_id: str, done: float, _text: str) -> None:
        if done > 0.1 and not said:
            said.append(films.pid)
            print(films.pid, flush=True)

    films.progress.connect(moves)
    films.export(asked)
    app.exec()


if __name__ == "__main__":
    main()
