"""Every theorem that `predict` knows against the simulation of a lineage that it covers."""

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.prediction import predict
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
}
MEASURES = ("variance", "mean_error", "log_variance", "log_generalised_variance", "support",
            "lost_mass")  # fmt: skip


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


def test_every_theorem_about_a_measure_is_tried_here():
    tried = {id(t) for lineage, _ in CASES.values() for m in MEASURES for t in covering(lineage, m)}
    left = [t for t in THEOREMS if t.measure in MEASURES and id(t) not in tried and t.of == "mean"]
    assert not left
