"""The shots of a scene as cards or rows, in story order."""
