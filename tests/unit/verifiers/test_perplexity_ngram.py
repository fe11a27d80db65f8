"""Perplexity under an n-gram model."""

import gzip
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.families.ngram import NGram
from modelcollapse.families.texts import UNKNOWN, Texts
from modelcollapse.fingerprint import fingerprint
from modelcollapse.protocols import Learning
from modelcollapse.testing import check_verifier
from modelcollapse.verifiers.learnt_ngrams import UNSEEN
from modelcollapse.verifiers.ngram_perplexity import NgramPerplexity

DATA = Path(os.environ.get("MODELCOLLAPSE_DATA", "../shared/data"))
WORDS = [f"w{i}" for i in range(40)]


def made_up(n, seed=0, temperature=1.0):
    """Texts of a chain of words; the higher the temperature, the less like a chain."""
    steps = np.random.default_rng(99).dirichlet(np.full(40, 0.1), size=40) ** (1 / temperature)
    steps = (steps / steps.sum(axis=1, keepdims=True)).cumsum(axis=1)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        at = int(rng.integers(40))
        text = []
        for _ in range(rng.integers(2, 30)):
            text.append(WORDS[at])
            at = min(39, int((steps[at] > rng.random()).argmax()))
        found.append(" ".join(text))
    return found


def write(path, texts, column="text"):
    path.write_text("".join(json.dumps({column: text}) + "\n" for text in texts))
    return str(path)


def learnt(texts, **options):
    return NgramPerplexity(**options).learn(lambda: iter([{"text": texts}]))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return write(tmp_path_factory.mktemp("real") / "real.jsonl", made_up(400))


@pytest.fixture(scope="module")
def ready(real):
    return NgramPerplexity(train=real).learn(lambda: iter([]))


# --- what is scored ----------------------------------------------------------------------------


def test_the_score_is_the_mean_log_probability_under_a_kneser_ney_model(ready):
    texts = [*made_up(20, seed=1), "w1 unheard", "Unheard !"]
    found = ready.score({"text": texts})
    train = Texts.of(made_up(400))
    vocabulary = (*train.vocabulary, UNKNOWN)
    model = NGram(3, smoothing="kneser-ney", floor=UNSEEN).fit(
        Texts.of(made_up(400), vocabulary=vocabulary), rng=np.random.default_rng(0)
    )
    for i, text in enumerate(texts):
        law = model.log_prob(Texts.of([text.lower()], vocabulary=vocabulary))
        assert found.scores[i] == pytest.approx(law.mean())
        assert found.details["tokens"][i] == len(law) == len(text.split()) + 1
        assert found.details["per_character"][i] == pytest.approx(law.sum() / len(text))


def test_the_law_sums_to_one(ready):
    """Over all words, the end, and words never seen, after contexts known and unknown."""
    model, known = ready.models[0], ready.counts[0].vocabulary
    for context in ("", "w3", "w3 w5", "unheard w5", "unheard of"):
        at = len(context.split())
        words = [*known[:-1], "never"]
        longer = Texts.of([f"{context} {word}" for word in words], vocabulary=known)
        end = _laws(model, Texts.of([context], vocabulary=known))[0][at]
        law = np.exp([end, *(each[at] for each in _laws(model, longer))])
        assert law.sum() == pytest.approx(1)
        assert law.min() > 0


def _laws(model, texts):
    return np.split(model.log_prob(texts), np.cumsum(np.diff(texts.starts) + 1)[:-1])


def test_it_tells_texts_of_the_law_from_others(ready):
    like = ready.score({"text": made_up(200, seed=2)}).scores
    less = ready.score({"text": made_up(200, seed=2, temperature=4)}).scores
    assert like.mean() > less.mean() + 0.5


def test_a_higher_order_knows_more_than_single_words(real):
    held_out = {"text": made_up(200, seed=3)}
    one, two = (
        NgramPerplexity(train=real, order=order).learn(lambda: iter([])).score(held_out).scores
        for order in (1, 2)
    )
    assert two.mean() > one.mean() + 0.5


# --- in whose company --------------------------------------------------------------------------


@pytest.mark.parametrize("from_file", [True, False])
def test_the_company_makes_no_difference(real, from_file):
    pile = [*made_up(60, seed=4), "", "unheard", None]
    verifier = NgramPerplexity(train=real) if from_file else NgramPerplexity()
    ready = verifier.learn(lambda: iter([{"text": pile}]))
    whole = ready.score({"text": pile})
    alone = np.concatenate([ready.score({"text": [text]}).scores for text in pile])
    np.testing.assert_allclose(whole.scores, alone, rtol=1e-12)
    order = np.random.default_rng(0).permutation(len(pile))
    mixed = ready.score({"text": [pile[i] for i in order]})
    np.testing.assert_allclose(mixed.scores, whole.scores[order], rtol=1e-12)
    assert sorted(whole.failures) == [60, 62]


def test_it_keeps_the_promises_of_a_verifier(real):
    pile = {"text": [*made_up(60, seed=4), "", None]}
    check_verifier(NgramPerplexity(train=real), pile)
    check_verifier(NgramPerplexity(), pile)


def test_what_is_learnt_depends_neither_on_the_order_nor_on_the_cutting():
    pile = made_up(80, seed=5)
    first = learnt(pile)
    back = NgramPerplexity().learn(
        lambda: iter([{"text": pile[70:][::-1]}, {"text": []}, {"text": pile[:70]}])
    )
    np.testing.assert_array_equal(first.score({"text": pile}).scores,
                                  back.score({"text": pile}).scores)  # fmt: skip
    assert fingerprint(first) == fingerprint(back) != fingerprint(learnt(pile[:79]))


def test_of_too_much_text_a_part_is_taken_that_depends_on_the_texts_only():
    pile = made_up(300, seed=6)
    part = learnt(pile, most=500)
    taken = sum(counts.events for counts in part.counts)
    assert 500 <= taken < 540  # the last text is taken as a whole
    again = learnt(pile[::-1], most=500)
    assert fingerprint(part) == fingerprint(again)
    # No more is held while reading than is taken in the end.
    longer = learnt(pile + made_up(300, seed=7), most=500)
    assert 500 <= sum(counts.events for counts in longer.counts) < 540


# --- learning from the records -----------------------------------------------------------------


def test_no_text_is_compared_with_itself_or_its_copies():
    """A text of words of its own is as surprising with copies as alone."""
    pile = made_up(200, seed=8)
    odd = "quite another thing altogether"
    once = learnt([*pile, odd]).score({"text": [odd]}).scores
    often = learnt([*pile, *[odd, "Quite another  thing altogether"] * 20]).score({"text": [odd]})
    # The copies move nothing but the size of the vocabulary and the other half of the records.
    np.testing.assert_allclose(often.scores, once, rtol=1e-9)
    own = NGram(3, smoothing="kneser-ney", floor=UNSEEN)
    seen = own.fit([*pile, odd], rng=np.random.default_rng(0)).log_prob([odd]).mean()
    assert seen > once[0] + 1  # negative control: a model that saw it is less surprised


def test_too_few_different_texts_are_an_error():
    with pytest.raises(InputError, match="too few different texts in 'text'"):
        learnt(["the same"] * 50)
    with pytest.raises(InputError, match="not one text in the column 'text' of the records"):
        learnt(["", None, 3])


# --- files and options -------------------------------------------------------------------------


def test_texts_to_learn_from_may_be_many_files_with_another_column(tmp_path, ready):
    texts = made_up(400)
    write(tmp_path / "a.jsonl", texts[:150], "body")
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.writelines(json.dumps({"body": text}) + "\n" for text in texts[150:])
    verifier = NgramPerplexity(train=f"{tmp_path}/*.jsonl*", column="body")
    found = verifier.learn(lambda: iter([])).score({"text": texts[:5]})
    np.testing.assert_array_equal(found.scores, ready.score({"text": texts[:5]}).scores)


def test_files_are_told_apart_by_what_they_hold(tmp_path):
    path = tmp_path / "real.jsonl"
    marks = set()
    for seed in (0, 1):
        write(path, made_up(20, seed=seed))
        marks.add(fingerprint(NgramPerplexity(train=str(path))))
    assert len(marks) == 2


def test_characters_where_words_are_not_told_apart():
    pile = ["春眠不覺曉", "處處聞啼鳥", "夜來風雨聲", "花落知多少", "春眠處處聞", "夜來花落知"] * 2
    found = learnt(pile, unit="character", order=2).score({"text": ["春眠處 處聞", "春"]})
    assert found.details["tokens"] == [7, 2]
    assert learnt(pile).score({"text": ["春眠處 處聞"]}).details["tokens"] == [3]


def test_case_matters_if_it_shall(real):
    batch = {"text": ["w1 w2", "W1 W2"]}
    same, other = (
        NgramPerplexity(train=real, lower=lower).learn(lambda: iter([])).score(batch).scores
        for lower in (True, False)
    )
    assert same[0] == same[1]
    assert other[0] > other[1]


def test_it_travels_to_other_processes_without_its_caches(ready):
    found = ready.score({"text": ["w1 w2 w3"]})
    assert len(pickle.dumps(ready)) < 1.1 * len(pickle.dumps(ready.counts))
    assert len(pickle.dumps(ready.models)) > 1.1 * len(pickle.dumps(ready.counts))
    again = pickle.loads(pickle.dumps(ready))
    np.testing.assert_array_equal(again.score({"text": ["w1 w2 w3"]}).scores, found.scores)
    assert again.name == "ngram_perplexity"
    assert again.columns == ("text",)


def test_it_has_to_learn_first(real):
    verifier = NgramPerplexity(train=real, label="weak")
    assert isinstance(verifier, Learning)
    with pytest.raises(InputError, match="weak has to learn before it can score"):
        verifier.score({"text": ["w1"]})
    assert verifier.learn(lambda: iter([])).name == "weak"


def test_missing_columns_are_errors(real, ready):
    with pytest.raises(InputError, match="reads the column 'text'"):
        ready.score({"texts": ["a"]})
    with pytest.raises(InputError, match=r"ngram_perplexity \(train=.*reads the column 'body'"):
        NgramPerplexity(train=real, column="body").learn(lambda: iter([]))
    with pytest.raises(InputError, match="reads the column 'text'"):
        NgramPerplexity().learn(lambda: iter([{"body": ["a"]}]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 0}, "order = 0"),
        ({"most": 1.5}, "most = 1.5"),
        ({"unit": "words"}, "Did you mean 'word'"),
        ({"text": ""}, "text = ''"),
        ({"column": "body"}, "but no `train`"),
    ],
)
def test_wrong_options_are_refused_at_once(options, message):
    with pytest.raises(InputError, match=message):
        NgramPerplexity(**options)


# --- real text ---------------------------------------------------------------------------------


@pytest.mark.skipif(not (DATA / "scitldr").is_dir(), reason="needs scitldr in MODELCOLLAPSE_DATA")
def test_abstracts_surprise_less_than_the_same_words_in_another_order():
    with gzip.open(DATA / "scitldr" / "train.jsonl.gz", "rt") as file:
        texts = [" ".join(json.loads(line)["source"]) for line in file]
    with gzip.open(DATA / "scitldr" / "dev.jsonl.gz", "rt") as file:
        held_out = [" ".join(json.loads(line)["source"]) for line in file][:200]
    rng = np.random.default_rng(0)
    shuffled = [" ".join(rng.permutation(text.split())) for text in held_out]
    ready = learnt(texts)
    real, other = (ready.score({"text": each}).scores for each in (held_out, shuffled))
    assert np.mean(real > other) > 0.99
    assert 4.5 < -real.mean() < 6  # a perplexity between 90 and 400
