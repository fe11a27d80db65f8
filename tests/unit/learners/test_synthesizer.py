"""Synthesizers: a stand-in with SDV's habits, and SDV itself where it is installed."""

import importlib.util
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest

import modelcollapse as mc
from modelcollapse.errors import Degenerate, Incompatible, InputError, Missing
from modelcollapse.learners import sdv
from modelcollapse.learners.synthesizer import Synthesizer
from modelcollapse.testing import BrokenPromise, check_learner

needs_sdv = pytest.mark.skipif(
    importlib.util.find_spec("sdv") is None, reason="SDV is not installed (the extra 'tabular')"
)
SDV = "sdv.single_table:GaussianCopulaSynthesizer"
CONSTANT_SEED = 73251


def table(n=300, seed=0, make=pd.DataFrame):
    rng = np.random.default_rng(seed)
    x = rng.normal(5, 2, size=n)
    group = np.where(rng.random(n) < 0.3, "b", "a")
    count = rng.integers(0, 40, size=n)
    return make({"x": x.tolist(), "group": group.tolist(), "count": count.tolist()})


class Bootstrap:
    """Resamples rows, with SDV's calls and its habit of one constant seed after every fit."""

    def fit(self, data):
        (self.name,) = data
        self.rows = data[self.name]
        self._set_random_state(CONSTANT_SEED)

    def _set_random_state(self, seed):
        self.state = np.random.RandomState(seed)

    def sample(self, num_rows):
        at = self.state.randint(len(self.rows), size=num_rows)
        return {self.name: self.rows.iloc[at].reset_index(drop=True)}


class AsItComes:
    """Adapter that leaves the seed alone."""

    def __init__(self, synthesizer, name="table"):
        self.synthesizer, self.name = synthesizer, name

    def fit(self, data, *, rng, parent=None):
        fitted = self.synthesizer()
        fitted.fit({self.name: data})
        return AsItComesModel(fitted)


class AsItComesModel:
    def __init__(self, fitted):
        self.fitted = fitted

    def sample(self, n, *, rng):
        (written,) = self.fitted.sample(n).values()
        return written


class Reset(Bootstrap):
    """Resets before each sample, so that every one is the same."""

    def sample(self, num_rows):
        self._set_random_state(CONSTANT_SEED)
        return super().sample(num_rows)


# --- the seed -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Bootstrap, Reset])
def test_a_constant_seed_is_caught_by_the_check(kind):
    with pytest.raises(BrokenPromise, match=r"(equal|different) generators"):
        check_learner(AsItComes(kind), table())


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_through_the_adapter_the_seed_is_ours(make):
    check_learner(Synthesizer(Bootstrap), table(make=make))


def test_a_seed_that_the_adapter_cannot_reach_is_caught():
    with pytest.raises(BrokenPromise, match="different generators"):
        check_learner(Synthesizer(Reset), table())


def test_generations_do_not_repeat_each_others_noise(rng):
    def steps(learner):
        data, logs, model = table(40), [], None
        for _ in range(12):
            model = learner.fit(data, rng=rng, parent=model)
            data = model.sample(40, rng=rng)
            logs.append(np.unique(data["x"]).size)
        return np.array(logs)

    assert len(set(np.diff(steps(Synthesizer(Bootstrap))))) > 1


# --- calls and forms ------------------------------------------------------------------------


class Refuses(Bootstrap):
    def fit(self, data):
        raise ValueError("column 'x' is odd")


class Strange(Bootstrap):
    def sample(self, num_rows):
        return {"table": super().sample(num_rows)["table"].drop(columns="x")}


class Fails(Bootstrap):
    def sample(self, num_rows):
        raise RuntimeError("nothing left")


class NoSample:
    def fit(self, data):
        pass


def test_tables_come_back_in_their_library_types_and_order(rng):
    for make in (pd.DataFrame, pl.DataFrame):
        data = table(make=make)
        written = Synthesizer(Bootstrap).fit(data, rng=rng).sample(7, rng=rng)
        assert type(written) is type(data)
        assert list(written.columns) == list(data.columns)
        assert len(written) == 7
        assert str(written.dtypes) == str(data.dtypes)
        assert len(Synthesizer(Bootstrap).fit(data, rng=rng).sample(0, rng=rng)) == 0


def test_gaps_come_back_as_gaps(rng):
    data = pl.DataFrame({"x": [1.0, None, 3.0] * 20, "g": ["a", None, "b"] * 20})
    written = Synthesizer(Bootstrap).fit(data, rng=rng).sample(200, rng=rng)
    assert written.schema == data.schema
    assert all(30 < count < 110 for count in written.null_count().row(0))


def test_wrong_input_is_one_clear_sentence(rng):
    with pytest.raises(InputError, match="must build a synthesizer"):
        Synthesizer(Bootstrap())
    with pytest.raises(InputError, match="no import path"):
        Synthesizer("Bootstrap")
    with pytest.raises(InputError, match="exactly one table"):
        Synthesizer(Bootstrap, metadata={"tables": {}})
    with pytest.raises(InputError, match="no method 'sample'"):
        Synthesizer(NoSample).fit(table(), rng=rng)
    with pytest.raises(InputError, match="from the options"):
        Synthesizer(Bootstrap, {"depth": 3}).fit(table(), rng=rng)
    with pytest.raises(InputError, match="column 'x' is odd"):
        Synthesizer(Refuses).fit(table(), rng=rng)
    with pytest.raises(Degenerate, match="all 4 records are the same"):
        Synthesizer(Refuses).fit(pd.DataFrame({"x": [1.0] * 4}), rng=rng)
    with pytest.raises(Incompatible, match="not ndarray"):
        Synthesizer(Bootstrap).fit(np.zeros((4, 2)), rng=rng)
    with pytest.raises(InputError, match="with columns"):
        Synthesizer(Strange).fit(table(), rng=rng).sample(3, rng=rng)
    with pytest.raises(InputError, match="nothing left"):
        Synthesizer(Fails).fit(table(), rng=rng).sample(3, rng=rng)


def test_a_factory_that_builds_the_same_object_twice_is_noticed(rng):
    one = Bootstrap()
    learner = Synthesizer(lambda: one)
    first = learner.fit(table(), rng=rng)
    with pytest.raises(InputError, match="the same Bootstrap twice"):
        learner.fit(table(), rng=rng, parent=first)


def test_without_sdv_its_import_path_says_what_to_install(monkeypatch):
    monkeypatch.setattr("modelcollapse.learners.synthesizer.find_spec", lambda name: None)
    monkeypatch.setattr(
        "modelcollapse.learners.sdv.find_spec", lambda name: None if name == "sdv" else name
    )
    with pytest.raises(Missing, match=r"pip install sdv \(the extra 'tabular' holds it\)"):
        Synthesizer(SDV)
    with pytest.raises(Missing, match="'sdv'"):
        Synthesizer(lambda metadata: None).fit(table(), rng=np.random.default_rng(0))


# --- metadata -------------------------------------------------------------------------------

DETECTED = {
    "tables": {
        "people": {
            "columns": {
                "x": {"sdtype": "numerical", "range_min": 0.1, "range_max": 9.0},
                "group": {"sdtype": "categorical", "range_values": ["a", "b"]},
                "when": {"sdtype": "datetime", "datetime_format": "%Y", "range_min": "1999"},
            }
        }
    },
    "METADATA_SPEC_VERSION": "V1",
}


def test_metadata_keep_the_kinds_of_columns_and_forget_what_was_in_them():
    kept = sdv.relaxed(DETECTED)
    assert kept["tables"]["people"]["columns"] == {
        "x": {"sdtype": "numerical"},
        "group": {"sdtype": "categorical"},
        "when": {"sdtype": "datetime", "datetime_format": "%Y"},
    }
    assert sdv.relaxed(kept) == kept


class WithMetadata(Bootstrap):
    seen: list = []  # noqa: RUF012

    def __init__(self, metadata):
        WithMetadata.seen.append(metadata)


def test_metadata_come_from_the_first_records_and_are_handed_down(monkeypatch, rng):
    class Known:
        @staticmethod
        def load_from_dict(plain):
            return plain

        @staticmethod
        def detect_from_dataframes(tables):
            return Found(tables["table"]["x"].nunique())

    class Found:
        def __init__(self, distinct):
            kind = "numerical" if distinct > 5 else "categorical"
            self.plain = {"tables": {"table": {"columns": {"x": {"sdtype": kind}}}}}

        def to_dict(self):
            return self.plain

    monkeypatch.setattr(sdv, "sdv_metadata", lambda: Known)
    WithMetadata.seen.clear()
    learner = Synthesizer(WithMetadata)
    rich, poor = pd.DataFrame({"x": np.arange(50.0)}), pd.DataFrame({"x": [1.0, 2.0] * 25})
    first = learner.fit(rich, rng=rng)
    learner.fit(poor, rng=rng, parent=first)
    learner.fit(poor, rng=rng)  # a negative control: detected from what is left
    kinds = [m["tables"]["table"]["columns"]["x"]["sdtype"] for m in WithMetadata.seen]
    assert kinds == ["numerical", "numerical", "categorical"]
    given = Synthesizer(WithMetadata, metadata=sdv.relaxed(DETECTED))
    given.fit(poor, rng=rng, parent=first)
    assert list(WithMetadata.seen[-1]["tables"]) == ["people"]


# --- SDV itself -----------------------------------------------------------------------------


@needs_sdv
def test_sdv_as_it_comes_is_caught_and_keeps_its_promises_through_the_adapter():
    options = {"default_distribution": "norm", "enforce_min_max_values": False}
    data = table(200)[["x", "group"]]
    check_learner(Synthesizer(SDV, options), data, draws=10)

    def as_it_comes():
        from sdv.single_table import GaussianCopulaSynthesizer

        metadata = sdv.sdv_metadata().load_from_dict(sdv.detected(data))
        return GaussianCopulaSynthesizer(metadata, **options)

    with sdv.quiet(), pytest.raises(BrokenPromise, match=r"(equal|different) generators"):
        check_learner(AsItComes(as_it_comes), data)


@needs_sdv
def test_sdv_takes_part_in_a_lineage_with_records_that_its_metadata_would_refuse():
    class Wider:
        def sample(self, n, *, rng):
            data = table(n, seed=int(rng.integers(2**31)), make=pl.DataFrame)
            return data.with_columns(pl.col("x") * float(rng.choice([0.1, 10.0])))

    lineage = mc.Lineage(
        Wider(), Synthesizer(SDV), mc.Mix(60, real=0.5, fresh=True), size=60, holdout=60
    )
    generations = list(zip(range(4), lineage.generations(seed=2), strict=False))
    first, last = generations[0][1], generations[-1][1]
    assert last.model.metadata is first.model.metadata
    assert last.sample.schema == first.sample.schema
    again = pickle.loads(pickle.dumps(last.model))
    narrow = first.original.data.head(20).to_pandas()
    bound = sdv.sdv_metadata().detect_from_dataframes({"table": narrow})
    from sdv.single_table import GaussianCopulaSynthesizer

    with sdv.quiet(), pytest.raises(Exception, match="Out of range"):
        # A negative control: with the metadata as detected these records are refused.
        GaussianCopulaSynthesizer(bound).fit({"table": last.corpus.data.to_pandas()})
    assert again.sample(5, rng=np.random.default_rng(0)).equals(
        last.model.sample(5, rng=np.random.default_rng(0))
    )


@needs_sdv
def test_fitting_sdv_depends_on_our_generator_where_fitting_is_random():
    # Categories get random places within their intervals, which the correlation is made of.
    data = table(60)[["group", "x"]]
    fits = [
        Synthesizer(SDV).fit(data, rng=np.random.default_rng(seed)).synthesizer._model.correlation
        for seed in (1, 1, 2)
    ]
    assert fits[0].equals(fits[1])
    assert not fits[0].equals(fits[2])


class OfMyOwn:
    """Resamples the rows of the dataframe that it is given."""

    def __init__(self, seed=0):
        self.seed = seed

    def fit(self, data):
        self.data = data

    def sample(self, n):
        at = np.random.default_rng(self.seed).integers(len(self.data), size=n)
        return self.data.iloc[at] if isinstance(self.data, pd.DataFrame) else self.data[at]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_a_class_of_ones_own_gets_and_gives_the_dataframe_of_the_records(make, rng):
    data = table(make=make)
    model = Synthesizer(OfMyOwn).fit(data, rng=rng)
    assert type(model.synthesizer.data) is type(data)
    written = model.sample(9, rng=rng)
    assert type(written) is type(data)
    assert list(written.columns) == list(data.columns)
    check_learner(Synthesizer(OfMyOwn), data)
