"""Description of a training set for machines: Croissant 1.1, with its lineage in PROV-O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelcollapse.curation.provenance import MEANING, SCORE
from modelcollapse.curation.writing import Part

if TYPE_CHECKING:
    import pyarrow as pa

ENCODING = {"parquet": "application/x-parquet", "jsonl": "application/jsonlines"}
_RECORDS = "records"
_PARTS = "parts"
_TERMS = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field",
    "fileProperty", "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset",
    "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_SAME = {"mc_parent": "prov:wasDerivedFrom", "mc_generator": "prov:wasAttributedTo"}


def croissant(
    *,
    name: str,
    description: str,
    version: str,
    license: str | None,
    parts: Sequence[Part],
    form: str,
    fields: Mapping[str, pa.DataType],
    sources: Sequence[Mapping[str, Any]],
    activity: str,
    generators: Sequence[str],
    software: str,
    date: str,
) -> str:
    """JSON-LD document about a training set.

    Parameters
    ----------
    name, description, version : str
        Of the training set.
    license : str or None
        Its licence; the document has none when None, since no licence follows from the records.
    parts : sequence of Part
        Its files.
    form : {"parquet", "jsonl"}
        Their format.
    fields : mapping of str to pyarrow.DataType
        Its columns.
    sources : sequence of mapping
        What it was made from: ``name``, ``digest`` and ``role`` of each file.
    activity : str
        How it was made, in words.
    generators : sequence of str
        Models that wrote records of it.
    software : str
        Program and version that made it.
    date : str
        Day of publication, as year-month-day.

    References
    ----------
    Croissant 1.1 (MLCommons) and PROV-O (W3C).
    """
    return json.dumps(
        {
            "@context": _context(),
            "@type": "sc:Dataset",
            "name": name,
            "description": description,
            "conformsTo": "http://mlcommons.org/croissant/1.1",
            **({} if license is None else {"license": license}),
            "version": version,
            "datePublished": date,
            "citeAs": "Cite the data sets that prov:wasDerivedFrom names.",
            "prov:wasDerivedFrom": [_entity(source) for source in sources],
            "prov:wasGeneratedBy": _activity(activity, sources, software),
            "prov:wasAttributedTo": [_agent(who) for who in (*generators, software)],
            "distribution": [*(_file(part, form) for part in parts), _file_set(form)],
            "recordSet": [
                {
                    "@type": "cr:RecordSet",
                    "@id": _RECORDS,
                    "name": _RECORDS,
                    "description": "Records to train on.",
                    "field": _fields(fields),
                }
            ],
        },
        indent=1,
        ensure_ascii=False,
        allow_nan=False,
    ) + "\n"  # fmt: skip


def _context() -> dict[str, Any]:
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        **{term: f"cr:{term}" for term in _TERMS},
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "description": {"@container": "@language"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "name": {"@container": "@language"},
        "prov": "http://www.w3.org/ns/prov#",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "sc": "https://schema.org/",
    }


def _entity(source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "prov:Entity",
        "@id": f"urn:modelcollapse:{source['digest']}",
        "prov:label": source["name"],
        "prov:type": source["role"],
    }


def _agent(name: str) -> dict[str, Any]:
    return {"@type": "prov:SoftwareAgent", "@id": f"urn:modelcollapse:agent:{_slug(name)}",
            "prov:label": name}  # fmt: skip


def _slug(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-._" else "-" for sign in name)


def _activity(words: str, sources: Sequence[Mapping[str, Any]], software: str) -> dict[str, Any]:
    return {
        "@type": "prov:Activity",
        "@id": "urn:modelcollapse:activity:curation",
        "prov:label": words,
        "prov:used": [{"@id": f"urn:modelcollapse:{source['digest']}"} for source in sources],
        "prov:wasAssociatedWith": {"@id": f"urn:modelcollapse:agent:{_slug(software)}"},
    }


def _file(part: Part, form: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": part.name,
        "name": part.name,
        "contentUrl": part.name,
        "contentSize": f"{part.bytes} B",
        "encodingFormat": ENCODING[form],
        "sha256": part.sha256,
    }


def _file_set(form: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": _PARTS,
        "name": _PARTS,
        "encodingFormat": ENCODING[form],
        "includes": f"part-*.{form}",
    }


def _fields(fields: Mapping[str, pa.DataType]) -> list[dict[str, Any]]:
    described: list[dict[str, Any]] = []
    taken: set[str] = set()
    for column, kind in fields.items():
        if _is_object(kind):  # which the format has no plain type for
            continue
        name = _slug(column)
        while name in taken:
            name += "-"
        taken.add(name)
        described.append(_field(column, name, kind))
    return described


def _field(column: str, identity: str, kind: pa.DataType) -> dict[str, Any]:
    described: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{_RECORDS}/{identity}",
        "name": column,
        "dataType": _type(kind),
        "source": {"fileSet": {"@id": _PARTS}, "extract": {"column": column}},
    }
    about = MEANING.get(column)
    if column.startswith(SCORE):
        about = f"Score by {column.removeprefix(SCORE)}; the higher, the better."
    if about:
        described["description"] = about
    if column in _SAME:
        described["equivalentProperty"] = _SAME[column]
    if _is_list(kind):
        described |= {"isArray": True, "arrayShape": "-1"}
    return described


def _type(kind: pa.DataType) -> str:
    import pyarrow.types as types

    if _is_list(kind):
        return _type(kind.value_type)
    known = (
        (types.is_boolean, "sc:Boolean"), (types.is_integer, "sc:Integer"),
        (types.is_floating, "sc:Float"), (types.is_decimal, "sc:Float"),
        (types.is_date, "sc:Date"), (types.is_timestamp, "sc:DateTime"),
    )  # fmt: skip
    return next((name for fits, name in known if fits(kind)), "sc:Text")


def _is_object(kind: pa.DataType) -> bool:
    import pyarrow.types as types

    while _is_list(kind):
        kind = kind.value_type
    return bool(types.is_struct(kind) or types.is_map(kind))


def _is_list(kind: pa.DataType) -> bool:
    import pyarrow.types as types

    return bool(types.is_list(kind) or types.is_large_list(kind))
