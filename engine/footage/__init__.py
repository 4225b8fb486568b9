"""The user's own footage -> scenes that a trainer reads: shots, scenes, captions, latents, text, a sheet to look at."""
