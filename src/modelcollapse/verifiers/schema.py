"""A rule for structured output: valid JSON, of the form asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, ClassVar

from modelcollapse.errors import InputError, Missing
from modelcollapse.verifiers.each import check_columns, is_missing, score_each, text_in
from modelcollapse.verifiers.scored import Batch, Scored, column


@dataclass(frozen=True)
class JsonSchema:
    """1 if a text is JSON that fits a schema, and 0 if not.

    Parameters
    ----------
    text : str, default "text"
        Column of the texts; lists and objects are taken as JSON that has been read already.
    schema : mapping, optional
        A JSON schema, of the draft that its ``$schema`` names (2020-12 when it names none). When
        not given, any JSON will do. It may refer to its own parts (``#/$defs/...``) only: nothing
        is fetched. Patterns in it can be slow, as in `Rules`; ``format`` is not checked.
    label : str, optional
        Name of the scores; ``"json_schema"`` when not given.

    Raises
    ------
    InputError
        If `schema` is no JSON schema, or refers to something that it does not hold.
    Missing
        If a schema is given and the package jsonschema is not installed.

    Notes
    -----
    The text must be JSON from end to end: no fences or words around it, no NaN, no single quotes.
    Beside the score stands ``fault``, what is wrong and where.

    Examples
    --------
    >>> verifier = JsonSchema(schema={"type": "object", "required": ["name"]})
    >>> found = verifier.score({"text": ['{"name": "Ada"}', '{"nome": 1}', "{"]})
    >>> found.scores.tolist(), found.details["fault"][1]
    ([1.0, 0.0, 0.0], "'name' is a required property")
    """

    libraries: ClassVar[tuple[str, ...]] = ("jsonschema",)

    text: str = "text"
    schema: Mapping[str, Any] | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        check_columns("JsonSchema", text=self.text)
        if self.schema is not None:
            _validator(self._written())

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.label or "json_schema"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return (self.text,)

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself."""
        return score_each(self._judge, column(batch, self.text, self.name), details=("fault",))

    def _judge(self, value: Any) -> tuple[float, str | None]:
        if isinstance(value, str) or is_missing(value):
            try:
                value = json.loads(text_in(value, self.text), parse_constant=_refuse)
            except (ValueError, RecursionError) as error:
                return 0.0, f"no JSON: {error}"
        if self.schema is None:
            return 1.0, None
        fault = self._fault(value)
        return float(fault is None), fault

    def _fault(self, value: Any) -> str | None:
        try:
            errors = _validator(self._written()).iter_errors(value)
            error = _library("jsonschema.exceptions").best_match(errors)
        except RecursionError:
            return "nested too deeply"
        except _library("referencing.exceptions").Unresolvable as unknown:
            raise InputError(
                f"the schema of {self.name} refers to '{unknown.ref}', which it does not hold. "
                "Nothing is fetched: put the part under $defs and refer to #/$defs/NAME."
            ) from unknown
        if error is None:
            return None
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.path)
        message: str = error.message[:200]
        return f"{place.lstrip('.')}: {message}" if place else message

    def _written(self) -> str:
        try:
            return json.dumps(self.schema, sort_keys=True)
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(
                f"the schema of JsonSchema cannot be written as JSON ({error}). Use objects, "
                "lists, texts, numbers, true, false and null."
            ) from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number in JSON")


@lru_cache(maxsize=16)
def _validator(written: str) -> Any:
    """Validator of a schema; kept, since making it is slow."""
    schema = json.loads(written)
    validators = _library("jsonschema.validators")
    kind = validators.validator_for(schema, default=validators.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except _library("jsonschema.exceptions").SchemaError as error:
        place = ".".join(map(str, error.path))
        raise InputError(
            f"the schema of JsonSchema is no JSON schema: {error.message[:200]}"
            + (f" (at {place})" if place else "")
            + ". See json-schema.org for the words it may hold."
        ) from error
    # Without a registry of its own, a validator would fetch what is referred to from the network.
    return kind(schema, registry=_library("jsonschema_specifications").REGISTRY)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise Missing("a JSON schema", "jsonschema", "curate") from error
