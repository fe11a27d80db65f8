"""Regression with real data in the loop against plain simulations, fixed seeds.

A formula agrees if it lies within four standard errors of the simulated mean, plus the relative
error that an asymptotic one may have. Every check is repeated with a wrong formula (another share,
another kind of loop, a slip of a sign, a misprint), which it must reject.
"""

import numpy as np
import pytest

from modelcollapse.theory import regression

GOLDEN = (5**0.5 - 1) / 2
TOLERANCE = (2 / np.pi) ** 0.5


def agrees(sample, expected, slack=0.0):
    error = np.std(sample) / np.sqrt(len(sample))
    return abs(np.mean(sample) - expected) < 4 * error + slack * expected


# --- least squares that keeps records -------------------------------------------------------


def solved(gram, cross):
    return np.linalg.solve(gram, cross[..., None])[..., 0]


def least_squares(rule, same, d, n, sigma, fits, replicates, rng):
    """Squared error of the last fit in the norm of the inputs' covariance, j ** -2."""
    scale = 1 / np.arange(1, d + 1.0)
    x = scale * rng.standard_normal((replicates, n, d))
    truth = np.ones(d)
    w, gram, cross = np.tile(truth, (replicates, 1)), 0.0, 0.0
    for i in range(1, fits + 1):
        if rule != "accumulate":
            gram, cross = 0.0, 0.0
        for _ in range(i if rule == "growing" else 1):
            if not same:
                x = scale * rng.standard_normal((replicates, n, d))
            y = np.einsum("rnd,rd->rn", x, w) + sigma * rng.standard_normal((replicates, n))
            gram = gram + np.einsum("rnd,rne->rde", x, x)
            cross = cross + np.einsum("rnd,rn->rd", x, y)
        w = solved(gram, cross)
    return ((w - truth) ** 2 * scale**2).sum(axis=1)


@pytest.mark.parametrize("same", [False, True])
def test_least_squares_replaced_or_accumulated(same):
    rng = np.random.default_rng(1)
    setting = {"dimension": 10, "noise": 0.5}
    replaced = least_squares("replace", same, 10, 32, 0.5, 8, 2000, rng)
    assert agrees(replaced, regression.replace_error(7, 32, **setting))
    assert not agrees(replaced, regression.replace_error(8, 32, **setting))
    assert not agrees(replaced, 8 * 0.25 * 10 / 32)  # d / n
    pooled = least_squares("accumulate", same, 10, 32, 0.5, 8, 2000, rng)
    assert agrees(pooled, regression.accumulate_error(7, 32, same_inputs=same, **setting))
    other = regression.accumulate_error(7, 32, same_inputs=not same, **setting)
    assert not agrees(pooled, other)
    assert not agrees(pooled, regression.accumulate_error(1, 32, same_inputs=same, **setting))


@pytest.mark.parametrize("same", [False, True])
def test_ever_more_records_by_the_newest_model(same):
    found = least_squares("growing", same, 10, 24, 1.0, 5, 2000, np.random.default_rng(2))
    setting = {"dimension": 10, "noise": 1.0}
    assert agrees(found, regression.growing_replace_error(4, 24, same_inputs=same, **setting))
    other = regression.growing_replace_error(4, 24, same_inputs=not same, **setting)
    assert not agrees(found, other)
    assert not agrees(found, regression.accumulate_error(4, 24, same_inputs=same, **setting))


def subsampled(d, n, fits, replicates, rng):
    """Squared error of the last fit to n records of the pool, drawn without replacement."""
    errors = np.empty(replicates)
    for r in range(replicates):
        x = rng.standard_normal((n, d))
        inputs, labels = x, rng.standard_normal(n)
        w = np.linalg.lstsq(inputs, labels, rcond=None)[0]
        for _ in range(1, fits):
            inputs = np.concatenate([inputs, x])
            labels = np.concatenate([labels, x @ w + rng.standard_normal(n)])
            pick = rng.permutation(len(labels))[:n]
            w = np.linalg.lstsq(inputs[pick], labels[pick], rcond=None)[0]
        errors[r] = w @ w
    return errors


def test_a_subsampled_pool():
    found = subsampled(10, 100, 5, 2000, np.random.default_rng(3))
    setting = {"dimension": 10, "noise": 1.0}
    assert agrees(found, regression.subsample_error(4, 100, **setting), 0.02)
    assert not agrees(found, regression.subsample_error(4, 100, **setting) * 89 / 100, 0.02)  # d/n
    assert not agrees(found, regression.accumulate_error(4, 100, same_inputs=True, **setting), 0.02)
    assert not agrees(found, regression.replace_error(4, 100, **setting), 0.02)


# --- real and synthetic records in one ridge fit --------------------------------------------


def one_ridge_fit(law, n_real, n_synthetic, penalty, deviations, width, replicates, rng):
    """Squared error of a fit to records of both kinds, with new wrong coefficients each time."""
    lam, truth = law["eigenvalues"], law["coefficients"]
    n, errors = n_real + n_synthetic, np.empty(replicates)
    noise = np.repeat(deviations, [n_real, n_synthetic])
    for r in range(replicates):
        x = np.sqrt(lam) * rng.standard_normal((n, lam.size))
        y = x @ truth + noise * rng.standard_normal(n)
        wrong = np.sqrt(law["defect"]) * rng.standard_normal(lam.size)
        y[n_real:] += x[n_real:] @ wrong
        if width is None:
            z, back = x, np.eye(lam.size)
        else:
            back = rng.standard_normal((width, lam.size)) / np.sqrt(width)
            z = x @ back.T
        gram = z.T @ z / n + penalty * np.eye(z.shape[1])
        w = np.linalg.solve(gram, z.T @ y / n) @ back
        errors[r] = lam @ (w - truth) ** 2
    return errors


def isotropic(d, c2):
    flat = np.ones(d)
    defect = regression.isotropic_defect(c2, flat)
    return {"eigenvalues": flat, "coefficients": flat / d**0.5, "defect": defect}


def test_strong_collapse_of_isotropic_inputs():
    law, deviations = isotropic(100, 2.0), np.sqrt([0.1, 0.5])
    found = one_ridge_fit(law, 240, 60, 0.0, deviations, None, 400, np.random.default_rng(4))
    noise = {"noise": deviations[0], "synthetic_noise": deviations[1]}
    error = regression.mixed_error(240, 60, 0.0, **law, **noise)
    assert agrees(found, error.total, 0.01)
    u, p = 1 / 3, 0.8
    slipped = 2 * (0.04 * (1 + p * u) + p**2 * 0.2 * u) / (1 - u)
    assert not agrees(found, error.total - error.defect + slipped, 0.01)
    assert not agrees(found, error.total - error.defect + 2 * 0.2**2, 0.01)  # the floor alone
    swapped = {"noise": deviations[1], "synthetic_noise": deviations[0]}
    assert not agrees(found, regression.mixed_error(240, 60, 0.0, **law, **swapped).total, 0.01)


def test_strong_collapse_of_a_power_law_with_a_penalty():
    j = np.arange(1, 121.0)
    law = {"eigenvalues": j**-1.5, "coefficients": j**-0.25, "defect": 1 / j}
    deviations = np.sqrt([0.1, 0.1])
    found = one_ridge_fit(law, 40, 40, 1e-3, deviations, None, 600, np.random.default_rng(5))
    noise = {"noise": deviations[0]}
    assert agrees(found, regression.mixed_error(40, 40, 1e-3, **law, **noise).total, 0.02)
    for real, synthetic, penalty in ((80, 0, 1e-3), (0, 80, 1e-3), (40, 40, 0.08)):
        wrong = regression.mixed_error(real, synthetic, penalty, **law, **noise)
        assert not agrees(found, wrong.total, 0.02)


@pytest.mark.parametrize("penalty", [0.0, 0.05])
def test_random_projections(penalty):
    law, deviations = isotropic(100, 1.0), np.sqrt([0.1, 0.1])
    found = one_ridge_fit(law, 150, 50, penalty, deviations, 50, 400, np.random.default_rng(6))
    arguments = {"noise": deviations[0], **law}
    total = regression.mixed_error(150, 50, penalty, width=50, **arguments).total
    assert agrees(found, total, 0.02)
    assert not agrees(found, regression.mixed_error(150, 50, penalty, **arguments).total, 0.02)
    for real, synthetic, width in ((100, 100, 50), (150, 50, 60), (200, 0, 50)):
        wrong = regression.mixed_error(real, synthetic, penalty, width=width, **arguments)
        assert not agrees(found, wrong.total, 0.02)


# --- weights --------------------------------------------------------------------------------


@pytest.mark.parametrize("n, m, weight", [(40, 40, GOLDEN), (20, 60, 0.6)])
def test_weighted_mean_and_variance(n, m, weight):
    rng, replicates, rounds = np.random.default_rng(7), 20_000, 5
    real = rng.standard_normal((replicates, n))
    mean, variance = real.mean(axis=1), real.var(axis=1, ddof=1)
    for _ in range(rounds):
        real = rng.standard_normal((replicates, n))
        written = mean[:, None] + np.sqrt(variance)[:, None] * rng.standard_normal((replicates, m))
        mean = weight * real.mean(axis=1) + (1 - weight) * written.mean(axis=1)
        spreads = real.var(axis=1, ddof=1), written.var(axis=1, ddof=1)
        variance = weight * spreads[0] + (1 - weight) * spreads[1]
    assert agrees(n * mean**2, regression.weighted_error(rounds, weight, n, m))
    squares = (variance - 1) ** 2
    assert agrees(squares, regression.weighted_variance_error(rounds, weight, n, m))
    assert not agrees(n * mean**2, regression.pooled_error_limit(n, m))
    assert not agrees(n * mean**2, 1.0)
    assert not agrees(n * mean**2, regression.weighted_error(rounds, 1 - weight, n, m))
    assert not agrees(squares, regression.weighted_error(rounds, weight, n, m) / n)
    assert not agrees(squares, regression.weighted_variance_error(0, weight, n, m))


@pytest.mark.parametrize("n, m, weight", [(300, 300, GOLDEN), (300, 300, 0.3), (100, 400, 0.3903)])
def test_weighted_least_squares(n, m, weight):
    rng, replicates, d, rounds = np.random.default_rng(8), 2000, 4, 6

    def block(size, w):
        x = rng.standard_normal((replicates, size, d))
        y = np.einsum("rnd,rd->rn", x, w) + rng.standard_normal((replicates, size))
        gram = np.einsum("rnd,rne->rde", x, x) / size
        return gram, np.einsum("rnd,rn->rd", x, y) / size

    truth = np.zeros((replicates, d))
    w = solved(*block(n, truth))
    for _ in range(rounds):
        real, written = block(n, truth), block(m, w)
        w = solved(*(weight * a + (1 - weight) * b for a, b in zip(real, written, strict=True)))
    found = n / d * (w**2).sum(axis=1)
    slack = 2.5 * d / n
    assert agrees(found, regression.weighted_error(rounds, weight, n, m), slack)
    assert not agrees(found, regression.weighted_error(rounds, 1 - weight, n, m), slack)
    assert not agrees(found, regression.weighted_error(rounds, 0.9, n, m), slack)


def fixed_design(law, n, sigma, weight, penalty, kept, rounds, replicates, rng):
    """Squared error of ridge or minimum-norm fits to weighted labels."""
    lam, truth = law["eigenvalues"], law["coefficients"]
    errors = np.empty(replicates)

    def inputs():
        x = np.sqrt(lam) * rng.standard_normal((n, lam.size))
        if penalty == 0:
            return x, x.T @ np.linalg.inv(x @ x.T)
        return x, np.linalg.inv(x.T @ x + n * penalty * np.eye(lam.size)) @ x.T

    for r in range(replicates):
        x, fit = inputs()
        labels = x @ truth + sigma * rng.standard_normal(n)
        w = fit @ labels
        for _ in range(rounds):
            if kept == "nothing":
                x, fit = inputs()
            if kept != "records":
                labels = x @ truth + sigma * rng.standard_normal(n)
            written = x @ w + sigma * rng.standard_normal(n)
            w = fit @ (weight * labels + (1 - weight) * written)
        errors[r] = lam @ (w - truth) ** 2
    return errors


@pytest.mark.parametrize("kept", ["inputs", "records", "nothing"])
def test_interpolation_of_isotropic_inputs(kept):
    rng, d, n = np.random.default_rng(9), 120, 60
    law = {"eigenvalues": np.ones(d), "coefficients": np.ones(d) / d**0.5}
    found = fixed_design(law, n, 1.0, 0.3, 0.0, kept, 12, 150, rng)
    sizes = {"dimension": d, "signal": 1.0, "noise": 1.0}
    expected = {
        mode: regression.isotropic_interpolator_error(12, n, 0.3, kept=mode, **sizes)
        for mode in ("inputs", "records", "nothing")
    }
    assert agrees(found, expected.pop(kept))
    for wrong in expected.values():
        assert not agrees(found, wrong)
    assert not agrees(
        found, regression.isotropic_interpolator_error(12, n, 0.7, kept=kept, **sizes)
    )


def test_interpolation_of_a_power_law():
    j = np.arange(1, 201.0)
    law = {"eigenvalues": 1 / j, "coefficients": j**-0.25}
    found = fixed_design(law, 100, 0.5, 0.3, 0.0, "inputs", 8, 120, np.random.default_rng(10))
    error = regression.interpolator_error(8, 100, 0.3, noise=0.5, **law)
    assert agrees(found, error.total, 0.01)
    kept = regression.interpolator_error(8, 100, 0.3, noise=0.5, kept="records", **law)
    assert not agrees(found, kept.total, 0.01)
    assert not agrees(found, error.variance, 0.01)


@pytest.mark.parametrize(
    "d, decay, penalty, weight, sigma", [(150, 1.0, 0.05, 0.5, 0.5), (80, 0.0, 0.02, 0.2, 1.0)]
)
def test_ridge_with_weighted_labels(d, decay, penalty, weight, sigma):
    j = np.arange(1, d + 1.0)
    law = {"eigenvalues": j**-decay, "coefficients": j**-0.25}
    rng, rounds = np.random.default_rng(11), 15
    found = fixed_design(law, 100, sigma, weight, penalty, "inputs", rounds, 150, rng)
    setting = {"noise": sigma, **law}
    error = regression.weighted_ridge_error_limit(100, penalty, weight, **setting)
    assert agrees(found, error.total, 0.01)
    # a bias at the penalty itself, as if synthetic labels did not shrink what they repeat
    uninflated = regression.ridge_error(100, penalty, **setting)
    assert not agrees(found, uninflated.bias + error.variance, 0.01)
    assert not agrees(found, uninflated.total, 0.01)
    other = regression.weighted_ridge_error_limit(100, penalty, 0.8, **setting)
    assert not agrees(found, other.total, 0.01)
    if sigma == 1:  # a variance at one level instead of two
        inflated = regression.ridge_error(100, penalty / weight, **setting)
        assert not agrees(found, inflated.total, 0.01)


# --- a verifier -----------------------------------------------------------------------------


def accepted_mean(centre, verifier, half_width, kept, rng):
    """Mean of the first accepted labels of each cell, by plain rejection."""
    total, count = np.zeros(centre.shape), np.zeros(centre.shape, dtype=int)
    while np.any(count < kept):
        y = centre[..., None] + rng.standard_normal((*centre.shape, kept))
        passed = np.abs(y - verifier[..., None]) <= half_width
        order = np.cumsum(passed, axis=-1) + count[..., None]
        used = passed & (order <= kept)
        total += np.where(used, y, 0).sum(axis=-1)
        count += used.sum(axis=-1)
    return total / kept


def verified(design, bias, half_width, kept, rounds, replicates, rng):
    """Coefficients minus the truth along the design's directions, round by round."""
    x = design.standard_normal((100, 8))
    _, scales, directions = np.linalg.svd(x, full_matrices=False)
    unit = design.standard_normal(8)
    offsets = directions @ (bias * unit / np.linalg.norm(unit))
    noise = rng.standard_normal((replicates, 100))
    w = (noise @ np.linalg.pinv(x).T) @ directions.T
    path = [w]
    for _ in range(rounds):
        w = accepted_mean(w, np.broadcast_to(offsets, w.shape), half_width, kept, rng)
        path.append(w)
    return np.stack(path), scales, offsets


@pytest.mark.parametrize("bias, radius, kept", [(0.3, 0.1, 100), (0.7, 0.5, 100), (0.0, 0.1, 50)])
def test_one_verified_round(bias, radius, kept):
    width, rng = radius + TOLERANCE, np.random.default_rng(12)
    path, scales, offsets = verified(np.random.default_rng(0), bias, width, kept, 1, 2000, rng)
    baseline, found = (path**2).sum(axis=-1)
    setting = {
        "singular_values": scales,
        "offsets": offsets,
        "half_width": width,
        "noise": 1.0,
    }
    assert agrees(baseline, np.sum(1 / scales**2))
    assert agrees(found, regression.verified_error(kept, **setting))
    assert agrees(found, regression.verified_error_series(kept, **setting), 0.01)
    assert not agrees(found, np.sum(1 / scales**2))
    assert not agrees(found, regression.verified_error(2 * kept, **setting) * 0.95, 0.01)
    if bias:
        m = regression.truncated_moments(offsets - width, offsets + width)
        printed = m.mean**2 + m.mean * m.third + m.variance**2
        misprinted = np.sum(m.variance / kept + printed / scales**2)
        assert not agrees(found, misprinted, 0.01)
        assert not agrees(found, regression.verified_error(kept, **{**setting, "offsets": 0.0}))


def test_the_bias_that_one_round_tolerates():
    scale, width, kept, rng = 10.0, 0.1 + TOLERANCE, 1000, np.random.default_rng(13)
    critical = regression.verified_tolerated_offset(
        kept, singular_values=scale, half_width=width, noise=1.0
    )
    first = rng.standard_normal(3000) / scale
    for factor, even in ((0.8, False), (1.0, True), (1.2, False)):
        verifier = np.full(first.shape, factor * critical)
        later = accepted_mean(first, verifier, width, kept, rng)
        assert bool(agrees(later**2 * scale**2, 1.0)) is even


@pytest.mark.parametrize("radius", [0.1, 0.5])
def test_many_verified_rounds(radius):
    width, rng = radius + TOLERANCE, np.random.default_rng(14)
    path, scales, offsets = verified(np.random.default_rng(0), 1.0, width, 200, 12, 400, rng)
    distance = ((path - offsets) ** 2).sum(axis=-1)
    common = {"dimension": 8, "half_width": width, "noise": 1.0}
    start = 1 + np.sum(1 / scales**2)
    assert agrees(distance[0], start)
    bound = regression.verified_distance_upper_bound(
        np.arange(13), 200, squared_distance=start, **common
    )
    error = distance.std(axis=1) / 20
    assert np.all(distance.mean(axis=1) < bound + 4 * error)
    # a bound that contracts as if the verifier were half as wide does not hold
    narrow = regression.verified_distance_upper_bound(
        np.arange(13), 200, squared_distance=start, **{**common, "half_width": width / 2}
    )
    assert not np.all(distance.mean(axis=1) < narrow + 4 * error)
    limit = regression.verified_distance_upper_bound_limit(200, **common)
    assert agrees(distance[12], limit, 0.02)
    assert not agrees(distance[12], 8 / 200, 0.02)  # without a verifier's variance
    truth = (path[12] ** 2).sum(axis=1)
    assert agrees(truth, 1 + limit, 0.02)
    assert not agrees(truth, np.sum(1 / scales**2), 0.02)


def test_drift_towards_the_verifier():
    rng, width, kept = np.random.default_rng(15), 0.9, 400
    for start in (1.5, 3.0, -2.0):
        centre = np.full(500, start)
        found = accepted_mean(centre, np.zeros(500), width, kept, rng)
        drift = regression.verified_drift(start, width, 1.0)
        spread = regression.truncated_moments(-width - start, width - start)
        assert agrees(found, drift)
        assert agrees((found - drift) ** 2, spread.variance / kept)
        assert not agrees(found, regression.verified_contraction(width, 1.0) * start)
        assert not agrees((found - drift) ** 2, 1 / kept)
