"""What a curation would do, without scoring or writing anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse.curation import audit as audits
from modelcollapse.curation import manifest
from modelcollapse.curation.curating import scores_folder, source, specification
from modelcollapse.curation.inputs import Inputs
from modelcollapse.curation.mixing import mix
from modelcollapse.curation.output import Output
from modelcollapse.curation.spec import CurationSpec
from modelcollapse.protocols import Learning, Verifier
from modelcollapse.verification.keys import key_of
from modelcollapse.verification.scores import MANIFEST, read_manifest


@dataclass(frozen=True)
class Preview:
    """Numbers of a curation that can be known beforehand.

    Attributes
    ----------
    candidates, set_aside, prompts : int
        Records, malformed ones, and prompts (0 where no column is named).
    groups : mapping of str to int
        Number of groups by column.
    scored : mapping of str to bool
        Whether the scores of a verifier are there already.
    keep : int or None
        Records to keep, if that is a number.
    real, previous : int
        Records there are.
    rows : mapping of str to int
        Rows of the training set by source; empty where they depend on the selection.
    labels : int or None
        Labels in the audit file.
    """

    candidates: int
    set_aside: int
    prompts: int
    groups: Mapping[str, int]
    scored: Mapping[str, bool]
    keep: int | None
    real: int
    previous: int
    rows: Mapping[str, int]
    labels: int | None

    def to_json(self) -> str:
        """Plain data as JSON text."""
        return json.dumps(vars(self), indent=1, default=dict)

    def __repr__(self) -> str:
        first = f"{self.candidates:,} candidates"
        if self.set_aside:
            first += f", {self.set_aside:,} malformed ones set aside"
        if self.prompts:
            first += f", {self.prompts:,} prompts"
        first += "".join(f", {count} groups of {name}" for name, count in self.groups.items())
        lines = [
            first,
            *(f"  {name}: {'scored already' if there else 'to be scored'}"
              for name, there in self.scored.items()),
            "to keep: " + ("as many as the rule says" if self.keep is None else f"{self.keep:,}"),
            f"real records: {self.real:,}, earlier synthetic ones: {self.previous:,}",
        ]  # fmt: skip
        if self.labels is not None:
            lines.append(f"labels: {self.labels:,}")
        if self.rows:
            parts = ", ".join(f"{count:,} {name}" for name, count in self.rows.items() if count)
            lines.append(f"training set: {sum(self.rows.values()):,} records ({parts})")
        return "\n".join([*lines, "nothing was scored or written"])


def preview(
    what: CurationSpec | Mapping[str, Any] | str | Path, *, overwrite: bool = False, **changes: Any
) -> Preview:
    """Check a curation and count what it would work on, without scoring or writing.

    Parameters
    ----------
    what : CurationSpec, mapping or path
        A parsed spec, what one would say, or a spec file.
    overwrite : bool, default False
        As in `curate`.
    **changes
        Fields of the spec to replace.

    Returns
    -------
    Preview
        Counts.

    Raises
    ------
    InputError, StoreError
        As `curate` would before it scores.
    """
    spec = specification(what, changes)
    output = Output(spec.path(spec.output))
    labels = None
    if spec.audit is not None:
        labels = audits.read_labels(spec.audit, spec.path(spec.audit.file))
    inputs = Inputs.open(spec)
    before = output.settings()
    if before is not None and not overwrite:
        output.refuse_other(manifest.wanted(inputs), before)
    inputs.look()
    inputs.fields()
    looked = inputs.of("synthetic")[0][1]
    there = {role: sum(found.size for _, found in inputs.of(role)) for role in ("real", "previous")}
    keep = spec.count(looked.size)
    return Preview(
        candidates=looked.size,
        set_aside=sum(looked.set_aside.values()),
        prompts=0 if looked.prompts is None else len(np.unique(looked.prompts)),
        groups={name: int((codes.max(initial=-1)) + 1) for name, codes in looked.groups.items()},
        scored={verifier.name: _is_scored(verifier, inputs) for verifier in spec.verifiers},
        keep=keep,
        **there,
        rows=_rows(spec, keep, there),
        labels=None if labels is None else len(labels.ids),
    )


def _rows(spec: CurationSpec, keep: int | None, there: Mapping[str, int]) -> dict[str, int]:
    limit = spec.mix.limit
    if keep is None or (limit is not None and limit.tokens is not None):
        return {}
    counts = {**there, "synthetic": keep}
    ones = {role: np.ones(count, dtype=np.int64) for role, count in counts.items()}
    mixed = mix(spec.mix, ones, rng=lambda role: source(spec, role))
    return {role: mixed.count(role) for role in counts}


def _is_scored(verifier: Verifier, inputs: Inputs) -> bool:
    if isinstance(verifier, Learning):
        return False  # what it learns decides, and it has not learnt yet
    folder = scores_folder(inputs.spec) / "scores" / key_of(verifier, verifier.name).folder
    found = read_manifest(folder / MANIFEST)
    return (
        found is not None
        and bool(found.get("finished"))
        and found.get("records") == inputs.candidates.records.digest
    )
