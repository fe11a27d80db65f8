"""Trials of a plan by simulation: settings evaluated until they are decided."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from modelcollapse.history import History
from modelcollapse.lineage import Lineage

Statistic = Literal["mean", "median"]


@dataclass(frozen=True)
class Trial:
    """One setting that was evaluated.

    Attributes
    ----------
    setting : float
        The share of real records, or the number of records.
    value : float
        The measure at the last generation over that at generation 0.
    low, high : float
        Confidence limits; equal to the value by theory.
    replicates : int
        Replicates simulated, 0 by theory.
    """

    setting: float
    value: float
    low: float
    high: float
    replicates: int


class Simulator:
    """Evaluates a setting by simulation, with more replicates until it is decided."""

    first = 32

    def __init__(
        self, measure: str, target: float, generations: int, of: Statistic, error: float,
        replicates: int, seed: int, n_jobs: int, say: Callable[[str], None], settings: int,
    ) -> None:  # fmt: skip
        self.measure, self.target, self.generations, self.of = measure, target, generations, of
        self.most, self.seed, self.n_jobs = replicates, seed, n_jobs
        self.say, self.settings, self.done, self.spent = say, settings, 0, 0.0
        # Whatever the truth, one side of an interval can mislead: each look may err by half of
        # its alpha, and all looks together by `error`.
        self.alpha = 2 * error / (settings * len(list(self._counts())))

    def __call__(self, lineage: Lineage) -> tuple[float, float, float, int]:
        """Evaluate one setting: value, confidence limits and replicates used."""
        started = time.monotonic()
        for count in self._counts():
            history = lineage.run(
                self.generations, replicates=count, seed=self.seed, probes=[self.measure],
                every=self.generations, n_jobs=self.n_jobs,
            )  # fmt: skip
            start, end = self._readings(history)
            value, low, high = interval(start, end, self.of, self.alpha)
            if low >= self.target or high < self.target:
                break
        self.done += 1
        self.spent += time.monotonic() - started
        left = max(0.0, self.spent / self.done * (self.settings - self.done))
        self.say(f"{self.done} settings simulated, at most about {left:.0f} s left")
        return value, low, high, count

    def _readings(self, history: History) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """First and last reading of each replicate; where no model was left, nothing was kept."""
        values = history.readings.get(self.measure, np.full(history.alive.shape, np.nan))
        end = values[:, -1].copy()
        for replicate, ending in history.endings.items():
            end[replicate] = 0.0 if ending.collapsed else np.nan
        return values[:, 0], end

    def _counts(self) -> Iterator[int]:
        count = min(self.first, self.most)
        while count < self.most:
            yield count
            count = min(4 * count, self.most)
        yield self.most


def interval(
    start: NDArray[np.float64], end: NDArray[np.float64], of: Statistic, alpha: float
) -> tuple[float, float, float]:
    """Ratio of the last generation to the first, with confidence limits over replicates.

    Parameters
    ----------
    start, end : ndarray, shape (replicates,)
        Readings at the first and the last generation; NaN where undefined.
    of : {"mean", "median"}
        Ratio of the means (limits by the delta method), or median of the ratios (limits by order
        statistics, exact for any law).
    alpha : float
        Probability that the limits miss the true ratio.

    Returns
    -------
    tuple of float
        Ratio and its limits; NaN and infinite limits with readings of fewer than four replicates.
    """
    known = np.isfinite(start) & np.isfinite(end)
    if known.sum() < 4:
        return float("nan"), -math.inf, math.inf
    start, end, count = start[known], end[known], int(known.sum())
    if of == "median":
        ratios = np.sort(end / start)
        rank = int(stats.binom.ppf(alpha / 2, count, 0.5))
        low = ratios[rank - 1] if rank >= 1 else -math.inf
        high = ratios[count - rank] if rank >= 1 else math.inf
        return float(np.median(ratios)), float(low), float(high)
    ratio = end.mean() / start.mean()
    error = np.std(end - ratio * start, ddof=1) / (math.sqrt(count) * abs(start.mean()))
    reach = float(stats.t.ppf(1 - alpha / 2, count - 1) * error)
    return float(ratio), float(ratio - reach), float(ratio + reach)
