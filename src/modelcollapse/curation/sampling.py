"""Drawing the records that somebody should label, blind to what the selection says of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse.curation.audit import DRAWABLE, PROBABILITY
from modelcollapse.curation.curating import Progress, select, specification
from modelcollapse.curation.inputs import Inputs
from modelcollapse.curation.spec import CurationSpec
from modelcollapse.errors import StoreError
from modelcollapse.shards import record_ids
from modelcollapse.store import write_atomic
from modelcollapse.verifier_quality import Design, design


def draw_sample(
    what: CurationSpec | Mapping[str, Any] | str | Path,
    path: str | Path,
    *,
    kept_error: float = 0.25,
    dropped_error: float | None = 0.5,
    half_width: float | None = None,
    confidence: float = 0.95,
    power: float = 0.9,
    seed: int = 0,
    engine: str = "processes",
    n_jobs: int = 1,
    progress: Progress | None = None,
    **changes: Any,
) -> Design:
    """Write the records to label, for the verdicts on a curation, to a CSV file.

    Parameters
    ----------
    what : CurationSpec, mapping or path
        The curation that is to be judged.
    path : path
        File to write; it must not be there yet, since it might hold labels.
    kept_error, dropped_error, half_width, confidence, power, seed
        As in `modelcollapse.design`.
    engine, n_jobs, progress
        As in `curate`; candidates are scored as far as they are not scored yet.
    **changes
        Fields of the spec to replace.

    Returns
    -------
    Design
        How many records to label, and which.

    Raises
    ------
    StoreError
        If the file is there already, or cannot be written.
    InputError
        If all candidates are kept or none, or as in `modelcollapse.design`.

    Notes
    -----
    The file has a row per record, in random order: ``mc_id``, an empty ``label``, the prompt, the
    text and the reference, with which probability it was drawn, and how many of the candidates
    could be drawn at all. Neither score nor decision, so that they cannot sway whoever labels.
    """
    path = Path(path)
    if path.exists():
        raise StoreError(
            f"{path} is there already, and might hold labels. Choose another --output, or move it "
            "away."
        )
    spec = specification(what, changes)
    inputs = Inputs.open(spec)
    report = progress or (lambda what, done, total: None)
    selection = select(
        inputs, None, engine=engine, n_jobs=n_jobs, resume="if-possible", progress=report
    )
    score = selection.decided.score
    lowest = np.nanmin(score, initial=0.0) - 1.0
    drawn = design(
        selection.decided.fate.copies > 0,
        np.where(np.isnan(score), lowest, score),
        kept_error=kept_error,
        dropped_error=dropped_error,
        half_width=half_width,
        confidence=confidence,
        power=power,
        seed=seed,
    )
    write_atomic(path, _table(inputs, drawn).encode())
    return drawn


def _table(inputs: Inputs, drawn: Design) -> str:
    columns = inputs.spec.columns
    shown = [name for name in (columns.prompt, columns.text, columns.reference) if name]
    wanted = set(drawn.records.tolist())
    drawable = int(np.count_nonzero(drawn.probability))
    rows: dict[int, list[Any]] = {}
    begin = 0
    for texts, batch in inputs.texts("synthetic"):
        here = [place for place in wanted if begin <= place < begin + len(texts)]
        if here:
            some = {name: [values[i - begin] for i in here] for name, values in batch.items()}
            for i, (place, name) in enumerate(zip(here, record_ids(some), strict=True)):
                probability = repr(float(drawn.probability[place]))
                values = (some[column][i] for column in shown)
                rows[place] = [name, "", *values, probability, drawable]
        begin += len(texts)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["mc_id", "label", *shown, PROBABILITY, DRAWABLE])
    table.writerows(rows[place] for place in drawn.records.tolist())
    return out.getvalue()
