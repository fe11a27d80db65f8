"""Kernels that find the tokens of a text, number them, and stem them.

A word is known by its number. Words lie one after another in a store of letters: word `i` is
``letters[starts[i]:starts[i + 1]]``, and ``stems[i]`` is the number of its stem, which is a word
of the store like any other; -1 where nobody has asked. `slots` is a hash table of numbers, with
open addressing; `used` holds how many words there are, and how many letters.

The rules of stemming are those of `modelcollapse.metrics.rouge._stems`, as tables: row by row the
ending, its length, what replaces it, the length of that, and whether it has a rule of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.metrics.rouge._compiled import compiled

Bytes = NDArray[np.uint8]
Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Table = tuple[Bytes, Longs, Bytes, Longs, Longs]
Tables = tuple[Table, Table, Table, Table]
"""Irregular words, and steps 2 to 4."""

Store = tuple[Ints, NDArray[np.uint64], Longs, Bytes, Ints, Longs]
"""Slots, hashes, starts, letters, stems, used."""

_LETTER = np.zeros(256, np.uint8)
for _code in b"abcdefghijklmnopqrstuvwxyz0123456789":
    _LETTER[_code] = _LETTER[ord(chr(_code).upper())] = _code

ION, LOGI, ALLI = 1, 2, 3
"""Endings with rules of their own."""

_SEED, _FACTOR = np.uint64(14695981039346656037), np.uint64(1099511628211)


@compiled
def _mixed(code: Any) -> Any:
    """Hash whose low bits depend on all letters."""
    return code ^ (code >> np.uint64(32))


@compiled
def number(
    data: Bytes, ends: Longs, row: int, filled: int, stemmed: bool, tables: Tables, store: Store,
    tokens: Ints, token_ends: Longs,
) -> tuple[int, int]:  # fmt: skip
    """Number the tokens of texts, from `row` on: letters a to z and digits, in lower case.

    Text `i` is ``data[ends[i]:ends[i + 1]]`` in UTF-8. Two letters beyond ASCII have a lower case
    that begins with one of ASCII: the Kelvin sign and the capital I with a dot.

    Returns the first text that was not finished because the store is full, or the number of
    texts, and how many tokens were written.
    """
    _, _, _, letters, stems, used = store
    for text in range(row, ends.size - 1):
        begun = filled
        at, end = ends[text], ends[text + 1]
        while at < end:
            top = used[1]
            code, length = _SEED, 0
            parted = False
            while at < end and not parted:
                byte = data[at]
                letter = _LETTER[byte]
                at += 1
                if letter == 0:
                    if byte == 0xE2 and at + 1 < end and data[at] == 0x84 and data[at + 1] == 0xAA:
                        letter = np.uint8(107)
                        at += 2
                    elif byte == 0xC4 and at < end and data[at] == 0xB0:
                        letter = np.uint8(105)
                        at += 1
                        parted = True  # a combining dot follows
                    elif length:
                        break
                    else:
                        continue
                if top + 2 * length + 2 > letters.size:
                    return text, begun
                letters[top + length] = letter
                length += 1
                code = (code ^ np.uint64(letter)) * _FACTOR
            if length == 0:
                break
            if used[0] + 2 > stems.size:
                return text, begun
            word = _known(_mixed(code), length, store)
            if stems[word] < 0:
                stems[word] = _stem(word, length, tables, store) if stemmed else word
            tokens[filled] = stems[word]
            filled += 1
        token_ends[text + 1] = filled
    return ends.size - 1, filled


@compiled
def _known(code: Any, length: int, store: Store) -> int:
    """Return the number of the word behind the last letter of the store, new if it is new."""
    slots, hashes, starts, letters, _, used = store
    top = used[1]
    mask = np.uint64(slots.size - 1)
    slot = code & mask
    while slots[slot] >= 0:
        word = slots[slot]
        start = starts[word]
        if hashes[word] == code and starts[word + 1] - start == length:
            same = True
            for i in range(length):
                if letters[start + i] != letters[top + i]:
                    same = False
                    break
            if same:
                return int(word)
        slot = (slot + np.uint64(1)) & mask
    word = used[0]
    slots[slot], hashes[word], starts[word + 1] = word, code, top + length
    used[0], used[1] = word + 1, top + length
    return int(word)


@compiled
def refill(store: Store) -> None:
    """Enter all words into the slots, which are empty: -1."""
    slots, hashes, _, _, _, used = store
    mask = np.uint64(slots.size - 1)
    for word in range(used[0]):
        slot = hashes[word] & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = word


@compiled
def _stem(word: int, length: int, tables: Tables, store: Store) -> int:
    """Return the number of a word's stem."""
    _, _, starts, letters, _, used = store
    if length < 4:
        return word
    top = used[1]
    for i in range(length):
        letters[top + i] = letters[starts[word] + i]
    length = shortened(letters[top : top + length], tables)
    code = _SEED
    for i in range(length):
        code = (code ^ np.uint64(letters[top + i])) * _FACTOR
    return _known(_mixed(code), length, store)


@compiled
def shortened(word: Bytes, tables: Tables) -> int:
    """Turn a word into its stem where it stands; return the length of the stem."""
    n = word.size
    row = _ending(word, n, tables[0])
    if row >= 0 and tables[0][1][row] == n:
        return _replace(word, n, row, tables[0])
    n = _without_plural(word, n)
    vowel = np.zeros(word.size + 1, np.uint8)
    _kinds(word, 0, n, vowel)
    n = _without_tense(word, n, vowel)
    if n > 2 and word[n - 1] == 121 and not vowel[n - 2]:  # y to i
        word[n - 1], vowel[n - 1] = 105, 1
    for step in range(1, 4):
        table, least = tables[step], 2 if step == 3 else 1
        while True:
            row = _ending(word, n, table)
            if row < 0:
                break
            left, rule = n - table[1][row], table[4][row]
            if _measure(vowel, left + (rule == LOGI)) < least:
                break
            if rule == ION and word[left - 1] != 115 and word[left - 1] != 116:  # s, t
                break
            n = _replace(word, n, row, table)
            _kinds(word, left, n, vowel)
            if rule != ALLI:
                break
    return _tidied(word, n, vowel)


@compiled
def _kinds(word: Bytes, start: int, n: int, vowel: Bytes) -> None:
    """Mark vowels; y is one after a consonant."""
    for i in range(start, n):
        w = word[i]
        plain = w == 97 or w == 101 or w == 105 or w == 111 or w == 117
        vowel[i] = plain or (w == 121 and i > 0 and not vowel[i - 1])


@compiled
def _measure(vowel: Bytes, n: int) -> int:
    """Count the vowels that a consonant follows, among the first `n` letters."""
    found = 0
    for i in range(1, n):
        found += vowel[i - 1] > vowel[i]
    return found


@compiled
def _ends(word: Bytes, n: int, ending: Any) -> bool:
    """Whether a word ends so and has letters before it."""
    if n < len(ending):
        return False
    same = True
    for i in range(len(ending)):
        same &= word[n - len(ending) + i] == ending[i]
    return same


@compiled
def _ending(word: Bytes, n: int, table: Table) -> int:
    """Row of the first ending in a table that a word has; -1 for none."""
    endings, lengths, _, _, _ = table
    for row in range(lengths.size):
        length = lengths[row]
        if length <= n and endings[row, length - 1] == word[n - 1]:
            same = True
            for i in range(1, length):
                if endings[row, length - 1 - i] != word[n - 1 - i]:
                    same = False
                    break
            if same:
                return row
    return -1


@compiled
def _replace(word: Bytes, n: int, row: int, table: Table) -> int:
    """Replace the ending of a row; return the new length."""
    _, lengths, new, new_lengths, _ = table
    left = n - lengths[row]
    for i in range(new_lengths[row]):
        word[left + i] = new[row, i]
    return int(left + new_lengths[row])


@compiled
def _without_plural(word: Bytes, n: int) -> int:
    """Step 1a."""
    if _ends(word, n, b"ies"):
        return n - 1 if n == 4 else n - 2
    if _ends(word, n, b"sses"):
        return n - 2
    return n - 1 if _ends(word, n, b"s") and not _ends(word, n, b"ss") else n


@compiled
def _without_tense(word: Bytes, n: int, vowel: Bytes) -> int:
    """Step 1b."""
    if _ends(word, n, b"ied"):
        return n - 1 if n == 4 else n - 2
    if _ends(word, n, b"eed"):
        return n - 1 if _measure(vowel, n - 3) > 0 else n
    cut = 2 if _ends(word, n, b"ed") else 3 if _ends(word, n, b"ing") else 0
    if cut == 0 or not vowel[: n - cut].any():
        return n
    n -= cut
    last = word[n - 1]
    grows = _ends(word, n, b"at") or _ends(word, n, b"bl") or _ends(word, n, b"iz")
    if not grows and n > 1 and last == word[n - 2] and not vowel[n - 1]:
        return n if last == 108 or last == 115 or last == 122 else n - 1  # l, s, z
    if grows or (_measure(vowel, n) == 1 and _short(word, n, vowel)):
        word[n], vowel[n] = 101, 1
        return n + 1
    return n


@compiled
def _short(word: Bytes, n: int, vowel: Bytes) -> bool:
    """Whether a word ends as "hop" does, so that an e may belong behind it; "ab" counts too."""
    if n < 2 or vowel[n - 1] or not vowel[n - 2]:
        return False
    if n == 2:
        return True
    last = word[n - 1]
    return not vowel[n - 3] and last != 119 and last != 120 and last != 121  # w, x, y


@compiled
def _tidied(word: Bytes, n: int, vowel: Bytes) -> int:
    """Step 5."""
    if word[n - 1] == 101:
        measure = _measure(vowel, n - 1)
        if measure > 1 or (measure == 1 and not _short(word, n - 1, vowel)):
            n -= 1
    return n - 1 if _ends(word, n, b"ll") and _measure(vowel, n - 1) > 1 else n
