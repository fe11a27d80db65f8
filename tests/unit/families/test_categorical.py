"""Categorical truths, fitted frequencies and their learner, one behaviour at a time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from modelcollapse import protocols, records
from modelcollapse.errors import Degenerate, Incompatible, InputError
from modelcollapse.families.categorical import Categorical, Counts, Frequencies, Uniform, Zipf
from modelcollapse.lineage import Lineage
from modelcollapse.policies import Accumulate, Augment, Mix, Replace

LAWS = [Zipf(7), Uniform(3), Categorical([0.2, 0.0, 0.8]), Categorical([1.0]), Zipf(5, 0.0)]


class TestLaws:
    @pytest.mark.parametrize("law", LAWS)
    def test_probabilities_sum_to_one(self, law):
        assert_allclose(law.dense().sum(), 1, rtol=1e-14)
        assert len(law.dense()) == law.number_of_states

    def test_zipf_is_inverse_to_the_rank(self):
        p = Zipf(10, 1.5).dense()
        assert_allclose(p[0] / p, np.arange(1, 11) ** 1.5)

    def test_short_names_make_the_same_laws(self):
        assert Categorical.zipf(9, 2) == Zipf(9, 2)
        assert Categorical.uniform(4) == Uniform(4)

    @pytest.mark.parametrize("law", LAWS)
    @pytest.mark.parametrize("rows", [False, True])
    def test_a_large_sample_has_the_frequencies_of_the_law(self, law, rows, rng):
        n, p = 50_000, law.dense()
        data = (law.rows() if rows else law).sample(n, rng=rng)
        counted = np.bincount(data, minlength=len(p)) if rows else data.dense()
        assert counted.sum() == n
        assert np.all(counted[p == 0] == 0)
        assert np.abs(counted / n - p).max() < 4.5 * np.sqrt(0.25 / n)

    def test_a_sample_is_determined_by_its_generator(self):
        law = Zipf(50)
        first, again, other = (
            law.sample(99, rng=np.random.default_rng(seed)).dense() for seed in (1, 1, 2)
        )
        assert_array_equal(first, again)
        assert np.any(first != other)

    def test_replicates_are_independent(self, rng):
        data = Zipf(20).replicate(3).sample(100, rng=rng)
        assert data.replicates == 3
        assert_array_equal(data.sizes, [100, 100, 100])
        assert np.any(data.dense()[0] != data.dense()[1])

    def test_a_batch_of_one_is_a_batch(self, rng):
        assert Uniform(3).replicate(1).sample(5, rng=rng).dense().shape == (1, 3)

    def test_a_replicated_law_is_the_same_law(self):
        law = Categorical([0.5, 0.5], labels=["x", "y"])
        many = law.replicate(4)
        assert_array_equal(many.dense(), law.dense())
        assert many.labels == law.labels
        assert many.varies

    def test_rows_have_no_axis_for_replicates(self):
        with pytest.raises(Incompatible, match="Run the replicates one by one"):
            Uniform(2).rows().replicate(5)
        assert Uniform(2).rows().batch == 1

    @pytest.mark.parametrize("states", [2, 64, 10**4, 10**6, 10**7])
    def test_a_batch_takes_bounded_memory(self, states):
        batch = Uniform(states).batch
        assert 1 <= batch <= 2**15
        assert batch == 1 or batch * states <= 2**20

    def test_varies_unless_one_state_has_it_all(self):
        assert Zipf(2).varies
        assert not Categorical([0.0, 1.0]).varies

    def test_log_density(self):
        law = Categorical([0.25, 0.75, 0.0])
        assert_allclose(law.log_density([1, 0, 2]), [np.log(0.75), np.log(0.25), -np.inf])
        with pytest.raises(InputError, match="the record 3"):
            law.log_density([3])

    @pytest.mark.parametrize(
        "make, said",
        [
            (lambda: Zipf(0), "cannot have 0 states"),
            (lambda: Uniform(2.5), "2.5 states"),
            (lambda: Zipf(3, -1), "exponent of Zipf's law is -1"),
            (lambda: Zipf(3, np.nan), "nan"),
            (lambda: Categorical([]), "at least one number"),
            (lambda: Categorical([0.5, -0.5, 1.0]), "state 1 is -0.5"),
            (lambda: Categorical([0.5, np.nan]), "state 1 is nan"),
            (lambda: Categorical([0.5, 0.4]), "sum to 0.9"),
            (lambda: Categorical([0.5, 0.5], labels=["x", "x"]), "1 different labels"),
            (lambda: Categorical([0.5, 0.5], labels=["x"]), "for 2 states"),
            (lambda: Uniform(2).replicate(0), "at least 1"),
            (lambda: Uniform(2).sample(-1, rng=np.random.default_rng(0)), "cannot draw -1 records"),
            (
                lambda: Uniform(2).sample(1.5, rng=np.random.default_rng(0)),
                "cannot draw 1.5 records",
            ),
        ],
    )
    def test_what_breaks_a_rule_is_named(self, make, said):
        with pytest.raises(InputError, match=said):
            make()

    def test_a_large_law_is_shown_in_one_line(self):
        assert len(repr(Categorical(np.full(1000, 1e-3)))) < 120
        assert "0.25" in repr(Categorical([0.25, 0.75]))


class TestLabels:
    def test_empirical_keeps_the_values_as_labels(self):
        law = Categorical.empirical(["b", "a", "b", "c", "b"])
        assert law.labels == ("b", "a", "c")
        assert_allclose(law.dense(), [0.6, 0.2, 0.2])

    def test_empirical_of_an_array_has_plain_labels(self):
        law = Categorical.empirical(np.array([7, 3, 7]))
        assert law.labels == (7, 3)
        assert type(law.labels[0]) is int

    def test_labels_travel_with_counts_and_models(self, rng):
        law = Categorical.empirical("abba")
        model = Frequencies().fit(law.sample(10, rng=rng), rng=rng)
        assert model.labels == model.sample(5, rng=rng).labels == ("a", "b")

    def test_decode_is_the_reverse_of_encode(self):
        law = Categorical.empirical("abracadabra")
        assert "".join(law.decode(law.encode("cabbar"))) == "cabbar"

    def test_an_unknown_label_is_named(self):
        law = Categorical.empirical(["apple", "pear"])
        with pytest.raises(InputError, match=r"'aple' is none of the 2 labels.*'apple'"):
            law.encode(["pear", "aple"])

    def test_without_labels_there_is_nothing_to_encode(self):
        with pytest.raises(InputError, match="no labels"):
            Categorical([0.5, 0.5]).encode([0])

    @pytest.mark.parametrize("values, said", [([], "no values"), ([1.0, np.nan], "NaN")])
    def test_values_that_have_no_frequencies(self, values, said):
        with pytest.raises(InputError, match=said):
            Categorical.empirical(values)


class TestFit:
    def test_frequencies_are_shares(self, rng):
        model = Frequencies().fit(Counts.from_dense([6, 0, 2]), rng=rng)
        assert_array_equal(model.states, [0, 2])
        assert_allclose(model.probabilities, [0.75, 0.25])
        assert_allclose(model.dense(), [0.75, 0.0, 0.25])

    def test_smoothing_adds_to_every_state(self, rng):
        table = np.array([[6, 0, 2], [0, 1, 0]])
        model = Frequencies(smoothing=0.5).fit(Counts.from_dense(table), rng=rng)
        expected = (table + 0.5) / (table + 0.5).sum(axis=1, keepdims=True)
        assert_allclose(model.dense(), expected)
        assert_allclose(model.total(model.probabilities), [1, 1])
        assert_array_equal(model.varies, [True, True])

    @pytest.mark.parametrize("smoothing", [0.0, 0.5])
    @pytest.mark.parametrize("kind", ["counts", "batch", "rows"])
    def test_a_large_sample_has_the_frequencies_of_the_fit(self, rng, smoothing, kind):
        n, learner = 40_000, Frequencies(smoothing, states=4)
        if kind == "rows":
            model = learner.fit(np.array([2, 0, 2, 2, 1]), rng=rng)
            sample = model.sample(n, rng=rng)
            assert sample.shape == (n,)
            share = np.bincount(sample, minlength=4) / n
        else:
            table = np.array([[6, 0, 2, 3], [0, 5, 5, 0]])
            model = learner.fit(Counts.from_dense(table if kind == "batch" else table[0]), rng=rng)
            sample = model.sample(n, rng=rng)
            assert records.size(sample) == n
            share = sample.dense() / n
        assert np.abs(share - model.dense()).max() < 4.5 * np.sqrt(0.25 / n)
        assert np.all(share[model.dense() == 0] == 0)

    def test_many_smoothed_replicates_have_exact_sizes(self, rng):
        table = rng.integers(0, 3, size=(50, 30)) + np.eye(50, 30, dtype=int)
        table[:, 0] += 1
        model = Frequencies(smoothing=1.0).fit(Counts.from_dense(table), rng=rng)
        assert records.size(model.sample(777, rng=rng)) == 777

    def test_varies_is_told_for_each_replicate(self, rng):
        model = Frequencies().fit(Counts.from_dense([[3, 0], [1, 2]]), rng=rng)
        assert_array_equal(model.varies, [False, True])
        single = Frequencies().fit(Counts.from_dense([0, 9]), rng=rng)
        assert single.varies is False
        assert_array_equal(single.sample(5, rng=rng).dense(), [0, 5])

    def test_log_density_of_single_and_batch(self, rng):
        batch = Frequencies().fit(Counts.from_dense([[1, 3], [0, 4]]), rng=rng)
        expected = [[np.log(0.25), np.log(0.75)], [-np.inf, 0.0]]
        assert_allclose(batch.log_density([0, 1]), expected)
        single = Frequencies().fit(Counts.from_dense([1, 3]), rng=rng)
        assert_allclose(single.log_density([1]), [np.log(0.75)])

    def test_answers_in_kind(self, rng):
        learner = Frequencies()
        assert isinstance(learner.fit(np.array([0, 1]), rng=rng).sample(3, rng=rng), np.ndarray)
        summary = learner.summarise(np.array([0, 1]))
        assert isinstance(learner.fit(summary, rng=rng).sample(3, rng=rng), np.ndarray)
        assert isinstance(
            learner.fit(Counts.from_dense([1, 1]), rng=rng).sample(3, rng=rng), Counts
        )

    def test_a_joined_summary_fits_as_the_joined_rows(self, rng):
        blocks = [rng.integers(0, k, size=40) for k in (5, 9, 3)]
        learner = Frequencies()
        summary = records.concat([learner.summarise(block) for block in blocks])
        expected = learner.fit(np.concatenate(blocks), rng=rng).dense()
        assert_array_equal(learner.fit(summary, rng=rng).dense(), expected)

    def test_no_records_are_degenerate(self, rng):
        with pytest.raises(Degenerate):
            Frequencies().fit(Counts.from_dense([[1, 2], [0, 0]]), rng=rng)

    @pytest.mark.parametrize(
        "learner, data, said",
        [
            (Frequencies(states=3), np.array([0, 3]), "the record 3 .* 0 to 2"),
            (Frequencies(), np.array([-1, 3]), "the record -1"),
            (Frequencies(), np.array([0.0, np.nan]), "the record nan"),
            (Frequencies(), np.array(["a"]), "encode"),
            (Frequencies(states=3), Counts.from_dense([1, 2]), "expects 3 states"),
            (Frequencies(smoothing=1), np.array([0, 1]), r"Frequencies\(states="),
        ],
    )
    def test_what_cannot_be_fitted_is_named(self, rng, learner, data, said):
        with pytest.raises(InputError, match=said):
            learner.fit(data, rng=rng)

    @pytest.mark.parametrize("changes", [{"smoothing": -1}, {"smoothing": np.inf}, {"states": 0}])
    def test_parameters_out_of_range(self, changes):
        with pytest.raises(InputError):
            Frequencies(**changes)


def test_protocols_are_met(rng):
    law, learner = Zipf(5), Frequencies()
    assert isinstance(law, protocols.Model)
    assert isinstance(law, protocols.Replicable)
    assert isinstance(learner, protocols.Learner)
    assert isinstance(learner, protocols.Summarising)
    assert isinstance(learner.fit(law.sample(5, rng=rng), rng=rng), protocols.Varying)


POLICIES = [Replace(30), Accumulate(30), Augment(30), Mix(30, real=0.5, fresh=True)]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: type(policy).__name__)
@pytest.mark.parametrize("kind", ["counts", "batch", "rows"])
def test_every_policy_runs_on_every_kind_of_data(policy, kind):
    truth = Zipf(12).rows() if kind == "rows" else Zipf(12)
    lineage = Lineage(truth, Frequencies(), policy, size=30, budget=25)
    chain = lineage.generations(0, replicates=7 if kind == "batch" else None)
    last = next(itertools.islice(chain, 4, None))
    assert np.all(np.asarray(last.model.counts.sizes) == 25)
    assert_allclose(last.model.total(last.model.probabilities), 1)


@pytest.mark.parametrize(
    "truth", [Zipf(5, 1.5), Uniform(3, as_rows=True), Categorical([0.5, 0.5], ["x", "y"])]
)
def test_a_spec_gives_the_lineage_back(truth):
    lineage = Lineage(truth, Frequencies(0.5, states=truth.number_of_states), Replace(9), size=9)
    assert Lineage.from_spec(lineage.spec()) == lineage
