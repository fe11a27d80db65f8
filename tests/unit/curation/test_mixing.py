import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcollapse.curation.mixing import SOURCES, Budget, Mixing, mix
from modelcollapse.errors import InputError
from modelcollapse.seeds import generator


def rng(role):
    return generator(0, 0, 0, role)


def ones(real=0, previous=0, synthetic=0):
    sizes = {"real": real, "previous": previous, "synthetic": synthetic}
    return {name: np.ones(size, dtype=np.int64) for name, size in sizes.items()}


def counts(mixed):
    return {name: mixed.count(name) for name in SOURCES if mixed.count(name)}


@pytest.mark.parametrize(
    ("mixing", "expected"),
    [
        (Mixing(), {"synthetic": 30}),
        (Mixing("augment"), {"real": 20, "synthetic": 30}),
        (Mixing("accumulate"), {"real": 20, "previous": 10, "synthetic": 30}),
        (Mixing("mix", real=0.25), {"real": 10, "synthetic": 30}),
        (Mixing("mix", real=0.25, budget=20), {"real": 5, "synthetic": 15}),
        (Mixing("replace", budget=7), {"synthetic": 7}),
    ],
)
def test_policies_take_what_they_say(mixing, expected):
    mixed = mix(mixing, ones(20, 10, 30), rng=rng)
    assert counts(mixed) == expected
    assert mixed.remainder == 0


def test_a_budget_of_rows_draws_from_all_sources_alike():
    mixed = mix(Mixing("accumulate", budget=3000), ones(4000, 1000, 5000), rng=rng)
    assert sum(counts(mixed).values()) == 3000
    for name, share in (("real", 0.4), ("previous", 0.1), ("synthetic", 0.5)):
        expected, sd = 3000 * share, np.sqrt(3000 * share * (1 - share) * 0.7)
        assert abs(mixed.count(name) - expected) < 4 * sd


def test_what_is_left_of_a_budget_is_said():
    assert mix(Mixing("augment", budget=100), ones(20, 0, 30), rng=rng).remainder == 50
    assert mix(Mixing("mix", real=0.5, budget=100), ones(50, 0, 30), rng=rng).remainder == 40


@settings(max_examples=60, deadline=None)
@given(
    limit=st.integers(1, 400),
    sizes=st.tuples(*[st.lists(st.integers(0, 40), min_size=1, max_size=30)] * 2),
    share=st.none() | st.sampled_from([0.1, 0.5]),
)
def test_a_budget_of_tokens_is_never_exceeded_and_stops_at_a_whole_record(limit, sizes, share):
    tokens = {
        "real": np.array(sizes[0] * 50), "previous": np.zeros(0, dtype=np.int64),
        "synthetic": np.array(sizes[1]),
    }  # fmt: skip
    available = ones(**{name: size.size for name, size in tokens.items()})
    policy = Mixing("mix", real=share, budget=Budget(tokens=limit)) if share else Mixing(
        "augment", budget=Budget(tokens=limit)
    )  # fmt: skip
    try:
        mixed = mix(policy, available, tokens=tokens, rng=rng)
    except InputError as error:
        assert "empty" in str(error) or "tokens" in str(error)  # noqa: PT017
        return
    used = sum(int(mixed.taken[name] @ tokens[name]) for name in SOURCES)
    assert used + mixed.remainder == limit
    assert mixed.remainder >= 0
    if share is None and mixed.count("real") + mixed.count("synthetic") < sum(
        map(np.size, tokens.values())
    ):
        assert mixed.remainder < max(sizes[0] + sizes[1])


def test_copies_are_taken_one_by_one():
    available = {**ones(), "synthetic": np.array([3, 0, 5])}
    taken = mix(Mixing(budget=4), available, rng=rng).taken["synthetic"]
    assert taken.sum() == 4
    assert (taken <= available["synthetic"]).all()


def test_the_same_seed_takes_the_same_records():
    twice = [mix(Mixing("augment", budget=50), ones(100, 0, 100), rng=rng) for _ in range(2)]
    other = mix(
        Mixing("augment", budget=50), ones(100, 0, 100), rng=lambda role: generator(1, 0, 0, role)
    )
    assert (twice[0].taken["real"] == twice[1].taken["real"]).all()
    assert (twice[0].taken["real"] != other.taken["real"]).any()


def test_too_few_real_records_are_an_error_with_numbers():
    with pytest.raises(InputError, match=r"takes 30 real ones, and there are 10\. Lower the share"):
        mix(Mixing("mix", real=0.5), ones(10, 0, 30), rng=rng)
    with pytest.raises(InputError, match="and they have 10"):
        mix(
            Mixing("mix", real=0.5, budget=Budget(tokens=1000)), ones(10, 0, 100),
            tokens=ones(10, 0, 100), rng=rng,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("kept", "real", "share", "budget"),
    [(450, 419, 0.9, None), (450, 419, 0.9, 500), (450, 40, 0.5, 200), (7000, 3, 0.5, None)],
)
def test_the_share_that_is_advised_is_the_highest_there_is(kept, real, share, budget):
    with pytest.raises(InputError) as refusal:
        mix(Mixing("mix", real=share, budget=budget), ones(real, 0, kept), rng=rng)
    highest = float(re.search(r"the share to ([\d.]+) or less", str(refusal.value))[1])
    mixed = mix(Mixing("mix", real=highest, budget=budget), ones(real, 0, kept), rng=rng)
    assert mixed.count("real") / real > 0.97 or real < 10
    with pytest.raises(InputError, match="or less"):
        mix(
            Mixing("mix", real=min(1.2 * highest, 0.95), budget=budget),
            ones(real, 0, kept),
            rng=rng,
        )
    if budget is None:
        assert highest == pytest.approx(real / (real + kept), rel=0.01)


def test_nothing_to_train_on_is_an_error():
    with pytest.raises(InputError, match="would be empty"):
        mix(Mixing(), ones(5, 5, 0), rng=rng)
    with pytest.raises(InputError, match="would be empty"):
        mix(
            Mixing(budget=Budget(tokens=3)), ones(0, 0, 2),
            tokens={**ones(), "synthetic": np.array([9, 9])}, rng=rng,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"policy": "mix"}, "needs a share of real records"),
        ({"real": 0.2}, "replace has no share"),
        ({"policy": "mix", "real": 1.0}, "lies between"),
        ({"previous": ("a",)}, "takes no earlier"),
        ({"budget": 0}, "holds nothing"),
    ],
)
def test_a_mix_that_makes_no_sense_is_refused(fields, message):
    with pytest.raises(InputError, match=message):
        Mixing(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "rows or of tokens"),
        ({"rows": 1, "tokens": 1}, "rows or of tokens"),
        ({"rows": 5, "tokenizer": "t.json"}, "tokens only"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(fields, message):
    with pytest.raises(InputError, match=message):
        Budget(**fields)
