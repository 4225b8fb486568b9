"""Alembic revisions of `storyboard.db`, run in code by `storyboards.upgrade` with the live connection."""
