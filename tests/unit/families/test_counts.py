"""Counts as a kind of data: build, measure, count, thin, join."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from modelcollapse import records
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.counts import Counts

TABLES = st.integers(1, 4).flatmap(
    lambda replicates: st.integers(1, 6).flatmap(
        lambda states: st.lists(
            st.lists(st.integers(0, 4), min_size=states, max_size=states),
            min_size=replicates,
            max_size=replicates,
        )
    )
)


def check_layout(counts):
    """States ascend within a replicate, no count is 0, and the starts fit."""
    assert counts.counts.min(initial=1) >= 1
    assert np.all(np.diff(counts.keys) > 0)
    assert counts.starts[0] == 0
    assert np.all(np.diff(counts.starts) >= 0)


class TestBuilding:
    @settings(deadline=None)
    @given(table=TABLES)
    def test_dense_is_the_reverse_of_from_dense(self, table):
        counts = Counts.from_dense(table)
        check_layout(counts)
        assert_array_equal(counts.dense(), table)
        assert counts.replicates == len(table)
        assert_array_equal(counts.sizes, np.sum(table, axis=1))

    def test_one_axis_is_a_single_data_set(self):
        counts = Counts.from_dense([2, 0, 1], labels=["a", "b", "c"])
        assert counts.replicates is None
        assert counts.labels == ("a", "b", "c")
        assert counts.n == 3
        assert_array_equal(counts.dense(), [2, 0, 1])

    def test_rows_are_counted(self, rng):
        rows = rng.integers(0, 9, size=500)
        counts = Counts.of(rows, 12)
        check_layout(counts)
        assert_array_equal(counts.dense(), np.bincount(rows, minlength=12))
        assert counts.of_rows

    def test_whole_floats_are_states(self):
        assert_array_equal(Counts.of([1.0, 0.0, 1.0]).dense(), [1, 2])

    def test_no_rows_are_no_counts(self):
        assert Counts.of([], 3).n == 0

    @pytest.mark.parametrize(
        "rows, said",
        [
            ([0, -2], "-2"),
            ([0, 5], "the record 5 is no state of this world, whose states are 0 to 4"),
            ([0.0, 1.5], "1.5"),
            ([0.0, np.nan], "nan"),
            ([0.0, np.inf], "inf"),
            (["a", "b"], "encode"),
            ([[0, 1]], "one axis"),
        ],
    )
    def test_what_is_no_state_is_named(self, rows, said):
        with pytest.raises(InputError, match=said):
            Counts.of(rows, 5)

    @pytest.mark.parametrize("table", [[-1, 2], [0.5, 1.0], [np.nan, 1.0], "ab", [[[1]]]])
    def test_what_is_no_count_is_refused(self, table):
        with pytest.raises(InputError, match="whole numbers of records"):
            Counts.from_dense(table)

    def test_labels_must_fit(self):
        with pytest.raises(InputError, match="2 labels for 3 states"):
            Counts.from_dense([1, 2, 3], labels=["a", "b"])

    def test_parts_must_fit_together(self):
        counts = Counts.from_dense([[1, 2], [3, 4]])
        with pytest.raises(InputError, match="do not fit together"):
            Counts(counts.states, counts.counts, counts.starts, 2)
        with pytest.raises(InputError, match="do not fit together"):
            Counts(counts.states[1:], counts.counts[1:], counts.starts, 2, replicates=2)

    def test_pickles(self):
        counts = Counts.from_dense([[1, 0], [3, 4]])
        copy = pickle.loads(pickle.dumps(counts))
        assert_array_equal(copy.dense(), counts.dense())


class TestTotals:
    def test_of_a_batch(self):
        counts = Counts.from_dense([[1, 0, 3], [0, 0, 0], [2, 2, 0]])
        assert_array_equal(counts.total(counts.states * counts.counts), [6, 0, 2])

    def test_of_a_single_data_set_is_a_number(self):
        counts = Counts.from_dense([1, 0, 3])
        total = counts.total(counts.counts / 4)
        assert total == 1.0
        assert isinstance(total, float)


class TestSize:
    def test_is_one_number_where_all_replicates_agree(self):
        assert records.size(Counts.from_dense([[1, 2], [3, 0]])) == 3

    def test_is_an_array_where_they_differ(self):
        assert_array_equal(records.size(Counts.from_dense([[1, 2], [3, 4]])), [3, 7])

    def test_layout_tells_worlds_apart(self):
        layout = records.layout(Counts.from_dense([1, 2]))
        assert layout == records.layout(Counts.from_dense([0, 7]))
        assert layout != records.layout(Counts.from_dense([1, 2, 3]))
        assert layout != records.layout(Counts.from_dense([[1, 2]]))


class TestJoin:
    @settings(deadline=None)
    @given(data=st.data(), table=TABLES)
    def test_counts_add(self, data, table):
        shape = np.shape(table)
        numbers = st.integers(0, 3)
        more = [
            data.draw(st.lists(st.lists(numbers, min_size=shape[1], max_size=shape[1]),
                               min_size=shape[0], max_size=shape[0]))
            for _ in range(data.draw(st.integers(1, 3)))
        ]  # fmt: skip
        joined = records.concat([Counts.from_dense(part) for part in (table, *more)])
        check_layout(joined)
        assert_array_equal(joined.dense(), np.sum([table, *more], axis=0))

    def test_rows_may_show_a_larger_state_later(self):
        joined = records.concat([Counts.of([0, 1]), Counts.of([4])])
        assert joined.number_of_states == 5
        assert joined.of_rows
        assert_array_equal(joined.dense(), [1, 1, 0, 0, 1])

    def test_keeps_labels(self):
        part = Counts.from_dense([1, 2], labels=["x", "y"])
        assert records.concat([part, part]).labels == ("x", "y")

    @pytest.mark.parametrize(
        "other",
        [
            Counts.from_dense([1, 2, 3]),
            Counts.from_dense([[1, 2]]),
            Counts.from_dense([1, 2], labels=["x", "y"]),
            Counts.of([0, 1]),
            np.array([0, 1]),
        ],
    )
    def test_other_worlds_are_refused(self, other):
        with pytest.raises(Incompatible, match="counts join only with counts"):
            records.concat([Counts.from_dense([1, 2]), other])


class TestSubset:
    @settings(deadline=None)
    @given(data=st.data(), table=TABLES, seed=st.integers(0, 99))
    def test_takes_so_many_of_what_there_is(self, data, table, seed):
        counts = Counts.from_dense(table)
        k = np.array([data.draw(st.integers(0, size)) for size in counts.sizes.tolist()])
        chosen = records.subset(counts, k, rng=np.random.default_rng(seed))
        check_layout(chosen)
        assert np.all(chosen.dense() <= np.array(table))
        assert_array_equal(chosen.sizes, k)

    def test_one_number_for_all_replicates(self, rng):
        chosen = records.subset(Counts.from_dense([[4, 4], [1, 8]]), 3, rng=rng)
        assert chosen.n == 3

    def test_everything_is_the_data_themselves(self, rng):
        counts = Counts.from_dense([2, 3])
        assert records.subset(counts, 5, rng=rng) is counts

    @pytest.mark.parametrize("k", [-1, 6, np.array([1, 2, 3])])
    def test_what_cannot_be_chosen_is_refused(self, rng, k):
        with pytest.raises(InputError, match="cannot"):
            records.subset(Counts.from_dense([[2, 3], [1, 4]]), k, rng=rng)

    def test_mean_of_a_large_subset(self, rng):
        # Each entry by itself: one hypergeometric number a state.
        counts = Counts.from_dense(np.tile([3000, 1000], (400, 1)))
        share = records.subset(counts, 2000, rng=rng).dense()[:, 0] / 2000
        error = np.sqrt(0.75 * 0.25 / 2000 * (2000 / 3999) / 400)
        assert abs(share.mean() - 0.75) < 4 * error
        # Without replacement: half the variance of independent records.
        assert abs(share.std() / (error * 20) - 1) < 0.15


def test_single_records_cannot_be_taken():
    with pytest.raises(Incompatible, match=r"rows instead"):
        records.take(Counts.from_dense([1, 2]), np.array([0]))
