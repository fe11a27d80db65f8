"""Labelled nature on a disk: real inputs whose real targets count as the truth."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, suggestion
from modelcollapse.families.regression.pool import PoolTask, Scaling, TargetScaling
from modelcollapse.files import read_records
from modelcollapse.sources.idx import mnist, spread

Target = Literal["value", "parity", "one_hot"]


@dataclass(frozen=True)
class _DigitTask(PoolTask):
    """Pictures of digits, and what is to be said of them."""

    target: Target = "value"

    def __post_init__(self) -> None:
        if self.target not in get_args(Target):
            raise InputError(
                f"the target '{self.target}' is unknown. "
                f"{suggestion(self.target, get_args(Target))}"
            )
        super().__post_init__()

    def _targets(self, digits: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Targets of pictures of these digits."""
        if self.target == "one_hot":
            return np.asarray(np.eye(10)[digits])
        if self.target == "value":
            return digits.astype(np.float64)
        odd = np.asarray(digits % 2, dtype=np.float64)
        return 2 * odd - 1 if self.response == "sign" else odd


@dataclass(frozen=True)
class DigitsTask(_DigitTask):
    """Nature as the 1,797 labelled digits that scikit-learn ships, 8 x 8 pixels in 0..1.

    Parameters
    ----------
    target : {"value", "parity", "one_hot"}, default "value"
        The digit as a number; 0 for even and 1 for odd digits (-1 and 1 with the response
        "sign"); or ten columns, one for each digit.
    noise, test, same_inputs, response, scaling, target_scaling
        As for `LabelledPool`; the scaling of inputs is "global" by default.

    Examples
    --------
    >>> task = DigitsTask(target="one_hot", noise=0.1, response="one_hot")
    >>> task.sample(100, rng=np.random.default_rng(0)).targets.sum()
    np.float64(100.0)
    """

    def _read(self) -> Any:
        from sklearn.datasets import load_digits

        pixels, digits = load_digits(return_X_y=True)
        return pixels / 16.0, self._targets(digits), self.test


@dataclass(frozen=True)
class DiabetesTask(PoolTask):
    """Nature as the 442 diabetes patients that scikit-learn ships.

    Ten measurements, and the progression of the disease after a year.

    Parameters
    ----------
    noise, test, same_inputs, response, scaling, target_scaling
        As for `LabelledPool`; by default each measurement and the target are standardised.

    Examples
    --------
    >>> DiabetesTask(noise=0.5).sample(50, rng=np.random.default_rng(0)).inputs.shape
    (50, 10)
    """

    scaling: Scaling = field(default="standard", kw_only=True)
    target_scaling: TargetScaling = field(default="standard", kw_only=True)

    def _read(self) -> Any:
        from sklearn.datasets import load_diabetes

        return (*load_diabetes(return_X_y=True, scaled=False), self.test)


@dataclass(frozen=True)
class MnistTask(_DigitTask):
    """Nature as MNIST's labelled digits, 28 x 28 pixels in 0..1, from idx files.

    Models train on images of the training file; the test file is held out.

    Parameters
    ----------
    target : {"value", "parity", "one_hot"}, default "value"
        As for `DigitsTask`.
    records : int, optional
        Images to train on, spread evenly over the file, whose first part is not like the rest; all
        when not given, which take 0.4 GB.
    folder : str, optional
        Where the files are; by default the folder ``mnist`` within the one that the environment
        variable MODELCOLLAPSE_DATA names. It holds ``train*-images-idx3-ubyte``,
        ``train*-labels-idx1-ubyte`` and the same for ``t10k*``, packed with gzip or not.
    noise : float, default 0
        As for `LabelledPool`.
    test : int, default 10,000
        Images of the test file to test on, the first ones.
    same_inputs, response, scaling, target_scaling
        As for `LabelledPool`; the scaling of inputs is "global" by default.

    Raises
    ------
    InputError
        If the files are not there, or damaged.
    """

    test: int | float = field(default=10_000, kw_only=True)
    records: int | None = None
    folder: str | None = None

    def _read(self) -> Any:
        inputs, digits = mnist(self.folder, "train")
        others, known = mnist(self.folder, "t10k")
        many, last = spread(len(inputs), self.records), slice(None, int(self.test))
        return (
            _rows(inputs[many]), self._targets(digits[many]),
            (_rows(others[last]), self._targets(known[last])),
        )  # fmt: skip


@dataclass(frozen=True)
class LabelledFile(PoolTask):
    """Nature as a table of numbers in a file, one column of which is the target.

    Parameters
    ----------
    path : str
        ``.csv`` with names of the columns in the first line, or ``.parquet``.
    target : str
        Column that is to be predicted; the others are the inputs.
    noise, test, same_inputs, response, scaling, target_scaling
        As for `LabelledPool`; by default each column is standardised, the target as well.

    Raises
    ------
    InputError
        If the file is missing or damaged, a column is not there or holds no numbers, or values
        are missing.
    """

    path: str
    target: str
    scaling: Scaling = field(default="standard", kw_only=True)
    target_scaling: TargetScaling = field(default="standard", kw_only=True)

    @property
    def refers_to(self) -> tuple[ArrayLike, ArrayLike]:
        """What the file held when it was read, by which a store tells it apart."""
        return self.pool.inputs, self.pool.targets

    def _read(self) -> Any:
        path = Path(self.path)
        if not path.is_file():
            raise InputError(f"there is no file {path}. Check the path and the spelling.")
        names, columns = _table(path)
        if self.target not in names:
            raise InputError(
                f"{path} has no column '{self.target}'. {suggestion(self.target, names)}"
            )
        if len(names) < 2:
            raise InputError(f"{path} has one column, so there are no inputs. Add some.")
        at = names.index(self.target)
        return np.delete(columns, at, axis=1), columns[:, at], self.test


def _rows(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(images.reshape(len(images), -1) / 255.0)


def _table(path: Path) -> tuple[Sequence[str], NDArray[np.float64]]:
    """Names and numbers of the columns of a file."""
    found = read_records(path)
    if isinstance(found, np.ndarray):
        if path.suffix.lower() != ".csv":
            raise InputError(
                f"the columns of {path} have no names. Use .csv with a first line of names, or "
                ".parquet."
            )
        with path.open(newline="", encoding="utf-8-sig") as file:
            names = [name.strip() for name in next(row for row in csv.reader(file) if row)]
        return names, found
    import narwhals as nw
    import narwhals.selectors as by

    table = nw.from_native(found, eager_only=True, pass_through=True)
    if not isinstance(table, nw.DataFrame):
        raise InputError(f"{path} holds texts, not a table of numbers. Use .csv or .parquet.")
    numeric = table.select(by.numeric(), by.boolean())
    if numeric.columns != table.columns:
        others = [name for name in table.columns if name not in numeric.columns]
        raise InputError(
            f"the columns {', '.join(others)} of {path} hold no numbers. Drop or encode them."
        )
    return table.columns, table.to_numpy().astype(np.float64)
