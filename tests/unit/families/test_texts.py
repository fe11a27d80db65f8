import pickle

import numpy as np
import pytest

from modelcollapse import records
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.texts import UNKNOWN, Texts, words


def test_words_keep_inner_apostrophes_and_part_punctuation():
    assert words("Don't stop (ever)!\n  It's 3.5") == [
        "Don't", "stop", "(", "ever", ")", "!", "It's", "3", ".", "5",
    ]  # fmt: skip


def test_numbers_follow_first_appearance():
    texts = Texts.of(["b a b", "", "c a"])
    assert texts.vocabulary == ("b", "a", "c")
    assert texts.ids.tolist() == [0, 1, 0, 2, 1]
    assert texts.starts.tolist() == [0, 3, 3, 5]
    assert len(texts) == records.size(texts) == 3


def test_lower_and_own_tokenizer():
    assert Texts.of(["A a"], lower=True).vocabulary == ("a",)
    assert Texts.of(["ab"], tokenizer=list).vocabulary == ("a", "b")


def test_a_vocabulary_can_be_handed_on():
    first = Texts.of(["a b"])
    assert Texts.of(["b b a"], vocabulary=first.vocabulary).ids.tolist() == [1, 1, 0]
    with_unknown = (*first.vocabulary, UNKNOWN)
    assert Texts.of(["b x y"], vocabulary=with_unknown).ids.tolist() == [1, 2, 2]
    with pytest.raises(InputError, match="lacks the word 'x'"):
        Texts.of(["a x"], vocabulary=first.vocabulary)


def test_strings_come_back_and_tokenise_the_same_again():
    documents = ["Well, isn't it?", "", "a (b) c's"]
    texts = Texts.of(documents)
    again = Texts.of(texts.to_strings())
    assert texts.to_strings()[0] == "Well , isn't it ?"
    assert again.ids.tolist() == texts.ids.tolist()
    assert again.starts.tolist() == texts.starts.tolist()


def test_take_keeps_order_repeats_and_the_vocabulary_object():
    texts = Texts.of(["a b", "c", "", "d e f"])
    some = records.take(texts, np.array([3, 0, 0, 2]))
    assert some.to_strings() == ["d e f", "a b", "a b", ""]
    assert some.vocabulary is texts.vocabulary


def test_take_of_blocks():
    texts = Texts.of(["a b c d e f g"]).blocks(2)
    some = records.take(texts, np.array([2, 0]))
    assert some.to_strings() == ["e f", "a b"]
    assert some.block == 2


def test_join_restores_what_was_parted():
    texts = Texts.of(["a b", "c", "", "d e f"])
    parts = [records.take(texts, np.array(part, dtype=int)) for part in ([0, 1], [], [2, 3])]
    joined = records.concat(parts)
    assert joined.to_strings() == texts.to_strings()
    assert joined.vocabulary is texts.vocabulary


def test_subset_is_a_random_choice_in_order():
    texts = Texts.of([f"w{i}" for i in range(50)])
    some = records.subset(texts, 20, rng=np.random.default_rng(0))
    assert len(some) == 20
    assert (np.diff(some.ids) > 0).all()


def test_equal_vocabularies_join_and_different_ones_do_not():
    first, twin, other = Texts.of(["a b"]), Texts.of(["a b"]), Texts.of(["b a"])
    assert records.concat([first, twin]).to_strings() == ["a b", "a b"]
    with pytest.raises(Incompatible, match="different vocabularies"):
        records.concat([first, other])


def test_blocks_and_documents_do_not_join():
    texts = Texts.of(["a b c d"])
    with pytest.raises(Incompatible, match="block=None and block=2"):
        records.concat([texts, texts.blocks(2)])
    assert records.layout(texts) != records.layout(texts.blocks(2))


def test_blocks_cross_documents_and_drop_the_rest():
    texts = Texts.of(["a b c", "d e f g h"]).blocks(3)
    assert texts.to_strings() == ["a b c", "d e f"]
    assert repr(texts) == "Texts(2 blocks of 3, 6 tokens, vocabulary 8)"


def test_a_pickled_text_is_the_same_text():
    texts = Texts.of(["a b", "c"])
    assert pickle.loads(pickle.dumps(texts)).to_strings() == ["a b", "c"]


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        (lambda: Texts.of("one string"), "got one string"),
        (lambda: Texts.of(["a", 3]), "got int at position 1"),
        (lambda: Texts.of(["a b"]).blocks(0), "at least 1 token"),
        (lambda: Texts(np.array([0, 2]), np.array([0, 2]), ("a", "b")), "between 0 and 1"),
        (lambda: Texts(np.array([0, 1]), np.array([0, 1]), ("a", "b")), "starts must rise"),
        (lambda: Texts(np.array([0, 1]), np.array([0, 2, 1, 2]), ("a", "b")), "starts must rise"),
        (lambda: Texts(np.array([0, 1]), np.array([0, 2]), ("a", "b"), 1), "blocks of 1"),
    ],
)
def test_wrong_input_is_refused(wrong, sentence):
    with pytest.raises(InputError, match=sentence):
        wrong()
