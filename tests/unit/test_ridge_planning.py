"""Advice on ridge: the parts against brute force, the words, and what is refused."""

import json
import math

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.ridge_planning import Law, plan_ridge, plan_ridge_from_law
from modelcollapse.ridge_planning.choice import choose
from modelcollapse.ridge_planning.difference import USED_UP
from modelcollapse.ridge_planning.fits import Fits, default_penalties
from modelcollapse.ridge_planning.from_spec import plan_ridge_from_spec
from modelcollapse.ridge_planning.judge import judge, residual_noise
from modelcollapse.ridge_planning.table import read_table
from modelcollapse.theory import regression


@pytest.fixture
def table(rng):
    """Sixty real rows, and sixty of generation 5."""
    X = rng.normal(size=(120, 4)) * [1, 2, 0.5, 1]
    truth, depth = np.array([1.0, -1.0, 0.5, 0.0]), np.repeat([0, 5], 60)
    y = X @ truth + (depth > 0) * (X @ [0.5, 0.5, -1.0, 0.5]) + 0.5 * rng.normal(size=120)
    return X, y + 3.0, depth


# --- fits -----------------------------------------------------------------------------------


def brute_force(X, y, weights, alpha, intercept):
    """Ridge with an unpenalised column of ones."""
    design = np.column_stack([X, np.ones(len(X))]) if intercept else X
    penalty = alpha * np.eye(design.shape[1])
    if intercept:
        penalty[-1, -1] = 0
    return np.linalg.solve(design.T * weights @ design + penalty, design.T @ (weights * y)), design


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("n", [40, 7])
def test_fits_and_errors_left_out_against_brute_force(rng, n, intercept):
    X, weights = rng.normal(size=(n, 9)), rng.uniform(0.2, 1, n)
    y = rng.normal(size=n) + X[:, 0]
    fits = Fits(X, y, weights, np.array([0.1, 2.0]), intercept)
    for k, penalty in enumerate(fits.penalties):
        alpha = penalty * weights.sum()
        w, design = brute_force(X, y, weights, alpha, intercept)
        slopes, level = fits.coefficients(k)
        np.testing.assert_allclose([*slopes, level][: len(w)], w, rtol=1e-9)
        np.testing.assert_allclose(fits.fitted()[:, k], design @ w, rtol=1e-9, atol=1e-12)
        for i in range(n):
            keep = np.arange(n) != i
            other, _ = brute_force(X[keep], y[keep], weights[keep], alpha, intercept)
            assert fits.left_out()[i, k] == pytest.approx(y[i] - design[i] @ other, rel=1e-8)


def test_rows_of_no_weight_are_predicted_and_have_no_part(rng):
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    weights = np.repeat([1.0, 0.0], 10)
    some = Fits(X, y, weights, np.array([0.5]), True)
    few = Fits(X[:10], y[:10], np.ones(10), np.array([0.5]), True)
    np.testing.assert_allclose(some.coefficients(0)[0], few.coefficients(0)[0])
    np.testing.assert_allclose(some.left_out()[10:], (y[10:, None] - some.fitted()[10:]))
    np.testing.assert_allclose(some.left_out()[:10], few.left_out())


def test_an_interpolating_fit_says_nothing(rng):
    fits = Fits(rng.normal(size=(5, 8)), rng.normal(size=5), np.ones(5), np.zeros(1), False)
    assert np.isinf(fits.left_out()).all()


def test_default_penalties_reach_from_hardly_any_to_all(rng):
    X = rng.normal(size=(200, 30)) * np.arange(1, 31.0) ** -1
    grid = default_penalties(X)
    fits = Fits(X, X[:, 0], np.ones(200), grid, True)
    assert fits.degrees[0] > 29
    assert fits.degrees[-1] < 0.05
    assert len(default_penalties(np.ones((5, 2)))) > 1


def test_distance_is_that_of_the_maps(rng):
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    a = Fits(X, y, np.ones(30), np.array([0.1, 1.0]), False)
    b = Fits(X, y, rng.uniform(0, 1, 30), np.array([0.3]), False)

    def operator(fits, k):
        return (fits._axes.T * fits.kept[:, k]) @ fits._axes

    expected = np.sum((operator(a, 1) - operator(b, 0)) ** 2)
    assert a.distance(1, b, 0) == pytest.approx(expected)
    assert a.distance(1, a, 1) == pytest.approx(0, abs=1e-12)


# --- judges ---------------------------------------------------------------------------------


def test_many_real_rows_judge_alone(table):
    X, y, depth = table
    found = judge(X, y, depth, generator_records=None, generator_noise=None, fit_intercept=True)
    assert found.rows.tolist() == (depth == 0).tolist()
    assert found.noise is None
    assert found.constant == 0


def test_few_real_rows_need_to_know_the_generators(table):
    X, y, depth = table
    depth = np.where(np.arange(120) < 29, 0, 5)
    with pytest.raises(InputError, match="29 of 120 rows are real, and 30 are needed"):
        choose(X, y, depth)
    found = judge(X, y, depth, generator_records=50, generator_noise=0.5, fit_intercept=True)
    assert found.rows.all()
    drift = regression.drift_variance(
        1, dimension=4, generator_records=50, generator_noise=0.5, intercept=True
    )
    assert found.drift == pytest.approx(drift)
    assert found.level_drift == pytest.approx(0.25 * (50 - 2) / (50 * (50 - 4 - 2)))
    # a real row shares no generator, a row of generation 5 shares all five with 91 of 120
    assert found.shared[0] == 0
    assert found.shared[-1] == pytest.approx(5 * 91 / 120)


def test_noise_is_that_of_residuals_within_generations(table):
    X, y, depth = table
    found = residual_noise(X, y, depth, True)
    assert found.freedom == 2 * (60 - 5)
    assert found.variance == pytest.approx(0.25, rel=0.3)
    # across generations the drift would count as noise
    assert residual_noise(X, y, np.ones(120, dtype=int), True).variance > 1.7 * found.variance
    with pytest.raises(InputError, match="generator_noise"):
        residual_noise(X[:4], y[:4], np.zeros(4, dtype=int), True)


def test_a_column_that_repeats_another_is_no_direction(table):
    X, y, _ = table
    depth = np.full(120, 3)
    about = {"generator_records": 20, "generator_noise": 1.0, "fit_intercept": True}
    one = judge(X, y, depth, **about)
    two = judge(np.column_stack([X, X[:, 0], np.ones(120)]), y, depth, **about)
    assert one.directions == two.directions == 4
    assert one.drift == two.drift


# --- choice ---------------------------------------------------------------------------------


def test_the_choice_is_the_least_of_the_path(table):
    X, y, depth = table
    choice = choose(X, y, depth)
    w, p = np.unravel_index(choice.path.argmin(), choice.path.shape)
    assert choice.chosen.weight == choice.weights[w]
    assert choice.chosen.penalty == choice.penalties[p]
    assert choice.chosen.error == choice.path.min()
    assert choice.chosen.alpha == pytest.approx(
        choice.chosen.penalty * (60 + 60 * choice.chosen.weight)
    )
    assert choice.classical.weight == 1
    assert choice.gain.shown
    assert choice.alone.weight == 0 < choice.mixed.weight


def test_weights_can_be_settled(table):
    X, y, depth = table
    choice = choose(X, y, depth, weights=[1.0], penalties=[0.1, 1.0])
    assert choice.path.shape == (1, 2)
    assert choice.alone is None
    assert choice.mixing is None


def test_fits_close_to_interpolation_are_not_chosen(rng):
    X = rng.normal(size=(34 + 100, 32))
    depth = np.repeat([0, 1], [34, 100])
    y = X[:, 0] + rng.normal(size=134) + depth * 5 * X[:, 1]
    choice = choose(X, y, depth)
    records = 34 + 100 * choice.chosen.weight
    assert choice.chosen.degrees <= USED_UP * records


def test_a_row_that_alone_has_an_input_is_not_reproduced(table):
    X, y, depth = table
    for row in (0, 119):  # a real one, a synthetic one
        own = np.column_stack([X, np.arange(120) == row])
        choice = choose(own, y, depth, penalties=[0.0, 0.01, 0.1])
        assert choice.chosen.penalty > 0
        assert choice.classical.penalty > 0
        assert np.isfinite([choice.gain.low, choice.gain.high]).all()


def test_units_of_the_outcome_do_not_matter(table):
    X, y, _ = table
    depth = np.full(120, 2)
    one = choose(X, y, depth, generator_records=30)
    ten = choose(X, 10 * y, depth, generator_records=30)
    assert one.chosen.penalty == ten.chosen.penalty
    assert ten.gain.value == pytest.approx(100 * one.gain.value)
    assert ten.gain.high == pytest.approx(100 * one.gain.high)


# --- words ----------------------------------------------------------------------------------


def test_real_rows_alone_leave_the_classical_choice(table):
    X, y, _ = table
    plan = plan_ridge(X, y)
    assert plan.sentence.startswith("all 120 rows are taken as real")
    assert plan.choice.gain.value == 0
    assert plan.notes == []


def test_a_gain_that_is_shown(table):
    plan = mc.plan_ridge(*table, goal=0.05)
    assert re_number(plan.sentence, "use a penalty of ") == pytest.approx(
        plan.choice.chosen.penalty, rel=0.01
    )
    assert "falls by" in plan.sentence
    assert "judged by: leave-one-out errors on 60 real rows" in repr(plan)
    assert any("synthetic rows" in note for note in plan.notes)
    assert any("reach an excess error of 0.05" in note for note in plan.notes)
    noise = residual_noise(*table, True).variance ** 0.5
    # Four slopes and an intercept, exactly.
    n, d = np.array([plan.real_for_goal, plan.real_for_goal - 1]), 4
    enough, fewer = noise**2 * ((n + 1) * (n - 2) / (n * (n - d - 2)) - 1)
    assert enough <= 0.05 < fewer


def re_number(text, before):
    return float(text.split(before)[1].split()[0])


def test_a_gain_that_is_not_shown(rng):
    X = rng.normal(size=(60, 3))
    y = X @ [1.0, 1.0, 1.0] + rng.normal(size=60)
    plan = plan_ridge(X, y, generations=5, generator_records=1000)
    assert plan.sentence.startswith("no difference can be shown")
    assert plan.choice.gain.low <= 0 <= plan.choice.gain.high
    assert "corrected for 5 generations of least squares on 1000 records" in repr(plan)
    assert plan.worth < 60
    weight = regression.synthetic_record_weight(
        5, 60, dimension=3, generator_records=999, noise=1.0
    )
    assert plan.worth == pytest.approx(60 * weight)
    assert plan.worthless_from == pytest.approx(999, rel=0.5)


def test_the_same_choice_gains_nothing(rng):
    X = rng.normal(size=(60, 3))
    y = X @ [1.0, 1.0, 1.0] + rng.normal(size=60)
    plan = plan_ridge(X, y, generations=1, generator_records=1e6)
    assert plan.choice.gain.value == plan.choice.gain.low == plan.choice.gain.high == 0
    assert plan.sentence.startswith("the classical choice holds here")


def test_plans_as_json(table):
    X, y, depth = table
    for plan in (
        plan_ridge(X, y, depth),
        plan_ridge(X, y),
        plan_ridge(X, y, generations=4, generator_records=30, goal=1.0, penalties=[0, 1]),
        plan_ridge(X[:, :1] * 0 + 1, y, generations=4, generator_records=30, generator_noise=9),
    ):
        plain = json.loads(plan.to_json())
        assert plain["sentence"] == plan.sentence
        assert plain["gain"]["value"] == plan.choice.gain.value


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": np.r_[np.nan, np.ones(11)]}, "target holds 1 missing or infinite value,"),
        ({"X": np.full((12, 2), np.inf)}, "inputs hold 24 missing or infinite values,"),
        ({"y": np.full(12, 3.0)}, "target is 3 in every row"),
        ({"X": np.ones((9, 2)), "y": np.ones(9)}, "there are 9 rows"),
        ({"X": np.ones((12, 0))}, "no table"),
        ({"y": np.ones(11)}, "no table"),
        ({"X": [["a", "b"]] * 12}, "must be numbers"),
        ({"generations": -1}, "Use a whole number from 0"),
        ({"generations": 1.5}, "Use a whole number from 0"),
        ({"generation": np.full(12, 0.5)}, "no whole number from 0"),
        ({"generation": np.full(12, np.nan)}, "no whole number from 0"),
        ({"generation": ["real"] * 12}, "no whole number from 0"),
        ({"generation": np.zeros(3)}, "12 rows and each needs one label"),
        ({"generations": 1}, "0 of 12 rows are real"),
        ({"generations": 1, "generator_records": 4}, "infinite for one record less"),
        ({"generations": 1, "generator_records": 1}, "at least dimension \\+ 3"),
        ({"generations": 1, "generator_records": 50, "generator_noise": -1.0}, "generator_noise"),
        ({"penalties": [-1.0]}, "penalties must be finite numbers from 0"),
        ({"penalties": []}, "penalties must be finite numbers from 0"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"goal": 0.0}, "goal is 0.0"),
    ],
)
def test_wrong_input_is_refused(rng, changes, message):
    given = {"X": rng.normal(size=(12, 2)), "y": rng.normal(size=12), **changes}
    with pytest.raises(InputError, match=message) as caught:
        plan_ridge(given.pop("X"), given.pop("y"), **given)
    assert str(caught.value).endswith(".")


def test_penalties_that_interpolate_leave_nothing_to_choose_from(rng):
    X, y = rng.normal(size=(12, 20)), rng.normal(size=12)
    with pytest.raises(InputError, match="every candidate penalty"):
        plan_ridge(X, y, penalties=[0.0])


# --- theory ---------------------------------------------------------------------------------

LAW = Law(np.ones(300), np.full(300, 300**-0.5), noise=0.1)
CHAIN = {"generator_records": 600, "generator_noise": 0.2}


def test_the_isotropic_figure():
    found = plan_ridge_from_law(LAW, generations=10, records=1000, **CHAIN)
    assert found.penalty == pytest.approx(0.271772, rel=1e-3)
    assert found.error == pytest.approx(0.307958, rel=1e-5)
    assert found.clean_error == pytest.approx(0.004260, abs=1e-6)
    assert found.classical_penalty == pytest.approx(0.003, rel=1e-3)
    assert found.null_error == pytest.approx(1)
    assert found.sentence.startswith("after 10 generations use a penalty of 0.272 ")
    json.loads(found.to_json())


def about(law, **changes):
    return {
        "eigenvalues": law.eigenvalues, "coefficients": law.coefficients, "noise": law.noise,
        **CHAIN, **changes,
    }  # fmt: skip


def test_numbers_at_which_advice_turns():
    found = plan_ridge_from_law(LAW, generations=3, records=1000, real=400, goal=0.02, **CHAIN)

    def best(t, n):
        return float(regression.optimal_penalty(t, n, **about(LAW)).error)

    def classical(t):
        return float(regression.chain_error(t, 1000, found.classical_penalty, **about(LAW)).total)

    assert best(0, found.worth) <= found.error < best(0, found.worth - 1)
    assert best(0, found.real_for_goal) <= 0.02 < best(0, found.real_for_goal - 1)
    assert found.real_error == pytest.approx(best(0, 400))
    assert best(found.break_even, 1000) >= found.real_error > best(found.break_even - 1, 1000)
    assert classical(found.worthless_from) >= 1 > classical(found.worthless_from - 1)


def test_mixing_real_and_synthetic_records():
    found = plan_ridge_from_law(LAW, generations=3, records=1000, real=400, **CHAIN)
    drift = regression.drift_variance(3, dimension=300, generator_records=600, generator_noise=0.2)
    grid = np.geomspace(1e-5, 100, 3000)

    def mixed(count):
        return regression.mixed_error(
            400, count, grid, eigenvalues=LAW.eigenvalues, coefficients=LAW.coefficients,
            defect=np.full(300, drift), noise=0.1,
        ).total.min()  # fmt: skip

    assert found.pooled_error == pytest.approx(mixed(1000), rel=1e-4)
    assert found.best_error == pytest.approx(mixed(found.best_synthetic), rel=1e-4)
    assert found.best_error <= min(found.pooled_error, found.real_error * (1 + 1e-4))
    assert found.weight == pytest.approx(1 / (1 + 1000 * drift / 0.01))
    assert found.loop_weight == pytest.approx(float(regression.optimal_weight(400, 1000)))
    # many perfect records are all welcome
    good = plan_ridge_from_law(LAW, generations=1, records=1000, real=400, generator_records=1e9)
    assert good.best_synthetic == 1000
    assert "all is best" in repr(good)


def test_clean_data_and_generators_that_forget():
    clean = plan_ridge_from_law(LAW, generations=0, records=1000, **CHAIN)
    assert clean.error == clean.classical_error == clean.clean_error
    assert clean.sentence.startswith("on clean data")
    few = plan_ridge_from_law(LAW, generations=3, records=500, generator_records=100, real=50)
    assert few.pooled_error is None
    assert few.error < few.classical_error
    never = plan_ridge_from_law(LAW, generations=1, records=1000, generator_records=1e9)
    assert never.worthless_from is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generator_records": 301}, "infinite expected error"),
        ({"generator_records": 300}, "infinite expected error"),
        ({"records": 0}, "n must be at least 1"),
        ({"real": -1}, "counts records"),
        ({"goal": -1.0}, "excess squared error"),
        ({"generator_penalty": -1.0}, "generator_penalty"),
    ],
)
def test_wrong_chains_are_refused(changes, message):
    given = {"generations": 2, "records": 1000, **CHAIN, **changes}
    with pytest.raises(InputError, match=message):
        plan_ridge_from_law(LAW, **given)


def test_laws():
    teacher = mc.PowerLawTeacher(20, noise=0.5)
    law = Law.of(teacher)
    np.testing.assert_allclose(law.eigenvalues, np.arange(1, 21.0) ** -2)
    assert law.noise == 0.5
    with pytest.raises(Incompatible, match="no linear truth"):
        Law.of(mc.Gaussian())
    with pytest.raises(Incompatible, match="no linear truth"):
        Law.of(mc.IsotropicTeacher(3, response="sign"))
    with pytest.raises(Incompatible, match="several outcomes"):
        Law.of(mc.LinearTeacher([[1.0, 0.0], [0.0, 1.0]]))
    with pytest.raises(InputError, match="without noise"):
        Law(np.ones(2), np.ones(2), 0.0)
    with pytest.raises(InputError, match="all coefficients are 0"):
        Law(np.ones(2), np.zeros(2), 1.0)
    assert math.isfinite(Law.of(mc.LinearTeacher([1.0, 2.0])).noise)


CHAIN_SPEC = """
truth: {type: power_law_teacher, d: 20, noise: 0.5}
learner: {type: ridge, penalty: 0.0}
size: 60
policies:
  accumulate: {type: accumulate, n: 60}
  replace: {type: replace, n: 60}
generations: 7
"""


def test_the_chain_of_a_spec(tmp_path):
    path = tmp_path / "chain.yaml"
    path.write_text(CHAIN_SPEC)
    law = Law.of(mc.PowerLawTeacher(20, noise=0.5))
    expected = plan_ridge_from_law(law, generations=7, records=60, generator_records=60)
    assert plan_ridge_from_spec(path).to_dict() == expected.to_dict()
    path.write_text(CHAIN_SPEC.replace("penalty: 0.0", "penalty: 0.1"))
    expected = plan_ridge_from_law(
        law, generations=2, records=500, generator_records=60, generator_penalty=0.1
    )
    assert plan_ridge_from_spec(path, generations=2, records=500).to_dict() == expected.to_dict()


@pytest.mark.parametrize(
    ("message", "old", "new"),
    [
        ("infinite expected error", "60", "21"),
        ("no ridge on the inputs", "type: ridge, penalty: 0.0", "type: ridge, width: 5"),
        ("no policy that replaces all 60", "replace, n: 60", "replace, n: 50"),
        ("a curator or a budget", "size: 60", "size: 60\nbudget: 50"),
        ("no linear truth", "noise: 0.5", "noise: 0.5, response: sign"),
        ("share their inputs", "noise: 0.5}", "noise: 0.5, same_inputs: true}"),
    ],
)
def test_chains_that_theory_does_not_cover_are_refused(tmp_path, message, old, new):
    path = tmp_path / "chain.yaml"
    text = CHAIN_SPEC.replace(old, new)
    if "same_inputs" in new:
        text = text.replace("penalty: 0.0", "penalty: 0.1")
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        plan_ridge_from_spec(path)


# --- tables ---------------------------------------------------------------------------------


def test_the_same_table_in_every_format(tmp_path, table):
    import polars

    X, y, depth = table
    columns = {f"x{i}": X[:, i] for i in range(4)} | {"y": y, "depth": depth}
    frame = polars.DataFrame(columns)
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ndjson(tmp_path / "t.jsonl")
    for name in ("t.csv", "t.parquet", "t.jsonl"):
        found = read_table(tmp_path / name, "y", generation="depth", leave_out=("x3",))
        assert found.names == ("x0", "x1", "x2")
        np.testing.assert_allclose(found.inputs, X[:, :3])
        np.testing.assert_allclose(found.target, y)
        assert found.generation.tolist() == depth.tolist()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "a,y\n1,2\nred,3\n", "column 'a' of .* holds 'red' in record 2"),
        ("t.csv", "a,b\n1,2\n", "no column 'y'"),
        ("t.csv", "a,a,y\n1,2,3\n", "more than one column 'a'"),
        ("t.csv", "a,y\n1\n", "record 1 of .* has 1 fields"),
        ("t.csv", "", "holds no records"),
        ("t.csv", "y\n1\n", "no column left for the inputs"),
        ("t.jsonl", '{"a": 1, "y": [2]}\n', r"holds \[2\] in record 1"),
        ("t.jsonl", "[1]\n", "is not an object"),
        ("t.jsonl", "{\n", "is not JSON"),
        ("t.txt", "1\n", "cannot tell the format"),
        ("t.csv", b"\xff\xfe,y\n", "not valid UTF-8"),
    ],
)
def test_wrong_files_are_refused(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=message):
        read_table(path, "y")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*nowhere\.csv"):
        read_table(tmp_path / "nowhere.csv", "y")


def test_an_empty_field_is_missing(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n1,2\n,3\n")
    assert np.isnan(read_table(tmp_path / "t.csv", "y").inputs[1, 0])
