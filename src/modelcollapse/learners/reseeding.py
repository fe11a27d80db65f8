"""Hand our randomness to code that keeps its own.

Many estimators hold a seed and use it again at each call. Within one fit that is harmless; in a
chain each generation then adds the same noise, and a random walk becomes a deterministic
exponential. So every call is reseeded, by the narrowest means that the estimator offers.
"""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from numpy.random import Generator

NAMES = ("rng", "random_state", "seed", "random_seed")


def _seed(rng: Generator) -> int:
    return int(rng.integers(2**31 - 1))


def _argument(method: Callable[..., Any]) -> str | None:
    """Name under which a method takes a seed, if its signature says so."""
    try:
        parameters = inspect.signature(method).parameters
    except (TypeError, ValueError):  # compiled code may have no signature to read
        return None
    return next((name for name in NAMES if name in parameters), None)


def _successor(held: Any, rng: Generator) -> Any:
    """A fresh source of randomness of the kind an estimator holds."""
    if isinstance(held, np.random.RandomState):
        return np.random.RandomState(_seed(rng))
    if isinstance(held, Generator):
        return np.random.default_rng(_seed(rng))
    return _seed(rng)


def reseed(estimator: Any, rng: Generator) -> bool:
    """Replace every seed that `estimator` shows; return whether it showed one.

    Looks, in this order, for parameters named ``random_state`` (nested ones too) behind
    ``get_params`` and ``set_params``; a method ``set_random_state``; and attributes named
    ``rng``, ``random_state``, ``seed`` or ``random_seed``, which keep their kind.
    """
    if hasattr(estimator, "get_params") and hasattr(estimator, "set_params"):
        found = estimator.get_params()
        seeds = sorted(k for k in found if k.split("__")[-1] == "random_state")
        if seeds:
            estimator.set_params(**{name: _successor(found[name], rng) for name in seeds})
            return True
    if callable(getattr(estimator, "set_random_state", None)):
        estimator.set_random_state(_seed(rng))
        return True
    done = False
    for name in NAMES:
        held = getattr(estimator, name, estimator)
        if held is estimator or callable(held):
            continue
        try:
            setattr(estimator, name, _successor(held, rng))
        except AttributeError:  # a read-only property is a report, not a setting
            continue
        done = True
    return done


@contextmanager
def global_randomness(rng: Generator) -> Iterator[None]:
    """Seed NumPy's, Python's and (where loaded) PyTorch's global state; put all back after.

    A last resort, for code that reads nothing else. Not safe among threads that share the state.
    """
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    with ExitStack() as stack:
        stack.callback(random.setstate, python_state)
        stack.callback(np.random.set_state, numpy_state)
        np.random.seed(_seed(rng))  # noqa: NPY002
        random.seed(_seed(rng))
        torch = sys.modules.get("torch")
        if torch is not None:
            stack.enter_context(torch.random.fork_rng())
            torch.manual_seed(_seed(rng))
        yield


@contextmanager
def reseeded(estimator: Any, method: str, rng: Generator) -> Iterator[dict[str, Any]]:
    """Context in which `method` of `estimator` depends on `rng`; yields the keywords to pass."""
    shown = reseed(estimator, rng)
    argument = _argument(getattr(estimator, method))
    if argument is not None:
        yield {argument: rng if argument == "rng" else _seed(rng)}
    elif shown:
        yield {}
    else:
        with global_randomness(rng):
            yield {}
