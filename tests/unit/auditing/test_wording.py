"""The verdict in words."""

import math

import pytest

from modelcollapse.auditing.catalogue import Concern, tolerances
from modelcollapse.auditing.judging import Judgement, Stage, conclude, judge
from modelcollapse.auditing.leak import Leak
from modelcollapse.auditing.reading import Reading
from modelcollapse.auditing.resampling import REFITTING, RESAMPLING, Loss
from modelcollapse.auditing.wording import HEADINGS, heading, sentence
from modelcollapse.metrics.resampled_types import Generations
from modelcollapse.metrics.signal import Signal

ALLOWED = tolerances(None)


def read(measure, value, error=0.01, p=1e-9, *, about="", note="", expected=1.0, collapse="falls"):
    signal = Signal(
        value, expected, error, value - 2 * error, value + 2 * error, p, collapse, 1000, 1000
    )
    return Reading.of(measure, signal, ALLOWED[measure], about=about, note=note)


HELD = [read("tail_values", 1.0, p=0.5), read("bulk_spread", 1.0, 0.005, p=0.5)]
LOSS = Loss(Generations(6.8, 4.5, math.inf), 2000, "rare words of Body", RESAMPLING)


def said(*readings, lost=None, shared=None):
    judged = judge(readings)
    return sentence(conclude(judged), judged, lost, shared)


def test_a_loss_is_said_with_its_figure_and_what_was_expected():
    words = said(read("tail_values", 0.412, note="outermost 1 % of each column"), HELD[1])
    assert words == (
        "Values in the tails (outermost 1 % of each column): 0.41 where 1.00 was expected."
    )


def test_names_of_columns_stay_as_they_are_spelt():
    words = said(read("rare_words", 0.4, about="BodyText"), HELD[1], lost=LOSS)
    assert "of BodyText: 0.40" in words
    assert (
        "As many rare words of Body would go in about 6.8 generations (4.5 to over 10,000)" in words
    )
    assert "at 2,000 records." in words


def test_a_loss_without_end_is_not_about_anything():
    words = said(
        read("rare_words", 0.0, about="b"), HELD[1],
        lost=Loss(Generations(math.inf, 226.0, math.inf), 500, "rare words of b", RESAMPLING),
    )  # fmt: skip
    assert "would go in over 10,000 generations (226 to over 10,000)" in words


def test_spread_goes_as_much():
    spread = Loss(Generations(600.0, 500.0, 700.0), 2000, "spread", REFITTING)
    words = said(HELD[0], read("bulk_spread", 0.8), lost=spread)
    assert "As much spread would go in about 600 generations (500 to 700) of fitting" in words


def test_generations_are_said_of_a_loss_only():
    assert "generations" not in said(*HELD, lost=LOSS)
    small = Loss(Generations(0.2, 0.1, 0.4), 100, "rare words of b", RESAMPLING)
    assert "generations" not in said(read("rare_words", 0.7, about="b"), HELD[1], lost=small)


def test_more_than_three_losses_are_counted():
    words = said(*(read("rare_words", 0.4, about=f"c{i}") for i in range(5)), HELD[1])
    assert words.endswith("and 2 more.")


def test_what_held_is_counted():
    words = said(*HELD, read("vendi", 0.95, error=0.2, p=0.3))
    assert words == (
        "Neither tails nor spread are surely lost; of 3 signals: 2 held, 1 not decided."
    )


def test_losses_of_single_columns_are_not_hidden_by_a_clean_verdict():
    words = said(*HELD, read("standard_deviation", 0.0, about="gain"))
    assert words.endswith(
        "Yet in single columns something is lost: standard deviation of gain: 0.00 where 1.00 was "
        "expected."
    )
    assert "single columns" not in said(*HELD, read("standard_deviation", 1.0, p=0.5, about="gain"))


def test_what_was_replaced_is_named():
    words = said(
        *HELD, read("rare_words", 0.4, about="b"), read("distinct_1", 1.0, p=0.5, about="b")
    )
    assert "(rare words still there of b (other types took their place): 0.40 where" in words
    assert "1 replaced" in words


def test_a_zero_has_no_minus():
    assert "0.00 where" in said(read("tail_values", -0.001), HELD[1])
    assert "-0.00" not in said(read("tail_values", -0.001), HELD[1])


def test_findings_follow_a_clean_verdict_with_but_and_a_loss_with_also():
    twins = read("copies", 0.2, expected=0.0, error=0.001, collapse="grows")
    assert "But records repeat others (records that repeat others: 0.20" in said(*HELD, twins)
    assert " Also records repeat others" in said(read("tail_values", 0.4), HELD[1], twins)


def test_too_few_records_say_what_is_missing_and_how_many_would_do():
    open_tail = read("tail_values", 0.9, error=0.2, p=0.3)
    words = said(open_tail, HELD[1])
    assert words.startswith("Whether the tails held cannot be said from these records; about ")
    times = judge([open_tail])[0].needed / open_tail.signal.n
    assert times > 10
    assert f"about {float(f'{times:.2g}'):,.0f} times as many would." in words


def test_both_are_settled_by_the_larger_number():
    small, large = read("tail_values", 0.9, 0.2, 0.3), read("bulk_spread", 1.0, 0.5, 0.5)
    words = said(small, large)
    assert "the tails and the spread held cannot be said" in words
    times = max(one.needed / one.signal.n for one in judge([small, large]))
    assert f"about {float(f'{times:.2g}'):,.0f} times as many would." in words


def test_times_are_of_the_records_that_a_measure_read():
    # half of 2,000 records: 1,200 of such a half are 1.2 times as many, and no loss of records
    half = read("common_categories", 1.0, error=0.06, p=0.5)
    needed = judge([half])[0].needed
    words = said(HELD[0], half)
    assert f"about {needed / 1000:.1f} times as many would." in words


def test_tails_that_grew_are_not_said_to_be_open():
    grown = read("tail_values", 2.0, p=1.0)
    assert said(grown, read("bulk_spread", 1.0, 0.5, 0.5)).startswith("Whether the spread held")


def test_a_leak_goes_before_everything_else():
    words = said(*HELD, shared=Leak(1.0))
    assert words.startswith(
        "Mind that all of the new records are in the reference, word for word. Neither tails"
    )


@pytest.mark.parametrize("stage", Stage)
def test_headings(stage):
    plain = Judgement(stage, (), ())
    assert heading(plain) == HEADINGS[stage]
    assert heading(plain, Leak(0.5)) == f"{HEADINGS[stage]} (but leak)"


def test_a_clean_heading_has_its_findings():
    found = Judgement(Stage.NONE, (Concern.DRIFT, Concern.NOISE), ())
    assert heading(found) == "No collapse (but drift and noise)"
    assert heading(found, Leak(0.5)) == "No collapse (but drift and noise and leak)"
