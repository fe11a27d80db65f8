"""Learners that write with bias, or from a blend of laws."""

import numpy as np
import pytest

from modelcollapse import ExactGaussian, Gaussian, Lineage, Mix, Replace
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.learners.biased import BiasedGaussian
from modelcollapse.learners.blended import BlendedGaussian
from modelcollapse.theory import mixing


def scores(history, curve):
    z = [history.compare(getattr(curve, m), m) for m in ("variance", "mean_error")]
    return np.abs(np.concatenate(z))


def run(learner, policy, size=20, replicates=8_000):
    lineage = Lineage(ExactGaussian(), learner, policy, size=size)
    names = ["variance", "mean_error"]
    return lineage.run(16, replicates=replicates, seed=5, probes=names, every=4)


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize(("alpha", "gamma"), [(1.0, 0.0), (0.9, 0.1), (0.6, 0.0), (0.5, 0.2)])
def test_a_blend_of_laws_has_its_exact_moments(alpha, gamma, ddof):
    history = run(BlendedGaussian(alpha, gamma, ddof=ddof), Replace(20))
    exact = mixing.iid_mixture(history.generations, 20, alpha=alpha, gamma=gamma, ddof=ddof)
    assert scores(history, exact).max() < 4
    # Negative control: the blend of records, which meets its shares exactly, is another law.
    wrong = mixing.iid_mixture(history.generations, 20, alpha=0.3, gamma=0.3, ddof=ddof)
    assert scores(history, wrong).max() > 4


@pytest.mark.parametrize("bias", [0.5, 0.8, 1.0])
def test_biased_sampling_with_fresh_data_has_its_exact_moments(bias):
    history = run(BiasedGaussian(bias, ddof=1), Mix(100, real=0.2, fresh=True), size=100)
    exact = mixing.fresh_loop(history.generations, 20, 80, initial=100, bias=bias, ddof=1)
    assert scores(history, exact).max() < 4
    wrong = mixing.fresh_loop(history.generations, 20, 80, initial=100, bias=0.65, ddof=1)
    assert scores(history, wrong).max() > 4


def test_a_biased_model_reports_its_fit_and_writes_less(rng):
    data = rng.normal(size=(500, 2))
    model = BiasedGaussian(0.25).fit(data, rng=rng)
    assert np.allclose(model.cov, np.cov(data.T, ddof=0))
    written = model.sample(20_000, rng=rng)
    assert np.allclose(np.cov(written.T), 0.25 * model.cov, atol=0.02)
    still = BiasedGaussian(0.0).fit(data, rng=rng).sample(3, rng=rng)
    assert np.allclose(still, data.mean(axis=0))


def test_a_blend_continues_its_parents(rng):
    learner = BlendedGaussian(0.5, 0.2)
    data = ExactGaussian().sample(50, rng=rng)
    first = learner.fit(data, rng=rng)
    second = learner.fit(first.sample(50, rng=rng), rng=rng, parent=first)
    assert [share for share, _ in first.laws] == pytest.approx([0.5, 0.5])
    assert [share for share, _ in second.laws] == pytest.approx([0.35, 0.15, 0.5])
    assert second.sample(1, rng=rng).n == 1


def test_wrong_input_is_told(rng):
    with pytest.raises(InputError, match=r"bias is 1\.5"):
        BiasedGaussian(1.5)
    with pytest.raises(InputError, match="ddof is 2"):
        BiasedGaussian(1.0, ddof=2)
    with pytest.raises(InputError, match=r"alpha is 0\.9 and gamma 0\.2"):
        BlendedGaussian(0.9, 0.2)
    with pytest.raises(Incompatible, match="cannot write rows"):
        BlendedGaussian(0.9, 0.1).fit(Gaussian().sample(9, rng=rng), rng=rng)
    model = BlendedGaussian(0.9, 0.1).fit(ExactGaussian().sample(9, rng=rng), rng=rng)
    with pytest.raises(InputError, match="cannot write 0 records"):
        model.sample(0, rng=rng)
