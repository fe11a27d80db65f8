"""One call of an OpenAI-compatible server: what it answered, or what became of the call."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from modelcollapse.errors import InputError, Missing
from modelcollapse.verifiers.judge.answers import shortened

_LATER = frozenset({408, 409, 425, 429})  # and all from 500 on: ask again later
_LARGEST = 1 << 24  # bytes of a reply
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Reply:
    """What a model answered.

    Attributes
    ----------
    content : str
        The answer.
    finish : str or None
        Why the model stopped writing.
    tokens : int or None
        Tokens of prompt and answer, where the server counts them.
    """

    content: str
    finish: str | None
    tokens: int | None


class Passing(Exception):
    """A call that may succeed later.

    Parameters
    ----------
    message : str
        What happened.
    seconds : float, default 0.0
        How long the server asks to wait.
    billed : bool, default True
        Whether the model may have worked for it.
    """

    def __init__(self, message: str, seconds: float = 0.0, *, billed: bool = True) -> None:
        super().__init__(message)
        self.seconds, self.billed = seconds, billed


class Unreachable(Passing):
    """Nobody takes calls at the address."""


class Refused(Exception):
    """A call that the server will never answer, for a reason that lies in the record."""


def check_address(base_url: str) -> None:
    """Refuse what is no address of a server, or holds a secret.

    Raises
    ------
    InputError
        If it has no scheme or host, or a password or query.
    """
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InputError(
            f"Judge got base_url = {base_url!r}, which is no address of a server. Use one such as "
            "http://localhost:8000/v1."
        )
    if parts.username or parts.password or parts.query:
        raise InputError(
            "Judge got a base_url with a password or a query in it, which would be written into "
            "specs and messages. Put the key into an environment variable and name it with "
            "api_key_env."
        )


def key_from(variable: str | None) -> str | None:
    """Key that an environment variable holds, if any.

    Raises
    ------
    InputError
        If it cannot be sent.
    """
    key = os.environ.get(variable, "").strip() if variable else ""
    if not (key.isascii() and key.isprintable()):
        raise InputError(
            f"the key in the environment variable {variable} holds characters that cannot be "
            "sent. Set it again."
        )
    return key or None


class Server:
    """Connections to one server; use it as a context, from as many threads as you like.

    Parameters
    ----------
    base_url : str
        Address, up to ``/v1``.
    model : str
        Name of the model, for messages.
    variable : str or None
        Environment variable that holds the key.
    timeout : float
        Seconds that a whole call may take.
    connections : int
        Most connections at a time.
    """

    def __init__(
        self, base_url: str, model: str, variable: str | None, timeout: float, connections: int
    ) -> None:
        try:
            import httpx
        except ImportError as error:
            raise Missing("a judge", "httpx", "judge") from error
        self._httpx = httpx
        self.address, self._model = base_url.rstrip("/"), model
        self._variable, self._key = variable, key_from(variable)
        self._timeout = timeout
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._client = httpx.Client(
            headers=headers,
            timeout=timeout,
            limits=httpx.Limits(max_connections=connections),
            # A proxy for the outside world cannot reach a server on this machine.
            trust_env=urlsplit(base_url).hostname not in _LOCAL,
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, body: bytes) -> Reply:
        """Send one request.

        Parameters
        ----------
        body : bytes
            JSON of the request.

        Raises
        ------
        Passing
            If it may succeed later.
        Refused
            If it never will.
        InputError
            If no request can succeed until the caller changes something.
        """
        httpx = self._httpx
        try:
            status, headers, content = self._exchange(body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable(self._hidden(str(error)) or "no connection", billed=False) from None
        except httpx.TimeoutException:
            raise Passing(f"the server did not answer within {self._timeout:g} s") from None
        except httpx.TransportError as error:
            text = self._hidden(str(error)) or type(error).__name__
            raise Passing(f"the connection broke off ({text})") from None
        if status == 200:
            return self._reply(content, headers.get("content-type", ""))
        raise self._failure(status, headers.get("retry-after"), content)

    def _exchange(self, body: bytes) -> tuple[int, Any, bytes]:
        end = time.monotonic() + self._timeout
        received = bytearray()
        with self._client.stream("POST", f"{self.address}/chat/completions", content=body) as reply:
            for part in reply.iter_bytes():
                received += part
                # The client limits the wait for each part only; a trickle would never end.
                if time.monotonic() > end:
                    raise self._httpx.ReadTimeout("too slow")
                if len(received) > _LARGEST:
                    raise self._httpx.RemoteProtocolError("the reply has no end")
            return reply.status_code, reply.headers, bytes(received)

    def _reply(self, content: bytes, kind: str) -> Reply:
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            if "json" in kind:
                raise Passing("the reply is no whole JSON") from None
            raise self._wrong_address(f"it answers with {kind or 'something'}, not JSON") from None
        try:
            choice = found["choices"][0]
            message = choice["message"]
            text = message.get("content") or message.get("refusal") or ""
        except (KeyError, IndexError, TypeError, AttributeError):
            raise Refused(f"the server replied: {self._said(content)}") from None
        if isinstance(text, list):  # some servers answer in parts
            text = "".join(str(part.get("text", "")) for part in text if isinstance(part, dict))
        usage = found.get("usage")
        tokens = usage.get("total_tokens") if isinstance(usage, dict) else None
        finish = choice.get("finish_reason")
        return Reply(
            str(text),
            None if finish is None else str(finish),
            tokens if isinstance(tokens, int) and tokens >= 0 else None,
        )

    def _failure(self, status: int, wait: str | None, content: bytes) -> Exception:
        said = self._said(content)
        if status in (401, 403):
            has = "refuses the key" if self._key else "wants a key"
            place = (
                f"the environment variable {self._variable}"
                if self._variable
                else "an environment variable, and name it with api_key_env"
            )
            return InputError(
                f"the server at {self.address} {has} (HTTP {status}: {said}). Put a valid one into "
                f"{place}."
            )
        if status == 429 and "insufficient_quota" in said:
            return InputError(
                f"the account at {self.address} has no credit left (HTTP 429: {said}). Add some, "
                "then run again."
            )
        if status in _LATER or status >= 500:
            return Passing(f"HTTP {status}: {said}", _seconds(wait), billed=False)
        if status == 404 or 300 <= status < 400:
            return self._wrong_address(f"HTTP {status}: {said}")
        return Refused(f"the server refuses the request (HTTP {status}: {said})")

    def _wrong_address(self, why: str) -> InputError:
        return InputError(
            f"there is no model '{self._model}' to talk to at {self.address} ({why}). Check the "
            "model's name, and base_url, which usually ends in /v1."
        )

    def _said(self, content: bytes) -> str:
        text = content.decode("utf-8", "replace")
        try:
            found = json.loads(text)
            error = found.get("error", found.get("detail", found))
            text = str(error.get("message", error) if isinstance(error, dict) else error)
            code = error.get("code") if isinstance(error, dict) else None
            text = f"{code}: {text}" if isinstance(code, str) else text
        except (ValueError, AttributeError, RecursionError):
            pass
        return self._hidden(shortened(text) or "nothing more")

    def _hidden(self, text: str) -> str:
        """Text without the key, which some servers repeat."""
        return text.replace(self._key, "***") if self._key else text


def _seconds(wait: str | None) -> float:
    """Seconds in a Retry-After header, which holds a number or a date."""
    if wait is None:
        return 0.0
    try:
        return max(0.0, float(wait))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(wait).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0
