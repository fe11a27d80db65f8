import numpy as np
import pytest

from modelcollapse.errors import Exhausted, Incompatible, InputError
from modelcollapse.lineage import Lineage
from modelcollapse.policies import Accumulate, Augment, Mix, Replace, Schedule
from modelcollapse.sources import Empirical


def corpora(toy, policy, generations=4, size=20, truth=None, **options):
    lineage = Lineage(truth or toy.Normal(), toy.FitNormal(), policy, size=size, **options)
    chain = lineage.generations(seed=1)
    return [next(chain).corpus for _ in range(generations + 1)]


def origins(corpus):
    return [(b.origin, b.size) for b in corpus.blocks]


def test_generation_0_sees_real_data_only(toy):
    for policy in (Replace(10), Accumulate(10), Mix(10, real=0.5)):
        assert origins(corpora(toy, policy)[0]) == [(None, 20)]


def test_replace_keeps_nothing(toy):
    assert origins(corpora(toy, Replace(30))[3]) == [(2, 30)]


def test_accumulate_keeps_everything(toy):
    assert origins(corpora(toy, Accumulate(30))[3]) == [(None, 20), (0, 30), (1, 30), (2, 30)]


def test_augment_keeps_the_original_data(toy):
    found = corpora(toy, Augment(30))
    assert origins(found[3]) == [(None, 20), (2, 30)]
    assert np.array_equal(found[3].blocks[0].data, found[0].data)


def test_mix_meets_its_shares(toy):
    found = corpora(toy, Mix(10, alpha=0.5, beta=0.3, gamma=0.2))
    third = found[3]
    real = sum(b.size for b in third.blocks if b.origin is None)
    assert third.size == 10
    assert origins(third)[-1] == (2, 5)
    # 2 original records, and what the previous corpus passed on may be real as well.
    assert real >= 2


def test_mix_takes_original_records(toy):
    first, *_, last = corpora(toy, Mix(20, real=0.5))
    kept = last.blocks[0].data
    assert kept.shape == (10, 1)
    assert np.isin(kept, first.data).all()


def test_mix_chooses_original_records_anew_unless_fixed(toy):
    anew = corpora(toy, Mix(20, real=0.5))
    fixed = corpora(toy, Mix(20, real=0.5, fixed=True))
    assert not np.array_equal(anew[1].blocks[0].data, anew[2].blocks[0].data)
    assert np.array_equal(fixed[1].blocks[0].data, fixed[2].blocks[0].data)


def test_fresh_records_were_never_seen(toy):
    source = Empirical(np.arange(1000.0).reshape(-1, 1))
    found = corpora(toy, Mix(20, real=0.5, fresh=True), truth=source, holdout=100)
    real = np.concatenate([b.data for c in found for b in c.blocks if b.origin is None])
    assert len(np.unique(real)) == len(real) == 20 + 4 * 10


def test_a_finite_source_that_runs_dry_says_how_many_were_asked_and_left(toy):
    source = Empirical(np.arange(60.0).reshape(-1, 1))
    with pytest.raises(Exhausted, match=r"10 unseen .* generation 4 .* 5 are left"):
        corpora(toy, Mix(20, real=0.5, fresh=True), truth=source, holdout=5)


def test_real_of_one_is_nature_without_a_model(toy):
    assert all(c.real_fraction == 1.0 for c in corpora(toy, Mix(20, real=1.0)))


def test_a_schedule_changes_regime_at_the_generation_it_says(toy):
    found = corpora(toy, Schedule([(Replace(20), 2), (Mix(20, real=0.5), None)]), 5)
    assert [round(c.real_fraction, 3) for c in found] == [1, 0, 0, 0.5, 0.5, 0.5]


def test_the_last_regime_goes_on_after_its_number():
    schedule = Schedule([(Replace(20), 2), (Accumulate(20), 3)])
    assert schedule.at(2) == Replace(20)
    assert schedule.at(3) == schedule.at(99) == Accumulate(20)


def test_any_function_is_a_policy(toy):
    def mine(corpus, draw):
        return corpus.subset(5, rng=draw.rng()) + draw.fresh(3) + draw.synthetic(2)

    assert [c.size for c in corpora(toy, mine)] == [20, 10, 10, 10, 10]


def test_a_function_that_returns_no_corpus_is_named(toy):
    with pytest.raises(Incompatible, match="returned ndarray instead of a Corpus"):
        corpora(toy, lambda corpus, draw: corpus.data)


def test_the_budget_subsamples_whatever_the_policy_collected(toy):
    lineage = Lineage(toy.Normal(), toy.FitNormal(), Accumulate(50), size=50, budget=30)
    chain = lineage.generations()
    found = [next(chain) for _ in range(3)]
    assert [g.corpus.size for g in found] == [50, 100, 150]
    assert [g.training.size for g in found] == [30, 30, 30]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Replace(0), "n = 0"),
        (lambda: Accumulate(-3), "n = -3"),
        (lambda: Augment(0), "n = 0"),
        (lambda: Mix(10, alpha=0.5, beta=0.1, gamma=0.1), "sum to 0.7"),
        (lambda: Mix(10, real=1.5), "real = 1.5"),
        (lambda: Mix(10, beta=-0.1), "between 0 and 1"),
        (lambda: Mix(10, real=0.1, gamma=0.1), "two names for one share"),
        (lambda: Mix(10, real=0.1, fresh=True, fixed=True), "both new and the same"),
        (lambda: Schedule([]), "no regimes"),
        (lambda: Schedule([(Replace(1), None), (Replace(2), None)]), "lasts for ever"),
        (lambda: Schedule([(Replace(1), 0)]), "0 generations"),
    ],
)
def test_impossible_settings_are_refused_with_a_reason(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_more_original_records_than_there_are(toy):
    with pytest.raises(InputError, match=r"asked for 50 original records.* only 20"):
        corpora(toy, Mix(100, real=0.5))


def test_more_previous_records_than_there_are(toy):
    with pytest.raises(InputError, match=r"asked for 80 records of the previous.* only 20"):
        corpora(toy, Mix(100, beta=0.8))
