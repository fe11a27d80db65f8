"""An assertion for tests and pipelines: these data have not collapsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelcollapse.auditing import Audit


class Collapsed(AssertionError):
    """Data failed a gate. `audit` has everything that was found.

    Parameters
    ----------
    sentence : str
        What failed and what was found.
    found : Audit
        The audit.
    """

    def __init__(self, sentence: str, found: Audit) -> None:
        super().__init__(sentence)
        self.audit = found


def assert_no_collapse(
    new: Any, reference: Any, *, fail_on: str | Sequence[str] = "early", **settings: Any
) -> Audit:
    """Assert that data have lost nothing against a reference.

    Parameters
    ----------
    new, reference : data
        As of `modelcollapse.audit`.
    fail_on : str or sequence of str, default "early"
        Gates, as of the option of the command: a stage, a finding, ``any``, ``metric=NAME``.
    **settings
        As of `modelcollapse.audit`.

    Returns
    -------
    Audit
        Of data that pass.

    Raises
    ------
    Collapsed
        An `AssertionError`, so that test runners report it as a failure.

    Notes
    -----
    Data that are too few to say pass, unless ``undecided`` is among the gates.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> real = rng.normal(size=(3000, 3))
    >>> assert_no_collapse(rng.normal(size=(3000, 3)), real).stage
    'none'
    """
    from modelcollapse.auditing import audit, gate

    gates = [gate(text) for text in ([fail_on] if isinstance(fail_on, str) else fail_on)]
    found = audit(new, reference, **settings)
    failures = found.failed(gates)
    if failures:
        raise Collapsed(f"{'; '.join(failures)}. {found.sentence}\n\n{found!r}", found)
    return found
