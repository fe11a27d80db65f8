"""Text and language models for recipes: a twin that every machine can run, and the published one.

The twin is a bigram model of Python's own prose. It has no beams: a temperature below 1 takes
their place, since both prefer what is probable already.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from modelcollapse import Lineage
from modelcollapse.errors import InputError, ModelCollapseError
from modelcollapse.families.texts import Texts
from modelcollapse.history import History
from modelcollapse.protocols import Curator, Learner, Policy
from modelcollapse.recipes import _recipe as r
from modelcollapse.sources import File, FiniteSource
from modelcollapse.sources.elsewhere import DATA
from modelcollapse.sources.prose import standard_library_prose

BLOCK, WORDS, SIZE, HELD_OUT, COLD = 32, 100_000, 400, 600, 0.3
Lineages = dict[str, Lineage]
TWIN = "quick: a bigram model of Python's own prose in blocks of 32 words; full: as published"


@cache
def _blocks(words: int, block: int) -> Texts:
    return Texts.of(standard_library_prose(min_words=words), lower=True).blocks(block)


@dataclass(frozen=True)
class Prose(FiniteSource):
    """The first words of Python's prose, in blocks; read once for all recipes."""

    words: int = WORDS
    block: int = BLOCK

    @property
    def data(self) -> Texts:
        """The blocks."""
        return _blocks(self.words, self.block)


def twin(learner: Learner[Any], policy: Policy, curator: Curator[Any] | None = None) -> Lineage:
    """Lineage of the twin: `SIZE` blocks in generation 0, `HELD_OUT` to test on."""
    return Lineage(Prose(), learner, policy, size=SIZE, holdout=HELD_OUT, curator=curator)


def corpus(name: str, model: str, block: int) -> Any:
    """Text as published, ``train.txt`` in the folder `name`, in blocks of the model's tokens.

    Raises
    ------
    InputError
        If there is no such file.
    """
    from modelcollapse.learners.language.tokens import TokenBlocks

    path = Path(os.environ.get(DATA, "")) / name / "train.txt"
    if not (os.environ.get(DATA) and path.is_file()):
        raise InputError(
            f"the text does not come with this package: let the environment variable {DATA} name a "
            f"folder that holds {name}/train.txt, one document a line."
        )
    return TokenBlocks(File(str(path)), tokenizer=weights(model), block=block)


def weights(name: str) -> str:
    """Folder of a pretrained model beside the data, if there is one, else its name on the hub."""
    local = Path(os.environ.get(DATA, "")) / "models" / name.rpartition("/")[2]
    return str(local) if os.environ.get(DATA) and local.is_dir() else name


def lineages(
    scale: r.Scale, quick: Callable[[], Lineages], full: Callable[[], Lineages]
) -> tuple[Lineages, str]:
    """Lineages of a scale; none, and why, where weights or text are missing."""
    try:
        return quick() if scale == "quick" else full(), ""
    except ModelCollapseError as error:
        return {}, str(error)


def without_text(reason: str) -> r.Outcome:
    """Outcome at full scale where weights or text are missing: one law, not comparable."""
    claim = r.Claim("perplexity rises", 0.0, 0.0, 0.0, ">", "text", incomparable=reason)
    return r.Outcome([claim], [])


def change(history: History, measure: str, first: int = 0, last: int = -1) -> r.Floats:
    """Difference of a measure between two generations read, by replicate."""
    values = history[measure]
    return values[:, last] - values[:, first]


def histograms(title: str, history: History, generations: Sequence[int]) -> r.Panel:
    """Panel of the histograms of perplexity under generation 0, one line a generation."""
    from modelcollapse.probes.language import HISTOGRAM

    bins = [m for m in history.measures if m.startswith(f"{HISTOGRAM}.")]
    edges = [float(m.partition(".")[2]) for m in bins]
    lines = [
        r.Curve(f"generation {t}", edges,
                [float(history[m][:, list(history.generations).index(t)].mean()) for m in bins])
        for t in generations
    ]  # fmt: skip
    return r.Panel(title, "perplexity under generation 0", lines, log="x")
