"""Variance of a chain of kernel estimates against its closed law, n records, bandwidth h, d = 1.

Second moment of the fitted density about the mean of its data, in units of the truth's variance:

- replace: S_1 = 1 - 1/n, S_t = (1 - 1/n)(S_{t-1} + h^2), and S_t + h^2 is reported;
- accumulate: v_t = v_{t-1}(1 - 1/(n t^2)) + h^2 ((1 - 1/n)/t + (t - 1)/(n t^2)), same reading.
"""

import numpy as np
import pytest

from modelcollapse.families.kernel import KernelDensity

N, H, STEPS, REPLICATES = 20, 0.5, 20, 800


def replace_law(n, h, steps):
    s = [1 - 1 / n]
    for _ in range(steps - 1):
        s.append((1 - 1 / n) * (s[-1] + h**2))
    return np.array(s) + h**2


def accumulate_law(n, h, steps):
    v = [1 - 1 / n]
    for t in range(2, steps + 1):
        v.append(v[-1] * (1 - 1 / (n * t**2)) + h**2 * ((1 - 1 / n) / t + (t - 1) / (n * t**2)))
    return np.array(v) + h**2


@pytest.fixture(scope="module")
def chains():
    """Fitted variances by policy, shape (replicates, steps)."""
    rng, learner = np.random.default_rng(11), KernelDensity(H)
    found = {}
    for policy in ("replace", "accumulate"):
        rows = []
        for _ in range(REPLICATES):
            pool, row = rng.standard_normal(N), []
            for _ in range(STEPS):
                model = learner.fit(pool, rng=rng)
                row.append(model.cov[0, 0])
                new = model.sample(N, rng=rng)
                pool = new if policy == "replace" else np.concatenate([pool, new])
            rows.append(row)
        found[policy] = np.array(rows)
    return found


def largest_deviation(rows, law):
    """Standard errors between the mean chain and a law, at generations 2, 5, 10 and 20."""
    at = np.array([2, 5, 10, 20]) - 1
    error = rows.std(axis=0, ddof=1)[at] / np.sqrt(len(rows))
    return float(np.abs((rows.mean(axis=0)[at] - law[at]) / error).max())


@pytest.mark.parametrize(
    ("policy", "law"), [("replace", replace_law), ("accumulate", accumulate_law)]
)
def test_variance_follows_the_law(chains, policy, law):
    assert largest_deviation(chains[policy], law(N, H, STEPS)) < 4


@pytest.mark.parametrize(
    ("policy", "wrong"),
    [
        ("replace", replace_law(N, 1.2 * H, STEPS)),
        ("accumulate", accumulate_law(N, 1.2 * H, STEPS)),
        ("replace", replace_law(N**3, H, STEPS)),
        ("accumulate", replace_law(N, H, STEPS)),
        ("replace", accumulate_law(N, H, STEPS)),
    ],
    ids=["bandwidth", "bandwidth accumulated", "no divisor", "replace law", "accumulate law"],
)
def test_wrong_laws_are_rejected(chains, policy, wrong):
    assert largest_deviation(chains[policy], wrong) > 4
