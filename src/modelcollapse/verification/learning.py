"""Verifiers that have to see records before they can score any."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from modelcollapse.errors import InputError
from modelcollapse.fingerprint import fingerprint
from modelcollapse.protocols import Learning, Verifier, name_of
from modelcollapse.shards import Records
from modelcollapse.store import Store
from modelcollapse.verification.influence import Influence
from modelcollapse.verification.keys import Key
from modelcollapse.verifiers.scored import Batch


def learnt(
    verifier: Learning, key: Key, records: Records, folder: Path, batch: int, resume: str
) -> tuple[Verifier, Key]:
    """Verifier that has learnt from the records, once, and a key that says what.

    What it has learnt is kept for a run that goes on; ``resume="never"`` learns anew.
    """
    store = Store(folder / "learnt")
    # With all settings: what was learnt holds those that change no score as well, and uses them.
    settings = fingerprint(key.spec)[:12]
    name = f"{key.folder}-{records.digest[:12]}-{settings}"
    found: Verifier | None = None if resume == "never" else store.load(name)
    if found is None:
        found = verifier.learn(batches_of(records, batch))
        if not isinstance(found, Verifier):
            raise InputError(
                f"{name_of(verifier)} has learnt a {type(found).__name__}, which cannot score. "
                "What learn() returns is a verifier."
            )
        # One that cannot be kept can still score, in this process.
        with suppress(pickle.PicklingError, AttributeError, TypeError):
            store.save(name, found)
    return found, replace(key, learnt=Influence(found, whole=True).content)


def batches_of(records: Records, size: int) -> Callable[[], Iterator[Batch]]:
    """All records, again with every call."""

    def batches() -> Iterator[Batch]:
        for piece in records.batches(size):
            if len(piece.rows):
                yield piece.batch

    return batches
