"""Curate: choose which synthetic records enter the next training set, and mix it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.curation import audit as audits
from modelcollapse.curation import deciding, manifest, publishing
from modelcollapse.curation import spec as specs
from modelcollapse.curation.accounting import balance
from modelcollapse.curation.inputs import Inputs, Texts
from modelcollapse.curation.measuring import Measured, measure
from modelcollapse.curation.mixing import Mixed, mix
from modelcollapse.curation.output import Output
from modelcollapse.curation.result import Curation
from modelcollapse.curation.settings import RARITY
from modelcollapse.curation.spec import CurationSpec
from modelcollapse.curation.writing import is_spelt
from modelcollapse.errors import InputError, suggestion
from modelcollapse.seeds import generator
from modelcollapse.selection.duplicates import near_duplicates
from modelcollapse.selection.groups import no_candidates
from modelcollapse.selection.order import verifier_of
from modelcollapse.selection.pile import Pile
from modelcollapse.selection.rarity import rarity_bins
from modelcollapse.verification import RESUME, Scores, verify
from modelcollapse.verification.reasons import joined
from modelcollapse.workers import check_engine

Progress = Callable[[str, int, int], None]


def curate(
    what: CurationSpec | Mapping[str, Any] | str | Path,
    *,
    engine: str = "processes",
    n_jobs: int = 1,
    resume: str = "if-possible",
    overwrite: bool = False,
    progress: Progress | None = None,
    **changes: Any,
) -> Curation:
    """Select synthetic records, mix them with real ones, and write the next training set.

    Parameters
    ----------
    what : CurationSpec, mapping or path
        A parsed spec, what one would say, or a spec file.
    engine : {"processes", "ray", "inline"}, default "processes"
        What scores; it has no influence on what is written.
    n_jobs : int, default 1
        Processes that score; -1 for all cores.
    resume : {"if-possible", "always", "never"}, default "if-possible"
        Whether scores that are there are used, as for `verify`; and with ``"never"`` an output
        that is there is written anew, too.
    overwrite : bool, default False
        Whether the output of another curation may be replaced. Scores are kept and used again.
    progress : callable, optional
        Called with (what is being done, done, in all).
    **changes
        Fields of the spec to replace.

    Returns
    -------
    Curation
        What was written, and what there is to know of it.

    Raises
    ------
    SpecError
        If the spec asks for what makes no sense.
    InputError
        If records or labels cannot be read, or there are too few.
    StoreError
        If the output is another curation's, or cannot be written.

    Notes
    -----
    Every candidate ends in one state: kept, dropped by the rule, without a score, a duplicate,
    out of budget, or set aside. The output appears under its name only once the sum is checked
    and all of it is written. The same inputs, settings and versions give the same bytes.
    """
    if resume not in RESUME:
        raise InputError(f"resume is '{resume}'. {suggestion(resume, RESUME)}")
    check_engine(engine, n_jobs)
    spec = specification(what, changes)
    output = Output(spec.path(spec.output))
    labels = None
    if spec.audit is not None:
        labels = audits.read_labels(spec.audit, spec.path(spec.audit.file))
    inputs = Inputs.open(spec)
    wanted = manifest.wanted(inputs)
    before = output.settings()
    if before is not None and not overwrite:
        output.refuse_other(wanted, before)
        if resume != "never" and manifest.is_whole(output.path):
            return Curation.read(output.path)
    report = progress or (lambda what, done, total: None)
    selection = select(inputs, labels, engine=engine, n_jobs=n_jobs, resume=resume, progress=report)
    mixed = mixture(selection)
    measured = measure(selection, report)
    return _published(output, selection, mixed, measured, wanted, report)


def specification(
    what: CurationSpec | Mapping[str, Any] | str | Path, changes: Mapping[str, Any]
) -> CurationSpec:
    """Spec that was given in one of several ways, with some fields replaced."""
    if isinstance(what, str | Path):
        what = specs.read(what)
    elif isinstance(what, Mapping):
        return specs.parse({**what, **changes})
    return specs.but(what, changes) if changes else what


@dataclass(frozen=True, eq=False)
class Selection:
    """A selection among scored candidates.

    Attributes
    ----------
    inputs : Inputs
        What was read.
    scores : Scores
        As they are stored.
    pile : Pile
        What the rule saw.
    decided : Decided
        What it decided.
    finding : Finding or None
        What the labels say.
    """

    inputs: Inputs
    scores: Scores
    pile: Pile
    decided: deciding.Decided
    finding: audits.Finding | None

    @property
    def watched(self) -> list[str]:
        """Columns of groups that are reported on."""
        return [name for name in self.pile.groups if name != deciding.CLUSTERS]

    def rng(self, role: str) -> np.random.Generator:
        """Source of randomness for a purpose."""
        return source(self.inputs.spec, role)


def source(spec: CurationSpec, role: str) -> np.random.Generator:
    """Source of randomness of a curation for a purpose."""
    return generator(spec.seed, 0, spec.generation, f"curate {role}")


def select(
    inputs: Inputs, labels: audits.Labels | None, *, engine: str, n_jobs: int, resume: str,
    progress: Progress,
) -> Selection:  # fmt: skip
    """Score the candidates, as far as they are not scored yet, and choose among them."""
    spec = inputs.spec
    scores = verify(
        inputs.candidates.records, list(spec.verifiers), output=scores_folder(spec),
        engine=engine, n_jobs=n_jobs, resume=resume, progress=partial(progress, "scores"),
    )  # fmt: skip
    _refuse_none(scores, spec)
    progress("records", 0, 3)
    own_id = spec.audit is not None and spec.audit.id != "mc_id"
    ids = frozenset() if labels is None or not own_id else frozenset(labels.ids)
    inputs.look(ids)
    pile = _pile(inputs, scores)
    progress("records", 2, 3)
    decided = deciding.decide(spec, pile, why=_Reasons(scores, spec), rng=source(spec, "select"))
    unprompted = inputs.of("synthetic")[0][1].unprompted
    if unprompted:
        note = f"{unprompted:,} records have no prompt: each answers one of its own."
        decided = replace(decided, notes=(*decided.notes, note))
    said = (*decided.notes, *_absent(pile), *_spelt(inputs))
    notes = dict.fromkeys(said)  # a guard may have said it, too
    decided = replace(decided, notes=tuple(notes))
    finding = None
    if labels is not None:
        finding = _judged(inputs, labels, scores, pile, decided)
    progress("records", 3, 3)
    return Selection(inputs, scores, pile, decided, finding)


def mixture(selection: Selection) -> Mixed:
    """What enters the training set, from the selection and the other sources."""
    inputs = selection.inputs
    available, tokens = {}, {}
    for role in ("real", "previous"):
        surveys = [found for _, found in inputs.of(role)]
        ones = [np.where(found.real, 0, 1) if role == "previous" else np.ones(found.size)
                for found in surveys]  # fmt: skip
        available[role] = np.concatenate([*ones, np.zeros(0)]).astype(np.int64)
        counts = [found.tokens for found in surveys if found.tokens is not None]
        tokens[role] = np.concatenate([*counts, np.zeros(0, dtype=np.int64)])
    available["synthetic"] = selection.decided.fate.copies
    own = inputs.of("synthetic")[0][1].tokens
    if own is not None:
        tokens["synthetic"] = own
    return mix(
        inputs.spec.mix, available, tokens=None if own is None else tokens, rng=selection.rng
    )


def scores_folder(spec: CurationSpec) -> Path:
    """Where the scores of the candidates lie: beside them, unless the spec says otherwise."""
    if spec.scores is not None:
        return spec.path(spec.scores)
    first = spec.path(spec.synthetic[0])
    # Of a pattern, the folder in which it looks.
    fixed = list(takewhile(lambda part: not set(part) & set("*?["), first.parts))
    return Path(f"{Path(*fixed) if fixed else 'records'}.scores")


def _pile(inputs: Inputs, scores: Scores) -> Pile:
    looked = inputs.of("synthetic")[0][1]
    if len(scores) != looked.size:
        raise InputError(
            f"{len(scores):,} candidates were scored, but {looked.size:,} are there now: a file "
            "has changed meanwhile. Run the same command again."
        )
    prompts = None
    if looked.prompts is not None:
        prompts = np.unique(looked.prompts, return_inverse=True)[1].astype(np.int64)
    reference: dict[str, NDArray[np.int64]] = {}
    for name in inputs.names:
        if any(name in found.groups for _, found in inputs.of("real")):
            reference[name] = inputs.counted("real", name)
    groups = dict(looked.groups)
    names = {
        name: [word or "(none)" for word in found.code] for name, found in inputs.names.items()
    }
    spec = inputs.spec
    if spec.guard is not None and RARITY in spec.guard.groups and RARITY not in names:
        texts, real = Texts(inputs, "synthetic"), Texts(inputs, "real")
        groups[RARITY], reference[RARITY] = rarity_bins(texts, real if spec.real else texts)
        names[RARITY] = [f"tenth {number}" for number in range(1, 11)]
    if spec.duplicates is not None:
        groups[deciding.CLUSTERS] = near_duplicates(
            Texts(inputs, "synthetic"), threshold=spec.duplicates
        )
    scored = {name: scores[name] for name in scores.names}
    return Pile(scored, prompts, groups, names, reference)


def _refuse_none(scores: Scores, spec: CurationSpec) -> None:
    """Refuse to choose by a verifier that has scored nothing, with its reason."""
    by = verifier_of(spec.select) or (scores.names[0] if len(scores.names) == 1 else None)
    if by is None or scores.account(by).scored or not len(scores):
        return
    reason, count = next(iter(scores.account(by).without_score.items()))
    raise InputError(
        f"none of the {len(scores):,} candidates has a score of {by}, to choose by ({count:,} × "
        f"{reason}). Look into its settings, or choose by another verifier."
    )


def _absent(pile: Pile) -> list[str]:
    """What to say of groups that only real records belong to."""
    notes = []
    for column, real in pile.reference.items():
        there = np.bincount(pile.groups[column], minlength=real.size)
        names = [
            pile.names[column][code] for code in np.flatnonzero((there == 0) & (real > 0)).tolist()
        ]
        notes += no_candidates(column, names)
    return notes


def _spelt(inputs: Inputs) -> list[str]:
    """What to say of columns that are written in another form than they were read."""
    if inputs.spec.format != "parquet":
        return []
    return [
        f"Parquet has no type for the entries of '{name}': they are written as JSON."
        for name, kind in inputs.fields().items()
        if is_spelt(kind)
    ]


class _Reasons:
    """Why a record has no score, as its verifiers say."""

    def __init__(self, scores: Scores, spec: CurationSpec) -> None:
        self._scores, self._known = scores, {}  # type: Scores, dict[str, dict[int, str]]
        by = verifier_of(spec.select)
        self._names = [by] if by in scores.names else list(scores.names)

    def __call__(self, place: int) -> str:
        for name in self._names:
            if name not in self._known:
                self._known[name] = self._scores.reasons(name)
            if place in self._known[name]:
                return f"{name}: {self._known[name][place]}"
        return "it has no score"


def _judged(
    inputs: Inputs, labels: audits.Labels, scores: Scores, pile: Pile,
    decided: deciding.Decided,
) -> audits.Finding:  # fmt: skip
    spec = inputs.spec
    assert spec.audit is not None
    if spec.audit.id == "mc_id":
        places = _places(scores, labels.ids)
    else:
        known = inputs.of("synthetic")[0][1].places
        places = np.array([known.get(name, -1) for name in labels.ids], dtype=np.int64)
    groups = None
    if spec.columns.groups:
        name = spec.columns.groups[0]
        groups = (pile.groups[name], pile.names[name])
    return audits.judge(
        labels, places, decided.fate.copies > 0, groups=groups, prompts=pile.prompts,
        confidence=spec.audit.confidence, rng=source(spec, "audit"),
    )  # fmt: skip


def _places(scores: Scores, ids: list[str]) -> NDArray[np.int64]:
    """Positions of records by their identity, the first of equal ones; -1 where there is none."""
    known = scores.ids()
    wanted = np.array([name.encode() for name in ids], dtype=known.dtype)
    there = np.flatnonzero(np.isin(known, wanted))
    first: dict[bytes, int] = {}
    for place in there.tolist():
        first.setdefault(bytes(known[place]), place)
    return np.array([first.get(name.encode(), -1) for name in ids], dtype=np.int64)


def _published(
    output: Output, selection: Selection, mixed: Mixed, measured: Measured,
    wanted: Mapping[str, Any], progress: Progress,
) -> Curation:  # fmt: skip
    inputs = selection.inputs
    fate = deciding.without_room(selection.decided.fate, mixed.taken["synthetic"])
    root = output.begin()
    try:
        progress("writing", 0, 1)
        scores = selection.pile.scores
        written = publishing.write(root, inputs, fate, mixed.taken, scores, measured.examples)
        states = {state: joined([found]) for state, found in fate.by_reason().items()}
        aside = inputs.of("synthetic")[0][1].set_aside
        if aside:
            states["set aside"] = dict(aside.most_common())
        counts = balance(written.read, states, written.states)
        card = manifest.card(selection, mixed, measured, written, wanted, counts, states)
        manifest.write(root, inputs, card, written)
        output.publish()
    except BaseException:
        output.abandon()
        raise
    progress("writing", 1, 1)
    return Curation(output.path, card)
