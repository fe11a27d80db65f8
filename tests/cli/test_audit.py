"""Audits from the command line: what a person, a script or a pipeline meets."""

import csv
import json

import numpy as np
import pytest

from modelcollapse.testing.damages import mixed_table

QUICK = ("--neighbours", "200", "--show", "3")
REAL, NEW = (mixed_table(1500, numbers=2, rng=np.random.default_rng(seed)) for seed in (0, 1))
NARROW = {**NEW, "number_0": 0.6 * NEW["number_0"], "number_1": 0.6 * NEW["number_1"]}


def write(shell, name, table):
    path = shell.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {key: np.asarray(values).tolist() for key, values in table.items()}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if name.endswith(".csv"):
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, list(columns))
            writer.writeheader()
            writer.writerows(rows)
    elif name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return name


@pytest.fixture(scope="module")
def here(shared_shell):
    write(shared_shell, "real.csv", REAL)
    write(shared_shell, "real.parquet", REAL)
    write(shared_shell, "new.jsonl", NEW)
    for number, table in enumerate((NEW, NARROW), start=1):
        write(shared_shell, f"generations/gen{number}.parquet", table)
    write(shared_shell, "narrow.csv", NARROW)
    return shared_shell


def test_a_report_a_card_and_a_table_are_written_and_a_gate_fails(here):
    done = here(
        "audit", "narrow.csv", "-r", "real.parquet", "-o", "out", "--fail-on", "early",
        "--fail-on", "duplication", "--group", "category_2, category_3", *QUICK,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stderr == "failed: the stage is late\n"
    assert done.stdout.startswith("Late collapse: the spread is going. Spread of the bulk: 0.")
    names = sorted(path.name for path in (here.folder / "out").iterdir())
    assert names == ["audit.json", "readings.csv", "report.html"]
    card = json.loads((here.folder / "out" / "audit.json").read_text())
    assert card["verdict"]["stage"] == "late"
    assert card["settings"]["groups"] == [["category_2", "category_3"]]
    assert card["groups"][0]["by"] == "category_2 x category_3"
    assert card["data"]["new"] == {**card["data"]["new"], "source": "narrow.csv", "rows": 1500}
    with open(here.folder / "out" / "readings.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(card["readings"])


def test_json_is_the_card_and_formats_do_not_matter(here):
    cards = []
    for reference in ("real.csv", "real.parquet"):
        done = here("audit", "new.jsonl", "--reference", reference, "--json", *QUICK)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        cards.append(json.loads(done.stdout))
    first, second = cards
    assert first["verdict"] == second["verdict"]
    assert first["data"]["reference"]["digest"] == second["data"]["reference"]["digest"]
    for one, other in zip(first["readings"], second["readings"], strict=True):
        assert one["measure"] == other["measure"]
        assert (one["value"] is None) == (other["value"] is None)
        if one["value"] is not None:
            assert float(one["value"]) == pytest.approx(float(other["value"]), rel=1e-9)


def test_a_profile_is_made_once_and_used_again(here):
    done = here("profile", "real.parquet", "-o", "real.profile", "--role", "category_5=text")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "1,500 records of real.parquet"
    assert any(line.startswith("  number_0: number (numbers") for line in lines)
    assert any(line.startswith("  category_5: text") for line in lines)
    audited = here("audit", "new.jsonl", "-r", "real.profile", "--json", *QUICK)
    assert audited.returncode == 0, audited.stderr
    roles = {one["name"]: one["role"] for one in json.loads(audited.stdout)["roles"]}
    assert (roles["category_5"], roles["number_0"]) == ("text", "number")
    here.refused(
        "without the role of number_0", "audit", "new.jsonl", "-r", "real.profile", "--role",
        "number_0=category",
    )  # fmt: skip


@pytest.mark.parametrize("given", [["generations"], ["new.jsonl", "narrow.csv"]])
def test_generations_are_a_lineage(here, given):
    done = here(
        "audit", *given, "-r", "real.parquet", "-o", "lineage", "--json", "--fail-on",
        "metric=bulk_spread<0.9", "--tolerance", "tails=0.5", *QUICK,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("failed: bulk_spread is 0.")
    card = json.loads(done.stdout)
    assert card["kind"] == "lineage"
    assert card["generation"] == [1, 2]
    assert card["verdict"]["onset"]["spread"] == 2
    assert card["generations"][0]["settings"]["tolerance"] == {"tails": 0.5}
    assert json.loads((here.folder / "lineage" / "audit.json").read_text()) == card
    with open(here.folder / "lineage" / "readings.csv", newline="") as file:
        assert {row["generation"] for row in csv.DictReader(file)} == {"1", "2"}


def test_a_gate_on_what_was_not_read_is_refused_and_the_report_is_kept(here):
    here.refused(
        "no measure 'bulk_spread:number_9' was read.*mean 'bulk_spread:number_", "audit",
        "new.jsonl", "-r", "real.csv", "-o", "kept", "--fail-on",
        "metric=bulk_spread:number_9", *QUICK,
    )  # fmt: skip
    assert (here.folder / "kept" / "report.html").exists()


def test_a_reference_that_holds_the_audited_set_is_said(here):
    done = here("audit", "real.parquet", "-r", "real.csv", *QUICK)
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    assert "(but leak). Mind that all of the new records are in" in first
    assert any(line.startswith("mind: All of the new records are in the ref") for line in rest)


def test_columns_that_are_constant_or_empty_are_said(here):
    table = {**NEW, "number_0": np.full(1500, 0.25), "category_5": [None] * 1500}
    write(here, "odd.jsonl", table)
    done = here("audit", "odd.jsonl", "-r", "real.csv", *QUICK)
    assert done.returncode == 0, done.stderr
    assert "mind: number_0 varies in the reference and is constant here." in done.stdout
    assert "mind: category_5 has values in the reference and none here." in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("other.csv", b"a,b\n1,x\n2,y\n", "other.csv lacks the columns .* of real.csv"),
        ("fewer.csv", b"number_0,number_1\n1.5,2.5\n", "fewer.csv lacks the columns 'category_2'"),
        ("one.jsonl", b"", None),
        ("words.jsonl", b"", None),
        ("latin.csv", b"number_0,category_2\n1.5,caf\xe9\n", "latin.csv .*not valid UTF-8"),
        ("empty.csv", b"", "empty.csv holds no records"),
        ("header.csv", b"number_0,category_2\n", "header.csv"),
        ("data.xlsx", b"PK", "cannot tell the format of data.xlsx"),
        ("bad.parquet", b"no parquet at all", "bad.parquet cannot be read as Parquet"),
    ],
)
def test_wrong_data_are_one_sentence_and_leave_nothing_behind(here, name, content, message):
    if message is None:
        one = {key: values[:1] for key, values in NEW.items()}
        message = r"new data \(one.jsonl\) hold 1 record: nothing can be said"
        if name == "words.jsonl":
            mixed = np.where(np.arange(1500) % 9 == 0, "many", NEW["number_0"].astype(object))
            one = {**NEW, "number_0": mixed}
            message = "column 'number_0' of words.jsonl holds 'many' in record 1, but its role is"
        write(here, name, one)
    else:
        (here.folder / name).write_bytes(content)
    here.refused(message, "audit", name, "-r", "real.csv", "-o", "nothing", *QUICK)
    assert not (here.folder / "nothing").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.csv"], "there is no file none.csv"),
        (["new.jsonl", "--fail-on", "erly"], "no gate 'erly'. Did you mean 'early'"),
        (["new.jsonl", "--tolerance", "tail=0.1"], "Did you mean 'tails'"),
        (["new.jsonl", "--tolerance", "tails=x"], "tails=x has no number"),
        (["new.jsonl", "--role", "number_0"], "--role takes NAME=VALUE"),
        (["new.jsonl", "--group", "number_0"], "'number_0' is no column of categories"),
        (["new.jsonl", "--engine", "rai"], "Did you mean 'ray'"),
        (["new.jsonl", "--embed", "none/such"], "sentence-transformers"),
        (["new.jsonl", "-o", "real.csv"], "cannot make the folder real.csv"),
    ],
)
def test_a_command_that_cannot_run(here, arguments, message):
    given = arguments if "-o" in arguments else [*arguments, "-o", "nothing"]
    here.refused(message, "audit", *given, "-r", "real.csv")
    assert not (here.folder / "nothing").exists()


def test_a_profile_has_its_own_ending(here):
    here.refused(r"ends with \.profile", "profile", "real.csv", "--output", "real.json")
    assert not (here.folder / "real.json").exists()
