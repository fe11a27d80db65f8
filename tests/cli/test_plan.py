import json

import numpy as np

GENERATORS = """
import numpy as np


class Honest:
    def fit(self, X):
        self.X = X
        return self

    def sample(self, n, rng):
        return self.X[rng.integers(len(self.X), size=n)] + 0.01 * rng.standard_normal((n, 1))


class Frozen(Honest):
    def sample(self, n, rng):
        return super().sample(n, np.random.default_rng(0))
"""


def prepare(shell):
    (shell.folder / "mine.py").write_text(GENERATORS)
    np.save(shell.folder / "rows.npy", np.random.default_rng(1).normal(size=(300, 1)))


def test_a_plan_for_ones_own_records_and_generator(shell):
    prepare(shell)
    done = shell(
        "plan", "rows.npy", "--generator", "mine:Honest", "--keep", "tails=0.5",
        "--generations", "3", "--replicates", "64", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["measure"] == "tail_retention"
    assert 0 <= found["answer"] < 0.5
    assert "left" in done.stderr


def test_a_generator_that_keeps_its_seed_is_refused(shell):
    prepare(shell)
    shell.refused(
        "it keeps a seed", "plan", "rows.npy", "--generator", "mine:Frozen", "--keep", "tails=0.5"
    )


def test_records_without_a_generator_and_a_spec_with_one_are_refused(shell):
    prepare(shell)
    shell.refused("--generator", "plan", "rows.npy", "--keep", "tails=0.5")
    shell.refused(
        "Leave out --generator",
        "plan", shell.spec(), "--generator", "mine:Honest", "--keep", "tails=1",
    )  # fmt: skip


def test_a_measure_that_grows_cannot_be_kept(shell):
    shell.refused("no measure of which a share", "plan", shell.spec(), "--keep", "wasserstein=0.9")
