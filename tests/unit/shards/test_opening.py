import gzip
import json
import os
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelcollapse.errors import InputError
from modelcollapse.shards import open_records, record_ids, text

RECORDS = [
    {"text": f"die {i}. Zeile — ünïcode {'x' * (i % 30)}", "n": i, "topic": "abc"[i % 3]}
    for i in range(700)
]


def lines(records):
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode()


def write(folder, form, records=RECORDS):
    """Write records in a form, and return what to open."""
    path = folder / f"records.{form}"
    if form == "jsonl":
        path.write_bytes(lines(records))
    elif form == "jsonl.gz":
        path.write_bytes(gzip.compress(lines(records)))
    elif form == "jsonl.zst":
        with pa.CompressedOutputStream(str(path), "zstd") as file:
            file.write(lines(records))
    elif form == "parquet":
        pq.write_table(pa.Table.from_pylist(records), path, row_group_size=100)
    elif form == "one.parquet":
        pq.write_table(pa.Table.from_pylist(records), path)
    elif form == "datasets":
        path.mkdir()
        files = []
        for i, part in enumerate((records[:300], records[300:])):
            name = f"data-{i:05d}-of-00002.arrow"
            table = pa.Table.from_pylist(part)
            with (
                pa.OSFile(str(path / name), "wb") as file,
                pa.ipc.new_stream(file, table.schema) as stream,
            ):
                stream.write_table(table, max_chunksize=64)
            files.append({"filename": name})
        (path / "state.json").write_text(json.dumps({"_data_files": files}))
        (path / "dataset_info.json").write_text("{}")
    return path


def read(data, size=64, columns=None):
    records, rows = [], []
    for piece in open_records(data).batches(size, columns):
        assert not piece.set_aside
        assert all(len(column) == len(piece.rows) for column in piece.batch.values())
        names = list(piece.batch)
        records += [
            dict(zip(names, row, strict=True)) for row in zip(*piece.batch.values(), strict=True)
        ]
        rows += piece.rows.tolist()
    return records, rows


@pytest.fixture
def small_shards(monkeypatch):
    """Cut small files as if they were large."""
    monkeypatch.setattr(text, "LEAST_BYTES", 2048)
    monkeypatch.setattr("modelcollapse.shards.tables.LEAST_ROWS", 50)


FORMS = ["jsonl", "jsonl.gz", "jsonl.zst", "parquet", "one.parquet", "datasets"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 7, 1024])
def test_every_format_gives_the_records_in_order(tmp_path, small_shards, form, size):
    found, rows = read(write(tmp_path, form), size)
    assert found == RECORDS
    restarts = 300 if form == "datasets" else 700
    assert rows == [i % restarts + 1 for i in range(300)] + [
        (i - 300 if form == "datasets" else i) + 1 for i in range(300, 700)
    ]


@pytest.mark.parametrize("form", ["jsonl", "parquet", "one.parquet", "datasets"])
def test_a_file_is_cut_into_shards_that_are_read_alone(tmp_path, small_shards, form):
    records = open_records(write(tmp_path, form))
    assert len(records.shards) > 5
    assert [shard.index for shard in records.shards] == list(range(len(records.shards)))
    assert len({shard.digest for shard in records.shards}) == len(records.shards)
    # Backwards and through another process's eyes: no shard depends on another one.
    alone = [
        [n for piece in shard.batches() for n in piece.batch["n"]]
        for shard in pickle.loads(pickle.dumps(records.shards))[::-1]
    ]
    assert all(alone)
    assert [n for shard in alone[::-1] for n in shard] == list(range(700))


@pytest.mark.parametrize("form", FORMS)
def test_a_record_keeps_its_name_in_every_format(tmp_path, form):
    expected = record_ids({name: [r[name] for r in RECORDS] for name in ("n", "topic", "text")})
    found = [i for p in open_records(write(tmp_path, form)).batches() for i in record_ids(p.batch)]
    assert found == expected
    assert len(set(found)) == len(RECORDS)


def test_cuts_depend_on_the_file_and_are_kept_when_it_grows(tmp_path, small_shards):
    path = write(tmp_path, "jsonl")
    before = open_records(path).shards
    path.write_bytes(path.read_bytes() + lines([{"text": "one more", "n": 1, "topic": "a"}]))
    after = open_records(path).shards
    assert [s.digest for s in after[: len(before) - 1]] == [s.digest for s in before[:-1]]
    assert after[-1].digest != before[-1].digest


def test_the_last_line_needs_no_end(tmp_path, small_shards):
    path = write(tmp_path, "jsonl")
    path.write_bytes(path.read_bytes()[:-1])
    assert read(path)[0] == RECORDS


def test_a_byte_order_mark_is_no_part_of_a_record(tmp_path, small_shards):
    path = write(tmp_path, "jsonl")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read(path)[0] == RECORDS


def test_a_line_longer_than_a_shard_is_not_cut(tmp_path, small_shards):
    long = [{"text": "y" * 9000, "n": i} for i in range(5)] + [{"text": "z", "n": 5}]
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(long))
    assert len(open_records(path).shards) == 6
    assert read(path)[0] == long


def test_a_field_that_is_missing_is_none(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines([{"a": 1}, {"b": "x"}, {"a": None, "b": "y"}, {"c": [1], "a": 2}]))
    assert read(path)[0] == [
        {"a": 1, "b": None, "c": None},
        {"a": None, "b": "x", "c": None},
        {"a": None, "b": "y", "c": None},
        {"a": 2, "b": None, "c": [1]},
    ]
    assert open_records(path).schema == {"a": "number", "b": "text", "c": "list"}


@pytest.mark.parametrize("form", FORMS)
def test_columns_can_be_chosen(tmp_path, form):
    found, _ = read(write(tmp_path, form), columns=("topic", "n"))
    assert found == [{"topic": r["topic"], "n": r["n"]} for r in RECORDS]
    with pytest.raises(InputError, match=r"no column 'topik'\. Did you mean 'topic'"):
        read(tmp_path / f"records.{form}", columns=("topik",))


def test_plain_text_has_one_record_per_line(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\r\n\n two \nthree\x0bfour")
    assert read(path) == (
        [{"text": "one"}, {"text": " two "}, {"text": "three\x0bfour"}],
        [1, 3, 4],
    )


def test_a_folder_means_its_files_by_name_and_a_pattern_what_it_matches(tmp_path):
    folder = tmp_path / "gen"
    (folder / "below").mkdir(parents=True)
    for name in ("b", "a", "c"):
        (folder / f"{name}.jsonl").write_bytes(lines([{"text": name}]))
    (folder / "README.md").write_text("no records")
    (folder / "_SUCCESS.txt").write_text("no record")
    (folder / ".hidden.jsonl").write_text("no record")
    (folder / "below" / "d.jsonl").write_bytes(lines([{"text": "d"}]))
    assert [r["text"] for r in read(folder)[0]] == ["a", "b", "c"]
    assert [r["text"] for r in read(str(folder / "[bc].jsonl"))[0]] == ["b", "c"]
    assert [r["text"] for r in read(str(folder / "**/*.jsonl"))[0]] == ["a", "b", "d", "c"]
    mixed = [folder / "c.jsonl", str(folder / "a*")]
    assert [r["text"] for r in read(mixed)[0]] == ["c", "a"]
    records = open_records(mixed)
    assert records.files == (str(folder / "c.jsonl"), str(folder / "a.jsonl"))
    assert open_records(records) is records


def test_a_file_whose_name_is_a_pattern_is_that_file(tmp_path):
    path = tmp_path / "a[1].jsonl"
    path.write_bytes(lines([{"text": "x"}]))
    assert read(path)[0] == [{"text": "x"}]


def test_opening_keeps_no_records(tmp_path):
    path = write(tmp_path, "jsonl")
    assert len(pickle.dumps(open_records(path))) < os.path.getsize(path) / 10


def test_the_digest_is_that_of_the_content(tmp_path, small_shards):
    path = write(tmp_path, "jsonl")
    first = open_records(path).digest
    other = tmp_path / "elsewhere.jsonl"
    other.write_bytes(path.read_bytes())
    assert open_records(other).digest == first
    other.write_bytes(path.read_bytes().replace(b"die 600.", b"die 60O."))
    assert open_records(other).digest != first


# --- what is wrong with files --------------------------------------------------------------------


def asides(data):
    return [each for piece in open_records(data).batches(64) for each in piece.set_aside]


@pytest.mark.parametrize("at", [0, 3, 300, 650, 699])
@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz"])
def test_a_record_of_another_type_is_set_aside_alone(tmp_path, small_shards, form, at):
    odd = [{**r, "n": str(r["n"])} if r["n"] == at else r for r in RECORDS]
    path = write(tmp_path, form, odd)
    (aside,) = asides(path)
    assert aside.line == at + 1
    assert (
        aside.reason == "of another type: a text in the column 'n', which holds a number elsewhere"
    )
    assert json.loads(aside.raw) == odd[at]
    kept = [n for piece in open_records(path).batches(64) for n in piece.batch["n"]]
    assert kept == [n for n in range(700) if n != at]


@pytest.mark.parametrize("at", [20, 256, 400, 680])
def test_a_type_that_changes_is_named_with_file_line_and_column_at_once(tmp_path, small_shards, at):
    path = write(
        tmp_path, "jsonl", [{**r, "n": str(r["n"])} if r["n"] >= at else r for r in RECORDS]
    )
    with pytest.raises(
        InputError, match=r"line \d+ of .*records.jsonl holds a text in the column 'n', which held"
    ) as error:
        open_records(path)
    assert at < int(str(error.value).split()[1]) <= at + 60


@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz"])
def test_a_type_that_changes_in_the_midst_of_a_shard_is_named(tmp_path, form):
    odd = [{**r, "n": str(r["n"])} if 300 <= r["n"] < 400 else r for r in RECORDS]
    records = open_records(write(tmp_path, form, odd))
    for size in (1, 1000):
        with pytest.raises(InputError, match=r"line 301 of .* holds a text in the column 'n'"):
            list(records.batches(size))


@pytest.mark.parametrize("truth", [True, 1.5, None])
def test_numbers_may_be_whole_or_not_but_a_truth_value_is_no_number(tmp_path, truth):
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines([{"a": 1}, {"a": 0.5}] * 3 + [{"a": truth}]))
    if truth is True:
        (aside,) = asides(path)
        assert (aside.line, "a truth value in the column 'a'" in aside.reason) == (7, True)
        path.write_bytes(lines([{"a": 1}] * 3 + [{"a": truth}] * 3))
        with pytest.raises(InputError, match=r"line 4 .* a truth value in the column 'a'"):
            open_records(path)
    else:
        assert [r["a"] for r in read(path)[0]] == [1, 0.5] * 3 + [truth]


@pytest.mark.parametrize("seen", [False, True])
def test_a_column_that_comes_late_has_the_type_that_most_of_its_entries_show(
    tmp_path, small_shards, monkeypatch, seen
):
    if not seen:
        monkeypatch.setattr(text, "LEAST_BYTES", 2**20)
        monkeypatch.setattr("modelcollapse.shards.opening.SAMPLE", 1)
    path = tmp_path / "a.jsonl"
    late = [{"text": "x" * 40, **({"extra": [1]} if i > 400 else {})} for i in range(499)]
    late.append({"text": "the end"})
    path.write_bytes(lines(late))
    records = open_records(path)
    assert records.schema == {"text": "text", **({"extra": "list"} if seen else {})}
    kinds = {name: kind for piece in records.batches(100) for name, kind in piece.kinds.items()}
    assert kinds == {"text": ("text", True), "extra": ("list", seen)}
    path.write_bytes(lines([*late[:-1], {"extra": "no list"}]))
    (aside,) = asides(path)
    assert (aside.line, "column 'extra', which holds a list" in aside.reason) == (500, True)


def test_a_late_column_of_another_type_in_a_later_shard_is_set_aside(tmp_path, small_shards):
    """The first that shows is a mistake, the others are not."""
    late = [{"text": "x" * 40} for _ in range(900)]
    late[300]["extra"] = "seven"
    for i in range(500, 900):
        late[i]["extra"] = i
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(late))
    (aside,) = asides(path)
    assert (aside.line, aside.reason) == (
        301, "of another type: a text in the column 'extra', which holds a number elsewhere"
    )  # fmt: skip
    for i in range(700, 900):
        late[i]["extra"] = "now a text"
    path.write_bytes(lines(late))
    with pytest.raises(InputError, match=r"line 7\d\d of .* holds a text in the column 'extra'"):
        open_records(path)


def test_types_that_differ_between_files_are_noticed_before_anything_is_read(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines([{"x": 1}]))
    (tmp_path / "b.jsonl").write_bytes(lines([{"x": "1"}]))
    with pytest.raises(InputError, match=r"line 1 of .*b.jsonl holds a text in the column 'x'"):
        open_records(tmp_path)
    pq.write_table(pa.table({"x": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": ["1"]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"b.parquet holds a text in the column 'x'"):
        open_records(str(tmp_path / "*.parquet"))


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_files_of_columns_have_the_same_ones(tmp_path, form):
    for name, column in (("a", "text"), ("b", "summary")):
        if form == "csv":
            (tmp_path / f"{name}.csv").write_text(f"{column}\nx\n")
        else:
            pq.write_table(pa.table({column: ["x"]}), tmp_path / f"{name}.parquet")
    with pytest.raises(InputError, match=rf"b.{form} has a column 'summary', which .*a.{form} lac"):
        open_records(tmp_path)


def test_a_column_of_nothing_takes_any_type(tmp_path):
    pq.write_table(pa.table({"x": pa.nulls(1)}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": ["1"]}), tmp_path / "b.parquet")
    assert open_records(tmp_path).schema == {"x": "text"}


def case(name, content, message):
    return pytest.param(name, content, message, id=message[:40])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        case("a.jsonl", b"", "holds no records"),
        case("a.jsonl", b"\n\n", "holds no records"),
        case("a.csv", b"a,b\n", "holds no records"),
        case("a.csv", b"a,a\n1,2\n", "more than one column 'a'"),
        case("a.csv", b'"a\n1,2\n', "the header of .*a quotation that does not end"),
        case("a.jsonl", b"[1]\n[2]\n", r"line 1 of .*a.jsonl is not an object .* a list"),
        case("a.json", b"[]", "cannot tell the format of .*a.json"),
        case("a.parquet", b"PAR1nonsensePAR1", "a.parquet cannot be read as Parquet"),
        case("a.parquet.gz", b"", "cannot tell the format"),
        case("a.jsonl.gz", gzip.compress(lines(RECORDS))[:200], "damaged or cut off"),
        case("a.jsonl.gz", b"no gzip at all", "damaged or cut off"),
        case("a.jsonl.zst", b"no zstandard", "damaged or cut off"),
    ],
)
def test_files_that_cannot_be_read_are_refused_in_one_sentence(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        open_records(tmp_path / name)


def test_what_is_not_there_is_said(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.jsonl").write_bytes(lines(RECORDS))
    for data, message in [
        (tmp_path / "no.jsonl", "cannot read .*no.jsonl: No such file"),
        (str(tmp_path / "*.csv"), "no file matches"),
        (tmp_path / "empty", "holds no files of records"),
        ([tmp_path / "a.jsonl", str(tmp_path / "*.jsonl")], "is given twice"),
        ([], "holds no records"),
    ]:
        with pytest.raises(InputError, match=message):
            open_records(data)


def test_a_compressed_file_that_was_cut_off_is_noticed(tmp_path):
    for form in ("jsonl.gz", "jsonl.zst"):
        path = write(tmp_path, form)
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(InputError, match="damaged or cut off"):
            open_records(path)


def test_a_file_that_changes_after_it_was_opened_is_noticed(tmp_path, small_shards):
    path = write(tmp_path, "jsonl")
    records = open_records(path)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(InputError, match="was changed while it was read"):
        list(records.batches())


def test_folders_of_datasets_that_need_more_are_refused(tmp_path):
    folder = write(tmp_path, "datasets")
    (folder / "state.json").write_text(
        json.dumps({"_data_files": [], "_indices_data_files": [{"filename": "x"}]})
    )
    with pytest.raises(InputError, match="flatten_indices"):
        open_records(folder)
    both = tmp_path / "both"
    both.mkdir()
    (both / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    with pytest.raises(InputError, match=r"several sets .*train, test.*both/train"):
        open_records(both)


def test_a_missing_column_is_named_with_who_reads_it(tmp_path):
    records = open_records(write(tmp_path, "jsonl"))
    records.require(["text"], "length")
    with pytest.raises(InputError, match=r"length reads the column 'txt'.*Did you mean 'text'"):
        records.require(["text", "txt"], "length")


def test_rows_are_whole_numbers_of_one_type(tmp_path):
    piece = next(open_records(write(tmp_path, "jsonl")).batches(3))
    assert piece.rows.dtype == np.int64
    assert piece.rows.tolist() == [1, 2, 3]
