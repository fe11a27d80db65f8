"""One function over many tasks, on the engine of one's choice, with the same answer on each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from modelcollapse.errors import InputError, is_whole, suggestion
from modelcollapse.workers.processes import run_in_processes
from modelcollapse.workers.shared import Shared

Task = TypeVar("Task")
Result = TypeVar("Result")

ENGINES = ("processes", "ray", "inline")
"""Processes of this machine, tasks of Ray Core, or one task after the other in this process."""


def check_engine(engine: str, n_jobs: int | None) -> None:
    """Check the choice of an engine.

    Raises
    ------
    InputError
        If there is no such engine, or no process to do the work.
    Missing
        If it needs a package that is not installed.
    """
    if engine not in ENGINES:
        raise InputError(f"there is no engine '{engine}'. {suggestion(engine, ENGINES)}")
    if n_jobs is not None and (not is_whole(n_jobs) or n_jobs == 0):
        raise InputError(
            f"n_jobs is {n_jobs!r}, but the work needs a process. Use 1, or -1 for all cores."
        )
    if engine == "ray":
        from modelcollapse.workers.ray_tasks import library

        library()


def run(
    function: Callable[..., Result],
    tasks: Sequence[Task],
    *,
    engine: str = "processes",
    n_jobs: int | None = None,
    in_flight: int | None = None,
    shared: Shared | None = None,
    worth: float = 0.0,
    here: Callable[[Task], Result] | None = None,
    address: str | None = None,
    what: str = "the work",
) -> Iterator[Result]:
    """Apply a function to every task.

    Parameters
    ----------
    function : callable
        Called with a task, and with what is `shared` if anything is. The same function, with the
        same tasks, gives the same results on every engine.
    tasks : sequence
        What to call it with; small, and picklable unless they stay in this process.
    engine : {"processes", "ray", "inline"}, default "processes"
        Processes of this machine (of joblib); tasks of Ray Core, on a cluster or on this machine,
        where a task whose worker or node is lost is done again; or this process alone.
    n_jobs : int, optional
        Tasks at work at once; -1 for as many as there are cores. When not given, one, in this
        process; with Ray, all cores of the cluster.
    in_flight : int, optional
        Tasks that are handed out and not yet finished, at most; two for each process or core when
        not given.
    shared : Shared, optional
        What all tasks need, such as a model: sent to a worker once, not with every task.
    worth : float, default 0.0
        Seconds of work left, as the tasks done so far let expect, that are worth starting
        processes for; until then tasks are done in this process.
    here : callable, optional
        What to call instead in this process, where more can be reported.
    address : str, optional
        Ray cluster to join. When not given: the one joined already, else the one that the
        variable ``RAY_ADDRESS`` names, else one of this machine, for as long as the work takes.
    what : str, default "the work"
        What the function and its tasks are, for messages.

    Yields
    ------
    object
        Results in the order of the tasks, whatever the order in which they were finished.

    Raises
    ------
    ModelCollapseError
        If a worker was killed, and, with Ray, again whenever its task was tried anew. Errors of
        the function itself come out as they are.
    InputError
        If the function or a task cannot travel to another process.
    """
    check_engine(engine, n_jobs)
    if engine == "ray":
        from modelcollapse.workers.ray_tasks import run_on_ray

        jobs = -1 if n_jobs is None else n_jobs
        return run_on_ray(function, tasks, jobs, in_flight, shared, address, what)
    rest = () if shared is None else (shared.value,)
    call: Callable[[Task], Result] = here or (lambda task: function(task, *rest))
    if engine == "inline" or n_jobs is None or n_jobs == 1:
        return map(call, tasks)
    pool = partial(
        run_in_processes, function, n_jobs=n_jobs, in_flight=in_flight, shared=shared, what=what
    )
    return _begun_here(call, tasks, pool, worth)


def _begun_here(
    call: Callable[[Task], Result],
    tasks: Sequence[Task],
    pool: Callable[[Sequence[Task]], Iterator[Result]],
    worth: float,
) -> Iterator[Result]:
    """Do tasks in this process until it is worth starting others."""
    started = time.monotonic()
    for done, task in enumerate(tasks):
        spent = time.monotonic() - started
        if not worth or (done and spent / done * (len(tasks) - done) > worth):
            yield from pool(tasks[done:])
            return
        yield call(task)
