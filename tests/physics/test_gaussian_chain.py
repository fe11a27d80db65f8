"""Gaussian chains against closed forms that are written out here, independently of the package.

A mean over replicates must lie within four standard errors of the formula; where tails are heavy
the test is on logarithms, or the standard error itself comes from a formula. Each check is then
shown to reject a wrong formula: another divisor, another number of fits.

Published formulas count fits: `fits` = 1 is the fit to real data.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import digamma, gammaln, polygamma
from scipy.stats import ks_2samp

from modelcollapse import records
from modelcollapse.families.gaussian import ExactGaussian, Gaussian, GaussianMLE, Moments


def z(values, expected, error=None):
    """Deviation of the mean in standard errors."""
    error = np.std(values, ddof=1) / math.sqrt(len(values)) if error is None else error
    return abs(np.mean(values) - expected) / error


def agrees(values, expected, error=None):
    return z(values, expected, error) < 4


def replaced(n, fits, ddof, replicates, d=1, seed=0, cov=1.0):
    """Fitted models of a batch under replacement, by sufficient statistics."""
    rng = np.random.default_rng(seed)
    learner, model = GaussianMLE(ddof), ExactGaussian([0.0] * d, cov).replicate(replicates).law
    for _ in range(fits):
        model = learner.fit(model.sample(n, rng=rng), rng=rng)
    return model


def replaced_rows(n, fits, ddof, replicates, d=1, seed=0):
    """Log total variance, log determinant and mean of single chains, by rows."""
    rng = np.random.default_rng(seed)
    learner, found = GaussianMLE(ddof), []
    for _ in range(replicates):
        model = Gaussian([0.0] * d).law
        for _ in range(fits):
            model = learner.fit(model.sample(n, rng=rng), rng=rng)
        found.append((model.log_variance, model.log_det, model.mean[0]))
    return np.array(found).T


def log_drift(n, ddof):
    """E ln of the variance ratio of one fit: chi-square with n - 1 degrees over n - ddof."""
    return digamma((n - 1) / 2) + math.log(2 / (n - ddof))


def log_variance(n):
    return float(polygamma(1, (n - 1) / 2))


def c4(n):
    return math.sqrt(2 / (n - 1)) * math.exp(gammaln(n / 2) - gammaln((n - 1) / 2))


def moment_errors(n, fits, ddof, replicates):
    """Standard errors of the mean of S and of mu^2, from exact fourth moments (unit truth)."""
    first = (n - 1) / (n - ddof)
    second = (n - 1) * (n + 1) / (n - ddof) ** 2
    a, b, c, s, u = 0.0, 0.0, 1.0, 1.0, 0.0  # E mu^4, E mu^2 S, E S^2, E S, E mu^2
    for _ in range(fits):
        a, b, c = a + 6 * b / n + 3 * c / n**2, (b + c / n) * first, c * second
        s, u = s * first, u + s / n
    return math.sqrt((c - s * s) / replicates), math.sqrt((a - u * u) / replicates)


class TestReplaceOneDimension:
    @pytest.mark.parametrize("n, fits", [(10, 5), (50, 30), (5, 10)])
    @pytest.mark.parametrize("ddof", [0, 1])
    def test_log_variance_of_statistics(self, n, fits, ddof):
        logs = replaced(n, fits, ddof, 20_000).log_variance
        assert agrees(logs, fits * log_drift(n, ddof))
        variance = fits * log_variance(n)
        squares = np.square(logs - fits * log_drift(n, ddof))
        assert agrees(squares, variance)
        assert not agrees(logs, fits * log_drift(n, 1 - ddof))
        assert not agrees(squares, fits * float(polygamma(1, n - 1)))

    @pytest.mark.parametrize("ddof", [0, 1])
    def test_log_variance_of_rows(self, ddof):
        n, fits = 10, 5
        logs, _, means = replaced_rows(n, fits, ddof, 2000)
        assert agrees(logs, fits * log_drift(n, ddof))
        assert not agrees(logs, fits * log_drift(n, 1 - ddof))
        error = moment_errors(n, fits, ddof, 2000)[1]
        assert agrees(means**2, fits / n if ddof else 1 - (1 - 1 / n) ** fits, error)

    def test_rows_and_statistics_have_one_law(self):
        rows = replaced_rows(8, 4, 0, 2000, seed=1)
        exact = replaced(8, 4, 0, 20_000, seed=2)
        assert ks_2samp(rows[0], exact.log_variance).pvalue > 1e-3
        assert ks_2samp(rows[2], exact.mean[:, 0]).pvalue > 1e-3
        longer = replaced(8, 5, 0, 20_000, seed=2)
        assert ks_2samp(rows[0], longer.log_variance).pvalue < 1e-6

    @pytest.mark.parametrize("n, fits", [(50, 10), (100, 40), (20, 10)])
    def test_mean_wanders_without_bound_when_unbiased(self, n, fits):
        means = replaced(n, fits, 1, 20_000).mean[:, 0]
        error = moment_errors(n, fits, 1, 20_000)[1]
        assert agrees(means**2, fits / n, error)
        assert not agrees(means**2, 1 - (1 - 1 / n) ** fits, error)

    def test_varying_sizes_add_their_inverses(self):
        rng, sizes = np.random.default_rng(4), [50, 200, 20, 100]
        model = ExactGaussian().replicate(20_000).law
        for n in sizes:
            model = GaussianMLE(1).fit(model.sample(n, rng=rng), rng=rng)
        expected = sum(1 / n for n in sizes)
        assert agrees(model.mean[:, 0] ** 2, expected)
        assert not agrees(model.mean[:, 0] ** 2, 4 / np.mean(sizes))
        assert agrees(model.log_variance, sum(log_drift(n, 1) for n in sizes))

    @pytest.mark.parametrize("n, drift, variance, scale", [
        (10, -0.1152064704, 0.2487251030, 0.9726592741),
        (100, -0.0101350188, 0.0204074550, 0.9974779761),
    ])  # fmt: skip
    def test_acceptance_row_8(self, n, drift, variance, scale):
        model = replaced(n, 1, 1, 200_000)
        assert agrees(model.log_variance, drift)
        assert agrees((model.log_variance - drift) ** 2, variance)
        assert agrees(np.sqrt(model.variance), scale)
        assert not agrees(model.log_variance, log_drift(n, 0))
        assert not agrees(np.sqrt(model.variance), 1 - 1 / (2 * n))

    def test_acceptance_row_9(self):
        model = replaced(25, 10, 1, 1_000_000)
        distance = model.mean[:, 0] ** 2 + (np.sqrt(model.variance) - 1) ** 2
        assert math.isclose(10 / 25 + 2 * (1 - c4(25) ** 10), 0.5977955820, abs_tol=1e-8)
        assert agrees(distance, 0.5977955820)
        assert not agrees(distance, 9 / 25 + 2 * (1 - c4(25) ** 9))

    def test_acceptance_row_10(self):
        n, fits, replicates = 8, 16, 1_000_000
        model = replaced(n, fits, 0, replicates)
        errors = moment_errors(n, fits, 0, replicates)
        assert agrees(model.variance, 0.1180670870, errors[0])
        assert agrees(model.mean[:, 0] ** 2, 0.8819329130, errors[1])
        assert not agrees(model.variance, (1 - 1 / n) ** (fits + 1), errors[0])
        assert not agrees(model.mean[:, 0] ** 2, fits / n, errors[1])


class TestReplaceManyDimensions:
    @staticmethod
    def rates(n, d, ddof=1):
        return digamma((n - 1 - np.arange(d)) / 2) - math.log((n - ddof) / 2)

    @pytest.mark.parametrize("d, n, fits, ddof", [(2, 10, 8, 1), (5, 50, 10, 0), (3, 4, 20, 1)])
    def test_log_determinant(self, d, n, fits, ddof):
        logs = replaced(n, fits, ddof, 4000, d).log_det
        assert agrees(logs, fits * self.rates(n, d, ddof).sum())
        assert not agrees(logs, fits * self.rates(n, d, 1 - ddof).sum())

    def test_log_determinant_of_rows(self):
        _, logs, _ = replaced_rows(10, 4, 1, 1500, d=2)
        assert agrees(logs, 4 * self.rates(10, 2).sum())
        assert not agrees(logs, 4 * 2 * self.rates(10, 1).sum())
        assert ks_2samp(logs, replaced(10, 4, 1, 10_000, d=2).log_det).pvalue > 1e-3

    def test_a_correlated_truth_shrinks_by_the_same_factor(self):
        cov = [[4.0, 1.9], [1.9, 1.0]]
        logs = replaced(12, 6, 1, 4000, 2, cov=cov).log_det
        truth = math.log(4 - 1.9**2)
        assert agrees(logs, truth + 6 * self.rates(12, 2).sum())
        assert not agrees(logs, 6 * self.rates(12, 2).sum())

    def test_covariance_of_a_correlated_truth_is_kept_on_average(self):
        cov = [[4.0, 1.9], [1.9, 1.0]]
        model = replaced(30, 3, 1, 20_000, 2, cov=cov)
        assert agrees(model.cov[:, 0, 1], 1.9)
        assert agrees(model.mean[:, 0] * model.mean[:, 1], 1.9 * 3 / 30)
        assert not agrees(model.cov[:, 0, 1], 1.9 * (1 - 1 / 30) ** 3)

    def test_fewer_records_than_coordinates_are_singular_at_once(self):
        assert np.all(np.isneginf(replaced(4, 1, 0, 100, d=4).log_det))
        assert np.all(np.isfinite(replaced(5, 1, 0, 100, d=4).log_det))

    def test_acceptance_row_12(self):
        model = replaced(30, 1, 1, 40_000, d=4)
        assert agrees(model.log_det, -0.3632161175)
        assert not agrees(model.log_det, 4 * -0.0348789)
        expected = (-0.0348789, -0.0712306, -0.1089530, -0.1481536)
        diagonal = 2 * np.log(np.linalg.cholesky(model.cov).diagonal(0, -2, -1))
        for j in range(4):
            assert agrees(diagonal[:, j], expected[j])
            assert not agrees(diagonal[:, j], expected[(j + 1) % 4])

    def test_acceptance_row_12_as_exponential_rates(self):
        """Eigenvalues of long chains shrink at the rates, found without underflow."""
        fits, replicates = 1000, 40
        model = replaced(30, fits, 1, replicates, d=4)
        slopes = 2 * (
            np.log(np.abs(model.root.diagonal(0, -2, -1))) + model.exponent * math.log(2)
        ) / fits  # fmt: skip
        expected = self.rates(30, 4)
        for j in range(4):
            assert agrees(slopes[:, j], expected[j])
            assert not agrees(slopes[:, j], expected[(j + 1) % 4])

    def test_acceptance_row_13(self):
        model = replaced(25, 12, 1, 60_000, d=3)
        squares = np.square(model.cov).sum(axis=(1, 2))
        assert agrees(squares, 11.8650441429)
        assert agrees(np.square(model.variance), 15.4654410675)
        assert agrees(model.variance, 3.0)
        assert agrees(np.square(model.mean).sum(axis=1), 12 * 3 / 25)
        a, b = 3.0, 9.0
        for _ in range(11):  # one fit too few
            a, b = a * (1 + 1 / 24) + b / 24, b + 2 * a / 24
        assert not agrees(squares, a)
        assert not agrees(np.square(model.variance), b)


def accumulated(n, fits, ddof, replicates, d=1, seed=0):
    """Model fitted to everything written so far."""
    rng = np.random.default_rng(seed)
    learner, model = GaussianMLE(ddof), ExactGaussian([0.0] * d).replicate(replicates).law
    corpus: list[Moments] = []
    for _ in range(fits):
        corpus = [records.concat([*corpus, model.sample(n, rng=rng)])]
        model = learner.fit(corpus[0], rng=rng)
    return model


class TestAccumulate:
    @staticmethod
    def variance(n, fits, ddof):
        if ddof == 0:
            return math.prod(1 - 1 / (n * j * j) for j in range(1, fits + 1))
        return math.prod(1 - 1 / (j * (n * j - 1)) for j in range(2, fits + 1))

    @classmethod
    def mean_error(cls, n, fits, ddof):
        if ddof == 0:
            return 1 - cls.variance(n, fits, 0)
        steps = range(2, fits + 1)
        return 1 / n + sum(cls.variance(n, j - 1, 1) / (n * j * j) for j in steps)

    @pytest.mark.parametrize("n, fits, replicates", [(10, 50, 20_000), (4, 60, 20_000)])
    @pytest.mark.parametrize("ddof", [0, 1])
    def test_variance_and_mean_error_stay_bounded(self, n, fits, replicates, ddof):
        model = accumulated(n, fits, ddof, replicates)
        assert agrees(model.variance, self.variance(n, fits, ddof))
        assert agrees(model.mean[:, 0] ** 2, self.mean_error(n, fits, ddof))
        assert not agrees(model.variance, self.variance(n, fits, 1 - ddof))
        assert not agrees(model.mean[:, 0] ** 2, fits / n)

    def test_every_coordinate_follows_the_scalar_law(self):
        model = accumulated(6, 8, 0, 6000, d=3)
        assert agrees(model.variance / 3, self.variance(6, 8, 0))
        assert agrees(np.square(model.mean).mean(axis=1), self.mean_error(6, 8, 0))
        assert not agrees(model.variance / 3, self.variance(6, 8, 1))
        assert agrees(model.cov[:, 0, 1], 0)

    @pytest.mark.parametrize("d, n, fits", [(3, 3, 3), (2, 5, 4)])
    def test_merged_roots_have_the_law_of_rows(self, d, n, fits):
        """The first case starts with no more records than coordinates: the ranks must add up."""
        rng, learner, found = np.random.default_rng(5), GaussianMLE(), []
        for _ in range(1000):
            corpus = Gaussian([0.0] * d).sample(n, rng=rng)
            for _ in range(fits - 1):
                model = learner.fit(corpus, rng=rng)
                corpus = np.concatenate([corpus, model.sample(n, rng=rng)])
            found.append(learner.fit(corpus, rng=rng))
        exact = accumulated(n, fits, 0, 10_000, d=d)
        # Ill-conditioned singular covariances are told from regular ones only up to rounding.
        singular = np.isneginf([model.log_det for model in found])
        assert np.mean(singular == (n <= d)) > 0.95
        assert np.mean(np.isneginf(exact.log_det) == (n <= d)) > 0.95
        logs = np.array([model.log_variance for model in found])
        assert ks_2samp(logs, exact.log_variance).pvalue > 1e-4
        forgetful = replaced(n, fits, 0, 10_000, d=d)
        assert ks_2samp(logs, forgetful.log_variance).pvalue < 1e-4

    def test_acceptance_row_14(self):
        model = accumulated(16, 10, 0, 60_000)
        assert agrees(model.variance, 0.9056877682)
        assert agrees(model.mean[:, 0] ** 2, 1 - 0.9056877682)
        assert not agrees(model.variance, self.variance(16, 10, 1))

    def test_acceptance_row_15(self):
        model = accumulated(16, 10, 1, 60_000)
        assert agrees(model.variance, 0.9652926903)
        assert agrees(model.mean[:, 0] ** 2, 0.0964212207)
        assert not agrees(model.variance, 0.9056877682)
        assert not agrees(model.mean[:, 0] ** 2, math.pi**2 / (6 * 16))  # leading order


def thinned(n, fits, ddof, replicates, d=1, seed=0):
    """Model fitted to `n` records chosen from everything written so far."""
    rng = np.random.default_rng(seed)
    learner, model = GaussianMLE(ddof), ExactGaussian([0.0] * d).replicate(replicates).law
    blocks: list[Moments] = []
    for _ in range(fits):
        blocks.append(model.sample(n, rng=rng))
        kept = rng.multivariate_hypergeometric([n] * len(blocks), n, size=replicates).T
        chosen = [records.subset(b, k, rng=rng) for b, k in zip(blocks, kept, strict=True)]
        model = learner.fit(records.concat(chosen), rng=rng)
    return model


class TestAccumulateAndSubsample:
    @staticmethod
    def law(n, fits, ddof):
        """Expected fitted variance and squared error of the fitted mean."""
        pool, error = 1 - 1 / n, 1 / n
        for t in range(1, fits + 1):
            total = n * t
            a = total / (total - 1) * (1 if ddof else 1 - 1 / n)
            b = total / (total - 1) * (1 - 1 / t) / n
            result = a * pool, error + b * pool
            error += pool * (a / n + b) / (t + 1) ** 2
            pool *= (t + a + b) / (t + 1) - (a / n + b) / (t + 1) ** 2
        return result

    @pytest.mark.parametrize("ddof, variance, error", [
        (0, 0.8666583081, 0.1333416919), (1, 1.0510178942, 0.1432533729),
    ])  # fmt: skip
    def test_acceptance_row_16(self, ddof, variance, error):
        assert np.allclose(self.law(20, 25, ddof), (variance, error), atol=1e-8)
        model = thinned(20, 25, ddof, 10_000)
        assert agrees(model.variance, variance)
        assert agrees(model.mean[:, 0] ** 2, error)
        assert not agrees(model.variance, TestAccumulate.variance(20, 25, ddof))
        assert not agrees(model.mean[:, 0] ** 2, TestAccumulate.mean_error(20, 25, ddof))

    def test_every_coordinate_follows_the_scalar_law(self):
        variance, error = self.law(6, 5, 0)
        model = thinned(6, 5, 0, 4000, d=3)
        assert agrees(model.variance / 3, variance)
        assert agrees(np.square(model.mean).mean(axis=1), error)
        assert not agrees(model.variance / 3, TestAccumulate.variance(6, 5, 0))


def with_moments(block, rng, replicates):
    """Rows of Gaussian samples conditioned to have exactly the moments of `block`."""
    n, d = block.n, block.d
    rank = min(d, n - 1)
    noise = rng.standard_normal((replicates, rank, n))
    noise -= noise.mean(axis=-1, keepdims=True)
    left, _, right = np.linalg.svd(noise, full_matrices=False)
    root = block.root[:, :rank] * 2.0 ** block.exponent[:rank]
    rows = block.mean[:, None] + root @ (left @ right)
    return np.swapaxes(rows, -1, -2)


def summaries(mean, scatter, k):
    """Functions of mean and scatter whose laws are to agree."""
    rank = min(k - 1, mean.shape[-1])
    eigenvalues = np.linalg.eigvalsh(scatter)[:, ::-1]
    found = {"mean": mean[:, 0], "contrast": mean[:, -1] - 2 * mean[:, 0]}
    for i in range(rank):
        found[f"eigenvalue {i}"] = eigenvalues[:, i]
    if rank:
        found["corner"] = scatter[:, -1, 0]
        found["both"] = scatter[:, 0, 0] * mean[:, 0] ** 2
    return found


class TestSubsetLaw:
    @pytest.mark.parametrize("n, k, d", [
        (12, 6, 2), (12, 3, 3), (12, 2, 3), (6, 1, 2), (8, 7, 2),
        (4, 2, 5), (4, 3, 5), (5, 4, 4), (9, 5, 1), (3, 2, 1), (4, 2, 3),
    ])  # fmt: skip
    def test_parts_of_moments_are_parts_of_rows(self, n, k, d):
        replicates = 4000
        rng = np.random.default_rng([n, k, d])
        cov = np.eye(d) + 0.5 * np.ones((d, d))
        block = Gaussian(np.arange(d), cov).exact().sample(n, rng=rng)
        batch = Moments(
            n,
            np.broadcast_to(block.mean, (replicates, d)),
            np.broadcast_to(block.root, (replicates, d, d)),
            np.broadcast_to(block.exponent, (replicates, d)),
        )
        rows = with_moments(block, rng, replicates)[:, :k]
        mean = rows.mean(axis=1)
        centred = rows - mean[:, None]
        brute = summaries(mean, np.swapaxes(centred, 1, 2) @ centred, k)
        part = records.subset(batch, k, rng=rng)
        exact = summaries(part.mean, part.scatter, k)
        for name in brute:
            assert ks_2samp(brute[name], exact[name]).pvalue > 1e-4, name
        # New records from a fit to the block are no part of it: they vary more.
        fresh = GaussianMLE().fit(batch, rng=rng).sample(k, rng=rng)
        wrong = summaries(fresh.mean, fresh.scatter, k)
        assert min(ks_2samp(brute[name], wrong[name]).pvalue for name in brute) < 1e-4

    def test_replicates_that_keep_different_numbers_have_their_own_laws(self):
        replicates, kept = 8000, np.array([1, 3, 6, 9])
        rng = np.random.default_rng(11)
        block = ExactGaussian([0.0, 0.0]).replicate(replicates).sample(10, rng=rng)
        k = np.tile(kept, replicates // 4)
        part = records.subset(block, k, rng=rng)
        total = np.trace(part.scatter, axis1=1, axis2=2)
        for number in kept[1:]:
            mine = total[k == number]
            assert agrees(mine, 2 * (number - 1))  # parts of a sample are samples
            assert not agrees(mine, 2 * number)
        squared = np.square(part.mean).sum(axis=1)
        for number in kept:
            assert agrees(squared[k == number], 2 / number)
        assert not agrees(squared[k == 3], 2 / 4)
