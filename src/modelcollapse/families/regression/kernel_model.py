"""Functions in the span of kernel sections, or of random features, as models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from modelcollapse.errors import InputError
from modelcollapse.families.regression.inputs import Floats
from modelcollapse.families.regression.kernel_path import Map, in_blocks
from modelcollapse.families.regression.labelled import Design, Labelled
from modelcollapse.protocols import name_of

Kernel = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True, eq=False)
class Sections:
    """Kernel values of inputs with fixed points, as features.

    Attributes
    ----------
    kernel : str or callable
        Name in scikit-learn, or a function of two sets of rows.
    options : mapping of str to float
        Of a named kernel; those it does not have are left out.
    rows : ndarray, shape (n, d)
        The points.
    """

    kernel: str | Kernel
    options: Mapping[str, Any]
    rows: Floats

    @property
    def gram(self) -> Floats:
        """Kernel values among the points, shape ``(n, n)``."""
        return self(self.rows)

    def __call__(self, inputs: Floats) -> Floats:
        """Kernel values, shape ``(len(inputs), n)``."""
        # What overflows is found below, and said in a sentence.
        with np.errstate(over="ignore", invalid="ignore"):
            found = self._values(inputs)
        if found.shape != (len(inputs), len(self.rows)):
            raise InputError(
                f"the kernel {called(self.kernel)} gave values of shape {found.shape} for "
                f"{len(inputs)} and {len(self.rows)} inputs. It must be a function of two sets of "
                "rows that gives one value for each pair."
            )
        if not np.isfinite(found).all():
            raise InputError(
                f"the kernel {called(self.kernel)} gives NaN or infinite values on these inputs. "
                "Scale the inputs down, or use a smaller gamma or degree."
            )
        return found

    def _values(self, inputs: Floats) -> Floats:
        if not isinstance(self.kernel, str):
            return np.asarray(self.kernel(inputs, self.rows), dtype=np.float64)
        from sklearn.metrics.pairwise import pairwise_kernels

        try:
            found = pairwise_kernels(
                inputs, self.rows, metric=self.kernel, filter_params=True, **self.options
            )
        except ValueError as error:
            raise InputError(
                f"the kernel '{self.kernel}' cannot be computed on these inputs ({error}). Scale "
                "them as it needs, or choose another kernel."
            ) from error
        return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class KernelModel:
    """A function in the span of kernel sections, or of random features, that writes records.

    Attributes
    ----------
    features : callable
        From inputs of shape ``(n, d)`` to shape ``(n, k)``.
    coefficients : ndarray, shape (k,) or (k, outputs)
        One for each feature.
    design : Design
        Where inputs come from, and the noise of the labels.
    width : int
        Coordinates of an input.
    """

    features: Map
    coefficients: Floats
    design: Design
    width: int

    def predict(self, inputs: Floats) -> Floats:
        """Values at inputs of shape ``(n, d)``, without noise: ``(n,)`` or ``(n, outputs)``.

        Raises
        ------
        InputError
            If the inputs have another number of coordinates than those it was fitted to.
        """
        given = np.asarray(inputs, dtype=np.float64)
        if given.ndim != 2 or given.shape[1] != self.width:
            raise InputError(
                f"the model was fitted to inputs of {self.width} coordinates, and got inputs of "
                f"shape {given.shape}. Give rows of {self.width} numbers."
            )
        return in_blocks(self.features, given, self.coefficients, len(self.coefficients))

    def sample(self, n: int, *, rng: Generator) -> Labelled:
        """Write `n` labelled records."""
        return self.design.write(self.predict, n, rng=rng)


def called(kernel: str | Kernel) -> str:
    """Name of a kernel, for messages."""
    return f"'{kernel}'" if isinstance(kernel, str) else name_of(kernel)
