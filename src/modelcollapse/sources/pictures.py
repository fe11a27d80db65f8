"""Labelled pictures as nature: digits, MNIST, and sources with classes made rare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from modelcollapse import records
from modelcollapse.errors import InputError
from modelcollapse.protocols import Model
from modelcollapse.sources.finite import FiniteSource
from modelcollapse.sources.idx import mnist, spread


@dataclass(frozen=True)
class Digits(FiniteSource):
    """The 1,797 handwritten digits that scikit-learn ships, 8 x 8 pixels scaled to 0..1."""

    image_shape: ClassVar[tuple[int, int]] = (8, 8)

    @cached_property
    def _loaded(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        return pixels / 16.0, labels

    @property
    def data(self) -> NDArray[np.float64]:
        """The pictures, shape ``(1797, 64)``."""
        return self._loaded[0]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The digit each picture shows, shape ``(1797,)``."""
        return self._loaded[1]


@dataclass(frozen=True)
class Mnist(FiniteSource):
    """MNIST's handwritten digits, 28 x 28 pixels in 0..1, from the idx files of its training set.

    Parameters
    ----------
    records : int, optional
        Pictures to use, spread evenly over the file, whose first part is not like the rest; all
        when not given.
    folder : str, optional
        Where the files are; see `modelcollapse.sources.labelled.MnistTask`.

    Raises
    ------
    InputError
        If the files are not there, or damaged, when first read.
    """

    records: int | None = None
    folder: str | None = None

    image_shape: ClassVar[tuple[int, int]] = (28, 28)

    @cached_property
    def _loaded(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        images, labels = mnist(self.folder, "train")
        chosen = spread(len(images), self.records)
        rows = images[chosen].reshape(len(chosen), -1).astype(np.float32) / np.float32(255)
        return rows, labels[chosen].astype(np.int64)

    @property
    def data(self) -> NDArray[np.float32]:
        """The pictures, shape ``(n, 784)``."""
        return self._loaded[0]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The digit each picture shows, shape ``(n,)``."""
        return self._loaded[1]


@dataclass(frozen=True)
class RareClasses(FiniteSource):
    """A labelled source in which some classes are made rare.

    Parameters
    ----------
    source : Model
        A finite source with labels, such as `Digits`.
    classes : sequence of int or str
        Labels of the classes to make rare.
    keep : float
        Share of their records to keep, spread evenly over the source; at least one of each.

    Raises
    ------
    InputError
        If the source has no labels, a class is none of its, or the share is not between 0 and 1.

    Examples
    --------
    >>> from modelcollapse import Digits
    >>> source = RareClasses(Digits(), [8, 9], 0.1)
    >>> len(source), int((source.labels == 8).sum())
    (1478, 17)
    """

    source: Model[Any]
    classes: Sequence[int | str]
    keep: float

    def __post_init__(self) -> None:
        if not 0 < self.keep <= 1:
            raise InputError(
                f"RareClasses got keep = {self.keep!r}, but it is the share of records kept. Use a "
                "number above 0, and at most 1."
            )
        labels = getattr(self.source, "labels", None)
        if labels is None:
            raise InputError(
                "RareClasses needs a finite source with labels, and this one has none. Use "
                "Digits(), or Empirical(data, labels=...)."
            )
        for name in self.classes:
            if not (np.asarray(labels) == name).any():
                raise InputError(
                    f"RareClasses got the class {name!r}, which no record of the source has. Its "
                    f"classes: {', '.join(map(str, np.unique(labels)))}."
                )

    @cached_property
    def _kept(self) -> NDArray[np.intp]:
        labels = np.asarray(getattr(self.source, "labels", None))
        kept = np.ones(len(labels), dtype=bool)
        for name in self.classes:
            places = np.flatnonzero(labels == name)
            kept[places] = False
            count = max(round(self.keep * len(places)), 1)
            kept[places[np.linspace(0, len(places) - 1, count).astype(np.intp)]] = True
        return np.flatnonzero(kept)

    @cached_property
    def data(self) -> Any:
        """The records that are kept."""
        return records.take(getattr(self.source, "data", None), self._kept)

    @property
    def labels(self) -> NDArray[Any]:
        """Their labels, shape ``(n,)``."""
        return np.asarray(getattr(self.source, "labels", None))[self._kept]

    @property
    def image_shape(self) -> Sequence[int] | None:
        """Height and width, if the records are pictures."""
        return getattr(self.source, "image_shape", None)
