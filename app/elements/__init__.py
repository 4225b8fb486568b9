"""The cast, the places and the props of a scene."""
