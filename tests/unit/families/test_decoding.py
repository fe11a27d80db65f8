import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.families.decoding import Decoding


def by_definition(weights, temperature, top_k, top_p):
    """One law, straight from the three sentences of the docstring."""
    p = np.asarray(weights, float) ** (1 / temperature)
    p = p / p.sum()
    order = sorted(range(len(p)), key=lambda i: (-p[i], i))
    if top_k is not None:
        p[order[top_k:]] = 0
        p = p / p.sum()
    if top_p is not None:
        reached = 0.0
        for place, i in enumerate(order):
            reached += p[i]
            if reached >= top_p - 1e-9:
                p[order[place + 1 :]] = 0
                break
        p = p / p.sum()
    return p


@given(
    laws=st.lists(
        st.lists(st.integers(0, 30), min_size=1, max_size=8).filter(any), min_size=1, max_size=5
    ),
    temperature=st.sampled_from([0.3, 0.9, 1.0, 2.0]),
    top_k=st.sampled_from([None, 1, 2, 5]),
    top_p=st.sampled_from([None, 0.123, 0.5, 0.9, 1.0]),
)
def test_many_laws_at_once_follow_the_definition(laws, temperature, top_k, top_p):
    starts = np.cumsum([0, *map(len, laws)])[:-1]
    weights = np.concatenate(laws).astype(float)
    got = Decoding(temperature, top_k, top_p).apply(weights, starts)
    expected = np.concatenate([by_definition(law, temperature, top_k, top_p) for law in laws])
    np.testing.assert_allclose(got, expected, atol=1e-8)


def test_ties_are_kept_from_the_front():
    assert Decoding(top_k=2).apply(np.ones(4)).tolist() == [0.5, 0.5, 0, 0]
    assert Decoding(top_p=0.5).apply(np.ones(4)).tolist() == [0.5, 0.5, 0, 0]


def test_very_cold_is_greedy_and_does_not_underflow():
    cold = Decoding(temperature=1e-3).apply(np.array([3.0, 4.0, 1e-9]))
    np.testing.assert_allclose(cold, [0, 1, 0], atol=1e-100)
    assert np.isfinite(Decoding(temperature=1e-6).apply(np.array([1e-300, 1e-301]))).all()


def test_input_is_left_alone():
    weights = np.array([1.0, 3.0])
    Decoding(temperature=0.5, top_k=1).apply(weights)
    assert weights.tolist() == [1, 3]


def test_changes_tells_whether_anything_happens():
    assert not Decoding().changes
    assert not Decoding(top_p=1.0).changes
    assert Decoding(0.9).changes
    assert Decoding(top_k=3).changes
    assert Decoding(top_p=0.5).changes


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"temperature": 0}, "use top_k=1"),
        ({"temperature": float("nan")}, "temperature must be"),
        ({"temperature": float("inf")}, "temperature must be"),
        ({"top_k": 0}, "at least 1 outcome"),
        ({"top_p": 0}, "top_p must be"),
        ({"top_p": 1.1}, "top_p must be"),
    ],
)
def test_ranges(wrong, sentence):
    with pytest.raises(InputError, match=sentence):
        Decoding(**wrong)
