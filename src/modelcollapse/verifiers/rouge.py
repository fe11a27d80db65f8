"""ROUGE of a text beside a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from modelcollapse.errors import InputError, suggestion
from modelcollapse.metrics import rouge
from modelcollapse.verifiers.each import NoScore, check_columns, several, text_in
from modelcollapse.verifiers.scored import Batch, Scored, column

MEASURES = ("f", "precision", "recall")


@dataclass(frozen=True)
class Rouge:
    """Score texts by their ROUGE beside a reference: a summary beside one that a person wrote.

    Values are those of the package rouge-score. A record without text or without reference has
    no score, nor has one whose references hold nothing that could be found: none of the tokens
    that ROUGE reads, which are letters a to z and digits, or too few for a run.

    Parameters
    ----------
    kind : str, default 'rougeL'
        'rougeL' compares by the longest common subsequence of words, 'rougeLsum' by the union of
        those of single sentences, 'rouge1', 'rouge2', ... by runs of so many words.
    text : str, default 'text'
        Column of the texts that are scored.
    reference : str, default 'reference'
        Column of references: a text, or a list of texts of which the best counts; missing ones
        are left out.
    measure : {'f', 'precision', 'recall'}, default 'f'
        Which share is the score. The best of several references is the one with the largest
        harmonic mean, f, whichever it is.
    stem : bool, default True
        Whether words count as their Porter stems. Published scores differ in this.
    split : {'lines', 'nltk'}, default 'lines'
        Where sentences end, for 'rougeLsum': at ends of lines, or where NLTK says so.
    fast : bool or None, default None
        Whether to use compiled kernels; None does if Numba is installed. Scores are the same.
    label : str or None, default None
        Name of the scores; None for one made of kind and measure.

    Raises
    ------
    InputError
        If there is no such kind, measure or split.

    Examples
    --------
    >>> verifier = Rouge("rouge1", stem=False)
    >>> found = verifier.score({"text": ["a cat sat", None], "reference": ["a cat ran", "a dog"]})
    >>> found.scores.round(3), found.failures
    (array([0.667,   nan]), {1: "there is nothing in 'text'"})
    """

    kind: str = "rougeL"
    text: str = "text"
    reference: str = "reference"
    measure: str = "f"
    stem: bool = True
    split: str = "lines"
    fast: bool | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        check_columns("Rouge", text=self.text, reference=self.reference)
        rouge.check(self.kind, self.split)
        if self.measure not in MEASURES:
            raise InputError(
                f"ROUGE has no measure {self.measure!r}. {suggestion(self.measure, MEASURES)}"
            )

    @property
    def name(self) -> str:
        """Name under which the scores appear."""
        return self.label or self.kind + ("" if self.measure == "f" else f"_{self.measure}")

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read."""
        return (self.text, self.reference)

    def score(self, batch: Batch) -> Scored:
        """ROUGE of each record, from 0 to 1.

        Parameters
        ----------
        batch : mapping of str to sequence
            Records by column.

        Returns
        -------
        Scored
            Higher for more of the reference in the text and less beside it.

        Raises
        ------
        InputError
            If a column is missing.
        Missing
            If neither Numba nor rapidfuzz is installed.
        """
        texts = column(batch, self.text, self.name)
        references = column(batch, self.reference, self.name)
        pairs: dict[int, tuple[str, str | list[str]]] = {}
        failures: dict[int, str] = {}
        for i, pair in enumerate(zip(texts, references, strict=True)):
            try:
                pairs[i] = self._read(*pair)
            except NoScore as reason:
                failures[i] = str(reason)
        found = rouge.scores(
            [text for text, _ in pairs.values()], [reference for _, reference in pairs.values()],
            self.kind, stem=self.stem, split=self.split, fast=self.fast,
        )  # fmt: skip
        rows = np.fromiter(pairs, np.intp, len(pairs))
        values = np.full(len(texts), np.nan)
        values[rows] = np.where(found.wanted > 0, getattr(found, self.measure), np.nan)
        for i in rows[found.wanted == 0].tolist():
            failures[i] = (
                f"'{self.reference}' holds too few words for {self.kind}, which reads letters a to "
                "z and digits"
            )
        return Scored(values, failures)

    def _read(self, text: Any, reference: Any) -> tuple[str, str | list[str]]:
        if type(text) is str and type(reference) is str:
            return text, reference
        found = several(reference, self.reference)
        return text_in(text, self.text), [text_in(one, self.reference) for one in found]
