"""What holds for every test: nothing from the network, one thread a numeric library, examples that can be repeated."""

from __future__ import annotations

import os

from hypothesis import settings

# Set before torch or a hub client is imported, and inherited by the processes that tests start.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

settings.register_profile("matchcut", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("matchcut")
