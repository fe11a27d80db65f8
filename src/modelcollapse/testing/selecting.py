"""Checks of what scores records and of what chooses among them."""

from __future__ import annotations

import pickle

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.fingerprint import fingerprint
from modelcollapse.protocols import Learning, Verifier, name_of
from modelcollapse.selection.pile import Choice, Pile, Rule
from modelcollapse.testing.promise import BrokenPromise
from modelcollapse.verifiers.scored import Batch, Scored, length


def check_verifier(
    verifier: Verifier | Learning, batch: Batch, *, tolerance: float = 1e-4, seed: int = 0
) -> None:
    """Check that a verifier may score records.

    Parameters
    ----------
    verifier : Verifier
        What scores; one that has to see records first learns from `batch`.
    batch : mapping of str to sequence
        Records to score, by column: at least four.
    tolerance : float, default 1e-4
        By how much a score may change with the company a record is in, as sums in another order do.
    seed : int, default 0
        Of the order in which the records are tried again.

    Raises
    ------
    BrokenPromise
        If a score depends on other records of the batch, on their order or on their number; if it
        does not come out again, here or after a trip to another process; if a record is changed;
        or if the verifier reads a column that it does not name.
    """
    name = name_of(verifier)
    n = length(batch)
    if isinstance(verifier, Learning):
        verifier = verifier.learn(lambda: iter([batch]))
    before = fingerprint({key: list(values) for key, values in batch.items()})
    named = {key: batch[key] for key in verifier.columns if key in batch} or batch
    whole = _scores(name, verifier, named, n)
    if fingerprint({key: list(values) for key, values in batch.items()}) != before:
        raise BrokenPromise(f"{name} changed the records. It may only read them.")
    elsewhere: Verifier = pickle.loads(pickle.dumps(verifier))
    for what, other in (("a second time", verifier), ("in another process", elsewhere)):
        if not _alike(whole, _scores(name, other, named, n), 0.0):
            raise BrokenPromise(
                f"{name} scored the same records differently {what}. A score may depend on nothing "
                "but the record and the settings."
            )
    order = np.random.default_rng(seed).permutation(n)
    for parts in (np.array_split(order, 2), [[i] for i in order]):
        for part in parts:
            some = {key: [values[i] for i in part] for key, values in named.items()}
            if not _alike(whole[part], _scores(name, verifier, some, len(part)), tolerance):
                raise BrokenPromise(
                    f"{name} scored a record differently in other company. Score each record by "
                    "itself: neither neighbours, order nor padding may matter."
                )


def _scores(name: str, verifier: Verifier, batch: Batch, n: int) -> NDArray[np.float64]:
    found = verifier.score(batch)
    if not isinstance(found, Scored) or found.scores.shape != (n,):
        raise BrokenPromise(f"{name} was given {n} records and did not return {n} scores.")
    return found.scores


def _alike(first: NDArray[np.float64], other: NDArray[np.float64], tolerance: float) -> bool:
    return bool(np.allclose(first, other, rtol=tolerance, atol=tolerance, equal_nan=True))


def check_rule(rule: Rule, pile: Pile, *, n: int | None = None, seed: int = 0) -> None:
    """Check that a rule may choose among scored records.

    Parameters
    ----------
    rule : Rule
        What chooses.
    pile : Pile
        Candidates to try it on.
    n : int, optional
        Records to keep, for a rule that can be told.
    seed : int, default 0
        Of the check.

    Raises
    ------
    BrokenPromise
        If it does not decide about every record, keeps another number than it was asked for, keeps
        a record without a score it needs, is not repeatable, or changes the pile.
    """
    name = name_of(rule)
    before = fingerprint(pile)
    choice = rule.choose(pile, n, rng=np.random.default_rng(seed))
    if fingerprint(pile) != before:
        raise BrokenPromise(f"{name} changed the pile. It may only choose from it.")
    again = rule.choose(pile, n, rng=np.random.default_rng(seed))
    if not isinstance(choice, Choice) or choice.copies.shape != (pile.size,):
        raise BrokenPromise(f"{name} did not decide about each of {pile.size} records.")
    if n is not None and choice.kept != n:
        raise BrokenPromise(f"{name} was asked to keep {n} records and kept {choice.kept}.")
    if sum(choice.dropped.values()) + int((choice.copies > 0).sum()) != pile.size:
        raise BrokenPromise(f"what {name} keeps and drops does not add up to {pile.size} records.")
    if not np.array_equal(choice.copies, again.copies):
        raise BrokenPromise(f"{name} chose differently from equal generators. Use only rng.")
    if choice.weights is not None and (
        np.any(choice.weights[choice.copies > 0] <= 0) or np.any(choice.weights[choice.copies == 0])
    ):
        raise BrokenPromise(f"{name} gave a weight to a dropped record, or none to a kept one.")
    try:
        rule.choose(pile, 10 * pile.size + 1, rng=np.random.default_rng(seed))
    except InputError:
        return
    raise BrokenPromise(f"{name} was asked for more records than there are, and did not object.")
