"""Verifiers of known quality as curators, and chains that start from a given model."""

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.curators.verified import ChanceVerifier, PlaneVerifier
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.classification.laws import SplitGaussian, direction
from modelcollapse.learners.given import Given
from modelcollapse.testing import check_curator
from modelcollapse.theory import verification

N = 40_000


def kept_shares(verifier, generator, rng):
    data = generator.sample(N, rng=rng)
    # As many as it accepts: the largest number that it does not refuse.
    low, high = 1, N
    while low < high:
        middle = (low + high + 1) // 2
        try:
            verifier.select(data, middle, rng=np.random.default_rng(1))
            low = middle
        except InputError:
            high = middle - 1
    chosen = verifier.select(data, low, rng=np.random.default_rng(1))
    right = data.right[chosen].sum(), data.right.sum()
    wrong = (~data.right[chosen]).sum(), (~data.right).sum()
    return right[0] / right[1], wrong[0] / wrong[1], min(right[1], wrong[1])


@pytest.mark.parametrize(("phi", "psi"), [(0.9, 0.3), (1.0, 0.0), (0.2, 0.7)])
def test_a_verifier_by_chance_keeps_the_shares_it_says(phi, psi, rng):
    right, wrong, least = kept_shares(
        ChanceVerifier(phi, psi), SplitGaussian(4, label_error=0.4), rng
    )
    np.testing.assert_allclose([right, wrong], [phi, psi], atol=4 * 0.5 / np.sqrt(least))


@pytest.mark.parametrize(("g", "v", "b"), [(0.6, 0.5, 0.8), (0.3, 0.8, 0.9), (1.2, 0.3, 1.4)])
def test_a_plane_keeps_the_shares_of_theory(g, v, b, rng):
    verifier = PlaneVerifier(direction(v, g, b))
    right, wrong, least = kept_shares(verifier, SplitGaussian(4, angle=g), rng)
    told = verification.agreement_shares(g, v, b)
    np.testing.assert_allclose([right, wrong], [told.phi, told.psi], atol=2 / np.sqrt(least))


@pytest.mark.parametrize(
    ("keep", "test"),
    [
        ("agree", lambda margin, y: margin * y > 0.5),
        ("easy", lambda margin, y: np.abs(margin) > 0.5),
        ("hard", lambda margin, y: np.abs(margin) <= 0.5),
    ],
)
def test_ways_to_keep(keep, test, rng):
    data = SplitGaussian(5, label_error=0.3).sample(400, rng=rng)
    verifier = PlaneVerifier((3.0, 4.0), keep, 0.5)
    margin = data.inputs[:, :2] @ [0.6, 0.8]
    expected = np.flatnonzero(test(margin, data.targets))
    np.testing.assert_array_equal(verifier.select(data, 30, rng=rng), expected[:30])


def test_curators_keep_their_promises(rng):
    # Of verifiers that accept all there is: the check also asks for every candidate.
    check_curator(ChanceVerifier(1.0, 1.0), SplitGaussian(5, label_error=0.3).sample(99, rng=rng))
    check_curator(PlaneVerifier((1.0,)), SplitGaussian(5, angle=0.0).sample(99, rng=rng))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ChanceVerifier(1.5), "phi is 1.5"),
        (lambda: ChanceVerifier(0.5, -0.1), "psi is -0.1"),
        (lambda: ChanceVerifier(oversample=0.5), "oversample = 0.5"),
        (lambda: PlaneVerifier((0.0, 0.0)), "the direction is"),
        (lambda: PlaneVerifier((1.0, float("nan"))), "the direction is"),
        (lambda: PlaneVerifier((1.0,), "agre"), "Did you mean 'agree'"),
        (lambda: PlaneVerifier((1.0,), "easy"), "threshold is 0.0"),
        (lambda: PlaneVerifier((1.0,), threshold=-1.0), "threshold is -1.0"),
    ],
)
def test_wrong_settings_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_too_few_accepted_says_what_would_be_enough(rng):
    data = SplitGaussian(5, label_error=0.3).sample(100, rng=rng)
    with pytest.raises(InputError, match=r"accepted \d+ of 100 candidates, and 90 .* oversample"):
        ChanceVerifier(0.5, 0.5).select(data, 90, rng=rng)
    with pytest.raises(InputError, match=r"accepted 0 of 100 .* another verifier"):
        ChanceVerifier(0.0, 0.0).select(data, 1, rng=rng)


def test_records_that_cannot_be_judged_are_refused(rng):
    plain = mc.IsotropicTeacher(3, response="sign").sample(20, rng=rng)
    with pytest.raises(Incompatible, match="which labels are right"):
        ChanceVerifier().select(plain, 2, rng=rng)
    assert len(PlaneVerifier((1.0,)).select(plain, 2, rng=rng)) == 2
    with pytest.raises(Incompatible, match="an input and one label"):
        PlaneVerifier((1.0,)).select(np.eye(3), 2, rng=rng)
    with pytest.raises(InputError, match="4 coordinates and the records have 3"):
        PlaneVerifier((1.0, 0, 0, 1.0)).select(plain, 2, rng=rng)


def test_a_given_model_writes_the_first_records():
    generator = SplitGaussian(5, angle=np.pi)
    lineage = mc.Lineage(SplitGaussian(5), Given(generator, mc.Ridge(0.1)), mc.Replace(50), size=2)
    chain = lineage.generations()
    assert next(chain).model is generator
    second = next(chain)
    assert not second.corpus.data.right.any()
    assert second.model.coefficients[0] < 0
    history = lineage.run(1, probes=["misclassification"])
    assert history["misclassification"][0, 0] == 1.0
    assert history["misclassification"][0, 1] > 0.7


def test_an_exam_is_taken_where_there_is_no_closed_form():
    lineage = mc.Lineage(
        SplitGaussian(4), mc.KernelRidge("linear", 1e-3), mc.Replace(200), size=200, holdout=2000
    )
    found = lineage.run(1, probes=["misclassification"])["misclassification"]
    assert 0 < found[0, 0] < 0.15
