"""Tokens of a text, as the package rouge-score finds them, numbered by their stems."""

from __future__ import annotations

import threading

from modelcollapse.metrics.rouge._stems import SHORTEST, stem

Tokens = list[int]

MOST = 1 << 18
"""Words that are remembered; a longer list is begun anew, so that memory stays bounded."""

# Everything but letters and digits parts tokens; what is not ASCII was replaced by "?" before.
_PARTED = bytes(code if bytes([code]).isalnum() and code < 128 else ord(" ") for code in range(256))


class Vocabulary(dict[bytes, int]):
    """Numbers of words, found when a word is first looked up: equal for words of one stem.

    Parameters
    ----------
    stemmed : bool
        Whether words of four letters and more count as their stems.
    """

    def __init__(self, stemmed: bool) -> None:
        super().__init__()
        self._stemmed = stemmed
        self._numbers: dict[str, int] = {}

    def __missing__(self, word: bytes) -> int:
        of = word.decode("ascii")
        if self._stemmed and len(of) >= SHORTEST:
            of = stem(of)
        number = self[word] = self._numbers.setdefault(of, len(self._numbers))
        return number

    def text(self, text: str) -> list[Tokens]:
        """Numbers of a text's tokens, runs of letters a to z and digits, as one sentence."""
        return [self._numbers_of(text)]

    def sentences(self, text: str) -> list[Tokens]:
        """Numbers of the tokens of each line that has any."""
        return [tokens for line in text.split("\n") if (tokens := self._numbers_of(line))]

    def _numbers_of(self, text: str) -> Tokens:
        plain = text.lower().encode("ascii", "replace").translate(_PARTED)
        return list(map(self.__getitem__, plain.split()))


class _Remembered(threading.local):
    """Vocabularies that calls share, with and without stems; each thread has its own."""

    def __init__(self) -> None:
        self.vocabularies = {stemmed: Vocabulary(stemmed) for stemmed in (False, True)}


_remembered = _Remembered()


def vocabulary(stemmed: bool) -> Vocabulary:
    """Return the vocabulary of this thread, which knows the words of earlier calls."""
    if len(_remembered.vocabularies[stemmed]) > MOST:
        _remembered.vocabularies[stemmed] = Vocabulary(stemmed)
    return _remembered.vocabularies[stemmed]
