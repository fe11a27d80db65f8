"""ROUGE pair by pair, without a compiler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

import numpy as np

from modelcollapse.errors import Missing
from modelcollapse.metrics.rouge._kinds import Counts, Kind, Longs
from modelcollapse.metrics.rouge._texts import Column
from modelcollapse.metrics.rouge._tokens import Tokens, vocabulary
from modelcollapse.metrics.rouge._united import united

Compare = Callable[[list[Tokens], list[Tokens]], int]


def count(
    predictions: Column, references: Column, first: Longs, kinds: Sequence[Kind], stem: bool
) -> Mapping[str, Counts]:
    """Count what references and predictions have in common.

    Parameters
    ----------
    predictions, references : Column
        Texts.
    first : ndarray of int, shape (predictions + 1,)
        Prediction `i` has the references from ``first[i]`` to ``first[i + 1]``.
    kinds : sequence of Kind
        What to count.
    stem : bool
        Whether words of four letters and more count as their stems.

    Returns
    -------
    mapping of str to Counts
        By name of the kind: arrays with an entry for each reference.

    Raises
    ------
    Missing
        If rapidfuzz is not installed and anything but longer runs is asked for.
    """
    words = vocabulary(stem)
    read = words.sentences if any(kind.by_sentence for kind in kinds) else words.text
    compare = [_comparison(kind) for kind in kinds]
    hits: list[list[int]] = [[] for _ in kinds]
    lengths: list[int] = []
    wanted: list[int] = []
    wanted_texts = references.strings()
    bounds = first.tolist()
    for i, text in enumerate(predictions.strings()):
        prediction = read(text)
        lengths.append(sum(map(len, prediction)))
        for j in range(bounds[i], bounds[i + 1]):
            reference = read(wanted_texts[j])
            wanted.append(sum(map(len, reference)))
            for found, common in zip(hits, compare, strict=True):
                found.append(common(prediction, reference))
    in_predictions = np.repeat(np.array(lengths, dtype=np.int64), np.diff(first))
    in_references = np.array(wanted, dtype=np.int64)
    return {
        kind.name: Counts(
            np.array(found, dtype=np.int64), kind.units(in_predictions), kind.units(in_references)
        )
        for kind, found in zip(kinds, hits, strict=True)
    }


def _comparison(kind: Kind) -> Compare:
    """Function that counts what two texts have in common."""
    run = kind.run
    if run is not None and run > 1:
        return lambda prediction, reference: _shared(
            _runs(_joined(prediction), run), _runs(_joined(reference), run)
        )
    longest = _longest()
    if run == 1:
        # Once sorted, what two texts share is a common subsequence.
        return lambda prediction, reference: longest(
            sorted(_joined(prediction)), sorted(_joined(reference))
        )
    if not kind.by_sentence:
        return lambda prediction, reference: longest(_joined(prediction), _joined(reference))
    return lambda prediction, reference: (
        united(prediction, reference)
        if len(prediction) > 1 or len(reference) > 1
        else longest(_joined(prediction), _joined(reference))
    )


def _longest() -> Callable[[Tokens, Tokens], int]:
    """Length of the longest common subsequence."""
    try:
        return import_module("rapidfuzz.distance.LCSseq").similarity  # type: ignore[no-any-return]
    except ImportError as error:
        raise Missing("ROUGE without Numba", "rapidfuzz", "curate") from error


def _joined(sentences: list[Tokens]) -> Tokens:
    return sentences[0] if len(sentences) == 1 else [token for one in sentences for token in one]


def _runs(tokens: Tokens, n: int) -> Counter[tuple[int, ...]]:
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


def _shared(prediction: Counter[tuple[int, ...]], reference: Counter[tuple[int, ...]]) -> int:
    """Size of the intersection, counted with repetition."""
    return sum(min(prediction[one], reference[one]) for one in prediction.keys() & reference.keys())
