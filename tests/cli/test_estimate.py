import json

import pytest

HEADER = "label,kept,group,cluster\n"
ROWS = [
    (label, kept, "ab"[i % 2], i % 40)
    for count, label, kept in [(90, 1, 1), (10, 1, 0), (15, 0, 1), (35, 0, 0)]
    for i in range(count)
]


def table(rows=ROWS, header=HEADER):
    return header + "".join(",".join(map(str, row)) + "\n" for row in rows)


def test_an_audit_is_judged(shell):
    shell.write("audit.csv", table())
    done = shell("estimate", "audit.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Selection helps: it keeps 30.0% of the wrong records")
    assert "It does not break down" in done.stdout
    assert "150 labels in 40 clusters" in done.stdout
    assert "\n  group  labels" in done.stdout
    assert done.stderr == ""


def test_json_says_the_same(shell):
    shell.write("audit.csv", table())
    found = json.loads(shell("estimate", "audit.csv", "--json").stdout)
    assert found["breakdown_point"]["value"] == pytest.approx(0.75)
    assert set(found["groups"]) == {"a", "b"}
    assert found["clusters"] == 40


def test_columns_by_other_names_and_another_format(shell):
    lines = [json.dumps({"correct": label == 1, "passed": kept}) for label, kept, _, _ in ROWS]
    shell.write("audit.jsonl", "\n".join(lines) + "\n")
    done = shell(
        "estimate", "audit.jsonl", "--label-column", "correct", "--kept-column", "passed",
        "--interval", "exact", "--confidence", "0.9", "--json",
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["interval"] == "exact"
    assert found["confidence"] == 0.9
    assert found["groups"] == {}
    assert found["clusters"] is None
    assert found["p"]["value"] == pytest.approx(1 / 3)


def test_a_keep_rate_leaves_groups_out(shell):
    shell.write("audit.csv", table())
    found = json.loads(shell("estimate", "audit.csv", "--keep-rate", "0.2", "--json").stdout)
    assert found["keep_rate"] == 0.2
    assert found["groups"] == {}
    shell.refused(
        "cannot be given together",
        "estimate", "audit.csv", "--keep-rate", "0.2", "--group-column", "group",
    )  # fmt: skip


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "holds no records"),
        (HEADER, "holds no records"),
        (table([(1, 1, "a", 1), (1, 0, "a", 2)]), "all 2 labelled records are right"),
        (table([(0, 1, "a", 1), (0, 0, "a", 2)]), "all 2 labelled records are wrong"),
        (table([(1, 1, "a", 1), (0, 1, "a", 2)]), "all 2 labelled records were kept"),
        (table([(1, 0, "a", 1), (0, 0, "a", 2)]), "none of the 2 labelled records was kept"),
        (table([(1, 1, "a", 1), ("", 0, "a", 2)]), "labels is missing in 1 of 2 records"),
        (table([(1, 1, "a", 1), ("nan", 0, "a", 2)]), "labels is missing in 1 of 2 records"),
        (table([(1, 1, "a", 1), (3, 0, "a", 2)]), "record 2 is 3, which is neither"),
        (table([(1, 1, "a", 1), (0, 0, "a")]), "record 2 of audit.csv has 3 fields"),
        (table(header="labels,kept,group,cluster\n"), "no column 'label'. Did you mean 'labels'"),
        (table([(1, 1, "a", 1), (0, 0, "a", 1)]), "come from one cluster"),
    ],
    ids=lambda value: value if value.isascii() and "," not in value else "content",
)
def test_a_wrong_audit_is_refused(shell, content, message):
    shell.write("audit.csv", content)
    shell.refused(message, "estimate", "audit.csv")


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("audit.txt", "1 1", "Known endings"),
        ("audit.jsonl", '{"label": 1, "kept"', "line 1 of audit.jsonl is not JSON"),
        ("audit.jsonl", "[1, 1]", "not an object"),
        ("audit.parquet", "no", "cannot be read as Parquet"),
        ("audit.csv", 'label,kept\n1,"1\n', "not a CSV file"),
    ],
)
def test_a_file_that_is_something_else_is_refused(shell, name, content, message):
    shell.write(name, content)
    shell.refused(message, "estimate", name)


def test_a_missing_file_or_column_is_refused(shell):
    shell.refused("cannot read nothing.csv", "estimate", "nothing.csv")
    shell.write("audit.csv", table())
    shell.refused("no column 'task'", "estimate", "audit.csv", "--group-column", "task")
