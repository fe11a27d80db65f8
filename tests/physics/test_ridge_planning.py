"""Advice on ridge against plain simulations of chains, four standard errors, fixed seeds.

Every check is repeated with a wrong correction (none, half, another divisor, another weight), which
it must reject.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV

from modelcollapse.estimators import CollapseAwareRidge
from modelcollapse.ridge_planning.choice import choose
from modelcollapse.ridge_planning.difference import Option, gain
from modelcollapse.ridge_planning.fits import Fits
from modelcollapse.ridge_planning.judge import judge
from modelcollapse.theory import regression

ISOTROPIC = (np.ones(30), np.full(30, 30**-0.5))
POWER = (np.arange(1, 31.0) ** -2, np.arange(1, 31.0) ** -0.25)


def agrees(sample, expected=0.0):
    return abs(np.mean(sample) - expected) < 4 * np.std(sample) / np.sqrt(len(sample))


def above(sample):
    return np.mean(sample) > 4 * np.std(sample) / np.sqrt(len(sample))


def rows(rng, shape, eigenvalues):
    return rng.standard_normal((*shape, len(eigenvalues))) * np.sqrt(eigenvalues)


def solved(inputs, outcomes, penalty=0.0, weights=None):
    """Ridge fits, one for each leading index; penalties are totals."""
    turned = np.swapaxes(inputs, -1, -2)
    if weights is not None:
        turned = turned * weights
    gram = turned @ inputs + penalty * np.eye(inputs.shape[-1])
    return np.linalg.solve(gram, (turned @ outcomes[..., None]))[..., 0]


def drifted(rng, law, generations, records, noise, replicates, intercept=False):
    """Coefficients after a chain of least squares; with an intercept, those of the inputs."""
    eigenvalues, truth = law
    w, level = np.tile(truth, (replicates, 1)), np.zeros(replicates)
    for _ in range(generations):
        X = rows(rng, (replicates, records), eigenvalues)
        y = np.einsum("rtd,rd->rt", X, w) + level[:, None]
        y += noise * rng.standard_normal(y.shape)
        middle = X.mean(axis=1) if intercept else np.zeros_like(w)
        height = y.mean(axis=1) if intercept else np.zeros(replicates)
        w = solved(X - middle[:, None], y - height[:, None])
        level = height - np.sum(middle * w, axis=1)
    return w, level


# --- formulas -------------------------------------------------------------------------------


@pytest.mark.parametrize("intercept", [False, True])
def test_drift_of_a_coefficient(intercept):
    law = (np.arange(1, 6.0) ** -2, np.ones(5))
    about = {"dimension": 5, "generator_noise": 0.5, "intercept": intercept}
    w, _ = drifted(np.random.default_rng(1), law, 4, 20, 0.5, 6000, intercept)
    whitened = ((w - law[1]) ** 2 * law[0]).mean(axis=1)
    assert agrees(whitened, regression.drift_variance(4, generator_records=20, **about))
    for generations, records in ((3, 20), (4, 21), (4, 19)):
        wrong = regression.drift_variance(generations, generator_records=records, **about)
        assert not agrees(whitened, wrong)


@pytest.mark.parametrize(("n", "penalty"), [(12, 0.05), (40, 0.3)])
def test_error_against_the_truth_from_the_error_against_labels(n, penalty):
    rng, law = np.random.default_rng(2), (1 / np.arange(1, 21.0), np.arange(1, 21.0) ** -0.5)
    w, _ = drifted(rng, law, 3, 45, 0.6, 4000)
    X = rows(rng, (4000, n), law[0])
    y = np.einsum("rtd,rd->rt", X, w) + 0.6 * rng.standard_normal((4000, n))
    fit = solved(X, y, n * penalty)
    away = np.sum(law[0] * (fit - law[1]) ** 2, axis=1)
    near = np.sum(law[0] * (fit - w) ** 2, axis=1)
    spread = np.linalg.svd(X, compute_uv=False) ** 2
    degrees = np.sum(spread / (spread + n * penalty), axis=1)
    drift = regression.drift_variance(3, dimension=20, generator_records=45, generator_noise=0.6)

    def off(factor=1.0, kept=degrees):
        return away - regression.error_against_truth(near, kept, dimension=20, drift=factor * drift)

    assert agrees(off())
    assert not agrees(off(0.0))
    assert not agrees(off(0.5))
    assert not agrees(off(kept=np.full(4000, 20.0)))  # as if nothing had been shrunk


def test_weight_of_a_synthetic_record():
    rng, d, real, synthetic = np.random.default_rng(3), 4, 150, 300
    law = (np.ones(d), np.ones(d))
    w, _ = drifted(rng, law, 3, 60, 1.0, 4000)
    weight = float(
        regression.synthetic_record_weight(
            3, synthetic, dimension=d, generator_records=60, noise=1.0
        )
    )
    X = rows(rng, (4000, real + synthetic), law[0])
    labels = np.where(np.arange(real + synthetic)[:, None] < real, law[1], w[:, None])
    y = np.sum(X * labels, axis=2) + rng.standard_normal(X.shape[:2])

    def errors(value):
        each = np.repeat([1.0, value], [real, synthetic])
        return np.sum((solved(X, y, weights=each) - law[1]) ** 2, axis=1)

    best = errors(weight)
    for other in (0.0, weight / 3, 3 * weight, 1.0):
        assert above(errors(other) - best)
    # what they are worth: the error of so many real records more, up to d / records
    total = real + synthetic * weight
    assert abs(best.mean() * (total - d - 1) / d - 1) < 0.05
    assert abs(best.mean() * (real + synthetic - d - 1) / d - 1) > 0.5


# --- choice ---------------------------------------------------------------------------------


def simulated(law, generations, seed, *, replicates=120, n=100, records=70, noise=0.4):
    """Tables at the end of chains."""
    rng = np.random.default_rng(seed)
    found, _ = drifted(rng, law, generations, records, noise, replicates)
    for w in found:
        X = rows(rng, (n,), law[0])
        yield X, X @ w + noise * rng.standard_normal(n)


def missed(law, fit):
    return float(np.sum(law[0] * (fit.coef_ - law[1]) ** 2))


@pytest.mark.parametrize("generations", [1, 5, 10])
@pytest.mark.parametrize("law", [ISOTROPIC, POWER], ids=["isotropic", "power law"])
def test_the_estimator_beats_cross_validation_on_chains(law, generations):
    gains, halves = [], []
    for X, y in simulated(law, generations, 4, replicates=300 if generations == 1 else 120):
        grid = law[0].mean() * 10.0 ** np.arange(-5, 4, 0.25)
        given = {"penalties": grid, "generator_records": 70, "fit_intercept": False}
        aware = CollapseAwareRidge(generations=generations, **given).fit(X, y)
        usual = RidgeCV(grid * len(y), fit_intercept=False).fit(X, y)
        gains.append(missed(law, usual) - missed(law, aware))
        # a drift half as large: sigma0 over the root of two
        half = CollapseAwareRidge(
            generations=generations, generator_noise=0.4 / 2**0.5, **given
        ).fit(X, y)
        halves.append(missed(law, half) - missed(law, aware))
    assert above(np.array(gains))
    if law is POWER and generations > 1:  # elsewhere the error is too flat around its minimum
        assert above(np.array(halves))


@pytest.mark.parametrize("law", [ISOTROPIC, POWER], ids=["isotropic", "power law"])
def test_without_generations_it_is_cross_validation(law):
    for X, y in simulated(law, 0, 5, replicates=20):
        grid = law[0].mean() * 10.0 ** np.arange(-5, 4, 0.25)
        aware = CollapseAwareRidge(penalties=grid).fit(X, y)
        usual = RidgeCV(grid * len(y)).fit(X, y)
        assert aware.alpha_ == pytest.approx(usual.alpha_, rel=1e-12)
        assert aware.gain_ == 0
        np.testing.assert_allclose(aware.coef_, usual.coef_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("law", [ISOTROPIC, POWER], ids=["isotropic", "power law"])
def test_the_criterion_is_least_where_the_error_is(law):
    """On average over tables; without the correction it is least elsewhere."""
    grid = law[0].mean() * 10.0 ** np.arange(-4, 3.1, 0.1)
    criterion, plain, error = [], [], []
    for X, y in simulated(law, 5, 6, replicates=250):
        choice = choose(
            X, y, np.full(len(y), 5),
            generator_records=70, penalties=grid, fit_intercept=False,
        )  # fmt: skip
        left, spread, right = np.linalg.svd(X, full_matrices=False)
        kept = spread**2 / (spread**2 + len(y) * grid[:, None])
        fits = (kept / spread * (left.T @ y)) @ right
        error.append(np.sum(law[0] * (fits - law[1]) ** 2, axis=1))
        criterion.append(choice.path[0])
        hat = kept @ (left**2).T
        plain.append((((y - (kept * (left.T @ y)) @ left.T) / (1 - hat)) ** 2).mean(axis=1))
    error, criterion, plain = map(np.array, (error, criterion, plain))
    best = error.mean(axis=0).argmin()
    places = range(best - 10, best + 11, 5)  # from a tenth of the best penalty to ten times
    assert all(agrees((criterion - error)[:, place], 0.4**2) for place in places)
    assert not all(agrees((plain - error)[:, place], 0.4**2) for place in places)
    chosen, half, usual = (
        x.mean(axis=0).argmin() for x in (criterion, (criterion + plain) / 2, plain)
    )
    assert abs(chosen - best) <= 3
    assert abs(usual - best) > 5
    assert error[:, usual].mean() > error[:, half].mean() > error[:, chosen].mean()


def test_rows_of_several_generations_judge_together():
    """A row owes for the generators that it shares with what it judges, not for its own."""
    rng, law, n = np.random.default_rng(9), (1 / np.arange(1, 9.0), np.ones(8)), 30
    depth = np.repeat([0, 1, 4], [6, 14, 10])
    weights = np.where(depth == 0, 1.0, 0.4)
    off, wrong, levels = [], [], []
    for _ in range(2500):
        w, states = law[1], [law[1]]
        for _ in range(4):
            X = rows(rng, (30,), law[0])
            w = solved(X, X @ w + 0.5 * rng.standard_normal(30))
            states.append(w)
        X = rows(rng, (n,), law[0])
        y = np.sum(X * np.array(states)[depth], axis=1) + 0.5 * rng.standard_normal(n)
        who = judge(X, y, depth, generator_records=30, generator_noise=0.5, fit_intercept=False)
        fits = Fits(X, y, weights, np.array([0.02, 0.3]), False)
        true = [away(law, fits.coefficients(i)[0], 0.0) + 0.5**2 for i in (0, 1)]
        levels.append(true)
        for judged, found in ((who, off), (replace(who, shared=depth.astype(float)), wrong)):
            option = Option(1.0, fits, judged)
            found.append(option.errors - true)
    # leave-one-out is about fits to one row fewer
    allowed = 4 * np.std(off, axis=0) / 2500**0.5 + np.mean(levels, axis=0) / n
    assert np.all(np.abs(np.mean(off, axis=0)) < allowed)
    assert np.all(np.abs(np.mean(wrong, axis=0)) > allowed)


# --- interval -------------------------------------------------------------------------------


def covered(gains, found):
    return np.mean([g.low <= true <= g.high for g, true in zip(found, gains, strict=True)])


def away(law, coefficients, intercept):
    return float(np.sum(law[0] * (coefficients - law[1]) ** 2) + intercept**2)


def gained(law, choice):
    errors = [away(law, c.coefficients, c.intercept) for c in (choice.classical, choice.chosen)]
    return errors[0] - errors[1]


def without_correction(option, unseen):
    rows = slice(None) if unseen is None else ~unseen
    return int(option.squares[rows].mean(axis=0).argmin())


@pytest.mark.parametrize("law", [ISOTROPIC, POWER], ids=["isotropic", "power law"])
def test_the_interval_of_the_gain_covers_it(law):
    """The drift is one draw, however many rows there are: an interval over rows misses it."""
    gains, found, rows_only = [], [], []
    for X, y in simulated(law, 5, 7, replicates=200):
        choice = choose(X, y, np.full(len(y), 5), generator_records=70)
        gains.append(gained(law, choice))
        found.append(choice.gain)
        fits = Fits(X, y, np.ones(len(y)), choice.penalties, True)
        fixed = replace(choice.judge, noise=None)  # as if the drift and the noise were known
        option = Option(1.0, fits, fixed)
        usual = partial(without_correction, option)
        rows_only.append(gain(fixed, option, [option], 0.95, usual))
    assert rows_only[-1].value == pytest.approx(found[-1].value)
    assert 0.89 <= covered(gains, found) <= 0.995
    assert covered(gains, rows_only) < 0.7


@pytest.mark.parametrize("law", [ISOTROPIC, POWER], ids=["isotropic", "power law"])
def test_real_rows_judge_what_synthetic_ones_are_worth(law):
    rng = np.random.default_rng(8)
    drift, _ = drifted(rng, law, 5, 70, 0.4, 80)
    gains, found, pooled, alone = [], [], [], []
    real = 60
    for w in drift:
        X = rows(rng, (300,), law[0])
        depth = np.where(np.arange(300) < real, 0, 5)
        y = X @ law[1] + (depth > 0) * (X @ (w - law[1])) + 0.4 * rng.standard_normal(300)
        choice = choose(X, y, depth)
        gains.append(gained(law, choice))
        found.append(choice.gain)
        pooled.append(away(law, choice.classical.coefficients, choice.classical.intercept))
        few = RidgeCV(choice.penalties * real).fit(X[:real], y[:real])
        alone.append(away(law, few.coef_, few.intercept_))
    assert above(np.array(gains))
    assert covered(gains, found) >= 0.85
    false = [g.shown and true <= 0 for g, true in zip(found, gains, strict=True)]
    assert np.mean(false) <= 0.05
    assert covered(np.zeros(len(gains)), found) < 0.5  # holding anything would not do
    best = np.array(pooled) - np.array(gains)
    assert np.mean(alone) > best.mean()
