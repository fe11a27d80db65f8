"""Looking works up in the bibliography.

A docstring names a work by its key. `cite` turns keys into BibTeX, `citation` into one line.
"""

from __future__ import annotations

from modelcollapse.bibliography import BIBLIOGRAPHY, Reference
from modelcollapse.errors import InputError, suggestion


def reference(key: str) -> Reference:
    """Look up one work.

    Parameters
    ----------
    key : str
        Key as it stands in a docstring, such as ``"shumailov2024"``.

    Returns
    -------
    Reference
        The work.

    Raises
    ------
    InputError
        If there is no such key.
    """
    if key not in BIBLIOGRAPHY:
        raise InputError(
            f"'{key}' is not in the bibliography, so it cannot be cited. "
            f"{suggestion(key, BIBLIOGRAPHY)}"
        )
    return BIBLIOGRAPHY[key]


def cite(*keys: str) -> str:
    """BibTeX of one or more works.

    Parameters
    ----------
    *keys : str
        Keys of the bibliography; repeated ones are printed once.

    Returns
    -------
    str
        Entries in the order given, separated by empty lines.

    Raises
    ------
    InputError
        If a key is not in the bibliography.

    Examples
    --------
    >>> print(cite("kingman1982").splitlines()[0])
    @article{kingman1982,
    """
    return "\n\n".join(reference(key).bibtex for key in dict.fromkeys(keys))


def citation(key: str) -> str:
    """One line for one work: authors, year, title, place.

    Parameters
    ----------
    key : str
        Key of the bibliography.

    Returns
    -------
    str
        The line.

    Raises
    ------
    InputError
        If the key is not in the bibliography.

    Examples
    --------
    >>> citation("kingman1982")
    'Kingman (1982), The coalescent. Stochastic Processes and their Applications 13, 235-248.'
    """
    return reference(key).line
