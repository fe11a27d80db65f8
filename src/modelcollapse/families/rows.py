"""Arrays of records as rows of numbers, for the families that need no more structure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError

Rows = NDArray[np.float64]


def as_rows(data: Any, what: str) -> Rows:
    """View an array of records as rows of real numbers.

    Parameters
    ----------
    data : ndarray, shape (n, ...)
        Records along the first axis, each a number or an array of numbers.
    what : str
        Who asks, for the message: ``"a Gaussian mixture"``.

    Returns
    -------
    ndarray, shape (n, d)
        One record a row. Shares memory with `data` where that holds contiguous 64-bit floats.

    Raises
    ------
    InputError
        If `data` is no array of numbers, holds no record, or holds NaN or infinity.
    """
    if not isinstance(data, np.ndarray) or data.ndim == 0 or data.dtype.kind not in "iufb":
        kind = f"an array of {data.dtype}" if isinstance(data, np.ndarray) else type(data).__name__
        raise InputError(
            f"{what} is fitted to arrays of numbers, one record along the first axis, and got "
            f"{kind}. Convert the records to a NumPy array of numbers."
        )
    if data.size == 0:
        raise InputError(f"{what} cannot be fitted to an array of shape {data.shape}: no numbers.")
    rows = np.asarray(data.reshape(len(data), -1), dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        # One pass without a temporary array; only a suspicious sum needs the full look.
        total = np.add.reduce(rows, axis=None)
    if not np.isfinite(total) and not np.isfinite(rows).all():
        raise InputError(
            f"{what} cannot be fitted to records with NaN or infinity: "
            f"{int((~np.isfinite(rows)).any(axis=1).sum())} of {len(rows)} records hold one. "
            "Remove those records or fill the gaps."
        )
    return rows
