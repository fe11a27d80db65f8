import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcollapse.errors import InputError
from modelcollapse.metrics.stage import Stage, stage

quick = settings(max_examples=100, deadline=None)
ratios = st.floats(0, 10) | st.just(np.nan)


@pytest.mark.parametrize(
    ("tail", "spread", "expected"),
    [
        (1.0, 1.0, Stage.NONE),
        (0.5, 0.5, Stage.NONE),  # thresholds themselves are not below
        (0.49, 1.0, Stage.EARLY),
        (0.0, 0.9, Stage.EARLY),
        (0.0, 0.1, Stage.LATE),
        (1.0, 0.1, Stage.LATE),  # late wins, also with the tails in place
        (5.0, 0.1, Stage.LATE),
        (1.0, 2.5, Stage.GROWING),
        (3.0, 2.5, Stage.GROWING),
        (0.1, 2.5, Stage.EARLY),  # a few outliers do not excuse the loss of the tails
        (1.0, np.inf, Stage.GROWING),
        (np.nan, 0.1, Stage.LATE),  # whatever the tails are, it is late
        (np.nan, 1.0, Stage.UNDECIDED),
        (np.nan, 3.0, Stage.UNDECIDED),
        (0.1, np.nan, Stage.UNDECIDED),  # early or late
        (1.0, np.nan, Stage.UNDECIDED),
        (np.nan, np.nan, Stage.UNDECIDED),
    ],
)
def test_rule(tail, spread, expected):
    assert stage(tail, spread) is expected


def test_many_at_once():
    found = stage([[1.0, 0.1, np.nan]], [[1.0], [0.1]])
    assert found.shape == (2, 3)
    assert found[0].tolist() == [Stage.NONE, Stage.EARLY, Stage.UNDECIDED]
    assert found[1].tolist() == [Stage.LATE] * 3
    assert all(isinstance(one, Stage) for one in found.flat)


def test_thresholds_are_the_callers():
    assert stage(0.8, 0.8, tail_threshold=0.9, spread_threshold=0.7) is Stage.EARLY
    assert stage(0.8, 0.8, tail_threshold=0.7, spread_threshold=0.9) is Stage.LATE
    assert stage(1.0, 1.2, growth_threshold=1.1) is Stage.GROWING


@quick
@given(ratios, ratios)
def test_unknown_means_that_more_than_one_stage_is_possible(tail, spread):
    grid = np.array([0.0, 0.3, 0.5, 1.0, 2.0, 3.0])
    tails = grid if np.isnan(tail) else [tail]
    spreads = grid if np.isnan(spread) else [spread]
    possible = {stage(t, s) for t in tails for s in spreads}
    found = stage(tail, spread)
    assert (found is Stage.UNDECIDED) == (len(possible) > 1)
    if len(possible) == 1:
        assert found in possible


@quick
@given(st.floats(0, 10), st.floats(0, 2), st.floats(0.1, 1), st.floats(0.1, 1))
def test_losing_more_never_looks_better(tail, spread, a, b):
    severity = {Stage.NONE: 0, Stage.EARLY: 1, Stage.LATE: 2}
    assert severity[stage(a * tail, b * spread)] >= severity[stage(tail, spread)]


def test_values_are_sentences():
    assert str(Stage.EARLY) == "the tails are going"
    assert str(Stage.LATE) == "the variance is going"


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((-0.1, 1.0), {}),
        ((1.0, -0.1), {}),
        ((1.0, 1.0), {"tail_threshold": 0.0}),
        ((1.0, 1.0), {"spread_threshold": 3.0}),
        ((1.0, 1.0), {"growth_threshold": np.nan}),
    ],
)
def test_refuses(arguments, keywords):
    with pytest.raises(InputError):
        stage(*arguments, **keywords)
