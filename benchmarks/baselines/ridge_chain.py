"""The usual script: draw inputs, label them with the last fit, fit again; ridge at the end."""

from __future__ import annotations

import numpy as np


def problem(d, law):
    """Variances of the inputs and true coefficients."""
    if law == "isotropic":
        return np.ones(d), np.full(d, d**-0.5)
    j = np.arange(1.0, d + 1)
    return j**-2.0, j**-0.25


def chain(d, first, sizes, penalties, generations, law, noise, rng):
    """Test error by generation, size of the last fit, and its penalty."""
    variances, truth = problem(d, law)
    root, weights, errors = np.sqrt(variances), truth, []
    for _ in range(generations + 1):
        row = []
        for n in sizes:
            x = rng.normal(size=(n, d)) * root
            y = x @ weights + noise * rng.normal(size=n)
            gram, moment = x.T @ x, x.T @ y
            for penalty in penalties:
                fit = np.linalg.solve(gram + n * penalty * np.eye(d), moment)
                row.append(np.sum(variances * (fit - truth) ** 2))
        errors.append(row)
        x = rng.normal(size=(first, d)) * root
        y = x @ weights + noise * rng.normal(size=first)
        weights = np.linalg.lstsq(x, y, rcond=None)[0]
    return np.array(errors)


def run(d, first, sizes, penalties, generations, law, noise, seeds, seed=0):
    """Log test errors of three cells, two of them of the last generation: (seeds, 3)."""
    found = [
        chain(d, first, sizes, penalties, generations, law, noise, np.random.default_rng([seed, k]))
        for k in range(seeds)
    ]
    return np.log(np.array(found)).reshape(seeds, -1)[:, [-len(sizes) * len(penalties), -1, 0]]
