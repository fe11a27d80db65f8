"""The pair of moments that a loop with real data is described by."""

from __future__ import annotations

from typing import NamedTuple

from modelcollapse.theory._arguments import Values


class Moments(NamedTuple):
    """Expected size of the error and of the spread of a law.

    Attributes
    ----------
    mean_error : ndarray
        Expected squared error of its mean, in units of the true variance.
    variance : ndarray
        Its expected variance, as a ratio to the true one.
    """

    mean_error: Values
    variance: Values
