"""Profiles in files: a header of JSON and the arrays of the sample, in one archive of NumPy."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.metrics.ratio_sums import RatioSums
from modelcollapse.profiles.roles import ColumnRole, Role
from modelcollapse.profiles.tallies import CategoryTally, Cuts, NumberTally, TextTally
from modelcollapse.store import write_atomic

if TYPE_CHECKING:
    from modelcollapse.profiles.profiled import Profile

VERSION = 1

_PLAIN = ("source", "rows", "sampled_share", "digest", "limit", "max_sample", "together")


def write(profile: Profile, path: Path) -> None:
    """Write a profile into one file; the same profile gives the same bytes."""
    header = {
        "modelcollapse_profile": VERSION,
        **{name: getattr(profile, name) for name in _PLAIN},
        "ignored": list(profile.ignored),
        "roles": [asdict(column) for column in profile.roles],
        "cuts": [
            [name, cuts.median, cuts.scale, _pairs(cuts.tails)]
            for name, cuts in profile.cuts.items()
        ],
        "numbers": [
            [name, {**vars(tally), "beyond": _pairs(tally.beyond), "bulk": asdict(tally.bulk)}]
            for name, tally in profile.numbers.items()
        ],
        "categories": [
            [name, list(tally.counts), list(tally.counts.values()), tally.missing]
            for name, tally in profile.categories.items()
        ],
        "texts": [[name, asdict(tally)] for name, tally in profile.texts.items()],
        "groups": [
            [list(group), [list(key) for key in counts], list(counts.values())]
            for group, counts in profile.groups.items()
        ],
        "tails": [[level, asdict(sums)] for level, sums in profile.tails.items()],
        "bulk": asdict(profile.bulk),
        "sample": list(profile.sample),
    }
    encoded = json.dumps(header, ensure_ascii=False).encode("utf-8", "surrogatepass")
    arrays: dict[str, Any] = {
        "header": np.frombuffer(encoded, dtype=np.uint8),
        "hashes": profile.hashes,
        "keys": profile.keys,
    }
    for place, values in enumerate(profile.sample.values()):
        arrays |= _packed(f"column{place}", values)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_atomic(path, buffer.getvalue())


def _pairs(found: Mapping[float, Any]) -> list[list[Any]]:
    return [[level, value] for level, value in found.items()]


def _packed(name: str, values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Arrays without objects: texts as their bytes, the ends of each, and whether it is there."""
    if values.dtype != object:
        return {name: values}
    encoded = [b"" if text is None else text.encode("utf-8", "surrogatepass") for text in values]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return {
        f"{name}.bytes": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        f"{name}.ends": ends,
        f"{name}.there": np.array([text is not None for text in values], dtype=bool),
    }


def _unpacked(name: str, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    if name in arrays:
        return arrays[name]
    joined, ends = arrays[f"{name}.bytes"].tobytes(), arrays[f"{name}.ends"].tolist()
    there = arrays[f"{name}.there"].tolist()
    found = np.empty(len(ends), dtype=object)
    for i, (start, stop) in enumerate(zip([0, *ends], ends, strict=False)):
        if there[i]:
            found[i] = joined[start:stop].decode("utf-8", "surrogatepass")
    return found


def fields_of(path: Path) -> dict[str, Any]:
    """Read the fields of a profile from a file.

    Raises
    ------
    InputError
        If it cannot be read, or is no profile of this version.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays["header"].tobytes().decode("utf-8", "surrogatepass"))
        version = header["modelcollapse_profile"]
    except FileNotFoundError as error:
        raise InputError(f"there is no profile {path}. Check its path.") from error
    except Exception as error:  # whatever is wrong with an archive that is something else
        raise InputError(
            f"{path} is no stored profile, or is damaged ({type(error).__name__}). Profile the "
            "data again."
        ) from error
    if version != VERSION:
        raise InputError(
            f"{path} is a profile of version {version}, and this release reads version {VERSION}. "
            "Profile the data again."
        )
    return _fields(header, arrays)


def _fields(header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    return {
        **{name: header[name] for name in _PLAIN},
        "ignored": tuple(header["ignored"]),
        "roles": tuple(
            ColumnRole(each["name"], Role(each["role"]), each["reason"]) for each in header["roles"]
        ),
        "cuts": {
            name: Cuts(median, scale, {level: (low, high) for level, (low, high) in tails})
            for name, median, scale, tails in header["cuts"]
        },
        "numbers": {
            name: NumberTally(
                **{**tally, "beyond": dict(tally["beyond"]), "bulk": RatioSums(**tally["bulk"])}
            )
            for name, tally in header["numbers"]
        },
        "categories": {
            name: CategoryTally(dict(zip(words, counts, strict=True)), missing)
            for name, words, counts, missing in header["categories"]
        },
        "texts": {name: TextTally(**tally) for name, tally in header["texts"]},
        "groups": {
            tuple(group): {tuple(k): count for k, count in zip(keys, counts, strict=True)}
            for group, keys, counts in header["groups"]
        },
        "tails": {level: RatioSums(**sums) for level, sums in header["tails"]},
        "bulk": RatioSums(**header["bulk"]),
        "sample": {
            name: _unpacked(f"column{place}", arrays) for place, name in enumerate(header["sample"])
        },
        "hashes": arrays["hashes"],
        "keys": arrays["keys"],
    }
