"""An oracle for short answers: the text is one of the references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelcollapse.errors import is_whole
from modelcollapse.verifiers.each import (
    NoScore,
    check_columns,
    is_missing,
    score_each,
    several,
    text_in,
)
from modelcollapse.verifiers.normalisation import SQUAD, check_steps, normalised
from modelcollapse.verifiers.scored import Batch, Scored, column


@dataclass(frozen=True)
class ExactMatch:
    """1 if a text equals a reference, or one of several, and 0 if not.

    Parameters
    ----------
    text : str, default "text"
        Column of the answers.
    reference : str, default "reference"
        Column of what is right: a text, or a list of them of which one is enough. Whole numbers
        count as they are written.
    normalise : tuple of str, default ("case", "punctuation", "articles", "spaces")
        What does not matter, in this order: ``"unicode"`` forms (NFKC), ``"case"``,
        ``"punctuation"``, English ``"articles"``, and how many ``"spaces"``. The default gives
        the values of SQuAD's evaluation on ASCII text; ``()`` compares character by character.
    label : str, optional
        Name of the scores; ``"exact_match"`` when not given.

    Raises
    ------
    InputError
        If a step of `normalise` is unknown.

    Notes
    -----
    SQuAD: Rajpurkar et al. (2016), "SQuAD: 100,000+ questions for machine comprehension of text".
    Without punctuation, 3.14 and 314 are the same, and so are -5 and 5: use `NumericAnswer` for
    numbers. A text of which the steps leave nothing, such as "The", is compared as it stands.

    Examples
    --------
    >>> match = ExactMatch()
    >>> match.score({"text": ["The Seine.", "Rhine"], "reference": [["seine", "la Seine"], "Po"]})
    Scored(scores=array([1., 0.]), failures={}, details={}, passing=frozenset())
    """

    text: str = "text"
    reference: str = "reference"
    normalise: tuple[str, ...] = SQUAD
    label: str | None = None

    def __post_init__(self) -> None:
        check_columns("ExactMatch", text=self.text, reference=self.reference)
        check_steps("ExactMatch", self.normalise)

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.label or "exact_match"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return (self.text, self.reference)

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself."""
        return score_each(self._judge, *(column(batch, name, self.name) for name in self.columns))

    def _judge(self, text: Any, reference: Any) -> tuple[float]:
        given = self._spelt(text, self.text)
        right = [self._spelt(one, self.reference) for one in several(reference, self.reference)]
        return (float(given in right),)

    def _spelt(self, value: Any, name: str) -> str:
        if isinstance(value, float) and not is_missing(value):
            raise NoScore(
                f"'{name}' holds the number {value!r}, which can be written in many ways; "
                "numeric_answer compares numbers"
            )
        return normalised(str(value) if is_whole(value) else text_in(value, name), self.normalise)
