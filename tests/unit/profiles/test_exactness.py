"""Tallies against NumPy and pandas, and cuts and scores against their definitions."""

import math

import numpy as np
import pandas as pd
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics.ratio_sums import RatioSums
from modelcollapse.metrics.tail_cuts import tail_cuts
from modelcollapse.profiles import LEVELS, Cuts, Profile, Role, profile
from modelcollapse.profiles.tallies import NumberTally, Scores

RNG = np.random.default_rng(3)
N = 2_000


def frame(n=N, seed=0):
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "x": rng.normal(5, 2, n),
            "y": rng.standard_t(3, n),
            "colour": rng.choice(["red", "green", "blue"], n, p=[0.7, 0.2, 0.1]),
            "old": rng.random(n) < 0.3,
            "note": [f"some words about record {i}" for i in range(n)],
            "when": pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 10**6, n), "s"),
        }
    )
    found.loc[rng.random(n) < 0.05, "x"] = np.nan
    found.loc[rng.random(n) < 0.02, "colour"] = None
    return found


REFERENCE = frame()
FOUND = profile(REFERENCE, groups=[["colour", "old"]])


def test_moments_are_those_of_pandas():
    for name in ("x", "y"):
        tally, column = FOUND.numbers[name], REFERENCE[name]
        assert (tally.n, tally.missing) == (column.count(), column.isna().sum())
        np.testing.assert_allclose(
            (tally.mean, tally.variance, tally.least, tally.greatest),
            (column.mean(), column.var(), column.min(), column.max()),
            rtol=1e-12,
        )


def test_counts_are_those_of_pandas():
    assert FOUND.categories["colour"].counts == REFERENCE["colour"].value_counts().to_dict()
    assert FOUND.categories["colour"].missing == REFERENCE["colour"].isna().sum()
    assert list(FOUND.categories["colour"].counts) == ["red", "green", "blue"]
    pairs = REFERENCE.assign(old=REFERENCE["old"].map({True: "true", False: "false"}))
    assert FOUND.groups[("colour", "old")] == pairs.value_counts(["colour", "old"]).to_dict()


def test_texts_are_measured_in_characters_and_words():
    texts = ["one two", "", "  ", None, "ünï\u3000çode"]
    found = profile({"t": texts}, roles={"t": "text"}).texts["t"]
    assert (found.documents, found.missing, found.empty) == (4, 1, 2)
    assert (found.characters, found.words) == (7 + 0 + 2 + 8, 2 + 2)


def test_times_are_seconds_and_not_pooled():
    seconds = (REFERENCE["when"] - pd.Timestamp(0)).dt.total_seconds()
    assert FOUND.numbers["when"].mean == pytest.approx(seconds.mean(), rel=1e-12)
    assert FOUND.tails[0.05].weight == REFERENCE[["x", "y"]].count().sum()


def test_cuts_leave_as_many_values_as_their_level_says():
    x = REFERENCE["y"].to_numpy()
    cuts = FOUND.cuts["y"]
    assert cuts.median == pytest.approx(np.median(x))
    assert cuts.scale == pytest.approx(np.quantile(np.abs(x - np.median(x)), 0.9))
    for level in LEVELS:
        assert cuts.tails[level] == tail_cuts(x, level)
        assert FOUND.numbers["y"].beyond[level] == 2 * math.floor(level / 2 * len(x) + 0.5)


def test_cuts_are_without_bias():
    rng = np.random.default_rng(0)
    quotients, interpolated = [], []
    for _ in range(200):
        real, new = rng.normal(size=2000), rng.normal(size=5000)
        cuts = Cuts.of(real)
        tallies = [Scores(len(x)).add(x, cuts, pooled=True) for x in (new, real)]
        shares = [tally.beyond[0.01] / tally.n for tally in tallies]
        quotients.append(shares[0] / shares[1])
        low, high = np.quantile(real, [0.005, 0.995])
        interpolated.append(((new < low) | (new > high)).mean() / 0.01)
    error = np.std(quotients) / len(quotients) ** 0.5
    assert abs(np.mean(quotients) - 1) < 4 * error
    assert abs(np.mean(interpolated) - 1) > 4 * error


def test_scores_of_new_records_are_by_the_cuts_of_the_reference():
    new = frame(700, seed=5)
    found = profile(new, like=FOUND)
    x = new[["x", "y"]].to_numpy()
    weight = np.isfinite(x).sum(axis=1)
    for level in LEVELS:
        ends = np.array([FOUND.cuts[name].tails[level] for name in ("x", "y")])
        outside = (x <= ends[:, 0]) | (x >= ends[:, 1])
        expected = RatioSums.of(outside.sum(axis=1), weight)
        assert vars(found.tails[level]) == pytest.approx(vars(expected))
        assert found.numbers["y"].beyond[level] == outside[:, 1].sum()
    cuts = [FOUND.cuts[name] for name in ("x", "y")]
    deviations = np.stack(
        [np.minimum(np.abs(x[:, i] - c.median), c.scale) / c.scale for i, c in enumerate(cuts)]
    )
    pooled = RatioSums.of(np.nansum(deviations, axis=0), weight)
    assert vars(found.bulk) == pytest.approx(vars(pooled))
    own = RatioSums.of(np.nan_to_num(deviations[0]), np.isfinite(x[:, 0]))
    assert vars(found.numbers["x"].bulk) == pytest.approx(vars(own))


def test_a_scale_of_zero_leaves_the_bulk_undefined():
    found = profile({"a": [3.5] * 99 + [4.5]})
    assert found.cuts["a"].scale == 0
    assert np.isnan(found.numbers["a"].bulk.ratio)
    assert found.numbers["a"].variance == pytest.approx(0.01)


def tally_of(values):
    values = np.asarray(values, dtype=float)
    return Scores(len(values)).add(values, Cuts.of(np.arange(9.0)), pooled=True)


@pytest.mark.parametrize("at", [0, 1, 7, 20])
def test_tallies_of_parts_add_up(at):
    values = np.r_[np.nan, RNG.normal(1e6, 1, 18), np.inf]
    whole, joined = tally_of(values), tally_of(values[:at]) + tally_of(values[at:])
    assert isinstance(joined, NumberTally)
    assert (joined.n, joined.missing, joined.beyond) == (whole.n, whole.missing, whole.beyond)
    for field in ("mean", "variance", "least", "greatest"):
        assert getattr(joined, field) == pytest.approx(getattr(whole, field), rel=1e-9)
    assert vars(joined.bulk) == pytest.approx(vars(whole.bulk))


def test_one_record_has_no_variance():
    found = profile({"a": [2.5], "b": ["word"]})
    assert found.rows == 1
    assert np.isnan(found.numbers["a"].variance)


def test_infinite_values_are_missing():
    found = profile({"a": [1.5, np.inf, -np.inf, 2.5]})
    assert (found.numbers["a"].n, found.numbers["a"].missing) == (2, 2)
    assert found.numbers["a"].mean == 2.0


def test_columns_of_the_sample_are_aligned():
    assert FOUND.sampled_share == 1.0
    notes = REFERENCE.set_index("note")
    again = notes.loc[list(FOUND.sample["note"])]
    np.testing.assert_array_equal(FOUND.sample["y"], again["y"])
    np.testing.assert_array_equal(FOUND.sample["x"], again["x"])
    assert FOUND.sample["colour"].dtype == object
    assert FOUND.columns(Role.NUMBER) == ("x", "y")


def test_a_reference_that_is_lacked_or_contradicted_is_named():
    with pytest.raises(InputError, match=r"lacks the columns 'x', 'colour'.*'z'"):
        profile(frame(50).drop(columns="colour").rename(columns={"x": "z"}), like=FOUND)
    words = frame(50).assign(x="many")
    with pytest.raises(InputError, match=r"'many' in record 1, .*number, as in the reference"):
        profile(words, like=FOUND)
    with pytest.raises(InputError, match=r"'note'.*text, as in the reference"):
        profile(frame(50).assign(note=1), like=FOUND)
    extra = profile(frame(50).assign(z=1), like=FOUND)
    assert extra.ignored == ("z",)
    assert set(extra.groups) == {("colour", "old")}


def test_a_profile_comes_back_from_its_file(tmp_path):
    embedded = {"e": RNG.random((30, 4)), "t": [None, "é", ""] * 10, "gone": [None] * 30}
    for number, found in enumerate([FOUND, profile(embedded, roles={"t": "text"})]):
        path = tmp_path / f"{number}.profile"
        found.save(path)
        again = Profile.load(path)
        assert repr({**vars(again), "sample": 0}) == repr({**vars(found), "sample": 0})
        for name, values in found.sample.items():
            np.testing.assert_array_equal(again.sample[name], values)
            assert again.sample[name].dtype == values.dtype
        again.save(tmp_path / "again")
        assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_other_files_are_no_profiles(tmp_path):
    (tmp_path / "a").write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match="no stored profile"):
        Profile.load(tmp_path / "a")
    with pytest.raises(InputError, match="there is no profile"):
        Profile.load(tmp_path / "b")
    header = np.frombuffer(b'{"modelcollapse_profile": 99}', dtype=np.uint8)
    np.savez(tmp_path / "c.npz", header=header)
    with pytest.raises(InputError, match="version 99"):
        Profile.load(tmp_path / "c.npz")
