"""Phrases that are written too often, and words that are gone: which, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

from modelcollapse.errors import InputError
from modelcollapse.metrics._arguments import Floats, fraction
from modelcollapse.metrics.documents._runs import (
    Keys,
    Layout,
    Table,
    check_run,
    run_table,
    windows,
)
from modelcollapse.metrics.documents.corpus import Corpus
from modelcollapse.metrics.share_comparison import adjusted_p

_LEAST = 3  # sources of both sides that hold a phrase, below which no test can tell anything
_SAME = 1.25  # a part of a phrase is another finding if it is so many times as frequent
_LOOKED_AT = 20  # times as many findings are looked at as are reported


@dataclass(frozen=True)
class Phrase:
    """A phrase whose rate changed.

    Attributes
    ----------
    text : str
        Its words.
    count, reference_count : int
        How often it is written.
    documents, reference_documents : int
        Documents (or clusters) that hold it.
    ratio, low, high : float
        New rate per token over the real one, with its interval; infinite where the reference
        lacks it.
    p, adjusted_p : float
        Probability of so many (for lost words: of none) if nothing had changed, by itself and
        adjusted for all that were looked at (Benjamini and Hochberg).
    """

    text: str
    count: int
    reference_count: int
    documents: int
    reference_documents: int
    ratio: float
    low: float
    high: float
    p: float
    adjusted_p: float


def over_produced(
    new: Corpus,
    reference: Corpus,
    *,
    lengths: Sequence[int] = (1, 2, 3, 4, 5),
    level: float = 0.05,
    most: int = 50,
) -> list[Phrase]:
    """Words and phrases that the new documents write more often than the reference does.

    Parameters
    ----------
    new, reference : Corpus
        From `corpora`.
    lengths : sequence of int, default 1 to 5
        Tokens in a phrase.
    level : float, default 0.05
        Share of false findings that is allowed among the findings; intervals have confidence
        ``1 - level``.
    most : int, default 50
        Phrases to report.

    Returns
    -------
    list of Phrase
        The surest first. Of phrases that overlap where they are first written, and are written
        about equally often, only the surest is listed.

    Raises
    ------
    InputError
        If a length is below 1, no phrase is asked for, or the level is out of range.

    Notes
    -----
    Rates per token. Given how often both sides write a phrase, each time is a new one with
    probability ``tokens / (tokens + reference tokens)`` if nothing changed (Przyborowski and
    Wilenski 1940). A phrase comes several to a document: counts are divided by ``sum x^2/sum x``
    over the documents, the variance of a sum of such clumps over its mean (compound Poisson law),
    before the binomial tail is taken at what may be broken numbers. Interval by Clopper and Pearson
    (1934) on the same. Phrases that fewer than three documents of both sides hold are not tested.
    All phrases of all lengths make one family for Benjamini and Hochberg (1995).

    Examples
    --------
    >>> from modelcollapse.metrics.documents import corpora
    >>> new, reference = corpora(
    ...     [f"as ever it is w{i}" for i in range(20)], [f"so w{i} went on home" for i in range(20)]
    ... )
    >>> [phrase.text for phrase in over_produced(new, reference)]
    ['as ever it is']
    """
    fraction(level)
    if not lengths or most < 1:
        raise InputError(
            f"lengths = {tuple(lengths)!r} and most = {most!r} ask for no phrase. Use (1, 2, 3) "
            "and 50."
        )
    for n in lengths:
        check_run(n)
    tested = [_Tested(new, reference, n) for n in sorted(set(lengths))]
    adjusted = adjusted_p(np.concatenate([part.grown for part in tested]), "benjamini-hochberg")
    owner = np.repeat(np.arange(len(tested)), [part.grown.size for part in tested])
    within = np.concatenate([np.arange(part.grown.size) for part in tested])
    (surely,) = np.nonzero(adjusted < level)
    # of equally sure ones the longest first, which holds the others
    p = np.concatenate([part.grown for part in tested])[surely]
    order = surely[np.lexsort((within[surely], -owner[surely], p))][: most * _LOOKED_AT]
    findings: list[Phrase] = []
    taken: list[tuple[int, int, int]] = []
    begins = [part.begins(within[order[owner[order] == i]]) for i, part in enumerate(tested)]
    for i in order.tolist():
        part, at = tested[owner[i]], int(within[i])
        begin = begins[owner[i]][at]
        count = int(part.count[at])
        if any(
            begin < stop and begin + part.n > start and count < _SAME * other
            for start, stop, other in taken
        ):
            continue
        taken.append((begin, begin + part.n, count))
        text = new.phrase(new.ids[begin : begin + part.n])
        findings.append(part.phrase(at, text, float(adjusted[i]), level))
        if len(findings) == most:
            break
    return findings


def lost_words(
    new: Corpus, reference: Corpus, *, level: float = 0.05, most: int = 50
) -> list[Phrase]:
    """Words of the reference that the new documents lack although they should hold them.

    Parameters
    ----------
    new, reference : Corpus
        From `corpora`.
    level : float, default 0.05
        Of the interval, which has confidence ``1 - level``.
    most : int, default 50
        Words to report.

    Returns
    -------
    list of Phrase
        The surest first, whether significant or not: `p` is the probability that chance alone
        would lose the word, `adjusted_p` the one that counts with so many words.

    Raises
    ------
    InputError
        If no word is asked for, or the level is out of range.

    Notes
    -----
    As `over_produced`, for single words and the other tail: at equal sizes a word that stood once
    in each of `c` documents is lost by chance with probability ``2^-c``, not ``e^-c``, since it
    was read from a sample that may have held it by luck. Words in fewer than three documents are
    not listed.
    """
    fraction(level)
    if most < 1:
        raise InputError(f"most = {most!r} asks for no word. Use 50.")
    tested = _Tested(new, reference, 1)
    adjusted = adjusted_p(tested.fallen, "benjamini-hochberg")
    (gone,) = np.nonzero(tested.count == 0)
    order = gone[np.lexsort((gone, tested.fallen[gone]))][:most]
    return [
        tested.phrase(i, new.phrase(tested.runs[[i]]), float(adjusted[i]), level, fallen=True)
        for i in order.tolist()
    ]


class _Tested:
    """All runs of `n` tokens that enough documents hold, with the tests of their rates."""

    def __init__(self, new: Corpus, reference: Corpus, n: int) -> None:
        self.n = n
        self._new, self._layout = new, Layout.of(n, new)
        tables = [run_table(part, self._layout) for part in (new, reference)]
        met = [table.met for table in tables]
        # three documents of both sides are at least two of one
        self.runs: Keys = np.union1d(
            *(table.runs[held >= _LEAST / 2] for table, held in zip(tables, met, strict=True))
        )
        found = [_look_up(table, held, self.runs) for table, held in zip(tables, met, strict=True)]
        kept = found[0][0] + found[1][0] >= _LEAST
        self.runs = self.runs[kept]
        (self.documents, self.count, squares), (self.others, self.reference_count, more) = (
            tuple(part[kept] for part in side) for side in found
        )
        self._clump = (squares + more) / (self.count + self.reference_count)
        self._share = new.ids.size / (new.ids.size + reference.ids.size)
        s, c = self.count / self._clump, self.reference_count / self._clump
        # binomial tails, at broken numbers through the incomplete beta function
        self.grown = np.where(s > 0, betainc(np.maximum(s, 1e-9), c + 1, self._share), 1.0)
        self.fallen = np.where(c > 0, betainc(np.maximum(c, 1e-9), s + 1, 1 - self._share), 1.0)

    def begins(self, wanted: NDArray[np.intp]) -> dict[int, int]:
        """First token of the first place where each of some runs is written."""
        if not wanted.size:
            return {}
        key, begin = windows(self._new, self._layout)
        wanted = np.sort(wanted)
        known = self.runs[wanted]
        where = np.minimum(np.searchsorted(known, key), known.size - 1)
        (hit,) = np.nonzero(known[where] == key)
        which, first = np.unique(where[hit], return_index=True)
        places = begin[hit[first]].tolist()
        return dict(zip(wanted[which].tolist(), places, strict=True))

    def phrase(
        self, i: int, text: str, adjusted: float, level: float, *, fallen: bool = False
    ) -> Phrase:
        """One of the runs, with the interval of its rate."""
        s = float(self.count[i] / self._clump[i])
        c = float(self.reference_count[i] / self._clump[i])
        odds = self._share / (1 - self._share)
        low = betaincinv(s, c + 1, level / 2) if s > 0 else 0.0
        high = betaincinv(s + 1, c, 1 - level / 2) if c > 0 else 1.0
        ends = [end / (1 - end) / odds if end < 1 else np.inf for end in (low, high)]
        return Phrase(
            text,
            int(self.count[i]),
            int(self.reference_count[i]),
            int(self.documents[i]),
            int(self.others[i]),
            s / c / odds if c > 0 else float("inf"),
            float(ends[0]),
            float(ends[1]),
            float((self.fallen if fallen else self.grown)[i]),
            adjusted,
        )


def _look_up(table: Table, met: NDArray[np.int64], runs: Keys) -> tuple[Floats, Floats, Floats]:
    """Sources that hold each run, how often it is written, and the sum of squares over sources."""
    if not table.runs.size:
        nothing = np.zeros(runs.size)
        return nothing, nothing, nothing
    where = np.minimum(np.searchsorted(table.runs, runs), table.runs.size - 1)
    there = table.runs[where] == runs
    first = np.concatenate([[0], np.cumsum(met)])[:-1]
    sums = [np.add.reduceat(table.times**power, first) for power in (1, 2)]
    documents, count, squares = (
        np.where(there, part[where], 0).astype(np.float64) for part in (met, *sums)
    )
    return documents, count, squares
