"""What is chosen, to look at and to change: a shot, several shots, or the scene. This file imports nothing."""
