"""The output folder: whole or absent, and never another curation's."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelcollapse.errors import StoreError
from modelcollapse.verification.keys import differences

MANIFEST = "manifest.json"
CARD = "README.md"
CROISSANT = "croissant.json"
REPORT = "report.html"
DROPPED = "dropped"
SET_ASIDE = f"{DROPPED}/set_aside.jsonl"


class Output:
    """A folder that appears under its name once everything in it is written.

    Parameters
    ----------
    path : Path
        Where it is to be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._building = path.parent / f".{path.name}.building"
        self._replaced = path.parent / f".{path.name}.replaced"

    def settings(self) -> dict[str, Any] | None:
        """Settings, inputs and versions of the output that is there; None if there is none.

        Raises
        ------
        StoreError
            If there is something else.
        """
        if self._replaced.exists() and not self.path.exists():
            os.rename(self._replaced, self.path)  # killed between the two renamings
        if not self.path.exists():
            return None
        if not self.path.is_dir():
            raise StoreError(
                f"{self.path} is a file, but the output of curate is a folder. Choose another "
                "output."
            )
        manifest = self.path / MANIFEST
        if not manifest.exists():
            if any(self.path.iterdir()):
                raise StoreError(
                    f"{self.path} holds files that curate has not written, and they would be "
                    "lost. Choose another output, or empty the folder."
                )
            return None
        try:
            found: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
            return {key: found[key] for key in ("settings", "inputs", "versions")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{manifest} cannot be read, so it is not known which curation the folder belongs "
                "to. Choose another output, or delete the folder."
            ) from error

    def refuse_other(self, wanted: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Check that what is there comes of the same settings, files and versions.

        Raises
        ------
        StoreError
            If not; it names what differs.
        """
        plain = json.loads(json.dumps(wanted))
        for place, old, new in differences(before, plain, ""):
            where = place.removeprefix("settings.")
            change = f"its {where} is {_short(old)} and would be {_short(new)}"
            if where.startswith("inputs."):
                change = "its input files were others, or had another content"
            elif where.startswith("versions."):
                change = f"{where.removeprefix('versions.')} was {old} and is {new} now"
            raise StoreError(
                f"{self.path} holds the output of another curation: {change}. Choose another "
                "output, or add --overwrite to replace it (scores are kept and used again)."
            )

    def begin(self) -> Path:
        """Folder to write into; what a run that was killed has left there is deleted.

        Raises
        ------
        StoreError
            If it cannot be made.
        """
        try:
            shutil.rmtree(self._building, ignore_errors=True)
            self._building.mkdir(parents=True)
        except OSError as error:
            raise StoreError(
                f"cannot write to {self.path.parent}: {error.strerror or error}. Choose another "
                "output."
            ) from error
        return self._building

    def publish(self) -> None:
        """Give the folder its name; what had it before goes away."""
        if self.path.exists():
            shutil.rmtree(self._replaced, ignore_errors=True)
            os.rename(self.path, self._replaced)
        os.rename(self._building, self.path)
        shutil.rmtree(self._replaced, ignore_errors=True)

    def abandon(self) -> None:
        """Delete what was begun."""
        shutil.rmtree(self._building, ignore_errors=True)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
