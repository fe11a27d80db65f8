"""A folder in which a run survives being killed.

Every finished piece of work is one file, and so is the newest checkpoint of each unfinished one.
Files are written under a temporary name, then renamed, so a file is either whole or absent; each
begins with a digest of what follows, so damage is noticed. They are pickles: open only stores
that you or people you trust have written.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modelcollapse.errors import StoreError

FORMAT = 1


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Temporary file that takes another's place once it is complete.

    Raises
    ------
    StoreError
        If the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            # mkstemp makes private files; results are for whoever may read the folder.
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror or error}. Nothing that was there is lost. "
            "Free some space or choose another folder, then run the same command again."
        ) from error


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; a failed write leaves the previous file intact.

    Raises
    ------
    StoreError
        If the folder cannot be written or the disk is full.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


class Store:
    """Finished pieces and checkpoints of one run.

    Parameters
    ----------
    path : path
        Folder; made when first written to.
    checkpoint_seconds : float, default 5.0
        Least time between two checkpoints of a piece. It has no influence on results.
    """

    def __init__(self, path: str | Path, *, checkpoint_seconds: float = 5.0) -> None:
        self.path = Path(path)
        self.checkpoint_seconds = checkpoint_seconds

    def claim(self, run: Mapping[str, Any]) -> None:
        """Mark the folder as this run's, or check that it already is.

        Parameters
        ----------
        run : mapping
            Plain data that determines the results: spec, seed, generations, probes.

        Raises
        ------
        StoreError
            If the folder belongs to another run, or is unreadable.
        """
        text = json.dumps(run, sort_keys=True, indent=1, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()
        label = self.path / "run.json"
        if label.exists():
            try:
                found = json.loads(label.read_text())
                known, version, before = found["digest"], found["format"], found["run"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise StoreError(
                    f"{label} cannot be read, so it is not known which run the store belongs to. "
                    f"Delete the folder {self.path} to start anew."
                ) from error
            if version != FORMAT:
                raise StoreError(
                    f"{self.path} was written in store format {version}, but this version reads "
                    f"format {FORMAT}. Use the version that wrote it, or another folder."
                )
            if known != digest:
                raise StoreError(
                    f"{self.path} holds another run (its {_difference(before, run)} differs)"
                    ". Results of two runs cannot be mixed: choose another folder, or delete this "
                    "one."
                )
            return
        body = {"format": FORMAT, "digest": digest, "run": json.loads(text)}
        write_atomic(label, json.dumps(body, indent=1).encode())

    def release(self) -> None:
        """Give the folder up if nothing was saved in it, so that a mended run may have it."""
        label = self.path / "run.json"
        if [path.name for path in self.path.glob("*")] == [label.name]:
            label.unlink()
            self.path.rmdir()

    def load(self, name: str) -> Any | None:
        """Return what was saved under a name, None if nothing was.

        Raises
        ------
        StoreError
            If the file is damaged.
        """
        path = self.path / name
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}.") from error
        digest, payload = content[:64], content[65:]
        if hashlib.sha256(payload).hexdigest().encode() != digest:
            raise StoreError(
                f"{path} is damaged: its content does not match its checksum. Delete this file "
                "and run the same command again; only this piece is computed anew."
            )
        try:
            return pickle.loads(payload)
        except Exception as error:  # whatever the classes inside say to their old contents
            raise StoreError(
                f"{path} was written by another version of this package or of your own parts, and "
                f"cannot be read by this one ({error}). Delete the folder {self.path}, or use the "
                "version that wrote it."
            ) from error

    def save(self, name: str, value: Any) -> None:
        """Save a value under a name, replacing what was there."""
        payload = pickle.dumps(value, protocol=5)
        digest = hashlib.sha256(payload).hexdigest().encode()
        write_atomic(self.path / name, digest + b"\n" + payload)

    def discard(self, name: str) -> None:
        """Delete what was saved under a name, if anything."""
        (self.path / name).unlink(missing_ok=True)


def _difference(old: Any, new: Any) -> str:
    """Name of the first entry in which two records of a run differ."""
    if isinstance(old, Mapping):
        for key in sorted({*old, *new}):
            a, b = old.get(key), json.loads(json.dumps(new.get(key), default=str))
            if a != b:
                both = isinstance(a, Mapping) and isinstance(b, Mapping)
                inner = _difference(a, b) if both else ""
                return f"{key}.{inner}" if inner else str(key)
    return ""
