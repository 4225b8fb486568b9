from __future__ import annotations

from .fixtures import film_folder, rendered_film, stage, stage_to_read

__all__ = ["film_folder", "rendered_film", "stage", "stage_to_read"]
