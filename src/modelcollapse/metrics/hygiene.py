"""What a reader asks before anything else: missing values, categories out of nowhere."""

from __future__ import annotations

from modelcollapse.errors import InputError, is_whole
from modelcollapse.metrics._arguments import quantile_of
from modelcollapse.metrics._estimates import undefined
from modelcollapse.metrics.share_comparison import difference_interval, share_tests
from modelcollapse.metrics.signal import Signal


def share_change(
    count: int, n: int, reference_count: int, reference_n: int, *, confidence: float = 0.95
) -> Signal:
    """Share of the new records with a flaw, against that of the real ones.

    Parameters
    ----------
    count : int
        New records (or values) in question: missing ones, say, or those of a category that the
        reference does not have.
    n : int
        New records in all.
    reference_count : int
        Real records in question.
    reference_n : int
        Real records in all.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Signal
        The new share beside the real one; either direction counts. The interval is that of the
        difference of the shares, put where the new share is, and cut at 0 and 1. NaN where a side
        has no record.

    Raises
    ------
    InputError
        If a count is no whole number from 0 to the number of records, or the confidence is not
        between 0 and 1.

    Notes
    -----
    Interval of Newcombe (1998), see `modelcollapse.metrics.share_comparison.difference_interval`;
    p is twice the smaller one-sided probability of `share_tests`, exact for few records and then
    too large rather than too small. The records must be independent.

    Examples
    --------
    >>> reading = share_change(30, 200, 4, 400)
    >>> reading.value, reading.expected, round(reading.low, 3), reading.p < 1e-9
    (0.15, 0.01, 0.104, True)
    """
    z = quantile_of(confidence)
    for part, of in ((count, n), (reference_count, reference_n)):
        if not (is_whole(part) and is_whole(of) and 0 <= part <= of):
            raise InputError(
                f"{part!r} of {of!r} records is no share: both are whole numbers, and the first is "
                "at most the second. Count records, and all of them."
            )
    if not (n and reference_n):
        return undefined("either", (n, reference_n))
    value, expected = count / n, reference_count / reference_n
    low, high = (
        expected + float(end)
        for end in difference_interval(
            count, n, reference_count, reference_n, confidence=confidence
        )
    )
    fallen, grown = share_tests([count], n, [reference_count], reference_n)
    return Signal(
        value, expected, (high - low) / 2 / z, max(low, 0.0), min(high, 1.0),
        min(1.0, 2 * float(min(fallen[0], grown[0]))), "either", n, reference_n,
    )  # fmt: skip
