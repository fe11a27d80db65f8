"""A verifier or a rule that breaks one promise is caught by what it breaks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from modelcollapse.errors import InputError
from modelcollapse.selection.pile import Choice, Pile
from modelcollapse.testing import BrokenPromise, check_rule, check_verifier
from modelcollapse.verifiers.scored import Scored

BATCH = {"text": ["a", "bb", "a bb ccc", "", "dd", "ee e"], "other": list(range(6))}


@dataclass(frozen=True)
class Lengths:
    """Scores by length, and by one thing it should not know."""

    flaw: str = ""
    name: ClassVar[str] = "lengths"
    columns: ClassVar[tuple[str, ...]] = ("text",)

    def score(self, batch):
        scores = np.array([len(text) for text in batch["text"]], dtype=float)
        if self.flaw == "neighbours":
            scores = scores - scores.mean()
        if self.flaw == "order":
            scores = scores + np.arange(scores.size)
        if self.flaw == "chance":
            scores = scores + np.random.default_rng().random(scores.size)
        if self.flaw == "short":
            scores = scores[:-1]
        if self.flaw == "change":
            batch["text"][0] = "changed"
        if self.flaw == "unnamed" and "other" not in batch:
            scores = scores + 1
        return Scored(scores)


def copied():
    return {name: list(values) for name, values in BATCH.items()}


def test_an_honest_verifier_passes():
    check_verifier(Lengths(), copied())


@pytest.mark.parametrize(
    ("flaw", "message"),
    [
        ("neighbours", "differently in other company"),
        ("order", "differently in other company"),
        ("chance", "a second time"),
        ("short", "did not return 6 scores"),
        ("change", "changed the records"),
    ],
)
def test_a_verifier_with_a_flaw_is_caught(flaw, message):
    with pytest.raises(BrokenPromise, match=message):
        check_verifier(Lengths(flaw), copied())


@dataclass(frozen=True)
class Best:
    """Keeps the best, and does one thing wrong."""

    flaw: str = ""

    def choose(self, pile, n, *, rng):
        if n is not None and n > pile.size and self.flaw != "greedy":
            raise InputError("too many")
        scores = pile.by(None, "Best")
        if self.flaw == "chance":
            rng = np.random.default_rng()
        kept = np.argsort(-scores + 1e-9 * rng.random(scores.size))[: n or 2]
        if self.flaw == "chance":
            kept = rng.permutation(scores.size)[: n or 2]
        copies = np.zeros(pile.size + (self.flaw == "shape"), dtype=np.int64)
        copies[kept] = 1
        if self.flaw == "count":
            copies[kept[0]] = 2
        if self.flaw == "change":
            scores[0] += 1
        weights = None
        if self.flaw == "weights":
            weights = np.ones(pile.size)
        return Choice(copies, ["not the best"], np.where(copies > 0, -1, 0), weights)


def pile():
    return Pile({"score": np.random.default_rng(1).random(40)})


def test_an_honest_rule_passes():
    check_rule(Best(), pile(), n=7)
    check_rule(Best(), pile())


@pytest.mark.parametrize(
    ("flaw", "message"),
    [
        ("greedy", "did not object"),
        ("chance", "chose differently"),
        ("shape", "did not decide about each"),
        ("count", "asked to keep 7 records and kept 8"),
        ("change", "changed the pile"),
        ("weights", "gave a weight to a dropped record"),
    ],
)
def test_a_rule_with_a_flaw_is_caught(flaw, message):
    with pytest.raises(BrokenPromise, match=message):
        check_rule(Best(flaw), pile(), n=7)
