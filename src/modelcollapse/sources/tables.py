"""Nature as tables of mixed types: a made-up survey, and tables in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.random import Generator
from scipy.special import ndtr

from modelcollapse.columns import read_columns
from modelcollapse.errors import InputError, Missing, suggestion
from modelcollapse.files import read_records
from modelcollapse.sources.elsewhere import folder_of
from modelcollapse.sources.finite import FiniteSource

Library = Literal["polars", "pandas", "pyarrow"]
LIBRARIES: tuple[Library, ...] = ("polars", "pandas", "pyarrow")

REGIONS = (
    "Northgate", "Eastvale", "Southport", "Westmoor", "Midtown", "Lakeside", "Hillcrest",
    "Riverton", "Oldbridge", "Farpoint", "Saltmarsh", "Lonely Isle",
)  # fmt: skip
REGION_SHARES = np.array([30, 20, 15, 10, 8, 6, 4, 3, 2, 1.2, 0.5, 0.3]) / 100
GROUPS, GROUP_SHARES = ("A", "B", "C", "D", "E"), np.array([78, 12, 6, 3.2, 0.8]) / 100
SCHOOLING = ("none", "primary", "secondary", "vocational", "bachelor", "master", "doctorate")
SCHOOLING_EDGES = np.array([0.02, 0.14, 0.52, 0.72, 0.91, 0.985])


def as_table(columns: dict[str, Any], library: str | None) -> Any:
    """Dataframe of the asked-for library, or of the first one installed.

    Raises
    ------
    InputError
        If the library is not known.
    Missing
        If it, or any, is not installed.
    """
    import narwhals as nw

    if library is not None and library not in LIBRARIES:
        raise InputError(f"no dataframe library '{library}'. {suggestion(library, LIBRARIES)}")
    for name in LIBRARIES if library is None else (library,):
        if find_spec(name) is not None:
            return nw.from_dict(columns, backend=cast(Any, name)).to_native()
    raise Missing("a table of mixed types", library or "polars", "tables")


@dataclass(frozen=True)
class Survey:
    """A made-up survey: records of people with rare categories, minorities and dependent columns.

    For a machine without data. Columns: ``region`` (12 labels, shares from 0.3 to 0.003), ``group``
    (5 labels, 0.78 to 0.008), ``sex``, ``schooling`` (7 labels, in an order), ``age``, ``hours`` of
    work, ``income``, and ``owner``: whether the person owns their home, which age, income and
    schooling tell with an area under the ROC curve near 0.85.

    Parameters
    ----------
    library : {"polars", "pandas", "pyarrow"}, optional
        What the tables are made with; the first one that is installed when not given. The records
        are the same.

    Raises
    ------
    InputError
        If the library is not known.

    Examples
    --------
    >>> table = Survey("polars").sample(1000, rng=np.random.default_rng(0))
    >>> table.columns[:4], table["region"].n_unique()
    (['region', 'group', 'sex', 'schooling'], 12)
    """

    library: Library | None = None

    def __post_init__(self) -> None:
        if self.library is not None and self.library not in LIBRARIES:
            raise InputError(
                f"no dataframe library '{self.library}'. {suggestion(self.library, LIBRARIES)}"
            )

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Write `n` records.

        Raises
        ------
        Missing
            If no dataframe library is installed.
        """
        region = rng.choice(len(REGIONS), size=n, p=REGION_SHARES)
        group = rng.choice(len(GROUPS), size=n, p=GROUP_SHARES)
        male = rng.random(n) < 0.5
        age = 18 + 72 * rng.beta(1.6, 2.6, size=n)
        # Later generations went to school longer; the smallest groups had less of it.
        bent = rng.standard_normal(n) - 0.25 * (age - 45) / 18 - 0.2 * group
        schooling = np.searchsorted(SCHOOLING_EDGES, ndtr(bent / 1.1))
        working = np.where(age < 67, 0.85, 0.1) > rng.random(n)
        hours = np.where(working, np.clip(rng.normal(38 + 3 * male, 9, size=n), 1, 90), 0)
        log_income = 9.6 + 0.25 * schooling + 0.012 * hours + 0.01 * np.minimum(age, 60)
        income = np.exp(log_income + 0.15 * male - 0.03 * region + rng.normal(0, 0.45, size=n))
        lean = 0.06 * (age - 48) + 1.6 * (np.log(income) - 11.4) + 0.2 * (schooling - 3)
        owner = rng.random(n) < 1 / (1 + np.exp(-1.2 * lean))
        return as_table(
            {
                "region": _named(REGIONS, region),
                "group": _named(GROUPS, group),
                "sex": _named(("female", "male"), male.astype(np.intp)),
                "schooling": _named(SCHOOLING, schooling),
                "age": age.astype(np.int64).tolist(),
                "hours": np.rint(hours).astype(np.int64).tolist(),
                "income": (np.rint(income / 100) * 100).astype(np.int64).tolist(),
                "owner": _named(("no", "yes"), owner.astype(np.intp)),
            },
            self.library,
        )


def _named(names: Sequence[str], positions: Any) -> list[str]:
    return [names[i] for i in positions]


@dataclass(frozen=True)
class TableFile(FiniteSource):
    """Real records of mixed types in a file.

    Parameters
    ----------
    path : str
        ``.csv``, ``.csv.gz``, with names of the columns in the first line, or ``.parquet``. A CSV
        column is one of whole numbers, or of numbers, if all its entries are; else one of labels.
        An empty entry is a gap.
    columns : sequence of str, optional
        Columns to read, in this order; all when not given.
    without : str, optional
        Leave out records in which any of the columns read holds this label, such as ``"?"``.
    library : {"polars", "pandas", "pyarrow"}, optional
        What the table is made with, for CSV; the first one that is installed when not given.

    Raises
    ------
    InputError
        If the file is missing, empty or damaged, or a column is not there.
    Missing
        If no dataframe library is installed.
    """

    path: str
    columns: Sequence[str] | None = None
    without: str | None = None
    library: Library | None = None

    def __post_init__(self) -> None:
        if not Path(self.path).is_file():
            raise InputError(f"there is no file {self.path}. Check the path and the spelling.")
        if len(self) == 0:
            raise InputError(f"{self.path} holds no records. Provide a file with at least a few.")

    @cached_property
    def data(self) -> Any:
        """The records."""
        import narwhals as nw

        path = Path(self.path)
        if path.suffix.lower() == ".parquet":
            native = read_records(path)
        else:
            native = as_table({k: _typed(v) for k, v in read_columns(path).items()}, self.library)
        table = nw.from_native(native, eager_only=True)
        if self.columns is not None:
            for name in self.columns:
                if name not in table.columns:
                    raise InputError(
                        f"{path} has no column '{name}'. {suggestion(name, table.columns)}"
                    )
            table = table.select(list(self.columns))
        if self.without is not None:
            for name, kind in table.schema.items():
                if not kind.is_numeric():
                    table = table.filter((nw.col(name) != self.without) | nw.col(name).is_null())
        return nw.maybe_reset_index(table).to_native()


def adult() -> TableFile:
    """Census income data (Adult) without incomplete records.

    Raises
    ------
    InputError
        If the environment variable MODELCOLLAPSE_DATA names no folder with ``adult/train.csv.gz``.
    """
    folder = folder_of(
        "Adult", "adult", "train.csv.gz, with names of the columns in its first line"
    )
    return TableFile(str(folder / "train.csv.gz"), without="?")


def _typed(entries: Sequence[str]) -> list[Any]:
    """Entries as whole numbers, numbers, or labels; None for gaps."""
    # Python reads 1_000 as a number, and nothing that writes CSV means one by it.
    labels = any("_" in entry for entry in entries)
    for convert in () if labels else (int, float):
        try:
            return [None if entry == "" else convert(entry) for entry in entries]
        except ValueError:
            continue
    return [entry or None for entry in entries]
