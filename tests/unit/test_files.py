import json

import numpy as np
import polars as pl
import pytest

from modelcollapse.errors import InputError
from modelcollapse.files import read_records


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_an_array_is_read_as_it_was_saved(tmp_path):
    rows = np.arange(6.0).reshape(3, 2)
    np.save(tmp_path / "a.npy", rows)
    np.savez(tmp_path / "a.npz", rows)
    for name in ("a.npy", "a.npz"):
        assert np.array_equal(read_records(tmp_path / name), rows)


@pytest.mark.parametrize(
    "content",
    [
        "1,2\n3,4\n",
        "x,y\n1,2\n3,4\n",
        "﻿1,2\n3,4\n",
        "﻿x,y\r\n1,2\r\n3,4\r\n",
        '"1","2"\n\n3,4',
        "1, 2\n3,4",
    ],
)
def test_numbers_are_read_with_or_without_a_header(write, content):
    assert read_records(write("a.csv", content)).tolist() == [[1, 2], [3, 4]]


def test_one_column_of_numbers_gives_records_of_one_number(write):
    assert read_records(write("a.csv", "x\n1\n2\n")).shape == (2, 1)


def test_a_text_file_holds_one_document_a_line(write):
    found = read_records(write("a.txt", "﻿first one\r\n\n  \nsecond\x0c one\nthird\u2028still"))
    assert found == ["first one", "second\x0c one", "third\u2028still"]


def test_objects_hold_their_text_in_a_field(write):
    rows = [{"text": "a b", "id": 1}, {"text": "c\u2028d"}]
    path = write("a.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n")
    assert read_records(path) == ["a b", "c\u2028d"]
    path = write("b.jsonl", '{"body": "x"}\n')
    assert read_records(path, "body") == ["x"]


def test_a_parquet_file_is_a_table(tmp_path):
    table = pl.DataFrame({"x": [1.0, 2.0], "name": ["a", "b"]})
    table.write_parquet(tmp_path / "a.parquet")
    assert read_records(tmp_path / "a.parquet").equals(table)
    table.clear().write_parquet(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="holds no records"):
        read_records(tmp_path / "none.parquet")


def test_the_ending_may_be_in_capitals(write):
    assert read_records(write("A.TXT", "one\n")) == ["one"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "holds no records"),
        ("a.csv", "x,y\n", "holds no records"),
        ("a.csv", "\n\n", "holds no records"),
        ("a.csv", "x,y\n1,2\n3\n", "record 2 of .* has 1 fields where the first has 2"),
        ("a.csv", "1,2\n3,four\n", "record 2 of .* holds 'four', which is not a number"),
        # Not a header: a faulty record would be lost without a word.
        ("a.csv", "1,NA\n3,4\n", "record 1 of .* holds 'NA'"),
        ("a.csv", b"1,\xff\n", "not valid UTF-8 at byte 2"),
        ("a.csv", "x\n" + "1" * 200_000, "is not a CSV file .*field larger"),
        ("a.txt", "", "holds no records"),
        ("a.txt", " \n\n", "holds no records"),
        ("a.txt", b"caf\xe9\n", "not valid UTF-8 at byte 3"),
        ("a.jsonl", "", "holds no records"),
        ("a.jsonl", '\n{"text": "x"}\n{"text": \n', "line 3 of .* is not JSON"),
        ("a.jsonl", '{"txt": "x", "id": 1}\n', "no text in a field 'text' .*txt, id"),
        ("a.jsonl", '{"text": 3}\n', "line 1 of .* no text in a field 'text'"),
        ("a.jsonl", "[1]\n", "its fields: none"),
        ("a.npy", "", "is not a NumPy file"),
        ("a.npy", "no array", "is not a NumPy file"),
        ("a.npz", "no archive", "is not a NumPy file"),
        ("a.parquet", "", "cannot be read as Parquet"),
        ("a.feather", "", "cannot tell the format"),
        ("a", "", r"Known endings: \.npy, \.npz, \.csv, \.txt, \.jsonl, \.parquet"),
    ],
)
def test_each_fault_of_a_file_has_its_sentence(write, name, content, message):
    with pytest.raises(InputError, match=message):
        read_records(write(name, content))


def test_arrays_that_are_no_records_are_refused(tmp_path):
    np.save(tmp_path / "scalar.npy", 3.0)
    np.save(tmp_path / "empty.npy", np.empty((0, 2)))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))
    np.savez(tmp_path / "two.npz", a=[1], b=[2])
    for name, message in (
        ("scalar.npy", "a single number"),
        ("empty.npy", "holds no records"),
        ("objects.npy", "is not a NumPy file of plain numbers"),
        ("two.npz", r"holds 2 arrays \(a, b\)"),
    ):
        with pytest.raises(InputError, match=message):
            read_records(tmp_path / name)


def test_a_truncated_array_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(1000.0))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[:-100])
    with pytest.raises(InputError, match="is not a NumPy file"):
        read_records(tmp_path / "a.npy")


def test_what_cannot_be_opened_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name in ("missing.csv", "missing.npy", "folder.csv"):
        with pytest.raises(InputError, match="cannot read"):
            read_records(tmp_path / name)
