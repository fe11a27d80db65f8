import numpy as np
import pytest

from modelcollapse.auditing.catalogue import MEASURES, Concern, tolerances
from modelcollapse.auditing.judging import Stage, conclude, judge
from modelcollapse.auditing.reading import Outcome, Reading
from modelcollapse.errors import InputError
from modelcollapse.metrics.signal import Signal

ALLOWED = tolerances(None)


def read(measure, value, error=0.01, p=None, *, about="", expected=1.0, collapse="falls"):
    sign = -1 if collapse == "grows" else 1
    away = sign * (value - expected)
    p = p if p is not None else (1e-9 if away < -4 * error else 0.5 if away < 4 * error else 1.0)
    signal = Signal(
        value, expected, error, value - 2 * error, value + 2 * error, p, collapse, 1000, 1000
    )
    return Reading.of(measure, signal, ALLOWED[measure], about=about)


def outcome(*args, **kwargs):
    return judge([read(*args, **kwargs)])[0].outcome


def test_a_sure_loss_beyond_the_tolerance_is_a_change():
    assert outcome("tail_values", 0.5) is Outcome.CHANGED


def test_a_sure_loss_within_the_tolerance_is_none():
    assert outcome("tail_values", 0.9) is Outcome.HELD


def test_a_loss_that_is_not_sure_is_not_decided_and_says_what_would_decide():
    one = judge([read("tail_values", 0.9, error=0.2, p=0.3)])[0]
    assert one.outcome is Outcome.OPEN
    # the margin is 0.1 away, an error 0.2: ((1.960 + 0.842) * 2) squared, times 1000
    assert one.needed == pytest.approx(31_396, abs=2)


def test_what_no_number_of_records_would_decide_is_infinite():
    one = judge([read("tail_values", 0.8 - 1e-200, error=1e200, p=0.3)])[0]
    assert (one.outcome, one.needed) == (Outcome.OPEN, np.inf)
    assert one.to_dict()["needed"] == "inf"


def test_a_gain_is_the_other_way():
    assert outcome("tail_values", 1.5) is Outcome.OPPOSITE


def test_growth_is_the_loss_of_measures_that_grow():
    given = {"expected": 0.0, "error": 0.001, "collapse": "grows"}
    assert outcome("copies", 0.2, **given) is Outcome.CHANGED
    assert outcome("copies", 0.004, **given) is Outcome.HELD


def test_what_has_no_value_was_not_measured():
    assert outcome("tail_values", np.nan, p=np.nan) is Outcome.UNDEFINED


def test_headlines_share_one_error_rate_and_columns_another():
    many = [read("tail_values", 0.5, p=0.02)] + [
        read(name, 1.0, p=0.5) for name in ("bulk_spread", "energy", "vendi", "copies")
    ]
    assert judge(many[:1])[0].outcome is Outcome.CHANGED
    first = judge(many)[0]
    assert first.adjusted_p == pytest.approx(0.1)
    assert first.outcome is Outcome.OPEN


def stage(*readings):
    return conclude(judge(readings))


HELD = [read("tail_values", 1.0), read("bulk_spread", 1.0, error=0.005)]


def test_stages():
    assert stage(*HELD).stage is Stage.NONE
    assert stage(read("tail_values", 0.5), HELD[1]).stage is Stage.EARLY
    both = stage(read("tail_values", 0.5), read("bulk_spread", 0.8))
    assert both.stage is Stage.LATE
    assert [one.measure for one in both.carried_by] == ["bulk_spread", "tail_values"]


def test_without_a_held_reading_of_both_there_is_no_clean_bill():
    assert stage(HELD[0]).stage is Stage.UNDECIDED
    assert stage(HELD[0], read("bulk_spread", 0.97, error=0.05, p=0.3)).stage is Stage.UNDECIDED


def test_the_spread_of_categories_does_not_vouch_for_that_of_numbers():
    there = read("common_categories", 1.0)
    assert stage(HELD[0], there).stage is Stage.NONE
    assert stage(HELD[0], there, read("bulk_spread", 0.97, error=0.02, p=0.2)).stage is (
        Stage.UNDECIDED
    )


def test_copies_are_a_finding_and_no_stage():
    twins = read("copies", 0.2, expected=0.0, error=0.001, collapse="grows")
    found = stage(*HELD, twins)
    assert (found.stage, found.findings) == (Stage.NONE, (Concern.DUPLICATION,))


def test_lost_words_that_others_replace_are_drift():
    lost = read("rare_words", 0.5, about="body")
    poorer, as_rich = (read("distinct_1", x, about="body", expected=0.3) for x in (0.2, 0.31))
    assert stage(lost, poorer, HELD[1]).stage is Stage.EARLY
    drifted = stage(lost, as_rich, *HELD)
    assert (drifted.stage, drifted.findings) == (Stage.NONE, (Concern.DRIFT,))


def test_real_records_left_by_new_ones_that_lie_elsewhere_are_drift():
    lost = read("lost_support", 5.0, collapse="grows")
    found = stage(lost, read("rarity_exceedance", 4.0), *HELD)
    assert (found.stage, found.findings) == (Stage.NONE, (Concern.DRIFT,))
    assert stage(lost, read("rarity_exceedance", 1.0), HELD[1]).stage is Stage.EARLY


def test_tolerances_are_those_of_the_user():
    own = tolerances({"tails": 0.6, "tail_values": 0.7})
    assert own["tail_values"].amount == 0.7
    assert own["rare_words"].amount == 0.6
    assert own["bulk_spread"] == MEASURES["bulk_spread"].tolerance


def test_wrong_tolerances_are_one_clear_sentence():
    with pytest.raises(InputError, match="Did you mean 'tails'"):
        tolerances({"tail": 0.1})
    with pytest.raises(InputError, match="zero or more"):
        tolerances({"tails": -0.1})


def test_fewer_phrases_of_words_that_are_more_even_are_no_loss():
    fewer = read("distinct_2", 0.45, expected=0.5)
    assert judge([fewer, read("word_concentration", 1.0)])[0].outcome is Outcome.CHANGED
    even = judge([fewer, read("word_concentration", 1.25)])[0]
    assert (even.outcome, even.note) == (Outcome.REPLACED, "words are spread more evenly")


def test_words_that_others_took_the_place_of_leave_no_doubt_where_variety_held():
    lost = [read(name, 0.6) for name in ("rare_words", "common_words")]
    found = conclude(judge([*lost, read("distinct_1", 1.0)]))
    assert (found.stage, found.findings) == (Stage.NONE, (Concern.DRIFT,))
    unsure = conclude(judge([*lost, read("distinct_1", 0.95, error=0.1, p=0.3)]))
    assert (unsure.stage, unsure.findings) == (Stage.UNDECIDED, (Concern.DRIFT,))
