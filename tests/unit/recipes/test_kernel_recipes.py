"""What the recipes on kernel ridge regression share, on small data; and MNIST that is not there."""

from types import SimpleNamespace

import numpy as np
import pytest

from modelcollapse.families.regression.kernel_ridge import KernelRidge
from modelcollapse.recipes import _kernel as k
from modelcollapse.recipes import kernel_mnist_polynomial, kernel_mnist_rbf
from modelcollapse.reproduction import Reproduction
from modelcollapse.sources.elsewhere import DATA
from modelcollapse.sources.labelled import DigitsTask

LEARNER = KernelRidge(gamma=0.02)
TASK = DigitsTask(noise=0.3, target_scaling="standard")


@pytest.fixture(scope="module")
def chains():
    lineages = {str(n): k.lineage(TASK, LEARNER, n, 1e-3) for n in (30, 300)}
    return k.run_chains(lineages, (20, 60), [0.05], generations=3, replicates=12, seed=2)


def test_laws_hold_and_controls_fail_on_small_data(chains):
    claims = k.collapse("small", chains["30"], chains["300"])
    by_name = {claim.statement.partition(": ")[2]: claim for claim in claims}
    assert all(np.isfinite([claim.ours, claim.tolerance]).all() for claim in claims)
    assert by_name["error grows with generations, weak generators"].verdict == "pass"
    assert by_name["weak generators add more, averaged over generations"].verdict == "pass"
    assert by_name["deep data are as good as real ones"].verdict == "fail"
    # The same chain twice: nothing depends on the size of the generators.
    same = k.collapse("same", chains["30"], chains["30"])
    assert [claim.verdict for claim in same if "weak generators add" in claim.statement] == ["fail"]
    assert [c.verdict for c in same if "does not matter on how many" in c.statement] == ["pass"]


def test_the_best_penalty_is_read_at_each_depth(chains):
    chain = chains["30"]
    assert chain.n == 60
    assert chain.depths == [0, 1, 2, 3]
    for depth in chain.depths:
        best = chain.best(depth)
        assert all(chain.at(best, depth).mean() <= chain.at(p, depth).mean() for p in k.SWEEP)
        np.testing.assert_array_equal(chain.errors()[:, depth], chain.at(best, depth))
    assert chain.growth().value == pytest.approx(
        np.polyfit(range(4), chain.errors().mean(axis=0), 1)[0]
    )


def test_theory_is_that_of_the_spectrum(chains):
    clean = TASK.pool.clean
    path = LEARNER.path(clean.inputs)
    told = k.told_by(chains["30"], path, clean.targets)
    with_theory = [told.read.theory(60, 0.01, depth) for depth in told.depths]
    simulated = [told.at(0.01, depth).mean() for depth in told.depths]
    np.testing.assert_allclose(simulated, with_theory, rtol=0.15)
    assert np.isnan(chains["30"].read.theory(60, 0.01, 1))


def test_exponents_of_power_laws_are_found():
    j = np.arange(1.0, 200_001)
    capacity, source = 1.6, 0.2
    path = SimpleNamespace(
        eigenvalues=j**-capacity, along=lambda targets: j ** (-(1 + 2 * capacity * source) / 2)
    )
    found = k.exponents(path, np.zeros(3), (5, 100))
    np.testing.assert_allclose(found, (capacity, source), rtol=0.05)


@pytest.mark.parametrize("recipe", [kernel_mnist_rbf, kernel_mnist_polynomial])
def test_without_data_a_recipe_is_not_comparable_and_says_why(monkeypatch, recipe):
    monkeypatch.delenv(DATA, raising=False)
    found = Reproduction(recipe.RECIPE, "quick", 0, recipe.RECIPE.run("quick", 0), 0.0)
    assert "1 not comparable" in found.sentence
    assert "MODELCOLLAPSE_DATA" in repr(found)
