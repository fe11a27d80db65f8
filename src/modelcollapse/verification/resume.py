"""Which scores that are there can be used again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

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
        changed, or whose shard is another one by now, is not among them.

    Raises
    ------
    InputError
        With ``"always"``, if there are no scores of these settings and records.
    """
    home = folder / "scores" / key.folder
    manifest = read_manifest(home / MANIFEST)
    if resume == "always":
        _insist(folder, home, key, records, manifest is not None)
    parts.clear(home, 0 if resume == "never" else sys.maxsize)
    if manifest is None:
        start = {
            "format": FORMAT, "finished": False, "verifier": key.plain(), "versions": versions(),
        }  # fmt: skip
        text = json.dumps(start, indent=1, ensure_ascii=False) + "\n"
        parts.write_text(home / MANIFEST, text)
    _move(home, records)
    found = {}
    for shard in records.shards:
        path = parts.part_path(home, shard.index)
        note = parts.read_note(path)
        if note is None or note.source != parts.source_of(shard):
            continue
        if parts.file_digest(path) == note.output:
            found[shard.index] = note
    return found


def _insist(folder: Path, home: Path, key: Key, records: Records, known: bool) -> None:
    """Refuse to go on from scores of other settings or records."""
    others = sorted((folder / "scores").glob(f"{safe(key.name)}@*/{MANIFEST}"))
    if not known:
        before = read_manifest(others[-1]) if others else None
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
        if note is not None and note.source != parts.source_of(shard):
            raise InputError(
                f"the records of {shard.file} from {shard.unit} {shard.first} on are not those "
                f"that {key.name} has scored in {folder}. Score them anew with "
                "resume='if-possible', or use the file as it was."
            )


def _move(home: Path, records: Records) -> None:
    """Give parts the numbers that their shards have now, e.g. since a file came before theirs."""
    wanted = {parts.source_of(shard): shard.index for shard in records.shards}
    moves = []
    for note_path in sorted(home.glob("part-*.json")):
        path = note_path.with_suffix(".parquet")
        note = parts.read_note(path)
        index = None if note is None else wanted.get(note.source)
        if index is not None and parts.part_path(home, index) != path and path.exists():
            moves.append((path, parts.part_path(home, index)))
    # By way of other names, since one part may go where another one is.
    for old, new in moves:
        parts.note_path(old).rename(home / f".{new.name}.note")
        old.rename(home / f".{new.name}")
    for _, new in moves:
        (home / f".{new.name}").rename(new)
        (home / f".{new.name}.note").rename(parts.note_path(new))
