"""Chains of autoencoders on digits: the law of total variance, controls, and who is lost first."""

from dataclasses import replace

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.learners.vae import VAE
from modelcollapse.probes.classes import Classes
from modelcollapse.sources.pictures import RareClasses

pytest.importorskip("torch")

ERRORS = 4
RARE = (7, 8, 9)
LEARNER = VAE(8, prior="standard", width=64, epochs=25, batch=50, learning_rate=4e-3, device="cpu")


def apart(values):
    """Distance of a mean from 0, in standard errors."""
    return np.mean(values) / (np.std(values, ddof=1) / np.sqrt(len(values)))


@pytest.fixture(scope="module")
def histories():
    truth = RareClasses(mc.Digits(), RARE, 0.15)
    policies = {"replace": mc.Replace(200), "all real": mc.Mix(200, real=1.0)}
    return {
        label: mc.Lineage(truth, LEARNER, policy, size=200).run(
            8, replicates=4, seed=3, every=4, probes=[Classes(records=700), "variance"]
        )
        for label, policy in policies.items()
    }


def test_variance_written_is_that_of_the_means_and_of_the_noise():
    digits = mc.Digits().data[:400]
    model = LEARNER.fit(digits, rng=np.random.default_rng(0))
    means = replace(model, recipe=replace(LEARNER, decode="mean"))
    excess = []
    for seed in range(40):
        written, decoded = (
            m.sample(400, rng=np.random.default_rng(seed)).var(axis=0, ddof=1).sum()
            for m in (model, means)
        )
        excess.append(written - decoded)
    noise = np.square(model.noise).sum()
    assert abs(apart(np.array(excess) - noise)) < ERRORS
    assert abs(apart(np.array(excess))) > ERRORS  # decoding means loses it


def test_without_synthetic_data_nothing_collapses(histories):
    change = {}
    for label, history in histories.items():
        logs = np.log(history["variance"])
        change[label] = logs[:, -1] - logs[:, 0]
    assert abs(apart(change["all real"])) < ERRORS
    assert abs(change["all real"].mean()) < 0.1
    assert apart(change["replace"]) < -ERRORS
    assert change["replace"].mean() < -0.5


def test_rare_classes_vanish_first(histories):
    def lost(label, classes):
        shares = [histories[label][f"classes.share {c}"][:, 1:] for c in classes]
        return np.mean(np.array(shares) == 0)

    common = [c for c in range(10) if c not in RARE]
    assert lost("replace", RARE) > 0.1 + lost("replace", common)
    assert lost("replace", RARE) > 0.1 + lost("all real", RARE)
    assert lost("all real", common) == 0
