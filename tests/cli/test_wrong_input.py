"""Each wrong input: exit code 2, one sentence, no traceback."""

import hashlib
import os
import pickle
import resource

import numpy as np
import pytest

FULL = "/dev/full"


def fitted_to_file(path, learner="gaussian_mle", n=20, **more):
    return {
        "truth": {"type": "file", "path": path},
        "learner": learner,
        "size": 20,
        "policies": {"replace": {"type": "replace", "n": n}},
        **more,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"polices": 1}, "unknown field 'polices'. Did you mean 'policies'"),
        ({"policies": {"a": {"type": "replase", "n": 5}}}, "policies.a.type: .*mean 'replace'"),
        (
            {"policies": {"a": {"type": "mix", "n": 9, "alpha": 0.5, "beta": 0.2, "gamma": 0.2}}},
            r"the shares of Mix sum to 0\.9 .* Make them sum to 1",
        ),
        ({"size": 0}, "size = 0 real records"),
        ({"size": 1}, "size = 1 real records"),
        (
            {
                "truth": {"type": "exact_gaussian", "mean": [0.0] * 30},
                "learner": {"type": "gaussian_mle", "ddof": 1},
            },
            "an unbiased covariance in 30 dimension.* needs at least 31 records, got 30",
        ),
        ({"modelcollapse": 2}, "format 2, which is newer than format 1.*pip install --upgrade"),
        ({"curator": "random_selection"}, "single records cannot be taken from moments"),
        ({"measures": ["subgroups"]}, "subgroups are read from rows of numbers"),
        ({"snapshots": [-1]}, "snapshot of generation -1"),
    ],
)  # fmt: skip
def test_a_spec_that_cannot_run(shell, changes, message):
    shell.refused(message, "simulate", shell.spec(**changes), "--json")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.yaml"], r"there is no file none\.yaml"),
        (["."], r"cannot read \."),
        (["empty.yaml"], r"empty\.yaml is empty"),
        (["bad.yaml"], r"bad\.yaml is not valid YAML at line 4, column \d+"),
        (["spec.yaml", "--generations", "-1"], "generations is -1"),
        (["spec.yaml", "--replicates", "0"], "replicates is 0"),
        (["spec.yaml", "--seed", "-1"], "seed is -1"),
        (["spec.yaml", "--every", "0"], "every is 0"),
        (["spec.yaml", "--jobs", "0"], "n_jobs is 0"),
        (["spec.yaml", "--output", "spec.yaml"], r"cannot make the folder spec\.yaml"),
        (["spec.yaml", "--output", "spec.yaml/below"], r"cannot make the folder spec\.yaml/below"),
    ],
)
def test_a_command_that_cannot_run(shell, arguments, message):
    shell.spec()
    shell.write("empty.yaml", "# nothing yet\n")
    shell.write("bad.yaml", "size: 3\npolicies:\n  a: {type: replace\ngenerations: 3\n")
    shell.refused(message, "simulate", *arguments)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", "x,y\n1,2\n3,nan\n4,5\n", r"1 of 3 records hold NaN .*record 1\)"),
        ("rows.csv", "x\n1\ninf\n-inf\n", "2 of 3 records hold NaN or infinite"),
        ("rows.csv", "", "holds no records"),
        ("rows.txt", "\n", "holds no records"),
        ("rows.jsonl", "", "holds no records"),
        ("rows.npy", "", "not a NumPy file"),
        ("rows.xls", "", "cannot tell the format"),
    ],
)
def test_records_that_cannot_be_used(shell, name, content, message):
    shell.write(name, content)
    said = shell.refused(message, "simulate", shell.spec(**fitted_to_file(name)))
    assert said.startswith("modelcollapse: truth: ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"truth": {"type": "linear_teacher", "coefficients": [1, 2],
                       "covariance": [[1, 1], [1, 1]]}},
            "covariance is not positive definite .*drop redundant coordinates",
        ),
        (
            {"truth": {"type": "linear_teacher", "coefficients": [1, 2], "covariance": [1, -1]}},
            "covariance has a variance of -1: .*Drop that coordinate",
        ),
        (
            {"truth": {"type": "linear_teacher", "coefficients": [1, 2, 3], "covariance": [1, 1]}},
            r"covariance of shape \(2,\) does not fit 3 coefficients",
        ),
        ({"truth": {"type": "isotropic_teacher", "d": 30}}, "30 records in 30 dimensions has"),
        ({"truth": {"type": "isotropic_teacher", "d": 29}}, "30 records in 29 dimensions has"),
        ({"learner": {"type": "ridge", "penalty": -1}}, "penalty is -1.0, .*Use 0 for"),
        ({"learner": {"type": "kernel_ridge", "kernel": "rbff"}}, "kernel 'rbff' .*mean 'rbf'"),
    ],
)  # fmt: skip
def test_a_regression_that_cannot_run(shell, changes, message):
    small = {"truth": {"type": "isotropic_teacher", "d": 5}, "learner": "ridge",
             "policies": {"replace": {"type": "replace", "n": 30}}}  # fmt: skip
    spec = shell.spec(**{**small, **changes})
    shell.refused(message, "simulate", spec, "--output", "out")
    # The same folder is free for the mended spec.
    done = shell("simulate", shell.spec(**small), "--output", "out")
    assert done.returncode == 0, done.stderr


def test_a_category_that_was_never_declared(shell):
    np.save(shell.folder / "states.npy", np.arange(100) % 8)
    spec = shell.spec(**fitted_to_file("states.npy", {"type": "frequencies", "states": 5}))
    shell.refused("the record [567] is no state of this world, .* 0 to 4", "simulate", spec)


def test_a_category_first_seen_in_a_later_generation(shell):
    # State 9 is one record among many, which only fresh real data can bring.
    np.save(shell.folder / "states.npy", np.where(np.arange(300) == 150, 9, np.arange(300) % 3))
    mix = {"type": "mix", "n": 20, "real": 0.9, "fresh": True}
    spec = shell.spec(
        **fitted_to_file("states.npy", "frequencies", policies={"fresh": mix}, holdout=20)
    )
    done = shell("simulate", spec, "--generations", "14", "--json")
    assert done.returncode == 0, done.stderr


def test_real_records_that_run_out(shell):
    np.save(shell.folder / "rows.npy", np.random.default_rng(0).normal(size=(100, 2)))
    mix = {"type": "mix", "n": 50, "real": 0.5, "fresh": True}
    spec = shell.spec(**fitted_to_file("rows.npy", policies={"fresh": mix}, holdout=20))
    said = shell.refused("25 unseen real records were asked for in generation 3", "simulate", spec)
    assert "10 are left: of 100 in the source, 20 are held out and 70 were read" in said
    spec = shell.spec(**fitted_to_file("rows.npy", size=200))
    shell.refused("200 unseen real records .* generation 0 and 100 are left", "simulate", spec)


MODULE = """
import numpy as np

class Base:
    def __init__(self, fault=""):
        self.fault = fault
    def fit(self, X):
        if self.fault == "fit":
            raise RuntimeError("two\\nlines")
        self.mean, self.d = X.mean(axis=0), X.shape[1]
        return self
    def sample(self, n):
        if self.fault == "crash":
            raise RuntimeError("out of order")
        rows = np.random.normal(self.mean, size=(n, self.d))
        return {"few": rows[:-1], "wide": np.hstack([rows, rows]), "flat": rows[:, 0],
                "nan": np.where(rows > 0, np.nan, rows), "": rows}[self.fault]

def not_a_model():
    return 3
"""


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        ({"options": {"fault": "few"}}, "Base was asked for 20 records, got 19"),
        ({"options": {"fault": "wide"}}, r"records of shape \(2,\), got samples of shape \(4,\)"),
        ({"options": {"fault": "flat"}}, r"got samples of shape \(\)"),
        ({"options": {"fault": "nan"}}, "Base wrote NaN"),
        ({"options": {"fault": "crash"}}, "Base could not write 20 records: out of order"),
        ({"options": {"fault": "fit"}}, "could not be fitted to 20 records: two lines"),
        ({"options": {"falt": 1}}, r"learner: the factory could not build .*'falt'"),
        ({"factory": "mine:not_a_model"}, "learner: int has no method 'fit'"),
        ({"factory": "mine:Bass"}, "has nothing to call by the name 'Bass'. Did you mean 'Base'"),
        ({"factory": "theirs:Base"}, "the module of 'theirs:Base' cannot be imported"),
    ],
)
def test_a_learner_of_ones_own_that_breaks_its_promises(shell, learner, message):
    shell.write("mine.py", MODULE)
    np.save(shell.folder / "rows.npy", np.random.default_rng(0).normal(size=(100, 2)))
    learner = {"type": "estimator", "factory": "mine:Base", **learner}
    shell.refused(message, "simulate", shell.spec(**fitted_to_file("rows.npy", learner)))


def test_a_learner_of_ones_own_that_keeps_them(shell):
    shell.write("mine.py", MODULE)
    np.save(shell.folder / "rows.npy", np.random.default_rng(0).normal(size=(100, 2)))
    learner = {"type": "estimator", "factory": "mine:Base"}
    done = shell("simulate", shell.spec(**fitted_to_file("rows.npy", learner)))
    assert done.returncode == 0, done.stderr


# --- stores and disks ----------------------------------------------------------------------------


def test_an_output_folder_of_another_run(shell):
    assert shell("simulate", shell.spec(), "--output", "out").returncode == 0
    before = (shell.folder / "out/history.csv").read_bytes()
    shell.refused(
        r"out/store holds another run \(its lineages.*seed differs\)",
        "simulate", "spec.yaml", "--output", "out", "--seed", "1",
    )  # fmt: skip
    assert (shell.folder / "out/history.csv").read_bytes() == before


def corrupt(path, how):
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "flipped":
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 4]) + content[-8:])
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "foreign":
        payload = pickle.dumps("x").replace(b"x", b"y")[:-1]
        path.write_bytes(hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload)


def test_a_corrupt_store(shell):
    arguments = ("simulate", shell.spec(), "--output", "out")
    assert shell(*arguments).returncode == 0
    before = (shell.folder / "out/history.csv").read_bytes()
    piece = min((shell.folder / "out/store").glob("*.piece"))
    whole = piece.read_bytes()
    for how, message in (
        ("cut", "is damaged: .* Delete this file and run the same command again"),
        ("flipped", "is damaged"),
        ("emptied", "is damaged"),
        ("foreign", "written by another version"),
    ):
        piece.write_bytes(whole)
        corrupt(piece, how)
        assert piece.name in shell.refused(message, *arguments)
    # The sentence says what to do: doing it helps.
    piece.unlink()
    assert shell(*arguments).returncode == 0
    assert (shell.folder / "out/history.csv").read_bytes() == before


def test_a_store_without_a_readable_label(shell):
    arguments = ("simulate", shell.spec(), "--output", "out")
    assert shell(*arguments).returncode == 0
    shell.write("out/store/run.json", "{")
    shell.refused("run.json cannot be read, .* Delete the folder", *arguments)


def test_a_folder_that_cannot_be_written(shell):
    (shell.folder / "out").mkdir()
    shell.write("out/store", "a file in the way")
    shell.refused(r"cannot write out/store/run\.json", "simulate", shell.spec(), "--output", "out")


def limited(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_full_disk(shell):
    # A limit on the size of files stands in for it: for the label, a piece, and the report.
    arguments = ("simulate", shell.spec(replicates=50), "--output", "out")
    for size in (0, 4000, 40_000):
        said = shell.refused(
            "cannot write .*: File too large", *arguments, preexec_fn=limited(size)
        )
        assert "Nothing that was there is lost" in said
        assert "run the same command again" in said
        # Nothing half-written is left behind ...
        left = [path for path in (shell.folder / "out").rglob("*") if path.name.startswith(".")]
        assert left == []
    # ... and with space the same command goes on.
    assert shell(*arguments).returncode == 0
    assert (shell.folder / "out/report.html").exists()


@pytest.mark.skipif(not os.path.exists(FULL), reason=f"there is no {FULL} on this system")
def test_output_that_cannot_be_printed(shell):
    with open(FULL, "w") as full:
        import subprocess

        done = subprocess.run(
            shell.command("simulate", shell.spec(), "--json"), cwd=shell.folder,
            env=shell.environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "modelcollapse: cannot write the output: No space left on device.\n"
