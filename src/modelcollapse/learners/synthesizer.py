"""SDV's single-table synthesizers as learners: reseeded, and with metadata that bind no one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from numpy.random import Generator

from modelcollapse import records
from modelcollapse.errors import (
    Degenerate,
    InputError,
    Missing,
    ModelCollapseError,
)
from modelcollapse.learners import sdv
from modelcollapse.learners.estimator import distinct_records, locate
from modelcollapse.learners.reseeding import global_randomness
from modelcollapse.learners.sdv import Metadata
from modelcollapse.learners.written import Form
from modelcollapse.protocols import Model


@dataclass(frozen=True, eq=False)
class SynthesizerModel:
    """A fitted synthesizer, reseeded at each call.

    Attributes
    ----------
    synthesizer : object
        What the factory built, fitted.
    metadata : mapping
        Metadata of the table as plain data, handed on to the next generation; None if the
        factory sees to them.
    form : Form
        The form of the records it was fitted to.
    """

    synthesizer: Any
    metadata: Metadata | None
    form: Form

    def sample(self, n: int, *, rng: Generator) -> Any:
        """Write `n` records, in the columns and types of the data.

        Raises
        ------
        InputError
            If the synthesizer fails, or writes another number or kind of records.
        """
        if n == 0:
            return self.form.empty
        who = type(self.synthesizer).__name__
        with sdv.quiet(), global_randomness(rng):
            sdv.reseed_for_sampling(self.synthesizer, rng)
            try:
                written = self.synthesizer.sample(n)
            except (ModelCollapseError, MemoryError):
                raise
            except Exception as error:
                raise InputError(
                    f"{who} could not write {n} records: {error}. Change its options."
                ) from error
        if sdv.is_sdv(self.synthesizer) and isinstance(written, Mapping):
            (written,) = written.values()
        return self.form.conform(sdv.in_library_of(self.form.empty, written), n, who)


@dataclass(frozen=True)
class Synthesizer:
    """Learner: a fresh SDV single-table synthesizer in each generation, with our randomness.

    Parameters
    ----------
    factory : callable or str
        Class of the synthesizer, or its import path, such as
        ``"sdv.single_table:GaussianCopulaSynthesizer"``, which a spec file can hold; or a function
        that builds one. What has a parameter ``metadata`` is given the metadata; any other sees to
        them itself. A class of your own is fitted to the dataframe, of the library that the records
        are in, and returns one; SDV's get what they ask for, a pandas dataframe by name.
    options : mapping, optional
        Further keyword arguments for the factory.
    metadata : mapping or sdv.metadata.Metadata, optional
        What the columns are, as plain data in SDV's form or as its own object; detected from the
        records of generation 0 when not given, and handed down from model to model.

    Raises
    ------
    InputError
        If the factory cannot be called, or the metadata describe other than one table.
    Missing
        If SDV is asked for and not installed.

    Notes
    -----
    Three things that go wrong where a synthesizer is used as it comes:

    - **Its seed.** SDV sets its sampler to one constant seed after every fit, so each generation
      of a chain adds the same noise. Here every fit and every sample is seeded from the event's
      generator: the model, the transformers of each column, and the global states that some
      synthesizers read, which are put back.
    - **Its metadata.** Detected metadata list the values and ranges that were seen, and records
      outside of them are refused: fresh real records in a later generation, say. Only the kinds of
      columns are kept, and they are those of the first records: detected anew, a column of
      numbers that has few values left would become one of categories.
    - **Its bounds.** ``enforce_min_max_values``, which is on in SDV, clips numbers to the range of
      the records fitted to, so that tails can shrink and never grow. It is part of the model, and
      left as it is: pass it in `options` to see what it does.

    Columns of identifiers and personal data (``sdtype`` "id", "name", ...) are invented by SDV and
    not learnt: leave them out.
    """

    factory: Callable[..., Any] | str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    metadata: Metadata | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", dict(self.options))
        if not isinstance(self.factory, str) and not callable(self.factory):
            raise InputError(
                f"factory must build a synthesizer for each generation, got one "
                f"{type(self.factory).__name__}. Pass its class: "
                "Synthesizer(GaussianCopulaSynthesizer)."
            )
        self._made_by()
        if self.metadata is not None:
            to_dict = getattr(self.metadata, "to_dict", None)
            plain = to_dict() if callable(to_dict) else self.metadata
            object.__setattr__(self, "metadata", sdv.relaxed(plain))

    @property
    def refers_to(self) -> tuple[Any, ...]:
        """What the factory is, where only its import path is held."""
        return (self._made_by(),) if isinstance(self.factory, str) else ()

    def _made_by(self) -> Callable[..., Any]:
        if not isinstance(self.factory, str):
            return self.factory
        if self.factory.split(".")[0] == "sdv" and find_spec("sdv") is None:
            raise Missing(f"the synthesizer '{self.factory}'", "sdv", "tabular")
        return locate(self.factory)

    def _metadata(self, table: Any, parent: Any) -> Metadata | None:
        """Metadata for the factory, None if it takes none."""
        if "metadata" not in inspect.signature(self._made_by()).parameters:
            return None
        if self.metadata is not None:
            return self.metadata
        inherited = parent.metadata if isinstance(parent, SynthesizerModel) else None
        return sdv.detected(sdv.as_pandas(table)) if inherited is None else inherited

    def _build(self, metadata: Metadata | None) -> Any:
        factory = self._made_by()
        given = dict(self.options)
        if metadata is not None:
            given["metadata"] = sdv.sdv_metadata().load_from_dict(dict(metadata))
        try:
            built = factory(**given)
        except Exception as error:
            raise InputError(
                f"the factory could not build a synthesizer from the options {self.options}: "
                f"{error}. Correct the options."
            ) from error
        for method in ("fit", "sample"):
            if not callable(getattr(built, method, None)):
                raise InputError(
                    f"{type(built).__name__} has no method {method!r}, and a generation is fitted "
                    "and sampled. Choose a synthesizer of single tables."
                )
        return built

    def fit(
        self, data: Any, *, rng: Generator, parent: Model[Any] | None = None
    ) -> SynthesizerModel:
        """Build a fresh synthesizer and fit it.

        Parameters
        ----------
        data : dataframe
            Records.
        rng : numpy.random.Generator
            Source of the synthesizer's seeds.
        parent : Model, optional
            The last model, whose metadata are used again; nothing else of it.

        Raises
        ------
        Degenerate
            If the fit fails and all records are the same.
        Incompatible
            If the data are no table.
        InputError
            If the fit fails on any other data; the message carries the synthesizer's own.
        """
        sdv.check_table(data)
        with sdv.quiet():
            metadata = self._metadata(data, parent)
            synthesizer = self._build(metadata)
            if synthesizer is getattr(parent, "synthesizer", None):
                raise InputError(
                    f"the factory returned the same {type(synthesizer).__name__} twice, and the "
                    "model of the last generation would change. Build a new one inside it."
                )
            given = data
            if sdv.is_sdv(synthesizer):
                given = {sdv.name_of_table(synthesizer, metadata): sdv.as_pandas(data)}
            with global_randomness(rng):
                try:
                    with sdv.reseeded_for_fit(synthesizer, given, rng):
                        synthesizer.fit(given)
                except (ModelCollapseError, MemoryError):
                    raise
                except Exception as error:
                    who, n = type(synthesizer).__name__, records.size(data)
                    if distinct_records(data) < 2:
                        raise Degenerate(
                            f"{who} could not be fitted: all {n} records are the same."
                        ) from error
                    raise InputError(
                        f"{who} could not be fitted to {n} records: {error}. Change its options or "
                        "the columns."
                    ) from error
        return SynthesizerModel(synthesizer, metadata, Form.of(data))
