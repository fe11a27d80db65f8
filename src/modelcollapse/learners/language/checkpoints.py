"""Work that is done, kept in a folder by what it was done to."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from modelcollapse.store import Store


class Kept:
    """Place for the pieces of one piece of work; nowhere, if there is no folder.

    Parameters
    ----------
    folder : str or None
        Folder of all work.
    key : str
        Digest of all that decides the results of this work.
    """

    def __init__(self, folder: str | None, key: str) -> None:
        self._store = None if folder is None else Store(Path(folder) / key)

    def load(self, name: str) -> Any:
        """Return what was saved under a name, None if nothing was."""
        return None if self._store is None else self._store.load(name)

    def save(self, name: str, value: Any) -> None:
        """Save a value under a name, whole or not at all."""
        if self._store is not None:
            self._store.save(name, value)

    def discard(self, name: str) -> None:
        """Delete what was saved under a name."""
        if self._store is not None:
            self._store.discard(name)


def key_of(**parts: Any) -> str:
    """Digest of plain data, as the name of a folder."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
