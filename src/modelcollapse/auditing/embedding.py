"""Texts as points, by a model of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, Missing


def embedded(texts: Sequence[str | None], model: str) -> NDArray[np.float64]:
    """Embeddings of texts.

    Parameters
    ----------
    texts : sequence of str or None
        Documents; what is missing is read as an empty text.
    model : str
        Name or folder of a sentence-transformers model. A name is downloaded if it is not there.

    Returns
    -------
    ndarray, shape (documents, d)
        Not normalised, since the length of an embedding may carry collapse.

    Raises
    ------
    Missing
        If sentence-transformers is not installed.
    InputError
        If there is no such model here and none can be downloaded.
    """
    found = model_of(model)
    return np.asarray(
        found.encode([text or "" for text in texts], show_progress_bar=False), dtype=np.float64
    )


@lru_cache(maxsize=1)
def model_of(name: str) -> Any:
    """The model, loaded once.

    Parameters
    ----------
    name : str
        As of `embedded`.

    Raises
    ------
    Missing, InputError
        As of `embedded`.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise Missing("embeddings of texts", "sentence-transformers", "embed") from error
    try:
        return SentenceTransformer(name)
    except (OSError, ValueError) as error:
        raise InputError(
            f"there is no sentence-transformers model {name!r} here, and it could not be "
            f"downloaded ({str(error).splitlines()[0]}). Give the folder of one."
        ) from error
