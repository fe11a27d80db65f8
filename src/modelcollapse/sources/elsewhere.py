"""Data sets that do not come with the package, in a folder that the user names."""

from __future__ import annotations

import os
from pathlib import Path

from modelcollapse.errors import InputError

DATA = "MODELCOLLAPSE_DATA"
"""Environment variable that names the folder of data sets that do not come with the package."""


def folder_of(name: str, folder: str, holds: str) -> Path:
    """Folder of a data set.

    Parameters
    ----------
    name : str
        What the data set is called, for messages.
    folder : str
        Its folder within the folder of data sets.
    holds : str
        What is to be there, for messages.

    Raises
    ------
    InputError
        If the environment variable is not set.
    """
    home = os.environ.get(DATA)
    if not home:
        raise InputError(
            f"{name} does not come with this package, and the environment variable {DATA} is not "
            f"set. Let it name a folder in which a folder '{folder}' holds {holds}."
        )
    return Path(home) / folder
