"""One pure worker over independent pieces: replicates of lineages, on any engine.

The answer is the same bytes whatever the engine, the number of processes and the order in which
pieces finish: pieces are cut by the lineage, not by the machine, every random number has an
address, and linear algebra runs on one thread.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse import records
from modelcollapse.continued import continued
from modelcollapse.errors import InputError, ModelCollapseError, is_whole
from modelcollapse.fingerprint import fingerprint
from modelcollapse.generation import Generation, State
from modelcollapse.history import Ending, History, Snapshots
from modelcollapse.lineage import Lineage
from modelcollapse.probes import bind
from modelcollapse.protocols import Probe
from modelcollapse.sources import present
from modelcollapse.store import Store
from modelcollapse.workers import check_engine, run

SNAPSHOT_RECORDS = 64
"""Records kept of a generation that is to be looked at."""

POOL_SECONDS = 4.0
"""Work left, as the pieces done so far let expect, that is worth starting processes for."""


@dataclass(frozen=True)
class Task:
    """One piece of work: some replicates of one lineage."""

    label: str
    lineage: Lineage
    seed: int
    first: int
    replicates: int
    batched: bool
    probes: tuple[Probe, ...]
    read_at: tuple[int, ...]
    snapshots: tuple[int, ...]
    store: Store | None

    @property
    def name(self) -> str:
        """File name of the piece in a store, different for different labels."""
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in self.label)
        # Other labels may look the same once made safe, shortened, or without upper case.
        code = zlib.crc32(self.label.encode())
        return f"{safe[:40] or 'lineage'}-{code:08x}-{self.first:06d}-{self.replicates}"


@dataclass
class Piece:
    """What came of a task: readings of shape ``(replicates, generations read)``."""

    readings: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    alive: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    ending: Ending | None = None
    snapshots: Snapshots = field(default_factory=dict)


def run_all(
    lineages: Mapping[str, Lineage],
    *,
    generations: int,
    replicates: int = 1,
    seed: int = 0,
    probes: Sequence[Probe | str] | None = None,
    every: int = 1,
    snapshots: Sequence[int] = (),
    n_jobs: int | None = None,
    engine: str = "processes",
    store: str | Path | Store | None = None,
    progress: Callable[[int, int], None] | None = None,
    must_begin: bool = True,
) -> dict[str, History]:
    """Run several lineages with common random numbers; see `Lineage.run` for the parameters.

    With `must_begin`, a lineage without any model in generation 0 is a mistake of the caller.
    """
    for what, value, least in (
        ("generations", generations, 0),
        ("replicates", replicates, 1),
        ("every", every, 1),
        ("seed", seed, 0),
    ):
        if not is_whole(value) or value < least:
            raise InputError(f"{what} is {value!r}. Give a whole number of at least {least}.")
    check_engine(engine, n_jobs)
    if snapshots and min(snapshots) < 0:
        raise InputError(
            f"a snapshot of generation {min(snapshots)} was asked for, but generations are counted "
            "from 0. Remove it."
        )
    read_at = (*range(0, generations, every), generations)
    bound = {label: bind(probes, lineage) for label, lineage in lineages.items()}
    provenance = {
        label: {
            "lineage": lineage.spec(),
            "generations": generations,
            "every": every,
            "seed": seed,
            "probes": [describe_probe(probe) for probe in bound[label]],
        }
        for label, lineage in lineages.items()
    }
    if store is not None:
        store = store if isinstance(store, Store) else Store(store)
        # The spec names opaque parts and files only: their content belongs to the run as well.
        content = {label: _contents(lineage, bound[label]) for label, lineage in lineages.items()}
        store.claim({"lineages": provenance, "snapshots": sorted(snapshots), "objects": content})
    tasks = [
        Task(
            label=label,
            lineage=lineage,
            seed=seed,
            first=first,
            replicates=count,
            batched=batched,
            probes=bound[label],
            read_at=read_at,
            snapshots=tuple(snapshots) if first == 0 else (),
            store=store,
        )
        for label, lineage in lineages.items()
        for first, count, batched in _cuts(lineage, replicates)
    ]
    pieces: dict[str, list[Piece]] = {label: [] for label in lineages}
    try:
        results = _results(tasks, engine, n_jobs, generations, progress)
        for task, piece in zip(tasks, results, strict=True):
            pieces[task.label].append(piece)
            if store is not None and piece.ending is not None and piece.ending.generation == 0:
                store.discard(task.name + ".piece")  # nothing to keep
        for label, found in pieces.items() if must_begin else ():
            _require_beginning(label, found)
    except ModelCollapseError:
        if store is not None:
            store.release()
        raise
    return {
        label: _assemble(
            pieces[label], read_at, {**provenance[label], "replicates": replicates}, lineage
        )
        for label, lineage in lineages.items()
    }


def _require_beginning(label: str, pieces: Sequence[Piece]) -> None:
    """Raise where a lineage has no model in generation 0: nothing could be learnt from the run."""
    endings = [piece.ending for piece in pieces if piece.ending is not None]
    if len(endings) == len(pieces) and all(ending.generation == 0 for ending in endings):
        where = f" of '{label}'" if label else ""
        raise InputError(
            f"no model could be fitted in generation 0{where}: {endings[0].reason.rstrip('.')}. "
            "Give other data or another learner."
        )


def describe_probe(probe: Probe) -> Any:
    """Plain data that says what a probe reads."""
    from modelcollapse.registry import describe

    return describe(probe)


def _contents(lineage: Lineage, probes: tuple[Probe, ...]) -> dict[str, str]:
    parts = ("truth", "learner", "policy", "curator")
    digests = {part: fingerprint(getattr(lineage, part)) for part in parts}
    return {**digests, "probes": fingerprint(probes)}


def _cuts(lineage: Lineage, replicates: int) -> Iterator[tuple[int, int, bool]]:
    batch = lineage.batch
    for first in range(0, replicates, batch):
        yield first, min(batch, replicates - first), batch > 1


def _results(
    tasks: list[Task],
    engine: str,
    n_jobs: int | None,
    generations: int,
    progress: Callable[[int, int], None] | None,
) -> Iterator[Piece]:
    """Pieces in the order of their tasks."""
    each = generations + 1
    total = each * len(tasks)
    report = progress or (lambda done, total: None)
    begun = count()

    def here(task: Task) -> Piece:
        return work(task, partial(_tick, report, next(begun) * each, total))

    pieces = run(
        work, tasks, engine=engine, n_jobs=n_jobs, worth=POOL_SECONDS, here=here,
        what="a part of the lineage",
    )  # fmt: skip
    for done, piece in enumerate(pieces, 1):
        report(done * each, total)
        yield piece


def _tick(report: Callable[[int, int], None], base: int, total: int, index: int) -> None:
    report(base + index + 1, total)


def work(task: Task, tick: Callable[[int], None] | None = None) -> Piece:
    """Run one task, going on from its checkpoint if there is one."""
    from threadpoolctl import threadpool_limits

    store = task.store
    if store is not None:
        finished = store.load(task.name + ".piece")
        if finished is not None:
            # A kill between saving the one and discarding the other leaves both.
            store.discard(task.name + ".checkpoint")
            return finished  # type: ignore[no-any-return]
    # One thread: sums in another order would change the last bits of the results.
    with threadpool_limits(limits=1):
        piece = _run(task, tick)
    if store is not None:
        store.save(task.name + ".piece", piece)
        store.discard(task.name + ".checkpoint")
    return piece


def _run(task: Task, tick: Callable[[int], None] | None) -> Piece:
    store, last = task.store, task.read_at[-1]
    piece, state = Piece(), None
    piece.alive = np.zeros((task.replicates, len(task.read_at)), dtype=bool)
    if store is not None:
        saved: tuple[State, Piece] | None = store.load(task.name + ".checkpoint")
        if saved is not None:
            state, piece = saved
    column = {index: i for i, index in enumerate(task.read_at)}
    replicates = task.replicates if task.batched else None
    saved_at = time.monotonic()
    chain = task.lineage.generations(task.seed, task.first, replicates=replicates, after=state)
    if state is not None and state.index >= last:
        return piece
    for generation in chain:
        index = generation.index
        at = column.get(index)
        if at is not None:
            piece.alive[:, at] = generation.alive
            if generation.model is not None:
                _read(generation, task, piece, at)
        if generation.model is None:
            piece.ending = Ending(index, generation.reason)
            break
        # Sufficient statistics have no records to look at.
        if index in task.snapshots and not hasattr(generation.sample, "replicates"):
            piece.snapshots[index] = _snapshot(generation)
        if tick is not None:
            tick(index)
        if index == last:
            break
        if store is not None and time.monotonic() - saved_at >= store.checkpoint_seconds:
            store.save(task.name + ".checkpoint", (generation.state, piece))
            saved_at = time.monotonic()
    return piece


def _read(generation: Generation, task: Task, piece: Piece, at: int) -> None:
    for probe in task.probes:
        try:
            reading = probe(generation)
        except ModelCollapseError:
            raise
        except Exception as error:
            raise InputError(
                f"the probe {probe.name} failed at generation {generation.index} "
                f"({type(error).__name__}: {error}). Mend it, or leave it out."
            ) from error
        named = reading if isinstance(reading, Mapping) else {"": reading}
        for part, value in named.items():
            key = f"{probe.name}.{part}" if part else probe.name
            row = piece.readings.get(key)
            if row is None:
                row = np.full((task.replicates, len(task.read_at)), np.nan)
                piece.readings[key] = row
            row[:, at] = value


def _snapshot(generation: Generation) -> Any:
    """Continued prompts of a model that takes any, else the first of the evaluation sample."""
    prompted = continued(generation)
    if prompted is not None:
        return prompted
    sample = generation.sample
    shown = records.take(sample, np.arange(min(SNAPSHOT_RECORDS, records.size(sample))))
    return present(shown, getattr(generation.truth, "image_shape", None))


def _assemble(
    pieces: list[Piece], read_at: tuple[int, ...], provenance: dict[str, Any], lineage: Lineage
) -> History:
    names = list(dict.fromkeys(name for piece in pieces for name in piece.readings))
    readings = {}
    for name in names:
        missing = [np.full(piece.alive.shape, np.nan) for piece in pieces]
        rows = [p.readings.get(name, gap) for p, gap in zip(pieces, missing, strict=True)]
        readings[name] = np.concatenate(rows)
    endings: dict[int, Ending] = {}
    first = 0
    for piece in pieces:
        if piece.ending is not None:
            endings.update(dict.fromkeys(range(first, first + len(piece.alive)), piece.ending))
        first += len(piece.alive)
    return History(
        generations=np.array(read_at),
        readings=readings,
        alive=np.concatenate([piece.alive for piece in pieces]),
        endings=endings,
        snapshots=pieces[0].snapshots,
        provenance=provenance,
        lineage=lineage,
    )
