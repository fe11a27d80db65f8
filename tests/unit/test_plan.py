import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.errors import InputError
from modelcollapse.planning import from_file, parse_target, plan
from modelcollapse.prediction import predict
from modelcollapse.trials import interval

GAUSS = mc.Lineage(mc.Gaussian().exact(), mc.GaussianMLE(), mc.Replace(100), size=100)


def kept(share, generations=50, n=100):
    lineage = GAUSS.but(policy=mc.Mix(n, real=share))
    values = predict(lineage, "variance", [0, generations]).values
    return values[1] / values[0]


def test_by_theory_the_answer_holds_and_one_step_less_does_not():
    found = plan(GAUSS, {"variance": 0.9}, 50)
    assert found.confidence is None
    assert kept(found.answer) >= 0.9 > kept(found.fails)
    assert found.answer - found.fails == pytest.approx(0.01)
    assert found.monotone
    assert "by theory" in found.sentence


def test_simulation_agrees_with_theory_about_the_mean(monkeypatch):
    theory = plan(GAUSS, {"variance": 0.8}, 20)
    monkeypatch.setattr("modelcollapse.planning._theory", lambda *args: None)
    simulated = plan(GAUSS, {"variance": 0.8}, 20, replicates=2048, seed=3)
    assert simulated.confidence == 0.95
    # The simulated answer is known to hold, so it is not below the true one.
    assert simulated.answer >= theory.answer
    assert simulated.answer <= theory.answer + 0.05


def test_the_median_needs_more_real_records_than_the_mean():
    mean = plan(GAUSS, {"variance": 0.9}, 50)
    median = plan(GAUSS, {"variance": 0.9}, 50, of="median", seed=1)
    assert median.answer > mean.answer
    assert median.confidence == 0.95


def test_more_records_instead_of_real_ones():
    found = plan(GAUSS, {"variance": 0.9}, 50, vary="n")
    needed = int(found.answer)
    assert (1 - 1 / needed) ** 50 >= 0.9 > (1 - 1 / found.fails) ** 50
    assert found.sentence.count("records")


def test_accumulation_is_shown_beside():
    found = plan(GAUSS, {"variance": 0.9}, 50)
    assert found.accumulate.value == pytest.approx(0.9937, abs=1e-3)
    assert "Accumulating everything would keep 99%" in found.sentence


def test_a_target_that_holds_anyway_needs_nothing():
    found = plan(GAUSS, {"variance": 0.2}, 5)
    assert found.answer == 0
    assert found.fails is None


def test_a_target_that_nothing_can_hold_says_what_was_reached():
    with pytest.raises(
        InputError, match=r"no share of real records is seen to keep variance at 1\.5"
    ):
        plan(GAUSS, {"variance": 1.5}, 50)


def test_a_response_that_is_not_monotone_is_said_to_be_so(monkeypatch):
    values = {0.0: 0.95, 0.12: 0.5}

    def evaluate(lineage):
        real = getattr(lineage.policy, "shares", (0, 0, 0))[2]
        value = values.get(real, 0.99)
        return value, value, value, 0

    monkeypatch.setattr("modelcollapse.planning._theory", lambda *args: (evaluate, "made up"))
    found = plan(GAUSS, {"variance": 0.9}, 5)
    assert not found.monotone
    assert found.answer > 0.12
    assert "more is not always better" in found.sentence


def test_progress_is_told():
    said = []
    plan(GAUSS, {"tails": 0.5}, 3, replicates=16, say=said.append)
    assert said
    assert all("left" in line for line in said)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"keep": {"variance": 0.9, "tails": 0.9}}, "names 2 measures"),
        ({"keep": {"variance": 0.0}}, "a positive share"),
        ({"keep": {"variance": 0.9}, "generations": 0}, "at least 1"),
        ({"keep": {"variance": 0.9}, "vary": "reel"}, "Did you mean 'real'"),
        ({"keep": {"variance": 0.9}, "of": "mode"}, "'mode' is unknown"),
        ({"keep": {"variance": 0.9}, "confidence": 95}, "between 0 and 1"),
        ({"keep": {"varianse": 0.9}}, "Did you mean 'variance'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        plan(GAUSS, **arguments)


def test_a_policy_without_a_number_cannot_be_planned():
    with pytest.raises(InputError, match="nothing to vary"):
        plan(GAUSS.but(policy=lambda corpus, draw: draw.synthetic(5)), {"variance": 0.9})


def test_targets_on_the_command_line():
    assert parse_target("tails=0.9") == {"tails": 0.9}
    for wrong in ("tails", "tails=much", "=", ""):
        with pytest.raises(InputError, match="is no target"):
            parse_target(wrong)


def test_a_file_and_a_generator_make_a_lineage(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.random.default_rng(0).normal(size=(50, 2)))
    lineage = from_file(path, "sklearn.mixture:GaussianMixture", fresh=False, generations=3)
    assert (lineage.size, lineage.policy) == (40, mc.Replace(40))
    assert from_file(path, "sklearn.mixture:GaussianMixture", fresh=True, generations=3).size == 10


@pytest.mark.parametrize("of", ["mean", "median"])
def test_intervals_cover_as_often_as_they_say(of):
    rng = np.random.default_rng(4)
    true = {"mean": np.exp(0.5 * 0.3**2) * 0.7, "median": 0.7}[of]
    misses = 0
    for _ in range(1500):
        start = np.exp(0.2 * rng.standard_normal(60))
        end = start * 0.7 * np.exp(0.3 * rng.standard_normal(60))
        _, low, high = interval(start, end, of, 0.1)
        misses += not low <= true <= high
    # Ten per cent at most, with four standard errors of leeway; and not far below, or it is vague.
    assert 0.03 < misses / 1500 < 0.1 + 4 * np.sqrt(0.09 / 1500)


def test_too_few_readings_decide_nothing():
    value, low, high = interval(np.array([1.0, np.nan]), np.array([1.0, 1.0]), "mean", 0.1)
    assert np.isnan(value)
    assert (low, high) == (-np.inf, np.inf)
