"""MNIST's idx files, from a folder."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.sources.elsewhere import folder_of


def mnist(
    folder: str | None, part: Literal["train", "t10k"]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pictures, shape ``(n, 28, 28)``, and the digits they show.

    Parameters
    ----------
    folder : str or None
        Where the files are; by default ``mnist`` in the folder of data sets.
    part : {"train", "t10k"}
        Beginning of the names of the files.

    Raises
    ------
    InputError
        If the files are not there, or damaged.
    """
    home = folder_of("MNIST", "mnist", "the idx files") if folder is None else Path(folder)
    images, labels = (read_idx(_one(home, f"{part}*-{kind}")) for kind in ("images", "labels"))
    if len(images) != len(labels):
        raise InputError(f"{home} has other numbers of images than of labels. Get it again.")
    return images, labels


def spread(count: int, wanted: int | None) -> Any:
    """Positions spread evenly over a file, whose first part may not be like the rest."""
    if wanted is None:
        return np.arange(count)
    return np.linspace(0, count - 1, min(wanted, count)).astype(np.intp)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Bytes of an idx file, in the shape that its header says.

    Parameters
    ----------
    path : Path
        Packed with gzip if its name ends in ``.gz``.

    Raises
    ------
    InputError
        If it is no idx file of bytes, or cut off.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise InputError(f"cannot read {path}: {error}. Get it again.") from error
    axes = raw[3] if len(raw) > 3 and raw[:3] == b"\0\0\x08" else 0
    shape = np.frombuffer(raw[: 4 + 4 * axes], dtype=">u4")[1:]
    body = np.frombuffer(raw[4 + 4 * axes :], dtype=np.uint8)
    if not axes or len(shape) != axes or body.size != shape.prod(dtype=np.int64):
        raise InputError(f"{path} is no whole idx file of bytes. Get it again.")
    return body.reshape(shape)


def _one(home: Path, pattern: str) -> Path:
    found = sorted(home.glob(f"{pattern}-idx?-ubyte*"))
    if len(found) != 1:
        raise InputError(
            f"{home} holds {len(found)} files {pattern}-idx?-ubyte(.gz), and one is needed. Put "
            "MNIST's idx files there."
        )
    return found[0]
