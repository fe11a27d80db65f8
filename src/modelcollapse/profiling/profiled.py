"""Profile of a data set: exact counts of all of its records, and a sample of them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import InputError, StoreError
from modelcollapse.metrics.ratio_sums import RatioSums
from modelcollapse.profiling.roles import ColumnRole, Role
from modelcollapse.store import write_atomic

LEVELS = (0.05, 0.01, 0.001)
"""Shares of a column that are called its tails."""

FORMAT = 1


@dataclass(frozen=True)
class Cuts:
    """Where the tails of a number column begin, and how wide its bulk is.

    Attributes
    ----------
    median : float
        Middle of the reference.
    scale : float
        What nine tenths of the reference are within of the median; deviations are cut there.
    tails : mapping of float to tuple of float
        By level, the ends of the lower and the upper tail; a value at an end is in the tail.
    """

    median: float
    scale: float
    tails: Mapping[float, tuple[float, float]]


@dataclass(frozen=True)
class NumberTally:
    """Counts and moments of a number column.

    Attributes
    ----------
    n, missing : int
        Records with and without a value; what is not finite counts as missing.
    mean, variance, least, greatest : float
        Of the values; the variance has divisor n - 1.
    beyond : mapping of float to int
        Values in the tails, by level.
    bulk : RatioSums
        Deviations from the median, cut at the scale and in units of it.
    """

    n: int
    missing: int
    mean: float
    variance: float
    least: float
    greatest: float
    beyond: Mapping[float, int]
    bulk: RatioSums

    def __add__(self, other: NumberTally) -> NumberTally:
        """Tally of both parts."""
        if not self.n or not other.n:
            whole = self if self.n else other
            return NumberTally(
                whole.n, self.missing + other.missing, whole.mean, whole.variance, whole.least,
                whole.greatest, whole.beyond, self.bulk + other.bulk,
            )  # fmt: skip
        n, apart = self.n + other.n, other.mean - self.mean
        squares = (
            _squares(self) + _squares(other) + apart**2 * self.n * other.n / n
        )  # about the joint mean
        return NumberTally(
            n, self.missing + other.missing, self.mean + apart * other.n / n,
            squares / (n - 1), min(self.least, other.least), max(self.greatest, other.greatest),
            {level: count + other.beyond[level] for level, count in self.beyond.items()},
            self.bulk + other.bulk,
        )  # fmt: skip


def _squares(tally: NumberTally) -> float:
    return tally.variance * (tally.n - 1) if tally.n > 1 else 0.0


@dataclass(frozen=True)
class CategoryTally:
    """Counts of a category column.

    Attributes
    ----------
    counts : mapping of str to int
        Records by category, in the order of the names.
    missing : int
        Records without one.
    """

    counts: Mapping[str, int]
    missing: int

    def __add__(self, other: CategoryTally) -> CategoryTally:
        """Tally of both parts."""
        return CategoryTally(summed(self.counts, other.counts), self.missing + other.missing)


@dataclass(frozen=True)
class TextTally:
    """Counts of a text column.

    Attributes
    ----------
    documents, missing, empty : int
        Records with a text, without one, and with one that is empty or blank.
    characters : int
        Of all texts.
    """

    documents: int
    missing: int
    empty: int
    characters: int

    def __add__(self, other: TextTally) -> TextTally:
        """Tally of both parts."""
        return TextTally(*(getattr(self, f) + getattr(other, f) for f in self.__match_args__))


def kept(hashes: NDArray[np.uint64], most: int) -> int:
    """How many records of a list in the order of their hashes are the sample.

    Parameters
    ----------
    hashes : ndarray of uint64, shape (k,)
        In ascending order.
    most : int
        At most; copies of one record that would pass this are left out all together, unless they
        fill half of it.
    """
    if len(hashes) <= most:
        return len(hashes)
    whole = int(np.searchsorted(hashes, hashes[most]))
    return whole if 2 * whole >= most else most


def summed(first: Mapping[Any, int], second: Mapping[Any, int]) -> dict[Any, int]:
    """Counts of both, in the order of their keys."""
    return {key: first.get(key, 0) + second.get(key, 0) for key in sorted({*first, *second})}


@dataclass(frozen=True, eq=False)
class Profile:
    """What a data set holds; made by `profile`.

    Attributes
    ----------
    source : str
        What was read, in the words of the user.
    rows : int
        Records.
    roles : tuple of ColumnRole
        Of the columns.
    cuts : mapping of str to Cuts
        Of the reference, by number column.
    numbers, categories, texts : mapping of str to a tally
        By column; exact, of all records. Times are numbers of seconds.
    groups : mapping of tuple of str to mapping of tuple of str to int
        Records of each combination of columns that was asked for.
    tails : mapping of float to RatioSums
        By level, values in the tails by record, over all number columns.
    bulk : RatioSums
        Deviations by record, over all number columns.
    sample : mapping of str to ndarray, shape (k,) or (k, d)
        Sampled records, all columns alike: floats with NaN, objects with None, or vectors.
    hashes : ndarray of uint64, shape (k,)
        Of the content of each sampled record, identifiers left out, in ascending order: the
        sample holds the records with the smallest ones, with all their copies.
    sampled_share : float
        Share of the records that the sample holds.
    digest : str
        Of the content of all records, in any order.
    ignored : tuple of str
        Columns that the reference does not have.
    max_sample : int
        Records of a sample, at most.
    """

    source: str
    rows: int
    roles: tuple[ColumnRole, ...]
    cuts: Mapping[str, Cuts]
    numbers: Mapping[str, NumberTally]
    categories: Mapping[str, CategoryTally]
    texts: Mapping[str, TextTally]
    groups: Mapping[tuple[str, ...], Mapping[tuple[str, ...], int]]
    tails: Mapping[float, RatioSums]
    bulk: RatioSums
    sample: Mapping[str, NDArray[Any]] = field(repr=False)
    hashes: NDArray[np.uint64] = field(repr=False)
    sampled_share: float
    digest: str
    ignored: tuple[str, ...] = ()
    max_sample: int = 50_000

    def merge(self, other: Profile) -> Profile:
        """Profile of both parts of a data set, of which each was counted by itself.

        Parameters
        ----------
        other : Profile
            Of the other part, with the same roles and cuts.

        Raises
        ------
        InputError
            If the two were not counted alike.
        """
        if (self.roles, self.cuts, self.max_sample) != (other.roles, other.cuts, other.max_sample):
            raise InputError(
                f"the profiles of {self.source} and {other.source} have other roles, cuts or "
                "samples and cannot be merged. Make both like one reference."
            )
        if not (self.rows and other.rows):
            return self if self.rows else other
        rows = self.rows + other.rows
        hashes = np.concatenate([self.hashes, other.hashes])
        order = np.argsort(hashes, kind="stable")
        keep = kept(hashes[order], self.max_sample)
        order = order[:keep]
        digest = (int(self.digest, 16) + int(other.digest, 16)) % 2**128
        return Profile(
            self.source, rows, self.roles, self.cuts,
            {name: one + other.numbers[name] for name, one in self.numbers.items()},
            {name: one + other.categories[name] for name, one in self.categories.items()},
            {name: one + other.texts[name] for name, one in self.texts.items()},
            {by: summed(counts, other.groups[by]) for by, counts in self.groups.items()},
            {level: sums + other.tails[level] for level, sums in self.tails.items()},
            self.bulk + other.bulk,
            {
                name: np.concatenate([x, other.sample[name]])[order]
                for name, x in self.sample.items()
            },
            hashes[order], keep / rows, f"{digest:032x}", (), self.max_sample,
        )  # fmt: skip

    def save(self, path: str | Path) -> None:
        """Write the profile into one file, whole or not at all.

        Parameters
        ----------
        path : path
            Of the file; ``real.profile`` is what `audit` knows as a profile.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        arrays: dict[str, NDArray[Any]] = {"hashes": self.hashes}
        words: dict[str, list[str | None]] = {}
        for name, values in self.sample.items():
            if values.dtype == object:
                words[name] = values.tolist()
            else:
                arrays[f"sample:{name}"] = values
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            _put(archive, "profile.json", json.dumps(_plain(self, words), ensure_ascii=False))
            for name, values in arrays.items():
                buffer = io.BytesIO()
                np.save(buffer, values, allow_pickle=False)
                _put(archive, f"{list(arrays).index(name)}.npy", buffer.getvalue())
            _put(archive, "arrays.json", json.dumps(list(arrays), ensure_ascii=False))
        write_atomic(Path(path), packed.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> Profile:
        """Read a profile that `save` wrote.

        Parameters
        ----------
        path : path
            Of the file.

        Raises
        ------
        StoreError
            If there is none, it is damaged, or another version wrote it.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                card = json.loads(archive.read("profile.json"))
                names = json.loads(archive.read("arrays.json"))
                arrays = {
                    name: np.load(io.BytesIO(archive.read(f"{i}.npy")), allow_pickle=False)
                    for i, name in enumerate(names)
                }
            if card["format"] == FORMAT:
                return _from_plain(card, arrays)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise StoreError(
                f"{path} holds no profile that can be read ({error}). Make it anew from the data."
            ) from error
        raise StoreError(
            f"the profile {path} has format {card['format']}, and this version reads {FORMAT}. "
            "Make it anew from the data."
        )


def _put(archive: zipfile.ZipFile, name: str, content: str | bytes) -> None:
    # a fixed time, so that equal profiles are equal files
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def _sums(sums: RatioSums) -> list[float]:
    return [sums.n, sums.total, sums.weight, sums.squares, sums.products, sums.weight_squares]


def _plain(profile: Profile, words: Mapping[str, list[str | None]]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "source": profile.source, "rows": profile.rows, "digest": profile.digest,
        "sampled_share": profile.sampled_share, "ignored": list(profile.ignored),
        "max_sample": profile.max_sample,
        "roles": [[one.name, str(one.role), one.reason] for one in profile.roles],
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


def _from_plain(card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Profile:
    words = card["words"]
    return Profile(
        card["source"], card["rows"],
        tuple(ColumnRole(name, Role(role), reason) for name, role, reason in card["roles"]),
        {
            name: Cuts(median, scale, {level: (low, high) for level, low, high in tails})
            for name, (median, scale, tails) in card["cuts"].items()
        },
        {
            name: NumberTally(*row[:6], dict(row[6]),
                              RatioSums(*row[7]))
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
        card["max_sample"],
    )  # fmt: skip
