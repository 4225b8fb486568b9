from __future__ import annotations

from tests.app.inspector.fixtures import film_folder, rendered_film, stage, stage_to_read

__all__ = ["film_folder", "rendered_film", "stage", "stage_to_read"]
