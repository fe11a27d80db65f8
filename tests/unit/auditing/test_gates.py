import pytest

from modelcollapse.auditing.gates import failed, gate
from modelcollapse.errors import InputError


def card(stage="none", findings=(), **row):
    one = {"measure": "distinct_2", "about": "body", "outcome": "held", "value": 0.6, **row}
    return {"verdict": {"stage": stage, "findings": list(findings)}, "readings": [one]}


@pytest.mark.parametrize(
    ("text", "stage", "fails"),
    [
        ("early", "early", True),
        ("early", "late", True),
        ("early", "none", False),
        ("early", "not enough data", False),
        ("late", "early", False),
        ("late", "late", True),
        ("undecided", "not enough data", True),
        ("any", "late", True),
        ("any", "none", False),
        ("duplication", "late", False),
    ],
)
def test_stages(text, stage, fails):
    assert bool(failed(card(stage), [gate(text)])) is fails


def test_findings():
    found = card(findings=["duplication"])
    assert failed(found, [gate("duplication")]) == ["found duplication"]
    assert failed(found, [gate("any")]) == ["found duplication"]
    assert failed(found, [gate("early"), gate("drift")]) == []


def test_measures():
    assert failed(card(outcome="changed"), [gate("metric=distinct_2:body")]) == [
        "distinct_2:body changed"
    ]
    assert failed(card(), [gate("metric=distinct_2:body")]) == []
    assert failed(card(), [gate("metric=distinct_2:body<0.7")]) == ["distinct_2:body is 0.6, < 0.7"]
    assert failed(card(), [gate("metric=distinct_2:body>0.7")]) == []
    assert failed(card(value="inf"), [gate("metric=distinct_2:body>1e3")])
    assert failed(card(value=None), [gate("metric=distinct_2:body<0.7")])


@pytest.mark.parametrize(
    ("text", "said"),
    [("erly", "Did you mean 'early'"), ("metric=", "there is no gate"), ("", "there is no gate"),
     ("metric=a<-", "no number")],
)  # fmt: skip
def test_no_gate(text, said):
    with pytest.raises(InputError, match=said):
        gate(text)


def test_a_gate_on_what_was_not_read_is_no_pass():
    with pytest.raises(InputError, match=r"no measure 'distinct_2' was read.*distinct_2:body"):
        failed(card(), [gate("metric=distinct_2")])


def test_a_leak_is_a_gate_of_its_own_and_one_of_any():
    found = card()
    assert failed(found, [gate("leak")]) == []
    found["verdict"]["leak"] = 0.4
    assert failed(found, [gate("leak")]) == failed(found, [gate("any")]) == ["found a leak"]
    assert failed(found, [gate("early")]) == []
