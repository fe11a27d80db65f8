"""Probes of regression: how far a model, or one trained on what it wrote, is from the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Incompatible, InputError, is_whole
from modelcollapse.families.regression.inputs import NormalInputs
from modelcollapse.families.regression.labelled import Design, Labelled, responded
from modelcollapse.families.regression.linear import LinearModel, Ridge
from modelcollapse.families.regression.solve import RidgePath
from modelcollapse.families.regression.teacher import LinearTruth
from modelcollapse.protocols import Reading, name_of

if TYPE_CHECKING:
    from modelcollapse.generation import Generation

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TestError:
    """Mean squared error of the model on new inputs, against labels without noise.

    In closed form where nature and the model are linear, so that it carries no sampling noise;
    otherwise on held-out records. Where the clean labels of real records are not known, the noise
    of the held-out ones is part of it. Summed over outputs.
    """

    __test__: ClassVar[bool] = False  # no test case, whatever its name
    name: ClassVar[str] = "test_error"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        model, truth = generation.model, generation.truth
        _check_real(truth, self.name)
        if isinstance(model, LinearModel) and isinstance(truth, LinearTruth):
            risk = truth.risk(model.weights)
            return risk if risk.ndim else float(risk)
        exam = _exam(generation)
        errors = np.square(np.asarray(model.predict(exam.inputs)) - exam.targets)
        return float(errors.sum() / len(errors))


@dataclass(frozen=True)
class Misclassification:
    """Share of new inputs that the model gives another class than nature would, without noise.

    Classes are signs or the largest of several outputs, as the response of the truth says. In
    closed form where the truth knows it, so that it carries no sampling noise.
    """

    name: ClassVar[str] = "misclassification"

    def __call__(self, generation: Generation) -> Reading:
        """Read one generation."""
        known = getattr(generation.truth, "misclassified", None)
        exact: float | None = None if known is None else known(generation.model)
        if exact is not None:
            return exact
        exam = _exam(generation)
        response = exam.design.response
        if response == "real":
            raise Incompatible(
                "misclassification is read from classes, and these labels are real numbers. Read "
                "test_error, or give the truth the response 'sign' or 'one_hot'."
            )
        given = responded(np.asarray(generation.model.predict(exam.inputs)), response)
        wrong = (given != exam.targets).reshape(len(given), -1).any(axis=1)
        return float(wrong.mean())


@dataclass(frozen=True)
class DownstreamError:
    """Test error of a ridge fit to records that the previous generation labelled.

    At generation t the labels are t models away from nature, and nature's own at generation 0:
    what a final model would get whose training data are "t generations deep". Its inputs are the
    same in every generation of a lineage, so that one decomposition serves all of them and the
    generations are compared on equal terms; its noise is new.

    Parameters
    ----------
    records : int or sequence of int
        Records it is trained on.
    penalty : float or sequence of float, default 0.0
        Its ridge penalty, per record.
    noise : float, optional
        Standard deviation of the labels it is trained on; the truth's when not given.

    Raises
    ------
    InputError
        If a number is out of range; when read, if least squares on so many records has no finite
        expected error.

    Notes
    -----
    One reading where both are single numbers; otherwise one for each pair, named
    ``"n=1000, penalty=0.01"``. It is fitted like the learner of the lineage: linear for `Ridge`,
    with the kernel of a `KernelRidge`.

    References
    ----------
    dohmatob2024regression, section 2.
    """

    records: int | Sequence[int]
    penalty: float | Sequence[float] = 0.0
    noise: float | None = None

    name: ClassVar[str] = "downstream_error"

    def __post_init__(self) -> None:
        for field in ("records", "penalty"):
            given = getattr(self, field)
            if isinstance(given, np.ndarray | np.generic):
                given = given.tolist()
            several = isinstance(given, Sequence) and not isinstance(given, str)
            object.__setattr__(self, field, tuple(given) if several else given)
        for n in self.sizes:
            if not (is_whole(n) and n >= 1):
                raise InputError(f"records is {n!r}, but it counts records. Use 1 or more.")
        for penalty in self.penalties:
            Ridge(penalty)
        if not self.sizes or not self.penalties:
            raise InputError("there is no number of records, or no penalty. Give at least one.")
        pairs = [self.part(n, penalty) for n in self.sizes for penalty in self.penalties]
        if len(set(pairs)) < len(pairs):
            twice = next(pair for pair in pairs if pairs.count(pair) > 1)
            raise InputError(f"the pair of records and penalty {twice} is asked for twice.")
        if self.noise is not None:
            Design(NormalInputs(np.ones(1)), self.noise)

    @property
    def sizes(self) -> tuple[int, ...]:
        """All numbers of records."""
        return self.records if isinstance(self.records, tuple) else (self.records,)

    @property
    def penalties(self) -> tuple[float, ...]:
        """All penalties."""
        return self.penalty if isinstance(self.penalty, tuple) else (self.penalty,)

    @property
    def single(self) -> bool:
        """Whether there is one number of records and one penalty."""
        return not (isinstance(self.records, tuple) or isinstance(self.penalty, tuple))

    def part(self, records: int, penalty: float) -> str:
        """Name of one reading among several."""
        return f"n={records}, penalty={penalty:.12g}"

    def measure(self, records: int, penalty: float) -> str:
        """Name under which a history holds the reading for a pair."""
        return self.name if self.single else f"{self.name}.{self.part(records, penalty)}"

    def each(self) -> list[tuple[str, DownstreamError]]:
        """Measures of one reading each, by their names among several."""
        return [
            (self.part(n, penalty), DownstreamError(n, penalty, self.noise))
            for n in self.sizes
            for penalty in self.penalties
        ]

    def single_out(self, part: str) -> DownstreamError:
        """Return the measure of one reading, by its name among several; itself if it is alone."""
        if self.single:
            return self
        return dict(self.each())[part]

    def __call__(self, generation: Generation) -> Reading | Mapping[str, Reading]:
        """Read one generation."""
        truth = generation.truth
        _check_real(truth, self.name)
        if isinstance(generation.learner, Ridge):
            self._check_ridge(generation.learner)
        writer = generation.parent if generation.index else getattr(truth, "model", None)
        linear = isinstance(truth, LinearTruth) and all(
            isinstance(model, LinearModel) for model in (writer, generation.model)
        )
        read = self._linear if linear else self._general
        penalties = np.array(self.penalties, dtype=np.float64)
        found = {n: read(generation, writer, n, penalties) for n in self.sizes}
        if self.single:
            only = next(iter(found.values()))[..., 0]
            return only if only.ndim else float(only)
        return {
            self.part(n, penalty): errors[..., i]
            for n, errors in found.items()
            for i, penalty in enumerate(self.penalties)
        }

    def _check_ridge(self, learner: Ridge) -> None:
        if learner.width is not None:
            raise Incompatible(
                "the downstream error is of fits to whole inputs, and the learner projects them to "
                f"{learner.width} coordinates. Read test_error, or leave out width."
            )

    def _linear(self, generation: Generation, writer: Any, n: int, penalties: Floats) -> Floats:
        """Errors in closed form, shape ``(..., penalties)``, on records that need not be drawn."""
        truth = generation.truth
        inputs = NormalInputs(truth.root)
        if 0 in penalties:
            Ridge().check_number(n, inputs.d)
        batch = () if generation.replicates is None else (generation.replicates,)
        path = generation.once(
            f"downstream path {n}",
            lambda: RidgePath.of(
                inputs.factor(n, batch, rng=generation.rng_once(f"downstream {n}")), n
            ),
        )
        clean = path.root @ writer.weights
        noise = truth.noise if self.noise is None else self.noise
        rng = generation.rng(f"downstream {n}")
        labels = clean + noise * rng.standard_normal(clean.shape)
        errors = [
            inputs.squared(path.coefficients(labels[..., i], penalties) - truth.weights[:, [i]])
            for i in range(labels.shape[-1])
        ]
        return np.asarray(np.sum(errors, axis=0))

    def _general(self, generation: Generation, writer: Any, n: int, penalties: Floats) -> Floats:
        """Errors on held-out records, shape ``(penalties,)``, of the learner's own kind of fit."""
        learner = generation.learner
        if not hasattr(learner, "path"):
            raise Incompatible(
                f"the downstream error needs a learner with a ridge penalty, and "
                f"{name_of(learner)} has none. Use Ridge or KernelRidge."
            )
        if writer is None and self.noise is not None:
            raise Incompatible(
                f"noise is {self.noise:g}, but the real labels of {name_of(generation.truth)} come "
                "with the noise they have, so that generation 0 would differ from the others. "
                "Leave out noise, or start from a teacher."
            )
        design: Any = generation.original.blocks[0].data.design
        fresh = generation.once(
            f"downstream records {n}",
            lambda: generation.apart(n, rng=generation.rng_once(f"downstream {n}")),
        )
        if 0 in penalties and isinstance(learner, Ridge):
            Ridge().check_number(n, fresh.inputs.shape[1])
        path = generation.once(
            f"downstream path {n}",
            lambda: learner.path(fresh.inputs, rng=generation.rng_once(f"downstream map {n}")),
        )
        rng = generation.rng(f"downstream {n}")
        if writer is None:
            labels = fresh.targets  # nature's own, with its noise
        else:
            labels = design.label(writer.predict(fresh.inputs), rng=rng, noise=self.noise)
        exam = _exam(generation)
        columns = zip(_columns(labels), _columns(exam.targets), strict=True)
        errors = [
            np.square(path.values(given, penalties, exam.inputs) - clean[:, None]).mean(axis=0)
            for given, clean in columns
        ]
        return np.asarray(np.sum(errors, axis=0))


def _columns(targets: Floats) -> Floats:
    """Outputs one by one, shape ``(outputs, n)``."""
    return targets.reshape(len(targets), -1).T


def _check_real(truth: Any, name: str) -> None:
    response = getattr(truth, "response", "real")
    if response != "real":
        raise Incompatible(
            f"{name} is the squared error of real labels, and the response here is '{response}'. "
            "Read misclassification instead."
        )


def _exam(generation: Generation) -> Labelled:
    """Records to test on: labelled without noise where the truth can, held-out ones otherwise."""

    def make() -> Any:
        give = getattr(generation.truth, "exam", None)
        if give is None:
            return generation.reference
        return give(generation.examined, rng=generation.rng_once("exam"))

    exam = generation.once("exam", make)
    if not isinstance(exam, Labelled):
        raise Incompatible(
            f"this measure reads labelled records, and the truth writes {type(exam).__name__}. "
            "Start from a teacher, or from Labelled records."
        )
    return exam
