"""Records that both sides hold."""

import numpy as np
import pytest

from modelcollapse import profile
from modelcollapse.auditing.leak import leak, repeated_share, shared_share


def table(n, seed):
    random = np.random.default_rng(seed)
    return {"x": random.normal(size=n), "y": random.normal(size=n)}


def joined(*parts):
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


REAL = table(1000, 0)
REFERENCE = profile(REAL)


def found(data, reference=REFERENCE):
    return leak(profile(data, like=reference), reference)


def test_the_reference_itself_in_any_order_is_a_leak():
    order = np.random.default_rng(1).permutation(1000)
    one = found({name: values[order] for name, values in REAL.items()})
    assert one.share == 1
    assert one.note.startswith("All of the new records are in the reference, word for word")


def test_a_subset_of_the_reference_is_a_leak():
    assert found({name: values[:300] for name, values in REAL.items()}).share == 1


def test_a_mixture_is_a_leak_that_says_how_much():
    one = found(joined({name: values[:300] for name, values in REAL.items()}, table(700, 2)))
    assert one.share == pytest.approx(0.3)
    assert one.clause == "30 % of the new records are in the reference, word for word"


def test_other_records_of_the_same_law_are_none():
    assert found(table(1000, 3)) is None


def test_a_few_shared_records_are_none():
    few = joined({name: values[:30] for name, values in REAL.items()}, table(970, 4))
    assert found(few) is None


def test_a_share_is_never_rounded_up_to_all():
    new = joined({name: values[:999] for name, values in REAL.items()}, table(1, 5))
    assert found(new).clause.startswith("99 % of")


def labels(n, seed, kinds):
    return {"label": [f"l{i}" for i in np.random.default_rng(seed).integers(0, kinds, n)]}


def test_labels_repeat_each_other_without_a_leak():
    reference = profile(labels(500, 0, 30))
    assert repeated_share(reference) > 0.9
    assert found(labels(500, 1, 30), reference) is None


def test_labels_that_are_the_reference_itself_are_a_leak():
    assert found(labels(500, 0, 30), profile(labels(500, 0, 30))).share == 1


def test_coins_may_be_equal_by_chance():
    coins = {"side": ["heads", "tails"] * 50}
    assert found({"side": ["tails", "heads"] * 50}, profile(coins)) is None


def test_samples_of_large_data_tell_the_same_share():
    reference = profile(REAL, max_sample=400)
    mixed = joined({name: values[:500] for name, values in REAL.items()}, table(1500, 6))
    new = profile(mixed, like=reference, max_sample=400)
    share = shared_share(new, reference)
    # about 200 new records lie below the smaller reach
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 200)
