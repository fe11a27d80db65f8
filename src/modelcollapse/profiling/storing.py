"""A profile as one file."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import StoreError
from modelcollapse.metrics.ratio_sums import RatioSums
from modelcollapse.profiling.engine import hash_sample
from modelcollapse.profiling.profiled import (
    CategoryTally,
    Cuts,
    NumberTally,
    Profile,
    TextTally,
)
from modelcollapse.profiling.roles import ColumnRole, Kind, Role

FORMAT = 1


def packed(profile: Profile) -> bytes:
    """Content of the file of a profile; equal profiles are equal files.

    Parameters
    ----------
    profile : Profile
        To write.
    """
    arrays: dict[str, NDArray[Any]] = {"hashes": profile.hashes}
    words: dict[str, list[str | None]] = {}
    for name, values in profile.sample.items():
        if values.dtype == object:
            words[name] = values.tolist()
        else:
            arrays[f"sample:{name}"] = values
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "profile.json", json.dumps(_plain(profile, words), ensure_ascii=False))
        for i, values in enumerate(arrays.values()):
            array = io.BytesIO()
            np.save(array, values, allow_pickle=False)
            _put(archive, f"{i}.npy", array.getvalue())
        _put(archive, "arrays.json", json.dumps(list(arrays), ensure_ascii=False))
    return buffer.getvalue()


def unpacked(path: Path) -> Profile:
    """Profile that a file holds.

    Parameters
    ----------
    path : Path
        Of the file.

    Raises
    ------
    StoreError
        If there is none, it is damaged, or another version of this package or of DuckDB wrote it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            card = json.loads(archive.read("profile.json"))
            _refuse_versions(path, card)
            names = json.loads(archive.read("arrays.json"))
            arrays = {
                name: np.load(io.BytesIO(archive.read(f"{i}.npy")), allow_pickle=False)
                for i, name in enumerate(names)
            }
        return _from_plain(card, arrays)
    except (
        OSError, ValueError, LookupError, TypeError, AttributeError, EOFError,
        NotImplementedError, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        raise StoreError(
            f"{path} holds no profile that can be read ({error}). Make it anew from the data."
        ) from error


def _refuse_versions(path: Path, card: Mapping[str, Any]) -> None:
    if card["format"] != FORMAT:
        raise StoreError(
            f"the profile {path} has format {card['format']}, and this version reads {FORMAT}. "
            "Make it anew from the data."
        )
    if card["hashing"] != hash_sample():
        raise StoreError(
            f"the profile {path} was made with a version of DuckDB that hashes records otherwise "
            "than the one installed here, so that samples cannot be compared. Make it anew from "
            "the data."
        )


def _put(archive: zipfile.ZipFile, name: str, content: str | bytes) -> None:
    # a fixed time, so that equal profiles are equal files
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def _sums(sums: RatioSums) -> list[float]:
    return [sums.n, sums.total, sums.weight, sums.squares, sums.products, sums.weight_squares]


def _plain(profile: Profile, words: Mapping[str, list[str | None]]) -> dict[str, Any]:
    return {
        "format": FORMAT, "hashing": hash_sample(),
        "source": profile.source, "rows": profile.rows, "digest": profile.digest,
        "sampled_share": profile.sampled_share, "ignored": list(profile.ignored),
        "max_sample": profile.max_sample, "limit": profile.limit,
        "roles": [[one.name, str(one.role), one.reason, str(one.kind)] for one in profile.roles],
        "cuts": {
            name: [cut.median, cut.scale, [[level, *ends] for level, ends in cut.tails.items()]]
            for name, cut in profile.cuts.items()
        },
        "numbers": {
            name: [
                one.n, one.missing, one.mean, one.variance, one.least, one.greatest,
                list(one.beyond.items()), _sums(one.bulk),
            ]
            for name, one in profile.numbers.items()
        },
        "categories": {
            name: [dict(one.counts), one.missing] for name, one in profile.categories.items()
        },
        "texts": {
            name: [one.documents, one.missing, one.empty, one.characters]
            for name, one in profile.texts.items()
        },
        "groups": [
            [list(by), [[list(key), count] for key, count in counts.items()]]
            for by, counts in profile.groups.items()
        ],
        "tails": [[level, _sums(sums)] for level, sums in profile.tails.items()],
        "bulk": _sums(profile.bulk),
        "words": dict(words),
        "order": list(profile.sample),
    }  # fmt: skip


def _number_tally(
    n: int, missing: int, mean: float, variance: float, least: float, greatest: float,
    beyond: list[tuple[float, int]], bulk: list[float],
) -> NumberTally:  # fmt: skip
    sums = RatioSums(int(bulk[0]), *bulk[1:])
    return NumberTally(n, missing, mean, variance, least, greatest, dict(beyond), sums)


def _from_plain(card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Profile:
    words = card["words"]
    return Profile(
        card["source"], card["rows"],
        tuple(
            ColumnRole(name, Role(role), reason, Kind(kind))
            for name, role, reason, kind in card["roles"]
        ),
        {
            name: Cuts(median, scale, {level: (low, high) for level, low, high in tails})
            for name, (median, scale, tails) in card["cuts"].items()
        },
        {
            name: _number_tally(*row)
            for name, row in card["numbers"].items()
        },
        {name: CategoryTally(counts, missing)
         for name, (counts, missing) in card["categories"].items()},
        {name: TextTally(*row) for name, row in card["texts"].items()},
        {tuple(by): {tuple(key): n for key, n in counts} for by, counts in card["groups"]},
        {level: RatioSums(*row) for level, row in card["tails"]},
        RatioSums(*card["bulk"]),
        {
            name: np.array(words[name], dtype=object) if name in words else arrays[f"sample:{name}"]
            for name in card["order"]
        },
        arrays["hashes"], card["sampled_share"], card["digest"], tuple(card["ignored"]),
        card["max_sample"], card["limit"],
    )  # fmt: skip
