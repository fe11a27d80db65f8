"""Values are those of the package rouge-score, pair by pair and in columns."""

import gzip
import json
import os
import random
import re
from pathlib import Path

import numpy as np
import pytest

from modelcollapse.metrics import rouge
from modelcollapse.metrics.rouge._compiled import numba

rouge_scorer = pytest.importorskip("rouge_score.rouge_scorer")

DATA = Path(os.environ.get("MODELCOLLAPSE_DATA", Path(__file__).parents[3] / "../shared/data"))
KINDS = ["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"]
NEEDS_NUMBA = pytest.mark.skipif(numba() is None, reason="Numba is not installed")
ENGINES = pytest.mark.parametrize("fast", [False, pytest.param(True, marks=NEEDS_NUMBA)])

ODD = [
    "", " ", "...", "\n\n", "İstanbul ISTANBUL aİb", "K (Kelvin) k", "long ſ: ſtem",
    "ΣΑΣ ὈΔΥΣΣΕΎΣ abcs", "naïve café cafés", "x" * 4000, "y" * 4000 + "s", "a b " * 300,
    "don't Don’t", "ﬁne ﬁnance fi", "3.14 2,000 1e9", "running runs ran runner",
    "ies ties dies flies spied", "\u2028 line\u2029sep\u00a0nb\rreturn\x0bfeed\x1c",
    "skies sky dying lying tying news innings inning outings outing cannings canning howe",
    "Ⅻ Ⅷ ² ½ ǅ ẞ ß", "日本語 abc 日本", "a\n\nb a\nc b a", "\ud800 a lone surrogate \x00 zero",
    "beginning 日İ",
]  # fmt: skip

ENDINGS = [
    "e", "s", "es", "ed", "ing", "ation", "ational", "ization", "izer", "ness", "fulness", "ousli",
    "ement", "ment", "ent", "ies", "ied", "y", "logi", "bli", "ously", "ative", "alize", "icate",
    "iciti", "ical", "ful", "able", "ible", "ant", "ance", "ence", "ion", "ism", "ate", "iti",
    "ous", "ive", "ize", "eed", "sses", "at", "bl", "iz", "alli", "alism", "aliti", "iviti",
    "biliti", "fulli", "entli", "eli", "enci", "anci", "ator", "ou", "er", "ic", "al", "ss", "ll",
    "lle",
]  # fmt: skip
STEMS = [
    "univers", "organ", "relat", "nation", "gener", "differ", "employ", "commun", "oper", "inform",
    "develop", "manag", "govern", "consid", "determin", "happi", "hop", "car", "us", "act", "creat",
    "th", "s", "y", "by", "tr", "sk", "x1", "o",
]  # fmt: skip


def noise(rng):
    letters = "abcdefghij   \t\n-'.,0123ÀÉİıſK日ß’"
    return "".join(rng.choice(letters) for _ in range(rng.randint(0, 90)))


def inflected(rng):
    """Every ending, on few stems, so that texts share stems and not words."""
    stems = STEMS[:: rng.randint(6, 9)]
    words = (
        rng.choice(stems) + rng.choice(ENDINGS) + rng.choice(["", "", rng.choice(ENDINGS)])
        for _ in range(rng.randint(1, 60))
    )
    return " ".join(words)


def lines(rng):
    """Few different words, so that there are many longest subsequences."""
    return "".join(rng.choice("aabbcd") + rng.choice("  \n") for _ in range(rng.randint(0, 99)))


def long_lines(rng):
    """More words to a line than a machine word has bits."""
    return "".join(rng.choice("abcdefgh") + rng.choice(" " * 99 + "\n") for _ in range(300))


def several(rng):
    return [lines(rng) for _ in range(rng.randint(1, 4))]


def made(write, n, references=None):
    rng = random.Random(n)
    return [write(rng) for _ in range(n)], [(references or write)(rng) for _ in range(n)]


PAIRS = {
    "odd": ([a for a in ODD for _ in ODD], ODD * len(ODD)),
    "noise": made(noise, 1000),
    "inflected": made(inflected, 300),
    "lines": made(lines, 500),
    "long lines": made(long_lines, 12),
    "several references": made(lines, 200, several),
}


def compressed(path):
    if not path.exists():
        pytest.skip(f"{path} is not there: set MODELCOLLAPSE_DATA")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def published(predictions, references, stem, kinds=KINDS, **options):
    """Precision, recall and F of the package, by kind: shape (records, 3)."""
    scorer = rouge_scorer.RougeScorer(kinds, use_stemmer=stem, **options)
    found = [
        scorer.score(reference, prediction)
        if isinstance(reference, str)
        else scorer.score_multi(reference, prediction)
        for prediction, reference in zip(predictions, references, strict=True)
    ]
    return {kind: np.array([scores[kind] for scores in found], dtype=float) for kind in kinds}


def table(found):
    return np.stack([found.precision, found.recall, found.f], axis=1)


def check(predictions, references, stem, kinds=KINDS):
    theirs = published(predictions, references, stem, kinds)
    for fast in (False, True) if numba() else (False,):
        ours = rouge.scores_by_kind(predictions, references, kinds, stem=stem, fast=fast)
        for kind in kinds:
            np.testing.assert_array_equal(table(ours[kind]), theirs[kind], err_msg=f"{kind} {fast}")
    return theirs


@pytest.mark.parametrize("stem", [True, False])
@pytest.mark.parametrize("pairs", PAIRS)
def test_equal_to_the_last_bit(pairs, stem):
    theirs = check(*PAIRS[pairs], stem)
    # Controls: the kinds differ on these pairs, so that equality means something.
    if pairs == "lines":
        assert (theirs["rougeLsum"][:, 2] != theirs["rougeL"][:, 2]).mean() > 0.5
    if pairs == "inflected":
        other = published(*PAIRS[pairs], not stem, ["rougeL"])["rougeL"]
        assert (theirs["rougeL"] != other).any(axis=1).mean() > 0.5


@pytest.mark.parametrize("stem", [True, False])
def test_abstracts_beside_summaries(stem):
    papers = compressed(DATA / "scitldr" / "dev.jsonl.gz")[::4]
    check(["\n".join(p["source"]) for p in papers], [p["targets"] for p in papers], stem)


def test_summaries_rated_by_people():
    summaries = compressed(DATA / "summeval" / "summaries.jsonl.gz")[::16]
    references = {
        row["doc"]: row["refs"] for row in compressed(DATA / "summeval" / "references.jsonl.gz")
    }
    predictions = [row["summary"] for row in summaries]
    check(predictions, [references[row["doc"]] for row in summaries], True)


@ENGINES
def test_sentences_of_nltk(fast, monkeypatch):
    nltk = pytest.importorskip("nltk")
    monkeypatch.setattr(nltk, "sent_tokenize", lambda text: re.split(r"(?<=[.!?])\s+", text))
    rng = random.Random(0)
    texts = ["".join(rng.choice("ab c.d! \n") for _ in range(80)) for _ in range(200)]
    theirs = published(texts[:100], texts[100:], True, ["rougeLsum"], split_summaries=True)
    ours = rouge.scores(texts[:100], texts[100:], "rougeLsum", split="nltk", fast=fast)
    np.testing.assert_array_equal(table(ours), theirs["rougeLsum"])
    by_lines = rouge.scores(texts[:100], texts[100:], "rougeLsum", fast=fast)
    assert (by_lines.f != ours.f).any()
