"""Regression chains against plain simulations, four standard errors, fixed seeds.

Formulas for many records are allowed 1 % besides, 2 % with fewer than 100 records and 6 % with 30
in unequal directions. Every check is repeated with a wrong formula, which it must reject. Rates of
power laws are compared with slopes of the error formulas, which the simulations check.
"""

import numpy as np
import pytest

from modelcollapse.theory import regression


def agrees(sample, expected, allowed=0.0):
    error = np.std(sample) / np.sqrt(len(sample))
    return abs(np.mean(sample) - expected) < 4 * error + allowed * abs(expected)


def truth(d, exponent):
    j = np.arange(1, d + 1.0)
    coefficients = np.full(d, d**-0.5) if exponent == 0 else j**-0.25
    return {"eigenvalues": j**-exponent, "coefficients": coefficients}


def fit(x, y, penalty):
    """Ridge, or without a penalty the least squares fit of the smallest norm."""
    n, d = x.shape
    if n > d:
        return np.linalg.solve(x.T @ x + n * penalty * np.eye(d), x.T @ y)
    return x.T @ np.linalg.solve(x @ x.T + n * penalty * np.eye(n), y)


def draw(n, lam, rng):
    return rng.standard_normal((n, lam.size)) * np.sqrt(lam)


def generators(sizes, lam, w, noise, penalty, same, rng):
    """Coefficients of each generator in turn."""
    found, x = [], None
    for n in sizes:
        x = x if same and x is not None else draw(n, lam, rng)
        w = fit(x, x @ w + noise * rng.standard_normal(n), penalty)
        found.append(w)
    return found


def simulated(
    replicates,
    seed,
    sizes,
    n,
    penalty,
    *,
    eigenvalues,
    coefficients,
    noise,
    generator_noise,
    generator_penalty=0.0,
    same_inputs=False,
):
    """Errors of the last fit, and of the last generator."""
    rng, lam, w0 = np.random.default_rng(seed), eigenvalues, coefficients
    last, written = np.empty((replicates, np.size(penalty))), np.empty(replicates)
    for i in range(replicates):
        chain = generators(sizes, lam, w0, generator_noise, generator_penalty, same_inputs, rng)
        w = chain[-1] if chain else w0
        x = draw(n, lam, rng)
        y = x @ w + noise * rng.standard_normal(n)
        written[i] = lam @ (w - w0) ** 2
        last[i] = [lam @ (fit(x, y, p) - w0) ** 2 for p in np.atleast_1d(penalty)]
    return last if np.ndim(penalty) else last[:, 0], written


# --- least squares --------------------------------------------------------------------------


def test_row_05_least_squares():
    of = {"noise": 0.5, "generator_noise": 1.0}
    last, written = simulated(4000, 1, [40], 60, 0.0, **truth(20, 0), **of)
    of |= {"dimension": 20, "generator_records": 40}
    assert agrees(last, regression.least_squares_chain_error(1, 60, **of))
    assert not agrees(last, regression.least_squares_chain_error_asymptotic(1, 60, **of))
    assert not agrees(last, regression.least_squares_chain_error(2, 60, **of))
    for same in (False, True):
        own = regression.generator_error(
            0, **truth(20, 0), generator_records=40, generator_noise=1.0, same_inputs=same
        )
        assert agrees(written, own.total)
    assert not agrees(written, 20 / 20)  # the divisor T0 - d


def test_generators_of_different_sizes():
    of = {"noise": 0.5, "generator_noise": 0.7}
    last, _ = simulated(3000, 2, [30, 60], 80, 0.0, **truth(20, 2), **of)
    of |= {"dimension": 20}

    def expected(sizes):
        return regression.growing_least_squares_error(len(sizes), 80, **of, generator_records=sizes)

    assert agrees(last, expected([30, 60]))
    assert not agrees(last, expected([30]))
    assert not agrees(last, expected([60, 60]))
    assert not agrees(last, expected([45, 45]))  # the mean size of both


# --- ridge ----------------------------------------------------------------------------------


def test_row_03_degrees_of_freedom_of_random_inputs():
    rng, lam, n, penalty = np.random.default_rng(3), 1 / np.arange(1, 101.0), 50, 0.01
    sample = []
    for _ in range(60):
        x = draw(n, lam, rng)
        inner = np.linalg.eigvalsh(x @ x.T / n)
        sample.append(np.sum(inner / (inner + penalty)))
    level = regression.effective_penalty(n, penalty, lam)
    assert agrees(sample, regression.degrees_of_freedom(level, lam), 0.005)
    assert not agrees(sample, regression.degrees_of_freedom(penalty, lam), 0.005)
    assert not agrees(sample, regression.degrees_of_freedom(level, lam, 2), 0.005)


@pytest.mark.parametrize(
    "exponent, d, n, penalty, noise", [(2, 100, 80, 1e-3, 0.3), (0, 100, 60, 0.01, 0.5)]
)
def test_row_07_clean_ridge(exponent, d, n, penalty, noise):
    at = truth(d, exponent)
    last, _ = simulated(400, 7, [], n, penalty, **at, noise=noise, generator_noise=0.0)
    expected = regression.ridge_error(n, penalty, **at, noise=noise)
    assert agrees(last, expected.total, 0.02)
    assert not agrees(last, expected.bias, 0.02)
    # the penalty in the other convention
    assert not agrees(last, regression.ridge_error(n, n * penalty, **at, noise=noise).total, 0.02)
    # one that infinitely many records see
    lam, w = at.values()
    bias = lam @ (penalty * w / (lam + penalty)) ** 2
    assert not agrees(last, bias + noise**2 * d / n, 0.02)


def test_row_08_ridge_after_generators():
    at, n, penalty = truth(60, 2), 50, 1e-3
    last, _ = simulated(700, 8, [90] * 3, n, penalty, **at, noise=0.3, generator_noise=0.5)
    of = {**at, "noise": 0.3, "generator_records": 90}
    expected = regression.chain_error(3, n, penalty, **of, generator_noise=0.5)
    assert agrees(last, expected.total, 0.02)
    each = regression.error_per_generation(
        n, penalty, eigenvalues=at["eigenvalues"], generator_records=90
    )
    assert agrees(last, expected.clean + 3 * 0.25 * each, 0.02)
    assert not agrees(last, expected.clean + 3 * 0.5 * each, 0.02)  # n sigma0 rho, as printed
    assert not agrees(last, regression.chain_error(2, n, penalty, **of, generator_noise=0.5).total)
    # the other display of rho, with its two readings of the trace
    lam = at["eigenvalues"]
    k = regression.effective_penalty(n, penalty, lam)
    df = regression.degrees_of_freedom(k, lam, 2)
    for power in (0, 1):
        trace = k**2 * np.sum(lam**power / (lam + k) ** 2)
        wrong = df / (n - df) * (1 + trace / (90 - df))
        assert not agrees(last, expected.clean + 3 * 0.25 * wrong, 0.02)


def test_row_17_the_best_penalty_of_a_chain():
    at = truth(60, 0)
    of = {**at, "noise": 0.1, "generator_noise": 0.4}
    best = regression.optimal_penalty(4, 150, **of, generator_records=120)
    clean = regression.optimal_penalty(0, 150, **of, generator_records=120)
    penalties = np.array([best.penalty / 4, best.penalty, best.penalty * 4, clean.penalty])
    last, _ = simulated(300, 17, [120] * 4, 150, penalties, **of)
    assert agrees(last[:, 1], best.error, 0.01)
    assert not agrees(last[:, 3], best.error, 0.01)
    for other in (0, 2, 3):  # worse in the same simulations
        worse = last[:, other] - last[:, 1]
        assert np.mean(worse) > 4 * np.std(worse) / np.sqrt(300)


# --- generators with few records ------------------------------------------------------------


def test_generators_with_few_records():
    at, n, penalty = truth(300, 0), 200, 0.2
    last, written = simulated(100, 9, [225] * 6, n, penalty, **at, noise=0.2, generator_noise=0.3)
    of = {**at, "generator_records": 225, "generator_noise": 0.3}
    expected = regression.chain_error(6, n, penalty, **of, noise=0.2)
    assert agrees(last, expected.total, 0.01)
    assert agrees(written, regression.generator_error(5, **of).total, 0.01)
    assert not agrees(last, regression.chain_error(3, n, penalty, **of, noise=0.2).total, 0.01)
    # the published noise term, which is for generators with the same inputs
    each = regression.error_per_generation(
        n, penalty, eigenvalues=at["eigenvalues"], generator_records=225
    )
    same = expected.clean + expected.added_bias + 6 * 0.09 * each
    assert not agrees(last, same, 0.01)


@pytest.mark.parametrize("same", [False, True])
def test_row_13_new_and_same_inputs(same):
    at, n, penalty = truth(300, 1), 500, 0.01
    of = {**at, "noise": 0.1, "generator_noise": 0.3}
    last, written = simulated(60, 13, [100] * 4, n, penalty, **of, same_inputs=same)
    of["generator_records"] = 100
    expected = regression.chain_error(4, n, penalty, **of, same_inputs=same)
    other = regression.chain_error(4, n, penalty, **of, same_inputs=not same)
    assert agrees(last, expected.total, 0.01)
    assert not agrees(last, other.total, 0.01)
    assert not agrees(last, expected.total - expected.added_bias, 0.01)
    assert not agrees(last, expected.total - expected.added_variance, 0.01)
    del of["noise"]
    assert agrees(written, regression.generator_error(3, **of, same_inputs=same).total, 0.01)
    assert not agrees(
        written, regression.generator_error(3, **of, same_inputs=not same).total, 0.01
    )


@pytest.mark.parametrize(
    "records, ridge, exponent", [(90, 0.05, 0.5), (60, 0.02, 0), (60, 0.02, 1), (40, 0.1, 0.5)]
)
def test_generators_with_a_penalty(records, ridge, exponent):
    at, n, penalty = truth(60, exponent), 100, 0.01
    of = {**at, "noise": 0.1, "generator_noise": 0.4, "generator_penalty": ridge}
    sizes = [records] * 3
    last, written = simulated(700, 14, sizes, n, penalty, **of)
    quiet, forgotten = simulated(400, 15, sizes, n, penalty, **{**of, "generator_noise": 0.0})
    of["generator_records"] = records
    expected = regression.chain_error(3, n, penalty, **of)
    assert agrees(last, expected.total, 0.02)
    assert agrees(quiet, expected.clean + expected.added_bias, 0.02)
    del of["noise"]
    own = regression.generator_error(2, **of)
    assert agrees(written, own.total, 0.02)
    assert agrees(forgotten, own.bias, 0.02)
    # the penalty in the other convention, one generation less
    of["noise"] = 0.1
    for wrong in (
        regression.chain_error(3, n, penalty, **{**of, "generator_penalty": ridge / records}),
        regression.chain_error(2, n, penalty, **of),
    ):
        assert not agrees(last, wrong.total, 0.02)
    # each generator taking its mean share of every coefficient, and nothing that varies about it
    lam, w = at.values()
    mean = lam / (lam + regression.effective_penalty(records, ridge, lam))
    if exponent < 1:
        assert not agrees(forgotten, lam @ (w * (1 - mean**3)) ** 2, 0.02)
    # the mean share that infinitely many records would take
    assert not agrees(forgotten, lam @ (w * (1 - (lam / (lam + ridge)) ** 3)) ** 2, 0.02)


def test_rows_14_and_15_projections():
    at, d, records = truth(40, 0), 40, 20
    of = {"dimension": d, "generator_records": records, "signal": 1.0}
    noises = {"noise": 0.4, "generator_noise": 0.3}
    for same in (False, True):
        last, written = simulated(
            2000, 15, [records] * 5, 60, 0.0, **at, **noises, same_inputs=same
        )
        expected = [
            regression.projected_chain_error(t, n, **of, **noises, same_inputs=same)
            for t in (5, 4)
            for n in (60, np.inf)
        ]
        assert agrees(last, expected[0])
        assert agrees(written, expected[1])
        assert not agrees(last, expected[2])
        assert not agrees(written, expected[3])
        quiet = {"noise": 0.0, "generator_noise": 0.0}
        _, written = simulated(1000, 16, [records] * 2, 1, 0.0, **at, **quiet, same_inputs=same)
        bias = regression.projection_bias(2, records, d, same_inputs=same)
        assert agrees(written, bias) or np.allclose(written.mean(), bias, atol=0.01)
        assert not agrees(written, regression.projection_bias(2, records, d, same_inputs=not same))


def test_a_product_of_projections_is_no_projection():
    rng, d, records = np.random.default_rng(16), 40, 20
    left, squares = [], []
    for _ in range(1000):
        q = np.eye(d)
        for _ in range(2):
            x = rng.standard_normal((records, d))
            q = x.T @ np.linalg.solve(x @ x.T, x @ q)
        left.append(q[0, 0])
        squares.append(q[:, 0] @ q[:, 0])
    assert np.max(np.abs(q.T @ q - q)) > 0.1  # the step of the proof
    kept = 1 - regression.projection_bias(2, records, d)
    assert agrees(left, kept)  # what it concludes
    assert agrees(squares, kept)
    assert not agrees(squares, 1 - regression.projection_bias(1, records, d))


@pytest.mark.parametrize("generations, printed", [(2, 0.966), (3, 0.668)])
def test_second_moments_are_not_products(generations, printed):
    lam, w, records = 1 / np.arange(1, 61.0), np.ones(60), 20
    rng = np.random.default_rng(17)
    found = np.array(
        [generators([records] * generations, lam, w, 0.0, 0.0, False, rng)[-1] for _ in range(1000)]
    )
    kept = lam / (lam + regression.effective_penalty(records, 0.0, lam))
    mean = kept**generations
    error = regression.generator_error(
        generations - 1,
        eigenvalues=lam,
        coefficients=w,
        generator_records=records,
        generator_noise=0.0,
    )
    second = error.total - lam @ (1 - mean) ** 2 + lam @ mean**2
    assert agrees(found**2 @ lam, second, 0.06)
    assert not agrees(found**2 @ lam, printed, 0.06)
    # the mean, and the one printed without its factor of eigenvalues
    assert agrees(found @ lam, lam @ mean, 0.06)
    assert not agrees(found @ lam, lam @ (kept / lam) ** generations, 0.06)


def test_the_printed_lower_bound_on_the_bias_fails():
    """What is left of the bias besides that of clean data and the fit to the generators' error."""
    lam, w0, rng = 1 / np.arange(1, 61.0), np.eye(60)[59], np.random.default_rng(18)
    rest, total, clean = [], [], []
    for _ in range(3000):
        x = draw(40, lam, rng)
        what = generators([30], lam, w0, 0.0, 0.0, False, rng)[0]
        apart, own = fit(x, x @ (what - w0), 1e-3), fit(x, x @ w0, 1e-3) - w0
        rest.append(2 * lam @ (apart * own))
        total.append(lam @ (apart + own) ** 2)
        clean.append(lam @ own**2)
    assert agrees(rest, -0.00774, 0.06)
    assert np.mean(rest) < -20 * np.std(rest) / np.sqrt(3000)
    assert not agrees(rest, 0.0)
    error = regression.chain_error(
        1,
        40,
        1e-3,
        eigenvalues=lam,
        coefficients=w0,
        noise=0.0,
        generator_records=30,
        generator_noise=0.0,
    )
    assert agrees(np.array(total) - clean, error.added_bias, 0.06)
    assert not agrees(np.array(total) - clean, 2 * error.added_bias, 0.06)


def test_generators_that_forget_may_help():
    """Near its interpolation threshold a fit does better on written than on real outcomes."""
    tail = np.arange(220) >= 20
    at = {"eigenvalues": np.where(tail, 0.01, 1.0), "coefficients": tail.astype(float)}
    of = {**at, "noise": 0.1, "generator_noise": 0.1}
    means = []
    for t in (0, 1, 5):
        last, _ = simulated(250, 19, [40] * t, 25, 1e-3, **of)
        error = regression.chain_error(t, 25, 1e-3, **of, generator_records=40)
        assert agrees(last, error.total, 0.02)
        assert t == 0 or not agrees(last, error.clean, 0.02)
        means.append(last.mean())
    assert means[0] > 1.2 * means[1] > 1.3 * means[2]


# --- power laws -----------------------------------------------------------------------------

BETA, R = 2.0, 0.375


def slope(n, error):
    return float(np.polyfit(np.log(n), np.log(error), 1)[0])


@pytest.mark.parametrize(
    "noise, power, expected", [(1.0, 0.8, 0.6), (0.0, 2.0, 1.5), (1.0, 1.5, 0.25), (1.0, 0.4, 0.3)]
)
def test_rates_on_real_data(noise, power, expected):
    n = np.logspace(3, 4.5, 7) / (1 if noise else 10**0.75)  # so that directions suffice
    error = regression.ridge_error(n, n**-power, **truth(40_000, BETA), noise=noise)
    assert slope(n, error.total) == pytest.approx(-expected, abs=0.012)
    if power == 0.8:
        assert power == pytest.approx(regression.classical_penalty_exponent(BETA, R))
        assert expected == pytest.approx(regression.classical_error_exponent(BETA, R))
        best = [regression.ridge_error(n, n**-p, **truth(40_000, BETA), noise=noise).total[-1]
                for p in (0.6, 0.8, 1.0)]  # fmt: skip
        assert best[1] == min(best)


def at_the_end(n, b, a, noise, penalty=None):
    """Error after one generator of ``n ** b`` records, of which half are directions."""
    records = 2 * round(n**b / 2)
    of = {
        **truth(records // 2, BETA),
        "noise": noise,
        "generator_records": records,
        "generator_noise": n ** (a / 2),
    }
    if penalty is None:
        best = regression.optimal_penalty(1, n, **of)
        return best.error, best.penalty
    return regression.chain_error(1, n, penalty, **of), penalty


@pytest.mark.parametrize(
    "b, a, noise, printed",
    [
        (1.0, 0.0, 0.0, 0.60),
        (0.8, 0.0, 0.0, 0.48),
        (0.6, 0.0, 0.0, 0.36),
        (1.0, 0.3, 0.0, 0.42),
        (1.2, 0.0, 0.0, 0.72),
        (1.0, 0.0, 1.0, 0.60),
        (0.7, 0.0, 1.0, 0.42),
        (1.2, 0.2, 1.0, 0.60),
    ],
)
def test_rates_at_the_end_of_a_chain(b, a, noise, printed):
    of = {"generator_exponent": b, "noise_exponent": a}
    rate = regression.chain_error_exponent(BETA, R, **of)
    ends = np.array([2.0**11, 2.0**13] if b > 1 else [2.0**14, 2.0**16])
    errors, penalties = np.transpose([at_the_end(n, b, a, noise) for n in ends])
    assert -slope(ends, errors) == pytest.approx(rate, abs=0.04)
    assert -slope(ends, penalties) == pytest.approx(
        regression.chain_penalty_exponent(BETA, R, **of), abs=0.06
    )
    if b > 1:
        assert -slope(ends, errors) != pytest.approx(printed, abs=0.06)
    # that of real data alone, and that without the noise's growth
    if rate < 0.55:
        assert -slope(ends, errors) != pytest.approx(0.6, abs=0.03)


@pytest.mark.parametrize("b, a", [(1.0, 0.0), (0.8, 0.0), (0.5, 0.0), (0.6, 0.3), (0.8, 0.6)])
def test_rates_with_the_penalty_of_real_data(b, a):
    of = {"generator_exponent": b, "noise_exponent": a}
    expected = regression.classical_excess_exponent(BETA, R, **of)
    ends = np.array([2.0**15, 2.0**17])
    added = [at_the_end(n, b, a, 0.0, n**-0.8)[0].added_variance for n in ends]
    assert -slope(ends, added) == pytest.approx(expected, abs=0.025)
    assert -slope(ends, added) != pytest.approx(expected + 0.1, abs=0.03)


def test_growth_with_the_penalty_of_real_data_ends():
    """With few generator records the added error stays below a plateau and does not grow on."""
    n = np.array([1e4, 1e5, 1e6, 1e7])
    added = [float(at_the_end(k, 0.3, 0.0, 0.0, k**-0.8)[0].added_variance) for k in n]
    rate = regression.classical_excess_exponent(BETA, R, generator_exponent=0.3)
    assert -rate == pytest.approx(0.1)
    sizes = np.array([2 * round(k**0.3 / 2) for k in n])
    limit = (sizes // 2) / (sizes - sizes // 2 - 1)
    assert np.all(added < limit)
    assert slope(n, added) < 0.02
