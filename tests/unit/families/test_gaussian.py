"""Moments, the Gaussian model, its learner and its truths, one behaviour at a time."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import multivariate_normal

from modelcollapse import records
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.gaussian import (
    ExactGaussian,
    Gaussian,
    GaussianMLE,
    GaussianModel,
    Moments,
)
from modelcollapse.families.moments import Moments as SameMoments
from modelcollapse.protocols import Learner, Model, Replicable, Summarising, Varying

COV = [[2.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 0.5]]


@pytest.fixture
def rng():
    return np.random.default_rng(20240717)


def scatter_of(rows):
    centred = rows - rows.mean(axis=0)
    return centred.T @ centred


def batch_of(blocks):
    """Moments of several arrays of rows as replicates, built from single ones."""
    single = [Moments.of(block) for block in blocks]
    return Moments(
        single[0].n,
        np.stack([m.mean for m in single]),
        np.stack([m.root for m in single]),
        np.stack([m.exponent for m in single]),
    )


class TestMomentsOfRows:
    @pytest.mark.parametrize("n, d", [(50, 1), (50, 3), (4, 4), (3, 5), (1, 2), (1, 1), (2, 1)])
    def test_mean_and_scatter_are_those_of_the_rows(self, rng, n, d):
        rows = rng.normal(3.0, 2.0, size=(n, d))
        moments = Moments.of(rows)
        assert moments.n == n
        assert_allclose(moments.mean, rows.mean(axis=0))
        assert_allclose(moments.scatter, scatter_of(rows), atol=1e-12)

    @pytest.mark.parametrize("n, d", [(4, 4), (3, 5), (1, 2), (40, 3)])
    def test_root_is_triangular_with_one_column_fewer_than_records(self, rng, n, d):
        root = Moments.of(rng.normal(size=(n, d))).root
        assert_array_equal(np.triu(root, 1), 0.0)
        assert_array_equal(root[:, n - 1 :], 0.0)
        assert np.all(np.diag(root)[: min(d, n - 1)] != 0)

    @pytest.mark.parametrize("scale", [1e-200, 1e-300, 1e150])
    def test_squares_neither_underflow_nor_overflow(self, rng, scale):
        rows = rng.normal(size=(20, 2))
        model = GaussianMLE().fit(rows * scale, rng=rng)
        expected = np.linalg.slogdet(np.cov(rows.T, ddof=0))[1] + 4 * math.log(scale)
        assert_allclose(model.log_det, expected, rtol=1e-10)

    def test_a_large_mean_costs_no_digits(self, rng):
        rows = rng.integers(-5, 6, size=(100, 2)).astype(float)
        assert_allclose(Moments.of(rows + 2.0**40).scatter, Moments.of(rows).scatter, rtol=1e-9)

    def test_a_dependent_coordinate_has_an_exact_zero(self, rng):
        x = rng.normal(size=100)
        assert Moments.of(np.column_stack([x, x, rng.normal(size=100)])).root[1, 1] == 0.0
        assert GaussianMLE().fit(np.column_stack([x, 3 * x - 1]), rng=rng).log_det == -math.inf

    def test_records_that_are_no_numbers_are_counted(self):
        rows = np.zeros((10, 2))
        rows[3, 1], rows[7, 0] = np.nan, np.inf
        with pytest.raises(InputError, match="2 of 10"):
            Moments.of(rows)

    def test_moments_whose_parts_do_not_fit_are_refused(self):
        with pytest.raises(InputError, match="do not fit together"):
            Moments(3, np.zeros(2), np.zeros((3, 3)), np.zeros(2, dtype=np.intc))


class TestMomentsAsRecords:
    def test_size_layout_and_replicates(self, rng):
        moments = Gaussian([0, 0]).exact().replicate(4).sample(9, rng=rng)
        assert records.size(moments) == 9
        assert (moments.d, moments.replicates) == (2, 4)
        assert records.layout(moments) != records.layout(ExactGaussian().sample(9, rng=rng))

    def test_single_records_cannot_be_taken(self, rng):
        with pytest.raises(Incompatible, match="Use rows"):
            records.take(ExactGaussian().sample(5, rng=rng), np.array([0, 1]))

    @pytest.mark.parametrize("sizes", [(5, 7), (1, 1), (2, 1, 4), (2, 2), (30, 1)])
    @pytest.mark.parametrize("d", [1, 2, 4])
    def test_joining_moments_is_summarising_joined_rows(self, rng, sizes, d):
        blocks = [rng.normal(i, 1 + i, size=(n, d)) for i, n in enumerate(sizes)]
        joined = records.concat([Moments.of(block) for block in blocks])
        rows = np.concatenate(blocks)
        assert joined.n == len(rows)
        assert_allclose(joined.mean, rows.mean(axis=0), atol=1e-14)
        assert_allclose(joined.scatter, scatter_of(rows), atol=1e-10)
        assert_array_equal(joined.root[:, len(rows) - 1 :], 0.0)
        assert_array_equal(np.triu(joined.root, 1), 0.0)

    def test_joining_a_batch_joins_each_replicate(self, rng):
        one, two = rng.normal(size=(6, 5, 3)), rng.normal(2, 3, size=(6, 4, 3))
        joined = records.concat([batch_of(one), batch_of(two)])
        for i in range(6):
            rows = np.concatenate([one[i], two[i]])
            assert_allclose(joined.mean[i], rows.mean(axis=0))
            assert_allclose(joined.scatter[i], scatter_of(rows))

    def test_joining_few_records_with_a_constant_coordinate_keeps_the_scatter(self):
        blocks = [np.array([[1.0, 5.0, 2.0]]), np.array([[1.0, 3.0, 7.0], [1.0, 3.5, 0.0]])]
        joined = records.concat([Moments.of(block) for block in blocks])
        assert_allclose(joined.scatter, scatter_of(np.concatenate(blocks)), atol=1e-12)
        assert_array_equal(joined.root[:, 2:], 0.0)

    def test_joining_keeps_a_scatter_far_below_the_smallest_float(self):
        tiny = Moments(4, np.ones(1), np.array([[1.5]]), np.array([-5000], dtype=np.intc))
        joined = records.concat([tiny, tiny, tiny])
        assert joined.n == 12
        assert_array_equal(joined.mean, [1.0])
        model = GaussianMLE().fit(joined, rng=np.random.default_rng(0))
        assert_allclose(model.log_variance, math.log(1.5**2 / 4) - 10000 * math.log(2))

    def test_differing_means_count_even_beside_vanished_scatters(self):
        def block(at):
            return Moments(2, np.array([at]), np.array([[0.5]]), np.array([-9000], dtype=np.intc))

        assert_allclose(records.concat([block(0.0), block(2.0)]).scatter, [[4.0]])

    @pytest.mark.parametrize("d", [1, 2])
    def test_a_vanished_scatter_survives_beside_single_records(self, d):
        single = Moments(1, np.ones(d), np.zeros((d, d)), np.zeros(d, dtype=np.intc))
        root, exponent = np.tril(np.ones((d, d))), np.full(d, -4000, dtype=np.intc)
        joined = records.concat([single, Moments(d + 3, np.ones(d), root, exponent)])
        model = GaussianMLE().fit(joined, rng=np.random.default_rng(0))
        assert_allclose(model.log_det, -d * math.log(d + 4) - 8000 * d * math.log(2))

    def test_empty_moments_join_neutrally(self, rng):
        block = Gaussian([0, 0]).exact().sample(8, rng=rng)
        other = Gaussian([0, 0]).exact().sample(5, rng=rng)
        empty = records.subset(block, 0, rng=rng)
        assert records.size(empty) == 0
        for parts in ([empty, other], [other, empty], [empty, other, empty]):
            joined = records.concat(parts)
            assert joined.n == 5
            assert_allclose(joined.mean, other.mean)
            assert_allclose(joined.scatter, other.scatter)
        nothing = records.concat([empty, empty])
        assert nothing.n == 0
        assert_array_equal(nothing.root, 0.0)

    def test_moments_of_different_kinds_do_not_join(self, rng):
        plain = ExactGaussian().sample(5, rng=rng)
        for other in (
            ExactGaussian([0, 0]).sample(5, rng=rng),
            ExactGaussian().replicate(2).sample(5, rng=rng),
            Moments.of(np.arange(5.0)),
            np.zeros((5, 1)),
        ):
            with pytest.raises(Incompatible, match="moments join only"):
                records.concat([plain, other])


class TestSubset:
    def test_all_records_are_the_block_itself(self, rng):
        block = ExactGaussian().sample(5, rng=rng)
        assert records.subset(block, 5, rng=rng) is block

    @pytest.mark.parametrize("k", [-1, 6])
    def test_more_than_there_are_is_refused(self, rng, k):
        with pytest.raises(InputError, match="without replacement"):
            records.subset(ExactGaussian().sample(5, rng=rng), k, rng=rng)

    @pytest.mark.parametrize("n, k, d", [(30, 10, 3), (30, 2, 3), (4, 2, 6), (9, 8, 2), (5, 1, 1)])
    def test_a_part_has_no_more_scatter_than_the_whole(self, rng, n, k, d):
        block = ExactGaussian([1.0] * d).replicate(50).sample(n, rng=rng)
        part = records.subset(block, k, rng=rng)
        assert part.n == k
        assert_array_equal(part.root[..., k - 1 :], 0.0)
        assert_array_equal(np.triu(part.root, 1), 0.0)
        between = n * k / (n - k) * np.einsum("ri,rj->rij", *[part.mean - block.mean] * 2)
        left = block.scatter - part.scatter - between
        assert np.linalg.eigvalsh(left).min() > -1e-9 * block.scatter.max()

    def test_replicates_may_keep_different_numbers(self, rng):
        block = ExactGaussian([0.0, 0.0]).replicate(5).sample(7, rng=rng)
        k = np.array([0, 1, 2, 5, 7])
        part = records.subset(block, k, rng=rng)
        assert_array_equal(records.size(part), k)
        assert_array_equal(part.root[:2], 0.0)
        assert_array_equal(part.root[2, :, 1:], 0.0)
        assert_allclose(part.mean[[0, 4]], block.mean[[0, 4]])
        assert_allclose(part.scatter[4], block.scatter[4])
        rest = records.subset(ExactGaussian([0.0, 0.0]).replicate(5).sample(9, rng=rng), 7 - k + 1,
                              rng=rng)  # fmt: skip
        joined = records.concat([part, rest])
        assert joined.n == 8
        assert isinstance(joined.n, int)

    def test_numbers_must_match_the_replicates(self, rng):
        block = ExactGaussian().replicate(3).sample(7, rng=rng)
        with pytest.raises(InputError, match="one for each replicate"):
            records.subset(block, np.array([1, 2]), rng=rng)

    def test_only_a_single_gaussian_block_has_a_known_law(self, rng):
        block = ExactGaussian().sample(5, rng=rng)
        for data in (records.concat([block, block]), Moments.of(np.arange(10.0))):
            with pytest.raises(Incompatible, match="no known law"):
                records.subset(data, 3, rng=rng)

    def test_a_part_far_below_the_smallest_float_keeps_its_scale(self, rng):
        block = ExactGaussian().sample(50, rng=rng)
        tiny = Moments(50, block.mean, block.root, np.array([-6000], dtype=np.intc))
        part = GaussianMLE().fit(records.subset(tiny, 25, rng=rng), rng=rng)
        assert_allclose(part.log_variance, -12000 * math.log(2), atol=3)


class TestModel:
    def test_reads_off_its_covariance(self, rng):
        law = Gaussian([1, 2, 3], COV).law
        assert_allclose(law.cov, COV, atol=1e-15)
        assert_allclose(law.variance, np.trace(COV))
        assert_allclose(law.log_variance, math.log(np.trace(COV)))
        assert_allclose(law.log_det, np.linalg.slogdet(COV)[1])
        assert law.varies is True
        assert law.law is law

    def test_a_batch_reads_one_value_for_each_replicate(self, rng):
        moments = Gaussian([1, 2, 3], COV).exact().replicate(4).sample(20, rng=rng)
        model = GaussianMLE().fit(moments, rng=rng)
        assert model.cov.shape == (4, 3, 3)
        assert_allclose(model.variance, np.trace(model.cov, axis1=1, axis2=2))
        assert_allclose(model.log_det, np.linalg.slogdet(model.cov)[1])
        assert_array_equal(model.varies, [True] * 4)

    @pytest.mark.parametrize("d", [1, 3])
    def test_rows_have_the_moments_of_the_model(self, rng, d):
        model = Gaussian([5.0] * d, np.array(COV)[:d, :d]).law
        rows = model.sample(200_000, rng=rng)
        assert rows.shape == (200_000, d)
        assert_allclose(rows.mean(axis=0), model.mean, atol=0.02)
        assert_allclose(np.cov(rows.T), np.squeeze(model.cov), atol=0.03)

    def test_replicates_fitted_to_different_numbers_have_their_own_divisors(self):
        rng, k = np.random.default_rng(8), np.array([3, 8, 5, 4, 4])
        block = ExactGaussian([0.0, 0.0]).replicate(5).sample(9, rng=rng)
        part = records.subset(block, k, rng=rng)
        model = GaussianMLE(1).fit(part, rng=rng)
        assert_allclose(model.cov, part.scatter / (k - 1)[:, None, None])
        divided = GaussianModel(model.mean, model.root, model.exponent)
        for reading in ("variance", "log_variance", "log_det"):
            assert_allclose(getattr(model, reading), getattr(divided, reading))
        x = np.zeros((3, 2))
        assert_allclose(model.log_density(x), divided.log_density(x))
        one = model.sample(6, rng=np.random.default_rng(9))
        two = divided.sample(6, rng=np.random.default_rng(9))
        assert_allclose(one.mean, two.mean)
        assert_allclose(one.root, two.root)

    def test_large_batches_are_drawn_like_small_ones(self):
        """Factors are drawn piece by piece; the order of the numbers does not change."""
        d, n, many = 40, 60, 30
        drawn = ExactGaussian([0.0] * d).replicate(many).sample(n, rng=np.random.default_rng(4))
        rng = np.random.default_rng(4)
        rng.standard_normal((many, d))
        diagonal = np.sqrt(2 * rng.standard_gamma((n - 1 - np.arange(d)) / 2, (many, d)))
        normals = rng.standard_normal((many, d * (d - 1) // 2))
        assert_allclose(drawn.root.diagonal(0, 1, 2), diagonal)
        assert_allclose(drawn.root[:, *np.tril_indices(d, -1)], normals)

    def test_no_records_and_fewer(self, rng):
        assert Gaussian().sample(0, rng=rng).shape == (0, 1)
        assert ExactGaussian([0, 0]).sample(0, rng=rng).n == 0
        with pytest.raises(InputError, match="-1 records"):
            Gaussian().sample(-1, rng=rng)

    def test_density_is_scipys(self, rng):
        x = rng.normal(size=(10, 3))
        law = Gaussian([1, 0, 1], COV).law
        expected = multivariate_normal([1, 0, 1], COV).logpdf(x)
        assert_allclose(law.log_density(x), expected)
        many = Gaussian([1, 0, 1], COV).exact().replicate(4).law
        assert_allclose(many.log_density(x), np.tile(expected, (4, 1)))
        assert_allclose(many.log_density(np.stack([x] * 4)), np.tile(expected, (4, 1)))

    def test_density_of_plain_values(self):
        expected = -0.5 * math.log(2 * math.pi) - np.array([0.0, 2.0])
        assert_allclose(Gaussian().law.log_density(np.array([0.0, 2.0])), expected)
        with pytest.raises(InputError, match="2 coordinates"):
            Gaussian().law.log_density(np.zeros((5, 2)))

    def test_density_far_below_the_smallest_float(self):
        law = GaussianModel(np.zeros(1), np.ones((1, 1)), np.array([-3000], dtype=np.intc))
        at_mean = law.log_density(np.array([0.0]))
        assert_allclose(at_mean, 3000 * math.log(2) - 0.5 * math.log(2 * math.pi))
        assert law.log_density(np.array([1.0])) == -math.inf

    def test_a_singular_law_has_no_density(self):
        law = Gaussian(cov=[[1, 1], [1, 1]]).law
        assert law.log_det == -math.inf
        assert law.varies
        assert np.isnan(law.log_density(np.zeros((2, 2)))).all()

    def test_a_point_does_not_vary(self, rng):
        law = Gaussian([2, 3], 0.0).law
        assert law.varies is False
        assert law.log_variance == -math.inf
        assert law.variance == 0.0
        assert_array_equal(law.sample(2, rng=rng), [[2, 3], [2, 3]])

    def test_sampling_moments_draws_in_the_documented_order(self):
        d, n = 3, 10
        moments = ExactGaussian([0.0] * d).sample(n, rng=np.random.default_rng(7))
        rng = np.random.default_rng(7)
        assert_allclose(moments.mean, rng.standard_normal(d) / math.sqrt(n))
        gammas, normals = rng.standard_gamma((n - 1 - np.arange(d)) / 2), rng.standard_normal(3)
        expected = np.diag(np.sqrt(2 * gammas))
        expected[1, 0], expected[2, 0], expected[2, 1] = normals
        assert_allclose(moments.root, expected)

    def test_a_batch_of_one_draws_what_a_single_lineage_draws(self):
        for d in (1, 3):
            truth = ExactGaussian([0.0] * d)
            single = truth.sample(9, rng=np.random.default_rng(3))
            batch = truth.replicate(1).sample(9, rng=np.random.default_rng(3))
            assert_array_equal(batch.root[0], single.root)
            assert_array_equal(batch.mean[0], single.mean)


class TestLongChains:
    def test_one_dimension_never_underflows(self):
        learner, n, steps = GaussianMLE(ddof=1), 3, 20_000
        model = ExactGaussian().law
        rng = np.random.default_rng(1)
        for _ in range(steps):
            model = learner.fit(model.sample(n, rng=rng), rng=rng)
        again = np.random.default_rng(1)
        total = 0.0
        for _ in range(steps):
            again.standard_normal()
            total += math.log(again.standard_gamma((n - 1) / 2))
        assert total < -10_000  # far below the smallest float's logarithm, -745
        assert_allclose(model.log_variance, total, rtol=1e-11)
        assert model.varies is True
        assert math.isfinite(model.mean[0])

    def test_determinants_stay_exact_when_columns_shrink_at_different_rates(self):
        d, n, steps = 3, 5, 3000
        model = ExactGaussian([0.0] * d).law
        rng = np.random.default_rng(2)
        for _ in range(steps):
            model = GaussianMLE().fit(model.sample(n, rng=rng), rng=rng)
        again = np.random.default_rng(2)
        total = 0.0
        for _ in range(steps):
            again.standard_normal(d)
            total += np.log(2 * again.standard_gamma((n - 1 - np.arange(d)) / 2) / n).sum()
            again.standard_normal(d)
        assert np.ptp(model.exponent) > 1100  # one exponent for all columns would have lost some
        assert_allclose(model.log_det, total, rtol=1e-11)
        assert np.all(np.diff(model.exponent) <= 0)

    def test_a_singular_chain_stays_singular(self, rng):
        model = ExactGaussian([0.0] * 4).law
        for _ in range(50):
            model = GaussianMLE().fit(model.sample(3, rng=rng), rng=rng)
        assert model.log_det == -math.inf
        assert math.isfinite(model.log_variance)
        assert np.linalg.matrix_rank(model.root) <= 2


class TestLearner:
    @pytest.mark.parametrize("ddof", [0, 1])
    def test_divides_by_what_it_says(self, rng, ddof):
        rows = rng.normal(size=(10, 3))
        model = GaussianMLE(ddof).fit(rows, rng=rng)
        assert_allclose(model.cov, np.cov(rows.T, ddof=ddof))
        assert_allclose(model.mean, rows.mean(axis=0))

    @pytest.mark.parametrize("shape", [(8,), (8, 1), (8, 3), (8, 2, 2)])
    def test_writes_records_of_the_shape_it_was_fitted_to(self, rng, shape):
        rows = rng.normal(size=shape)
        model = GaussianMLE().fit(rows, rng=rng)
        assert model.sample(5, rng=rng).shape == (5, *shape[1:])

    def test_summaries_of_rows_give_a_model_that_writes_rows(self, rng):
        learner = GaussianMLE(ddof=1)
        one, two = rng.normal(size=(6, 2)), rng.normal(size=(9, 2))
        model = learner.fit(
            records.concat([learner.summarise(one), learner.summarise(two)]), rng=rng
        )
        assert_allclose(model.cov, np.cov(np.concatenate([one, two]).T))
        assert model.sample(4, rng=rng).shape == (4, 2)
        moments = ExactGaussian().sample(4, rng=rng)
        assert learner.summarise(moments) is moments
        assert isinstance(learner.fit(moments, rng=rng).sample(4, rng=rng), Moments)

    def test_one_record_leaves_no_variation(self, rng):
        assert GaussianMLE().fit(np.array([[1.0, 2.0]]), rng=rng).varies is False
        exact = ExactGaussian().replicate(3).sample(1, rng=rng)
        assert_array_equal(GaussianMLE().fit(exact, rng=rng).varies, [False] * 3)

    @pytest.mark.parametrize("n, d", [(1, 1), (3, 3), (2, 5)])
    def test_unbiased_covariance_needs_more_records_than_coordinates(self, rng, n, d):
        for data in (rng.normal(size=(n, d)), ExactGaussian([0.0] * d).sample(n, rng=rng)):
            with pytest.raises(InputError, match=f"at least {d + 1} records"):
                GaussianMLE(ddof=1).fit(data, rng=rng)

    def test_no_records_are_refused(self, rng):
        for data in (np.zeros((0, 2)), ExactGaussian().sample(0, rng=rng)):
            with pytest.raises(InputError):
                GaussianMLE().fit(data, rng=rng)
        block = ExactGaussian().replicate(2).sample(5, rng=rng)
        with pytest.raises(InputError, match="no records"):
            GaussianMLE().fit(records.subset(block, np.array([0, 3]), rng=rng), rng=rng)

    @pytest.mark.parametrize("ddof", [-1, 2, 0.5])
    def test_other_divisors_are_refused(self, ddof):
        with pytest.raises(InputError, match="ddof"):
            GaussianMLE(ddof)

    def test_words_are_no_records(self, rng):
        with pytest.raises(InputError, match="a Gaussian is fitted"):
            GaussianMLE().fit(["a", "b"], rng=rng)

    def test_keeps_its_promises(self, rng):
        assert isinstance(GaussianMLE(), Learner)
        assert isinstance(GaussianMLE(), Summarising)
        model = GaussianMLE().fit(np.arange(4.0), rng=rng)
        assert isinstance(model, Model)
        assert isinstance(model, Varying)
        assert GaussianMLE(1) == GaussianMLE(ddof=1)


class TestTruth:
    def test_can_be_compared_hashed_and_pickled(self):
        truth = Gaussian(np.array([0, 1]), [[2, 0], [0, 1]])
        assert truth == Gaussian([0.0, 1.0], ((2.0, 0.0), (0.0, 1.0)))
        assert hash(truth) == hash(Gaussian([0.0, 1.0], ((2.0, 0.0), (0.0, 1.0))))
        assert (truth.mean, truth.cov) == ((0.0, 1.0), ((2.0, 0.0), (0.0, 1.0)))
        assert pickle.loads(pickle.dumps(truth)) == truth
        assert truth != truth.exact()

    def test_one_number_stands_for_all_coordinates(self):
        assert_array_equal(Gaussian([1, 2], 4).law.cov, [[4, 0], [0, 4]])
        assert_array_equal(Gaussian(3, np.eye(2)).law.mean, [3, 3])
        assert Gaussian(3, np.eye(2)).d == 2
        assert Gaussian().d == 1

    @pytest.mark.parametrize(
        "cov",
        [[[1e-30, 0], [0, 1e20]], [[1, 1], [1, 1]], [[0, 0], [0, 1]], [[4, 2e-9], [2e-9, 1e-18]]],
    )
    def test_unequal_and_singular_covariances_are_kept(self, cov):
        law = Gaussian(cov=cov).law
        assert_allclose(law.cov, cov, rtol=1e-12, atol=1e-300)
        assert_array_equal(np.triu(law.root, 1), 0)

    @pytest.mark.parametrize(
        "mean, cov, match",
        [
            (math.nan, 1, "mean must be"),
            ([0, math.inf], 1, "mean must be"),
            ([[0.0]], 1, "mean must be"),
            ("zero", 1, "mean must be"),
            (0, math.nan, "cov must be"),
            (0, [1, 2], "cov must be"),
            (0, [[1, 2], [3]], "cov must be"),
            (0, -1, "not positive semi-definite"),
            (0, [[1, 2], [2, 1]], "not positive semi-definite"),
            (0, [[0, 1], [1, 1]], "not positive semi-definite"),
            (0, [[1, 0.5], [0.4, 1]], "not symmetric"),
            ([0, 0], [[1]], "does not fit"),
            (0, [[1, 0, 0], [0, 1, 0]], "does not fit"),
            ([], 1, "at least one coordinate"),
        ],
    )
    def test_what_is_no_law_is_refused(self, mean, cov, match):
        with pytest.raises(InputError, match=match):
            Gaussian(mean, cov)
        with pytest.raises(InputError, match=match):
            ExactGaussian(mean, cov)

    def test_an_exact_truth_carries_replicates(self, rng):
        truth = Gaussian([1, 2], 4.0).exact()
        assert isinstance(truth, Replicable)
        assert truth.sample(10, rng=rng).mean.shape == (2,)
        many = truth.replicate(7)
        assert many.replicates == 7
        assert many.sample(10, rng=rng).root.shape == (7, 2, 2)
        with pytest.raises(InputError, match="replicates"):
            truth.replicate(0)

    @pytest.mark.parametrize("d, batch", [(1, 4096), (16, 4096), (32, 1024), (100, 104), (2000, 1)])
    def test_batches_hold_about_a_million_numbers(self, d, batch):
        assert ExactGaussian((0.0,) * d).batch == batch if d < 500 else True
        if d >= 500:
            assert ExactGaussian.batch.fget(type("Law", (), {"d": d})()) == batch

    def test_names_are_one_object(self):
        assert SameMoments is Moments
