"""Verify: let verifiers score records, and keep the scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from glob import has_magic
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse import registry
from modelcollapse.errors import InputError, is_whole, suggestion
from modelcollapse.protocols import Learning, Verifier, name_of
from modelcollapse.shards import Data, Records, open_records
from modelcollapse.shards.tables import arrow
from modelcollapse.verification import parts
from modelcollapse.verification.keys import FORMAT, Key, key_of, versions
from modelcollapse.verification.learning import learnt
from modelcollapse.verification.parts import Part
from modelcollapse.verification.resume import RESUME, prepared
from modelcollapse.verification.scores import (
    MANIFEST,
    SHARES,
    Scores,
    accounted,
    read_manifest,
)
from modelcollapse.verification.work import Task, score_shard
from modelcollapse.workers import Shared, check_engine, run

WORTH_SECONDS = 4.0
"""Work left, as the shards done so far let expect, that is worth starting processes for."""


def verify(
    data: Data,
    verifiers: Any,
    *,
    output: str | Path | None = None,
    engine: str = "processes",
    n_jobs: int | None = None,
    resume: str = "if-possible",
    batch: int = 1024,
    progress: Callable[[int, int], None] | None = None,
) -> Scores:
    """Score records, and keep the scores in files of their own beside them.

    Parameters
    ----------
    data : path, sequence of paths, or Records
        What `open_records` takes: files larger than memory are fine.
    verifiers : Verifier, name, mapping, or sequence of such
        Who scores: objects, or what a spec would say.
    output : path, optional
        Folder for the scores; the name of the data with ``.scores`` after it when not given.
    engine : {"processes", "ray", "inline"}, default "processes"
        What does the work; it has no influence on the bytes that are written. See `workers.run`.
    n_jobs : int, optional
        Processes; -1 for all cores. One when not given; with Ray, all cores of the cluster.
    resume : {"if-possible", "always", "never"}, default "if-possible"
        Whether scores that are there are used: where records and settings are the same; only all
        together, so that a changed setting or file is an error; or not at all.
    batch : int, default 1024
        Records scored at once, at most. It has no influence on the scores.
    progress : callable, optional
        Called with (shards done, shards in all).

    Returns
    -------
    Scores
        What was found. Every record is accounted for: scored, without a score, or set aside.

    Raises
    ------
    InputError
        If records or verifiers cannot be read, a verifier needs a column that is not there, a
        column changes its type, or `resume` is ``"always"`` and there is nothing to go on from.
    StoreError
        If the folder cannot be written.

    Notes
    -----
    A verifier that fails on a batch gets its records one by one; one on which it fails again has
    no score, and the error is the reason. Files are written whole or not at all, so a run that
    was killed, at any point, goes on where it was.
    """
    _check(resume, batch)
    check_engine(engine, n_jobs)
    chosen = _verifiers(verifiers)
    folder = _folder(data, output)
    records = open_records(data)
    for name, verifier in chosen.items():
        records.require(getattr(verifier, "columns", ()), name)
    keys = {name: key_of(verifier, name) for name, verifier in chosen.items()}
    for name, verifier in chosen.items():
        if isinstance(verifier, Learning):
            chosen[name], keys[name] = learnt(verifier, keys[name], records, folder, batch, resume)
            records.require(chosen[name].columns, name)
    held = {name: prepared(folder, key, records, resume) for name, key in keys.items()}
    notes = _scored(records, chosen, keys, held, folder, engine, n_jobs, batch, progress)
    finished = {name: _finish(folder, key, records, notes[name]) for name, key in keys.items()}
    _publish(folder, keys, records)
    return Scores(folder, finished, {name: len(found) for name, found in held.items()})


def _check(resume: str, batch: int) -> None:
    if resume not in RESUME:
        raise InputError(f"resume is '{resume}'. {suggestion(resume, RESUME)}")
    if not is_whole(batch) or batch < 1:
        raise InputError(f"batch is {batch!r}. Give a whole number of at least 1.")


def _verifiers(given: Any) -> dict[str, Any]:
    """Verifiers by name."""
    listed = given if isinstance(given, list | tuple) else [given]
    found: dict[str, Any] = {}
    for i, each in enumerate(listed):
        plain = isinstance(each, str | Mapping)
        verifier = registry.build("verifier", each, f"verifiers[{i}]") if plain else each
        if not isinstance(verifier, Verifier | Learning):
            raise InputError(
                f"{name_of(verifier)} is no verifier: it has no method 'score' or 'learn', or no "
                "name and columns. Name a built-in one, or see Verifier in the protocols."
            )
        name = getattr(verifier, "name", None) or name_of(verifier)
        if name in found:
            raise InputError(
                f"two verifiers have the name '{name}', so that their scores could not be told "
                "apart. Give one a label of its own."
            )
        found[name] = verifier
    if not found:
        raise InputError("there is no verifier to score with. Give at least one.")
    return found


def _folder(data: Data, output: str | Path | None) -> Path:
    if output is not None:
        return Path(output)
    one = data if isinstance(data, str | Path) else None
    if one is None or (has_magic(str(one)) and not Path(one).exists()):
        raise InputError(
            "several files have no common name to put their scores beside. Name a folder with "
            "output."
        )
    return Path(f"{str(one).rstrip('/')}.scores")


def _scored(
    records: Records,
    verifiers: Mapping[str, Any],
    keys: Mapping[str, Key],
    held: Mapping[str, Mapping[int, Part]],
    folder: Path,
    engine: str,
    n_jobs: int | None,
    batch: int,
    progress: Callable[[int, int], None] | None,
) -> dict[str, dict[int, Part]]:
    """Notes of all shards, by verifier; those that are not held yet are made."""
    names = list(verifiers)
    notes = {name: dict(held[name]) for name in names}
    tasks = []
    for shard in records.shards:
        missing = {
            i: str(folder / "scores" / keys[name].folder)
            for i, name in enumerate(names)
            if shard.index not in held[name]
        }
        if missing or _lost_aside(folder, shard.index, [held[name] for name in names]):
            tasks.append(Task(shard, str(folder.resolve()), _absolute(missing), batch))
    done = total = len(records.shards)
    done -= len(tasks)
    report = progress or (lambda done, total: None)
    shared = Shared([(name, verifiers[name]) for name in names])
    report(done, total)
    results: Iterator[dict[int, Part]] = run(
        score_shard, tasks, engine=engine, n_jobs=n_jobs, shared=shared, worth=WORTH_SECONDS,
        what="a verifier",
    )  # fmt: skip
    for task, found in zip(tasks, results, strict=True):
        for i, note in found.items():
            notes[names[i]][task.shard.index] = note
        done += 1
        report(done, total)
    return notes


def _absolute(folders: Mapping[int, str]) -> dict[int, str]:
    return {i: str(Path(folder).resolve()) for i, folder in folders.items()}


def _lost_aside(folder: Path, index: int, held: Sequence[Mapping[int, Part]]) -> bool:
    """Whether what was set aside of a shard is not there, or not as it was."""
    wanted = {found[index].aside for found in held if index in found}
    path = parts.aside_path(folder, index)
    return bool(wanted) and wanted != {parts.file_digest(path) or ""}


def _finish(folder: Path, key: Key, records: Records, notes: Mapping[int, Part]) -> dict[str, Any]:
    """Check that every record is accounted for, and write the manifest of a verifier."""
    home = folder / "scores" / key.folder
    ordered = [notes[shard.index] for shard in records.shards]
    account = accounted(key.name, _stored(home, ordered, records), ordered)
    manifest = {
        "format": FORMAT, "finished": True, "verifier": key.plain(), "versions": versions(),
        "account": account.plain(), "quantiles": {},
        "records": records.digest, "parts": [note.plain() for note in ordered],
    }  # fmt: skip
    scores = Scores(folder, {key.name: {**manifest, "folder": f"scores/{key.folder}"}})
    found = scores.quantiles(key.name, list(SHARES.values()))
    shown = [None if np.isnan(value) else value for value in found]
    manifest["quantiles"] = dict(zip(SHARES, shown, strict=True))
    parts.clear(home, len(ordered))
    parts.write_text(home / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return {**manifest, "folder": f"scores/{key.folder}"}


def _stored(home: Path, notes: Sequence[Part], records: Records) -> int:
    """Count the records that lie in the files, by what the files themselves say."""
    pa = arrow()
    count = 0
    for shard, note in zip(records.shards, notes, strict=True):
        path = parts.part_path(home, shard.index)
        rows = pa.parquet.read_metadata(path).num_rows
        aside = sum(note.set_aside.values())
        if shard.unit == "row" and shard.size is not None:
            count += shard.size
        else:
            count += rows + aside
    return count


def _publish(folder: Path, keys: Mapping[str, Key], records: Records) -> None:
    """Say in the manifest of the folder which scores belong to these records."""
    before = read_manifest(folder / MANIFEST) or {}
    same = before.get("records") == records.digest
    verifiers = {
        **(before["verifiers"] if same else {}),
        **{name: f"scores/{key.folder}" for name, key in keys.items()},
    }
    parts.clear(folder / "set_aside", len(records.shards))
    manifest = {
        "format": FORMAT, "files": list(records.files), "records": records.digest,
        "verifiers": verifiers,
    }  # fmt: skip
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    parts.write_text(folder / MANIFEST, text)
