"""A score depends on its record alone: not on the size of the batch, the order, or neighbours."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcollapse.verifiers.agreement import Agreement
from modelcollapse.verifiers.exact_match import ExactMatch
from modelcollapse.verifiers.labels import HumanLabels
from modelcollapse.verifiers.numeric_answer import NumericAnswer
from modelcollapse.verifiers.outcome import Outcome
from modelcollapse.verifiers.rules import Rules
from modelcollapse.verifiers.schema import JsonSchema
from modelcollapse.verifiers.watermark import Watermark

quick = settings(max_examples=40, deadline=None)

ANSWER = st.sampled_from(
    [
        "It is 18.",
        "18",
        "The answer is 1,8",
        "",
        None,
        "{}",
        '{"a": 1}',
        "w5 w6 " * 9,
        3,
        "no no no",
    ]
)
COLUMNS = {
    "id": st.sampled_from([1, 2, 3, None]),
    "prompt": st.sampled_from(["p", "q", None]),
    "text": ANSWER,
    "reference": st.one_of(ANSWER, st.lists(ANSWER, max_size=3)),
    "passed": st.sampled_from([True, "failed", "", "maybe", 0.5]),
}
RECORD = st.fixed_dictionaries(COLUMNS)


def batch(records):
    return {name: [r[name] for r in records] for name in COLUMNS}


def rows(verifier, records):
    """Everything that is said of each record."""
    found = verifier.score(batch(records))
    return [
        (repr(score), found.failures.get(i), [found.details[name][i] for name in found.details])
        for i, score in enumerate(found.scores.tolist())
    ]


def check(verifier, records, order, cut):
    whole = rows(verifier, records)
    turned = [records[i] for i in order]
    pieces = rows(verifier, turned[:cut]) + rows(verifier, turned[cut:])
    assert pieces == [whole[i] for i in order]


ALONE = [
    ExactMatch(),
    NumericAnswer(tolerance=0.5),
    Outcome(),
    JsonSchema(schema={"required": ["a"]}),
    Rules(min_words=2, max_word_run=2, must_match=("[0-9]",), scripts=("latin",)),
]


@pytest.mark.parametrize("verifier", ALONE, ids=lambda verifier: verifier.name)
@quick
@given(records=st.lists(RECORD, max_size=8), data=st.data())
def test_verifiers_that_know_nothing_else(verifier, records, data):
    order = data.draw(st.permutations(range(len(records))))
    check(verifier, records, order, data.draw(st.integers(0, len(records))))


@pytest.mark.parametrize("extract", ["text", "number"])
@quick
@given(records=st.lists(RECORD, max_size=8), data=st.data())
def test_agreement_once_it_has_counted(extract, records, data):
    order = data.draw(st.permutations(range(len(records))))
    cut = data.draw(st.integers(0, len(records)))
    asked = Agreement(extract=extract)
    learnt = asked.learn(lambda: iter([batch(records)]))
    check(learnt, records, order, cut)
    # nor does it matter how the records came when they were counted
    turned = [records[i] for i in order]
    again = asked.learn(lambda: iter([batch(turned[:cut]), batch(turned[cut:])]))
    assert rows(again, records) == rows(learnt, records)


@settings(quick, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(RECORD, max_size=8), data=st.data())
def test_labels(tmp_path, records, data):
    file = tmp_path / "labels.csv"
    file.write_text("id,label\n1,right\n2,wrong\n", encoding="utf-8")
    labels = HumanLabels(str(file)).learn(lambda: iter(()))
    order = data.draw(st.permutations(range(len(records))))
    check(labels, records, order, data.draw(st.integers(0, len(records))))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    path = tmp_path_factory.mktemp("marked") / "tiny"
    words = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({f"w{i}": i for i in range(50)}, unk_token="w0")
    )
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    transformers.PreTrainedTokenizerFast(tokenizer_object=words).save_pretrained(path)
    transformers.GPT2Config(vocab_size=50, bos_token_id=1, eos_token_id=2).save_pretrained(path)
    return str(path)


@settings(quick, max_examples=30)
@given(records=st.lists(RECORD, max_size=6), data=st.data())
def test_watermarks(folder, records, data):
    verifier = Watermark(folder, min_tokens=2)
    order = data.draw(st.permutations(range(len(records))))
    check(verifier, records, order, data.draw(st.integers(0, len(records))))
