"""Structured output: valid JSON, of the form asked for."""

import json
import pickle
import sys

import pytest

from modelcollapse import registry
from modelcollapse.errors import InputError, Missing
from modelcollapse.verifiers.schema import JsonSchema, _validator

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}},
    },
    "required": ["name"],
    "$defs": {"tag": {"type": "string", "maxLength": 3}},
}


def one(text, schema=None):
    found = JsonSchema(schema=schema).score({"text": [text]})
    return (found.scores[0], found.details["fault"][0]) if not found.failures else found.failures[0]


@pytest.mark.parametrize(
    "text", ['{"a": [1, 2.5e3, null]}', "3", '"x"', " [true]\n", {"a": 1}, [1], json.dumps("é")]
)
def test_any_json_will_do_without_a_schema(text):
    assert one(text) == (1, None)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "{'a': 1}", '{"a": 1,}', "NaN", '{"a": Infinity}', '```json\n{"a": 1}\n```',
        '{"a": 1} and so on', "[" * 100_000, "9" * 5000,
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_what_is_no_json_scores_nothing_and_says_why(text):
    score, fault = one(text)
    assert score == 0
    assert fault.startswith("no JSON: ")


@pytest.mark.parametrize("text", [None, 3.5, True])
def test_only_texts_lists_and_objects_are_json(text):
    found = one(text)
    assert found[0] == 1 if text is not None else "nothing in 'text'" in found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"name": "Ada", "tags": ["a", "b"]}', None),
        ({"name": "Ada"}, None),
        ('{"nome": "Ada"}', "'name' is a required property"),
        ('{"name": 3}', "name: 3 is not of type 'string'"),
        ('{"name": "Ada", "tags": ["a", "long"]}', "tags[1]: 'long' is too long"),
        ("[]", "[] is not of type 'object'"),
    ],
)
def test_schemas(text, fault):
    assert one(text, PERSON) == (float(fault is None), fault)


def test_a_schema_may_follow_an_older_draft():
    old = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer",
           "minimum": 3, "exclusiveMinimum": True}  # fmt: skip
    assert one("3", old)[0] == 0
    assert one("4", old)[0] == 1
    assert one('{"type": "x"}', {"$ref": "https://json-schema.org/draft/2020-12/schema"})[0] == 0


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "objekt"}, r"is no JSON schema: .*objekt.* \(at type\)"),
        ({"properties": {"a": {"pattern": "("}}}, "is no JSON schema"),
        ({"type": object}, "cannot be written as JSON"),
    ],
)
def test_faulty_schemas_are_refused_at_once(schema, message):
    with pytest.raises(InputError, match=message):
        JsonSchema(schema=schema)


@pytest.mark.parametrize("reference", ["#/$defs/none", "http://127.0.0.1:9/schema.json", "b.json"])
def test_nothing_is_fetched(reference):
    with pytest.raises(InputError, match=r"which it does not hold\. Nothing is fetched"):
        one("{}", {"$ref": reference})


def test_a_schema_that_never_ends():
    assert one("{}", {"$ref": "#"})[1] == "nested too deeply"


def test_without_the_package(monkeypatch):
    _validator.cache_clear()
    monkeypatch.setitem(sys.modules, "jsonschema.validators", None)
    assert one("{}") == (1, None)
    with pytest.raises(Missing, match="pip install jsonschema"):
        JsonSchema(schema={})
    _validator.cache_clear()


def test_from_a_spec_and_in_other_processes():
    made = registry.make(JsonSchema, {"schema": PERSON, "text": "out"}, "verifiers[0]")
    assert made == pickle.loads(pickle.dumps(made))
    assert made.columns == ("out",)
    assert made.name == "json_schema"
    assert made.score({"out": ['{"name": ""}']}).scores[0] == 1
