"""Metrics and benchmarks. Nothing imports this room."""
