"""The queue: what waits, what runs, what came of it."""
