"""A detector: how much a record looks like real ones rather than like its generated neighbours."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, is_whole, suggestion
from modelcollapse.shards import open_records
from modelcollapse.verifiers.calibration import (
    Method,
    Reliability,
    Sigmoid,
    Steps,
    calibrate,
    reliability,
)
from modelcollapse.verifiers.detection import classifier, counted, decisions
from modelcollapse.verifiers.each import NoScore, is_missing, text_in
from modelcollapse.verifiers.ranking import areas
from modelcollapse.verifiers.scored import Batch, Scored, column, length

Floats = NDArray[np.float64]
Entry = str | tuple[float, ...]

_LEAST = 10  # different records of each side in the smallest part that is learnt from


@dataclass(frozen=True)
class Detector:
    """Tell generated records from real ones: the score is the probability of being real.

    A classifier learns to tell the records to be scored from real ones. What judges a record was
    learnt without it and without its like: records are parted by their content (or by `group`),
    and each part is judged by what was learnt, and turned into a probability, on the others.

    Parameters
    ----------
    real : str or tuple of str
        Real records: files, folders or patterns.
    text : str, default "text"
        Column with the text that is read.
    numbers : tuple of str, default none
        Columns with numbers to read in place of a text.
    group : str, optional
        Column whose equal entries stay in one part, in both kinds of records: the prompt or the
        document that several were made from. By default a record goes with its equals only.
    folds : int, default 5
        Parts that the records are divided into, at least 2.
    calibration : {"sigmoid", "isotonic"}, default "sigmoid"
        How scores become probabilities: by two parameters, or by any rising function, which takes
        some thousands of records.
    most : int, default 20000
        Different records of each kind that are learnt from, at least 100. Of more, those whose
        content has the smallest hash are taken, whatever their order.
    label : str, optional
        Name of the scores, by default ``"detector"``.

    Raises
    ------
    InputError
        If a field is out of range.

    Notes
    -----
    Probabilities are those of a pile that is half real and half generated, so that
    ``score / (1 - score)`` estimates how much more often such a record is real than generated. The
    classifier is that of `DetectorResampling`, with words and pairs of words sorted into 2^18
    places by their hash: memory is bounded by `most` and the length of the texts.

    Records that nearly repeat others (one real text cut in several ways) fall into different parts,
    are then known by heart, and make a detector look far better than it is. Name what they share as
    `group`.

    What a detector takes for generated is often written by a minority. A cut at a fixed score takes
    real texts of non-native writers out first; weights by the score's odds are milder.
    """

    names_files: ClassVar[tuple[str, ...]] = ("real",)
    libraries: ClassVar[tuple[str, ...]] = ("scikit-learn", "scipy")

    real: str | tuple[str, ...]
    text: str = "text"
    numbers: tuple[str, ...] = ()
    group: str | None = None
    folds: int = 5
    calibration: Method = "sigmoid"
    most: int = 20_000
    label: str | None = None

    def __post_init__(self) -> None:
        if not self.real:
            raise InputError("Detector needs real records to compare with. Name a file as real.")
        for name, least in (("folds", 2), ("most", 100)):
            value = getattr(self, name)
            if not is_whole(value) or value < least:
                raise InputError(
                    f"Detector got {name} = {value!r}. Use a whole number of at least {least}."
                )
        if self.calibration not in get_args(Method):
            raise InputError(
                f"there is no calibration '{self.calibration}'. "
                f"{suggestion(self.calibration, get_args(Method))}"
            )

    @property
    def name(self) -> str:
        """Name of the scores."""
        return self.label or "detector"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read."""
        own = self.numbers or (self.text,)
        return own if self.group is None or self.group in own else (*own, self.group)

    @property
    def refers_to(self) -> tuple[str, ...]:
        """Digest of the real records."""
        return (open_records(self.real).digest,)

    def learn(self, batches: Callable[[], Iterator[Batch]]) -> TrainedDetector:
        """Learn to tell these records from the real ones.

        Raises
        ------
        InputError
            If a column is missing, or there are too few different records on either side.
        """
        from threadpoolctl import threadpool_limits

        pile = _Sample(self.most)
        for batch in batches():
            pile.add(self.read(batch))
        records = open_records(self.real)
        records.require(self.columns, "Detector")
        truth = _Sample(self.most)
        for piece in records.batches(columns=self.columns):
            truth.add(self.read(piece.batch))
        with threadpool_limits(limits=1):  # or the last digits depend on the machine
            return _trained(self, truth, pile)

    def read(self, batch: Batch) -> list[_Read]:
        """What the detector sees of each record, the part it is in, or why it sees nothing."""
        read = {name: column(batch, name, "Detector") for name in self.columns}
        return [
            self._one({name: entries[i] for name, entries in read.items()})
            for i in range(length(batch))
        ]

    def _one(self, record: dict[str, Any]) -> _Read:
        try:
            entry: Entry = (
                tuple(_number(record[name], name) for name in self.numbers)
                if self.numbers
                else text_in(record[self.text], self.text)
            )
            like = _hash(entry if self.group is None else _present(record[self.group], self.group))
        except NoScore as reason:
            return _Read(None, 0, 0, str(reason))
        return _Read(entry, _hash(entry), like, None)

    def rows(self, entries: Sequence[Entry]) -> Any:
        """Features of what was read: a dense array for numbers, a sparse one for texts."""
        if self.numbers:
            return np.array(entries, dtype=np.float64).reshape(len(entries), len(self.numbers))
        return counted(entries)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Read:
    entry: Entry | None
    content: int  # hash of the entry
    like: int  # hash of what keeps records in one part
    failure: str | None


class _Sample:
    """The different records with the smallest hashes, in bounded memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[int, list[Any]] = {}
        self._largest: list[int] = []  # hashes as a heap, negative
        self.seen = self.unread = 0

    def add(self, records: Iterable[_Read]) -> None:
        """Take records in, as far as they belong to the sample."""
        for record in records:
            self.seen += 1
            if record.entry is None:
                self.unread += 1
                continue
            key = record.content ^ record.like % 2**32  # equal records of two groups are two
            if key in self._held:
                self._held[key][2] += 1
            elif len(self._held) < self._most:
                self._held[key] = [record.entry, record.like, 1]
                heapq.heappush(self._largest, -key)
            elif key < -self._largest[0]:
                del self._held[-heapq.heappushpop(self._largest, -key)]
                self._held[key] = [record.entry, record.like, 1]

    def taken(self) -> tuple[list[Entry], list[int], Floats]:
        """Records, ordered by content, with what keeps them together and how often they came."""
        rows = [self._held[key] for key in sorted(self._held)]
        return (
            [entry for entry, _, _ in rows],
            [like for _, like, _ in rows],
            np.array([count for _, _, count in rows], dtype=np.float64),
        )


@dataclass(frozen=True)
class Quality:
    """How well a detector tells records that it was not taught.

    Attributes
    ----------
    real, generated : int
        Different records of each kind that it was taught.
    area : tuple of float
        Share of pairs of a real and a generated record in which the real one has the higher score,
        and its 95% interval (the folds taken as fixed).
    reliability : Reliability
        How the probabilities agree with the truth, both kinds weighing the same.
    """

    real: int
    generated: int
    area: tuple[float, float, float]
    reliability: Reliability

    def __repr__(self) -> str:
        lines = [
            f"told apart out of fold: {self.real:,} real and {self.generated:,} generated records",
            "  area under the ROC curve  {:.3f} [{:.3f}, {:.3f}]".format(*self.area),
            f"  Brier score               {self.reliability.brier:.3f}",
            f"  calibration error         {self.reliability.error:.3f}",
            "  probability  real share  records",
        ]
        lines += [f"  {m:11.3f}  {r:10.3f}  {n:7,}" for m, r, n in self.reliability.table]
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class TrainedDetector:
    """A `Detector` that has learnt.

    Attributes
    ----------
    detector : Detector
        What was taught.
    quality : Quality
        How well it does on records that it was not taught.
    """

    detector: Detector
    quality: Quality
    _places: NDArray[np.int64] = field(repr=False)  # features that were met when learning
    _models: tuple[Any, ...] = field(repr=False)
    _rules: tuple[Sigmoid | Steps, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the scores."""
        return self.detector.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read."""
        return self.detector.columns

    def score(self, batch: Batch) -> Scored:
        """Probability that each record is real."""
        read = self.detector.read(batch)
        scores = np.full(len(read), np.nan)
        held = [i for i, record in enumerate(read) if record.failure is None]
        if held:
            entries = [read[i].entry for i in held]
            folds = np.array([read[i].like % self.detector.folds for i in held])
            rows = self.detector.rows(entries)[:, self._places]  # type: ignore[arg-type]
            at = np.array(held)
            for fold in np.unique(folds):
                mine = np.flatnonzero(folds == fold)
                found = decisions(self._models[fold], rows[mine])
                scores[at[mine]] = self._rules[fold].chances(found)
        return Scored(scores, {i: r.failure for i, r in enumerate(read) if r.failure is not None})


def _trained(detector: Detector, real: _Sample, pile: _Sample) -> TrainedDetector:
    parts = [sample.taken() for sample in (pile, real)]
    truth = np.repeat([False, True], [len(entries) for entries, _, _ in parts])
    likes = [like for _, some, _ in parts for like in some]
    folds = np.array([like % detector.folds for like in likes])
    _check(detector, truth, folds, (pile, real))
    # Both kinds weigh the same, a record as often as it was met.
    weights = np.concatenate([counts / counts.sum() for _, _, counts in parts]) * len(truth) / 2
    rows = detector.rows([entry for entries, _, _ in parts for entry in entries])
    places = np.arange(rows.shape[1]) if detector.numbers else np.unique(rows.nonzero()[1])
    rows = rows[:, places]
    models, scores = [], np.empty(len(truth))
    for fold in range(detector.folds):
        seen = folds != fold
        model = classifier(rows)
        model.fit(rows[seen], truth[seen], logisticregression__sample_weight=weights[seen])
        models.append(model)
        scores[~seen] = decisions(model, rows[~seen])
    rules, chances = [], np.empty(len(truth))
    for fold in range(detector.folds):
        other = folds != fold
        rule = calibrate(scores[other], truth[other], weights[other], detector.calibration)
        rules.append(rule)
        chances[~other] = rule.chances(scores[~other])
    codes = {like: code for code, like in enumerate(likes)}
    area = areas(chances[None], truth, np.array([codes[like] for like in likes]))
    return TrainedDetector(
        detector,
        Quality(
            int(truth.sum()), int((~truth).sum()), (float(area.values[0]), *area.interval(0)),
            reliability(chances, truth, weights),
        ),
        places, tuple(models), tuple(rules),
    )  # fmt: skip


def _check(
    detector: Detector,
    truth: NDArray[np.bool_],
    folds: NDArray[np.int64],
    samples: tuple[_Sample, _Sample],
) -> None:
    """Refuse too few records to learn from."""
    for side, sample, which in ((True, samples[1], "real"), (False, samples[0], "to be scored")):
        counts = np.bincount(folds[truth == side], minlength=detector.folds)
        if counts.sum() - counts.max() < _LEAST or not counts.all():
            unread = f", and {sample.unread:,} that cannot be read" if sample.unread else ""
            what = "records" if detector.group is None else "records, or groups of them"
            raise InputError(
                f"there are {counts.sum():,} different records that are {which}{unread}, too few "
                f"to tell the kinds apart in {detector.folds} parts. Give more {what}, or fewer "
                "folds."
            )


def _present(value: Any, name: str) -> str:
    if is_missing(value):
        raise NoScore(f"there is nothing in '{name}'")
    return str(value)


def _number(value: Any, name: str) -> float:
    try:
        found = float(_present(value, name))
    except ValueError:
        raise NoScore(f"'{name}' holds no number") from None
    if not np.isfinite(found):
        raise NoScore(f"'{name}' holds no finite number")
    return found


def _hash(content: Entry) -> int:
    text = content if isinstance(content, str) else repr(content)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return int.from_bytes(digest, "big")
