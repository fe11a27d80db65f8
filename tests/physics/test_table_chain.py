"""Chains of tables: every column of a copula chain drifts alone, and dependence is attenuated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from modelcollapse.learners.copula import GaussianCopula
from modelcollapse.lineage import Lineage
from modelcollapse.policies import Replace
from modelcollapse.theory import discrete

LABELS, SHARES = np.array(["a", "b", "c", "d"]), np.array([0.4, 0.3, 0.2, 0.1])


def agrees(readings, expected):
    """Whether the mean of independent readings is within 4 standard errors of the formula."""
    readings = np.asarray(readings, dtype=float)
    return abs(readings.mean() - expected) < 4 * readings.std(ddof=1) / np.sqrt(len(readings))


@dataclass(frozen=True)
class TwoColumns:
    """Two columns of labels, the second of which repeats the first half of the time."""

    def sample(self, n, *, rng):
        first, other = rng.choice(LABELS, size=(2, n), p=SHARES)
        second = np.where(rng.random(n) < 0.5, first, other)
        return pl.DataFrame({"first": first, "second": second})


@dataclass(frozen=True)
class Heterozygosity:
    """Of each column of the fitted law."""

    name: ClassVar[str] = "heterozygosity"

    def __call__(self, generation):
        shares = (np.diff(edges, prepend=0.0) for edges in generation.model.edges)
        return {str(i): 1 - np.square(share).sum() for i, share in enumerate(shares)}


@pytest.mark.parametrize("independent", [True, False])
def test_each_column_of_a_table_drifts_as_categories_do(independent):
    n, last = 10, 6
    lineage = Lineage(TwoColumns(), GaussianCopula(independent), Replace(n), size=n)
    found = lineage.run(last, replicates=120, seed=3, probes=[Heterozygosity()], every=last)
    expected = discrete.expected_heterozygosity(last, n, SHARES)
    for column in ("0", "1"):
        readings = found[f"heterozygosity.{column}"][:, -1]
        assert agrees(readings, expected)
        assert not agrees(readings, discrete.expected_heterozygosity(last, 2 * n, SHARES))
        assert not agrees(readings, discrete.expected_heterozygosity(0, n, SHARES))


def test_dependence_of_labels_is_attenuated_by_every_fit():
    # Two equal columns of two labels: a score's mean given its label is ±2 phi(0), whose square is
    # 2 / pi, and two normal scores of correlation rho have the same sign 1/2 + asin(rho)/pi times.
    rng, n = np.random.default_rng(8), 400
    fitted, same = [], []
    for _ in range(200):
        column = rng.permutation(np.repeat([0.0, 1.0], n // 2))
        model = GaussianCopula().fit(np.stack([column, column], axis=1), rng=rng)
        fitted.append(model.correlation[0, 1])
        written = model.sample(n, rng=rng)
        same.append(np.mean(written[:, 0] == written[:, 1]))
    rho = 2 / np.pi
    assert agrees(fitted, rho)
    assert not agrees(fitted, 1.0)
    assert agrees(same, 0.5 + np.arcsin(rho) / np.pi)
    assert not agrees(same, (1 + rho) / 2)
