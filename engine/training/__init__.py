"""Trainers and data sets (accelerate). Nothing imports this room."""
