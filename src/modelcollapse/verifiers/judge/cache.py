"""Answers that have been paid for, and what has been spent: one SQLite file in a folder."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from modelcollapse.errors import StoreError
from modelcollapse.verifiers.judge.server import Reply

T = TypeVar("T")

NAME = "answers.sqlite"
_FORMAT = 1
_PATIENCE = 60.0  # seconds to wait for other processes

_TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    request TEXT PRIMARY KEY, content TEXT NOT NULL, finish TEXT, tokens INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (
    id INTEGER PRIMARY KEY CHECK (id = 0), calls INTEGER NOT NULL, tokens INTEGER NOT NULL
);
INSERT OR IGNORE INTO spent VALUES (0, 0, 0);
"""
_RESERVE = """
UPDATE spent SET calls = calls + 1, tokens = tokens + :tokens
WHERE calls + 1 <= coalesce(:most_calls, calls + 1)
  AND tokens + :tokens <= coalesce(:most_tokens, tokens + :tokens)
"""
_ADD = "UPDATE spent SET calls = calls + ?, tokens = tokens + ?"


class Answers:
    """Answers by request, shared by processes and kept through kills.

    Parameters
    ----------
    folder : path, optional
        Where the file lies, made if missing; answers last as long as this object when None.

    Raises
    ------
    StoreError
        If the file cannot be opened, or is something else.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self._path = None if folder is None else Path(folder) / NAME
        self._lock = RLock()
        self._waiting: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        try:
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self._path or ":memory:",
                timeout=_PATIENCE,
                isolation_level=None,
                check_same_thread=False,
            )
        except (OSError, sqlite3.Error) as error:
            raise self._broken(error) from error
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        found = self._rows("PRAGMA user_version")[0][0]
        if found not in (0, _FORMAT):
            raise StoreError(
                f"{self._path} was written in format {found}, but this version reads format "
                f"{_FORMAT}. Use the version that wrote it, or another folder."
            )
        if not found:
            script = f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_FORMAT}; COMMIT;"
            try:
                self._connection.executescript(script)
            except sqlite3.Error as error:
                raise self._broken(error) from error

    def __enter__(self) -> Answers:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, request: str) -> Reply | None:
        """Answer to a request, if it was ever given."""
        found = self._rows("SELECT content, finish, tokens FROM answers WHERE request = ?", request)
        return Reply(*found[0]) if found else None

    def put(self, request: str, reply: Reply, reserved: int) -> None:
        """Keep an answer, and count the tokens that it took in place of those reserved for it."""
        tokens = reserved if reply.tokens is None else reply.tokens
        row = (request, _storable(reply.content), reply.finish, reply.tokens)

        def store() -> None:
            self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row)
            self._connection.execute(_ADD, (0, tokens - reserved))

        self._write(store)

    def reserve(self, tokens: int, most_calls: int | None, most_tokens: int | None) -> bool:
        """Count one call more, unless that would exceed a budget."""
        values = {"tokens": tokens, "most_calls": most_calls, "most_tokens": most_tokens}
        return self._write(lambda: self._connection.execute(_RESERVE, values).rowcount == 1)

    def give_back(self, calls: int, tokens: int) -> None:
        """Take back what was counted for a call that came to nothing."""
        self._write(lambda: self._connection.execute(_ADD, (-calls, -tokens)))

    @property
    def spent(self) -> tuple[int, int]:
        """Calls and tokens so far, those of earlier runs in the folder included."""
        calls, tokens = self._rows("SELECT calls, tokens FROM spent")[0]
        return int(calls), int(tokens)

    def _write(self, change: Callable[[], T]) -> T:
        """Make a change, in one transaction with those that other threads wait to make.

        A transaction takes as long as the disk, whatever its size.
        """
        mine: Future[Any] = Future()
        self._waiting.append((change, mine))
        with self._lock:
            if not mine.done():
                self._commit()
        return mine.result()  # type: ignore[no-any-return]

    def _commit(self) -> None:
        changes = []
        while self._waiting:
            changes.append(self._waiting.popleft())
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            results = [change() for change, _ in changes]
            self._connection.execute("COMMIT")
        except Exception as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            shown = self._broken(error) if isinstance(error, sqlite3.Error) else error
            for _, future in changes:
                future.set_exception(shown)
            return
        for (_, future), result in zip(changes, results, strict=True):
            future.set_result(result)

    def _rows(self, statement: str, *values: str) -> list[Any]:
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise self._broken(error) from error

    def _broken(self, error: Exception) -> StoreError:
        return StoreError(
            f"the judge's answers in {self._path} cannot be read or written ({error}). Free the "
            "disk or mend its rights; if the file is damaged, delete it or name another folder."
        )


def _storable(text: str) -> str:
    """Text without halves of surrogate pairs, which SQLite cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
