"""The regression figures: a chain of generators, a ridge fit for each size and penalty."""

from __future__ import annotations

import numpy as np

import modelcollapse as mc
from benchmarks.suite import Check, Job, seconds, times_faster
from modelcollapse.probes import DownstreamError

PENALTIES = (0.0, *np.logspace(-5, 1, 13).tolist())


def teacher(d: int, law: str, noise: float) -> mc.IsotropicTeacher | mc.PowerLawTeacher:
    if law == "isotropic":
        return mc.IsotropicTeacher(d, noise=noise, statistics=True)
    return mc.PowerLawTeacher(d, noise=noise, statistics=True)


def figures(
    d: int, first: int, sizes: tuple[int, ...], penalties: tuple[float, ...], generations: int,
    law: str, noise: float, seeds: int, seed: int,
) -> np.ndarray:  # fmt: skip
    """Log test errors of three cells, shape (seeds, 3)."""
    probe = DownstreamError(sizes, penalties)
    lineage = mc.Lineage(teacher(d, law, noise), mc.Ridge(), mc.Replace(first), size=first)
    history = lineage.run(generations, replicates=seeds, seed=seed, probes=[probe])
    ends = (sizes[0], penalties[0]), (sizes[-1], penalties[-1])
    first_cell, last_cell = (history[probe.measure(*end)] for end in ends)
    return np.log(np.column_stack([first_cell[:, -1], last_cell[:, -1], first_cell[:, 0]]))


def theory(dimension: int, sizes: int, penalties: int, generations: int, seed: int) -> float:
    """Every cell of a large grid; the sum keeps anything from being left out."""
    from modelcollapse.theory import regression

    j = np.arange(1.0, dimension + 1)
    error = regression.chain_error(
        np.arange(generations)[:, None, None],
        np.logspace(1, 6, sizes)[:, None],
        np.logspace(-6, 1, penalties),
        eigenvalues=j**-1.5, coefficients=j**-0.25, noise=0.1,
        generator_records=dimension // 3, generator_noise=0.1,
    )  # fmt: skip
    assert error.total.shape == (generations, sizes, penalties)
    return float(error.total.sum())


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import ridge_chain

    sizes, seeds = ((400, 1000), 2) if quick else ((400, 1000, 3000), 10)
    found = [
        Job(
            "regression",
            f"{law} figure, d=300, {len(sizes)} sizes, 14 penalties, n=0..10, {seeds} seeds",
            {
                "d": 300, "first": 600, "sizes": sizes, "penalties": PENALTIES,
                "generations": 10, "law": law, "noise": 0.1, "seeds": seeds,
            },
            figures,
            (Check(times_faster, "x faster", at_least=5),),
            "one eigen-decomposition of 300 x 300 for each size and seed, which serves all "
            "penalties and generations; generators are triangular solves",
            ridge_chain.run,
            ("smallest fit", "largest fit", "clean fit"),
        )
        for law in ("isotropic", "power law")
    ]  # fmt: skip
    found.append(
        Job(
            "regression",
            "theory: 1000 sizes x 50 penalties x 20 generations, d=10^4, T0 < d",
            {"dimension": 10_000, "sizes": 1000, "penalties": 50, "generations": 20},
            theory,
            (Check(seconds, "s", at_most=5),),
            "spectral sums at the nodes of the interpolants, ten thousand terms each",
        )
    )
    return found
