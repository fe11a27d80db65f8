"""The loop: a chain of models, each fitted to data that earlier models helped to write.

Order of events in generation `t`, counted from 0; generation 0 sees only real data.

1. **Collect.** The policy forms the corpus (generation 0: `size` records of nature).
2. **Budget.** If a budget is set, the learner gets a random subset of that size.
3. **Fit.** ``learner.fit(data, rng=, parent=)`` gives the model; `parent` is the last one.
4. **Probe.** Measures read the generation. They have their own random streams.
5. **Write.** The model writes candidates, the curator, if any, selects among them, and the block
   is stamped "written by generation t". Back to 1.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelcollapse import records
from modelcollapse.corpus import Corpus
from modelcollapse.draw import Draw
from modelcollapse.errors import Incompatible, InputError, is_whole
from modelcollapse.generation import Generation, State, train
from modelcollapse.nature import Nature
from modelcollapse.protocols import Curator, Learner, Model, Policy, Probe, Replicable, name_of

if TYPE_CHECKING:
    from modelcollapse.history import History


@dataclass(frozen=True)
class Lineage:
    """A chain of models in which each is fitted to data that earlier models helped to write.

    Parameters
    ----------
    truth : Model
        Nature: what real records come from. A law, or a finite set of records
        (`modelcollapse.Empirical`), which is read without replacement.
    learner : Learner
        The recipe that turns records into a model.
    policy : Policy
        What each next corpus consists of: `Replace`, `Accumulate`, `Augment`, `Mix`, `Schedule`,
        or any function of ``(corpus, draw)``.
    size : int
        Real records in the corpus of generation 0, at least 2.
    budget : int, optional
        Records the learner gets to see: a random subset of the corpus, without replacement.
        The whole corpus when not given.
    curator : Curator, optional
        Selects among the records a model writes before they enter the next corpus.
    holdout : int, optional
        Real records set aside before anything else, as the reference of the measures. `size`
        for a law; a fifth of the records, as far as they reach, for a finite source.

    Examples
    --------
    >>> import modelcollapse as mc
    >>> lineage = mc.Lineage(mc.Gaussian().exact(), mc.GaussianMLE(), mc.Replace(100), size=100)
    >>> for generation in lineage.generations(seed=0):
    ...     if generation.model.cov < 0.5:
    ...         break
    """

    truth: Model[Any]
    learner: Learner[Any]
    policy: Policy
    size: int
    budget: int | None = None
    curator: Curator[Any] | None = None
    holdout: int | None = None

    def __post_init__(self) -> None:
        for name in ("size", "budget", "holdout"):
            count = getattr(self, name)
            if count is not None and not is_whole(count):
                raise InputError(f"{name} is {count!r}, but it counts records. Use a whole number.")
        if self.size < 2:
            raise InputError(
                f"the lineage starts from size = {self.size} real records, but it takes two to "
                "have any spread or tails to lose. Choose a size of at least 2."
            )
        if self.budget is not None and self.budget < 2:
            raise InputError(
                f"the budget is {self.budget} records, but a model needs at least 2 to see any "
                "spread. Raise it, or leave it out to train on the whole corpus."
            )
        if self.holdout is not None and self.holdout < 0:
            raise InputError(f"holdout is {self.holdout}, but it counts records. Use 0 or more.")
        for role, part, method in (
            ("truth", self.truth, "sample"),
            ("learner", self.learner, "fit"),
            ("curator", self.curator, "select"),
        ):
            if isinstance(part, type):
                raise Incompatible(
                    f"the {role} is the class {part.__name__} itself. Make one of it: "
                    f"{part.__name__}(...)."
                )
            if part is not None and not callable(getattr(part, method, None)):
                raise Incompatible(
                    f"the {role} {name_of(part)} has no method '{method}', so it cannot act as a "
                    f"{role}. See modelcollapse.protocols for what each part must provide."
                )
        parameters = inspect.signature(self.learner.fit).parameters.values()
        if not any(p.name == "rng" or p.kind is p.VAR_KEYWORD for p in parameters):
            raise Incompatible(
                f"{name_of(self.learner)}.fit takes no rng, so it is no learner but perhaps an "
                "estimator. Wrap its class: Estimator(...)."
            )
        if not callable(self.policy) or isinstance(self.policy, type):
            raise Incompatible(
                f"the policy {name_of(self.policy)} cannot be called. A policy is a function of "
                "(corpus, draw), such as Replace(100)."
            )

    def but(self, **changes: Any) -> Lineage:
        """Return the same lineage with some parts changed, e.g. ``but(policy=Accumulate(100))``."""
        return dataclasses.replace(self, **changes)

    @property
    def batch(self) -> int:
        """How many replicates run at once on a leading axis, 1 where the family has no such axis.

        Fixed by the lineage, not by the machine, so that results do not depend on where they are
        computed.
        """
        able = isinstance(self.truth, Replicable) and getattr(self.learner, "batches", False)
        return self.truth.batch if able else 1  # type: ignore[attr-defined]

    def generations(
        self,
        seed: int = 0,
        replicate: int = 0,
        *,
        replicates: int | None = None,
        after: State | None = None,
    ) -> Iterator[Generation]:
        """Run the loop, one generation at a time, for as long as you ask.

        Parameters
        ----------
        seed : int, default 0
            Seed of the run.
        replicate : int, default 0
            Which replicate to run; with `replicates`, the first of them.
        replicates : int, optional
            Run so many replicates at once on a leading axis, where the family allows it. A batch
            is reproducible as a batch.
        after : State, optional
            Go on after this point of an earlier run with the same seed and replicate.

        Yields
        ------
        Generation
            Generation 0, 1, 2, ... The iteration ends only if no model can be fitted any more.
        """
        nature = Nature(self, seed, replicate, replicates)
        policy = self.policy
        cache: dict[str, Any] = {}
        if after is None:
            corpus = Corpus.of(nature.read(self.size, 0))
            original, model, index = corpus, None, 0
        else:
            nature.read_before = after.read
            nature.layout = records.layout(after.original.blocks[0].data)
            corpus, original, index = after.corpus, after.original, after.index + 1
            model = after.model
            draw = Draw(self, nature, original, corpus, model, after.index, cache)
            corpus = _checked(policy(corpus, draw), policy)
        while True:
            parent = model
            training, model, reason = train(nature, corpus, index, parent)
            generation = Generation(
                index, corpus, training, model, parent, nature, original, cache, reason
            )
            yield generation
            if model is None:
                return
            draw = Draw(self, nature, original, corpus, model, index, cache)
            corpus = _checked(policy(corpus, draw), policy)
            index += 1

    def run(
        self,
        generations: int,
        *,
        replicates: int = 1,
        seed: int = 0,
        probes: Sequence[Probe | str] | None = None,
        every: int = 1,
        snapshots: Sequence[int] = (),
        n_jobs: int | None = None,
        engine: str = "processes",
        store: str | Path | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> History:
        """Run the loop for some generations and replicates, and keep what the probes read.

        Parameters
        ----------
        generations : int
            Generations after generation 0, so that the history holds ``generations + 1`` of them.
        replicates : int, default 1
            Independent repetitions.
        seed : int, default 0
            Seed; the same seed gives the same numbers on any number of processes.
        probes : sequence of Probe or str, optional
            What to measure, by object or by name; what suits the data when not given.
        every : int, default 1
            Read the probes at every so many generations only (and at the first and the last).
        snapshots : sequence of int, default ()
            Generations of replicate 0 of which some written records are kept to be looked at.
        n_jobs : int, optional
            Processes; -1 for all cores. One when not given; with Ray, all cores of the cluster.
        engine : {"processes", "ray", "inline"}, default "processes"
            What does the work; it has no influence on the numbers. See `workers.run`.
        store : path, optional
            Folder for finished pieces and checkpoints. A run that was stopped, at any point, goes
            on from there and gives the same bytes.
        progress : callable, optional
            Called with (generations done, generations in all).

        Returns
        -------
        History
            Readings by replicate and generation.

        Raises
        ------
        InputError
            If a number is out of range or a probe cannot read these data.
        StoreError
            If the store is damaged, unwritable, or belongs to another run.
        """
        from modelcollapse.engine import run_all

        histories = run_all(
            {"": self},
            generations=generations,
            replicates=replicates,
            seed=seed,
            probes=probes,
            every=every,
            snapshots=snapshots,
            n_jobs=n_jobs,
            engine=engine,
            store=store,
            progress=progress,
        )
        return histories[""]

    def half_life(self) -> float:
        """Generations in which the typical variance halves, by theory; see `predict`.

        Raises
        ------
        NoTheorem
            If no theorem covers the lineage.
        """
        from modelcollapse.prediction import half_life

        return half_life(self)

    def spec(self) -> dict[str, Any]:
        """Plain data that `from_spec` rebuilds the lineage from.

        A part that is an arbitrary Python object, such as a lambda, appears as ``opaque``: the
        record says what it was, but makes no promise of a re-run.
        """
        from modelcollapse.registry import describe

        spec: dict[str, Any] = describe(self)
        return spec

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Lineage:
        """Lineage that `spec` describes.

        Raises
        ------
        SpecError
            If a field is unknown, missing, of the wrong type, or opaque; it names the field.
        """
        from modelcollapse.registry import build_lineage

        return build_lineage(spec)


def _checked(corpus: Any, policy: Any) -> Corpus:
    if not isinstance(corpus, Corpus):
        raise Incompatible(
            f"the policy {name_of(policy)} returned {type(corpus).__name__} instead of a Corpus. "
            "Return what draw gives, e.g. corpus + draw.synthetic(100)."
        )
    return corpus
