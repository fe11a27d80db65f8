"""Real records whose targets count as the truth: a pool to label from, and others to test on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from modelcollapse.errors import InputError, is_whole, suggestion
from modelcollapse.families.regression.inputs import FixedInputs, Floats, PoolInputs
from modelcollapse.families.regression.labelled import Design, Labelled, Response, responded

Scaling = Literal["none", "global", "standard"]
TargetScaling = Literal["none", "standard"]

_GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True, eq=False)
class LabelledPool:
    """Nature as a finite set of inputs whose targets are known without noise.

    It writes records on different inputs of its training part, each draw anew, and adds noise to
    their targets. What is held out is never trained on, by no generation of any run.

    Parameters
    ----------
    inputs : array_like, shape (n, d)
        Inputs as rows.
    targets : array_like, shape (n,) or (n, outputs)
        Their targets, which count as the clean function; one-hot rows for classes.
    noise : float, default 0
        Standard deviation of the labels around the targets, nature's and every model's.
    test : float, int, or pair of arrays, default 0.2
        Share or number of the records that are held out, or other inputs and targets in their
        place.
    same_inputs : bool, default False
        Choose the inputs once, and label the same ones in every generation.
    response : {"real", "sign", "one_hot"}, default "real"
        Labels are the noisy target, its sign, or a one-hot vector of its largest output.
    scaling : {"none", "global", "standard"}, default "none"
        Of the inputs, by what the training part has: "global" subtracts one mean and divides by
        one standard deviation, those of all its numbers together, "standard" does so for each
        column; columns that do not vary become 0.
    target_scaling : {"none", "standard"}, default "none"
        Of the targets: "standard" subtracts from each column its mean in the training part, and
        divides by its standard deviation, the unit in which `noise` and errors then are.

    Raises
    ------
    InputError
        If shapes do not fit, numbers are missing, nothing is left to train or to test on, or the
        targets do not suit the response.

    Notes
    -----
    Which records are held out does not depend on the seed of a run: record i is, if the
    fractional part of i (sqrt(5) - 1) / 2 is among the smallest. Such records lie evenly in the
    file, whatever its order, and follow no period.

    Examples
    --------
    >>> pool = LabelledPool(np.arange(20.0).reshape(10, 2), np.arange(10.0), noise=0.1)
    >>> rng = np.random.default_rng(0)
    >>> pool.sample(4, rng=rng).inputs[:, 0], pool.exam(9, rng=rng).targets
    (array([ 6.,  8., 12., 16.]), array([0., 5.]))
    """

    inputs: ArrayLike
    targets: ArrayLike
    noise: float = 0.0
    test: float | tuple[ArrayLike, ArrayLike] = 0.2
    same_inputs: bool = False
    response: Response = "real"
    scaling: Scaling = "none"
    target_scaling: TargetScaling = "none"

    def __post_init__(self) -> None:
        for name, known in (("scaling", Scaling), ("target_scaling", TargetScaling)):
            given = getattr(self, name)
            if given not in get_args(known):
                raise InputError(
                    f"{name} '{given}' is unknown. {suggestion(given, get_args(known))}"
                )
        self._parts  # noqa: B018  (checks the arrays and the split)

    @cached_property
    def _parts(self) -> tuple[Labelled, Labelled]:
        """Records to train on, of this pool's design, and records to test on, both clean."""
        whole = Labelled(np.asarray(self.inputs), np.asarray(self.targets))
        if isinstance(self.test, tuple):
            train, exam = whole, Labelled(np.asarray(self.test[0]), np.asarray(self.test[1]))
            if exam.inputs.shape[1:] + exam.targets.shape[1:] != (
                whole.inputs.shape[1:] + whole.targets.shape[1:]
            ):
                raise InputError(
                    f"the held-out inputs and targets have shapes {exam.inputs.shape} and "
                    f"{exam.targets.shape}, and those to train on {whole.inputs.shape} and "
                    f"{whole.targets.shape}. They must be alike but for their number."
                )
        else:
            out = held_out(len(whole.inputs), self.test)
            train, exam = (
                Labelled(whole.inputs[kept], whole.targets[kept]) for kept in (~out, out)
            )
        if min(len(train.inputs), len(exam.inputs)) < 2:
            raise InputError(
                f"there are {len(train.inputs)} records to train on and {len(exam.inputs)} to "
                "test on, and it takes two of each. Give more records, or another test."
            )
        inputs, others = _scaled(train.inputs, exam.inputs, self.scaling)
        targets, answers = _scaled(train.targets, exam.targets, self.target_scaling)
        _check_response(targets, self.response)
        outputs = None if targets.ndim == 1 else targets.shape[1]
        design = Design(PoolInputs(inputs), self.noise, self.response, outputs)
        exam = Labelled(others, responded(answers, self.response), design)
        return Labelled(inputs, targets, design), exam

    def __len__(self) -> int:
        """Count the records to train on."""
        return len(self._parts[0].inputs)

    @property
    def clean(self) -> Labelled:
        """All records to train on, with targets in place of labels."""
        return self._parts[0]

    def sample(self, n: int, *, rng: Generator) -> Labelled:
        """Label `n` different inputs, chosen at random.

        Raises
        ------
        InputError
            If there are fewer to train on.
        """
        return self._labelled(self._choice(n, rng), rng)

    def settle(self, n: int, *, rng: Generator) -> LabelledPool | SettledPool:
        """Truth of one run: with `same_inputs`, the `n` inputs are chosen here, once."""
        if not self.same_inputs:
            return self
        clean = self.clean
        chosen = self._choice(n, rng)
        rows = clean.inputs[chosen]
        fixed = clean.design.but(inputs=FixedInputs(rows, n))
        return SettledPool(Labelled(rows, clean.targets[chosen], fixed))

    def exam(self, n: int, *, rng: Generator) -> Labelled:
        """Give `n` held-out records with clean targets, or all if they are fewer."""
        exam = self._parts[1]
        if n >= len(exam.inputs):
            return exam
        chosen = np.sort(rng.choice(len(exam.inputs), size=n, replace=False, shuffle=False))
        return exam.but(inputs=exam.inputs[chosen], targets=exam.targets[chosen])

    def _choice(self, n: int, rng: Generator) -> NDArray[np.intp]:
        return PoolInputs(self.clean.inputs).choose(n, rng=rng)

    def _labelled(self, chosen: NDArray[np.intp], rng: Generator) -> Labelled:
        clean = self.clean
        labels = clean.design.label(clean.targets[chosen], rng=rng)
        return Labelled(clean.inputs[chosen], labels, clean.design)


@dataclass(frozen=True, eq=False)
class SettledPool:
    """A pool in one run, in which every generation labels the same inputs.

    Attributes
    ----------
    clean : Labelled
        These inputs with their targets.
    """

    clean: Labelled

    def sample(self, n: int, *, rng: Generator) -> Labelled:
        """Label the inputs; `n` must be their number."""
        design = self.clean.design
        rows = design.inputs.draw(n, rng=rng)
        return Labelled(rows, design.label(self.clean.targets, rng=rng), design)


@dataclass(frozen=True, kw_only=True)
class PoolTask:
    """What named pools share: a kind of task says where inputs and targets come from.

    Parameters
    ----------
    noise, test, same_inputs, response, scaling, target_scaling
        As for `LabelledPool`.
    """

    noise: float = 0.0
    test: int | float = 0.2
    same_inputs: bool = False
    response: Response = "real"
    scaling: Scaling = "global"
    target_scaling: TargetScaling = "none"

    def __post_init__(self) -> None:
        self.pool  # noqa: B018  (checks the values)

    def _read(self) -> tuple[ArrayLike, ArrayLike, float | tuple[ArrayLike, ArrayLike]]:
        """Inputs, targets, and what to hold out."""
        raise NotImplementedError

    @cached_property
    def pool(self) -> LabelledPool:
        """The records."""
        inputs, targets, test = self._read()
        return LabelledPool(
            inputs, targets, self.noise, test, self.same_inputs, self.response, self.scaling,
            self.target_scaling,
        )  # fmt: skip

    def sample(self, n: int, *, rng: Generator) -> Labelled:
        """Label `n` different inputs, chosen at random."""
        return self.pool.sample(n, rng=rng)

    def settle(self, n: int, *, rng: Generator) -> LabelledPool | SettledPool:
        """Truth of one run: with `same_inputs`, the `n` inputs are chosen here, once."""
        return self.pool.settle(n, rng=rng)

    def exam(self, n: int, *, rng: Generator) -> Labelled:
        """Give `n` held-out records with clean targets, or all if they are fewer."""
        return self.pool.exam(n, rng=rng)


def held_out(n: int, test: float) -> NDArray[np.bool_]:
    """Say which of `n` records are held out, shape ``(n,)``: a share of them, or a number."""
    number = int(test) if is_whole(test) else round(test * n) if 0 < test < 1 else 0
    if not 0 < number < n:
        raise InputError(
            f"test is {test!r} for {n} records, but it is the share of them that is held out, "
            "above 0 and below 1, or a whole number of them. Some must be left to train on."
        )
    places = np.arange(n) * _GOLDEN % 1
    out = np.zeros(n, dtype=bool)
    out[np.argsort(places, kind="stable")[:number]] = True
    return out


def _scaled(train: Floats, exam: Floats, scaling: Scaling) -> tuple[Floats, Floats]:
    """Numbers to train and to test on, by the centre and the scale of those to train on."""
    if scaling == "none":
        return train, exam
    axis = 0 if scaling == "standard" else None
    centre, spread = train.mean(axis=axis), np.asarray(train.std(axis=axis))
    # Of equal numbers neither is exact: their mean is off by rounding, and so they do deviate.
    constant = np.ptp(train, axis=axis) == 0
    centre = np.where(constant, train[0] if scaling == "standard" else train.flat[0], centre)
    scale = np.where(constant, 1.0, spread)
    return (train - centre) / scale, (exam - centre) / scale


def _check_response(targets: Floats, response: Response) -> None:
    if response == "sign" and (targets.ndim > 1 or targets.min() >= 0 or targets.max() < 0):
        raise InputError(
            "with the response 'sign' targets are numbers of which some are negative and some are "
            f"not, and these have shape {targets.shape} and lie in {targets.min():g} to "
            f"{targets.max():g}. Code the classes as -1 and 1."
        )
    if response == "one_hot" and (targets.ndim == 1 or targets.shape[1] < 2):
        raise InputError(
            f"with the response 'one_hot' targets have a column for each class, and these have "
            f"shape {targets.shape}. Give one-hot rows."
        )
    if not np.ptp(targets, axis=0).any():
        raise InputError(
            "all targets to train on are equal, so there is nothing to learn or to lose. Check "
            "which column they are."
        )
