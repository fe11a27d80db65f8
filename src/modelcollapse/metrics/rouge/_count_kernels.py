"""Kernels that count what two texts have in common.

Texts are numbers of tokens, one text after another: text `i` is ``tokens[ends[i]:ends[i + 1]]``.
Reference `i` is compared with prediction ``owner[i]``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelcollapse.metrics.rouge._compiled import compiled

Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Words = NDArray[np.uint64]

_ALL, _ONE, _NONE = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(1), np.uint64(0)


@compiled
def _zeros(row: Words, n: int) -> int:
    """Count zeros among the first `n` bits."""
    found = 0
    for word in range((n + 63) >> 6):
        rest = ~row[word]
        if n - (word << 6) < 64:
            rest &= (_ONE << np.uint64(n & 63)) - _ONE
        while rest:
            rest &= rest - _ONE
            found += 1
    return found


@compiled
def _marked(text: Ints, place: Longs, masks: Words) -> int:
    """Mark in a row of `masks` for each token of a text where it stands; return rows used.

    ``place[token]`` becomes the row, and must be -1 before for every token of the text.
    """
    used = 0
    for i in range(text.size):
        row = place[text[i]]
        if row < 0:
            row = place[text[i]] = used
            masks[row] = _NONE
            used += 1
        masks[row, i >> 6] |= _ONE << np.uint64(i & 63)
    return used


@compiled
def _stepped(before: Words, mask: Words, after: Words) -> None:
    """One row of the table of common subsequences, a bit for a column: 0 where it grows."""
    carry = _NONE
    for word in range(before.size):
        row = before[word]
        both = row & mask[word]
        total = row + both + carry
        carry = _ONE if total < row or (carry and total == row) else _NONE
        after[word] = total | (row - both)


@compiled
def _forget(text: Ints, place: Longs) -> None:
    for token in text:
        place[token] = -1


@compiled
def longest(
    predicted: Ints, predicted_ends: Longs, wanted: Ints, wanted_ends: Longs, owner: Longs,
    numbers: int,
) -> Longs:  # fmt: skip
    """Length of the longest common subsequence of each reference and its prediction.

    Notes
    -----
    Hyyrö (2004), "Bit-parallel LCS-length computation revisited".
    """
    hits = np.zeros(owner.size, np.int64)
    place = np.full(numbers, -1, np.int64)
    widest = 1
    for i in range(owner.size):
        p = owner[i]
        shorter = min(
            wanted_ends[i + 1] - wanted_ends[i], predicted_ends[p + 1] - predicted_ends[p]
        )
        widest = max(widest, shorter)
    masks = np.empty((widest, (widest + 63) >> 6), np.uint64)
    row = np.empty(masks.shape[1], np.uint64)
    for i in range(owner.size):
        p = owner[i]
        short = wanted[wanted_ends[i] : wanted_ends[i + 1]]
        long = predicted[predicted_ends[p] : predicted_ends[p + 1]]
        if short.size > long.size:
            short, long = long, short
        if short.size == 0:
            continue
        width = (short.size + 63) >> 6
        _marked(short, place, masks[:, :width])
        row[:width] = _ALL
        if width == 1:
            bits = _ALL
            for token in long:
                if place[token] >= 0:
                    both = bits & masks[place[token], 0]
                    bits = (bits + both) | (bits - both)
            row[0] = bits
        else:
            for token in long:
                if place[token] >= 0:
                    _stepped(row[:width], masks[place[token], :width], row[:width])
        hits[i] = _zeros(row, short.size)
        _forget(short, place)
    return hits


@compiled
def _slot(text: Ints, at: int, n: int, other: Ints, slots: Longs, mask: int) -> int:
    """Slot of the run of `n` tokens at `at`: its own, or the empty one where it belongs.

    Slots hold positions of runs in `other`; -1 in empty ones.
    """
    code = np.uint64(0)
    for i in range(n):
        code = (code ^ np.uint64(text[at + i])) * np.uint64(0x9E3779B97F4A7C15)
        code ^= code >> np.uint64(29)
    slot = np.int64(code & np.uint64(mask))
    while slots[slot] >= 0:
        same = True
        for i in range(n):
            if other[slots[slot] + i] != text[at + i]:
                same = False
                break
        if same:
            break
        slot = (slot + 1) & mask
    return int(slot)


@compiled
def shared_runs(
    predicted: Ints, predicted_ends: Longs, wanted: Ints, wanted_ends: Longs, owner: Longs, n: int
) -> Longs:
    """Runs of `n` tokens that each reference and its prediction share, counted with repetition."""
    hits = np.zeros(owner.size, np.int64)
    most, size = 0, 2
    for i in range(owner.size):
        most = max(most, wanted_ends[i + 1] - wanted_ends[i])
    while size < 2 * most:
        size *= 2
    slots, counts = np.empty(size, np.int64), np.empty(size, np.int64)
    for i in range(owner.size):
        p = owner[i]
        text = wanted[wanted_ends[i] : wanted_ends[i + 1]]
        other = predicted[predicted_ends[p] : predicted_ends[p + 1]]
        size = 2
        while size < 2 * text.size:
            size *= 2
        slots[:size] = -1
        for at in range(text.size - n + 1):
            slot = _slot(text, at, n, text, slots, size - 1)
            if slots[slot] < 0:
                slots[slot], counts[slot] = at, 0
            counts[slot] += 1
        for at in range(other.size - n + 1):
            slot = _slot(other, at, n, text, slots, size - 1)
            if slots[slot] >= 0 and counts[slot] > 0:
                counts[slot] -= 1
                hits[i] += 1
    return hits


@compiled
def _follow(target: Ints, source: Ints, rows: Words, columns: int, met: NDArray[np.bool_]) -> None:
    """Mark the tokens of `target` on the path back through a table of common subsequences.

    Up where that loses nothing, else left: the path of rouge-score.
    """
    i, j = target.size, columns
    length = _zeros(rows[i], j)
    while length:
        if target[i - 1] == source[j - 1]:
            met[i - 1] = True
            i, j, length = i - 1, j - 1, length - 1
        elif (rows[i, (j - 1) >> 6] >> np.uint64((j - 1) & 63)) & _ONE == _NONE:
            i -= 1
        elif _zeros(rows[i - 1], j) < length:
            j -= 1
        else:
            i -= 1


@compiled
def unite(
    predicted: Ints, predicted_ends: Longs, wanted: Ints, wanted_ends: Longs, owner: Longs,
    first_predicted: Longs, first_wanted: Longs, chosen: Longs, numbers: int, hits: Longs,
) -> None:  # fmt: skip
    """Count tokens of chosen references in the union of common subsequences of sentences.

    Ends are those of sentences; text `i` has the sentences from ``first[i]`` to
    ``first[i + 1]``. Of a token, no more are counted than either text has.
    """
    place = np.full(numbers, -1, np.int64)
    left_predicted, left_wanted = np.zeros(numbers, np.int64), np.zeros(numbers, np.int64)
    tall, wide = 1, 1
    for i in chosen:
        p = owner[i]
        for one in range(first_wanted[i], first_wanted[i + 1]):
            tall = max(tall, wanted_ends[one + 1] - wanted_ends[one])
        for one in range(first_predicted[p], first_predicted[p + 1]):
            wide = max(wide, predicted_ends[one + 1] - predicted_ends[one])
    words = (wide + 63) >> 6
    masks = np.empty((wide, words), np.uint64)
    nothing = np.zeros(words, np.uint64)
    rows = np.empty((tall + 1, words), np.uint64)
    met = np.empty(tall, np.bool_)
    for i in chosen:
        p = owner[i]
        hits[i] = 0
        begin, end = first_predicted[p], first_predicted[p + 1]
        prediction = predicted[predicted_ends[begin] : predicted_ends[end]]
        reference = wanted[wanted_ends[first_wanted[i]] : wanted_ends[first_wanted[i + 1]]]
        for token in prediction:
            left_predicted[token] += 1
        for token in reference:
            left_wanted[token] += 1
        for one in range(first_wanted[i], first_wanted[i + 1]):
            target = wanted[wanted_ends[one] : wanted_ends[one + 1]]
            met[: target.size] = False
            for other in range(begin, end):
                source = predicted[predicted_ends[other] : predicted_ends[other + 1]]
                width = (source.size + 63) >> 6
                _marked(source, place, masks[:, :width])
                rows[0, :width] = _ALL
                for k in range(target.size):
                    row = place[target[k]]
                    mask = masks[row, :width] if row >= 0 else nothing[:width]
                    _stepped(rows[k, :width], mask, rows[k + 1, :width])
                _follow(target, source, rows, source.size, met)
                _forget(source, place)
            for k in range(target.size):
                token = target[k]
                if met[k] and left_predicted[token] > 0 and left_wanted[token] > 0:
                    left_predicted[token] -= 1
                    left_wanted[token] -= 1
                    hits[i] += 1
        for token in prediction:
            left_predicted[token] = 0
        for token in reference:
            left_wanted[token] = 0
