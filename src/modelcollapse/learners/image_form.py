"""The form of pictures: how records are laid out, and as rows of numbers for a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Degenerate, InputError

Rows = NDArray[np.float32]
R = TypeVar("R")


def check_image_shape(image_shape: Sequence[int] | None) -> None:
    """Raise InputError unless `image_shape` is None, or two or three positive whole numbers."""
    if image_shape is None:
        return
    if len(image_shape) not in (2, 3) or any(int(side) != side or side < 1 for side in image_shape):
        raise InputError(
            f"image_shape is {tuple(image_shape)}. Give height and width, and the number of "
            "channels behind them where there is more than one."
        )


def with_shape_of(recipe: R, truth: Any) -> R:
    """Recipe that reads pictures as the truth does, unless it was told their shape."""
    known = getattr(truth, "image_shape", None)
    told: Any = recipe
    if told.image_shape is not None or known is None:
        return recipe
    shaped: R = replace(told, image_shape=tuple(known))
    return shaped


@dataclass(frozen=True)
class ImageForm:
    """Form of the records that a model was fitted to.

    Attributes
    ----------
    shape : tuple of int
        Shape of one record.
    image : tuple of int
        Channels, height and width; ``(1, 1, values)`` for rows of numbers that are no picture.
    double : bool
        Whether records are written in double precision.
    """

    shape: tuple[int, ...]
    image: tuple[int, int, int]
    double: bool

    @classmethod
    def of(cls, data: Any, image_shape: Sequence[int] | None, who: str, *, picture: bool) -> Self:
        """Read off the form of `data`.

        Parameters
        ----------
        data : ndarray, shape (n, ...)
            Records.
        image_shape : sequence of int, optional
            Height, width and perhaps channels; the shape of a record when not given.
        who : str
            Name of the learner, for messages.
        picture : bool
            Whether the learner must know height and width.

        Raises
        ------
        InputError
            If they are no array of finite numbers, fewer than two, or of another shape.
        Degenerate
            If all records are the same.
        """
        if not isinstance(data, np.ndarray) or data.dtype.kind not in "fiub" or data.ndim < 2:
            raise InputError(
                f"{who} is fitted to an array of numbers with a record in each row, got "
                f"{type(data).__name__}. Convert the records first."
            )
        if len(data) < 2:
            raise InputError(f"{who} got {len(data)} records. Give at least two.")
        if data.dtype.kind == "f" and not np.isfinite(data).all():
            raise InputError(f"{who} got records with NaN or infinite values. Drop or impute them.")
        if (data == data[0]).all():
            raise Degenerate(
                f"all {len(data)} records are the same, so there is nothing to learn. Use more "
                "varied data."
            )
        shape = tuple(data.shape[1:])
        given = tuple(image_shape) if image_shape is not None else shape
        if image_shape is None and len(shape) not in (2, 3):
            if picture:
                raise InputError(
                    f"{who} needs pictures, and records of shape {shape} do not say how high and "
                    f"wide they are. Set image_shape of the learner, as in {who}(image_shape=(28, "
                    "28)), or of the truth."
                )
            given = (1, math.prod(shape))
        if math.prod(given) != math.prod(shape):
            raise InputError(
                f"image_shape {given} of the learner asks for {math.prod(given)} values in a "
                f"record, but a record has {math.prod(shape)}. Give height and width."
            )
        height, width, channels = (*given, 1)[:3]
        return cls(shape, (channels, height, width), data.dtype != np.float32)

    def check_same(self, other: ImageForm) -> None:
        """Raise InputError if another form has other numbers of channels, rows or columns."""
        if self.image != other.image:
            raise InputError(
                f"the parent was fitted to pictures of {self.image} (channels, height, width), and "
                f"these have {other.image}. A warm start needs one shape."
            )

    @property
    def values(self) -> int:
        """Numbers in a record."""
        return math.prod(self.image)

    def rows(self, data: NDArray[Any]) -> Rows:
        """Records as rows, the channels one behind the other, shape ``(n, values)``."""
        channels, height, width = self.image
        planes = data.reshape(len(data), height, width, channels).transpose(0, 3, 1, 2)
        return np.ascontiguousarray(planes, dtype=np.float32).reshape(len(data), -1)

    def records(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Records in the form of the data; the inverse of `rows`."""
        channels, height, width = self.image
        planes = rows.reshape(len(rows), channels, height, width).transpose(0, 2, 3, 1)
        dtype = np.float64 if self.double else np.float32
        return np.ascontiguousarray(planes, dtype=dtype).reshape(len(rows), *self.shape)
