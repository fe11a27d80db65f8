"""Probes of tables of mixed types: what they see, and what they must not see."""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import pytest

import modelcollapse as mc
from modelcollapse import probes
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.learners.copula import GaussianCopula
from modelcollapse.probes import columns
from modelcollapse.probes.views import TableView, view
from modelcollapse.verdict import verdict


@dataclass(frozen=True)
class People:
    """A law over tables: a rare town, a small minority, and a label that age tells."""

    make: type = pl.DataFrame

    def sample(self, n, *, rng):
        age = rng.normal(50, 10, size=n)
        town = rng.choice(["big", "small", "tiny"], size=n, p=[0.9, 0.094, 0.006])
        group = rng.choice(["A", "B"], size=n, p=[0.9, 0.1])
        owner = np.where(age + rng.normal(0, 5, size=n) > 55, "yes", "no")
        return self.make(
            {
                "age": age.tolist(), "town": town.tolist(), "group": group.tolist(),
                "owner": owner.tolist(),
            }
        )  # fmt: skip


@dataclass(frozen=True)
class Changed:
    """Learner whose model writes real records, changed."""

    change: object

    def fit(self, data, *, rng, parent=None):
        return ChangedModel(self.change)


@dataclass(frozen=True)
class ChangedModel:
    change: object

    def sample(self, n, *, rng):
        return self.change(People().sample(n, rng=rng))


def reading(probe, change=lambda table: table, n=2000, **options):
    lineage = mc.Lineage(People(), Changed(change), mc.Replace(n), size=n, **options)
    return probe(next(iter(lineage.generations(seed=1))))


def without(column, label):
    """Records of a label become the most frequent one."""

    def change(table):
        common = table[column].mode()[0]
        return table.with_columns(
            pl.when(pl.col(column) == label).then(pl.lit(common)).otherwise(column).alias(column)
        )

    return change


def shuffled(column, seed=4):
    def change(table):
        return table.with_columns(pl.col(column).shuffle(seed=seed))

    return change


# --- each probe -----------------------------------------------------------------------------


def test_what_did_not_change_reads_as_unchanged():
    assert reading(probes.RareCategories())[""] == pytest.approx(1, abs=0.01)
    found = reading(probes.Minorities(level=0.2))
    assert found["kept"] == pytest.approx(1, abs=0.04)
    assert found["share"] == pytest.approx(1, abs=0.15)
    assert reading(probes.ColumnTails())[""] > 0.85
    assert reading(probes.Associations())["strength"] == pytest.approx(1, abs=0.15)
    score = reading(probes.TrainOnSynthetic("owner"))
    assert score[""] == pytest.approx(score["real"], abs=0.02)
    assert reading(probes.TailRetention()) > 0.85
    assert reading(probes.EnergyDistance()) < 0.01


def test_a_lost_rare_category_is_seen_and_a_common_one_is_no_matter():
    found = reading(probes.RareCategories(), without("town", "tiny"))
    assert found == {"": 0.0, "town": 0.0}
    assert reading(probes.RareCategories(), without("town", "small"))[""] == pytest.approx(
        1, abs=0.01
    )
    assert list(reading(probes.RareCategories(level=0.2))) == ["", "town", "group"]
    assert list(reading(probes.RareCategories(level=0.2, names=["group"]))) == ["", "group"]
    assert np.isnan(reading(probes.RareCategories(level=0.001))[""])


def test_a_lost_minority_is_seen_where_each_of_its_labels_survives():
    def change(table):
        both = (pl.col("town") == "small") & (pl.col("group") == "B")
        return table.with_columns(pl.when(both).then(pl.lit("A")).otherwise("group").alias("group"))

    assert reading(probes.RareCategories(), change)[""] == pytest.approx(1, abs=0.01)
    lost = reading(probes.Minorities(["town", "group"], level=0.05), change)
    assert lost["smallest_ratio"] == 0
    # Of small towns with B, tiny ones with A and with B the first is gone, which held most.
    assert lost["share"] < 0.6
    assert lost["kept"] < 0.8
    assert reading(probes.Minorities(["town"], level=0.1), change)["kept"] > 0.99


def test_minorities_are_named_by_their_columns_and_pairs_are_the_default():
    assert probes.Minorities().name == "minorities"
    assert probes.Minorities(["town", "group"]).name == "minorities_town_group"
    pairs, one = reading(probes.Minorities()), reading(probes.Minorities(["owner"]))
    assert np.isfinite(list(pairs.values())).all()
    assert np.isnan(list(one.values())).all()  # neither owners nor others are a minority


def test_cut_tails_are_seen_by_column():
    def change(table):
        return table.with_columns(pl.col("age").clip(40, 90))

    found = reading(probes.ColumnTails(), change)
    assert found["age"] == pytest.approx(0.5, abs=0.1)
    assert found[""] == found["age"]
    assert reading(probes.TailRetention(), change) < reading(probes.TailRetention()) - 0.05


def test_lost_dependence_is_seen_where_every_column_is_as_it_was():
    change = shuffled("age")
    found = reading(probes.Associations(), change)
    assert found["strength"] < 0.35
    assert found["error"] > reading(probes.Associations())["error"] + 0.05
    # The sign of a coefficient that should be zero decides between good and bad: in the mean, none.
    score = probes.TrainOnSynthetic("owner")
    areas = [reading(score, shuffled("age", seed))[""] for seed in range(12)]
    assert np.mean(areas) < 0.75
    assert np.min(areas) < 0.5
    assert reading(probes.RareCategories(), change)[""] == pytest.approx(1, abs=0.01)


def test_a_column_that_no_longer_varies_goes_together_with_nothing():
    def change(table):
        return table.with_columns(pl.lit("no").alias("owner"))

    found = reading(probes.Associations(), change)
    assert 0 <= found["strength"] < 0.35
    assert reading(probes.TrainOnSynthetic("owner"), change)[""] == 0.5


@pytest.mark.parametrize("classifier", ["linear", "boosting"])
def test_classifiers_learn_what_is_there(classifier):
    score = reading(probes.TrainOnSynthetic("owner", classifier=classifier), n=500)
    assert 0.85 < score[""] <= 1
    many = reading(probes.TrainOnSynthetic("town", "small", classifier=classifier), n=500)
    assert abs(many[""] - 0.5) < 0.15  # towns are independent of all else


# --- wrong input ----------------------------------------------------------------------------


def test_wrong_input_is_one_clear_sentence():
    with pytest.raises(InputError, match="level of rare_categories is 1"):
        probes.RareCategories(level=1.0)
    with pytest.raises(InputError, match="level of column_tails is 0"):
        probes.ColumnTails(level=0)
    with pytest.raises(InputError, match="Give a list of columns"):
        probes.Minorities("town")
    with pytest.raises(InputError, match="fewest is 0"):
        probes.Minorities(fewest=0)
    with pytest.raises(InputError, match=r"no classifier 'linaer'\. Did you mean 'linear'"):
        probes.TrainOnSynthetic("owner", classifier="linaer")
    with pytest.raises(
        Incompatible, match=r"no column of labels named 'twon'\. Did you mean 'town'"
    ):
        reading(probes.Minorities(["twon"]))
    with pytest.raises(Incompatible, match="no column of labels named 'age'"):
        reading(probes.RareCategories(names=["age"]))
    with pytest.raises(Incompatible, match=r"owner = 'yess'\. Did you mean 'yes'"):
        reading(probes.TrainOnSynthetic("owner", "yess"))


def test_columns_that_cannot_be_read_are_named():
    from datetime import date

    table = pl.DataFrame({"born": [date(2000, 1, 1)], "town": ["big"]})
    with pytest.raises(Incompatible, match="column 'born' holds Date"):
        columns.read(table)
    with pytest.raises(Incompatible, match="read dataframes, not ndarray"):
        columns.read(np.zeros(3))
    assert columns.is_mixed(table)
    assert not columns.is_mixed(pl.DataFrame({"x": [1.0]}))
    assert not columns.is_mixed(np.zeros((3, 2)))
    assert not columns.is_mixed(["a"])


# --- the view -------------------------------------------------------------------------------


def test_the_total_variance_adds_relative_variances_and_heterozygosities():
    lineage = mc.Lineage(People(), GaussianCopula(), mc.Replace(500), size=500)
    seen = next(iter(lineage.generations(seed=3)))
    assert isinstance(view(seen), TableView)
    sample, real = seen.sample, seen.reference
    expected = np.var(sample["age"].to_numpy(), ddof=1) / np.var(real["age"].to_numpy())
    for name in ("town", "group", "owner"):
        shares = sample[name].value_counts(normalize=True)["proportion"].to_numpy()
        expected += (1 - np.square(shares).sum()) * 500 / 499
    assert probes.Variance()(seen) == pytest.approx(expected)


def test_the_encoder_gives_gaps_the_mean_and_strangers_a_place_of_their_own():
    real = columns.read(pl.DataFrame({"x": [1.0, 3.0, None], "g": ["a", "b", "b"]}))
    encoder = columns.Encoder.of(real)
    rows = encoder.rows(columns.read(pl.DataFrame({"x": [None, 3.0], "g": ["z", "b"]})))
    assert rows.tolist() == [[0, 0, 0, 1], [1, 0, 1, 0]]


@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame])
def test_by_default_tables_of_mixed_types_get_the_probes_of_tables_and_a_verdict(make):
    lineage = mc.Lineage(People(make), GaussianCopula(), mc.Replace(100), size=100)
    names = [probe.name for probe in probes.suited(lineage)]
    assert names[:3] == ["variance", "tail_retention", "rare_categories"]
    history = lineage.run(generations=6, replicates=2, seed=1)
    for measure, values in history.readings.items():
        assert np.isfinite(values).all() or measure.startswith("rare_categories"), measure
    assert "undecided" not in verdict(history).sentence
    assert "not decided" not in verdict(history).sentence


def test_tables_of_numbers_are_measured_as_before():
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 2)), columns=["a", "b"])
    lineage = mc.Lineage(mc.Empirical(table), GaussianCopula(), mc.Replace(100), size=100)
    assert "rare_categories" not in [probe.name for probe in probes.suited(lineage)]
    seen = next(itertools.islice(lineage.generations(seed=0), 1, None))
    assert not isinstance(view(seen), TableView)


def test_real_shares_come_from_all_records_of_a_finite_source():
    rng = np.random.default_rng(2)
    town = rng.permutation(["tiny"] * 4 + ["big"] * 1996)
    table = pl.DataFrame({"town": town, "x": rng.normal(size=2000)})
    lineage = mc.Lineage(mc.Empirical(table), GaussianCopula(), mc.Replace(200), size=200)
    seen = next(iter(lineage.generations(seed=0)))
    assert len(columns.known(seen)["town"]) == 2000
    kept = probes.RareCategories()(seen)["town"]
    assert kept in (0.0, pytest.approx(1 / (1 - 0.998**200)))


def test_a_resumed_run_reads_the_same(tmp_path):
    lineage = mc.Lineage(People(), GaussianCopula(), mc.Mix(80, real=0.2), size=80)
    whole = list(itertools.islice(lineage.generations(seed=5), 4))
    rest = list(itertools.islice(lineage.generations(seed=5, after=whole[1].state), 2))
    for probe in (probes.Minorities(level=0.2), probes.Associations(), probes.TailRetention()):
        assert repr(probe(rest[1])) == repr(probe(whole[3]))
