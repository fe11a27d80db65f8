"""Every theorem that `predict` knows against the simulation of a lineage that it covers."""

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.curators.verified import ChanceVerifier, PlaneVerifier
from modelcollapse.families.classification.laws import GaussianClasses, SplitGaussian
from modelcollapse.learners.given import Given
from modelcollapse.prediction import predict
from modelcollapse.probes import DownstreamError
from modelcollapse.theorems import THEOREMS

GAUSS = mc.Lineage(mc.Gaussian(1.0, 2.0).exact(), mc.GaussianMLE(), mc.Replace(40), size=40)
SPACE = mc.Lineage(
    mc.Gaussian((0.0, 1.0, 2.0), ((2.0, 0.5, 0.0), (0.5, 1.0, 0.0), (0.0, 0.0, 0.5))).exact(),
    mc.GaussianMLE(ddof=1),
    mc.Replace(30),
    size=30,
)
ZIPF = mc.Lineage(mc.Zipf(50), mc.Frequencies(), mc.Replace(60), size=60)
KERNEL = mc.Lineage(
    mc.Gaussian((0.0, 0.0), ((1.0, 0.0), (0.0, 4.0))),
    mc.KernelDensity(0.3),
    mc.Replace(40),
    size=40,
)
LINEAR = mc.Lineage(
    mc.PowerLawTeacher(5, noise=0.5, statistics=True), mc.Ridge(), mc.Replace(40), size=40
)
SAME_INPUTS = LINEAR.but(truth=mc.PowerLawTeacher(5, noise=0.5, statistics=True, same_inputs=True))
FEW = mc.Lineage(
    mc.IsotropicTeacher(10, noise=0.5, statistics=True), mc.Ridge(), mc.Replace(6), size=6
)
FEW_SAME = FEW.but(truth=mc.IsotropicTeacher(10, noise=0.5, statistics=True, same_inputs=True))
CASES = {
    "replace": (GAUSS, 3000),
    "accumulate": (GAUSS.but(policy=mc.Accumulate(40)), 3000),
    "subsample": (GAUSS.but(policy=mc.Accumulate(40), budget=25), 3000),
    "augment": (GAUSS.but(policy=mc.Augment(60)), 3000),
    "mix": (GAUSS.but(policy=mc.Mix(50, real=0.2)), 3000),
    "mix fresh": (GAUSS.but(policy=mc.Mix(50, real=0.2, fresh=True)), 3000),
    "mix fixed": (GAUSS.but(policy=mc.Mix(80, real=0.5, fixed=True)), 3000),
    "unbiased replace": (SPACE, 3000),
    "unbiased mix": (SPACE.but(policy=mc.Mix(40, real=0.3)), 3000),
    "unbiased accumulate": (SPACE.but(policy=mc.Accumulate(30)), 3000),
    "categories": (ZIPF, 3000),
    "kernel": (KERNEL, 300),
    "kernel accumulate": (KERNEL.but(policy=mc.Accumulate(40)), 300),
    "least squares": (LINEAR, 3000),
    "least squares, same inputs": (SAME_INPUTS, 3000),
    "least squares, accumulate": (LINEAR.but(policy=mc.Accumulate(40)), 3000),
    "least squares, accumulate, same inputs": (SAME_INPUTS.but(policy=mc.Accumulate(40)), 3000),
    "fewer records than coordinates": (FEW, 3000),
    "fewer records than coordinates, same inputs": (FEW_SAME, 3000),
}
MEASURES = ("variance", "mean_error", "log_variance", "log_generalised_variance", "support",
            "lost_mass", "test_error")  # fmt: skip


def covering(lineage, measure):
    return [t for t in THEOREMS if t.measure == measure and t.failing(lineage)[1] is None]


@pytest.fixture(scope="module")
def histories():
    return {}


def history_of(histories, case):
    if case not in histories:
        lineage, replicates = CASES[case]
        measures = [m for m in MEASURES if covering(lineage, m)]
        histories[case] = lineage.run(12, replicates=replicates, seed=11, probes=measures)
    return histories[case]


PAIRS = [
    (case, m) for case, (lineage, _) in CASES.items() for m in MEASURES if covering(lineage, m)
]


@pytest.mark.parametrize(("case", "measure"), PAIRS)
def test_theory_and_simulation_agree(histories, case, measure):
    history = history_of(histories, case)
    curve = predict(history.lineage, measure, history.generations, kind="exact")
    scores = history.compare(curve, measure, of=curve.of)
    assert np.nanmax(np.abs(scores)) < 4


@pytest.mark.parametrize(("case", "measure"), PAIRS)
def test_the_same_check_rejects_the_theory_of_another_lineage(histories, case, measure):
    # The negative control: a theory for a third of the records, or another divisor, is wrong.
    history = history_of(histories, case)
    lineage = history.lineage
    fewer = {"policy": type(lineage.policy)(**{**vars(lineage.policy), "n": lineage.policy.n // 3})}
    if lineage.budget is not None:
        fewer["budget"] = lineage.budget // 3
    if getattr(lineage.learner, "ddof", 0) == 1:
        # Without bias the expected variance hardly depends on the number of records.
        fewer["learner"] = mc.GaussianMLE(ddof=0)
    wrong = lineage.but(size=lineage.size // 3, **fewer)
    curve = predict(wrong, measure, history.generations, kind="exact")
    assert np.nanmax(np.abs(history.compare(curve, measure, of=curve.of))) > 4


def test_the_typical_variance_is_the_median(histories):
    history = GAUSS.run(30, replicates=2000, seed=5, probes=["variance"])
    curve = predict(GAUSS, "typical_variance", history.generations)
    assert curve.of == "median"
    # Asymptotic in the number of generations: compared where many have passed.
    assert np.abs(history.compare(curve, of="median")[15:]).max() < 4
    mean = predict(GAUSS, "variance", history.generations)
    assert np.abs(history.compare(mean, of="median")[15:]).max() > 4


WIDE = mc.Lineage(
    mc.IsotropicTeacher(150, noise=0.3, statistics=True), mc.Ridge(), mc.Replace(100), size=100
)
CURVED = mc.Lineage(
    mc.PowerLawTeacher(60, noise=0.5, statistics=True), mc.Ridge(0.01), mc.Replace(120), size=120
)
MIXED = mc.Lineage(
    mc.IsotropicTeacher(4, noise=0.5, statistics=True),
    mc.Ridge(),
    mc.Weighted(mc.Mix(1000, real=0.5, fresh=True), 0.618),
    size=500,
)
WIDE_SAME = WIDE.but(truth=mc.IsotropicTeacher(150, noise=0.3, statistics=True, same_inputs=True))
SLOPE = WIDE.but(truth=mc.PowerLawTeacher(150, capacity=1.0, noise=0.3, statistics=True))
SLOPE_SAME = WIDE.but(
    truth=mc.PowerLawTeacher(150, capacity=1.0, noise=0.3, statistics=True, same_inputs=True)
)
PLAIN = CURVED.but(learner=mc.Ridge())
DOWNSTREAM = DownstreamError(200, 0.05, noise=0.2)
FLIPPED = mc.Lineage(
    SplitGaussian(80),
    Given(SplitGaussian(80, label_error=0.3), mc.Ridge(0.1)),
    mc.Replace(400),
    size=2,
    curator=ChanceVerifier(0.9, 0.3),
)
CLUSTERS = FLIPPED.but(
    truth=GaussianClasses(80, 1.5),
    learner=Given(GaussianClasses(80, 1.5, label_error=0.3), mc.Ridge(0.1)),
)
TURNED = FLIPPED.but(
    learner=Given(SplitGaussian(80, angle=0.8), mc.Ridge(0.1)), curator=PlaneVerifier((4.0, 0, 1.0))
)
BESIDE = TURNED.but(policy=mc.Augment(400), size=300)
CLEAR = TURNED.but(curator=PlaneVerifier((4.0, 0, 1.0), "easy", 0.8))
# Lineages for which theory is a limit: with what is measured, how many replicates, the share that
# the limit may be off at this size, and changes that make another lineage or another measure.
LIMITS = {
    "penalty": (CURVED, "test_error", 400, 0.02, {"learner": mc.Ridge(0.03)}),
    "over-parametrised": (SLOPE, "test_error", 150, 0.03, {"size": 70, "policy": mc.Replace(70)}),
    "over-parametrised, same inputs": (SLOPE_SAME, "test_error", 150, 0.03, {"truth": SLOPE.truth}),
    "weighted": (MIXED, "test_error", 3000, 0.01,
                 {"policy": mc.Weighted(mc.Mix(1000, real=0.5, fresh=True), 0.4)}),
    "downstream": (PLAIN, DOWNSTREAM, 400, 0.02, {"size": 90, "policy": mc.Replace(90)}),
    "downstream, penalty": (CURVED, DOWNSTREAM, 400, 0.02, {"learner": mc.Ridge(0.1)}),
    "downstream, over-parametrised": (WIDE, DOWNSTREAM, 150, 0.02, {"truth": WIDE_SAME.truth}),
    "downstream, over-parametrised, same inputs": (
        WIDE_SAME, DOWNSTREAM, 150, 0.02, {"truth": WIDE.truth}),
    "verified labels": (FLIPPED, "misclassification", 60, 0.03, {"curator": ChanceVerifier()}),
    "verified classes": (CLUSTERS, "misclassification", 60, 0.04, {"curator": ChanceVerifier()}),
    "agreement": (TURNED, "misclassification", 60, 0.02, {"policy": mc.Replace(250)}),
    "agreement beside real records": (BESIDE, "misclassification", 60, 0.02, {"size": 200}),
    "clear records": (CLEAR, "misclassification", 60, 0.02, {"curator": TURNED.curator}),
}  # fmt: skip


def beyond(history, measure, theory, share):
    """Distance of the mean from theory beyond a share of it, in standard errors."""
    band = history.band(measure)
    apart = np.abs(band.mean - theory) - share * theory
    # What is given has no spread, and theory of verified labels ends with the first student.
    return np.nanmax(apart[band.standard_error > 0] / band.standard_error[band.standard_error > 0])


@pytest.mark.parametrize("case", LIMITS)
def test_limits_and_simulation_agree(case):
    lineage, probe, replicates, share, other = LIMITS[case]
    history = lineage.run(6, replicates=replicates, seed=11, probes=[probe])
    (measure,) = history.measures
    curve = predict(lineage, probe, history.generations)
    assert curve.kind == "asymptotic"
    assert beyond(history, measure, curve.values, share) < 4
    wrong = predict(lineage.but(**other), probe, history.generations)
    assert beyond(history, measure, wrong.values, share) > 4


@pytest.mark.parametrize(
    "other",
    [DownstreamError(70, 0.05, 0.2), DownstreamError(200, 0.2, 0.2), DownstreamError(200, 0.05)],
    ids=["records", "penalty", "noise"],
)
def test_the_settings_of_a_measure_are_part_of_its_theory(other):
    history = PLAIN.run(1, replicates=400, seed=11, probes=[DOWNSTREAM])
    for probe, agree in ((DOWNSTREAM, True), (other, False)):
        theory = predict(PLAIN, probe, 1).values
        assert bool(beyond(history, "downstream_error", theory, 0.02) < 4) is agree


@pytest.mark.parametrize(
    ("lineage", "records"), [(LINEAR, 9), (SAME_INPUTS, 9), (FEW, 14), (FEW_SAME, 14)]
)
def test_a_last_fit_of_least_squares_is_known_exactly(lineage, records):
    probe = DownstreamError(records, noise=0.8)
    history = lineage.run(4, replicates=4000, seed=11, probes=[probe])
    curve = predict(lineage, probe, history.generations)
    assert curve.kind == "exact"
    assert np.allclose(sum(curve.parts.values()), curve.values)
    assert np.abs(history.compare(curve, "downstream_error")).max() < 4
    # The limit, which is what theory says of other fits, is not good enough for so few records.
    limit = predict(lineage, probe, history.generations, kind="asymptotic")
    assert np.abs(history.compare(limit, "downstream_error")).max() > 4


def test_every_theorem_about_a_measure_is_tried_here():
    tried = {id(t) for lineage, _ in CASES.values() for m in MEASURES for t in covering(lineage, m)}
    tried |= {
        id(t)
        for lineage, probe, *_ in LIMITS.values()
        for t in covering(lineage, getattr(probe, "name", probe))
    }
    left = [t for t in THEOREMS if t.measure and id(t) not in tried and t.of == "mean"]
    assert not left
