"""One malformed record is set aside, with its place and its reason, and takes no other along."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcollapse.shards import open_records, separated, text


def read(path, size=16):
    rows, batch, aside = [], [], []
    for piece in open_records(path).batches(size):
        rows += piece.rows.tolist()
        batch += list(zip(*piece.batch.values(), strict=True))
        aside += [(each.line, each.reason, each.raw) for each in piece.set_aside]
    return rows, batch, aside


BAD = [
    (b'{"text": ', "not JSON", '{"text": '),
    (b"[1, 2]", "not an object with fields but a list", "[1, 2]"),
    (b'"text"', "not an object with fields but a text", '"text"'),
    (b"17", "not an object with fields but a number", "17"),
    (b"null", "not an object with fields but null", "null"),
    (b'{"text": "\xff\xfe"}', "not valid UTF-8 at byte 10 of the line", '{"text": "\\xff\\xfe"}'),
    (b'{"text": "\\ud800"}', "half a character", '{"text": "\\ud800"}'),
    (b"[" * 100_000, "nested too deeply", "[" * 100_000),
]


@pytest.mark.parametrize(("line", "reason", "raw"), BAD, ids=[r[:30] for _, r, _ in BAD])
@pytest.mark.parametrize("at", [0, 57, 99])
def test_a_malformed_line_is_set_aside_alone(tmp_path, line, reason, raw, at):
    good = [json.dumps({"text": f"t{i}"}).encode() for i in range(100)]
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join([*good[:at], line, *good[at:]]) + b"\n")
    rows, batch, aside = read(path)
    assert batch == [(f"t{i}",) for i in range(100)]
    assert [(number, kept) for number, _, kept in aside] == [(at + 1, raw)]
    assert aside[0][1].startswith(reason)
    assert rows == [n for n in range(1, 102) if n != at + 1]


def test_a_pair_of_surrogates_is_a_character(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "\\ud83d\\ude00"}\n')
    assert read(path) == ([1], [("\N{GRINNING FACE}",)], [])


def test_line_numbers_count_from_the_beginning_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "LEAST_BYTES", 256)
    lines = [json.dumps({"text": f"record {i}"}) for i in range(300)]
    for bad in (40, 41, 200, 299):
        lines[bad] = "broken"
    lines[100] = ""
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    assert len(open_records(path).shards) > 10
    rows, _, aside = read(path)
    assert [number for number, _, _ in aside] == [41, 42, 201, 300]
    assert len(rows) == 295


def test_a_malformed_text_in_a_table_is_set_aside(tmp_path):
    broken = pa.array([b"fine", b"\xff\xfe", b"good"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": broken, "n": [1, 2, 3]}), tmp_path / "a.parquet")
    rows, batch, aside = read(tmp_path / "a.parquet")
    assert (rows, batch) == ([1, 3], [("fine", 1), ("good", 3)])
    assert aside == [(2, "not valid UTF-8 at byte 0 of the column 'text'", "\\xff\\xfe")]


CSV = [
    (b"1,2,3\n", "3 fields where the header has 2", "1,2,3"),
    (b"1\n", "1 fields where the header has 2", "1"),
    (b'1,"open\n', "not CSV", '1,"open'),
    (b'"a"b,2\n', "not CSV", '"a"b,2'),
    (b"\xff,2\n", "not valid UTF-8", "\\xff,2"),
]


@pytest.mark.parametrize(("line", "reason", "raw"), CSV, ids=[r for _, r, _ in CSV])
@pytest.mark.parametrize("last", [False, True])
def test_a_malformed_line_of_csv_is_set_aside_alone(tmp_path, line, reason, raw, last):
    good = [(str(i), f'some, "quoted"\nlines {i}') for i in range(50)]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([("a", "b"), *good])
    head, tail = buffer.getvalue().encode(), b""
    if not last:
        cut = head.index(b"25,")
        head, tail = head[:cut], head[cut:]
    path = tmp_path / "a.csv"
    path.write_bytes(head + line + tail)
    rows, batch, aside = read(path)
    assert batch == good
    assert [(number, kept) for number, _, kept in aside] == [(102 if last else 52, raw)]
    if reason == "not CSV" and last:
        reason = "a quotation that does not end" if b"open" in line else reason
    assert aside[0][1].startswith(reason)
    assert rows[:2] == [2, 4]


def test_a_quotation_that_never_ends_does_not_swallow_what_follows(tmp_path, monkeypatch):
    monkeypatch.setattr(separated, "LONGEST", 4096)
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + '1,"never\n' + "".join(f"{i},x\n" for i in range(5000)))
    _, batch, aside = read(path)
    assert len(batch) == 5000
    assert [number for number, _, _ in aside] == [2]


def test_a_field_may_be_longer_than_the_limit_of_the_csv_module(tmp_path):
    before = csv.field_size_limit()
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1," + "y" * (2 * before) + "\n2,z\n")
    _, batch, aside = read(path)
    assert (len(batch[0][1]), batch[1], aside) == (2 * before, ("2", "z"), [])
    assert csv.field_size_limit() == before


FIELD = st.text(alphabet='ab,"\n\r é', max_size=6)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=40), mark=st.booleans())
def test_any_csv_is_read_as_the_standard_library_reads_it(tmp_path, monkeypatch, rows, mark):
    monkeypatch.setattr(text, "LEAST_BYTES", 32)
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [("a", "b", "c"), *rows]
    )
    path = tmp_path / "a.csv"
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + buffer.getvalue().encode())
    _, batch, aside = read(path)
    expected = list(csv.reader(io.StringIO(buffer.getvalue(), newline=""), strict=True))[1:]
    assert aside == []
    assert [list(record) for record in batch] == expected


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.lists(
        st.sampled_from([b'{"a":1}', b"", b"x", b" ", b'{"a":2}\r', b"\xff"]),
        min_size=1,
        max_size=60,
    )
)
def test_no_line_is_lost_or_read_twice(tmp_path, monkeypatch, content):
    monkeypatch.setattr(text, "LEAST_BYTES", 16)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":0}\n' + b"\n".join(content))
    rows, batch, aside = read(path, 5)
    good = [i + 2 for i, line in enumerate(content) if line.startswith(b"{")]
    bad = [i + 2 for i, line in enumerate(content) if line in (b"x", b"\xff")]
    assert rows == [1, *good]
    assert [number for number, _, _ in aside] == bad
    assert len(batch) == len(rows)
