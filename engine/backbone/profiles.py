"""The profile's old address: training and tools may import it from here. It lives in `engine.catalogue.profile`."""

from __future__ import annotations

from engine.catalogue.profile import PositionRule, Profile, ProfileError, load_profile, save_profile

__all__ = ["PositionRule", "Profile", "ProfileError", "load_profile", "save_profile"]
