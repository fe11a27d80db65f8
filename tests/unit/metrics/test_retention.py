import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.metrics import retention
from modelcollapse.metrics.jackknife import grouped_counts, position_groups

REFERENCE, NEW = np.array([50, 30, 12, 5, 2, 1]), np.array([45, 12, 3, 0, 0, 0])
TAIL = np.array([False, False, False, True, True, True])


def zipf(states):
    weights = 1 / np.arange(1, states + 1)
    return weights / weights.sum()


def test_toy():
    kept = retention.type_retention(NEW, REFERENCE, TAIL)
    assert kept.types == 3
    assert kept.found == 0
    assert kept.expected == pytest.approx(2.4337, abs=1e-4)
    assert kept.signal.value == 0 == kept.signal.low
    assert 0 < kept.signal.high < 1
    assert kept.signal.p < 0.02


def test_bands_are_the_average_over_all_splits():
    rng = np.random.default_rng(1)
    counts, reference = rng.multinomial(40, zipf(15)), rng.multinomial(81, zipf(15))
    bands = retention.retention_by_rarity(counts, reference, edges=(2, 4))
    found, expected, types = np.zeros((3, 3))
    repeats = 20_000
    ends = [(1, 2), (2, 4), (4, 99)]
    for half in rng.multivariate_hypergeometric(reference, 40, size=repeats):
        rest = reference - half
        for i, (low, high) in enumerate(ends):
            band = (half >= low) & (half < high)
            types[i] += band.sum()
            found[i] += (band & (counts > 0)).sum()
            # 40 of the 41 that are left
            expected[i] += band @ (1 - np.where(rest == 0, 1, np.where(rest == 1, 1 / 41, 0)))
    for i, band in enumerate(bands.values()):
        assert band.types == pytest.approx(types[i] / repeats, abs=0.03)
        assert band.found == pytest.approx(found[i] / repeats, abs=0.03)
        assert band.expected == pytest.approx(expected[i] / repeats, abs=0.03)


def test_the_order_of_states_and_empty_states_do_not_matter():
    rng = np.random.default_rng(2)
    counts, reference = rng.multinomial(300, zipf(60)), rng.multinomial(500, zipf(60))
    order = rng.permutation(60)
    first = retention.retention_by_rarity(counts, reference)
    again = retention.retention_by_rarity(
        np.append(counts[order], 0), np.append(reference[order], 0)
    )
    for name in first:
        assert again[name].signal.value == pytest.approx(first[name].signal.value)
        assert again[name].signal.p == pytest.approx(first[name].signal.p)


@pytest.mark.parametrize("damage", ["erased", "half of them", "resampled twice"])
def test_damage_lowers_the_retention_of_the_tail(damage):
    rng = np.random.default_rng(3)
    p = zipf(2_000)
    counts, reference = rng.multinomial(4_000, p), rng.multinomial(8_000, p)
    rare = np.arange(2_000) >= 500
    if damage == "resampled twice":
        for _ in range(2):
            counts = rng.multinomial(4_000, counts / 4_000)
    else:
        lost = rng.random(2_000) < (1.0 if damage == "erased" else 0.5)
        counts = np.where(rare & lost, 0, counts)
    tail = retention.retention_by_rarity(counts, reference)["tail"].signal
    assert tail.p < 1e-6
    assert tail.high < 1


def test_duplicates_change_nothing_and_sharpening_lowers():
    rng = np.random.default_rng(4)
    p = zipf(500)
    reference = rng.multinomial(5_000, p)
    counts = rng.multinomial(2_000, p)
    honest = retention.retention_by_rarity(counts, reference)["tail"]
    assert honest.signal.p > 0.01
    sharp = rng.multinomial(2_000, p**1.25 / (p**1.25).sum())
    assert retention.retention_by_rarity(sharp, reference)["tail"].signal.p < 1e-3


def test_tokens_of_documents_are_judged_by_groups():
    rng = np.random.default_rng(5)

    def documents(n):  # each of ten equal tokens
        token = rng.choice(300, n, p=zipf(300))
        tokens, document = np.repeat(token, 10), np.repeat(np.arange(n), 10)
        return grouped_counts(tokens, position_groups(n, 20)[document], 300)

    new, reference = documents(300), documents(300)
    inside = np.arange(300) >= 50
    grouped = retention.type_retention(new, reference, inside).signal
    naive = retention.type_retention(new.total, reference.total, inside).signal
    assert grouped.value == pytest.approx(naive.value, rel=0.02)
    assert grouped.low < 1 < grouped.high
    assert grouped.p > 0.01
    bands = retention.retention_by_rarity(new, reference)
    assert bands["head"].signal.error > 0
    with pytest.raises(InputError, match="both sides"):
        retention.retention_by_rarity(new, reference.total)


def test_edges_by_mass():
    counts = np.repeat([1000, 100, 10, 4], [8, 15, 30, 100])
    low, high = retention.rarity_edges(counts, tail=0.05, head=0.8)
    assert counts[counts / 2 < low].sum() <= 0.12 * counts.sum()
    assert low < high
    with pytest.raises(InputError, match="room for a middle"):
        retention.rarity_edges(counts, tail=0.5, head=0.6)


def test_too_little_is_undefined_and_nonsense_refused():
    few = retention.type_retention([5, 0], [500, 1], [False, True])
    assert np.isnan(few.signal.value)
    assert np.isnan(few.signal.p)
    names = retention.retention_by_rarity(NEW, REFERENCE, edges=(2, 3, 8))
    assert list(names) == ["1-1", "2-2", "3-7", "8+"]
    with pytest.raises(InputError, match="rise from 2"):
        retention.retention_by_rarity(NEW, REFERENCE, edges=(1, 3))
    with pytest.raises(InputError, match="names do not name"):
        retention.retention_by_rarity(NEW, REFERENCE, names=["a"])
    with pytest.raises(InputError, match="mark at least one"):
        retention.type_retention(NEW, REFERENCE, ~(TAIL | True))
    with pytest.raises(InputError, match="cannot be compared"):
        retention.type_retention(NEW[:3], REFERENCE, TAIL)
    with pytest.raises(InputError, match="at least two records"):
        retention.type_retention([0, 0], [1, 1], [True, True])
