"""Stems of English words, after Porter, with the departures that NLTK's stemmer makes by default.

Written from the published algorithm and from NLTK's description of its departures; equal to NLTK's
`PorterStemmer` on words of letters a to z and digits. A letter's kind depends on the letters before
it alone, so kinds are found once per word and cut or patched along with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

SHORTEST = 4
"""Letters of the shortest word that ROUGE stems."""

IRREGULAR = {
    "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "news": "news",
    "innings": "inning", "inning": "inning", "outings": "outing", "outing": "outing",
    "cannings": "canning", "canning": "canning", "howe": "howe", "proceed": "proceed",
    "exceed": "exceed", "succeed": "succeed",
}  # fmt: skip


class Step(NamedTuple):
    """Endings, what replaces them, and the measure that must be left before them."""

    endings: Mapping[str, str]
    least: int


STEP_2 = Step(
    {
        "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize",
        "bli": "ble", "alli": "al", "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize",
        "ation": "ate", "ator": "ate", "alism": "al", "iveness": "ive", "fulness": "ful",
        "ousness": "ous", "aliti": "al", "iviti": "ive", "biliti": "ble", "fulli": "ful",
        "logi": "log",
    },
    1,
)  # fmt: skip

STEP_3 = Step(
    {
        "icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "",
        "ness": "",
    },
    1,
)  # fmt: skip

STEP_4 = Step(
    dict.fromkeys(
        ("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion",
         "ou", "ism", "ate", "iti", "ous", "ive", "ize"),
        "",
    ),
    2,
)  # fmt: skip

STEPS = (STEP_2, STEP_3, STEP_4)
_LENGTHS = sorted({len(ending) for step in STEPS for ending in step.endings}, reverse=True)

# What `str.endswith` takes: it says in one call of most words that no ending applies.
_ENDINGS = tuple(tuple(step.endings) for step in STEPS)
_KINDS = bytes(ord("y") if b == ord("y") else ord("cv"[b in b"aeiou"]) for b in range(256))


def kinds(word: str) -> str:
    """Kind of each letter: ``c``, a consonant, or ``v``, a vowel.

    Parameters
    ----------
    word : str
        Letters a to z and digits, which are consonants. The letter y is a vowel after a consonant.
    """
    found = word.encode("ascii").translate(_KINDS).decode("ascii")
    at = found.find("y")
    if at < 0:
        return found
    letters = list(found)
    while at >= 0:
        letters[at] = "v" if at and letters[at - 1] == "c" else "c"
        at = found.find("y", at + 1)
    return "".join(letters)


def _short(kind: str, last: str) -> bool:
    """Whether a word ends as "hop" does, so that an e may belong behind it; "ab" counts too."""
    return kind == "vc" or (kind[-3:] == "cvc" and last not in "wxy")


def stem(word: str) -> str:
    """Stem of a word.

    Parameters
    ----------
    word : str
        At least three lower-case letters a to z or digits.

    Returns
    -------
    str
        Never empty.

    Notes
    -----
    Porter (1980), "An algorithm for suffix stripping", Program 14, with NLTK's departures: a
    table of irregular words, "dies" to "die", y to i after any consonant, "alli" before
    "bli", "fulli", and "logi" with one letter more of a stem.

    Examples
    --------
    >>> [stem(word) for word in ("relational", "hopping", "flies", "dies", "happy", "enjoy")]
    ['relat', 'hop', 'fli', 'die', 'happi', 'enjoy']
    """
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word[-1] == "s":
        word = _without_plural(word)
    kind = kinds(word)
    if word[-1] in "dg":
        word, kind = _without_tense(word, kind)
    if word[-1] == "y" and len(word) > 2 and kind[-2] == "c":
        word, kind = word[:-1] + "i", kind[:-1] + "v"
    for step, endings in zip(STEPS, _ENDINGS, strict=True):
        if word.endswith(endings):
            word, kind = _replaced(word, kind, step)
    return _tidied(word, kind) if word[-1] in "el" else word


def _without_plural(word: str) -> str:
    """Step 1a."""
    if word.endswith("ies"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("sses"):
        return word[:-2]
    return word if word.endswith("ss") else word[:-1]


def _without_tense(word: str, kind: str) -> tuple[str, str]:
    """Step 1b."""
    if word.endswith("ied"):
        cut = 1 if len(word) == 4 else 2
        return word[:-cut], kind[:-cut]
    if word.endswith("eed"):
        return (word[:-1], kind[:-1]) if "vc" in kind[:-3] else (word, kind)
    cut = 2 if word.endswith("ed") else 3 if word.endswith("ing") else 0
    if not cut or "v" not in kind[:-cut]:
        return word, kind
    word, kind = word[:-cut], kind[:-cut]
    last = word[-1]
    if word.endswith(("at", "bl", "iz")):
        return word + "e", kind + "v"
    if len(word) > 1 and last == word[-2] and kind[-1] == "c":
        return (word, kind) if last in "lsz" else (word[:-1], kind[:-1])
    if kind.count("vc") == 1 and _short(kind, last):
        return word + "e", kind + "v"
    return word, kind


def _replaced(word: str, kind: str, step: Step) -> tuple[str, str]:
    """Steps 2 to 4: the longest ending in the table, replaced if enough is left before it."""
    for length in _LENGTHS:
        ending = word[-length:]
        if ending in step.endings:
            break
    else:
        return word, kind
    left = len(word) - len(ending)
    measured = kind[: left + (ending == "logi")]
    if measured.count("vc") < step.least or (ending == "ion" and word[left - 1] not in "st"):
        return word, kind
    new = step.endings[ending]
    word, kind = word[:left] + new, kind[:left] + kinds(new)
    return _replaced(word, kind, step) if ending == "alli" else (word, kind)


def _tidied(word: str, kind: str) -> str:
    """Step 5."""
    if word[-1] == "e":
        before = kind[:-1]
        measure = before.count("vc")
        if measure > 1 or (measure == 1 and not _short(before, word[-2])):
            word, kind = word[:-1], before
    if word.endswith("ll") and kind[:-1].count("vc") > 1:
        word = word[:-1]
    return word
