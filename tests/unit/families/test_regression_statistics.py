import numpy as np
import pytest
from scipy.stats import ks_2samp

import modelcollapse as mc
from modelcollapse import records
from modelcollapse.corpus import Block, Corpus
from modelcollapse.errors import Incompatible
from modelcollapse.families.regression.inputs import FixedInputs, NormalInputs
from modelcollapse.families.regression.labelled import Design, Labelled
from modelcollapse.families.regression.statistics import LeastSquares

COVARIANCE = ((2.0, 0.6, 0.1), (0.6, 1.0, -0.3), (0.1, -0.3, 0.5))
TEACHER = mc.LinearTeacher([1.0, -2.0, 0.5], COVARIANCE, noise=0.7)
TWO = mc.LinearTeacher([[1.0, 0.0], [-2.0, 1.0], [0.5, 3.0]], COVARIANCE, noise=0.7)


def gram(held):
    return np.swapaxes(held.root, -1, -2) @ held.root


def products(held):
    return np.swapaxes(held.root, -1, -2) @ held.target


@pytest.mark.parametrize("n", [1, 2, 3, 50])
@pytest.mark.parametrize("teacher", [TEACHER, TWO], ids=["one output", "two outputs"])
def test_statistics_of_records_are_their_sums_of_products(teacher, n, rng):
    data = teacher.sample(n, rng=rng)
    held = LeastSquares.of(data)
    targets = data.targets.reshape(n, -1)
    assert (held.n, held.weight, records.size(held)) == (n, n, n)
    assert held.root.shape == (min(n, 3), 3)
    assert np.array_equal(held.root, np.triu(held.root)) or n == 1
    assert np.allclose(gram(held), data.inputs.T @ data.inputs, rtol=1e-12)
    assert np.allclose(products(held), data.inputs.T @ targets, rtol=1e-12)
    assert held.design is data.design


def test_weights_count_as_repeated_records(rng):
    data = TEACHER.sample(20, rng=rng)
    times = rng.integers(0, 4, size=20)
    weighted = LeastSquares.of(data.but(weights=times))
    repeated = LeastSquares.of(records.take(data, np.repeat(np.arange(20), times)))
    assert weighted.weight == repeated.weight == times.sum()
    assert weighted.n == 20
    assert np.allclose(gram(weighted), gram(repeated), rtol=1e-12)
    assert np.allclose(products(weighted), products(repeated), rtol=1e-12)


@pytest.mark.parametrize("sizes", [(1, 1), (2, 5), (30, 1, 7), (1, 1, 1, 1, 1)])
def test_joined_statistics_are_those_of_joined_records(sizes, rng):
    parts = [TWO.sample(n, rng=rng) for n in sizes]
    joined = records.concat([LeastSquares.of(part) for part in parts])
    whole = LeastSquares.of(records.concat(parts))
    assert (joined.n, joined.weight) == (sum(sizes), sum(sizes))
    assert joined.root.shape == whole.root.shape
    assert np.allclose(gram(joined), gram(whole), rtol=1e-11)
    assert np.allclose(products(joined), products(whole), rtol=1e-11)


def test_weighed_statistics_are_those_of_weighed_records(rng):
    data = TWO.sample(9, rng=rng)
    again = records.weigh(records.weigh(LeastSquares.of(data), 7.0), 0.3)
    expected = LeastSquares.of(records.weigh(data, 0.3))
    assert again.weight == pytest.approx(expected.weight)
    assert np.allclose(gram(again), gram(expected), rtol=1e-12)
    assert np.allclose(products(again), products(expected), rtol=1e-12)


def test_a_growing_corpus_is_fitted_as_if_its_records_were_joined(rng):
    learner, corpus, rows = mc.Ridge(), Corpus(), []
    for origin in range(6):
        block = TEACHER.sample(8, rng=rng)
        rows.append(block)
        corpus += Corpus((Block(block, origin),))
        held = learner.fit(corpus.summary(learner.summarise), rng=rng)
        joined = learner.fit(records.concat(rows), rng=rng)
        expected = np.linalg.lstsq(
            np.concatenate([b.inputs for b in rows]),
            np.concatenate([b.targets for b in rows]),
            rcond=None,
        )[0]
        assert np.allclose(held.coefficients, expected, rtol=1e-10)
        assert np.allclose(joined.coefficients, expected, rtol=1e-10)


@pytest.mark.parametrize("penalty", [0.0, 0.2])
def test_accumulation_in_a_lineage_is_a_fit_to_all_records(penalty):
    lineage = mc.Lineage(TEACHER, mc.Ridge(penalty), mc.Accumulate(7), size=7)
    chain = lineage.generations(seed=2)
    for _ in range(8):
        generation = next(chain)
        data = generation.corpus.data
        n = len(data.inputs)
        level = data.inputs.T @ data.inputs / n + penalty * np.eye(3)
        expected = np.linalg.solve(level, data.inputs.T @ data.targets / n)
        assert np.allclose(generation.model.coefficients, expected, rtol=1e-10)


def test_weights_of_a_lineage_reach_the_fit():
    policy = mc.Weighted(mc.Mix(30, real=1 / 3, fresh=True), 0.7)
    chain = mc.Lineage(TEACHER, mc.Ridge(), policy, size=10).generations(seed=2)
    next(chain)
    generation = next(chain)
    real, written = (block.data for block in generation.corpus.blocks)
    x = np.concatenate([real.inputs, written.inputs])
    y = np.concatenate([real.targets, written.targets])
    scale = np.sqrt(np.repeat([0.7 / 10, 0.3 / 20], [10, 20]))
    expected = np.linalg.lstsq(x * scale[:, None], y * scale, rcond=None)[0]
    assert np.allclose(generation.model.coefficients, expected, rtol=1e-10)


@pytest.mark.parametrize("n", [2, 3, 12])
@pytest.mark.parametrize("penalty", [1e-3, 0.5])
def test_drawn_statistics_have_the_law_of_records(n, penalty):
    learner, many = mc.Ridge(penalty), 3000
    rng = np.random.default_rng(1)
    held = TWO.exact().replicate(many).sample(n, rng=rng)
    drawn = learner.fit(held, rng=rng).weights
    rows, norms = [], []
    for _ in range(many):
        data = TWO.sample(n, rng=rng)
        rows.append(learner.fit(data, rng=rng).weights)
        norms.append(np.sum((data.inputs.T @ data.targets) ** 2))
    rows = np.array(rows)
    for i in range(3):
        for o in range(2):
            assert ks_2samp(drawn[:, i, o], rows[:, i, o]).pvalue > 1e-4
    assert ks_2samp((products(held) ** 2).sum(axis=(1, 2)), norms).pvalue > 1e-4
    # The same check tells one record more.
    other = TWO.exact().replicate(many).sample(n + 1, rng=rng)
    assert ks_2samp((products(other) ** 2).sum(axis=(1, 2)), norms).pvalue < 1e-4


def test_statistics_on_fixed_inputs_have_new_noise_only(rng):
    rows = rng.normal(size=(8, 3))
    held = LeastSquares.of(Labelled(rows, np.zeros(8)))
    design = Design(FixedInputs(held.root, 8), noise=0.5, statistics=True)
    weights = np.array([[1.0], [2.0], [3.0]])
    drawn = [LeastSquares.drawn(design, weights, 8, rng=rng) for _ in range(4000)]
    assert all(one.root is held.root for one in drawn)
    found = np.array([products(one)[:, 0] for one in drawn])
    assert np.allclose(found.mean(axis=0), gram(held) @ weights[:, 0], atol=0.1)
    assert np.allclose(np.cov(found.T), 0.25 * gram(held), atol=0.25)


def test_inputs_that_are_the_same_do_not_count_twice(rng):
    rows = np.triu(rng.normal(size=(3, 3)))
    same = LeastSquares.drawn(
        Design(FixedInputs(rows, 5), statistics=True), np.ones((3, 1)), 5, rng=rng
    )
    new = LeastSquares.drawn(
        Design(NormalInputs(np.ones(3)), statistics=True), np.ones((3, 1)), 5, rng=rng
    )
    assert (records.concat([same, same]).n, records.concat([same, same]).distinct) == (10, 5)
    assert records.concat([new, new]).distinct == 10


def test_a_batch_knows_its_replicates(rng):
    exact = TEACHER.exact()
    assert exact.sample(5, rng=rng).replicates is None
    batch = exact.replicate(4)
    held = batch.sample(5, rng=rng)
    assert held.replicates == 4
    joined = records.concat([held, batch.sample(6, rng=rng)])
    assert joined.root.shape == (4, 3, 3)
    assert records.layout(joined) == records.layout(held)
    assert records.layout(held) != records.layout(TWO.exact().sample(5, rng=rng))
    assert LeastSquares.of(TEACHER.sample(5, rng=rng)).replicates is None


def test_projected_statistics_are_those_of_projected_records(rng):
    data, projection = TWO.sample(30, rng=rng), rng.normal(size=(3, 2))
    narrow = LeastSquares.of(data).projected(projection)
    expected = LeastSquares.of(data.but(inputs=data.inputs @ projection))
    assert narrow.root.shape == (2, 2)
    assert np.allclose(gram(narrow), gram(expected), rtol=1e-11)
    assert np.allclose(products(narrow), products(expected), rtol=1e-11)


def test_records_cannot_be_taken_from_statistics(rng):
    held = TEACHER.exact().sample(9, rng=rng)
    assert records.subset(held, 9, rng=rng) is held
    with pytest.raises(Incompatible, match=r"single records cannot be taken .*statistics=True"):
        records.subset(held, 5, rng=rng)


@pytest.mark.parametrize(
    "changes",
    [{"budget": 10}, {"curator": mc.RandomSelection(2.0)}, {"policy": mc.Mix(20, real=0.5)}],
)
def test_what_chooses_among_records_needs_records(changes):
    lineage = mc.Lineage(TEACHER.exact(), mc.Ridge(), mc.Accumulate(20), size=20).but(**changes)
    with pytest.raises(Incompatible, match="Leave out statistics=True"):
        lineage.run(2)


def test_fresh_real_statistics_mix_with_written_ones():
    policy = mc.Weighted(mc.Mix(40, real=0.5, fresh=True), 0.6)
    history = mc.Lineage(TEACHER.exact(), mc.Ridge(), policy, size=20).run(3, replicates=5)
    assert np.all(np.isfinite(history["test_error"]))
