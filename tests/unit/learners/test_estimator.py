import contextlib
import random
import sys
import types

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import KernelDensity

from modelcollapse.errors import Degenerate, InputError
from modelcollapse.learners.estimator import Estimator


@pytest.fixture
def rng():
    return np.random.default_rng(5)


class Normal:
    """Honest fit of mean and deviation; subclasses break one thing each."""

    def fit(self, data):
        self.mean, self.deviation = np.mean(data, axis=0), np.std(data, axis=0)
        return self

    def sample(self, n, rng):
        return self.mean + self.deviation * rng.standard_normal((n, *np.shape(self.mean)))


class GlobalNormal(Normal):
    def sample(self, n):
        assert random.random() < 1
        return self.mean + self.deviation * np.random.standard_normal((n, *self.mean.shape))


class StatefulNormal(Normal):
    """Keeps a generator under a public name."""

    def __init__(self, kind=np.random.default_rng):
        self.random_state = kind(0)

    def sample(self, n):
        return self.mean + self.deviation * self.random_state.standard_normal((n, 2))


class MethodNormal(Normal):
    """Hides its source; offers a method, as the copulas package does."""

    def __init__(self):
        self._source = np.random.RandomState(0)

    def set_random_state(self, seed):
        self._source = np.random.RandomState(seed)

    def sample(self, n):
        return self.mean + self.deviation * self._source.standard_normal((n, 2))


class SeedArgument(Normal):
    def sample(self, n, seed=0):
        return super().sample(n, np.random.default_rng(seed))


class ReadOnly(Normal):
    seed = property(lambda self: 0)


def returning(change):
    class Odd(Normal):
        def sample(self, n, rng):
            return change(super().sample(n, rng))

    return Odd


FACTORIES = [
    lambda: GaussianMixture(2, random_state=0),
    lambda: BayesianGaussianMixture(n_components=2, random_state=0, max_iter=300, tol=0.1),
    lambda: KernelDensity(bandwidth=0.5),
    Normal,
    GlobalNormal,
    StatefulNormal,
    lambda: StatefulNormal(np.random.RandomState),
    MethodNormal,
    SeedArgument,
    ReadOnly,
]


@pytest.mark.parametrize("factory", FACTORIES)
def test_samples_depend_on_rng_and_on_nothing_else(rng, factory):
    learner = Estimator(factory)
    data = rng.normal(size=(100, 2))
    model = learner.fit(data, rng=np.random.default_rng(1))
    twin = learner.fit(data, rng=np.random.default_rng(1))
    first, again, other = (model.sample(20, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    assert first.shape == (20, 2)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, twin.sample(20, rng=np.random.default_rng(1)))
    assert (first != other).all()


def test_a_kept_seed_is_no_frozen_seed(rng):
    """With the same noise in each generation the log variance would move in equal steps."""
    learner = Estimator(GaussianMixture, {"n_components": 1, "random_state": 0})
    data, logs = rng.normal(size=(50, 1)), []
    for _ in range(12):
        data = learner.fit(data, rng=rng).sample(50, rng=rng)
        logs.append(np.log(data.var()))
    assert np.diff(logs).std() > 0.05


def test_global_state_is_put_back(rng):
    learner = Estimator(GlobalNormal)
    np.random.seed(1)
    random.seed(1)
    expected = np.random.random(), random.random()
    np.random.seed(1)
    random.seed(1)
    learner.fit(rng.normal(size=(9, 2)), rng=rng).sample(5, rng=rng)
    assert (np.random.random(), random.random()) == expected


def test_pytorch_is_seeded_inside_a_fork_where_it_is_loaded(rng, monkeypatch):
    events = []

    @contextlib.contextmanager
    def fork_rng():
        events.append("fork")
        yield
        events.append("restore")

    torch = types.SimpleNamespace(
        random=types.SimpleNamespace(fork_rng=fork_rng),
        manual_seed=lambda seed: events.append("seed"),
    )
    learner, data = Estimator(GlobalNormal), rng.normal(size=(9, 2))
    monkeypatch.setitem(sys.modules, "torch", torch)
    learner.fit(data, rng=rng)
    assert events == ["fork", "seed", "restore"]


def test_global_state_is_left_alone_where_the_estimator_offers_a_seed(rng, monkeypatch):
    learner = Estimator(FACTORIES[0])
    monkeypatch.setattr(np.random, "seed", lambda *_: pytest.fail("seeded the global state"))
    learner.fit(rng.normal(size=(20, 2)), rng=rng).sample(5, rng=rng)


def test_nested_seeds_are_all_replaced():
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline

    from modelcollapse.learners.reseeding import reseed

    pipeline = make_pipeline(PCA(random_state=1), GaussianMixture(2, random_state=1))
    assert reseed(pipeline, np.random.default_rng(0))
    seeds = [step.random_state for _, step in pipeline.steps]
    assert 1 not in seeds
    assert seeds[0] != seeds[1]


def test_an_import_path_and_options_describe_a_learner(rng):
    learner = Estimator("sklearn.mixture:GaussianMixture", {"n_components": 2})
    assert learner == Estimator("sklearn.mixture:GaussianMixture", {"n_components": 2})
    assert hash(learner) == hash(Estimator("sklearn.mixture:GaussianMixture"))
    model = learner.fit(rng.normal(size=(50, 2)), rng=rng)
    assert model.estimator.n_components == 2


def test_no_records_are_asked_for_without_asking(rng):
    model = Estimator(lambda: GaussianMixture(1)).fit(rng.normal(size=(9, 2)), rng=rng)
    assert model.sample(0, rng=rng).shape == (0, 2)


def test_each_generation_gets_a_fresh_estimator(rng):
    learner = Estimator(Normal)
    first = learner.fit(rng.normal(size=(9, 2)), rng=rng)
    mean = first.estimator.mean.copy()
    learner.fit(rng.normal(5, 1, size=(9, 2)), rng=rng)
    np.testing.assert_array_equal(first.estimator.mean, mean)


def test_a_shared_instance_is_refused():
    shared = Normal()
    with pytest.raises(InputError, match="the same Normal twice"):
        Estimator(lambda: shared)
    with pytest.raises(InputError, match="got one GaussianMixture"):
        Estimator(GaussianMixture(2))


@pytest.mark.parametrize(
    ("factory", "options", "message"),
    [
        ("sklearn.mixture", {}, "is no import path"),
        ("no_such_package:Thing", {}, "cannot be imported"),
        ("sklearn.mixture:GaussianMixtur", {}, "Did you mean 'GaussianMixture'"),
        ("sklearn.mixture:GaussianMixture", {"k": 2}, "options {'k': 2}"),
        (dict, {}, "dict has no method 'fit'"),
    ],
)
def test_factories_that_build_nothing_of_use_are_refused(factory, options, message):
    with pytest.raises(InputError, match=message):
        Estimator(factory, options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:-10], "asked for 100 records, got 90"),
        (lambda x: x[:, :1], r"shape \(2,\), got samples of shape \(1,\)"),
        (lambda x: np.where(x > 0, np.nan, x), "Odd wrote NaN"),
    ],
)
def test_wrong_records_are_named(rng, change, message):
    model = Estimator(returning(change)).fit(rng.normal(size=(30, 2)), rng=rng)
    with pytest.raises(InputError, match=message):
        model.sample(100, rng=rng)


def test_gaps_may_come_where_gaps_were(rng):
    data = rng.normal(size=(30, 2))
    data[0, 0] = np.nan
    model = Estimator(returning(lambda x: np.full_like(x, np.nan))).fit(data, rng=rng)
    assert np.isnan(model.sample(3, rng=rng)).all()


def test_lists_of_any_records_pass(rng):
    class Parrot(Normal):
        def fit(self, data):
            self.data = data

        def sample(self, n, rng):
            return ([self.data[i] for i in rng.integers(len(self.data), size=n)],)

    model = Estimator(Parrot).fit(["a", "b"], rng=rng)
    assert set(model.sample(50, rng=rng)) == {"a", "b"}


@pytest.mark.parametrize("library", [pd, pl])
def test_arrays_for_a_table_get_its_columns_and_types(rng, library):
    table = library.DataFrame(
        {"x": rng.normal(size=50), "y": rng.normal(size=50).astype(np.float32)}
    )
    model = Estimator(lambda: GaussianMixture(1)).fit(table, rng=rng)
    sample = model.sample(7, rng=rng)
    assert type(sample) is type(table)
    assert list(sample.columns) == ["x", "y"]
    assert list(sample.dtypes) == list(table.dtypes)
    assert len(sample) == 7


class Rows(Normal):
    """Resamples the rows of a pandas table; `change` may spoil them."""

    change = staticmethod(lambda table: table)

    def fit(self, data):
        self.data = data

    def sample(self, n, rng):
        return self.change(self.data.iloc[rng.integers(len(self.data), size=n)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="k"), "columns \\['k', 'name'\\], got columns \\['name'\\]"),
        (lambda t: t.assign(k=t["k"] + 0.5), "'k' held whole numbers and Spoilt writes fractions"),
        (lambda t: t.assign(name=None), "values of column 'name'"),
        (lambda t: t["k"], "a table and wrote Series. Return a dataframe with the columns"),
        (lambda t: t.to_numpy()[:, :1], r"2 columns, got an array of shape \(9, 1\)"),
        (
            lambda t: t.to_numpy().astype(str),
            "'k' held Int64 and Spoilt writes String. Return a da",
        ),
        (lambda t: np.ones((9, 2)), "'name' held .* and Spoilt writes Float64. Return a dataframe"),
        (lambda t: t.to_dict("list"), r"wrote dict. Return a dataframe with .* \['k', 'name'\]"),
        (lambda t: t.to_numpy().tolist(), "wrote list. Return a dataframe"),
    ],
)
def test_wrong_tables_are_named(rng, change, message):
    class Spoilt(Rows):
        pass

    Spoilt.change = staticmethod(change)
    table = pd.DataFrame({"k": np.arange(20), "name": ["a", "b"] * 10})
    with pytest.raises(InputError, match=message):
        Estimator(Spoilt).fit(table, rng=rng).sample(9, rng=rng)


def test_tables_keep_order_of_columns_and_whole_numbers(rng):
    class Floats(Rows):
        change = staticmethod(lambda t: t[["name", "k"]].astype({"k": float}))

    table = pd.DataFrame({"k": np.arange(20), "name": ["a", "b"] * 10})
    sample = Estimator(Floats).fit(table, rng=rng).sample(9, rng=rng)
    assert list(sample.columns) == ["k", "name"]
    assert sample["k"].dtype == table["k"].dtype


def test_failure_on_degenerate_data_is_an_end(rng):
    strict = Estimator(GaussianMixture, {"n_components": 3, "reg_covar": 0.0})
    with pytest.raises(Degenerate, match="1 of 20 records are distinct and it needs 3") as caught:
        strict.fit(np.ones((20, 2)), rng=rng)
    assert isinstance(caught.value.__cause__, Exception)
    with pytest.raises(Degenerate, match="2 of 2 records are distinct"):
        strict.fit(rng.normal(size=(2, 2)), rng=rng)


def test_failure_on_other_data_is_a_mistake(rng):
    learner = Estimator(GaussianMixture, {"n_components": 2})
    with pytest.raises(InputError, match="Expected 2D array, got 1D array"):
        learner.fit(rng.normal(size=20), rng=rng)
    with pytest.raises(InputError, match="contains NaN"):
        learner.fit(np.array([[1.0, np.nan], [0.0, 1.0], [2.0, 3.0]]), rng=rng)


@pytest.mark.parametrize("data", [["a", "a"], pd.DataFrame({"x": [1, 1]})])
def test_equal_records_of_any_kind_are_degenerate(rng, data):
    class Failing(Normal):
        def fit(self, data):
            raise ValueError("no variance")

    with pytest.raises(Degenerate, match="1 of 2 records"):
        Estimator(Failing).fit(data, rng=rng)


def test_failure_to_sample_is_named(rng):
    class Mute(Normal):
        def sample(self, n, rng):
            raise RuntimeError("out of words")

    with pytest.raises(InputError, match="Mute could not write 3 records: out of words"):
        Estimator(Mute).fit(np.arange(4.0), rng=rng).sample(3, rng=rng)


def test_fit_may_return_another_object(rng):
    class Recipe:
        def fit(self, data):
            return Normal().fit(data)

        def sample(self, n):
            raise AssertionError

    assert Estimator(Recipe).fit(np.arange(4.0), rng=rng).sample(3, rng=rng).shape == (3,)
