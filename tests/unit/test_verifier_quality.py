"""Estimates from audit samples, their verdicts, and designs of audits."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binomtest

import modelcollapse as mc
from modelcollapse.columns import read_columns
from modelcollapse.errors import InputError
from modelcollapse.metrics.subgroups import wilson_interval
from modelcollapse.verifier_quality.cells import SHARES, influences, value
from modelcollapse.verifier_quality.clusters import design_effects
from modelcollapse.verifier_quality.intervals import interval, proportion


def sample(right_kept, right_dropped, wrong_kept, wrong_dropped):
    """Labels and decisions."""
    counts = [right_kept, right_dropped, wrong_kept, wrong_dropped]
    return np.repeat([True, True, False, False], counts), np.repeat([True, False] * 2, counts)


AUDIT = sample(180, 20, 30, 70)


# --- acceptance rows ------------------------------------------------------------------------


def test_row_34_proportions():
    assert proportion(7, 40, 0.95, "exact") == pytest.approx((0.07338273, 0.32779013), abs=5e-9)
    assert wilson_interval(7, 40) == pytest.approx((0.0874541375, 0.3194999033), abs=5e-11)


def test_row_35_estimates():
    found = mc.estimate(*AUDIT)
    values = [getattr(found, name).value for name in ("p", "phi", "psi", "breakdown_point")]
    assert values == pytest.approx([1 / 3, 0.9, 0.3, 0.75], abs=1e-12)
    assert found.kept_error.value == pytest.approx(1 / 7)
    assert found.margin == pytest.approx(0.75 - 1 / 3)
    # close to the interval from the log ratio, where counts are large
    point = found.breakdown_point
    assert (point.low, point.high) == pytest.approx((0.6890495589, 0.8024289306), abs=0.006)


# --- intervals ------------------------------------------------------------------------------


@pytest.mark.parametrize("k, n", [(0, 30), (30, 30), (8, 50), (1, 7)])
def test_proportions_by_an_independent_implementation(k, n):
    theirs = binomtest(k, n).proportion_ci(0.95, method="exact")
    assert proportion(k, n, 0.95, "exact") == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    low, high = proportion(k, n, 0.95, "jeffreys")
    posterior = beta(k + 0.5, n - k + 0.5)
    assert low == (0.0 if k == 0 else pytest.approx(posterior.ppf(0.025)))
    assert high == (1.0 if k == n else pytest.approx(posterior.ppf(0.975)))


@pytest.mark.parametrize("cells", [(180, 20, 30, 70), (30, 5, 1, 8), (76, 4, 0, 20)])
@pytest.mark.parametrize("rate", [None, 0.3])
def test_jeffreys_intervals_are_quantiles_of_random_draws(cells, rate):
    a, b, c, d = cells
    rng, n = np.random.default_rng(1), 1_000_000
    if rate is None:
        phi, psi = rng.beta(a + 0.5, b + 0.5, n), rng.beta(c + 0.5, d + 0.5, n)
    else:
        kept, dropped = rng.beta(c + 0.5, a + 0.5, n), rng.beta(d + 0.5, b + 0.5, n)
        p = rate * kept + (1 - rate) * dropped
        phi, psi = rate * (1 - kept) / (1 - p), rate * kept / p
    low, high = np.quantile(phi / (phi + psi), [0.025, 0.975])
    found = interval("breakdown_point", np.array(cells, dtype=float), rate, 0.95, "jeffreys")
    assert found == pytest.approx((low, 1.0 if c == 0 else high), abs=0.0015)


@settings(max_examples=60, deadline=None)
@given(
    cells=st.tuples(*[st.integers(0, 60)] * 4),
    rate=st.one_of(st.none(), st.floats(0.05, 0.95)),
    method=st.sampled_from(["jeffreys", "exact"]),
)
def test_intervals_hold_their_estimate_and_widen_with_confidence(cells, rate, method):
    counts = np.array(cells, dtype=float)
    for share in SHARES:
        middle = value(share, counts, rate)
        low, high = interval(share, counts, rate, 0.95, method)
        assert 0 <= low < high <= 1
        if math.isnan(middle):
            continue
        assert low - 1e-9 <= middle <= high + 1e-9
        wider = interval(share, counts, rate, 0.99, method)
        assert wider[0] <= low + 1e-9
        assert wider[1] >= high - 1e-9
        if method == "exact":
            bayesian = interval(share, counts, rate, 0.95, "jeffreys")
            assert low <= bayesian[0] + 0.003
            assert high >= bayesian[1] - 0.003


@pytest.mark.parametrize("rate", [None, 0.3])
@pytest.mark.parametrize("share", SHARES)
def test_influences_are_derivatives(share, rate):
    cells = np.array([40.0, 12.0, 7.0, 21.0])

    def quantity(at):
        found = value(share, at + 0.5, rate)
        return np.log(1 / found - 1) if share == "breakdown_point" else found

    step = 1e-5 * np.eye(4)
    slopes = [(quantity(cells + e) - quantity(cells - e)) / 2e-5 for e in step]
    assert influences(share, cells, rate) == pytest.approx(slopes, rel=1e-4, abs=1e-9)


def test_no_wrong_record_kept_is_not_certainty():
    found = mc.estimate(*sample(90, 11, 0, 149))
    assert found.psi.value == 0
    assert 0.01 < found.psi.high < 0.03
    assert found.breakdown_point.value == found.breakdown_point.high == 1
    assert found.breakdown_point.low < 0.995


def test_two_piles_are_weighted_by_the_keep_rate():
    labels, kept = sample(90, 40, 10, 60)
    found = mc.estimate(labels, kept, keep_rate=0.6)
    assert found.p.value == pytest.approx(0.6 * 0.1 + 0.4 * 0.6)
    assert found.phi.value == pytest.approx(0.6 * 0.9 / 0.7)
    assert found.psi.value == pytest.approx(0.6 * 0.1 / 0.3)
    assert found.keep_rate == 0.6
    # at the keep rate of the sample itself the weights change nothing
    plain = mc.estimate(labels, kept)
    same = mc.estimate(labels, kept, keep_rate=0.5)
    for name in SHARES:
        assert getattr(same, name).value == pytest.approx(getattr(plain, name).value)


# --- verdicts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells, helps, breaks_down",
    [
        ((180, 20, 30, 70), "yes", "no"),
        ((90, 90, 5, 5), "not known yet", "no"),
        ((50, 150, 60, 20), "no", "not known yet"),
        ((20, 2, 100, 300), "yes", "yes"),
        ((20, 80, 180, 20), "no", "yes"),
        ((5, 5, 5, 5), "not known yet", "not known yet"),
    ],
)
def test_the_two_verdicts_are_separate_questions(cells, helps, breaks_down):
    found = mc.estimate(*sample(*cells))
    assert (found.helps.answer, found.breaks_down.answer) == (helps, breaks_down)
    for verdict in (found.helps, found.breaks_down):
        open_ = verdict.answer == "not known yet"
        assert open_ == ("not known yet" in verdict.sentence)
        assert open_ or verdict.more_labels is None
    ends = found.kept_error.low > 0.5, found.kept_error.high < 0.5
    assert ends == (breaks_down == "yes", breaks_down == "no")


def test_verdicts_ask_for_fewer_labels_the_clearer_the_case():
    asked = [
        mc.estimate(*sample(kept_right, 20, 20, 20)).breaks_down.more_labels
        for kept_right in (22, 25, 30)
    ]
    assert asked == sorted(asked, reverse=True)
    assert asked[-1] >= 1


def test_a_tie_in_a_large_sample_is_too_close_to_call():
    small, large = mc.estimate(*sample(5, 5, 5, 5)), mc.estimate(*sample(*[1000] * 4))
    assert small.breaks_down.more_labels == small.helps.more_labels == 100
    assert large.breaks_down.more_labels is large.helps.more_labels is None
    assert "too close to call" in large.sentence


def test_labels_of_kept_records_alone_decide_the_second_question():
    found = mc.estimate([1] * 38 + [0] * 2, [1] * 40, keep_rate=0.3)
    assert found.breaks_down.answer == "no"
    assert found.helps.answer == "not known yet"
    assert "label some dropped records" in found.helps.sentence
    assert math.isnan(found.p.value)
    assert found.to_dict()["p"]["value"] is None
    assert "undefined" in repr(found)


# --- groups and clusters --------------------------------------------------------------------


def joined(*parts):
    labels, kept, group = [], [], []
    for name, cells in parts:
        right, keep = sample(*cells)
        labels += right.tolist()
        kept += keep.tolist()
        group += [name] * len(right)
    return labels, kept, group


def test_groups_that_disagree_are_pointed_out():
    found = mc.estimate(*joined(("easy", (180, 20, 5, 45)), ("hard", (20, 80, 60, 40))))
    assert found.groups["easy"].helps.answer == "yes"
    assert found.groups["hard"].helps.answer == "no"
    assert "disagree" in found.notes[0]
    assert "(hard)" in found.notes[0]
    assert any("does harm in hard" in note for note in found.notes)
    agreeing = mc.estimate(*joined(("one", (90, 10, 15, 35)), ("two", (180, 20, 30, 70))))
    assert not any("disagree" in note for note in agreeing.notes)
    assert len(agreeing.notes) == 2


def test_a_sign_that_turns_by_pooling_is_pointed_out():
    # within each group right records are kept less readily, over all more readily
    found = mc.estimate(*joined(("a", (160, 40, 18, 2)), ("b", (2, 18, 40, 160))))
    assert found.helps.answer == "yes"
    assert any("Simpson" in note for note in found.notes)
    straight = mc.estimate(*joined(("a", (160, 40, 10, 10)), ("b", (4, 16, 20, 180))))
    assert not any("Simpson" in note for note in straight.notes)


def test_a_group_with_nothing_to_say_is_undefined_not_zero():
    found = mc.estimate(*joined(("all right", (20, 5, 0, 0)), ("mixed", (60, 20, 10, 30))))
    group = found.groups["all right"]
    assert math.isnan(group.psi.value)
    assert math.isnan(group.breakdown_point.value)
    assert (group.breakdown_point.low, group.breakdown_point.high) == (0, 1)
    assert group.breaks_down.answer == "no"


def test_a_cluster_of_copies_counts_once():
    labels, kept = sample(90, 30, 20, 60)
    copies = np.repeat(np.arange(labels.size), 5)
    many = mc.estimate(np.repeat(labels, 5), np.repeat(kept, 5), clusters=copies)
    once = mc.estimate(labels, kept)
    for name in SHARES:
        a, b = getattr(many, name), getattr(once, name)
        assert a.value == pytest.approx(b.value)
        # clusters take Student's quantile, and half a record more is five times less
        assert a.high - a.low == pytest.approx(b.high - b.low, rel=0.04)
    blind = mc.estimate(np.repeat(labels, 5), np.repeat(kept, 5))
    assert blind.phi.high - blind.phi.low < 0.6 * (once.phi.high - once.phi.low)


def test_independent_records_have_no_design_effect():
    cells = np.eye(4)[np.random.default_rng(2).choice(4, 2000, p=[0.5, 0.1, 0.1, 0.3])]
    effects = design_effects(cells, None, 0.95)
    assert all(1 <= effect < 1.02 for effect in effects.values())


def test_an_outcome_seen_in_one_cluster_takes_each_cluster_for_one_record():
    cells = np.tile([6.0, 2.0, 0.0, 4.0], (20, 1))
    cells[0] = [6.0, 2.0, 4.0, 0.0]
    effects = design_effects(cells, None, 0.95)
    assert effects["psi"] >= 4
    assert effects["phi"] < 1.2


def test_few_clusters_with_kept_records_are_pointed_out():
    labels, kept = sample(30, 30, 10, 30)
    place = np.where(kept, np.arange(100) % 3, np.arange(100) % 25)
    found = mc.estimate(labels, kept, clusters=place)
    assert found.clusters == 25
    assert "only 3 clusters" in found.notes[0]


# --- the result -----------------------------------------------------------------------------


def test_the_result_begins_with_a_sentence_and_becomes_plain_data(tmp_path):
    found = mc.estimate(*AUDIT, groups=["x"] * 150 + ["y"] * 150)
    assert repr(found).startswith(found.sentence)
    assert found.sentence.startswith("Selection helps: it keeps 30.0% of the wrong records")
    assert "300 labels" in repr(found)
    assert repr(found).count("mind: ") == len(found.notes)
    text = found.to_json(tmp_path / "estimate.json")
    assert (tmp_path / "estimate.json").read_text() == text
    plain = json.loads(text)
    assert plain["breakdown_point"]["value"] == pytest.approx(0.75)
    assert plain["counts"] == {
        "right_kept": 180, "right_dropped": 20, "wrong_kept": 30, "wrong_dropped": 70
    }  # fmt: skip
    assert set(plain["groups"]) == {"x", "y"}
    assert plain["helps"]["answer"] == "yes"


def test_the_same_sample_gives_the_same_digits():
    assert mc.estimate(*AUDIT).to_json() == mc.estimate(*AUDIT).to_json()
    order = np.random.default_rng(3).permutation(300)
    labels, kept = AUDIT
    assert mc.estimate(labels[order], kept[order]).to_json() == mc.estimate(*AUDIT).to_json()


@pytest.mark.parametrize(
    "labels, kept",
    [
        (["right", "WRONG", "right", "wrong"], ["kept", "dropped", "dropped", "kept"]),
        ([1.0, 0.0, 1.0, 0.0], [1, 0, 0, 1]),
        (["1", "0", "true", "False"], ["yes", "no", "n", "y"]),
        (np.array([True, False, True, False]), np.array(["kept", "drop", "f", "t"])),
    ],
)
def test_words_for_right_and_kept(labels, kept):
    found = mc.estimate(labels, kept)
    assert set(found.counts.values()) == {1}


# --- designs --------------------------------------------------------------------------------

KEPT = np.arange(2000) % 5 < 2


def test_a_design_spreads_over_scores():
    scores = np.random.default_rng(4).random(2000)
    plan = mc.design(KEPT, scores, kept_error=0.3, dropped_error=0.6, half_width=0.05)
    assert len(set(plan.records.tolist())) == plan.records.size
    assert plan.records.size == plan.kept_labels + plan.dropped_labels
    assert KEPT[plan.records].sum() == plan.kept_labels == plan.wanted[0]
    assert plan.probability.sum() == pytest.approx(plan.records.size)
    chosen = scores[plan.records[KEPT[plan.records]]]
    share = np.searchsorted(np.sort(scores[KEPT]), chosen) / KEPT.sum()
    # one in each interval of equally many records
    assert np.bincount((share * plan.kept_labels).astype(int)).max() <= 2
    assert plan.keep_rate == 0.4


def test_every_record_of_a_pile_is_as_likely():
    scores = np.round(np.random.default_rng(5).random(100), 1)  # with ties
    kept = np.arange(100) % 2 == 0
    hits = np.zeros(100)
    for seed in range(600):
        hits[mc.design(kept, scores, kept_error=0.1, seed=seed).records] += 1
    chance = mc.design(kept, scores, kept_error=0.1).probability
    assert (hits[~kept] == 0).all()
    deviation = (hits - 600 * chance)[kept] / np.sqrt(600 * chance * (1 - chance))[kept]
    assert np.abs(deviation).max() < 4


def test_only_kept_records_are_labelled_for_the_second_question():
    plan = mc.design(KEPT, kept_error=0.2)
    assert plan.dropped_labels == 0
    assert KEPT[plan.records].all()
    labels = np.ones(plan.records.size)
    found = mc.estimate(labels, KEPT[plan.records], keep_rate=plan.keep_rate)
    assert found.breaks_down.answer == "no"


def test_piles_that_are_too_small_are_labelled_whole():
    plan = mc.design(np.arange(30) < 10, kept_error=0.4, dropped_error=0.5)
    assert (plan.kept_labels, plan.dropped_labels) == (10, 20)
    assert plan.wanted[0] > 10
    assert "That is all there are" in plan.sentence
    assert (plan.probability == 1).all()


def test_a_design_becomes_plain_data(tmp_path):
    plan = mc.design(KEPT, kept_error=0.2, dropped_error=0.7)
    assert repr(plan).startswith(plan.sentence)
    text = plan.to_json(tmp_path / "design.json")
    found = json.loads(text)
    assert found["records"] == plan.records.tolist()
    assert len(found["probability"]) == plan.records.size
    assert (tmp_path / "design.json").read_text() == text


# --- files ----------------------------------------------------------------------------------


def test_columns_of_each_format_are_the_same(tmp_path):
    import gzip

    import polars as pl

    table = {"label": [1, 0, 1], "kept": [1, 1, 0], "text": ["a", "b,c", 'd"']}
    frame = pl.DataFrame(table)
    frame.write_csv(tmp_path / "a.csv")
    frame.write_ndjson(tmp_path / "a.jsonl")
    frame.write_parquet(tmp_path / "a.parquet")
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write(frame.write_csv())
    for name in ("a.csv", "a.csv.gz", "a.jsonl", "a.parquet"):
        found = read_columns(tmp_path / name, ["label", "text"], ["kept", "nothing"])
        assert list(found) == ["label", "text", "kept"]
        assert [str(entry) for entry in found["label"]] == ["1", "0", "1"]
        assert found["text"] == table["text"]


# --- wrong input ----------------------------------------------------------------------------

GOOD = {"labels": [1, 0, 1, 0], "kept": [1, 1, 0, 0]}


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"labels": [], "kept": []}, "labels holds no records"),
        ({"labels": [1, 1, 1, 1]}, "all 4 labelled records are right"),
        ({"labels": [0, 0, 0, 0]}, "all 4 labelled records are wrong"),
        ({"labels": [1, np.nan, 1, 0]}, "labels is missing in 1 of 4 records, first in record 2"),
        ({"labels": [1, None, "", 0]}, "labels is missing in 2 of 4 records"),
        ({"labels": [1, 0, 2, 0]}, "labels of record 3 is 2, which is neither"),
        ({"kept": [0.3, 1, 0, 1]}, "kept of record 1 is 0.3"),
        ({"kept": [1, 1, 1, 1]}, "all 4 labelled records were kept"),
        ({"kept": [0, 0, 0, 0]}, "none of the 4 labelled records was kept"),
        ({"labels": [1, 0, 1]}, "have 3 and 4 entries"),
        ({"labels": [[1, 0], [0, 1]]}, "one entry per record"),
        ({"groups": ["a", "b"]}, "have 4 and 2 entries"),
        ({"groups": ["a", "b", "", "a"]}, "groups is missing in 1 of 4"),
        ({"clusters": ["a"] * 4}, "come from one cluster"),
        ({"clusters": ["a", "b", "c"]}, "have 4 and 3 entries"),
        ({"groups": ["a", "b", "a", "b"], "keep_rate": 0.5}, "cannot be given together"),
        ({"keep_rate": 1.0}, "keep_rate must lie strictly"),
        ({"confidence": 95}, "confidence must lie strictly"),
        ({"interval": "exat"}, "Did you mean 'exact'"),
    ],
)
def test_a_wrong_audit_is_one_sentence(changes, message):
    with pytest.raises(InputError, match=message):
        mc.estimate(**{**GOOD, **changes})


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"kept": [1, 1, 1]}, "all of the 3 records are kept"),
        ({"kept": [0, 0, 0]}, "none of the 3 records are kept"),
        ({"kept_error": 0.5}, "away from 1/2"),
        ({"kept_error": 0.4, "dropped_error": 0.4}, "no difference"),
        ({"dropped_error": 1.5}, "dropped_error must lie"),
        ({"half_width": 0.05}, "half_width needs dropped_error"),
        ({"dropped_error": 0.6, "half_width": 2.0}, "half_width must lie"),
        ({"scores": [0.1, np.nan, 0.3]}, r"scores are missing \(NaN\) in 1 of 3"),
        ({"scores": [0.1, 0.3]}, "have 3 and 2 entries"),
        ({"power": 1.0}, "power must lie"),
    ],
)
def test_a_wrong_design_is_one_sentence(changes, message):
    with pytest.raises(InputError, match=message):
        mc.design(**{"kept": [1, 0, 1], "kept_error": 0.2, **changes})
