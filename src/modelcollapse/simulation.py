"""Simulate: run lineages side by side, with common random numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from modelcollapse.comparison import Comparison
from modelcollapse.engine import run_all
from modelcollapse.errors import InputError
from modelcollapse.lineage import Lineage
from modelcollapse.protocols import Probe
from modelcollapse.spec import Simulation, read
from modelcollapse.store import Store


def simulate(
    what: Simulation | Mapping[str, Lineage] | str | Path,
    *,
    generations: int | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    probes: Sequence[Probe | str] | None = None,
    every: int | None = None,
    snapshots: Sequence[int] | None = None,
    n_jobs: int | None = None,
    engine: str = "processes",
    store: str | Path | Store | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Run several lineages and keep what the probes read.

    Parameters
    ----------
    what : Simulation, mapping of str to Lineage, or path
        A parsed spec, lineages by label, or a spec file.
    generations, replicates, seed, probes, every, snapshots
        As in `Lineage.run`; what the spec says when not given.
    n_jobs, engine, store, progress
        As in `Lineage.run`.

    Returns
    -------
    Comparison
        A history per lineage. Replicate `r` of each lineage saw the same real records.

    Examples
    --------
    >>> import modelcollapse as mc
    >>> lineage = mc.Lineage(mc.Gaussian().exact(), mc.GaussianMLE(), mc.Replace(50), size=50)
    >>> result = mc.simulate(
    ...     {"replace": lineage, "accumulate": lineage.but(policy=mc.Accumulate(50))},
    ...     generations=30, replicates=200,
    ... )
    >>> bool(result["replace"].band("variance").median[-1] < 0.5)
    True
    """
    if isinstance(what, str | Path):
        what = read(what)
    if not isinstance(what, Simulation):
        what = Simulation(dict(what))
    if not what.lineages:
        raise InputError("there are no lineages to simulate. Give at least one.")
    settings = what.but(
        generations=generations, replicates=replicates, seed=seed, every=every,
        snapshots=None if snapshots is None else tuple(snapshots),
    )  # fmt: skip
    return Comparison(
        run_all(
            settings.lineages,
            generations=settings.generations,
            replicates=settings.replicates,
            seed=settings.seed,
            probes=settings.probes if probes is None else probes,
            every=settings.every,
            snapshots=settings.snapshots,
            n_jobs=n_jobs,
            engine=engine,
            store=store,
            progress=progress,
        )
    )
