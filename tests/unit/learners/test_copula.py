import pickle
from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from modelcollapse.errors import Degenerate, Incompatible
from modelcollapse.fingerprint import fingerprint
from modelcollapse.learners.copula import GaussianCopula
from modelcollapse.testing import check_learner


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def columns(n=400):
    rng = np.random.default_rng(1)
    age = rng.integers(18, 90, size=n)
    return {
        "age": age.tolist(),
        "weight": (70 + 0.2 * age + rng.normal(size=n)).tolist(),
        "city": rng.choice(["Rome", "Oslo", "Lima"], size=n, p=[0.7, 0.25, 0.05]).tolist(),
        "old": (age > 60).tolist(),
    }


MAKERS = [pl.DataFrame, pd.DataFrame, pa.table]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("independent", [True, False])
def test_it_keeps_its_promises_on_tables_of_every_library(make, independent):
    check_learner(GaussianCopula(independent), make(columns()))


def test_it_keeps_its_promises_on_rows_of_numbers(rng):
    check_learner(GaussianCopula(), rng.normal(size=(300, 3)) @ rng.normal(size=(3, 3)))


def test_every_library_gets_the_same_records(rng):
    texts = set()
    for make in MAKERS:
        model = GaussianCopula().fit(make(columns()), rng=np.random.default_rng(1))
        written = model.sample(50, rng=np.random.default_rng(2))
        assert type(written) is type(make(columns()))
        as_pandas = written if isinstance(written, pd.DataFrame) else written.to_pandas()
        texts.add(as_pandas.to_csv(index=False))
    assert len(texts) == 1


def test_types_and_gaps_come_back():
    table = pl.DataFrame(
        {
            "when": [date(2020, 1, 1), date(2021, 5, 5), None] * 20,
            "kind": pl.Series(["x", "y", None] * 20, dtype=pl.Categorical),
            "count": pl.Series([1, None, 3] * 20, dtype=pl.Int16),
            "flag": [True, False, None] * 20,
        }
    )
    model = GaussianCopula().fit(table, rng=np.random.default_rng(0))
    written = model.sample(500, rng=np.random.default_rng(1))
    assert written.schema == table.schema
    assert all(100 < nulls < 240 for nulls in written.null_count().row(0))
    assert set(written["when"]) == set(table["when"])


def test_dependence_is_fitted_and_can_be_left_out(rng):
    table = pl.DataFrame(columns(2000))

    def correlation(learner):
        written = learner.fit(table, rng=rng).sample(2000, rng=rng)
        return np.corrcoef(written["age"], written["weight"])[0, 1]

    real = np.corrcoef(table["age"], table["weight"])[0, 1]
    assert correlation(GaussianCopula()) == pytest.approx(real, abs=0.04)
    assert abs(correlation(GaussianCopula(independent=True))) < 0.1


def test_the_model_holds_the_shares_that_it_was_fitted_to(rng):
    table = pl.DataFrame({"city": ["Rome"] * 6 + ["Oslo"] * 3 + ["Lima"]})
    model = GaussianCopula().fit(table, rng=rng)
    assert list(model.values[0]) == ["Rome", "Oslo", "Lima"]
    np.testing.assert_allclose(model.edges[0], [0.6, 0.9, 1.0])
    assert model.varies


def test_degenerate_data_are_a_result():
    same = pl.DataFrame({"city": ["Rome"] * 5, "age": [3] * 5})
    model = GaussianCopula().fit(same, rng=np.random.default_rng(0))
    assert not model.varies
    assert model.sample(3, rng=np.random.default_rng(1)).equals(same.head(3))
    with pytest.raises(Degenerate, match="two records"):
        GaussianCopula().fit(same.head(1), rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    "data", [["a", "b"], np.zeros(5), np.zeros((3, 2, 2)), np.array([["a"], ["b"]]), pl.DataFrame()]
)
def test_what_is_no_table_is_refused(data, rng):
    with pytest.raises((Incompatible, Degenerate)):
        GaussianCopula().fit(data, rng=rng)


def test_no_records_can_be_written_and_a_model_can_be_stored(rng):
    model = GaussianCopula().fit(pl.DataFrame(columns()), rng=rng)
    none = model.sample(0, rng=rng)
    assert none.height == 0
    assert none.schema == pl.DataFrame(columns()).schema
    again = pickle.loads(pickle.dumps(model))
    first, second = (m.sample(9, rng=np.random.default_rng(3)) for m in (model, again))
    assert fingerprint(first) == fingerprint(second)


def test_times_and_large_numbers_keep_their_order():
    rng = np.random.default_rng(4)
    n = 400
    x = rng.normal(size=n)
    days = np.argsort(np.argsort(x)) * 3
    table = pl.DataFrame(
        {
            "x": x,
            "after": [timedelta(days=int(d)) for d in days],
            "on": [None if d % 50 == 0 else date(2020, 1, 1) + timedelta(int(d)) for d in days],
            "key": (2**53 + days).astype(np.int64),
        }
    )
    model = GaussianCopula().fit(table, rng=np.random.default_rng(0))
    correlation = model.root @ model.root.T
    assert (correlation[0, 1:] > 0.9).all()
    written = model.sample(2000, rng=np.random.default_rng(1))
    assert written.schema == table.schema
    assert written["key"].n_unique() == pytest.approx(400, abs=40)
    assert written["on"].null_count() / 2000 == pytest.approx(8 / 400, abs=0.02)
