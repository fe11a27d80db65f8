"""The one unit of work: the scores of one shard."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse.errors import InputError, ModelCollapseError
from modelcollapse.protocols import Verifier
from modelcollapse.shards import Piece, Shard, record_ids
from modelcollapse.store import replacing
from modelcollapse.verification import parts
from modelcollapse.verification.parts import Part, Writer
from modelcollapse.verification.reasons import Reasons
from modelcollapse.verifiers.scored import Batch, Scored


@dataclass(frozen=True)
class Task:
    """A shard, and the verifiers that have to score it.

    Parameters
    ----------
    shard : Shard
        What to score.
    output : str
        Folder for what is set aside.
    folders : mapping of int to str
        Folders for the scores, by the position of the verifier.
    batch : int
        Records that are scored at once, at most.
    """

    shard: Shard
    output: str
    folders: Mapping[int, str]
    batch: int


def score_shard(task: Task, verifiers: Sequence[tuple[str, Verifier]]) -> dict[int, Part]:
    """Score a shard and write the files, of which each is whole or absent.

    Parameters
    ----------
    task : Task
        What to do.
    verifiers : sequence of (str, Verifier)
        All verifiers of the run, with their names.

    Returns
    -------
    dict of int to Part
        Notes of what was written, by the position of the verifier.
    """
    from threadpoolctl import threadpool_limits

    # One thread: sums in another order would change the last bits of the results.
    with threadpool_limits(limits=1), ExitStack() as stack:
        return _score(task, {i: verifiers[i] for i in task.folders}, stack)


def _score(
    task: Task, verifiers: Mapping[int, tuple[str, Verifier]], stack: ExitStack
) -> dict[int, Part]:
    shard = task.shard
    writers: dict[int, Writer] = {}
    paths = {i: parts.part_path(Path(folder), shard.index) for i, folder in task.folders.items()}
    temporary = {}
    for i, (name, _) in verifiers.items():
        # A note must never stand beside scores that it does not describe.
        parts.note_path(paths[i]).unlink(missing_ok=True)
        temporary[i] = stack.enter_context(ExitStack())
        file = temporary[i].enter_context(replacing(paths[i]))
        writers[i] = Writer(file, name)
        temporary[i].callback(writers[i].abandon)
    kinds: dict[str, Sequence[Any]] = {}
    aside = Reasons()
    aside_file = parts.aside_path(Path(task.output), shard.index)
    with ExitStack() as asides:
        lines: Any = None
        first = True
        for piece in shard.batches(task.batch):
            if piece.set_aside and lines is None:
                target = asides.enter_context(replacing(aside_file))
                lines = asides.enter_context(target.open("w", encoding="utf-8"))
            for each in piece.set_aside:
                lines.write(json.dumps(asdict(each), ensure_ascii=False) + "\n")
                aside.add(each.reason)
            kinds.update(piece.kinds)
            if len(piece.rows):
                _add(piece, verifiers, writers, first and shard.index == 0)
                first = False
    if not aside.counts():
        aside_file.unlink(missing_ok=True)
    found = {}
    for i, writer in writers.items():
        writer.close()
        temporary[i].close()
        found[i] = Part(
            file=shard.file, first=shard.first, source=parts.source_of(shard),
            output=parts.file_digest(paths[i]) or "", scored=writer.scored,
            reasons=writer.reasons.counts(), set_aside=aside.counts(),
            aside=parts.file_digest(aside_file) or "", kinds=kinds, passing=writer.passing,
        )  # fmt: skip
        parts.write_note(paths[i], found[i])
    return found


def _add(
    piece: Piece,
    verifiers: Mapping[int, tuple[str, Verifier]],
    writers: Mapping[int, Writer],
    first: bool,
) -> None:
    ids = record_ids(piece.batch)
    for i, (name, verifier) in verifiers.items():
        scored = score(verifier, name, piece.batch, len(piece.rows), first=first)
        writers[i].add(piece.rows, ids, scored.scores, scored.failures, scored.details)
        writers[i].passing += len(scored.passing)


def score(
    verifier: Verifier, name: str, batch: Batch, records: int, *, first: bool = False
) -> Scored:
    """Scores of a batch; if the verifier fails, of each record by itself.

    Parameters
    ----------
    verifier, name
        The verifier, and its name for messages.
    batch : mapping of str to sequence
        Records.
    records : int
        How many there are.
    first : bool, default False
        Whether nothing was scored before: then failing on everything, always with the same
        error, is a fault of the verifier or of what it needs, not of the records.

    Returns
    -------
    Scored
        A record on which the verifier fails has NaN and the error as its reason.

    Raises
    ------
    InputError
        If the verifier refuses the records as such, does not score every one, or fails on all
        of the first ones.
    """
    found = _tried(verifier, name, batch, records)
    if isinstance(found, Scored):
        return found
    if records == 1:
        return _failed(found)
    singly = ({key: [column[i]] for key, column in batch.items()} for i in range(records))
    each = [_tried(verifier, name, one, 1) for one in singly]
    errors = [one for one in each if isinstance(one, Exception)]
    if first and len(errors) == records and len(set(map(type, errors))) == 1:
        raise InputError(
            f"{name} fails on every one of the first {records} records ({_said(errors[0])}). Mend "
            "it, or what it needs. Where records are at fault, have it give NaN and a reason."
        ) from errors[0]
    whole = [_failed(one) if isinstance(one, Exception) else one for one in each]
    names = dict.fromkeys(key for one in whole for key in one.details)
    return Scored(
        np.concatenate([one.scores for one in whole]),
        {i: one.failures[0] for i, one in enumerate(whole) if one.failures},
        {key: [one.details[key][0] if key in one.details else None for one in whole]
         for key in names},
        frozenset(i for i, one in enumerate(whole) if one.passing),
    )  # fmt: skip


def _tried(verifier: Verifier, name: str, batch: Batch, records: int) -> Scored | Exception:
    try:
        return _checked(verifier.score(batch), name, records)
    except (ModelCollapseError, MemoryError):
        raise
    except Exception as error:
        return error


def _failed(error: Exception) -> Scored:
    passing = frozenset({0} if _may_pass(error) else ())
    return Scored(np.array([np.nan]), {0: _said(error)}, {}, passing)


def _may_pass(error: BaseException | None) -> bool:
    """Whether a failure comes of a network, a device or a clock, and not of the record."""
    while error is not None:
        if isinstance(error, OSError) and not isinstance(error, _LASTING):
            return True
        # Clients of networks raise errors of their own from those of the system.
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


_LASTING = (
    FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError,
)  # fmt: skip
"""Errors of the system that a record brings about by what it names."""


def _checked(found: Scored, name: str, records: int) -> Scored:
    if found.scores.size != records:
        raise InputError(
            f"{name} gave {found.scores.size} scores for {records} records. A verifier gives each "
            "record one, NaN where there is none."
        )
    return found


def _said(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}"[:200] if lines else type(error).__name__
