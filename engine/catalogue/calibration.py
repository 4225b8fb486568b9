"""What was measured of a model for MagCache: how the magnitude of what its blocks change goes from step to step.

Kept in the user's data folder under the model's fingerprint, because a model's own folder may be read-only and a file
in it would change the fingerprint. Standard library only.
"""

from __future__ import annotations

import json
import math
import os
from bisect import bisect_left
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path

from engine.catalogue.places import data_folder

VERSION = 1


class NotCalibrated(Exception):
    """A model that MagCache cannot be used with yet; `hint` names the command that measures it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Magnitudes:
    """Of one branch. `timesteps` of 1000, falling; `ratios`: the residual's mean magnitude over that of the step before
    (1 for the first), as MagCache measures it."""

    expert: int
    text: bool
    context: bool
    timesteps: tuple[float, ...]
    ratios: tuple[float, ...]

    def between(self, earlier: float, later: float) -> float:
        """Magnitude at timestep `later` over that at `earlier`.

        The product of the ratios between them, as in the paper; between the measured timesteps its logarithm is
        interpolated, so that the number of steps need not be the one that was measured.
        """
        return math.exp(self._log(later) - self._log(earlier))

    def _log(self, timestep: float) -> float:
        rising = self.timesteps[::-1]
        logs = list(accumulate(math.log(ratio) for ratio in self.ratios))[::-1]
        right = bisect_left(rising, timestep)
        if right == 0 or right == len(rising):
            return logs[min(right, len(rising) - 1)]
        part = (timestep - rising[right - 1]) / (rising[right] - rising[right - 1])
        return logs[right - 1] + part * (logs[right] - logs[right - 1])


@dataclass(frozen=True, slots=True)
class Calibration:
    """All branches of one model. `steps`: how many the shots were made with that were measured."""

    model: str
    fingerprint: str
    steps: int
    branches: tuple[Magnitudes, ...]

    def of(self, expert: int, text: bool, context: bool) -> Magnitudes:
        """The branch's own, else the expert's that is most like it. Raises KeyError for an unknown expert."""
        known = [branch for branch in self.branches if branch.expert == expert]
        if not known:
            raise KeyError(expert)
        return max(known, key=lambda branch: (branch.text == text) + (branch.context == context))


def calibration_path(fingerprint: str) -> Path:
    """Where a model's calibration is kept."""
    return data_folder() / "calibration" / f"{fingerprint}.json"


def save_calibration(calibration: Calibration) -> Path:
    """Write it, whole or not at all, and say where. Raises OSError."""
    path = calibration_path(calibration.fingerprint)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    unfinished.write_text(json.dumps({"version": VERSION, **asdict(calibration)}) + "\n", encoding="utf-8")
    unfinished.replace(path)
    return path


def load_calibration(model: str, fingerprint: str) -> Calibration:
    """What was measured of a model. Raises NotCalibrated, naming the command with `model`, as the user calls it."""
    path = calibration_path(fingerprint)
    hint = f"measure it once: main.py models calibrate {model}; or use --step-cache first-block"
    try:
        return _read(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotCalibrated(f"magcache needs to know the magnitudes of {Path(model).name}", hint) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotCalibrated(f"the calibration {path} cannot be read ({error})", hint) from error


def _read(text: str) -> Calibration:
    data = json.loads(text)
    if data.pop("version") != VERSION:
        raise ValueError("it is of another version")
    branches = []
    for branch in data.pop("branches"):
        times, ratios = tuple(branch.pop("timesteps")), tuple(branch.pop("ratios"))
        if not times or len(times) != len(ratios) or min(ratios) <= 0 or list(times) != sorted(times, reverse=True):
            raise ValueError("its numbers make no sense")
        branches.append(Magnitudes(timesteps=times, ratios=ratios, **branch))
    return Calibration(branches=tuple(branches), **data)
