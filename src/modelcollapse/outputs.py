"""Files that a simulation leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

from modelcollapse.comparison import Comparison
from modelcollapse.report import render, versions
from modelcollapse.spec import Simulation, to_yaml
from modelcollapse.store import write_atomic


def write_outputs(simulation: Simulation, comparison: Comparison, folder: str | Path) -> None:
    """Write ``report.html``, ``history.csv``, ``summary.json`` and ``spec.yaml``.

    Each file is written whole or not at all; the same run gives the same bytes.

    Parameters
    ----------
    simulation : Simulation
        What was run.
    comparison : Comparison
        What came of it.
    folder : path
        Made if it does not exist.

    Raises
    ------
    StoreError
        If a file cannot be written.
    """
    folder = Path(folder)
    spec = simulation.spec()
    summary = {**comparison.to_dict(), "spec": spec, "versions": versions()}
    page = render(comparison, spec=spec, probes=simulation.probes or ())
    comparison.to_csv(folder / "history.csv")
    write_atomic(folder / "spec.yaml", to_yaml(spec).encode())
    text = json.dumps(summary, indent=1, allow_nan=False) + "\n"
    write_atomic(folder / "summary.json", text.encode())
    write_atomic(folder / "report.html", page.encode())
