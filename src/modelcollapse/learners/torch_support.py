"""PyTorch on loan, its global state put back after each use; weights as arrays; checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import Diverged, InputError, Missing, is_whole

Weights = Mapping[str, NDArray[Any]]
"""Weights of a network by name."""

AT_ONCE = 1024
"""Records that go through a network at once when nothing is learnt."""


def library(name: str, feature: str, extra: str) -> Any:
    """Import a package that only some learners need.

    Raises
    ------
    Missing
        If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise Missing(feature, name, extra) from error


@contextmanager
def session(threads: int) -> Iterator[Any]:
    """Context in which PyTorch may be seeded and set up; yields the package.

    Parameters
    ----------
    threads : int
        Threads on the CPU. Sums in another order have other last bits, so their number belongs
        to a recipe.
    """
    torch = library("torch", "a neural network", "neural")
    before = torch.get_num_threads()
    with torch.random.fork_rng(devices=list(range(torch.cuda.device_count()))):
        torch.set_num_threads(threads)
        try:
            yield torch
        finally:
            torch.set_num_threads(before)


def resolve(device: str) -> str:
    """Device that a recipe means on this machine: ``"auto"`` is a GPU where there is one.

    Raises
    ------
    InputError
        If the device is unknown or not there.
    """
    torch = library("torch", "a neural network", "neural")
    if device == "balanced":
        return device
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, ValueError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"there is no device '{device}' here ({reason}). Use 'auto', 'cpu', 'cuda', "
            "'cuda:1', or 'balanced' for a model spread over several GPUs."
        ) from error
    return device


@contextmanager
def seeded(rng: Generator | None, threads: int, feature: str) -> Iterator[Any]:
    """Context in which PyTorch's global generator is seeded from `rng`; put back behind it.

    Parameters
    ----------
    rng : numpy.random.Generator or None
        None where nothing random is done.
    threads : int
        Threads on the CPU. Sums in another order have other last bits, so their number belongs
        to a recipe.
    feature : str
        What needs PyTorch, for the message if it is missing.

    Yields
    ------
    module
        PyTorch.
    """
    library("torch", feature, "neural")
    with session(threads) as torch:
        cudnn = torch.backends.cudnn
        before = cudnn.deterministic, cudnn.benchmark
        cudnn.deterministic, cudnn.benchmark = True, False
        try:
            if rng is not None:
                torch.manual_seed(int(rng.integers(2**63)))
            yield torch
        finally:
            cudnn.deterministic, cudnn.benchmark = before


def arrays(network: Any) -> dict[str, NDArray[Any]]:
    """Copy the weights of a network out of PyTorch."""
    return {name: w.detach().cpu().numpy().copy() for name, w in network.state_dict().items()}


def fill(torch: Any, network: Any, weights: Weights) -> Any:
    """Return the network with these weights."""
    network.load_state_dict({name: torch.from_numpy(w.copy()) for name, w in weights.items()})
    return network


def check_settings(recipe: Any, counts: tuple[str, ...], rates: tuple[str, ...]) -> None:
    """Check that some fields of a recipe count something, and others are positive numbers.

    Raises
    ------
    InputError
        If one is not.
    """
    who = type(recipe).__name__
    for name in counts:
        value = getattr(recipe, name)
        if not is_whole(value) or value < 1:
            raise InputError(f"{who} got {name} = {value!r}. Give a whole number of at least 1.")
    for name in rates:
        value = getattr(recipe, name)
        if not 0 < value < float("inf"):
            raise InputError(f"{who} got {name} = {value!r}. Give a number above 0.")
    if recipe.device == "balanced":
        raise InputError(
            f"{who} got device = 'balanced', but its network is too small to be spread over "
            "several GPUs. Use 'auto', 'cpu' or 'cuda'."
        )


def check_loss(loss: float, epoch: int, epochs: int) -> None:
    """Check the mean loss of an epoch.

    Raises
    ------
    Diverged
        If it is no number any more: the generation ends, what came before is kept.
    """
    if not np.isfinite(loss):
        raise Diverged(
            f"the loss was infinite or NaN in epoch {epoch + 1} of {epochs}: lower the learning "
            "rate"
        )
