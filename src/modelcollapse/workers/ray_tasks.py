"""Tasks of Ray Core, on a cluster or on this machine."""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from modelcollapse.errors import InputError, Missing, ModelCollapseError
from modelcollapse.workers.shared import Shared, unsendable

RETRIES = 3
"""How often a task is done again whose worker or node is lost."""

PATIENCE = 10.0
"""Seconds in which a cluster has to answer at all."""


def library() -> Any:
    """Ray, which is told not to report on its use.

    Raises
    ------
    Missing
        If it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise Missing("the engine 'ray'", "ray", "ray") from None
    return ray


def run_on_ray(
    function: Callable[..., Any],
    tasks: Sequence[Any],
    n_jobs: int,
    in_flight: int | None,
    shared: Shared | None,
    address: str | None,
    what: str,
) -> Iterator[Any]:
    """Results of Ray tasks, in the order of the tasks; see `running.run`."""
    ray = library()
    with _joined(ray, address, n_jobs):
        # A function's own errors are answers and are not tried again.
        call = ray.remote(num_cpus=1, max_retries=RETRIES, scheduling_strategy="SPREAD")(function)
        order: deque[Any] = deque()
        running: set[Any] = set()
        try:
            rest = () if shared is None else (ray.put(shared.value),)
            for task in tasks:
                while len(running) >= (in_flight or _most(ray, n_jobs)):
                    running -= set(ray.wait(list(running), num_returns=1)[0])
                    while order and order[0] not in running:
                        yield _result(ray, order.popleft())
                order.append(call.remote(task, *rest))
                running.add(order[-1])
            while order:
                yield _result(ray, order.popleft())
        except TypeError as error:
            if "erializ" not in str(error):
                raise
            raise unsendable(what, _first_line(error)) from error
        finally:
            for left in order:
                ray.cancel(left, force=True)


def _result(ray: Any, task: Any) -> Any:
    errors = ray.exceptions
    try:
        return ray.get(task)
    except errors.RayTaskError as error:
        raise error.cause from None
    except (errors.WorkerCrashedError, errors.OutOfMemoryError, errors.NodeDiedError) as error:
        raise ModelCollapseError(
            f"a worker was killed, and killed again when its work was done anew ({RETRIES} times), "
            "most often because memory ran out. Run again with fewer at once (n_jobs); what was "
            "stored is kept."
        ) from error
    except errors.RayError as error:
        raise ModelCollapseError(
            f"Ray could not do a piece of the work ({_first_line(error)}). What was stored is "
            "kept: run again once the cluster is well."
        ) from error


@contextmanager
def _joined(ray: Any, address: str | None, n_jobs: int) -> Iterator[None]:
    """Be part of a cluster; leave it only if it was not joined before."""
    if ray.is_initialized():
        yield
        return
    # Without an address Ray would attach to whatever cluster the machine has on record.
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    _knock(address)
    cores = {"num_cpus": n_jobs} if address == "local" and n_jobs > 0 else {}
    try:
        ray.init(
            address=address, include_dashboard=False if address == "local" else None,
            log_to_driver=False, logging_level="ERROR", configure_logging=True, **cores,
        )  # fmt: skip
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise _unreachable(address, _first_line(error)) from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Check that somebody answers at an address, for which Ray would wait for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreachable(address, reason) from error


def _unreachable(address: str, reason: str) -> InputError:
    return InputError(
        f"the Ray cluster at '{address}' cannot be joined ({reason}). Check the address and, if "
        "the cluster asks for a token, that RAY_AUTH_MODE=token and the token are set for this "
        "process, too."
    )


def _most(ray: Any, n_jobs: int) -> int:
    """Tasks to be handed out; asked again and again, since nodes come and go."""
    return n_jobs if n_jobs > 0 else 2 * max(int(ray.cluster_resources().get("CPU", 1)), 1)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
