"""Anything with `fit` and `sample` as a learner: scikit-learn, copulas, classes of your own."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator

from modelcollapse import records
from modelcollapse.errors import Degenerate, InputError, ModelCollapseError, suggestion
from modelcollapse.learners.reseeding import reseeded
from modelcollapse.learners.written import Form
from modelcollapse.protocols import Model


def locate(path: str) -> Callable[..., Any]:
    """Import what ``"package.module:Name"`` names.

    Raises
    ------
    InputError
        If the path has no colon, the module cannot be imported, or it has no such name.
    """
    module_name, colon, name = path.partition(":")
    if not (module_name and colon and name):
        raise InputError(
            f"{path!r} is no import path. Write 'package.module:Name', for example "
            "'sklearn.mixture:GaussianMixture'."
        )
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InputError(
            f"the module of {path!r} cannot be imported ({error}). Install its package, correct "
            "the path, or run where Python finds it."
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        raise InputError(
            f"{module_name} has nothing to call by the name {name!r}. "
            f"{suggestion(name, (n for n in dir(module) if not n.startswith('_')))}"
        )
    return found  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class EstimatorModel:
    """A fitted estimator, reseeded at each call.

    Parameters
    ----------
    estimator : object
        What the factory built, fitted.
    form : Form
        The form of the records it was fitted to.
    """

    estimator: Any
    form: Form

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Write `n` records in the form of the data.

        Raises
        ------
        InputError
            If the estimator fails, or returns another number, shape or kind of records.
        """
        if n == 0:  # many estimators refuse to write nothing
            return self.form.empty
        who = type(self.estimator).__name__
        with reseeded(self.estimator, "sample", rng) as keywords:
            try:
                written = self.estimator.sample(n, **keywords)
            except (ModelCollapseError, MemoryError):
                raise
            except Exception as error:
                raise InputError(
                    f"{who} could not write {n} records: {error}. Check that its sample method "
                    "takes the number of records first."
                ) from error
        return self.form.conform(written, n, who)


@dataclass(frozen=True)
class Estimator:
    """Learner: a fresh estimator in each generation, fitted and sampled with our randomness.

    Parameters
    ----------
    factory : callable or str
        Builds a new, unfitted estimator with methods ``fit(data)`` and ``sample(n)``: a class, a
        function, or an import path ``"package.module:Name"``, which a spec file can hold.
    options : mapping, optional
        Keyword arguments for the factory.

    Raises
    ------
    InputError
        If the factory cannot be called, builds something without `fit` and `sample`, or returns
        the same object twice. It is called twice at construction to find out.

    Notes
    -----
    Before each fit and each sample the estimator gets new seeds from the event's generator, so a
    ``random_state`` among the options has no effect: a seed kept along a chain adds the same
    noise in each generation and turns a random walk into a deterministic exponential. Where a
    seed goes, in this order: all ``random_state`` parameters (nested ones too), a method
    ``set_random_state``, or attributes ``rng``, ``random_state``, ``seed``, ``random_seed``; and
    an argument of one of these names, if the called method has it. Only an estimator that offers
    none of these is run with NumPy's, Python's and PyTorch's global states seeded for the length
    of the call and restored after it.

    Samples may come as ``(records, labels)``; the labels are dropped. Fitted to a dataframe, an
    estimator may return one, or an array whose columns are named and typed as they were; where
    columns hold labels, numbers must stay numbers, so return a dataframe or an array of objects.

    Examples
    --------
    >>> learner = Estimator("sklearn.mixture:GaussianMixture", {"n_components": 2})
    >>> rng = np.random.default_rng(0)
    >>> model = learner.fit(rng.normal(size=(100, 2)), rng=rng)
    >>> model.sample(5, rng=rng).shape
    (5, 2)
    """

    factory: Callable[..., Any] | str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", dict(self.options))
        if not isinstance(self.factory, str) and not callable(self.factory):
            raise InputError(
                f"factory must build a fresh estimator for each generation, got one "
                f"{type(self.factory).__name__}. Pass its class and options, or a function: "
                "Estimator(lambda: GaussianMixture(5))."
            )
        first, second = self._build(), self._build()
        who = type(first).__name__
        for method in ("fit", "sample"):
            if not callable(getattr(first, method, None)):
                raise InputError(
                    f"{who} has no method {method!r}, and a generation is fitted and sampled. "
                    "Choose a generative estimator or wrap it in a class with `fit` and `sample`."
                )
        if first is second:
            raise InputError(
                f"the factory returned the same {who} twice, and a model of an earlier generation "
                "would change when a later one is fitted. Build a new one inside the factory."
            )

    @property
    def refers_to(self) -> tuple[Any, ...]:
        """What the factory is, where only its import path is held."""
        return (locate(self.factory),) if isinstance(self.factory, str) else ()

    def _build(self) -> Any:
        factory = locate(self.factory) if isinstance(self.factory, str) else self.factory
        try:
            return factory(**self.options)
        except TypeError as error:
            raise InputError(
                f"the factory could not build an estimator from the options "
                f"{dict(self.options)}: {error}. Correct the options."
            ) from error

    def fit(self, data: Any, *, rng: Generator, parent: Model[Any] | None = None) -> EstimatorModel:
        """Build a fresh estimator and fit it.

        Parameters
        ----------
        data : array, dataframe or list
            Records, handed over as they are.
        rng : numpy.random.Generator
            Source of the estimator's seeds.
        parent : Model, optional
            Not used: each generation is fitted from scratch.

        Raises
        ------
        Degenerate
            If the fit fails and there are fewer distinct records than the estimator's
            ``n_components``, or than two.
        InputError
            If the fit fails on any other data; the message carries the estimator's own.
        """
        n = records.size(data)
        estimator = self._build()
        who = type(estimator).__name__
        with reseeded(estimator, "fit", rng) as keywords:
            try:
                fitted = estimator.fit(data, **keywords)
            except (ModelCollapseError, MemoryError):
                raise
            except Exception as error:
                distinct, needed = distinct_records(data), _needed(estimator)
                if distinct < needed:
                    raise Degenerate(
                        f"{who} could not be fitted: {distinct} of {n} records "
                        f"are distinct and it needs {needed}. Use more varied data or a smaller "
                        "model."
                    ) from error
                raise InputError(
                    f"{who} could not be fitted to {n} records: {error}. Change "
                    "its options or the form of the data."
                ) from error
        return EstimatorModel(fitted if hasattr(fitted, "sample") else estimator, Form.of(data))


def _needed(estimator: Any) -> int:
    components = getattr(estimator, "n_components", None)
    return max(2, components) if isinstance(components, int) else 2


def distinct_records(data: Any) -> int:
    """Count the distinct records."""
    if isinstance(data, np.ndarray):
        return len(np.unique(data.reshape(len(data), -1), axis=0)) if data.size else 0
    if isinstance(data, list):
        return len({repr(record) for record in data})
    import narwhals as nw

    return int(nw.from_native(data, eager_only=True).unique().shape[0])
