"""Rules about the form of a text that need no model and no knowledge of its language."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from modelcollapse.errors import InputError, suggestion
from modelcollapse.verifiers import shape
from modelcollapse.verifiers.each import check_columns, score_each, text_in
from modelcollapse.verifiers.numeric_answer import check_expression
from modelcollapse.verifiers.scored import Batch, Scored, column

_SHARES = ("repeated_lines", "repeated_phrases", "letters", "symbols", "other_letters")


@dataclass(frozen=True)
class Rules:
    """Share of the rules that a text keeps: 1 where it keeps all.

    Every limit that is given is a rule, and so is every expression. A largest value is kept by a
    text in which there is nothing to measure, such as an empty one; a smallest value is not.

    Parameters
    ----------
    text : str, default "text"
        Column of the texts.
    min_words, max_words : int, optional
        Words between spaces. For scripts without spaces, count characters.
    min_characters, max_characters : int, optional
        Characters, spaces included.
    max_repeated_lines : float, optional
        Largest share of lines that stood in the text before.
    max_repeated_phrases : float, optional
        Largest share of runs of three words that stood in the text before.
    max_character_run, max_word_run : int, optional
        Most often that one character other than a space, or one word, may stand in a row.
    min_letters : float, optional
        Smallest share of letters among all characters but spaces.
    max_symbols : float, optional
        Largest share of what is neither letter nor digit among all characters but spaces.
    scripts : tuple of str, default ()
        Scripts that letters should belong to, by the first word of their Unicode names:
        ``("latin",)``, or ``("cjk", "hiragana", "katakana")`` for Japanese.
    max_other_letters : float, default 0.1
        With `scripts`, the largest share of letters of other scripts.
    must_match, must_not_match : tuple of str, default ()
        Regular expressions of which each must, or must not, occur somewhere in the text.
    label : str, optional
        Name of the scores; ``"rules"`` when not given.

    Raises
    ------
    InputError
        If there is no rule, a limit is out of range, a script unknown, or an expression faulty.

    Notes
    -----
    After the heuristics of Rae et al. (2021), "Scaling language models: methods, analysis &
    insights from training Gopher", Appendix A, without those that hold for English only.

    An expression with nested repeats, such as ``(a+)+$``, can take time that doubles with every
    character, and Python cannot interrupt it: write ``a+$``.

    Beside the score stands ``broken``, the rules that the text breaks.

    Examples
    --------
    >>> rules = Rules(min_words=3, max_word_run=2, must_not_match=("(?i)as an ai",))
    >>> found = rules.score({"text": ["A fine day it is.", "no no no no", "As an AI I cannot"]})
    >>> found.details["broken"]
    ['', 'max_word_run', 'must_not_match (?i)as an ai']
    """

    text: str = "text"
    min_words: int | None = None
    max_words: int | None = None
    min_characters: int | None = None
    max_characters: int | None = None
    max_repeated_lines: float | None = None
    max_repeated_phrases: float | None = None
    max_character_run: int | None = None
    max_word_run: int | None = None
    min_letters: float | None = None
    max_symbols: float | None = None
    scripts: tuple[str, ...] = ()
    max_other_letters: float = 0.1
    must_match: tuple[str, ...] = ()
    must_not_match: tuple[str, ...] = ()
    label: str | None = None

    def __post_init__(self) -> None:
        check_columns("Rules", text=self.text)
        for field in ("scripts", "must_match", "must_not_match"):
            given = getattr(self, field)
            if isinstance(given, str) or not isinstance(given, tuple | list):
                raise InputError(
                    f"Rules got {field} = {given!r}, but it takes a list: [{given!r}]."
                )
        for expression in self.must_match:
            check_expression("Rules", "must_match", expression)
        for expression in self.must_not_match:
            check_expression("Rules", "must_not_match", expression)
        for script in self.scripts:
            if str(script).casefold() not in shape.scripts():
                raise InputError(
                    f"Rules knows no script '{script}'. {_near(str(script).casefold())}"
                )
        if not self.scripts and self.max_other_letters != type(self).max_other_letters:
            raise InputError(
                f"Rules got max_other_letters = {self.max_other_letters!r} but no scripts, so that "
                "no letter is another. Name the scripts of the text, e.g. scripts=('latin',)."
            )
        for bound, _, limit in self._limits():
            _check_limit(bound, limit)
        for what in ("words", "characters"):
            least, most = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if least is not None and most is not None and least > most:
                raise InputError(
                    f"Rules got min_{what} = {least} and max_{what} = {most}, which no text keeps. "
                    "Swap them."
                )
        if not (list(self._limits()) or self.must_match or self.must_not_match):
            raise InputError(
                "Rules got no rule, so that every text would be as good as any other. Give at "
                "least one, e.g. min_words=5."
            )

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.label or "rules"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return (self.text,)

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself."""
        rules = self._rules().items()

        def judge(value: Any) -> tuple[float, str]:
            text = text_in(value, self.text)
            broken = [name for name, keeps in rules if not keeps(text)]
            return 1 - len(broken) / len(rules), ", ".join(broken)

        return score_each(judge, column(batch, self.text, self.name), details=("broken",))

    def _rules(self) -> dict[str, Callable[[str], bool]]:
        """Rules by name, each with what tells whether a text keeps it."""
        return {
            **{name: _within(name, measure, limit) for name, measure, limit in self._limits()},
            **{f"must_match {e}": _matches(e, True) for e in self.must_match},
            **{f"must_not_match {e}": _matches(e, False) for e in self.must_not_match},
        }

    def _limits(self) -> Iterator[tuple[str, Callable[[str], float], float]]:
        """Field, measure and value of each limit that is given."""
        for field in fields(self):
            limit = getattr(self, field.name)
            if field.name == "max_other_letters":
                if self.scripts:
                    yield field.name, lambda text: shape.other_letters(text, self.scripts), limit
            elif field.name.startswith(("min_", "max_")) and limit is not None:
                yield field.name, getattr(shape, field.name[4:]), limit


def _within(field: str, measure: Callable[[str], float], limit: float) -> Callable[[str], bool]:
    # NaN, where there is nothing to measure, keeps a largest value and no smallest one.
    if field.startswith("max_"):
        return lambda text: not measure(text) > limit
    return lambda text: measure(text) >= limit


def _matches(expression: str, wanted: bool) -> Callable[[str], bool]:
    search = re.compile(expression).search
    return lambda text: (search(text) is not None) is wanted


def _check_limit(field: str, limit: object) -> None:
    share = field[4:] in _SHARES
    number = isinstance(limit, int | float) and not isinstance(limit, bool)
    if not (number and 0 <= limit <= (1 if share else math.inf)):  # type: ignore[operator]
        raise InputError(
            f"Rules got {field} = {limit!r}, but it is "
            + ("a share: use a number from 0 to 1." if share else "a count: use 0 or more.")
        )


def _near(script: str) -> str:
    found = suggestion(script, shape.scripts())
    many = found.startswith("Choose one of")
    return "Use the first word of a letter's Unicode name, such as 'latin'." if many else found
