"""Functions compiled by Numba, where it can be imported."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


@cache
def numba() -> Any:
    """Numba; None where it is not installed, or not for this version of NumPy or Python."""
    try:
        return import_module("numba")
    except ImportError:
        return None


def compiled(function: F) -> F:
    """Compile a function when it is first called, and keep the result on disk.

    Without Numba the function stays as it is. A kernel calls functions of its own module only:
    Numba does not notice when those of another one have changed since they were compiled.
    """
    if numba() is None:
        return function
    try:
        return cast("F", numba().njit(cache=True, nogil=True)(function))
    except RuntimeError:  # there is no folder where the result could be kept
        return cast("F", numba().njit(nogil=True)(function))
