"""Several verifiers as one, and what an audit sample says about them."""

import csv
import gzip
import json
import os
import pickle
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from modelcollapse.errors import InputError
from modelcollapse.fingerprint import fingerprint
from modelcollapse.protocols import Learning, Verifier
from modelcollapse.verifiers import logistic
from modelcollapse.verifiers.detector import Detector
from modelcollapse.verifiers.ensemble import Ensemble
from modelcollapse.verifiers.scored import Scored, column
from modelcollapse.verifiers.weighing import weigh

DATA = Path(os.environ.get("MODELCOLLAPSE_DATA", "../shared/data"))


@dataclass(frozen=True)
class Reads:
    """The number in a column."""

    name: str

    @property
    def columns(self):
        return (self.name,)

    def score(self, batch):
        values = column(batch, self.name, "Reads")
        found = np.array([np.nan if v is None else float(v) for v in values])
        return Scored(found, {int(i): "nothing there" for i in np.flatnonzero(np.isnan(found))})


def conditionally(rng, n, strengths, *, shared=0.0, base=0.5):
    """Truth, and scores that stand these many deviations apart, with errors in common."""
    right = rng.random(n) < base
    common = rng.normal(size=n) * np.sqrt(shared)
    own = rng.normal(size=(len(strengths), n)) * np.sqrt(1 - shared)
    return right, np.asarray(strengths)[:, None] * right + common + own


def named(scores):
    return {f"v{i}": row for i, row in enumerate(scores)}


def learnt(ensemble, *batches):
    return ensemble.learn(lambda: iter(batches))


def as_columns(right, scores):
    return {
        "label": right.astype(int).tolist(),
        **{k: v.tolist() for k, v in named(scores).items()},
    }


# --- what is learnt -------------------------------------------------------------------------


def test_weights_of_independent_verifiers_are_their_strengths(rng):
    right, scores = conditionally(rng, 20_000, [0.5, 1.0, 0.0])
    found = weigh(named(scores), right)
    # log-odds are d x - d^2 / 2; a place is x over the deviation of the mixture
    for weight, strength in zip(found.weights, [0.5, 1.0, 0.0], strict=True):
        assert weight.value == pytest.approx(strength * np.sqrt(1 + strength**2 / 4), abs=0.08)
    assert np.abs(found.correlation - np.eye(3)).max() < 0.05
    assert found.best_area.value < found.area.value
    assert found.gain.low > 0
    # Phi(sqrt(0.5^2 + 1^2) / sqrt(2))
    assert found.area.value == pytest.approx(0.7854, abs=0.012)
    assert found.member_areas[2].low < 0.5 < found.member_areas[2].high


def test_probabilities_are_calibrated(rng):
    right, scores = conditionally(rng, 4000, [1.0, 1.5], base=0.2)
    found = weigh(named(scores), right)
    assert found.reliability.error < 0.03
    new, its = conditionally(rng, 20_000, [1.0, 1.5], base=0.2)
    chances = found.rule.chances(its.T)
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.0)):
        at = (chances >= low) & (chances < high)
        assert abs(chances[at].mean() - new[at].mean()) < 0.04


def test_verifiers_that_err_together_are_counted_once(rng):
    right, scores = conditionally(rng, 3000, [1.0, 1.0], shared=0.95)
    together = weigh(named(scores), right)
    assert together.correlation[0, 1] == pytest.approx(0.95, abs=0.02)
    assert together.gain.value < 0.02
    assert any("nearly the same errors" in note for note in together.notes)
    right, scores = conditionally(rng, 3000, [1.0, 1.0])
    apart = weigh(named(scores), right)
    assert abs(apart.correlation[0, 1]) < 0.06
    assert apart.gain.low > 0.03
    assert sum(w.value for w in together.weights) < 0.75 * sum(w.value for w in apart.weights)


def test_nothing_is_learnt_from_noise(rng):
    areas = []
    for _ in range(30):
        right, scores = conditionally(rng, 200, [0.0, 0.0, 0.0])
        areas.append(weigh(named(scores), right).area.value)
    # in the sample itself the same ensembles would seem to know something
    assert np.mean(areas) < 0.5 + 4 * np.std(areas) / np.sqrt(30)
    flattered = []
    for _ in range(30):
        right, scores = conditionally(rng, 200, [0.0, 0.0, 0.0])
        chances = weigh(named(scores), right).rule.chances(scores.T)
        above = chances[right][:, None] > chances[~right]
        flattered.append(above.mean())
    assert np.mean(flattered) > 0.5 + 4 * np.std(flattered) / np.sqrt(30)


def test_intervals_of_weights_cover(rng):
    # The model itself: places drawn from a normal law, truth by their log-odds.
    true, hits, n = np.array([1.0, -0.5]), np.zeros(2), 200
    for _ in range(n):
        places = rng.normal(size=(250, 2))
        right = rng.random(250) < expit(places @ true)
        found = weigh(named(places.T), right)
        hits += [w.low <= t <= w.high for w, t in zip(found.weights, true, strict=True)]
    assert (np.abs(hits / n - 0.95) < 4 * np.sqrt(0.95 * 0.05 / n)).all()


def test_clusters_widen_intervals(rng):
    right, scores = conditionally(rng, 60, [1.0, 0.5])
    tens = [np.repeat(right, 10), np.repeat(scores, 10, axis=1)]  # nothing new in nine of ten
    alone = weigh(named(scores), right)
    naive = weigh(named(tens[1]), tens[0])
    clustered = weigh(named(tens[1]), tens[0], clusters=np.repeat(np.arange(60), 10))
    assert clustered.clusters == 60
    width = [f.weights[0].high - f.weights[0].low for f in (alone, naive, clustered)]
    assert width[1] < 0.5 * width[0] < 0.7 * width[2]
    assert naive.area.low > clustered.area.low


def test_order_and_scale_change_nothing(rng):
    right, scores = conditionally(rng, 150, [1.0, 0.7])
    first = weigh(named(scores), right, clusters=np.arange(150) // 3)
    order = rng.permutation(150)
    again = weigh(named(scores[:, order]), right[order], clusters=(np.arange(150) // 3)[order])
    assert first.area.value == pytest.approx(again.area.value, abs=1e-12)
    assert first.weights[0].value == pytest.approx(again.weights[0].value, abs=1e-9)
    bent = np.stack([np.exp(3 * scores[0]), scores[1] ** 3])
    other = weigh(named(bent), right, clusters=np.arange(150) // 3)
    assert other.weights[1].value == pytest.approx(first.weights[1].value, abs=1e-9)


def test_perfect_members_have_finite_weights_and_no_errors(rng):
    right, scores = conditionally(rng, 80, [0.0, 0.5])
    scores[0] = right
    found = weigh(named(scores), right)
    assert 0 < found.weights[0].low < found.weights[0].high < 20
    assert np.isnan(found.correlation[0]).all()
    assert found.area.value > 0.99
    assert found.area.low < 0.98
    assert found.to_dict()["correlation"][0] == [None, None]
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_best_member_is_not_chosen_on_what_judges_it(rng):
    chosen, flattered = [], []
    for _ in range(20):
        right, scores = conditionally(rng, 60, np.zeros(25))
        found = weigh(named(scores), right)
        flattered.append(max(area.value for area in found.member_areas))
        chosen.append(found.best_area.value)
    assert np.mean(flattered) > 0.6  # the best of many looks good
    assert np.mean(chosen) < 0.5 + 4 * np.std(chosen) / np.sqrt(20)


def test_the_regression_is_that_of_others(rng):
    columns = rng.normal(size=(300, 3))
    right = rng.random(300) < expit(columns @ [1.0, -1.0, 0.2] + 0.5)
    weights = rng.uniform(0.5, 2, 300)
    ours = logistic.fit(columns, right.astype(float), weights, 2.5)
    theirs = LogisticRegression(C=2.5**2, tol=1e-10, max_iter=1000)
    theirs.fit(columns, right, sample_weight=weights)
    np.testing.assert_allclose(ours.coefficients[1:], theirs.coef_[0], atol=1e-4)
    np.testing.assert_allclose(ours.logits(columns), theirs.decision_function(columns), atol=1e-3)


# --- as a verifier --------------------------------------------------------------------------


def test_the_score_is_the_probability_and_members_stand_beside(rng):
    right, scores = conditionally(rng, 300, [1.0, 2.0])
    members = (Reads("v0"), Reads("v1"))
    ensemble = Ensemble(members, audit=as_columns(right, scores))
    assert (ensemble.name, ensemble.columns) == ("ensemble", ("v0", "v1"))
    assert isinstance(ensemble, Learning)
    one = learnt(ensemble)
    assert isinstance(one, Verifier)
    batch = {"v0": [0.5, None, 3.0], "v1": [1.0, 2.0, None]}
    found = one.score(batch)
    expected = weigh(named(scores), right).rule.chances(np.array([[0.5, 1.0]]))
    np.testing.assert_allclose(found.scores, [expected[0], np.nan, np.nan])
    assert found.failures == {1: "v0: nothing there", 2: "v1: nothing there"}
    assert found.details == {"v0": [0.5, None, 3.0], "v1": [1.0, 2.0, None]}
    both = one.score({"v0": [None], "v1": [None]})
    assert both.failures == {0: "v0: nothing there"}
    assert one.score({"v0": [], "v1": []}).scores.shape == (0,)
    again = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(again.score(batch).scores, found.scores)


def test_scores_depend_on_neither_batches_nor_order(rng):
    right, scores = conditionally(rng, 300, [1.0, 2.0, 0.3])
    one = learnt(Ensemble(tuple(map(Reads, named(scores))), audit=as_columns(right, scores)))
    batch = {k: v.tolist() for k, v in named(scores).items()}
    whole = one.score(batch).scores
    back = one.score({k: v[::-1] for k, v in batch.items()}).scores
    np.testing.assert_array_equal(back[::-1], whole)
    parts = [
        one.score({k: v[i : i + 7] for k, v in batch.items()}).scores for i in range(0, 300, 7)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_an_audit_sample_in_a_file(rng, tmp_path):
    right, scores = conditionally(rng, 300, [1.0, 2.0])
    path = tmp_path / "audit.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["v0", "v1", "judged", "prompt", "note"])
        for i, (r, (a, b)) in enumerate(zip(right, scores.T, strict=True)):
            rows.writerow([a, b, "right" if r else "wrong", f"p{i // 2}", "x"])
        rows.writerow([1.0, 1.0, "", "p0", "not labelled"])
    ensemble = Ensemble(
        (Reads("v0"), Reads("v1")), audit=str(path), label_column="judged", cluster_column="prompt",
        label="both",
    )  # fmt: skip
    one = learnt(ensemble)
    expected = weigh(named(scores), right, clusters=np.arange(300) // 2)
    assert one.fit.area == expected.area
    assert one.fit.clusters == 150
    assert one.name == "both"
    before = fingerprint(ensemble)
    path.write_text(path.read_text().replace("right", "wrong", 1))
    assert fingerprint(ensemble) != before


def test_members_that_learn(rng, tmp_path):
    def texts(n, words):
        return [" ".join([*rng.choice(words, 8), f"n{i}"]) for i in range(n)]

    real, pile = texts(300, ["a", "b", "c"]), texts(300, ["a", "b", "d"])
    path = tmp_path / "real.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in real))
    mixed = [*texts(60, ["a", "b", "c"]), *texts(60, ["a", "b", "d"])]
    audit = {"text": mixed, "label": [1] * 60 + [0] * 60, "x": rng.normal(size=120).tolist()}
    one = learnt(Ensemble((Detector(str(path), folds=2), Reads("x")), audit=audit), {"text": pile})
    assert one.fit.member_areas[0].value > 0.95
    assert one.columns == ("text", "x")
    assert one.fit.weights[0].low > 0


def test_weights_of_ones_own():
    one = learnt(Ensemble((Reads("a"), Reads("b")), weights=(0.5, 2.0)))
    found = one.score({"a": [1.0, 2.0], "b": [3.0, None]})
    np.testing.assert_array_equal(found.scores, [6.5, np.nan])
    assert one.fit is None


def test_records_without_a_score_are_left_out_and_counted(rng):
    right, scores = conditionally(rng, 200, [1.0, 1.0])
    audit = as_columns(right, scores)
    audit["v1"][5] = audit["v0"][9] = None
    fit = learnt(Ensemble((Reads("v0"), Reads("v1")), audit=audit)).fit
    assert (fit.labels, fit.left_out) == (198, 2)
    assert any("left out (2)" in note for note in fit.notes)
    assert "mind: " in repr(fit)


def test_what_is_said(rng):
    right, scores = conditionally(rng, 90, [1.0, -1.0, 0.5, 0.2, 0.1])
    fit = weigh(named(scores), right)
    text = repr(fit)
    assert "ensemble of 5: 90 labels" in text
    assert "v1 counts against a record" in text
    assert "are few for 5 members" in text
    assert fit.to_dict()["members"]["v1"]["weight"]["high"] < 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"label": [1] * 60}, r"60 right and 0 wrong records .*at least 10 of each. Label more"),
        ({"label": [0] * 60}, "0 right and 60 wrong"),
        ({"label": [1] * 55 + [0] * 5}, "55 right and 5 wrong"),
        ({"label": [None] * 60}, r"no record with a label in 'label' \(60 have none\)"),
        ({"label": ["maybe"] * 60}, "'maybe', which is neither yes nor no"),
        ({"a": [2.0] * 60}, r"a gives all 60 records .* the score 2, so it tells nothing apart"),
        ({"a": [None] * 60}, r"0 right and 0 wrong records with scores \(60 more"),
        ({"c": ["one"] * 60}, "has 1 clusters, fewer than the 5 folds"),
        ({"c": [None] * 60}, "has nothing in 'c'"),
        ({"c": [*(["x"] * 30), *range(30)]}, "in a few clusters"),
    ],
    ids=str,
)
def test_an_audit_sample_without_use(change, says, rng):
    audit = {
        "a": rng.normal(size=60).tolist(), "b": rng.normal(size=60).tolist(),
        "label": [1] * 30 + [0] * 30, "c": list(range(60)), **change,
    }  # fmt: skip
    ensemble = Ensemble((Reads("a"), Reads("b")), audit=audit, cluster_column="c")
    with pytest.raises(InputError, match=says):
        learnt(ensemble)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"members": ()}, "got no members"),
        ({"members": (len,)}, "builtin_function_or_method as a member|len as a member"),
        ({"members": (Reads("a"), Reads("a"))}, "2 members called 'a'"),
        ({"audit": None}, "got neither"),
        ({"weights": (1.0,)}, "got both"),
        ({"audit": None, "weights": (1.0, 2.0)}, "for 1 members"),
        ({"audit": None, "weights": (float("nan"),)}, "one finite number"),
    ],
    ids=str,
)
def test_wrong_fields(fields, says):
    with pytest.raises(InputError, match=says):
        Ensemble(**{"members": (Reads("a"),), "audit": {"a": []}, **fields})


def test_wrong_arguments(rng):
    right, scores = conditionally(rng, 60, [1.0])
    for call, says in (
        (lambda: weigh({}, right), "at least one verifier"),
        (lambda: weigh(named(scores), right[:9]), "but there are 9 labels"),
        (lambda: weigh(named(scores), right, clusters=[1]), "1 clusters for 60 labels"),
        (lambda: weigh(named(scores), right, folds=1), "folds = 1"),
        (lambda: weigh(named(scores), right, confidence=95), "confidence = 95"),
        (lambda: learnt(Ensemble((Reads("a"),), audit={"a": [1.0]})), "column 'label'"),
        (lambda: learnt(Ensemble((Reads("a"),), audit={"label": [1]})), "column 'a'"),
    ):
        with pytest.raises(InputError, match=says):
            call()


# --- measured verifiers ---------------------------------------------------------------------


def rows_of(name):
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"no data at {path}")
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


def test_metrics_of_summaries_against_ratings():
    rows = rows_of("summeval/ratings.csv.gz")
    metrics = ("r1_first", "r1_mean11", "coverage", "density", "n_tokens")
    scores = {name: [float(row[name]) for row in rows] for name in metrics}
    right = np.array([float(row["relevance"]) >= 4 for row in rows])
    found = weigh(scores, right, clusters=[row["doc"] for row in rows])
    assert (found.labels, found.right, found.clusters) == (1600, 890, 100)
    assert found.area.value == pytest.approx(0.717, abs=0.01)
    assert found.gain.low > 0.02  # none of them says what all of them say
    assert found.reliability.error < 0.04
    assert found.correlation[2, 3] > 0.5  # both count what is copied
    factual = np.array([float(row["consistency"]) == 5 for row in rows])
    one = weigh(scores, factual, clusters=[row["doc"] for row in rows])
    assert one.gain.low < 0 < one.gain.high  # here a single one is as good


def test_language_models_as_judges():
    grades = defaultdict(dict)
    for row in rows_of("llm_judges/ratings.csv.gz"):
        if row["protocol"] == "Rating" and row["rating"]:
            at = (row["subset"], row["item"], row["is_good"], row["output"])
            grades[at][row["judge"]] = float(row["rating"])
    at = sorted(grades)
    scores = {
        judge: [grades[key].get(judge, np.nan) for key in at] for judge in ("ChatGPT", "GPT-4")
    }
    found = weigh(
        scores, np.array([key[2] == "1" for key in at]), clusters=[key[0] + key[1] for key in at]
    )
    assert found.clusters == 285
    assert found.member_areas[0].low < 0.5 < found.member_areas[0].high  # chance, on the whole
    assert found.member_areas[1].value == pytest.approx(0.839, abs=0.01)
    assert found.weights[0].high < 0  # where GPT-4 likes both alike, it likes the worse one
    assert found.gain.low > 0
    assert found.correlation[0, 1] == pytest.approx(0.33, abs=0.03)
