"""A family small enough to follow by eye, for tests of the loop rather than of a family."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest


@dataclass(frozen=True)
class Normal:
    """A normal law in one dimension; also what `Moments2` fits."""

    mean: float = 0.0
    deviation: float = 1.0

    def sample(self, n, *, rng):
        return self.mean + self.deviation * rng.standard_normal((n, 1))

    @property
    def varies(self):
        return self.deviation > 0


@dataclass(frozen=True)
class FitNormal:
    """Mean and population standard deviation of all records."""

    def fit(self, data, *, rng, parent=None):
        return Normal(float(data.mean()), float(data.std()))


@pytest.fixture
def toy():
    return SimpleNamespace(Normal=Normal, FitNormal=FitNormal)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
