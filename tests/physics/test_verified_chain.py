"""Lineages of verified labels against theory, four standard errors, fixed seeds.

Students have 80 coordinates and theory is for very many: 0.004 are allowed for that. Every check
is repeated with a wrong formula, which it must reject.
"""

import math

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.curators.verified import ChanceVerifier, PlaneVerifier
from modelcollapse.families.classification.laws import GaussianClasses, SplitGaussian, direction
from modelcollapse.learners.given import Given
from modelcollapse.theory import verification

D, N, PENALTY = 80, 600, 0.05


def students(generator, curator, *, policy=None, size=2, replicates=60, seed=3):
    """Accuracy of the first student, replicate by replicate."""
    truth = type(generator)(**{**vars_of(generator), "label_error": 0.0, "angle": None})
    learner = Given(generator, mc.Ridge(PENALTY))
    lineage = mc.Lineage(truth, learner, policy or mc.Replace(N), size=size, curator=curator)
    found = lineage.run(1, replicates=replicates, seed=seed, probes=["misclassification"])
    return 1 - found["misclassification"][:, 1]


def vars_of(generator):
    names = ("d", "separation", "label_error", "angle")
    return {name: getattr(generator, name) for name in names if hasattr(generator, name)}


def agrees(sample, expected):
    return bool(abs(sample.mean() - expected) < 4 * sample.std() / np.sqrt(len(sample)) + 0.004)


def told(law, label_error):
    if isinstance(law, SplitGaussian):
        return verification.flipped_label_accuracy(label_error, D / N, PENALTY)
    return verification.mixture_accuracy(label_error, D / N, PENALTY, separation=1.5)


@pytest.mark.parametrize(("phi", "psi"), [(0.9, 0.3), (0.8, 0.5)])
@pytest.mark.parametrize("law", [SplitGaussian(D), GaussianClasses(D, 1.5)])
def test_accuracy_is_one_half_at_the_breakdown_point_and_nowhere_else(law, phi, psi):
    critical = float(verification.breakdown_point(phi, psi))
    for p, at_chance in ((critical, True), (critical - 0.1, False), (critical + 0.1, False)):
        generator = type(law)(**{**vars_of(law), "label_error": p})
        found = students(generator, ChanceVerifier(phi, psi, 5.0))
        assert agrees(found, told(law, verification.kept_error(p, phi, psi)))
        assert agrees(found, 0.5) is at_chance
        # As if nothing had been selected.
        assert not agrees(found, told(law, p))


def test_a_linear_verifier_breaks_down_where_both_angles_make_half_a_turn():
    g = 1.0
    for turn in (-0.5, 0.0, 0.5):
        v = math.pi - g + turn
        b = math.acos(math.cos(g) * math.cos(v))
        curator = PlaneVerifier(direction(v, g, b), oversample=4.0)
        found = students(SplitGaussian(D, angle=g), curator)
        told = verification.agreement_accuracy(g, v, b, D / N, PENALTY)
        shares = verification.agreement_shares(g, v, b)
        critical = verification.breakdown_point(shares.phi, shares.psi)
        assert agrees(found, told)
        assert np.sign(round(0.5 - float(told), 9)) == np.sign(round(float(shares.p - critical), 9))
        assert not agrees(found, 1 - g / np.pi)  # as good as its generator


def test_kept_records_beside_real_ones_help_and_then_hurt():
    g, v, real = 0.8, math.pi / 12, 300
    b = math.acos(math.cos(g) * math.cos(v))
    found = {}
    for kept in (30, 400, 8000):
        found[kept] = students(
            SplitGaussian(D, angle=g), PlaneVerifier(direction(v, g, b), oversample=3.0),
            policy=mc.Augment(kept), size=real, replicates=40,
        )  # fmt: skip
        share = real / (real + kept)
        ratio = D / (real + kept)
        told = verification.agreement_accuracy(g, v, b, ratio, PENALTY, real_share=share)
        assert agrees(found[kept], told)
        if kept < 1000:
            # As if all records were kept ones.
            assert not agrees(found[kept], verification.agreement_accuracy(g, v, b, ratio, PENALTY))
    assert found[30].mean() < found[400].mean() > found[8000].mean()


def test_real_records_alone_are_those_of_a_perfect_generator():
    ratio = np.array([0.05, 0.3, 2.0])
    alone = verification.agreement_accuracy(0.8, 0.3, 0.9, ratio, 0.1, real_share=1.0)
    np.testing.assert_allclose(alone, verification.flipped_label_accuracy(0.0, ratio, 0.1))
    right = verification.agreement_accuracy(0.0, 0.0, 0.0, ratio, 0.1, real_share=0.4)
    np.testing.assert_allclose(right, alone)
    assert verification.agreement_accuracy(0.8, 0.3, 0.9, 0.05, 0.1) < alone[0]
