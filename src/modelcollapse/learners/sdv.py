"""What SDV needs from an adapter: metadata that bind nobody, tables of pandas, seeds of ours."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import Incompatible, InputError, Missing
from modelcollapse.learners.reseeding import reseed

TABLE = "table"
"""Name of the one table, where metadata have to give it one."""

KEPT = ("sdtype", "datetime_format", "regex_format", "pii")
"""What metadata may say of a column: its kind, but not which values the first records had."""

Metadata = Mapping[str, Any]
"""SDV's metadata of one table, as plain data."""


def relaxed(metadata: Metadata) -> Metadata:
    """Metadata that say of what kind the columns are, and nothing of the values they held.

    Raises
    ------
    InputError
        If they do not describe exactly one table.
    """
    tables = metadata.get("tables")
    if not isinstance(tables, Mapping) or len(tables) != 1:
        raise InputError(
            "the metadata do not describe exactly one table. Give SDV's metadata of a single "
            "table: {'tables': {'table': {'columns': {...}}}}."
        )
    ((name, table),) = tables.items()
    columns = {
        column: {key: value for key, value in about.items() if key in KEPT}
        for column, about in table["columns"].items()
    }
    kept = {key: value for key, value in table.items() if key in ("primary_key",)}
    return {"tables": {str(name): {"columns": columns, **kept}}, "relationships": []}


def detected(table: Any) -> Metadata:
    """Relaxed metadata of a pandas dataframe, as SDV detects them."""
    return relaxed(sdv_metadata().detect_from_dataframes({TABLE: table}).to_dict())


def name_of_table(synthesizer: Any, metadata: Metadata | None) -> str:
    """Name under which a synthesizer expects its one table."""
    own = getattr(getattr(synthesizer, "metadata", None), "tables", None)
    described = own or (metadata or {}).get("tables", {})
    return str(next(iter(described), TABLE))


def sdv_metadata() -> Any:
    """SDV's own class of metadata, imported when it is needed."""
    if find_spec("sdv") is None:
        raise Missing("a synthesizer that reads metadata", "sdv", "tabular")
    return import_module("sdv.metadata").Metadata


def is_sdv(synthesizer: Any) -> bool:
    """Whether it is one of SDV's own, or speaks as they do: of tables by name."""
    modules = {cls.__module__.split(".")[0] for cls in type(synthesizer).__mro__}
    own = ("_set_random_state", "auto_assign_transformers")
    return "sdv" in modules or any(hasattr(synthesizer, name) for name in own)


# --- tables -------------------------------------------------------------------------------------


def _frame(data: Any) -> Any:
    """Narwhals view of a table, None for anything else."""
    import narwhals as nw

    frame = nw.from_native(data, eager_only=True, pass_through=True)
    return frame if isinstance(frame, nw.DataFrame) else None


def check_table(data: Any) -> None:
    """Raise Incompatible if the data are no table."""
    if _frame(data) is None:
        raise Incompatible(
            f"a synthesizer reads tables, not {type(data).__name__}. Put the records into a "
            "dataframe, or wrap an estimator of arrays: Estimator(...)."
        )


def as_pandas(data: Any) -> Any:
    """Table of any library as a pandas dataframe.

    Raises
    ------
    Missing
        If pandas is not installed.
    """
    frame = _frame(data)
    if find_spec("pandas") is None:
        raise Missing("a synthesizer", "pandas", "tabular")
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data.reset_index(drop=True)
    return pd.DataFrame({name: frame[name].to_list() for name in frame.columns})


def in_library_of(template: Any, written: Any) -> Any:
    """Table of the library that the template is of, for what came as a pandas dataframe."""
    import narwhals as nw

    kind, came = _frame(template).implementation, _frame(written)
    if kind.is_pandas() or came is None or not came.implementation.is_pandas():
        return written
    held = {str(name): written[name] for name in written.columns}
    return nw.from_dict(
        {
            name: column.astype(object).where(column.notna(), None).tolist()
            for name, column in held.items()
        },
        backend=kind,
    ).to_native()


# --- randomness ---------------------------------------------------------------------------------


def _transformers(synthesizer: Any) -> list[Any]:
    get = getattr(synthesizer, "get_transformers", None)
    if not callable(get):
        return []
    return [part for part in get().values() if hasattr(part, "random_states")]


def reseed_for_sampling(synthesizer: Any, rng: Generator) -> None:
    """Give the fitted model, and the transformers of its columns, seeds of ours."""
    set_state = getattr(synthesizer, "_set_random_state", None)
    if not callable(set_state):
        reseed(synthesizer, rng)
        return
    set_state(_seed(rng))
    for transformer in _transformers(synthesizer):
        transformer.set_random_state(np.random.RandomState(_seed(rng)), "reverse_transform")


@contextmanager
def reseeded_for_fit(synthesizer: Any, tables: Any, rng: Generator) -> Iterator[None]:
    """Give the transformers of the columns seeds of ours while they are fitted.

    Their own is made of the first five records: for a column of few categories, one of few seeds.
    """
    assign = getattr(synthesizer, "auto_assign_transformers", None)
    if not callable(assign):
        reseed(synthesizer, rng)
        yield
        return
    assign(tables)
    with ExitStack() as stack:
        for transformer in _transformers(synthesizer):
            if hasattr(transformer, "_set_seed"):
                transformer._set_seed = _SetSeed(transformer, _seed(rng))
                stack.callback(delattr, transformer, "_set_seed")
        yield


@dataclass(frozen=True)
class _SetSeed:
    """Stands in for a transformer's method that chooses its seed."""

    transformer: Any
    seed: int

    def __call__(self, data: Any) -> None:
        self.transformer.random_seed = self.seed
        states = ("fit", "transform", "reverse_transform")
        self.transformer.random_states = {
            name: np.random.RandomState(self.seed + i) for i, name in enumerate(states)
        }


def _seed(rng: Generator) -> int:
    return int(rng.integers(2**31 - 1))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep SDV from saying the same in each generation, and from writing a log of its own."""
    with ExitStack() as stack:
        if "sdv" in sys.modules:
            logging = import_module("sdv.logging")
            stack.enter_context(logging.disable_single_table_logger())
        stack.enter_context(warnings.catch_warnings())
        for package in ("sdv", "rdt", "copulas", "ctgan", "deepecho"):
            warnings.filterwarnings("ignore", module=rf"{package}\b")
        yield
