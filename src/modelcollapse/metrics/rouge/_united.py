"""ROUGE-Lsum: common subsequences sentence by sentence, and their union."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container

from modelcollapse.metrics.rouge._tokens import Tokens


def united(prediction: list[Tokens], reference: list[Tokens]) -> int:
    """Tokens of a reference in the union of its common subsequences with a prediction's sentences.

    Parameters
    ----------
    prediction, reference : list of list of int
        Tokens of each sentence.

    Returns
    -------
    int
        Tokens found; of each, no more are counted than either text has.

    Notes
    -----
    Lin (2004), "ROUGE: a package for automatic evaluation of summaries", section 3.2. Among
    subsequences of the same length, that of the package rouge-score is taken: traced back from
    the end of the table of lengths, up where that loses nothing, else to the left.
    """
    in_prediction = Counter(token for sentence in prediction for token in sentence)
    in_reference = Counter(token for sentence in reference for token in sentence)
    places = [_places(sentence, in_reference) for sentence in prediction]
    hits = 0
    for target in reference:
        met: set[int] = set()
        for source, where in zip(prediction, places, strict=True):
            met |= _followed(target, source, where)
        for i in sorted(met):
            token = target[i]
            if in_prediction[token] > 0 and in_reference[token] > 0:
                in_prediction[token] -= 1
                in_reference[token] -= 1
                hits += 1
    return hits


def _places(sentence: Tokens, wanted: Container[int]) -> dict[int, int]:
    """Bit `i` is set in the number of a wanted token that stands at position `i`."""
    places: dict[int, int] = {}
    for i, token in enumerate(sentence):
        if token in wanted:
            places[token] = places.get(token, 0) | 1 << i
    return places


def _followed(target: Tokens, source: Tokens, places: dict[int, int]) -> set[int]:
    """Positions in `target` of the common subsequence."""
    # A row of the table of lengths for each prefix of the target, as bits: 1 where a column is
    # longer than the one before it (Hyyrö 2004, whose bits are the opposite ones).
    full = (1 << len(source)) - 1
    row = full
    rows = [0]
    # Without the tokens that the source lacks, the path is the same: it only goes up there.
    shared = [i for i, token in enumerate(target) if token in places]
    for i in shared:
        both = row & places[target[i]]
        row = ((row + both) | (row - both)) & full
        rows.append(row ^ full)
    i, j, met = len(shared), len(source), set()
    length = rows[i].bit_count()
    while length:
        if target[shared[i - 1]] == source[j - 1]:
            i, j, length = i - 1, j - 1, length - 1
            met.add(shared[i])
        elif rows[i] >> (j - 1) & 1:
            i -= 1
        elif (rows[i - 1] & ((1 << j) - 1)).bit_count() < length:
            j -= 1
        else:
            i -= 1
    return met
