"""Engines: one function over many independent pieces of work, here or on a cluster."""

from modelcollapse.workers.running import ENGINES, check_engine, run
from modelcollapse.workers.shared import Shared

__all__ = ["ENGINES", "Shared", "check_engine", "run"]
