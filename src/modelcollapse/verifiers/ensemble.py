"""Several verifiers as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.protocols import Learning, Verifier, name_of
from modelcollapse.shards import open_records
from modelcollapse.verifiers.each import is_missing
from modelcollapse.verifiers.ensemble_fit import EnsembleFit
from modelcollapse.verifiers.scored import Batch, Scored, column, length
from modelcollapse.verifiers.weighing import weigh
from modelcollapse.verifiers.yes_or_no import NO, NOTHING, YES, word


@dataclass(frozen=True)
class Ensemble:
    """Join verifiers into one, weighted by how much they know of the truth.

    With an audit sample the score is the probability that a record is right; with weights of your
    own it is the weighted sum of the members' scores.

    Parameters
    ----------
    members : tuple of Verifier
        What is joined; their names differ.
    audit : str or mapping, optional
        Records with known truth, drawn at random before any selection: a file, folder or pattern,
        or columns. They have the columns that the members read.
    weights : tuple of float, optional
        One per member, in place of an audit sample.
    label_column : str, default "label"
        Column of the audit sample that says whether a record is right.
    cluster_column : str, optional
        Column with what records share that are not independent, such as the prompt.
    folds : int, default 5
        Parts of the audit sample, each judged by what was learnt on the others.
    label : str, optional
        Name of the scores, by default ``"ensemble"``.

    Raises
    ------
    InputError
        If there are no members or two of one name, or not exactly one of an audit sample and
        weights.

    Notes
    -----
    A record without a score of some member has none: why a member is silent (a judge that answers
    nonsense, a text too long) tells of the record, and no other can stand in for it. The members'
    scores stand beside the ensemble's.

    See `modelcollapse.verifiers.weighing.weigh` for what is learnt, and how.
    """

    names_files: ClassVar[tuple[str, ...]] = ("audit",)
    libraries: ClassVar[tuple[str, ...]] = ("scipy",)

    members: tuple[Verifier, ...]
    audit: str | Mapping[str, Sequence[Any]] | None = None
    weights: tuple[float, ...] | None = None
    label_column: str = "label"
    cluster_column: str | None = None
    folds: int = 5
    label: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(self.members))
        if not self.members:
            raise InputError("Ensemble got no members. Give the verifiers that it is made of.")
        for member in self.members:
            if not isinstance(member, Verifier | Learning):
                raise InputError(
                    f"Ensemble got {name_of(member)} as a member, which is no verifier: it has no "
                    "name, columns and score. Give verifiers."
                )
        names = self.names
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise InputError(
                f"Ensemble got {names.count(twice[0])} members called '{twice[0]}', so their "
                "weights could not be told apart. Give each a label of its own."
            )
        if (self.audit is None) == (self.weights is None):
            raise InputError(
                "Ensemble needs either an audit sample to learn weights from, or weights: got "
                f"{'neither' if self.audit is None else 'both'}. Give one of them."
            )
        if self.weights is not None:
            self._check_weights(tuple(self.weights))

    def _check_weights(self, weights: tuple[float, ...]) -> None:
        object.__setattr__(self, "weights", weights)
        if len(weights) != len(self.members) or not np.isfinite(weights).all():
            raise InputError(
                f"Ensemble got the weights {weights} for {len(self.members)} members. Give one "
                "finite number for each."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the members."""
        return tuple(member.name for member in self.members)

    @property
    def name(self) -> str:
        """Name of the scores."""
        return self.label or "ensemble"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the members read."""
        read = (name for member in self.members for name in member.columns)
        return tuple(dict.fromkeys(read))

    @property
    def refers_to(self) -> tuple[Any, ...]:
        """Digest of the audit sample."""
        return (open_records(self.audit).digest,) if isinstance(self.audit, str) else ()

    def learn(self, batches: Callable[[], Iterator[Batch]]) -> JoinedVerifiers:
        """Have members learn that need to, then learn their weights.

        Raises
        ------
        InputError
            If the audit sample has no use: no labels, all right or all wrong, a member whose
            scores are all equal, a missing column.
        """
        members = tuple(
            member.learn(batches) if isinstance(member, Learning) else member
            for member in self.members
        )
        fit = None if self.audit is None else self._fit(members)
        return JoinedVerifiers(self, members, fit)

    def _fit(self, members: tuple[Verifier, ...]) -> EnsembleFit:
        from threadpoolctl import threadpool_limits

        scores: dict[str, list[NDArray[np.float64]]] = {name: [] for name in self.names}
        right: list[bool] = []
        clusters: list[Any] = []
        unlabelled = 0
        for batch in self._audited():
            labels = column(batch, self.label_column, "Ensemble")
            known = [i for i, label in enumerate(labels) if word(label) not in NOTHING]
            unlabelled += len(labels) - len(known)
            right += [self._is_right(labels[i]) for i in known]
            if self.cluster_column is not None:
                entries = column(batch, self.cluster_column, "Ensemble")
                clusters += [self._cluster(entries[i]) for i in known]
            part = {name: [entries[i] for i in known] for name, entries in batch.items()}
            for name, member in zip(self.names, members, strict=True):
                scores[name].append(member.score(part).scores if known else np.empty(0))
        if not right:
            raise InputError(
                f"the audit sample has no record with a label in '{self.label_column}' "
                f"({unlabelled:,} have none). Label some dozens: design says which."
            )
        with threadpool_limits(limits=1):  # or the last digits depend on the machine
            return weigh(
                {name: np.concatenate(found) for name, found in scores.items()},
                np.array(right),
                clusters=None if self.cluster_column is None else clusters,
                folds=self.folds,
            )

    def _audited(self) -> Iterator[Batch]:
        if not isinstance(self.audit, str):
            yield cast(Batch, self.audit)
            return
        records = open_records(self.audit)
        beside = [name for name in (self.label_column, self.cluster_column) if name is not None]
        wanted = tuple(dict.fromkeys((*self.columns, *beside)))
        records.require(wanted, "Ensemble, from its audit sample,")
        for piece in records.batches(columns=wanted):
            if len(piece.rows):
                yield piece.batch

    def _is_right(self, label: Any) -> bool:
        if word(label) not in YES | NO:
            raise InputError(
                f"'{self.label_column}' of the audit sample holds {label!r}, which is neither yes "
                "nor no: a record is right or wrong. Use 1 and 0."
            )
        return word(label) in YES

    def _cluster(self, entry: Any) -> Any:
        if is_missing(entry):
            raise InputError(
                f"a labelled record of the audit sample has nothing in '{self.cluster_column}'. "
                "Every record belongs to a cluster, if only to one of its own."
            )
        return entry


@dataclass(frozen=True, eq=False)
class JoinedVerifiers:
    """An `Ensemble` that knows its weights.

    Attributes
    ----------
    ensemble : Ensemble
        What was joined.
    members : tuple of Verifier
        The members, as far as they had to learn, after they did.
    fit : EnsembleFit or None
        What the audit sample says; None with weights that were given.
    """

    ensemble: Ensemble
    members: tuple[Verifier, ...]
    fit: EnsembleFit | None = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the scores."""
        return self.ensemble.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the members read."""
        return self.ensemble.columns

    def score(self, batch: Batch) -> Scored:
        """Probability that each record is right, with the members' scores beside it."""
        found = [member.score(batch) for member in self.members]
        names = self.ensemble.names
        matrix = np.array([each.scores for each in found]).reshape(len(found), length(batch)).T
        failures = {
            i: f"{name}: {reason}"
            for name, each in reversed(list(zip(names, found, strict=True)))
            for i, reason in each.failures.items()
        }
        scores = np.full(len(matrix), np.nan)
        held = ~np.isnan(matrix).any(axis=1)
        if held.any():
            if self.fit is not None:
                scores[held] = self.fit.rule.chances(matrix[held])
            else:
                scores[held] = (matrix[held] * np.array(self.ensemble.weights)).sum(axis=1)
        beside = {
            name: [None if np.isnan(score) else float(score) for score in each.scores]
            for name, each in zip(names, found, strict=True)
        }
        passing = frozenset(i for each in found for i in each.passing)
        return Scored(scores, failures, beside, passing)
