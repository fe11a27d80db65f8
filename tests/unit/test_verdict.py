import dataclasses

import numpy as np
import pytest

from modelcollapse.errors import Diverged
from modelcollapse.history import Ending, History
from modelcollapse.metrics.stage import Stage
from modelcollapse.verdict import verdict, verdicts

FINE, TAILS, GONE, GROWN, UNKNOWN = (1.0, 1.0), (0.1, 0.9), (0.1, 0.1), (1.0, 3.0), (np.nan, np.nan)


def history(*replicates, alive=None, endings=None, generations=None):
    """One list of (tail ratio, variance ratio) a replicate; generation 0 is put before it."""
    readings = np.array([[FINE, *replicate] for replicate in replicates])
    shape = readings.shape[:2]
    return History(
        np.arange(shape[1]) if generations is None else np.array(generations),
        {"tail_retention": 0.8 * readings[..., 0], "variance": 5.0 * readings[..., 1]},
        np.ones(shape, dtype=bool) if alive is None else np.array(alive),
        endings or {},
    )


@pytest.mark.parametrize(
    ("last", "stage", "words"),
    [
        (FINE, Stage.NONE, "no collapse in the one replicate"),
        (TAILS, Stage.EARLY, "early collapse (tails)"),
        (GONE, Stage.LATE, "late collapse (variance)"),
        (GROWN, Stage.GROWING, "no collapse, but the spread grows"),
        (UNKNOWN, Stage.UNDECIDED, "not decided"),
    ],
)
def test_each_stage_has_its_words(last, stage, words):
    found = verdict(history([last]))
    assert (found.stage, found.share) == (stage, 1.0)
    assert words in found.sentence


@pytest.mark.parametrize(
    ("lasts", "stage"),
    [
        ([FINE, FINE, GONE], Stage.NONE),
        ([FINE, GONE, GONE], Stage.LATE),
        ([TAILS, GONE], Stage.EARLY),
        ([FINE, GONE], Stage.UNDECIDED),
        ([GROWN, GONE], Stage.UNDECIDED),
        ([FINE, TAILS], Stage.UNDECIDED),
        ([UNKNOWN, GONE], Stage.UNDECIDED),
        ([FINE, GROWN], Stage.UNDECIDED),
    ],
)
def test_most_replicates_decide_and_an_even_split_does_not(lasts, stage):
    found = verdict(history(*([last] for last in lasts)))
    assert found.stage is stage
    assert found.share >= 1 / 2


def test_an_even_split_is_said_to_be_one():
    said = verdict(history([FINE], [GONE])).sentence
    assert said.startswith("not decided: the 2 replicates are split evenly between")


def test_what_was_not_measured_is_named():
    whole = history([FINE])
    part = dataclasses.replace(whole, readings={"variance": whole["variance"]})
    said = verdict(part).sentence
    assert said == "not decided: the verdict rests on tail_retention, which was not measured"


def test_the_onset_is_where_half_of_the_replicates_stay_collapsed():
    calm, never = [FINE] * 5, [FINE, TAILS, FINE, FINE, FINE]
    soon = [FINE, TAILS, TAILS, GONE, GONE]
    relapse = [TAILS, FINE, TAILS, GONE, GONE]
    assert verdict(history(calm)).onset is None
    assert verdict(history(never)).onset is None
    assert verdict(history(soon)).onset == 2
    assert verdict(history(relapse)).onset == 3
    assert verdict(history(soon, soon, calm)).onset == 2
    assert verdict(history(soon, calm, calm)).onset is None
    assert verdict(history([GONE] * 5)).onset == 1


def test_the_onset_is_a_generation_that_was_read():
    found = verdict(history([FINE, GONE, GONE], generations=[0, 10, 20, 25]))
    assert found.onset == 20
    assert "collapsed since generation 20" in found.sentence


def test_the_sentence_says_how_much_is_left_and_of_how_many():
    found = verdict(history([GONE], [TAILS], [GONE]))
    assert found.sentence == (
        "late collapse (variance) in 2 of 3 replicates at generation 1: variance at 10% and tails "
        "at 10% of generation 0 (median), collapsed since generation 1"
    )


def test_a_lineage_that_no_longer_varies_is_in_late_collapse():
    assert verdict(history([FINE, FINE], alive=[[True, True, False]])).stage is Stage.LATE


def test_replicates_that_ended_are_counted():
    gone = history(
        [UNKNOWN], [UNKNOWN], [FINE],
        alive=[[True, False], [True, False], [True, True]],
        endings={0: Ending(1, "why"), 1: Ending(1, "why")},
    )  # fmt: skip
    found = verdict(gone)
    assert found.stage is Stage.LATE
    assert found.sentence.endswith("in 2 no model could be fitted any more")


NEVER = Ending(0, "the data are one point.")
FAILED = Ending(1, f"{Diverged.OPENING}the loss was NaN")


@pytest.mark.parametrize(
    ("ending", "alive", "said"),
    [
        (NEVER, [False, False], "generation 0 (the data are one point)"),
        (FAILED, [True, False], "generation 1 (the training failed: the loss was NaN)"),
    ],
)
def test_a_lineage_that_no_data_ended_is_no_collapse(ending, alive, said):
    found = verdict(history([UNKNOWN], alive=[alive], endings={0: ending}))
    assert (found.stage, found.onset) == (Stage.UNDECIDED, None)
    assert found.sentence == f"not decided: no model could be fitted in {said}"
    bare = History(np.arange(2), {}, np.array([alive]), {0: ending})
    assert verdict(bare).sentence == found.sentence


def test_trainings_that_failed_do_not_decide_for_the_others():
    gone = history(
        [FINE], [FINE], [UNKNOWN],
        alive=[[True, True], [True, True], [True, False]], endings={2: FAILED},
    )  # fmt: skip
    found = verdict(gone)
    assert found.stage is Stage.NONE
    assert "in 2 of 3 replicates at generation 1: variance at 100%" in found.sentence
    assert found.sentence.endswith(
        "; no model could be fitted in generation 1 in 1 of 3 replicates "
        "(the training failed: the loss was NaN)"
    )
    most = dataclasses.replace(gone, endings={1: FAILED, 2: FAILED})
    assert "in generation 1 in 2 of 3 replicates" in verdict(most).sentence
    # Negative control: an end for want of data is a collapse.
    data = Ending(1, "the texts hold no two tokens")
    assert (
        verdict(dataclasses.replace(most, endings={0: data, 1: data})).sentence.count("could") == 1
    )
    one = history([UNKNOWN], alive=[[True, False]], endings={0: data})
    assert verdict(one).stage is Stage.LATE


def test_without_the_measures_it_says_which_are_missing():
    bare = History(np.arange(2), {"x": np.ones((1, 2))}, np.ones((1, 2), dtype=bool))
    assert "rests on variance and tail_retention, which were not measured" in verdict(bare).sentence


def test_one_line_a_lineage():
    lines = verdicts({"a": history([FINE]), "longer": history([GONE])})
    assert lines[0].startswith("a       no collapse")
    assert lines[1].startswith("longer  late collapse")
