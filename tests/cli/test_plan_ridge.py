import json

import numpy as np
import pytest

CHAIN = """
truth: {type: power_law_teacher, d: 20, noise: 0.5}
learner: {type: ridge, penalty: 0.0}
size: 60
policies:
  accumulate: {type: accumulate, n: 60}
  replace: {type: replace, n: 60}
generations: 7
"""


@pytest.fixture(scope="module")
def shell(shared_shell):
    """A folder with tables of sixty real rows and sixty of generation 5."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    depth = np.repeat([0, 5], 60)
    y = X @ [1.0, 2.0, 0.0] + depth * (X @ [0.1, -0.2, 0.3]) + 0.5 * rng.normal(size=120)
    table = np.column_stack([X, y, depth])
    head = "a,b,c,y,depth\n"
    lines = [",".join(map(repr, row)) for row in table.tolist()]
    shared_shell.write("t.csv", head + "\n".join(lines) + "\n")
    shared_shell.write("text.csv", head + "\n".join(lines[:-1]) + "\nred,1,1,1,5\n")
    shared_shell.write("holes.csv", head + "\n".join(lines[:-1]) + "\n1,1,1,,5\n")
    shared_shell.write("flat.csv", "a,y\n" + "1,2\n3,2\n" * 10)
    objects = [dict(zip("abcyd", row, strict=True)) for row in table.tolist()]
    shared_shell.write("t.jsonl", "\n".join(map(json.dumps, objects)))
    shared_shell.write("chain.yaml", CHAIN)
    return shared_shell


def test_a_table_with_labels(shell):
    done = shell("plan", "ridge", "t.csv", "--target", "y", "--generation-column", "depth")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("use a penalty of ")
    assert "judged by: leave-one-out errors on 60 real rows" in done.stdout
    assert done.stderr == ""


def test_json_and_other_formats_say_the_same(shell):
    plain = ("--target", "y", "--goal", "0.1", "--json")
    one = shell("plan", "ridge", "t.csv", "--generation-column", "depth", *plain)
    two = shell("plan", "ridge", "t.jsonl", "--generation-column", "d", *plain)
    assert one.stdout == two.stdout
    found = json.loads(one.stdout)
    assert found["gain"]["low"] > 0
    assert found["real"] == found["synthetic"] == 60
    assert found["real_for_goal"] > 5


def test_rows_of_one_depth(shell):
    done = shell(
        "plan", "ridge", "t.csv", "--target", "y", "--leave-out", "depth", "--generations", "5",
        "--generator-records", "40", "--generator-noise", "1", "--no-intercept", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["synthetic"] == 120
    assert found["generator_noise"] == 1
    assert found["chosen"]["penalty"] >= found["classical"]["penalty"]
    assert found["worth"] < 120


def test_a_chain_by_theory(shell):
    done = shell("plan", "ridge", "chain.yaml", "--real", "50", "--goal", "0.05")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("after 7 generations use a penalty of ")
    assert "50 real records alone" in done.stdout
    found = json.loads(shell("plan", "ridge", "chain.yaml", "--generations", "0", "--json").stdout)
    assert found["error"] == found["clean_error"]


def test_the_other_plan_goes_on_working(shell):
    shell.write("gaussian.yaml", "truth: exact_gaussian\nlearner: gaussian_mle\nsize: 50\n"
                "policy: {type: replace, n: 50}\n")  # fmt: skip
    done = shell("plan", "gaussian.yaml", "--keep", "variance=0.9", "--generations", "5")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("to keep the mean variance")
    helped = shell("plan", "--help")
    assert "--keep" in helped.stdout
    assert "ridge" not in helped.stdout.split("Options")[1].split("─╯")[0]


LABELLED = ("--target", "y", "--generation-column", "depth")


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("no column 'z'", ("t.csv", "--target", "z")),
        ("'red' in record 120", ("text.csv", *LABELLED)),
        ("target holds 1 missing", ("holes.csv", *LABELLED)),
        ("target is 2 in every row", ("flat.csv", "--target", "y")),
        ("--target", ("t.csv",)),
        ("both say how deep", ("t.csv", *LABELLED, "--generations", "2")),
        ("no whole number from 0", ("t.csv", "--target", "y", "--generation-column", "a")),
        ("say with generator_records", ("t.csv", "--target", "y", "--generations", "2")),
        (
            "infinite for one record less",
            ("t.csv", "--target", "y", "--generations", "2", "--generator-records", "5"),
        ),
        ("goal is -1", ("t.csv", *LABELLED, "--goal", "-1")),
        ("--records and --real are for specs", ("t.csv", *LABELLED, "--real", "3")),
        ("Leave out --target", ("chain.yaml", "--target", "y")),
    ],
)
def test_wrong_input_is_one_sentence(shell, message, arguments):
    shell.refused(message, "plan", "ridge", *arguments)
