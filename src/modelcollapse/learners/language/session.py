"""What language models need of PyTorch beyond what all networks do: precision, and memory."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import Any

from modelcollapse.errors import InputError, ModelCollapseError, suggestion
from modelcollapse.learners import torch_support
from modelcollapse.learners.torch_support import resolve, session

__all__ = ["Rows", "check_precision", "library", "mixed_precision", "resolve", "session"]

PRECISIONS = ("auto", "float32", "bfloat16")


def library(name: str) -> Any:
    """Import a package that only language models need.

    Raises
    ------
    Missing
        If it is not installed.
    """
    return torch_support.library(name, "a language model", "neural")


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
