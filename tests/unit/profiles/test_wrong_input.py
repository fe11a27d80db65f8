"""Whatever is wrong with data is said in one sentence."""

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelcollapse.errors import InputError
from modelcollapse.profiles import Role, profile, scanning


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "holds no records"),
        ("a.csv", b"x,y\n", "holds no records"),
        ("a.csv", b"1.5,2.5\n3.5,4.5\n", "first line .* holds numbers"),
        ("a.csv", b"x,y\n1,2\n3,4\xff\n", "line 3 of .*a.csv is not valid UTF-8"),
        (
            "a.csv",
            b"x,y\n1,2\n3,4,5,6\n" + b"1,2\n" * 30,
            "line 3 of .* has 4 fields where the header has 2",
        ),
        ("a.csv.gz", b"no zip", "cannot read"),
        ("a.csv.gz", gzip.compress(b"x,y\n" + b"1,2\n" * 9999, mtime=0)[:-20], "cannot be read"),
        ("a.jsonl", b"\n\n", "holds no records"),
        ("a.jsonl", b'{"x": 1}\n{"x": \n', "line 2 of .*a.jsonl is not JSON"),
        ("a.jsonl", b'{"x": 1}\n[1, 2]\n', "line 2 of .*a.jsonl is not an object"),
        ("a.jsonl", b'{"x": "a"}\n{"x": "\xff"}\n', "line 2 of .*a.jsonl is not valid UTF-8"),
        ("a.txt", b"fine\nb\xe4d\n", "line 2 of .*a.txt is not valid UTF-8"),
        ("a.parquet", b"PAR0", "cannot be read as Parquet"),
        ("a.parquet", b"", "cannot be read as Parquet"),
        ("a.npy", b"zip", "not a NumPy file"),
        ("a.xlsx", b"zip", "cannot tell the format"),
    ],
)
def test_faults_of_files(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        profile(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("no/such/file.csv", "there is no file"),
        ("no/such/*.csv", "no file matches"),
        ([], "holds no records"),
        ({"a": []}, "holds no records"),
        (np.zeros((0, 3)), "no records"),
        (np.array([["a"]]), "no numbers"),
        (object(), "type object cannot be profiled"),
        ({"a": [1, 2], "b": [1]}, "'b' has 1 entries and column 'a' has 2"),
        ([[1.0], [2.0, 3.0]], "no array of numbers"),
    ],
)
def test_faults_of_data(data, words):
    with pytest.raises(InputError, match=words):
        profile(data)


def test_folders_and_lists_of_files(tmp_path):
    with pytest.raises(InputError, match="holds no files of records"):
        profile(tmp_path)
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("x,z\n1,2\n")
    with pytest.raises(InputError, match=r"a\.csv has a column 'y', which .*b\.csv lacks"):
        profile(tmp_path)
    with pytest.raises(InputError, match="given twice"):
        profile([tmp_path / "a.csv", tmp_path / "a.csv"])
    np.save(tmp_path / "c.npy", np.zeros(3))
    with pytest.raises(InputError, match="array is read from one file"):
        profile([tmp_path / "a.csv", tmp_path / "c.npy"])


def test_a_table_without_rows(tmp_path):
    pq.write_table(pa.table({"x": pa.array([], pa.float64())}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="holds no records"):
        profile(tmp_path / "a.parquet")


def test_text_of_parquet_that_is_no_utf8(tmp_path):
    broken = pa.array([b"fine", b"b\xe4d"] * 30).view(pa.string())
    pq.write_table(pa.table({"t": broken}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"'t' of .*a.parquet holds text that is not valid UTF-8"):
        profile(tmp_path / "a.parquet")


def test_too_many_categories(monkeypatch):
    monkeypatch.setattr(scanning, "MOST_VALUES", 50)
    data = {"a": [f"w{i % 60}" for i in range(600)]}
    with pytest.raises(InputError, match=r"'a' .* more than 50 different values.*identifier"):
        profile(data)
    assert profile(data, roles={"a": "identifier"}).role("a") is Role.IDENTIFIER


def test_a_column_that_seemed_all_missing_is_looked_at_again():
    values = [None] * 100_000
    values[77_777:77_779] = ["x", "x"]
    found = profile({"a": values, "b": np.arange(100_000) / 7})
    assert found.categories["a"].counts == {"x": 2}
    gone = profile({"a": [None] * 5, "b": [1.5] * 5})
    assert gone.roles[0].reason == "all values are missing"
    assert "a" not in gone.sample


def test_a_column_that_becomes_all_missing_can_be_compared():
    reference = profile({"a": ["x", "y"] * 20, "b": [1.5, 2.5] * 20, "t": ["a b c d e"] * 40,
                         "e": [[1.5, 2.5]] * 40})  # fmt: skip
    gone = profile({name: [None] * 5 for name in "abte"}, like=reference)
    assert gone.categories["a"].missing == gone.numbers["b"].missing == 5
    assert gone.tails[0.05].weight == 0


def test_embeddings_of_another_kind():
    reference = profile({"e": [[1.5, 2.5]] * 4})
    with pytest.raises(InputError, match=r"'e' .* embedding, as in the reference"):
        profile({"e": [1.5, 2.5]}, like=reference)
    with pytest.raises(InputError, match="lists of different lengths"):
        profile({"e": [[1.5, 2.5], [1.5]]}, like=reference)
