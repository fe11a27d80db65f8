import importlib

import pytest

from modelcollapse.auditing.catalogue import MEASURES, Concern, Tolerance, tolerances
from modelcollapse.errors import InputError


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_names_the_function_that_it_is_written_down_in(name):
    module, function = MEASURES[name].source.split(".")
    found = importlib.import_module(f"modelcollapse.metrics.{module}")
    assert callable(getattr(found, function))


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_says_what_it_means_in_a_sentence(name):
    one = MEASURES[name]
    assert one.meaning[0].isupper()
    assert one.meaning.endswith(".")
    assert one.title == one.title.strip().rstrip(".")
    assert one.tolerance.amount > 0


def test_both_stages_have_headlines_to_be_read_from():
    for concern in (Concern.TAILS, Concern.SPREAD):
        assert any(one.headline for one in MEASURES.values() if one.concern is concern)


def test_a_margin_is_in_the_unit_of_the_measure():
    assert Tolerance(0.2).margin(-3.0) == pytest.approx(0.6)
    assert Tolerance(0.2, relative=False).margin(-3.0) == 0.2


@pytest.mark.parametrize("amount", [-0.1, float("nan"), "0.2", None])
def test_a_tolerance_is_a_number(amount):
    with pytest.raises(InputError, match="tolerance of tails must be zero or more"):
        tolerances({"tails": amount})


def test_names_that_are_none():
    with pytest.raises(InputError, match=r"'tail' to set a tolerance for\. Did you mean 'tails'\?"):
        tolerances({"tail": 0.1})
