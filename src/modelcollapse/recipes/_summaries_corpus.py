"""Documents with summaries that people wrote: abstracts of papers, news, or invented ones."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from modelcollapse.errors import InputError
from modelcollapse.seeds import generator
from modelcollapse.sources.elsewhere import folder_of
from modelcollapse.sources.finite import FiniteSource

Origin = Literal["papers", "news", "invented"]
SHARES = 8
"""One of so many documents has a summary to learn from; the number of documents is a multiple."""


@dataclass(frozen=True)
class Document:
    """A text and its summaries.

    Attributes
    ----------
    sentences, references : tuple of str
        The text, sentence by sentence, and what people wrote about it.
    """

    sentences: tuple[str, ...]
    references: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """A summary of a document.

    Attributes
    ----------
    document : int
        Which of the documents to train on.
    text : str
        The summary.
    """

    document: int
    text: str


Documents = tuple[Document, ...]


@cache
def documents(origin: Origin) -> tuple[Documents, Documents]:
    """Documents to train on, and others to test on.

    Raises
    ------
    InputError
        If they do not come with the package, and are not there.
    """
    if origin == "invented":
        found = _invented(4_000)
        return found[:2_000], found[2_000:]
    if origin == "papers":
        home = folder_of("SciTLDR", "scitldr", "train.jsonl.gz and dev.jsonl.gz")
        parts = [home / "train.jsonl.gz", home / "dev.jsonl.gz"]
    else:
        home = folder_of("XL-Sum in English", "xlsum", "train.jsonl and test.jsonl")
        parts = [home / "train.jsonl", home / "test.jsonl"]
    train, test = (tuple(_read(path)) for path in parts)
    return train[: len(train) // SHARES * SHARES], test


def _read(path: Path) -> Iterator[Document]:
    if not path.is_file():
        raise InputError(
            f"there is no file {path}. It holds one JSON object a line, with the fields 'source' "
            "and 'targets', lists of strings, or 'text' and 'summary'."
        )
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if "source" in row:
                yield Document(tuple(row["source"]), tuple(row["targets"]))
            else:
                yield Document(tuple(row["text"].splitlines()), (row["summary"],))


def _invented(count: int) -> Documents:
    """Sentences of random words, some of which say that what stands beside them matters."""
    rng = generator(0, 0, 0, "invented documents")
    words = np.array([f"word{i}" for i in range(500)])
    common = np.arange(1.0, len(words) + 1) ** -0.7
    weight = 2 * rng.normal(size=len(words)) * (rng.random(len(words)) < 0.05)
    made = []
    for _ in range(count):
        drawn = [rng.choice(len(words), size=rng.integers(8, 18), p=common / common.sum())
                 for _ in range(rng.integers(5, 9))]  # fmt: skip
        matters = [weight[sentence].sum() + rng.normal() for sentence in drawn]
        key = drawn[int(np.argmax(matters))]
        reference = np.concatenate([key[rng.random(len(key)) < 0.6], rng.choice(len(words), 5)])
        made.append(Document(tuple(" ".join(words[s]) for s in drawn),
                             (" ".join(words[reference]),)))  # fmt: skip
    return tuple(made)


@dataclass(frozen=True)
class Summaries(FiniteSource):
    """Nature: documents with the summaries that people wrote, in random order."""

    origin: Origin = "papers"

    @property
    def data(self) -> list[Written]:
        """One summary for each document to train on."""
        train, _ = documents(self.origin)
        return [Written(i, document.references[0]) for i, document in enumerate(train)]


def in_rounds(texts: Sequence[str], n: int) -> list[Written]:
    """Records for the first `n` documents, from the start again where there are fewer."""
    return [Written(i % len(texts), texts[i % len(texts)]) for i in range(n)]
