"""Numbers as people write them, read exactly."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

_LONGEST = 400  # digits; more is no answer, and would take long to compute with

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_RAISED = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{1,9}")
_AFTER_A_WHOLE = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞]|\\[dt]?frac)")
_GROUPED = re.compile(r"(?<=\d)['’_\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_LATEX = (
    (re.compile(r"\\[dt]?frac ?\{([^{}]{1,80})\} ?\{([^{}]{1,80})\}"), r"\1/\2"),
    (re.compile(r"\\[dt]?frac ?(\d) ?(\d)"), r"\1/\2"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\[,!;:]"), ""),
    (re.compile(r"\\([%$])"), r"\1"),
    (re.compile(r"\\(?:times|cdot)(?![A-Za-z])"), "×"),
)


@dataclass(frozen=True)
class Number:
    """A number that stands in a text.

    Parameters
    ----------
    value : Fraction
        Its exact value, a percent sign left aside.
    percent : bool
        Whether a percent sign follows.
    written : str
        How it is written.
    """

    value: Fraction
    percent: bool
    written: str

    def equals(self, other: Number, tolerance: Fraction) -> bool:
        """Whether two numbers differ by no more than `tolerance`.

        Where only one is a percentage, it may be meant as a share too: 25% equals 25 and 0.25.
        """
        mine, its = [self.value], [other.value]
        if self.percent != other.percent:
            shared = mine if self.percent else its
            shared.append(shared[0] / 100)
        return any(abs(a - b) <= tolerance for a in mine for b in its)


def plain(text: str) -> str:
    """Text in which numbers stand in the ordinary characters that `pattern` knows."""
    text = _AFTER_A_WHOLE.sub(" ", text)
    if not text.isascii():
        text = _RAISED.sub(lambda raised: "^" + raised[0].translate(_SUPERSCRIPTS), text)
        text = unicodedata.normalize("NFKC", _GROUPED.sub("", text))
        text = text.replace("⁄", "/").replace("−", "-")
    text = _GROUPED.sub("", text)
    if "\\" in text:
        for command, meaning in _LATEX:
            text = command.sub(meaning, text)
    return text


@lru_cache
def pattern(decimal: str, before: str = "") -> re.Pattern[str]:
    """Expression that finds numbers in `plain` text; `read` takes its matches.

    Parameters
    ----------
    decimal : {".", ","}
        What stands before the decimals; the other one may stand between thousands.
    before : str, default ""
        Expression for what has to stand before the number.
    """
    point, comma = re.escape(decimal), re.escape("," if decimal == "." else ".")
    unsigned = rf"(?:(?:\d{{1,3}}(?:{comma}\d{{3}}){{1,40}}(?!\d)|\d+)(?:{point}\d+)?|{point}\d+)"
    # A number does not begin inside a word, a number, a date or an exponent, and a minus behind a
    # number or a name is one of a difference or a hyphen. What comes after is of bounded length,
    # so that no text takes longer than in proportion to its own.
    return re.compile(
        rf"""{before}(?P<whole>
        (?<![A-Za-z_\d])(?<!\d[./])(?<!\^)(?<!\^[-{{])
        (?:(?<![A-Za-z0-9_)\]}}%])(?P<sign>[-+]))?
        (?:[$€£¥₹]\ ?)?
        (?P<number>{unsigned})
        (?: \ (?P<top>\d{{1,9}})/(?P<under>\d{{1,9}})(?![\d/])
          | \ ?/\ ?(?P<over>{unsigned})(?![\d/])
          | [eE](?P<exponent>[-+]?\d{{1,9}})(?!\w)
          | \ ?[×x*]\ ?10(?:\^|\*\*)\{{?(?P<ten>[-+]?\d{{1,9}})(?!\d)\}}?
          | (?:\^|\*\*)\{{?(?P<power>-?\d{{1,9}})(?!\d)\}}?
        )?
        (?P<percent>\ ?(?:%|percent\b|per\ cent\b))?
        )""",
        re.VERBOSE | re.IGNORECASE | re.MULTILINE,
    )


def read(match: re.Match[str], decimal: str) -> Number | None:
    """Number of a match of `pattern`; None if it has no value, or one beyond all measure."""
    part = match.groupdict()
    value = _exact(part["number"], decimal)
    tens = int(part["exponent"] or part["ten"] or 0)
    power = int(part["power"] or 1)
    over = Fraction(1) if part["over"] is None else _exact(part["over"], decimal)
    if value is None or not over or abs(tens) > _LONGEST or part["under"] == "0":
        return None
    if abs(power) * len(part["number"]) > _LONGEST or (value == 0 and power < 0):
        return None
    value = value**power / over * Fraction(10) ** tens
    if part["top"]:
        value += Fraction(int(part["top"]), int(part["under"]))
    return Number(
        -value if part["sign"] == "-" else value, bool(part["percent"]), part["whole"].strip()
    )


def of(value: object) -> Number:
    """Number that stands in a column as a number: the shortest decimal that says it.

    Raises
    ------
    ValueError
        If it is infinite or NaN.
    """
    return Number(Fraction(str(value)), False, str(value))


def _exact(digits: str, decimal: str) -> Fraction | None:
    if len(digits) > _LONGEST:
        return None
    plain = digits.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    return Fraction(f"0{plain}")
