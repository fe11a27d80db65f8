"""What texts and models say of each other: word frequencies, surviving words, surprise, certainty.

Counts are tokens of each word of one vocabulary; log-probabilities and entropies are in nats.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from modelcollapse.errors import InputError
from modelcollapse.metrics import tails
from modelcollapse.metrics._arguments import Floats, counts_and_size
from modelcollapse.protocols import Reading

_STEEPEST = 20.0


def zipf_exponent(ranking: ArrayLike, counts: ArrayLike, *, least: int = 5) -> float:
    """Exponent s of Zipf's law, frequency proportional to rank^-s, by maximum likelihood.

    Parameters
    ----------
    ranking, counts : array_like of int, shape (words,)
        Tokens of each word in two *disjoint* halves of a text: one ranks the words, the other
        says how often each rank occurs.
    least : int, default 5
        Words are ranked that occur so often in `ranking`, at least 1.

    Returns
    -------
    float
        About 1 for natural text; grows under collapse, as common words take over. NaN where fewer
        than ten words are ranked or none of them is counted.

    Raises
    ------
    InputError
        If a count is negative or not whole, the halves differ in length, or `least` is below 1.

    Notes
    -----
    Solves ``E_s[log rank] = mean log rank``, the maximum of the likelihood of the ranks
    conditional on being ranked. With ranks and frequencies from the *same* tokens the estimate is
    biased, because a word that happens to be frequent also gets a low rank; splitting the text
    removes that (Piantadosi 2014, "Zipf's word frequency law in natural language"). What is left
    is luck at the cut: of an exact law of exponent 1 over 2,000 words it reads 1.02 with 5,000
    tokens in each half, 1.01 with 20,000 and 1.00 with 100,000, where a line through the
    logarithms of ranks and frequencies reads 1.01, 1.11 and 1.03.
    """
    first, _ = counts_and_size(ranking)
    second, _ = counts_and_size(counts)
    if first.ndim != 1 or first.shape != second.shape:
        raise InputError(
            f"the halves hold {first.shape} and {second.shape} words. Count both by one vocabulary."
        )
    if least < 1:
        raise InputError(f"words that occur least = {least} times have no rank. Use at least 1.")
    order = np.argsort(-first, kind="stable")
    ranked = order[: np.count_nonzero(first >= least)]
    seen = second[ranked].astype(np.float64)
    if len(ranked) < 10 or not seen.sum() > 0:
        return float("nan")
    logs = np.log(np.arange(1, len(ranked) + 1))
    mean = float(seen @ logs / seen.sum())

    def excess(s: float) -> float:
        weights = np.exp(-s * logs)
        return float(weights @ logs / weights.sum()) - mean

    if excess(-_STEEPEST) < 0 or excess(_STEEPEST) > 0:
        return float("nan")
    return float(brentq(excess, -_STEEPEST, _STEEPEST))


def vocabulary_survival(
    counts: ArrayLike, known: ArrayLike, control: ArrayLike, *, m: int | None = None
) -> Reading:
    """Share of the real words that a text still uses, relative to real text of the same length.

    Parameters
    ----------
    counts : array_like of int, shape (..., words)
        Tokens of each word in the model's text.
    known : array_like of int, shape (words,)
        Tokens of each word in some real text: its words count, each for one.
    control : array_like of int, shape (words,)
        Tokens of each word in other real text, disjoint from it.
    m : int, optional
        Tokens to compare at; default the length of the shortest of the two samples.

    Returns
    -------
    float or ndarray, shape (...)
        1 where nothing changed, 0 where no real word is left; falls under collapse. NaN where the
        control has none of the words either.

    Raises
    ------
    InputError
        If a count is not whole, `known` holds no word, or `m` is larger than a sample.

    Notes
    -----
    `modelcollapse.metrics.tails.tail_retention` with all real words as the tail, and every word
    counting alike. Both shares are unbiased by rarefaction, their ratio nearly so.

    Examples
    --------
    >>> float(vocabulary_survival([9, 0, 0], [1, 1, 1], [3, 3, 3]))
    0.3333333333333333
    """
    words = np.asarray(known) > 0
    return tails.tail_retention(counts, control, tails.tail_shares(words, words), m=m)


def perplexities(scores: Sequence[Floats]) -> Floats:
    """Perplexity of each text.

    Parameters
    ----------
    scores : sequence of ndarray
        Log-probabilities of the tokens of each text, in nats.

    Returns
    -------
    ndarray, shape (texts,)
        At least 1; infinite where a token has no probability, NaN for a text without scores.

    Notes
    -----
    Textbook: the exponential of minus the mean log-probability, text by text.

    Examples
    --------
    >>> perplexities([np.log([0.5, 0.5]), np.array([])]).round(6).tolist()
    [2.0, nan]
    """
    with np.errstate(over="ignore"):
        return np.array([np.exp(-np.mean(s)) if len(s) else np.nan for s in scores])


def cross_entropy_gap(real: ArrayLike, own: ArrayLike) -> float:
    """By how much real text surprises a model more than its own, in nats per token.

    Parameters
    ----------
    real : array_like, shape (tokens,)
        The model's log-probabilities of tokens of real text, in nats.
    own : array_like, shape (tokens,)
        Its log-probabilities of tokens that it wrote itself.

    Returns
    -------
    float
        0 on average for a model that equals reality and writes by its law; grows as a model is
        surer of its own text and forgets the real one. NaN without tokens; infinite where a real
        token is ruled out.

    Notes
    -----
    Braverman et al. (2020), "Calibration, entropy rates, and memory in language models": the
    cross-entropy less the entropy rate of what is written. Unbiased in both samples.

    Examples
    --------
    >>> round(cross_entropy_gap(np.log([0.25]), np.log([0.5])), 6)
    0.693147
    """
    first, second = np.asarray(real, np.float64), np.asarray(own, np.float64)
    if not (first.size and second.size):
        return float("nan")
    return float(np.mean(second) - np.mean(first))


def next_token_concentration(entropies: ArrayLike) -> float:
    """How sure a model is of the next token: one over the effective number of choices, averaged.

    Parameters
    ----------
    entropies : array_like, shape (tokens,)
        Entropy of the law of each next token, in nats.

    Returns
    -------
    float
        From one over the vocabulary (all tokens alike) to 1 (no choice); NaN without tokens; grows
        under collapse.

    Notes
    -----
    Mean of ``exp(-H)``; ``exp(H)`` is the Hill number of order 1 of the law.

    Examples
    --------
    >>> next_token_concentration([0.0, 0.0])
    1.0
    """
    values = np.asarray(entropies, dtype=np.float64)
    return float(np.mean(np.exp(-values))) if values.size else float("nan")
