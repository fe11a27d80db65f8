"""Counterfactual worlds, the arithmetic of the parts, and the measures."""

import json
from dataclasses import dataclass, replace
from itertools import permutations
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.decomposition import (
    Decomposition,
    EnergyError,
    ExcessCrossEntropy,
    decompose,
    enlarged,
    exact_fit,
    richer_family,
)
from modelcollapse.decomposition.counterfactuals import SOURCES, WORLDS, affordable, contains
from modelcollapse.decomposition.picture import write
from modelcollapse.decomposition.result import extrapolated
from modelcollapse.errors import Degenerate, Incompatible, InputError
from modelcollapse.families.mixture_truth import GaussianMixtureTruth

PEAKS = GaussianMixtureTruth([-2.0, 2.0])


def peaks(n=40, **changes):
    return mc.Lineage(PEAKS, mc.GaussianMLE(), mc.Replace(n), size=n).but(**changes)


@pytest.fixture(scope="module")
def small():
    """Decomposition of two peaks under one Gaussian, with a nested pair of learners."""
    return decompose(
        peaks(), 2, replicates=4, richer=mc.Mixture(2), better=lambda learner: learner, times=8
    )


@pytest.fixture
def made():
    """Errors of our own making: 1, 10 and 100 for the sources, and an interaction."""
    size = {"expressivity": 1.0, "approximation": 10.0, "statistical": 100.0}
    worlds = {}
    for world in WORLDS:
        error = 0.5 + sum(size[source] for source in world)
        if {"expressivity", "statistical"} <= world:
            error -= 40.0
        worlds[world] = np.array([[error], [error + 2.0]])
    left = {world: np.zeros(1) for world in WORLDS if "statistical" not in world}
    learners = dict.fromkeys(("given", "richer", "better", "both"), mc.GaussianMLE())
    return Decomposition("error", np.array([0]), worlds, left, learners, {"times": [2, 8]})


# The parts.


@pytest.mark.parametrize("rule", ["path", "shapley", "alone", "last"])
def test_parts_add_up_to_the_total(small, rule):
    total = sum(part.value for part in small.parts(rule).values())
    np.testing.assert_allclose(total, small.total.value, rtol=1e-12)


def test_rules_on_known_errors(made):
    def values(rule):
        return {name: part.value.item() for name, part in made.parts(rule).items()}

    assert values("path") == pytest.approx(
        {"expressivity": 1, "approximation": 10, "statistical": 60, "rest": 1.5}
    )
    assert values("shapley") == pytest.approx(
        {"expressivity": -19, "approximation": 10, "statistical": 80, "rest": 1.5}
    )
    assert values("alone") == pytest.approx(
        {"expressivity": 1, "approximation": 10, "statistical": 100, "rest": -38.5}
    )
    assert values("last") == pytest.approx(
        {"expressivity": -39, "approximation": 10, "statistical": 60, "rest": 41.5}
    )
    assert [float(end[0]) for end in made.over_orders("expressivity")] == [-39, 1]


def test_shapley_is_the_mean_over_orders(small):
    for source in SOURCES:
        steps = []
        for order in permutations(SOURCES):
            before = order[: order.index(source)]
            steps.append(small.world(*before, source).value - small.world(*before).value)
        np.testing.assert_allclose(small.parts("shapley")[source].value, np.mean(steps, axis=0))


def test_standard_error_of_a_difference_uses_common_random_numbers(made):
    # The replicates differ by the same in every world: no difference has any error.
    assert made.total.standard_error == pytest.approx(1.0)
    assert made.parts()["statistical"].standard_error == pytest.approx(0.0, abs=1e-12)


def test_a_note_says_when_mending_one_source_hurts(made):
    assert any("the richer family alone would" in note for note in made.notes)
    assert not any("more records alone" in note for note in made.notes)


def test_unknown_names(made):
    with pytest.raises(InputError, match="Did you mean 'shapley'"):
        made.parts("shaply")
    with pytest.raises(InputError, match="Did you mean 'statistical'"):
        made.world("statistics")


def test_extrapolation_is_exact_for_errors_that_fall_like_one_over_n():
    limit, slope = np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])
    found, left = extrapolated(limit + slope / 16, limit + slope / 64, 4)
    np.testing.assert_allclose(found, limit)
    np.testing.assert_allclose(left, slope[0] / 64)


def test_extrapolation_leaves_what_is_not_finite():
    small = np.array([[np.inf, 1.0], [1.0, 1.0]])
    large = np.array([[2.0, 0.75], [0.5, np.nan]])
    found, left = extrapolated(small, large, 2)
    np.testing.assert_array_equal(found, large)
    assert np.isnan(left).all()


# The worlds.


def test_worlds_that_coincide_are_run_once_and_give_parts_of_exactly_zero():
    lineage = mc.Lineage(mc.Gaussian().exact(), mc.GaussianMLE(ddof=1), mc.Replace(20), size=20)
    parts = decompose(lineage, 3, replicates=5).parts()
    assert parts["expressivity"].value.tolist() == [0.0] * 4
    assert parts["approximation"].value.tolist() == [0.0] * 4
    assert (parts["statistical"].value > 0).all()


def test_the_actual_world_is_the_lineage_as_it_runs(small):
    probe = ExcessCrossEntropy()
    history = peaks(holdout=2_000).run(2, replicates=4, probes=[probe])
    np.testing.assert_array_equal(small.worlds[frozenset(SOURCES)], history[probe.name])


def test_the_seed_decides(small):
    again = decompose(
        peaks(), 2, replicates=4, richer=mc.Mixture(2), better=lambda learner: learner, times=8
    )
    other = decompose(
        peaks(), 2, replicates=4, richer=mc.Mixture(2), better=lambda learner: learner, times=8,
        seed=1,
    )  # fmt: skip
    assert again.to_json() == small.to_json()
    assert other.total.value[0] != small.total.value[0]


@pytest.mark.parametrize(
    ("learner", "truth", "held"),
    [
        (mc.GaussianMLE(), mc.Gaussian(), True),
        (mc.GaussianMLE(), mc.Gaussian().exact(), True),
        (mc.GaussianMLE(), PEAKS, False),
        (mc.Mixture(1), PEAKS, False),
        (mc.Mixture(2), PEAKS, True),
        (mc.Mixture(2, covariance="diagonal"), mc.Gaussian([0, 0]), False),
        (mc.Mixture(2, covariance="diagonal"), mc.Gaussian(), True),
        (mc.Frequencies(), mc.Zipf(5), True),
        (mc.GaussianMLE(), mc.Digits(), False),
    ],
)
def test_which_families_are_known_to_contain_the_truth(learner, truth, held):
    assert contains(learner, truth) is held


@pytest.mark.parametrize(
    ("learner", "wider"),
    [
        (mc.GaussianMLE(), mc.Mixture(2)),
        (mc.Mixture(1, covariance="diagonal"), mc.Mixture(2)),
        (mc.Mixture(3), mc.Mixture(6)),
        (mc.PCA(mc.Mixture(3), 10), mc.PCA(mc.Mixture(6), 15)),
        (mc.KernelDensity(), mc.KernelDensity()),
        (mc.NGram(2), mc.NGram(3)),
    ],
)
def test_ladder_of_families(learner, wider):
    assert richer_family(learner, PEAKS) == wider


def test_ladder_without_a_known_number_of_components():
    assert richer_family(mc.GaussianMLE(), mc.Digits()) == mc.Mixture(4)


@pytest.mark.parametrize(
    ("learner", "exact"),
    [
        (mc.GaussianMLE(), mc.GaussianMLE(ddof=1)),
        (mc.Frequencies(smoothing=1.0), mc.Frequencies()),
        (mc.KernelDensity(0.3), mc.KernelDensity("scott")),
        (mc.KernelDensity("silverman"), mc.KernelDensity("silverman")),
        (mc.NGram(2, temperature=0.7, top_k=3), mc.NGram(2)),
        (mc.PCA(mc.GaussianMLE()), mc.PCA(mc.GaussianMLE(ddof=1))),
    ],
)
def test_exact_fits(learner, exact):
    assert exact_fit(learner) == exact
    assert exact_fit(exact) == exact


def test_exact_fit_of_a_mixture_keeps_the_family_and_only_ever_improves():
    learner = mc.Mixture(5, start="warm", covariance="diagonal", restarts=9, regularisation=0.1)
    exact = exact_fit(learner)
    assert (exact.components, exact.covariance) == (5, "diagonal")
    assert exact.restarts == 9
    assert exact.tolerance < learner.tolerance
    assert exact.regularisation < 1e-6


@pytest.mark.parametrize(
    ("policy", "larger"),
    [
        (mc.Replace(5), mc.Replace(50)),
        (mc.Accumulate(5), mc.Accumulate(50)),
        (mc.Augment(5), mc.Augment(50)),
        (mc.Mix(5, real=0.2), mc.Mix(50, real=0.2)),
        (
            mc.Schedule([(mc.Replace(5), 2), (mc.Mix(5), None)]),
            mc.Schedule([(mc.Replace(50), 2), (mc.Mix(50), None)]),
        ),
    ],
)
def test_policies_ask_for_more_of_everything(policy, larger):
    assert enlarged(policy, 10) == larger


def test_a_budget_grows_with_the_records():
    def spread(budget):
        lineage = peaks(policy=mc.Accumulate(40), budget=budget)
        found = decompose(lineage, 4, replicates=12, times=64, better=lambda learner: learner)
        return found.world("expressivity").value[-1]

    # Sampling error is gone in the large world only if its budget is large too.
    assert spread(10) == pytest.approx(0.172, abs=0.02)


def test_a_finite_source_limits_the_factor():
    lineage = mc.Lineage(mc.Digits(), mc.PCA(mc.GaussianMLE()), mc.Replace(150), size=150)
    assert affordable(lineage.but(holdout=297), 5, 64) == 10
    assert affordable(lineage.but(holdout=297), 5, 4) == 4
    fresh = lineage.but(holdout=297, policy=mc.Mix(150, real=0.1, fresh=True))
    assert affordable(fresh, 5, 64) == 1500 // (150 + 5 * 15)
    later = fresh.but(policy=mc.Schedule([(mc.Replace(150), 3), (fresh.policy, None)]))
    assert affordable(later, 5, 64) == 1500 // (150 + 2 * 15)
    with pytest.raises(Incompatible, match="reads 600 real records and its source has 1500"):
        affordable(lineage.but(size=600, holdout=297), 5, 64)


def test_all_worlds_share_the_hold_out_of_a_finite_source(rng):
    data = rng.standard_normal((600, 2))
    seen = []

    @dataclass(frozen=True)
    class Watch:
        name: ClassVar[str] = "watch"

        def __call__(self, generation):
            seen.append(generation.reference)
            return 0.0

    lineage = mc.Lineage(mc.Empirical(data), mc.GaussianMLE(), mc.Replace(50), size=50)
    found = decompose(lineage, 0, replicates=2, measure=Watch(), richer=mc.Mixture(2))
    assert found.settings["times"] == [4, 9]
    assert {len(reference) for reference in seen} == {120}
    assert len({reference.tobytes() for reference in seen}) == 2  # one a replicate


def test_worlds_in_which_no_model_can_be_fitted_are_undefined_and_said_so():
    @dataclass(frozen=True)
    class Fussy:
        fewest: int = 100

        def fit(self, data, *, rng, parent=None):
            if len(data) < self.fewest:
                raise Degenerate("too few")
            return mc.GaussianMLE().fit(data, rng=rng)

    found = decompose(
        peaks(), 1, replicates=2, richer=Fussy(), times=8, measure=ExcessCrossEntropy(),
        better=lambda learner: replace(learner),
    )  # fmt: skip
    assert np.isnan(found.world("statistical").value).all()
    assert np.isfinite(found.parts()["statistical"].value).all()  # its path does not go there
    assert any("no reading in 2 of 2" in note for note in found.notes)
    assert "undefined" in repr(found)
    assert json.loads(found.to_json())["parts"]["shapley"]["statistical"]["value"] == [None, None]


# The measures.


def generation_of(truth, model, seed=0):
    lineage = mc.Lineage(truth, mc.GaussianMLE(), mc.Replace(10), size=10)
    generation = next(lineage.generations(seed))
    generation.model = model
    return generation


def test_excess_cross_entropy_by_quadrature_is_the_closed_form(rng):
    # The same law once as a Gaussian, in closed form, and once as a mixture, on a grid.
    model = mc.GaussianMLE().fit(rng.normal(0.5, 2.0, (50, 1)), rng=rng)
    closed = ExcessCrossEntropy()(generation_of(mc.Gaussian(1.0, 3.0), model))
    grid = ExcessCrossEntropy()(generation_of(GaussianMixtureTruth([1.0], covs=3.0), model))
    assert grid == pytest.approx(closed, rel=1e-7)


def test_excess_cross_entropy_in_two_dimensions_is_a_mean_over_records(rng):
    model = mc.GaussianMLE().fit(rng.normal(0.0, 1.3, (80, 2)), rng=rng)
    truth = mc.Gaussian([0.0, 0.0])
    closed = ExcessCrossEntropy()(generation_of(truth, model))
    means = [
        ExcessCrossEntropy()(generation_of(GaussianMixtureTruth([[0.0, 0.0]]), model, seed))
        for seed in range(20)
    ]
    assert abs(np.mean(means) - closed) < 4 * np.std(means, ddof=1) / np.sqrt(20)


def test_a_truth_too_narrow_for_the_grid_is_read_from_records(rng):
    narrow = GaussianMixtureTruth([-100.0, 100.0], covs=1e-4)
    assert ExcessCrossEntropy()(generation_of(narrow, narrow.law)) == pytest.approx(0, abs=1e-12)
    wide = GaussianMixtureTruth([-100.0, 100.0], covs=4e-4).law
    expected = (0.25 - 1 + np.log(4)) / 2
    assert ExcessCrossEntropy()(generation_of(narrow, wide)) == pytest.approx(expected, abs=0.05)


def test_a_singular_model_is_infinitely_wrong(rng):
    model = mc.GaussianMLE().fit(np.ones((5, 1)), rng=rng)
    assert ExcessCrossEntropy()(generation_of(PEAKS, model)) == np.inf
    assert ExcessCrossEntropy()(generation_of(mc.Gaussian(), model)) == np.inf


def test_excess_cross_entropy_needs_densities(rng):
    with pytest.raises(Incompatible, match="model SimpleNamespace has no log_density"):
        ExcessCrossEntropy()(generation_of(PEAKS, SimpleNamespace()))
    with pytest.raises(Incompatible, match="truth Empirical has no log_density"):
        ExcessCrossEntropy()(generation_of(mc.Empirical(np.eye(50)), PEAKS.law))


def test_energy_error_of_the_truth_is_zero_on_average():
    readings = [EnergyError(200)(generation_of(PEAKS, PEAKS.law, seed)) for seed in range(60)]
    assert abs(np.mean(readings)) < 4 * np.std(readings, ddof=1) / np.sqrt(60)
    shifted = GaussianMixtureTruth([-1.0, 3.0]).law
    wrong = [EnergyError(200)(generation_of(PEAKS, shifted, seed)) for seed in range(60)]
    assert np.mean(wrong) > 4 * np.std(wrong, ddof=1) / np.sqrt(60)


@pytest.mark.parametrize(
    ("lineage", "words"),
    [
        (peaks(), r"KL\(truth"),
        (mc.Lineage(mc.Zipf(9), mc.Frequencies(1.0), mc.Replace(20), size=20), r"KL\(model"),
        (peaks(learner=mc.PCA(mc.GaussianMLE(), 1)), "energy distance"),
        (
            mc.Lineage(mc.Empirical(["a b", "b a"] * 40), mc.NGram(1), mc.Replace(8), size=8),
            "cross-entropy",
        ),
    ],
)
def test_the_measure_suits_the_data(lineage, words):
    found = decompose(lineage, 1, replicates=2, times=4)
    assert found.measure.startswith(words.replace("\\", ""))
    assert np.isfinite(found.total.value).all()


# Faces.


def test_text(small):
    text = repr(small)
    assert text.startswith("KL(truth || model), nats; 4 replicates")
    assert "given: GaussianMLE()\nricher: Mixture(components=2)\nbetter: the same\n" in text
    assert text.count("unlimited ") == 4
    assert all(name in text for name in ("statistical", "gain if mended", "4 and 8 times"))


def test_frame_and_plain_data(small):
    frame = small.to_frame("pandas")
    assert list(frame.columns) == ["kind", "name", "generation", "value", "standard_error"]
    assert len(frame) == 3 * (1 + 4 * 4 + 8)
    row = frame.query("kind == 'path' and name == 'statistical' and generation == 2")
    assert row["value"].item() == small.parts()["statistical"].value[2]
    plain = json.loads(small.to_json())
    assert plain["learners"]["richer"]["type"] == "mixture"
    assert plain["settings"]["seed"] == 0
    assert [len(world["sources"]) for world in plain["worlds"]] == [0, 1, 1, 1, 2, 2, 2, 3]


def test_json_on_disk_is_what_is_returned(small, tmp_path):
    text = small.to_json(tmp_path / "found.json")
    assert (tmp_path / "found.json").read_text() == text


def test_picture_stacks_to_the_total(small, made):
    axes = small.plot().axes[0]
    assert len(axes.containers) == 5  # four parts and the total with its whiskers
    tops = np.sum([[bar.get_height() for bar in bars] for bars in axes.containers[:4]], axis=0)
    np.testing.assert_allclose(tops, small.total.value)
    lowest = min(bar.get_y() + bar.get_height() for bar in made.plot("shapley").axes[0].patches)
    assert lowest == pytest.approx(-19)


def test_files_repeat_to_the_byte(small, made, tmp_path):
    found = {"replace": small, "10 % real": made}
    files = write(found, tmp_path / "a")
    assert [path.name for path in files] == [
        "decomposition.json", "decomposition-1-replace.svg", "decomposition-2-10---real.svg",
    ]  # fmt: skip
    again = write(found, tmp_path / "b")
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in again]
    plain = json.loads(files[0].read_text())["decompositions"]
    assert plain["10 % real"]["total"]["value"] == [72.5]


# Wrong input.


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"replicates": 1}, "replicates is 1"),
        ({"times": 3}, "times is 3"),
        ({"generations": -1}, "generations is -1"),
        ({"measure": "energy_distanc"}, "Did you mean 'energy_distance'"),
        ({"measure": "subgroups"}, "there is no error measure 'subgroups'"),
        ({"richer": 4}, "has no method 'fit'"),
    ],
)
def test_wrong_settings(changes, complaint):
    with pytest.raises(InputError, match=complaint):
        decompose(peaks(), **changes)


def test_parts_without_a_known_counterfactual_say_what_to_pass(toy):
    with pytest.raises(Incompatible, match=r"richer than that of FitNormal.*Pass richer="):
        decompose(peaks(learner=toy.FitNormal()))
    with pytest.raises(Incompatible, match=r"exact fit of FitNormal.*Pass better="):
        decompose(peaks(learner=toy.FitNormal()), richer=mc.Mixture(2))
    with pytest.raises(Incompatible, match=r"how the policy .* asks for more records"):
        decompose(peaks(policy=lambda corpus, draw: draw.synthetic(9)), richer=mc.Mixture(2))


def test_a_measure_with_several_readings_is_refused():
    @dataclass(frozen=True)
    class Two:
        name: ClassVar[str] = "two"

        def __call__(self, generation):
            return {"a": 1.0, "b": 2.0}

    with pytest.raises(Incompatible, match=r"reads two\.a, two\.b"):
        decompose(peaks(), 0, replicates=2, times=4, measure=Two(), better=lambda x: x)
