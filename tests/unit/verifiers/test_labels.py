"""Labels that people gave, from a file."""

import json
import pickle

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.fingerprint import fingerprint
from modelcollapse.protocols import Learning, Verifier
from modelcollapse.verifiers.labels import HumanLabels


def nothing():
    return iter(())


@pytest.fixture
def write(tmp_path):
    def written(text, name="labels.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return written


def test_labels_by_id(write):
    file = write("id,label,who\n1,right,A\n2,wrong,A\n3,,A\n4,n/a,B\n2,0,B\n")
    found = HumanLabels(file).learn(nothing).score({"id": [2, "1", 3, 9, None, 1.0]})
    np.testing.assert_equal(found.scores, [0, 1, np.nan, np.nan, np.nan, 1])
    assert found.failures == {
        2: "nobody has labelled it", 3: "nobody has labelled it", 4: "there is nothing in 'id'",
    }  # fmt: skip


def test_labels_by_several_columns(write):
    lines = [
        {"prompt": "p", "text": "a, b", "good": True},
        {"prompt": "p", "text": "c", "good": False},
    ]
    file = write("\n".join(map(json.dumps, lines)), "labels.jsonl")
    labels = HumanLabels(file, keys=("prompt", "text"), label_column="good", label="people")
    assert labels.name == "people"
    assert labels.columns == ("prompt", "text")
    found = labels.learn(nothing).score({"prompt": ["p", "p", "q"], "text": ["c", "a, b", "c"]})
    np.testing.assert_equal(found.scores, [0, 1, np.nan])


def test_labels_that_disagree_are_named(write):
    file = write("id,label\n1,1\n2,1\n1,0\n2,yes\n")
    with pytest.raises(InputError, match=r"both right and wrong of id 1\. A record has one label"):
        HumanLabels(file).learn(nothing)
    file = write("id,label\n" + "".join(f"{i},1\n{i},0\n" for i in range(5)))
    with pytest.raises(InputError, match=r"id 0; id 1; id 2 and 2 more"):
        HumanLabels(file).learn(nothing)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,label\n1,4\n", "label of record 1 of .* is '4', neither yes nor no"),
        ("id,label\n,1\n", "record 1 of .* has a label but no id"),
        ("id,label\n1,\n", "no record of .* has a label in 'label'"),
        ("id,labels\n1,1\n", "no column 'label'. Did you mean 'labels'"),
        ("id,label\n", "holds no records"),
    ],
)
def test_files_that_cannot_be_used(write, text, message):
    with pytest.raises(InputError, match=message):
        HumanLabels(write(text)).learn(nothing)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        HumanLabels(str(tmp_path / "none.csv")).learn(nothing)


@pytest.mark.parametrize("keys", ["id", (), ("",), (3,)])
def test_wrong_keys(keys):
    with pytest.raises(InputError, match="HumanLabels got keys"):
        HumanLabels("labels.csv", keys=keys)


def test_a_changed_file_is_another_verifier(write):
    before = HumanLabels(write("id,label\n1,1\n"))
    first, again = fingerprint(before), fingerprint(HumanLabels(before.file))
    changed = fingerprint(HumanLabels(write("id,label\n1,0\n")))
    assert first == again != changed


def test_protocols(write):
    labels = HumanLabels(write("id,label\n1,1\n"))
    assert isinstance(labels, Learning)
    found = pickle.loads(pickle.dumps(labels.learn(nothing)))
    assert isinstance(found, Verifier)
    assert found.name == "human_labels"
    with pytest.raises(InputError, match="human_labels reads the column 'id'"):
        found.score({"key": [1]})
