"""A detector of generated records, and what it is made of."""

import csv
import gzip
import json
import os
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from modelcollapse.errors import InputError
from modelcollapse.fingerprint import fingerprint
from modelcollapse.protocols import Learning, Verifier
from modelcollapse.verifiers.calibration import Sigmoid, Steps, calibrate, reliability
from modelcollapse.verifiers.detector import Detector
from modelcollapse.verifiers.ranking import areas

DATA = Path(os.environ.get("MODELCOLLAPSE_DATA", "../shared/data")) / "human_vs_llm"


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def texts(rng, n, weights):
    """Texts of 12 words with these frequencies, a number each so that they differ."""
    words = np.array([f"w{i}" for i in range(len(weights))])
    p = np.asarray(weights) / np.sum(weights)
    return [" ".join([*rng.choice(words, 12, p=p), f"n{i}"]) for i in range(n)]


FLAT, STEEP = np.ones(30), np.arange(1, 31.0) ** -0.7


@pytest.fixture
def piles(rng, tmp_path):
    real = written(tmp_path / "real.jsonl", [{"text": text} for text in texts(rng, 600, FLAT)])
    return real, texts(rng, 900, STEEP)


def learnt(detector, *batches):
    return detector.learn(lambda: iter(batches))


# --- the main path --------------------------------------------------------------------------


def test_what_looks_real_scores_higher(piles, rng):
    real, pile = piles
    one = learnt(Detector(real), {"text": pile})
    more_real = texts(rng, 300, FLAT)
    more_written = texts(rng, 300, STEEP)
    found = one.score({"text": [*more_real, *more_written]}).scores
    truth = np.repeat([True, False], 300)
    area = roc_auc_score(truth, found)
    assert area > 0.75
    # what it says of itself holds for records it has never met
    assert one.quality.area[1] - 0.03 < area < one.quality.area[2] + 0.03
    assert one.quality.reliability.error < 0.06
    assert abs(np.mean(found) - 0.5) < 0.05  # as if half of all were real
    assert isinstance(one, Verifier)
    assert isinstance(Detector(real), Learning)
    assert "area under the ROC curve" in repr(one.quality)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_probabilities_are_calibrated_for_new_records(method, rng, tmp_path):
    # Numbers whose true odds are known: normal laws one apart.
    def rows(n, mean):
        return [{"x": float(x)} for x in rng.normal(mean, 1.0, n)]

    real = written(tmp_path / "real.jsonl", rows(4000, 1.0))
    pile = [row["x"] for row in rows(4000, 0.0)]
    one = learnt(Detector(real, numbers=("x",), calibration=method), {"x": pile})
    at = np.linspace(-1.5, 2.5, 41)
    error = np.abs(one.score({"x": at.tolist()}).scores - expit(at - 0.5))
    assert error.max() < (0.04 if method == "sigmoid" else 0.12)
    assert abs(one.quality.area[0] - 0.7602) < 0.02  # Phi(1 / sqrt(2))


def test_a_detector_never_judges_what_it_was_taught(rng, tmp_path):
    # Labels without any meaning: only a detector that has seen the record could know them.
    real = written(tmp_path / "r.jsonl", [{"text": t} for t in texts(rng, 400, np.ones(3000))])
    pile = texts(rng, 400, np.ones(3000))
    one = learnt(Detector(real), {"text": pile})
    assert abs(one.quality.area[0] - 0.5) < 0.06
    assert abs(one.score({"text": pile}).scores.mean() - 0.5) < 0.06


def test_records_that_nearly_repeat_others_need_a_group(rng, tmp_path):
    # Real texts cut in four ways: without the group each is known by heart from its like.
    documents = texts(rng, 150, np.ones(3000))
    cuts = [
        {"text": document[k:], "document": i}
        for i, document in enumerate(documents) for k in (0, 1, 2, 3)
    ]  # fmt: skip
    real = written(tmp_path / "real.jsonl", cuts)
    pile = {"text": texts(rng, 600, np.ones(3000)), "document": [f"g{i}" for i in range(600)]}
    alone = learnt(Detector(real), pile).quality
    grouped = learnt(Detector(real, group="document"), pile).quality
    assert alone.area[0] > 0.9
    assert grouped.area[1] < 0.55


# --- independence of order, batches, workers ------------------------------------------------


def test_neither_order_nor_batches_matter(piles, tmp_path):
    real, pile = piles
    detector = Detector(real, most=300)
    one = learnt(detector, {"text": pile})
    lines = Path(real).read_text().splitlines(keepends=True)
    Path(real).write_text("".join(lines[::-1]))
    cut = [{"text": pile[::-1][i : i + 70]} for i in range(0, len(pile), 70)]
    two = learnt(detector, *cut)
    assert two.quality == one.quality
    whole = one.score({"text": pile}).scores
    np.testing.assert_array_equal(two.score({"text": pile}).scores, whole)
    np.testing.assert_array_equal(one.score({"text": pile[::-1]}).scores[::-1], whole)
    single = [one.score({"text": [text]}).scores[0] for text in pile[:40]]
    np.testing.assert_array_equal(single, whole[:40])
    again = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(again.score({"text": pile}).scores, whole)


def test_numbers_are_scored_one_by_one_too(rng, tmp_path):
    rows = [{"a": float(a), "b": float(b)} for a, b in rng.normal(size=(200, 2))]
    real = written(tmp_path / "real.jsonl", rows)
    a, b = rng.normal(1.0, size=(2, 203)).tolist()
    one = learnt(Detector(real, numbers=("a", "b")), {"a": a, "b": b})
    whole = one.score({"a": a, "b": b}).scores
    parts = [one.score({"a": a[i : i + 7], "b": b[i : i + 7]}).scores for i in range(0, 203, 7)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_equal_records_are_in_one_part(piles):
    real, pile = piles
    same = json.loads(Path(real).read_text().splitlines()[0])["text"]
    detector = Detector(real)
    parts = {record.like % 5 for record in detector.read({"text": [same, *pile[:9], same]})[::10]}
    assert len(parts) == 1
    # written as often as it is real, so nothing can be known of it but by its like
    one = learnt(detector, {"text": [same] * 300 + pile})
    assert one.quality.generated == 901


def test_repeats_count_as_often_as_they_are_met(rng, tmp_path):
    real = written(tmp_path / "real.jsonl", [{"x": float(x)} for x in rng.normal(size=500)])
    pile = rng.normal(size=500).tolist()
    once = learnt(Detector(real, numbers=("x",)), {"x": pile})
    often = learnt(Detector(real, numbers=("x",)), {"x": [*pile, *[x for x in pile if x > 1] * 20]})
    assert once.quality.generated == often.quality.generated == 500
    at = {"x": [2.0]}
    assert often.score(at).scores[0] < once.score(at).scores[0] - 0.1


def test_the_sample_is_bounded_and_so_is_memory(rng, tmp_path):
    real = written(tmp_path / "real.jsonl", [{"text": t} for t in texts(rng, 300, FLAT)])

    def peak(n):
        def batches():
            for i in range(n):
                yield {"text": [f"some words that are new {i} {j} " * 20 for j in range(50)]}

        detector = Detector(real, most=100, folds=2)
        tracemalloc.start()
        one = detector.learn(batches)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (one.quality.real, one.quality.generated) == (100, 100)
        return most

    peak(4)  # what is imported and made once
    assert peak(80) < 1.2 * peak(8)


# --- records that cannot be read ------------------------------------------------------------


def test_what_cannot_be_read_takes_no_other_along(piles):
    real, pile = piles
    one = learnt(Detector(real), {"text": [None, *pile]})
    found = one.score({"text": [pile[0], None, 7, "", pile[1]]})
    assert found.failures == {
        1: "there is nothing in 'text'", 2: "'text' holds no text but a number"
    }  # fmt: skip
    assert np.isfinite(found.scores[[0, 3, 4]]).all()
    assert one.score({"text": []}).scores.shape == (0,)


def test_numbers_that_cannot_be_read(rng, tmp_path):
    real = written(tmp_path / "real.jsonl", [{"x": float(x)} for x in rng.normal(size=200)])
    one = learnt(Detector(real, numbers=("x",)), {"x": [*rng.normal(size=200), None]})
    found = one.score({"x": [None, "many", float("nan"), "inf", "0.5", 0.5]})
    assert list(found.failures.values()) == [
        "there is nothing in 'x'", "'x' holds no number", "there is nothing in 'x'",
        "'x' holds no finite number",
    ]  # fmt: skip
    assert found.scores[4] == found.scores[5]


def test_a_changed_file_of_real_records_is_another_detector(piles):
    real, _ = piles
    before = fingerprint(Detector(real))
    assert before == fingerprint(Detector(real))
    with Path(real).open("a") as file:
        file.write('{"text": "one more"}\n')
    assert fingerprint(Detector(real)) != before


def test_wrong_fields():
    for fields, says in (
        ({"real": ""}, "needs real records"),
        ({"folds": 1}, "folds = 1"),
        ({"most": 5}, "most = 5"),
        ({"calibration": "sigmoidal"}, "no calibration 'sigmoidal'. Did you mean 'sigmoid'"),
    ):
        with pytest.raises(InputError, match=says):
            Detector(**{"real": "x", **fields})
    assert Detector("x").name == "detector"
    assert Detector("x", label="mine", numbers=("a", "b"), group="c").columns == ("a", "b", "c")


def test_wrong_records(piles, tmp_path):
    real, pile = piles
    with pytest.raises(InputError, match="reads the column 'body'"):
        learnt(Detector(real, text="body"), {"text": pile})
    with pytest.raises(InputError, match="reads the column 'text'"):
        learnt(Detector(real), {"body": pile})
    few = written(tmp_path / "few.jsonl", [{"text": f"a {i}"} for i in range(8)])
    with pytest.raises(InputError, match="8 different records that are real, too few"):
        learnt(Detector(few), {"text": pile})
    with pytest.raises(InputError, match=r"1 different .* to be scored, and 2 that cannot be read"):
        learnt(Detector(real), {"text": ["same"] * 90 + [None, None]})
    grouped = {"text": pile, "group": ["one"] * len(pile)}
    rows = [{"text": t, "group": i} for i, t in enumerate(pile)]
    with pytest.raises(InputError, match="Give more records, or groups of them, or fewer folds"):
        learnt(Detector(written(tmp_path / "g.jsonl", rows), group="group"), grouped)


# --- parts ----------------------------------------------------------------------------------


def test_areas_and_their_intervals(rng):
    right = rng.random(120) < 0.4
    scores = np.stack([rng.normal(right, 1.0), rng.integers(0, 3, 120) + right])
    found = areas(scores, right, np.arange(120))
    for value, row in zip(found.values, scores, strict=True):
        assert value == pytest.approx(roc_auc_score(right, row), abs=1e-12)
    # DeLong's covariance, by its definition
    ahead = [
        (row[right][:, None] > row[~right]) + 0.5 * (row[right][:, None] == row[~right])
        for row in scores
    ]
    one, two = (np.cov([each.mean(axis=a) for each in ahead]) for a in (1, 0))
    expected = one / right.sum() + two / (~right).sum()
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-12)
    value, low, high = found.difference(0, 1)
    assert low < value == found.values[0] - found.values[1] < high


def test_intervals_of_areas_cover(rng):
    truth, hits, n = 0.7602499389, 0, 400  # Phi(1 / sqrt(2))
    for _ in range(n):
        right = np.repeat([True, False], [40, 60])
        # every second record repeats the one before: clusters of two
        right, noise = np.repeat(right[::2], 2), np.repeat(rng.normal(size=50), 2)
        found = areas((right + noise)[None], right, np.repeat(np.arange(50), 2))
        low, high = found.interval(0)
        hits += low <= truth <= high
        apart = areas((right + noise)[None], right, np.arange(100))
        assert apart.covariance[0, 0] < 0.6 * found.covariance[0, 0]  # the negative control
    assert abs(hits / n - 0.95) < 4 * np.sqrt(0.95 * 0.05 / n)


def test_perfect_order_has_an_interval_too():
    right = np.repeat([True, False], 20)
    low, high = areas(right[None].astype(float), right, np.arange(40)).interval(0)
    assert high == 1
    assert low == pytest.approx(0.025 ** (1 / 20))
    alone = areas(np.array([[1.0, 0.0]]), np.array([True, False]), np.arange(2))
    assert alone.interval(0) == (0.0, 1.0)
    assert alone.difference(0, 0) == (0.0, -1.0, 1.0)


def test_calibration_by_two_parameters(rng):
    scores = rng.normal(size=20_000)
    truth = rng.random(20_000) < expit(2 * scores - 1)
    rule = calibrate(scores, truth, np.ones(20_000), "sigmoid")
    assert isinstance(rule, Sigmoid)
    assert (rule.slope, rule.intercept) == pytest.approx((2, -1), abs=0.1)
    falling = calibrate(scores, ~truth, np.ones(20_000), "sigmoid")
    assert falling.slope == 0
    np.testing.assert_allclose(falling.chances(scores), 1 - truth.mean())
    perfect = calibrate(np.arange(40.0), np.arange(40) > 19, np.ones(40), "sigmoid")
    assert 0 < perfect.chances(np.array([0.0]))[0] < 0.5 < perfect.chances(np.array([39.0]))[0] < 1


def test_calibration_by_steps(rng):
    scores = rng.random(20_000)
    truth = rng.random(20_000) < scores**2
    rule = calibrate(scores, truth, np.ones(20_000), "isotonic")
    assert isinstance(rule, Steps)
    at = np.linspace(0.05, 0.95, 19)
    assert np.abs(rule.chances(at) - at**2).max() < 0.06
    assert 0 < rule.chances(np.array([-9.0]))[0] < rule.chances(np.array([9.0]))[0] < 1
    good = reliability(rule.chances(scores), truth, np.ones(20_000))
    bad = reliability(scores, truth, np.ones(20_000))
    assert good.error < 0.01 < 0.1 < bad.error
    assert good.brier < bad.brier
    assert sum(n for _, _, n in good.table) == 20_000


# --- real texts -----------------------------------------------------------------------------


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no data at {DATA}")
@pytest.mark.parametrize(("name", "area"), [("squad", 0.758), ("writing_api", 0.90)])
def test_human_and_machine_texts(name, area, tmp_path):
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    first = rows[0]["generator"]

    def after(row, side):
        return row[side][row["shared_prefix"] :]

    every = [{"text": after(row, "human"), "pair": row["pair"]} for row in rows]
    own = [each for each, row in zip(every, rows, strict=True) if row["generator"] == first]
    pile = {"text": [after(row, "model") for row in rows], "pair": [row["pair"] for row in rows]}
    one = learnt(Detector(written(tmp_path / "own.jsonl", own), group="pair"), pile).quality
    assert one.area[0] == pytest.approx(area, abs=0.01)
    assert one.reliability.error < 0.06
    # every human text once for each generator, cut a little differently: known by heart
    apart = learnt(Detector(written(tmp_path / "every.jsonl", every)), pile).quality
    assert apart.area[0] > one.area[2]


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no data at {DATA}")
def test_a_hard_cut_on_detectors_removes_a_minority():
    with gzip.open(DATA.parent / "ai_text_detectors" / "scores.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = {}
    for essays in ("CollegeEssay_real_70", "TOEFL_real_91"):
        for name in {row["detector"] for row in rows}:
            own = [r for r in rows if (r["set"], r["detector"]) == (essays, name)]
            kept[essays, name] = np.mean([float(r["ai_score"]) < 0.5 for r in own])
    native = [share for (essays, _), share in kept.items() if essays.startswith("College")]
    other = [share for (essays, _), share in kept.items() if essays.startswith("TOEFL")]
    assert (len(native), len(other)) == (7, 7)
    assert min(native) == pytest.approx(0.957, abs=5e-4)
    assert (min(other), max(other)) == pytest.approx((0.242, 0.484), abs=5e-4)
