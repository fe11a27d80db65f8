"""Scores of records, as they lie beside the records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, StoreError, suggestion
from modelcollapse.shards.tables import arrow
from modelcollapse.verification import parts
from modelcollapse.verification.parts import Part
from modelcollapse.verification.quantiles import quantiles
from modelcollapse.verification.reasons import joined

MANIFEST = "manifest.json"

SHARES = {"min": 0.0, "5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95,
          "max": 1.0}  # fmt: skip
"""Quantiles of scores that are shown."""


@dataclass(frozen=True)
class Account:
    """Where every record of a verifier's scores has gone.

    Parameters
    ----------
    records : int
        Records found in the files, malformed ones included.
    scored : int
        Those with a score.
    without_score : mapping of str to int
        Those without, by reason.
    set_aside : mapping of str to int
        Malformed ones, by reason.
    """

    records: int
    scored: int
    without_score: Mapping[str, int]
    set_aside: Mapping[str, int]

    @property
    def failed(self) -> float:
        """Share of the records that have no score, malformed ones included."""
        return 1 - self.scored / self.records if self.records else 0.0

    def plain(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "records": self.records,
            "scored": self.scored,
            "without_score": dict(self.without_score),
            "set_aside": dict(self.set_aside),
        }


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of verifiers, aligned with the records as `open_records` gives them.

    Parameters
    ----------
    folder : Path
        Where they lie.
    runs : mapping of str to mapping
        Manifests of the verifiers, by name.
    reused : mapping of str to int, default empty
        Shards of which scores were there already, by verifier, when `verify` has just run.

    Examples
    --------
    ``scores["rougeL"]`` is an array with one number per record, NaN where there is no score.
    Records of shard `i` (``records.shards[i]``) stand at ``scores.offsets[i]`` and after.
    """

    folder: Path
    runs: Mapping[str, Mapping[str, Any]]
    reused: Mapping[str, int] | None = None

    @classmethod
    def read(cls, folder: str | Path, names: Sequence[str] | None = None) -> Scores:
        """Scores in a folder that `verify` has written.

        Parameters
        ----------
        folder : path
            Its output.
        names : sequence of str, optional
            Verifiers wanted; all of which there are scores of the same records, when not given.

        Raises
        ------
        InputError
            If there are no scores, or none of that name.
        StoreError
            If files are missing or damaged.
        """
        folder = Path(folder)
        known = read_manifest(folder / MANIFEST)
        if known is None:
            raise InputError(
                f"{folder} holds no finished scores. Make them with modelcollapse verify, or run "
                "it again if it was stopped."
            )
        wanted = list(known["verifiers"]) if names is None else list(names)
        runs = {}
        for name in wanted:
            if name not in known["verifiers"]:
                raise InputError(
                    f"{folder} holds no scores of '{name}'. {suggestion(name, known['verifiers'])}"
                )
            run = read_manifest(folder / known["verifiers"][name] / MANIFEST)
            if run is None or not run.get("finished"):
                raise StoreError(
                    f"the scores of '{name}' in {folder} are not complete. Run modelcollapse "
                    "verify again; what is there is kept."
                )
            runs[name] = {**run, "folder": known["verifiers"][name]}
        return cls(folder, runs)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the verifiers."""
        return tuple(self.runs)

    def __len__(self) -> int:
        """Count the records that are not malformed."""
        return int(self.offsets[-1])

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Positions at which shards begin, and where the last ends, shape ``(shards + 1,)``."""
        found = self.parts(self.names[0])
        return np.cumsum([0, *(part.records for _, part in found)], dtype=np.int64)

    def parts(self, name: str) -> list[tuple[Path, Part]]:
        """Files of scores of a verifier, one for each shard, with notes of what is in them."""
        run = self._run(name)
        folder = self.folder / run["folder"]
        notes = [Part(**note) for note in run["parts"]]
        return [(parts.part_path(folder, i), note) for i, note in enumerate(notes)]

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Scores of a verifier, shape ``(records,)``; NaN where a record has none."""
        found = list(self._columns(name, "mc_score"))
        scores = [np.asarray(each.to_numpy(zero_copy_only=False), np.float64) for each in found]
        return np.concatenate([np.zeros(0), *scores])

    def ids(self) -> NDArray[np.bytes_]:
        """Names of the records by their content, shape ``(records,)``, type ``S32``."""
        found = self._columns(self.names[0], "mc_id")
        empty = np.zeros(0, dtype="S32")
        return np.concatenate([empty, *(np.array(each.to_pylist(), dtype="S32") for each in found)])

    def rows(self) -> NDArray[np.int64]:
        """Lines or rows of the records in their files, counted from 1, shape ``(records,)``."""
        found = self._columns(self.names[0], "mc_row")
        empty = np.zeros(0, dtype=np.int64)
        return np.concatenate([empty, *(each.to_numpy() for each in found)])

    def reasons(self, name: str) -> dict[int, str]:
        """Why records have no score, by their position."""
        found: dict[int, str] = {}
        for start, column in zip(self.offsets, self._columns(name, "mc_reason"), strict=False):
            for i, reason in enumerate(column.to_pylist()):
                if reason is not None:
                    found[int(start) + i] = reason
        return found

    def details(self, name: str) -> dict[str, list[Any]]:
        """Further columns that the verifier gave, by name, with an entry for each record."""
        tables = [table for table in self._tables(name, None) if table.num_rows]
        own = dict.fromkeys(column for table in tables for column in table.column_names)
        return {
            column: [
                entry
                for table in tables
                for entry in (
                    table[column].to_pylist()
                    if column in table.column_names
                    else [None] * table.num_rows
                )
            ]
            for column in own
            if column not in ("mc_row", "mc_id", "mc_score", "mc_reason")
        }

    def account(self, name: str) -> Account:
        """Where every record has gone; the numbers are checked to add up when they are written."""
        return Account(**self._run(name)["account"])

    def quantiles(self, name: str, shares: Sequence[float]) -> list[float]:
        """Quantiles of the scores, in bounded memory; NaN if there are none."""

        def columns() -> Iterator[NDArray[np.float64]]:
            for each in self._columns(name, "mc_score"):
                yield np.asarray(each.to_numpy(zero_copy_only=False), np.float64)

        return quantiles(columns, shares)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: accounts, quantiles and settings of every verifier."""
        return {
            name: {
                **self.account(name).plain(),
                "quantiles": dict(self._run(name)["quantiles"]),
                "verifier": self._run(name)["verifier"],
                "folder": self._run(name)["folder"],
                **({"reused_shards": self.reused[name]} if self.reused is not None else {}),
            }
            for name in self.names
        }

    def __repr__(self) -> str:
        from modelcollapse.verification.table import table

        return table(self)

    def _run(self, name: str) -> Mapping[str, Any]:
        if name not in self.runs:
            raise InputError(f"there are no scores '{name}'. {suggestion(name, self.runs)}")
        return self.runs[name]

    def _columns(self, name: str, column: str) -> Iterator[Any]:
        for table in self._tables(name, [column]):
            yield table[column]

    def _tables(self, name: str, columns: list[str] | None) -> Iterator[Any]:
        pa = arrow()
        for path, note in self.parts(name):
            self._check(path, note)
            try:
                table = pa.parquet.ParquetFile(path).read(columns=columns, use_threads=False)
            except (OSError, pa.ArrowException) as error:
                raise _damaged(path) from error
            yield table

    def _check(self, path: Path, note: Part) -> None:
        """Refuse a file that is not the one its note is of; each is read for that once."""
        try:
            stat = path.stat()
            stamp = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if self._checked.get(path) != stamp and parts.file_digest(path) != note.output:
                raise _damaged(path)
        except OSError as error:
            raise _damaged(path) from error
        self._checked[path] = stamp

    @cached_property
    def _checked(self) -> dict[Path, tuple[int, int, int]]:
        return {}


def read_manifest(path: Path) -> dict[str, Any] | None:
    """Content of a manifest; None if there is none.

    Raises
    ------
    StoreError
        If it is damaged.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} is damaged ({error}). Delete it and run verify again.") from error
    return found


def accounted(name: str, records: int, notes: Sequence[Part]) -> Account:
    """Add up where the records went.

    Parameters
    ----------
    name : str
        The verifier.
    records : int
        Records that lie in the files of scores, or were set aside.
    notes : sequence of Part
        What was counted while they were written.

    Raises
    ------
    StoreError
        If the numbers do not add up.
    """
    account = Account(
        records=records,
        scored=sum(note.scored for note in notes),
        without_score=joined(note.reasons for note in notes),
        set_aside=joined(note.set_aside for note in notes),
    )
    counted = account.scored + sum((*account.without_score.values(), *account.set_aside.values()))
    if counted != records:
        raise StoreError(
            f"of {records} records, {counted} are accounted for in the scores of {name}. Files "
            "were changed while they were written: delete the folder of the scores and run again."
        )
    return account


def _damaged(path: Path) -> StoreError:
    return StoreError(
        f"{path} is missing or damaged. Run modelcollapse verify again: it makes what is missing "
        "anew and keeps the rest."
    )
