import itertools
import pickle

import numpy as np
import pytest

from modelcollapse.errors import Degenerate, Incompatible, InputError
from modelcollapse.lineage import Lineage
from modelcollapse.policies import Accumulate, Mix, Replace
from modelcollapse.protocols import Status
from modelcollapse.sources import Empirical


def deviations(chain, count):
    return [g.model.deviation for g in itertools.islice(chain, count)]


@pytest.fixture
def lineage(toy):
    return Lineage(toy.Normal(), toy.FitNormal(), Replace(50), size=50)


def test_the_same_seed_gives_the_same_lineage(lineage):
    assert deviations(lineage.generations(seed=4), 20) == deviations(
        lineage.generations(seed=4), 20
    )


def test_replicates_and_seeds_differ(lineage):
    runs = [lineage.generations(seed=s, replicate=r) for s in (0, 1) for r in (0, 1)]
    assert len({tuple(deviations(run, 5)) for run in runs}) == 4


def test_reading_a_generation_does_not_disturb_the_run(lineage):
    undisturbed = deviations(lineage.generations(seed=4), 10)
    disturbed = []
    for generation in itertools.islice(lineage.generations(seed=4), 10):
        generation.sample.sum()
        generation.reference.sum()
        generation.rng("mine").random(1000)
        disturbed.append(generation.model.deviation)
    assert disturbed == undisturbed


def test_policies_share_random_numbers(toy, lineage):
    other = lineage.but(policy=Accumulate(50))
    first, second = next(lineage.generations(seed=2)), next(other.generations(seed=2))
    assert np.array_equal(first.corpus.data, second.corpus.data)


@pytest.mark.parametrize("policy", [Replace(30), Accumulate(30), Mix(30, real=0.3, beta=0.2)])
@pytest.mark.parametrize("stop", [0, 1, 6])
def test_a_lineage_goes_on_after_any_generation_bit_for_bit(toy, policy, stop):
    lineage = Lineage(toy.Normal(), toy.FitNormal(), policy, size=30, budget=25)
    whole = deviations(lineage.generations(seed=3), 12)
    chain = lineage.generations(seed=3)
    stopped = next(itertools.islice(chain, stop, None)).state
    state = pickle.loads(pickle.dumps(stopped))
    assert deviations(lineage.generations(seed=3, after=state), 11 - stop) == whole[stop + 1 :]


def test_a_finite_source_goes_on_where_it_was(toy):
    source = Empirical(np.random.default_rng(0).normal(size=(400, 1)))
    lineage = Lineage(source, toy.FitNormal(), Mix(30, real=0.3, fresh=True), size=30)
    whole = deviations(lineage.generations(), 12)
    state = next(itertools.islice(lineage.generations(), 5, None)).state
    assert deviations(lineage.generations(after=state), 6) == whole[6:]


def test_the_parent_is_the_last_model(lineage):
    first, second, third = itertools.islice(lineage.generations(), 3)
    assert first.parent is None
    assert second.parent is first.model
    assert third.parent is second.model


def test_the_reference_is_held_out(toy):
    source = Empirical(np.arange(100.0).reshape(-1, 1))
    lineage = Lineage(source, toy.FitNormal(), Replace(50), size=50)
    generation = next(lineage.generations())
    assert len(generation.reference) == 20
    assert not np.isin(generation.reference, generation.corpus.data).any()


def test_without_records_to_hold_out_a_measure_is_told_so(toy):
    source = Empirical(np.arange(50.0).reshape(-1, 1))
    generation = next(Lineage(source, toy.FitNormal(), Replace(50), size=50).generations())
    with pytest.raises(Incompatible, match="held-out real records"):
        _ = generation.reference


def test_a_model_that_no_longer_varies_is_degenerate(toy):
    constant = toy.Normal(deviation=0.0)
    generation = next(Lineage(constant, toy.FitNormal(), Replace(5), size=5).generations())
    assert generation.status is Status.DEGENERATE
    assert generation.status == "the model has lost all variation"


def test_when_no_model_can_be_fitted_the_lineage_is_extinct(toy):
    class Fragile:
        def fit(self, data, *, rng, parent=None):
            if parent is not None:
                raise Degenerate("nothing left to fit")
            return toy.Normal()

    *_, last = Lineage(toy.Normal(), Fragile(), Replace(5), size=5).generations()
    assert (last.index, last.status, last.reason) == (1, Status.EXTINCT, "nothing left to fit")


def test_the_curator_selects_among_candidates(toy):
    from modelcollapse.curators.select import TopScore

    curator = TopScore(lambda rows: rows[:, 0], oversample=4)
    lineage = Lineage(toy.Normal(), toy.FitNormal(), Replace(50), size=50, curator=curator)
    second = next(itertools.islice(lineage.generations(), 1, None))
    assert second.corpus.size == 50
    # The best quarter of normal records lies above the upper quartile.
    assert second.corpus.data.mean() > 0.8


class Short:
    """Writes one record less than asked."""

    def sample(self, n, *, rng):
        return rng.standard_normal((n - 1, 1))


class Wide:
    """Writes records of another shape."""

    def sample(self, n, *, rng):
        return rng.standard_normal((n, 3))


@pytest.mark.parametrize(
    ("model", "message"),
    [(Short, "asked for 50 records and wrote 49"), (Wide, r"layout \(3,\), but .* \(1,\)")],
)
def test_a_model_that_writes_the_wrong_records_is_named(toy, model, message):
    class Faulty:
        def fit(self, data, *, rng, parent=None):
            return model()

    chain = Lineage(toy.Normal(), Faulty(), Replace(50), size=50).generations()
    next(chain)
    with pytest.raises(InputError, match=message):
        next(chain)


def test_a_curator_that_keeps_too_few_is_named(toy):
    class Lazy:
        oversample = 2.0

        def select(self, candidates, n, *, rng):
            return np.arange(n - 1)

    chain = Lineage(
        toy.Normal(), toy.FitNormal(), Replace(50), size=50, curator=Lazy()
    ).generations()
    next(chain)
    with pytest.raises(InputError, match="Lazy was asked for 50 records and chose 49"):
        next(chain)


@pytest.mark.parametrize("size", [0, 1])
def test_a_size_of_less_than_two_is_refused(toy, size):
    with pytest.raises(InputError, match=f"size = {size}"):
        Lineage(toy.Normal(), toy.FitNormal(), Replace(5), size=size)


def test_parts_that_cannot_play_their_role_are_named(toy):
    with pytest.raises(Incompatible, match="learner Normal has no method 'fit'"):
        Lineage(toy.Normal(), toy.Normal(), Replace(5), size=5)
    with pytest.raises(Incompatible, match="policy int cannot be called"):
        Lineage(toy.Normal(), toy.FitNormal(), 3, size=5)
    with pytest.raises(InputError, match="budget is 1"):
        Lineage(toy.Normal(), toy.FitNormal(), Replace(5), size=5, budget=1)
    with pytest.raises(InputError, match="holdout is -1"):
        Lineage(toy.Normal(), toy.FitNormal(), Replace(5), size=5, holdout=-1)


def test_a_truth_without_a_batch_axis_cannot_replicate(lineage):
    with pytest.raises(Incompatible, match="leading axis"):
        next(lineage.generations(replicates=3))


def test_memory_of_a_replacing_lineage_does_not_grow(lineage):
    import tracemalloc

    chain = lineage.generations()
    next(itertools.islice(chain, 200, None))
    tracemalloc.start()
    next(itertools.islice(chain, 2000, None))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 100_000
