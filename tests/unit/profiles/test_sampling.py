"""The sample, the hashes and the digest: of the content, and of nothing else."""

import numpy as np
import pytest

from modelcollapse.profiles import profile
from modelcollapse.profiles.hashing import (
    MISSING,
    RecordHash,
    Vocabulary,
    mixed,
    number_hashes,
    text_hashes,
    vector_hashes,
)
from modelcollapse.profiles.sampling import other_copies

RNG = np.random.default_rng(11)


def table(n=3_000, seed=0):
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(size=n), "c": rng.choice(["a", "b", "c"], n)}


def test_hashes_are_fixed_for_all_time():
    # Written down once: stored profiles of a reference must fit data profiled by a later release.
    assert mixed(np.array([0, 1], dtype=np.uint64)).tolist() == [
        0xE220A8397B1DCDAF,
        0x910A2DEC89025CC1,
    ]
    assert text_hashes(["", "yes", None]).tolist() == [
        0xB4B2797457A0A6E4, 0x927A186D5C80B1D1, int(MISSING),
    ]  # fmt: skip
    assert number_hashes(np.array([0.0, -0.0, 1.0])).tolist() == [0, 0, 0x3FF0000000000000]
    assert number_hashes(np.array([np.nan, np.inf])).tolist() == [int(MISSING)] * 2


def test_vectors_hash_by_their_numbers_and_places():
    rows = np.array([[1, 2], [2, 1], [1, 2], [np.nan, np.nan]], dtype=np.float32)
    a, b, c, missing = vector_hashes(rows).tolist()
    assert a == c != b
    assert missing == int(MISSING)


def test_a_vocabulary_hashes_as_texts_do_even_when_it_is_full():
    small = Vocabulary()
    small.MOST = 3
    for words in (["a", None, "b"], ["b", "a"], ["c", "d"], ["a", "c"]):
        assert small.hashes(words).tolist() == text_hashes(words).tolist()


def test_records_hash_by_column_whatever_the_order():
    hashes = {"a": text_hashes(["x", "y", "x"]), "b": text_hashes(["y", "x", "x"])}

    def value(order):
        record = RecordHash(3)
        for name in order:
            record.add(name, hashes[name])
        return record.value()

    assert value("ab").tolist() == value("ba").tolist()
    assert len(set(value("ab").tolist())) == 3


def test_the_order_of_the_records_changes_nothing_but_last_digits():
    data = table()
    order = RNG.permutation(3_000)
    a = profile(data, max_sample=500)
    b = profile({name: column[order] for name, column in data.items()}, max_sample=500)
    assert a.digest == b.digest
    np.testing.assert_array_equal(a.hashes, b.hashes)
    np.testing.assert_array_equal(a.sample["x"], b.sample["x"])
    assert len(a.hashes) == 500
    assert a.sampled_share == pytest.approx(1 / 6)


def test_the_digest_notices_one_value():
    data = table()
    other = {**data, "x": np.r_[data["x"][:-1], 0.125]}
    assert profile(data).digest != profile(other).digest
    assert profile(data).digest == profile(data, max_sample=10).digest


def test_identifiers_do_not_tell_records_apart():
    data = table(100)
    named = {**data, "id": [f"k{i}" for i in range(100)]}
    assert profile(named).digest == profile(data).digest
    assert "id" in profile(named).sample


def test_the_sample_is_like_the_data():
    data = table(40_000)
    found = profile(data, max_sample=4_000)
    share = np.mean(found.sample["c"] == "a")
    assert abs(share - 1 / 3) < 4 * np.sqrt(2 / 9 / 4_000)
    assert abs(found.sample["x"].mean()) < 4 / np.sqrt(4_000)
    # its first records are a sample as well, so the order tells nothing
    assert abs(found.sample["x"][:1_000].mean()) < 4 / np.sqrt(1_000)


def test_all_copies_of_a_record_are_sampled_or_none():
    x = np.repeat(RNG.normal(size=5_000), 2)
    found = profile({"x": x}, max_sample=1_001)
    assert found.together
    counts = np.unique(found.hashes, return_counts=True)[1]
    assert set(counts.tolist()) == {2}
    assert 900 < len(found.hashes) <= 1_001


def test_records_with_many_copies_are_sampled_apart():
    # Three records make up these data: all copies or none would be a sample of one of them.
    words = RNG.choice(["a", "b", "c"], 20_000, p=[0.6, 0.3, 0.1])
    found = profile({"c": words}, max_sample=2_000)
    assert not found.together
    assert len(found.hashes) == 2_000
    share = np.mean(found.sample["c"] == "a")
    assert abs(share - 0.6) < 4 * np.sqrt(0.24 / 2_000)


def test_other_copies_are_estimated_from_records_drawn_one_by_one():
    hashes = np.repeat(np.arange(2_000, dtype=np.uint64), 10)
    estimates = [other_copies(RNG.choice(hashes, 2_000, replace=False), 20_000) for _ in range(50)]
    error = np.std(estimates, ddof=1) / np.sqrt(50)
    assert abs(np.mean(estimates) - 9) < 4 * error
    assert abs(np.mean(estimates) - 10) > 4 * error  # not: copies, itself among them
    assert other_copies(hashes[:1], 20_000) == 0


def test_equal_records_of_two_data_sets_have_equal_hashes():
    reference = profile(table())
    leaked = {name: np.r_[column[:50], column[:10]] for name, column in table().items()}
    new = profile(leaked, like=reference)
    assert np.isin(new.hashes, reference.hashes).all()
    assert len(np.unique(new.hashes)) == 50
    fresh = profile(table(seed=1), like=reference)
    assert not np.isin(fresh.hashes, reference.hashes).any()
