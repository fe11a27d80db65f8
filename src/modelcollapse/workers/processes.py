"""Processes of this machine."""

from __future__ import annotations

import pickle
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modelcollapse.errors import ModelCollapseError
from modelcollapse.workers.shared import Shared, unbuildable, unsendable, with_file


def run_in_processes(
    function: Callable[..., Any],
    tasks: Sequence[Any],
    *,
    n_jobs: int,
    in_flight: int | None,
    shared: Shared | None,
    what: str,
) -> Iterator[Any]:
    """Results of a pool of processes, in the order of the tasks; see `running.run`."""
    from concurrent.futures.process import BrokenProcessPool

    from joblib import Parallel, delayed

    path = None
    try:
        path = None if shared is None else shared.write()
        if path is None:
            calls = (delayed(function)(task) for task in tasks)
        else:
            calls = (delayed(with_file)(function, task, path) for task in tasks)
        parallel = Parallel(
            n_jobs=n_jobs, return_as="generator", pre_dispatch=in_flight or "2*n_jobs"
        )
        with _uninterrupted():
            results = parallel(calls)
        try:
            for result in results:  # noqa: UP028 - which would close it with a warning
                yield result
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                results.close()
    except pickle.PicklingError as error:
        raise unsendable(what, _reason(error)) from error
    except BrokenProcessPool as error:
        if type(error).__name__ == "TerminatedWorkerError":
            raise ModelCollapseError(
                "a worker process was killed, most often because memory ran out. Run again with "
                "fewer processes; what was stored is kept."
            ) from error
        raise unbuildable(what, _reason(error)) from error
    finally:
        if path is not None:
            Path(path).unlink(missing_ok=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Start processes that an interruption from the keyboard, which reaches all, leaves alone.

    They are ended by this one, which says once what happened; each would print a traceback.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _reason(error: Exception) -> str:
    """Last line of what made joblib fail, whose cause is a traceback as text."""
    lines = str(error.__cause__ or error).strip('" \n').splitlines()
    return lines[-1] if lines else type(error).__name__
