"""Chains of kernel ridge regressions on real inputs: what the recipes on them share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modelcollapse import Lineage, LinearTeacher, Replace, Ridge
from modelcollapse.families.regression.kernel_path import KernelPath
from modelcollapse.families.regression.kernel_ridge import KernelRidge
from modelcollapse.families.regression.pool import PoolTask
from modelcollapse.probes.regression import DownstreamError
from modelcollapse.recipes import _recipe as r
from modelcollapse.regression_panels import Readings

SWEEP = tuple(float(f"{level:.3g}") for level in np.geomspace(1e-6, 1, 13))
"""Penalties of the last fit."""


@dataclass(frozen=True, eq=False)
class Chain:
    """Readings of one chain at the end of which models of several sizes are fitted.

    Attributes
    ----------
    read : Readings
        Their errors, and what theory says of them.
    n : int
        Records of the fit that the claims are about.
    """

    read: Readings
    n: int

    @property
    def depths(self) -> list[int]:
        """Generations that were read."""
        return self.read.depths(None)

    def at(self, level: float, *depths: int) -> r.Floats:
        """Errors with a penalty, averaged over some depths, shape ``(replicates,)``."""
        every = [self.read.at(self.n, level, depth) for depth in depths]
        return np.asarray(np.mean(every, axis=0))

    def best(self, *depths: int) -> float:
        """Penalty of the sweep with the smallest mean error at some depths."""
        return min(SWEEP, key=lambda level: float(self.at(level, *depths).mean()))

    def shift(self) -> r.Estimate:
        """Decades by which the best penalty of a replicate moves along the chain."""
        first, last = (
            np.stack([self.read.at(self.n, level, depth) for level in SWEEP]).argmin(axis=0)
            for depth in (self.depths[0], self.depths[-1])
        )
        return r.mean(np.log10(np.array(SWEEP)[last]) - np.log10(np.array(SWEEP)[first]))

    def errors(self, since: int = 0) -> r.Floats:
        """Errors at the best penalty of each depth, shape ``(replicates, depths)``."""
        depths = self.depths[since:]
        return np.stack([self.read.at(self.n, self.best(x), x) for x in depths], axis=1)

    def growth(self, since: int = 0) -> r.Estimate:
        """Error that a generation adds, on average from one on."""
        return r.slope(self.depths[since:], self.errors(since))


def run_chains(
    lineages: Mapping[str, Lineage], sizes: Sequence[int], levels: Iterable[float], **options: Any
) -> dict[str, Chain]:
    """Run chains, and fit models of some sizes, the last of which the claims are about."""
    probe = DownstreamError(tuple(sizes), tuple(sorted({*SWEEP, *levels})))
    found = r.simulate(lineages, [probe], **options)
    return {label: Chain(Readings.of(history), sizes[-1]) for label, history in found.items()}


def lineage(truth: PoolTask, learner: KernelRidge, records: int, penalty: float) -> Lineage:
    """Chain of generators of one size."""
    return Lineage(truth, replace(learner, penalty=penalty), Replace(records), size=records,
                   holdout=2_000)  # fmt: skip


def told_by(chain: Chain, path: KernelPath, targets: r.Floats) -> Chain:
    """Give a chain the theory of its linear counterpart, which has the spectrum of its kernel."""
    history = chain.read.history
    truth, learner = history.lineage.truth, history.lineage.learner
    kept = path.eigenvalues > 1e-12 * path.eigenvalues[0]
    values = path.eigenvalues[kept]
    coefficients = path.along(targets)[kept] / np.sqrt(values)
    teacher = LinearTeacher(coefficients.tolist(), values.tolist(), noise=truth.noise)
    linear = replace(history.lineage, truth=teacher, learner=Ridge(learner.penalty))
    return replace(chain, read=Readings(replace(history, lineage=linear), chain.read.probe))


def exponents(path: KernelPath, targets: r.Floats, ranks: tuple[int, int]) -> tuple[float, float]:
    """Capacity and source of a kernel, from what lies beyond the j-th direction, over some ranks.

    The eigenvalues beyond fall like ``j^(1 - beta)``, what the targets have beyond like
    ``j^(-2 beta r)``.
    """
    at = np.arange(*ranks)

    def power(parts: r.Floats) -> float:
        beyond = parts.sum() - np.cumsum(parts)
        return float(np.polyfit(np.log(at), np.log(beyond[at - 1]), 1)[0])

    capacity = 1 - power(path.eigenvalues)
    return capacity, -power(path.along(targets) ** 2) / (2 * capacity)


def along(label: str, chain: Chain) -> r.Curve:
    """Error at the best penalty along generations, with bars of two standard errors."""
    errors = chain.errors()
    mean, half = errors.mean(axis=0), 2 * errors.std(axis=0, ddof=1) / np.sqrt(len(errors))
    return r.Curve(label, chain.depths, mean, mean - half, mean + half)


def collapse(what: str, weak: Chain, strong: Chain) -> list[r.Claim]:
    """Growth, its dependence on the generators' size, and the ridge that deep data ask for."""
    errors, fewer = weak.errors(), strong.errors()
    later = weak.depths[2:]
    real, deep = weak.best(0), weak.best(*later)

    def gain(*depths: int) -> r.Estimate:
        return r.mean(weak.at(real, *depths) - weak.at(deep, *depths))

    clean, more = r.mean(errors[:, 0]), r.mean((errors - fewer)[:, 1:].mean(axis=1))
    return [
        r.claim(f"{what}: error grows with generations, weak generators", 0.0, weak.growth(),
                law=">", basis="text"),
        r.claim(f"{what}: and strong ones", 0.0, strong.growth(), law=">", basis="text"),
        r.claim(f"{what}: weak generators add more, averaged over generations", 0.0, more,
                law=">", basis="text"),
        r.claim(f"{what}: the best ridge moves up, in decades", 0.0, weak.shift(), law=">",
                basis="text"),
        r.claim(f"{what}: from 2 deep on the ridge that is best there beats that of real data", 0.0,
                gain(*later), law=">", basis="text"),
        r.control(f"{what}: deep data are as good as real ones", clean.value,
                  r.mean(errors[:, -1]), error=clean.error),
        r.control(f"{what}: it does not matter on how many records generators were fitted", 0.0,
                  more),
        r.control(f"{what}: the ridge of deep data is better for real data too", 0.0, gain(0),
                  law=">"),
    ]  # fmt: skip
