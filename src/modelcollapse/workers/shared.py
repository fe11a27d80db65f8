"""What all tasks need, which is sent to a worker once."""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from modelcollapse.errors import InputError


class Shared:
    """A value that all tasks need.

    Parameters
    ----------
    value : object
        Picklable, if it has to leave this process.
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def write(self) -> str:
        """Write the value to a temporary file for processes of this machine, and return its path.

        Whoever calls this deletes the file.

        Raises
        ------
        PicklingError
            If it cannot be written.
        """
        import cloudpickle

        try:
            content = cloudpickle.dumps(self.value)
        except Exception as error:  # each kind of object has its own way to refuse
            raise pickle.PicklingError(str(error)) from None
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        handle, path = tempfile.mkstemp(prefix=f"modelcollapse-{digest}-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        return path


@lru_cache(maxsize=1)
def _read(path: str) -> Any:
    import cloudpickle

    try:
        return cloudpickle.loads(Path(path).read_bytes())
    except Exception as error:  # whatever its classes and modules say
        raise unbuildable("a part of the work", str(error)) from error


def unsendable(what: str, reason: str) -> InputError:
    """Error for what cannot travel to another process."""
    return InputError(
        f"{what} cannot be sent to another process ({reason}). Use n_jobs=1, or parts without open "
        "files, locks and generators."
    )


def unbuildable(what: str, reason: str) -> InputError:
    """Error for what does not arrive in another process as it was."""
    return InputError(
        f"{what} cannot be rebuilt in another process, most often because its module cannot be "
        f"imported there ({reason}). Use n_jobs=1, or put your classes into an installed module."
    )


def with_file(function: Callable[[Any, Any], Any], task: Any, path: str) -> Any:
    """Call a function with what another process wrote for it."""
    return function(task, _read(path))
