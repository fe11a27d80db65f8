"""What is to be counted, and how a value is spelt in a query so that all formats agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from modelcollapse.profiling.engine import literal
from modelcollapse.profiling.profiled import Cuts
from modelcollapse.profiling.roles import NULLS, ColumnRole, Kind, Role

NUMERIC = (Role.NUMBER, Role.TIME)


@dataclass(frozen=True)
class Plan:
    """What is to be counted.

    Attributes
    ----------
    source : str
        What the user gave.
    roles : tuple of ColumnRole
        Of the columns.
    kinds : mapping of str to Kind
        What each column of the table is made of, in the table's order.
    cuts : mapping of str to Cuts
        Of the reference's number columns.
    groups : tuple of tuple of str
        Columns whose combinations are counted.
    max_sample : int
        Records of the sample, at most.
    widths : mapping of str to int
        Numbers of a vector of the reference, by column of embeddings.
    """

    source: str
    roles: tuple[ColumnRole, ...]
    kinds: Mapping[str, Kind]
    cuts: Mapping[str, Cuts]
    groups: tuple[tuple[str, ...], ...]
    max_sample: int
    widths: Mapping[str, int]

    def of(self, *roles: Role) -> list[str]:
        """Columns of some roles."""
        return [column.name for column in self.roles if column.role in roles]

    @property
    def read(self) -> list[ColumnRole]:
        """Columns that are read at all."""
        return [column for column in self.roles if column.role is not Role.SKIPPED]

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {name: i for i, name in enumerate(self.kinds)}

    def given(self, name: str) -> str:
        """A column as the table has it; its own name may be anything."""
        return f"p{self._places[name]}"

    def place(self, name: str) -> str:
        """A column of the view of values."""
        return f"v{self._places[name]}"

    def number(self, column: ColumnRole) -> str:
        """A number in a query, in double precision; times in seconds."""
        given, kind = self.given(column.name), self.kinds[column.name]
        if kind is Kind.TIME:
            return f"CAST(epoch(CAST({given} AS TIMESTAMP)) AS DOUBLE)"
        if kind is Kind.TRUTH:
            return f"CAST(CAST({given} AS INTEGER) AS DOUBLE)"
        if kind in (Kind.WORDS, Kind.EMPTY):
            word = self.word_for_number(column)
            if column.role is Role.TIME:
                return f"CAST(epoch(TRY_CAST({word} AS TIMESTAMP)) AS DOUBLE)"
            return f"TRY_CAST({word} AS DOUBLE)"
        return f"CAST({given} AS DOUBLE)"

    def word_for_number(self, column: ColumnRole) -> str:
        """A word in the place of a number; missing where it stands for no value."""
        word = f"trim(CAST({self.given(column.name)} AS VARCHAR))"
        return f"(CASE WHEN {word} NOT IN ({', '.join(map(literal, NULLS))}) THEN {word} END)"

    def value(self, column: ColumnRole) -> str:
        """A value of a column in a query, in one form whatever the file has."""
        given, kind = self.given(column.name), self.kinds[column.name]
        if column.role in NUMERIC:
            number = self.number(column)
            return f"(CASE WHEN isfinite({number}) THEN {number} END)"
        if column.role is Role.EMBEDDING:
            return f"CAST({given} AS FLOAT[])"
        word = f"CAST({given} AS VARCHAR)"
        if kind is Kind.NUMBER:
            return _number_word(f"CAST({given} AS DOUBLE)")
        if column.role is not Role.CATEGORY:
            return word
        if kind is Kind.TRUTH and column.kind is Kind.WHOLE:
            return f"CAST(CAST({given} AS INTEGER) AS VARCHAR)"
        if kind is Kind.WORDS and column.kind in (Kind.WHOLE, Kind.NUMBER):
            return f"coalesce({_number_word(f'TRY_CAST({given} AS DOUBLE)')}, {word})"
        if kind in (Kind.WORDS, Kind.WHOLE) and column.kind is Kind.TRUTH:
            return f"coalesce(CAST(TRY_CAST({given} AS BOOLEAN) AS VARCHAR), {word})"
        return word

    def selected(self, columns: Iterable[ColumnRole]) -> str:
        """Values of some columns in a query, each under its `place`."""
        return ", ".join(f"{self.value(one)} AS {self.place(one.name)}" for one in columns)

    @property
    def hashed(self) -> str:
        """Hash of the content of a record in a query.

        Identifiers are no content, unless there is nothing else.
        """
        content = [one for one in self.read if one.role is not Role.IDENTIFIER] or self.read
        return f"hash({', '.join(self.place(one.name) for one in content)})"


def _number_word(number: str) -> str:
    """The word for a number: 1.0 of a column with gaps is the 1 of one without."""
    whole = f"CAST(TRY_CAST({number} AS BIGINT) AS VARCHAR)"
    return (
        f"(CASE WHEN NOT isfinite({number}) THEN NULL "
        f"WHEN {number} = floor({number}) AND abs({number}) < 9007199254740992 THEN {whole} "
        f"ELSE CAST({number} AS VARCHAR) END)"
    )
