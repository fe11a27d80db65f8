"""PyTorch on loan: imported when first needed, its global state put back after each use."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Any

from modelcollapse.errors import InputError, Missing, ModelCollapseError, suggestion

PRECISIONS = ("auto", "float32", "bfloat16")


def library(name: str) -> Any:
    """Import a package that only language models need.

    Raises
    ------
    Missing
        If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise Missing("a language model", name, "neural") from error


@contextmanager
def session(threads: int) -> Iterator[Any]:
    """Context in which PyTorch may be seeded and set up; yields the package.

    Parameters
    ----------
    threads : int
        Threads on the CPU. Sums in another order have other last bits, so their number belongs
        to a recipe.
    """
    torch = library("torch")
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
    torch = library("torch")
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


def mixed_precision(module: Any, precision: str) -> Any:
    """Context in which a model computes: half precision on a GPU, unless told otherwise."""
    torch = library("torch")
    kind = module.device.type
    if precision == "auto":
        fits = kind == "cuda" and torch.cuda.is_bf16_supported()
        precision = "bfloat16" if fits else "float32"
    if precision == "float32":
        return nullcontext()
    return torch.autocast(kind, dtype=torch.bfloat16)


def check_precision(precision: str) -> None:
    """Raise InputError for a precision that is not known."""
    if precision not in PRECISIONS:
        raise InputError(
            f"there is no precision '{precision}'. {suggestion(precision, PRECISIONS)}"
        )


class Rows:
    """How many rows go through a model at once: halved whenever a GPU runs out of memory.

    Parameters
    ----------
    most : int
        Rows to start with.
    doing : str
        What is done with them, for messages.
    """

    def __init__(self, most: int, doing: str) -> None:
        self.most, self.doing = most, doing

    def halve(self, error: Exception) -> None:
        """Go on with half as many rows, and say so.

        Raises
        ------
        ModelCollapseError
            If one row is too many already.
        """
        if self.most == 1:
            raise ModelCollapseError(
                f"the GPU has too little memory for {self.doing} even one sequence at a time. Use "
                "a smaller model or block, device='balanced' with several GPUs, or device='cpu'."
            ) from error
        before, self.most = self.most, (self.most + 1) // 2
        library("torch").cuda.empty_cache()
        warnings.warn(
            f"the GPU ran out of memory {self.doing} {before} sequences at once; going on with "
            f"{self.most}. Set a smaller batch to avoid the failed attempt.",
            RuntimeWarning,
            stacklevel=2,
        )
