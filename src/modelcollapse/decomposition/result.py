"""What `decompose` returns: the error in eight worlds, and its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from modelcollapse.decomposition.counterfactuals import ACTUAL, IDEAL, SOURCES, WORLDS, World, title
from modelcollapse.errors import InputError, suggestion
from modelcollapse.registry import describe
from modelcollapse.store import write_atomic
from modelcollapse.tabular import Columns, frame

Floats = NDArray[np.float64]
Rule = Literal["path", "shapley", "alone", "last"]

REST = "rest"


@dataclass(frozen=True, eq=False)
class Part:
    """A part of the error: mean over replicates and its standard error, by generation.

    Attributes
    ----------
    value, standard_error : ndarray, shape (generations,)
        In the units of the measure; NaN where some replicate had no reading in a world that the
        part needs, since a mean over the others would be a mean over survivors.
    """

    value: Floats
    standard_error: Floats

    @classmethod
    def of(cls, readings: Floats) -> Part:
        """Mean and standard error of readings of shape (replicates, generations)."""
        with np.errstate(invalid="ignore"):
            spread = np.std(readings, axis=0, ddof=1) / np.sqrt(len(readings))
            return cls(np.mean(readings, axis=0), spread)


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Error of a lineage by source and generation.

    Attributes
    ----------
    measure : str
        What the error is, in words.
    generations : ndarray of int, shape (generations,)
        Counted from 0.
    worlds : mapping of frozenset to ndarray, shape (replicates, generations)
        Error with only these sources at work. Worlds without sampling error are extrapolated.
    left : mapping of frozenset to ndarray, shape (generations,)
        Sampling error that was left at the largest number of records, and that extrapolation took
        out; for worlds without sampling error. NaN where there was nothing to extrapolate from.
    learners : mapping of str to Learner
        The ``given`` one, the ``richer``, the ``better``, and the one that is ``both``.
    settings : dict
        Spec of the lineage, seed, and the two ``times`` that records were multiplied by.
    """

    measure: str
    generations: NDArray[np.int64]
    worlds: Mapping[World, Floats]
    left: Mapping[World, Floats]
    learners: Mapping[str, Any]
    settings: dict[str, Any]

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return len(self.worlds[ACTUAL])

    @property
    def total(self) -> Part:
        """Error of the lineage as it is."""
        return Part.of(self.worlds[ACTUAL])

    def world(self, *sources: str) -> Part:
        """Error where only these sources are at work; with none, of the ideal world.

        Raises
        ------
        InputError
            If a source is unknown.
        """
        for source in sources:
            if source not in SOURCES:
                raise InputError(f"no source of error '{source}'. {suggestion(source, SOURCES)}")
        return Part.of(self.worlds[frozenset(sources)])

    def parts(self, rule: Rule = "path") -> dict[str, Part]:
        """Error by source.

        Parameters
        ----------
        rule : {"path", "shapley", "alone", "last"}, default "path"
            ``"path"``: from the ideal world, the family, then the fit, then the number of records
            become what they are. ``"shapley"``: mean over all six orders. ``"alone"``: each
            source added to the ideal world. ``"last"``: each taken from the actual one, i.e. what
            mending it alone would gain.

        Returns
        -------
        dict of str to Part
            ``statistical``, ``expressivity``, ``approximation``, and ``rest``: the total less the
            sum of the others. Under the first two rules the rest is the error of the ideal world;
            under the others it also holds what sources do together.
        """
        if rule not in get_args(Rule):
            raise InputError(f"rule {rule!r} is not known. {suggestion(rule, get_args(Rule))}")
        with np.errstate(invalid="ignore"):
            parts = {source: self._added(source, rule) for source in reversed(SOURCES)}
            rest = self.worlds[ACTUAL] - sum(parts.values())
            if rule in ("path", "shapley"):
                rest = self.worlds[IDEAL]
        return {name: Part.of(part) for name, part in {**parts, REST: rest}.items()}

    def _added(self, source: str, rule: str) -> Floats:
        """What a source adds in each replicate, shape (replicates, generations)."""
        if rule == "shapley":
            return np.asarray(np.mean([self._step(source, o) for o in permutations(SOURCES)], 0))
        others = tuple(s for s in SOURCES if s != source)
        orders = {"path": SOURCES, "alone": (source, *others), "last": (*others, source)}
        return self._step(source, orders[rule])

    def _step(self, source: str, order: tuple[str, ...]) -> Floats:
        before = frozenset(order[: order.index(source)])
        return np.asarray(self.worlds[before | {source}] - self.worlds[before])

    def over_orders(self, source: str) -> tuple[Floats, Floats]:
        """Least and largest part of a source over the six orders, each shape (generations,)."""
        with np.errstate(invalid="ignore"):
            steps = [self._step(source, order).mean(axis=0) for order in permutations(SOURCES)]
        return np.min(steps, axis=0), np.max(steps, axis=0)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what limits these numbers and how the sources interact, at the end."""
        from modelcollapse.decomposition.text import notes

        return notes(self)

    def columns(self) -> Columns:
        """Tidy columns: kind, name, generation, value, standard_error; see `to_frame`."""
        rows: list[tuple[str, str, Part]] = [("total", "total", self.total)]
        for rule in get_args(Rule):
            rows += [(rule, name, part) for name, part in self.parts(rule).items()]
        rows += [("world", title(world), self.world(*world)) for world in WORLDS]
        count = len(self.generations)
        return {
            "kind": np.repeat(np.array([row[0] for row in rows], dtype=object), count),
            "name": np.repeat(np.array([row[1] for row in rows], dtype=object), count),
            "generation": np.tile(self.generations, len(rows)),
            "value": np.concatenate([row[2].value for row in rows]),
            "standard_error": np.concatenate([row[2].standard_error for row in rows]),
        }

    def to_frame(self, backend: str | None = None) -> Any:
        """Tidy dataframe: kind, name, generation, value and standard_error.

        The kind is ``total``, the rule of a part, or ``world``, whose name says what is at work.

        Parameters
        ----------
        backend : {"polars", "pandas", "pyarrow"}, optional
            Dataframe library; the first of these that is installed when not given.

        Raises
        ------
        Missing
            If none is installed.
        """
        return frame(self.columns(), backend)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "measure": self.measure,
            "generations": self.generations.tolist(),
            "replicates": self.replicates,
            "total": _plain(self.total),
            "parts": {
                rule: {name: _plain(part) for name, part in self.parts(rule).items()}
                for rule in get_args(Rule)
            },
            "worlds": [
                {"sources": sorted(world), **_plain(self.world(*world))} for world in WORLDS
            ],
            "extrapolated": [
                {"sources": sorted(world), "left": _numbers(left)}
                for world, left in self.left.items()
            ],
            "learners": {name: describe(learner) for name, learner in self.learners.items()},
            "settings": self.settings,
            "notes": list(self.notes),
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """Return `to_dict` as JSON text, and write it to `path` if one is given."""
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"
        if path is not None:
            write_atomic(Path(path), text.encode())
        return text

    def plot(self, rule: Rule = "path") -> Any:
        """Matplotlib figure: parts as stacked bars by generation, the total as a line."""
        from modelcollapse.decomposition.picture import stacked

        return stacked(self, rule)

    def __repr__(self) -> str:
        from modelcollapse.decomposition.text import render

        return render(self)


def extrapolated(small: Floats, large: Floats, ratio: float) -> tuple[Floats, Floats]:
    """Readings without sampling error, and what is taken out of the larger ones on average.

    Parameters
    ----------
    small, large : ndarray, shape (replicates, generations)
        Readings at a number of records, and at `ratio` times as many.
    ratio : float
        Above 1.

    Notes
    -----
    Textbook (Richardson): if the error is ``limit + c / n``, the limit is
    ``large - (small - large) / (ratio - 1)``. Regular families have such errors; where a reading
    is not finite the larger one is left as it is.
    """
    with np.errstate(invalid="ignore"):
        gap = (small - large) / (ratio - 1)
    usable = np.isfinite(gap).all(axis=0)
    left = np.where(usable, np.where(np.isfinite(gap), gap, 0).mean(axis=0), np.nan)
    return large - np.where(usable, gap, 0.0), left


def _plain(part: Part) -> dict[str, Any]:
    return {"value": _numbers(part.value), "standard_error": _numbers(part.standard_error)}


def _numbers(values: Floats) -> list[float | None]:
    """List for JSON, which knows neither NaN nor infinity."""
    return [value if np.isfinite(value) else None for value in values.tolist()]
