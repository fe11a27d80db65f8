"""Telling objects apart by what they hold: whether a store, or a check, sees the same one again."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import sys
import sysconfig
from collections.abc import Callable, Mapping
from functools import cache, cached_property, partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from modelcollapse.protocols import Finite


def fingerprint(value: Any) -> str:
    """Digest of what an object holds: equal for equal content, in any process.

    Arrays and tables count by their values, finite sources by their records, objects by their
    attributes, without what they have cached. Functions count by their code, by what they
    enclose, and by the constants, functions and classes of their module that they name; classes
    that belong to no installed package by the code of their methods.

    Examples
    --------
    >>> fingerprint([1, 2.0]) == fingerprint([1, 2.0])
    True
    >>> fingerprint(lambda x: x + 1) == fingerprint(lambda x: x + 2)
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest.update, value, ())
    return digest.hexdigest()


def _feed(update: Callable[[bytes], None], value: Any, above: tuple[int, ...]) -> None:
    """Feed a digest with the content of a value; `above` are the objects that it is part of."""
    kind = type(value)
    update(f"|{kind.__module__}.{kind.__qualname__}|".encode())
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        update(repr(value).encode())
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        update(f"{value.dtype.str}{value.shape}".encode())
        update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, set | frozenset):
        update(",".join(sorted(map(fingerprint, value))).encode())
    elif isinstance(value, type):
        update(f"{value.__module__}.{value.__qualname__}".encode())
        if id(value) not in above:
            for part in _code_of(value):
                _feed(update, part, (*above, id(value)))
    elif id(value) not in above:
        for part in _parts(value):
            _feed(update, part, (*above, id(value)))


def _parts(value: Any) -> list[Any]:
    """Values of which another one consists."""
    parts = _parts_of_data(value)
    if parts is None:
        parts = _parts_of_code(value)
    if parts is None:
        parts = _parts_of_object(value)
    return parts


def _parts_of_data(value: Any) -> list[Any] | None:
    if isinstance(value, np.ndarray | np.generic):
        return [value.tolist()]
    if isinstance(value, list | tuple):
        return [len(value), *value]
    if isinstance(value, Mapping):
        return [part for item in sorted(value.items(), key=repr) for part in item]
    if hasattr(value, "columns"):
        import narwhals as nw

        table = nw.from_native(value, eager_only=True, pass_through=True)
        if isinstance(table, nw.DataFrame):
            return [table.to_dict(as_series=False)]
    return None


def _parts_of_code(value: Any) -> list[Any] | None:
    if isinstance(value, ModuleType):
        return [value.__name__]
    if isinstance(value, partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, CodeType):
        return [value.co_code, value.co_names, value.co_varnames, value.co_consts]
    if isinstance(value, FunctionType):
        enclosed = [cell.cell_contents for cell in value.__closure__ or ()]
        return [value.__code__, value.__defaults__, value.__kwdefaults__, enclosed, _named(value)]
    return None


def _code_of(kind: type) -> list[Any]:
    """Methods and constants of a class, if it is somebody's own and may change between runs."""
    return [
        (name, _code(getattr(part, "__func__", getattr(part, "fget", part))))
        for owner in kind.__mro__
        if _is_own(owner.__module__)
        for name, part in vars(owner).items()
        if not name.startswith("__") or isinstance(part, FunctionType)
    ]


def _code(part: Any) -> Any:
    """Method without what it encloses, which may be a counter of its own calls."""
    if isinstance(part, FunctionType):
        return [part.__code__, part.__defaults__, part.__kwdefaults__, _named(part)]
    return part


@cache
def _is_own(module: str) -> bool:
    """Whether a module is no part of this package, of Python, or of an installed package."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return module == "__main__"
    path = Path(file).resolve()
    homes = (Path(__file__).parent, Path(sysconfig.get_path("stdlib")))
    if {"site-packages", "dist-packages"} & set(path.parts):
        return False
    return not any(path.is_relative_to(home.resolve()) for home in homes)


def _parts_of_object(value: Any) -> list[Any]:
    parts = _attributes(value)
    parts += [("refers to", part) for part in getattr(value, "refers_to", ())]
    if _is_own(type(value).__module__):
        parts.append(("class", type(value)))
    if isinstance(value, Finite) and "data" not in dict(parts):
        # The records of a file or of a built-in data set are no attribute.
        held = value.take(np.arange(len(value)))
        parts += [] if type(held) is type(value) else [("data", held)]
    if parts:
        return list(parts)
    try:
        return [pickle.dumps(value, protocol=5)]
    except Exception:  # a lock or an open file: there is nothing to tell it by
        return []


def _attributes(value: Any) -> list[tuple[str, Any]]:
    """Attributes of an object and their values, without what is only cached."""
    held = getattr(value, "__dict__", {})
    if not held and dataclasses.is_dataclass(value):
        held = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    cached = {
        name for name in held if isinstance(getattr(type(value), name, None), cached_property)
    }
    return [(name, part) for name, part in held.items() if name not in cached]


def _named(function: FunctionType) -> list[Any]:
    """Constants, and functions of the same module, to which a function refers by name."""
    known = function.__globals__
    found = [(name, known[name]) for name in function.__code__.co_names if name in known]
    return [
        (name, held)
        for name, held in found
        if isinstance(held, bool | int | float | str | tuple | np.ndarray)
        or (isinstance(held, FunctionType | type) and held.__module__ == function.__module__)
    ]
