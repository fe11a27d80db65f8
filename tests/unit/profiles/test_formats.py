"""Every format gives the same profile, and parts and workers change nothing."""

import gzip

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelcollapse.errors import InputError
from modelcollapse.profiles import Profile, Role, profile
from modelcollapse.profiles import parts as cutting

N = 1_500


def frame(n=N, seed=0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "id": np.arange(n),
            "x": rng.normal(size=n),
            "colour": rng.choice(["red", "blue", 'a, "b"', "ü"], n),
            "size": rng.choice([1, 2, 3], n),
            "old": rng.random(n) < 0.3,
            "note": [f"some words\nabout record {i}" if i % 9 else None for i in range(n)],
            "when": np.datetime64("2021-01-01T00:00:00", "us")
            + rng.integers(0, 10**7, n) * np.timedelta64(10**6, "us"),
        }
    )


FRAME = frame()
WHOLE = profile(FRAME)


def written(name, folder):
    path = folder / name
    if name.endswith("parquet"):
        FRAME.write_parquet(path)
    elif "csv" in name:
        content = FRAME.write_csv().encode()
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    else:
        content = FRAME.write_ndjson().encode()
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    return path


def same(a: Profile, b: Profile) -> bool:
    left, right = (
        repr({k: v for k, v in vars(p).items() if k not in ("source", "sample")}) for p in (a, b)
    )
    return left == right and all(
        np.array_equal(a.sample[k], b.sample[k], equal_nan=a.sample[k].dtype != object)
        for k in a.sample
    )


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz"])
def test_every_format_of_files_gives_the_same(name, tmp_path):
    found = profile(written(name, tmp_path))
    assert {c.name: c.role for c in found.roles} == {c.name: c.role for c in WHOLE.roles}
    assert found.digest == WHOLE.digest
    assert found.categories == WHOLE.categories
    assert found.texts == WHOLE.texts
    assert found.source == str(tmp_path / name)
    np.testing.assert_array_equal(found.hashes, WHOLE.hashes)


@pytest.mark.parametrize(
    "make",
    [
        lambda: FRAME.to_pandas(),
        lambda: FRAME.to_arrow(),
        lambda: FRAME.lazy(),
        lambda: FRAME.to_dict(as_series=False),
        lambda: {name: FRAME[name].to_numpy() for name in FRAME.columns},
        lambda: FRAME.with_columns(pl.col("colour").cast(pl.Categorical)),
        lambda: FRAME.to_pandas().astype({"colour": "category"}),
        lambda: FRAME.to_dicts(),
    ],
)
def test_every_form_in_memory_gives_the_same(make):
    assert profile(make()).digest == WHOLE.digest


def test_several_files_are_one_data_set(tmp_path):
    pieces = [FRAME[:400], FRAME[400:1_100], FRAME[1_100:]]
    for i, piece in enumerate(pieces):
        piece.write_parquet(tmp_path / f"part{i}.parquet")
    (tmp_path / "notes.md").write_text("not data")
    given = [tmp_path, str(tmp_path / "part*.parquet"), sorted(tmp_path.glob("*.parquet"))]
    for data in given:
        found = profile(data)
        assert found.digest == WHOLE.digest
        assert found.categories == WHOLE.categories
    names = [str(path) for path in given[-1]]
    assert profile(names).rows == N


def test_arrays_in_files_are_those_in_memory(tmp_path):
    wide = np.random.default_rng(0).random((300, 80)).astype(np.float32)
    for array in (wide, wide[:, :3], wide[:, 0]):
        np.save(tmp_path / "a.npy", array)
        np.savez(tmp_path / "a.npz", array)
        memory = profile(array)
        for name in ("a.npy", "a.npz"):
            found = profile(tmp_path / name)
            assert found.digest == memory.digest
            assert found.columns(*Role) == memory.columns(*Role)


def test_lines_of_text_are_documents(tmp_path):
    texts = [f"a text of several words, the {i}th" for i in range(50)]
    (tmp_path / "a.txt").write_text("\n\n".join(texts) + "\n", encoding="utf-8-sig")
    found = profile(tmp_path / "a.txt")
    assert found.texts["text"].documents == 50
    assert found.digest == profile(texts).digest


def test_fields_that_records_lack_are_missing(tmp_path):
    lines = ['{"a": 1.5}', '{"b": "x", "a": 2.5}'] * 30
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "b.jsonl").write_text('{"a": 3.5}\n')
    found = profile(tmp_path)
    assert found.rows == 61
    assert found.categories["b"].counts == {"x": 30}
    assert found.categories["b"].missing == 31


def test_fields_of_csv_may_be_set_apart_by_other_marks(tmp_path):
    (tmp_path / "a.csv").write_text("x;w\n" + "1.5;a,b\n2.5;c\n" * 30)
    found = profile(tmp_path / "a.csv")
    assert found.categories["w"].counts == {"a,b": 30, "c": 30}
    assert found.numbers["x"].mean == 2.0


def test_types_may_differ_between_files(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n" + "1,x\n2,y\n" * 30)
    (tmp_path / "b.csv").write_text("a,b\n" + "1.5,x\n2,y\n" * 30)
    found = profile(tmp_path)
    assert found.role("a") is Role.CATEGORY
    assert found.categories["a"].counts == {"2": 60, "1": 30, "1.5": 30}


@pytest.fixture
def cut(tmp_path, monkeypatch):
    """A file of many parts."""
    monkeypatch.setattr(cutting, "PART_ROWS", 300)
    path = tmp_path / "a.parquet"
    FRAME.write_parquet(path, row_group_size=100)
    return path


def test_parts_add_up(cut):
    parts = cutting.parquet_parts(cut, "a", 0)
    assert [part.rows for part in parts] == [300] * 5
    assert [part.first for part in parts] == [0, 300, 600, 900, 1_200]
    found = profile(cut)
    assert found.digest == WHOLE.digest
    assert found.categories == WHOLE.categories
    np.testing.assert_array_equal(found.hashes, WHOLE.hashes)
    assert found.numbers["x"].mean == pytest.approx(WHOLE.numbers["x"].mean, rel=1e-12)
    assert found.tails[0.05].total == WHOLE.tails[0.05].total


@pytest.mark.parametrize("size", [200, 50_000])
def test_engines_and_workers_give_the_same_bytes(cut, size, tmp_path):
    inline = profile(cut, max_sample=size, groups=[["colour", "size"]])
    two = profile(
        cut, max_sample=size, groups=[["colour", "size"]], engine="processes", n_jobs=2
    )  # fmt: skip
    assert same(inline, two)
    inline.save(tmp_path / "1")
    two.save(tmp_path / "2")
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@pytest.mark.parametrize("size", [200, 50_000])
def test_profiles_of_shards_merge(size):
    reference = profile(FRAME, max_sample=size, groups=[["colour", "size"]])
    new = frame(900, seed=4)
    whole = profile(new, like=reference, max_sample=size)
    merged = profile(new[:500], like=reference, max_sample=size).merge(
        profile(new[500:], like=reference, max_sample=size)
    )
    assert merged.rows == 900
    assert merged.digest == whole.digest
    assert merged.categories == whole.categories
    assert merged.groups == whole.groups
    assert merged.sampled_share == whole.sampled_share
    np.testing.assert_array_equal(merged.hashes, whole.hashes)
    np.testing.assert_array_equal(merged.sample["x"], whole.sample["x"])
    assert merged.bulk.total == pytest.approx(whole.bulk.total)


def test_samples_taken_apart_and_together_merge():
    rng = np.random.default_rng(0)
    few, many = rng.choice(["a", "b"], 3_000), np.array(["c"] * 100)
    reference = profile({"w": few}, max_sample=500)
    merged = profile({"w": few}, like=reference, max_sample=500).merge(
        profile({"w": many}, like=reference, max_sample=500)
    )
    assert not merged.together
    assert len(merged.hashes) == 500
    share = np.mean(merged.sample["w"] == "c")
    assert abs(share - 100 / 3_100) < 4 * np.sqrt(0.031 / 500)


def test_profiles_of_unlike_data_do_not_merge():
    with pytest.raises(InputError, match="cannot be merged"):
        WHOLE.merge(profile(frame(200)))


def test_columns_of_one_kind_but_other_arrow_types(tmp_path):
    base = pa.table({"c": ["x", "y"] * 50, "t": ["2020-01-01", "2021-05-05"] * 50})
    forms = [
        pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string()),
    ]  # fmt: skip
    digests = {
        profile(base.set_column(0, "c", base["c"].combine_chunks().cast(form))).digest
        for form in forms
    }
    assert len(digests) == 1
    times = [
        base.set_column(1, "t", base["t"].cast(pa.date32()).cast(form))
        for form in (pa.date32(), pa.date64(), pa.timestamp("ns"), pa.timestamp("s", "UTC"))
    ]
    assert len({profile(found).digest for found in times}) == 1


def test_ray_gives_the_same_bytes(cut):
    pytest.importorskip("ray")
    assert same(profile(cut), profile(cut, engine="ray", n_jobs=2))


def test_missing_vectors_and_widths(tmp_path):
    values = pa.array([[1.0, 2.0], None, [3.0, 4.0]], type=pa.list_(pa.float64()))
    pq.write_table(pa.table({"e": values}), tmp_path / "a.parquet")
    found = profile(tmp_path / "a.parquet")
    assert found.sample["e"].shape == (3, 2)
    assert np.isnan(found.sample["e"]).sum() == 2


def test_a_pandas_index_is_no_column():
    data = pd.DataFrame({"x": [1.5, 2.5]}, index=["a", "b"])
    assert [c.name for c in profile(data).roles] == ["x"]
