"""The command line. Exit codes: 0 fine, 1 a check failed, 2 wrong usage or bad input."""

# Commands join the application when their module is imported; help lists them in this order.
from modelcollapse.cli._app import app

from modelcollapse.cli import simulation, theory, ridge, decomposition, verification  # isort: skip
from modelcollapse.cli import curation, auditing  # isort: skip
from modelcollapse.cli import reproduction, health  # isort: skip

__all__ = [
    "app", "auditing", "curation", "decomposition", "health", "main", "reproduction", "ridge",
    "simulation", "theory", "verification",
]  # fmt: skip


def main() -> None:
    """Entry point."""
    app()
