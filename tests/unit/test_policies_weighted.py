"""`Weighted`: what real and synthetic records count for in the fit."""

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.corpus import Block, Corpus
from modelcollapse.errors import InputError, SpecError
from modelcollapse.families.regression.statistics import LeastSquares

TEACHER = mc.LinearTeacher([1.0, -2.0], noise=0.5)
EXACT = TEACHER.exact()


def corpora(policy, generations=3, truth=TEACHER, size=20, **options):
    lineage = mc.Lineage(truth, mc.Ridge(), policy, size=size, **options)
    chain = lineage.generations(seed=1)
    return [next(chain).corpus for _ in range(generations + 1)]


def share_of_real(corpus):
    weights = [(b.data.weights.sum(), b.origin) for b in corpus.blocks]
    return sum(w for w, origin in weights if origin is None) / sum(w for w, _ in weights)


@pytest.mark.parametrize(
    "policy",
    [
        mc.Mix(30, real=0.5, fresh=True),
        mc.Mix(30, real=0.1),
        mc.Accumulate(7),
        mc.Augment(50),
        mc.Mix(20, alpha=0.3, beta=0.4, gamma=0.3),
    ],
)
@pytest.mark.parametrize("real", [0.2, 0.618, 0.999])
def test_real_records_count_for_their_share(policy, real):
    for corpus in corpora(mc.Weighted(policy, real))[1:]:
        assert share_of_real(corpus) == pytest.approx(real)
        weights = corpus.data.weights
        # In all they count for as much as unweighted ones, so that a penalty means the same.
        assert weights.sum() == pytest.approx(corpus.size)
        assert len(np.unique(weights)) <= 2


def test_what_the_corpus_consists_of_is_left_alone():
    policy = mc.Mix(30, real=0.5, fresh=True)
    plain, weighted = corpora(policy), corpora(mc.Weighted(policy, 0.7))
    assert [[b.origin for b in c.blocks] for c in plain] == [
        [b.origin for b in c.blocks] for c in weighted
    ]
    assert np.array_equal(plain[1].data.inputs, weighted[1].data.inputs)
    assert np.array_equal(plain[1].data.targets, weighted[1].data.targets)
    assert plain[1].data.weights is None


def test_a_share_like_that_in_numbers_is_no_weighting():
    policy = mc.Mix(30, real=1 / 3, fresh=True)
    fits = [
        [g.model.coefficients for g, _ in zip(
            mc.Lineage(TEACHER, mc.Ridge(0.1), p, size=10).generations(seed=3), range(4),
            strict=False)]
        for p in (policy, mc.Weighted(policy, 1 / 3))
    ]  # fmt: skip
    assert np.allclose(*fits, rtol=1e-12)


def test_weights_of_earlier_generations_are_replaced():
    last = corpora(mc.Weighted(mc.Accumulate(20), 0.5))[-1]
    assert [b.size for b in last.blocks] == [20, 20, 20, 20]
    assert np.allclose(last.data.weights, np.repeat([2.0, 2 / 3], [20, 60]))


def test_statistics_are_weighted_like_records(rng):
    data = TEACHER.sample(15, rng=rng), TEACHER.sample(25, rng=rng)

    class Draw:
        generation = 1

    def fitted(parts):
        corpus = Corpus((Block(parts[0], None), Block(parts[1], 0)))
        weighted = mc.Weighted(lambda corpus, draw: corpus, 0.8)(corpus, Draw())
        return mc.Ridge(0.3).fit(weighted.data, rng=rng).coefficients

    held = tuple(LeastSquares.of(part) for part in data)
    assert np.allclose(fitted(held), fitted(data), rtol=1e-11)


def test_a_chain_of_statistics_runs():
    history = mc.Lineage(
        EXACT, mc.Ridge(), mc.Weighted(mc.Mix(40, real=0.5, fresh=True), 0.618), size=20
    ).run(4, replicates=50)
    assert np.all(history["test_error"] > 0)


def test_it_may_be_one_regime_of_a_schedule():
    weighted = mc.Weighted(mc.Mix(20, real=0.5), 0.9)
    found = corpora(mc.Schedule([(mc.Replace(20), 1), (weighted, None)]), 2)
    assert found[1].data.weights is None
    assert share_of_real(found[2]) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("policy", "missing"), [(mc.Replace(20), "real"), (mc.Mix(20, real=1.0), "synthetic")]
)
def test_without_both_kinds_there_is_nothing_to_weigh(policy, missing):
    with pytest.raises(
        InputError, match=rf"generation 1 holds no {missing} ones. Let its policy mix both"
    ):
        corpora(mc.Weighted(policy, 0.5))


def test_records_that_carry_no_weights_are_refused():
    lineage = mc.Lineage(
        mc.Gaussian(), mc.GaussianMLE(), mc.Weighted(mc.Mix(20, real=0.5), 0.7), size=20
    )
    with pytest.raises(InputError, match=r"type ndarray carry no weights.*Use labelled records"):
        lineage.run(1)


@pytest.mark.parametrize("real", [0.0, 1.0, -0.1, 1.5, np.nan])
def test_a_share_of_nothing_or_of_everything_is_refused(real):
    with pytest.raises(InputError, match=r"Weighted got real = .* both excluded"):
        mc.Weighted(mc.Mix(20, real=0.5), real)


@pytest.mark.parametrize("policy", ["replace", mc.Replace, None])
def test_a_policy_that_cannot_be_called_is_refused(policy):
    with pytest.raises(InputError, match=r"which cannot be called\. Give one that mixes"):
        mc.Weighted(policy, 0.5)


def test_mistakes_in_a_spec_are_named_by_their_field():
    spec = mc.Lineage(TEACHER, mc.Ridge(), mc.Weighted(mc.Mix(20, real=0.5), 0.7), size=20).spec()
    assert spec["policy"]["policy"]["type"] == "mix"
    spec["policy"]["policy"]["reel"] = 0.5
    with pytest.raises(SpecError, match=r"policy\.policy\.reel"):
        mc.Lineage.from_spec(spec)
