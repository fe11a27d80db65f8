"""Which scores that are there can be used again."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelcollapse.errors import InputError
from modelcollapse.shards import Records
from modelcollapse.verification import parts
from modelcollapse.verification.keys import FORMAT, Key, safe, versions
from modelcollapse.verification.parts import Part
from modelcollapse.verification.scores import MANIFEST, read_manifest

RESUME = ("if-possible", "always", "never")


def prepared(folder: Path, key: Key, records: Records, resume: str) -> dict[int, Part]:
    """Make the folder of a verifier ready, and find which shards it holds scores of.

    Parameters
    ----------
    folder : Path
        Output of the run.
    key : Key
        What the scores depend on.
    records : Records
        What is to be scored.
    resume : {"if-possible", "always", "never"}
        Whether scores that are there are used.

    Returns
    -------
    dict of int to Part
        Notes of the shards that need not be scored again. A file that is missing, cut off or
        changed, whose shard is another one by now, or with failures that may pass, is not among
        them.

    Raises
    ------
    InputError
        With ``"always"``, if there are no scores of these settings and records.
    """
    home = folder / "scores" / key.folder
    manifest = read_manifest(home / MANIFEST)
    old = resume == "never" or manifest is None or manifest.get("records") != records.digest
    if resume == "always":
        _insist(folder, home, key, records, manifest is not None)
    if old:
        _begin(home, key)
    parts.clear(home, 0 if resume == "never" else sys.maxsize)
    _move(home, records)
    found = {}
    for shard in records.shards:
        path = parts.part_path(home, shard.index)
        note = parts.read_note(path)
        if note is None or not note.fits(shard):
            continue
        if note.file != shard.file:  # another file may hold the same, or it has a new name
            note = replace(note, file=shard.file)
            parts.write_note(path, note)
        # What failed for a reason that may be gone by now is tried again.
        if not note.passing and parts.file_digest(path) == note.output:
            found[shard.index] = note
    if not old and len(found) < len(records.shards):
        _begin(home, key)
    return found


def _begin(home: Path, key: Key) -> None:
    """Say that scores are incomplete, before any of their files is replaced."""
    start = {
        "format": FORMAT, "finished": False, "verifier": key.plain(), "versions": versions(),
    }  # fmt: skip
    parts.write_text(home / MANIFEST, json.dumps(start, indent=1, ensure_ascii=False) + "\n")


def _insist(folder: Path, home: Path, key: Key, records: Records, known: bool) -> None:
    """Refuse to go on from scores of other settings or records."""
    if not known:
        before = _nearest(folder, key)
        if before is None:
            raise InputError(
                f"there are no scores of {key.name} in {folder} to go on from, which resume="
                "'always' asks for. Start with 'if-possible'."
            )
        raise InputError(
            f"the scores of {key.name} in {folder} are no use: "
            f"{key.difference(before['verifier'])}. Score anew with resume='if-possible', or set "
            "it as it was."
        )
    for shard in records.shards:
        note = parts.read_note(parts.part_path(home, shard.index))
        if note is not None and not note.fits(shard):
            raise InputError(
                f"the records of {shard.file} from {shard.unit} {shard.first} on are not those "
                f"that {key.name} has scored in {folder}. Score them anew with "
                "resume='if-possible', or use the file as it was."
            )


def _nearest(folder: Path, key: Key) -> dict[str, Any] | None:
    """Manifest of the scores whose settings differ least; of several, the newest."""
    others = []
    for path in sorted((folder / "scores").glob(f"{safe(key.name)}@*/{MANIFEST}")):
        manifest = read_manifest(path)
        if manifest is not None:
            changes = len(list(key.changes(manifest["verifier"])))
            others.append((changes, -path.stat().st_mtime_ns, str(path), manifest))
    return min(others)[-1] if others else None


def _move(home: Path, records: Records) -> None:
    """Give parts the numbers that their shards have now, e.g. since a file came before theirs."""
    wanted: dict[str, list[int]] = {}  # files may hold the same
    for shard in records.shards:
        wanted.setdefault(parts.source_of(shard), []).append(shard.index)
    moves = []
    for note_path in sorted(home.glob("part-*.json")):
        path = note_path.with_suffix(".parquet")
        note = parts.read_note(path)
        places = [] if note is None or not path.exists() else wanted.get(note.source, [])
        if places and (new := parts.part_path(home, places.pop(0))) != path:
            moves.append((path, new))
    # By way of other names, since one part may go where another one is.
    for old, new in moves:
        parts.note_path(old).rename(home / f".{new.name}.note")
        old.rename(home / f".{new.name}")
    for _, new in moves:
        (home / f".{new.name}").rename(new)
        (home / f".{new.name}.note").rename(parts.note_path(new))
