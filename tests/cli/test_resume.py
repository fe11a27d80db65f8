"""Runs that are killed or interrupted, and started again, leave the same bytes as undisturbed ones."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

RESULTS = ("history.csv", "summary.json", "report.html")

# Says a line after each generation, so that it can be killed at any of them; checkpoints are
# taken at each generation, so that the kill lands in the middle of a piece.
CHILD = """
import sys
import numpy as np
import modelcollapse as mc
from modelcollapse import engine
from modelcollapse.comparison import Comparison
from modelcollapse.store import Store

engine.POOL_SECONDS = -1.0
folder, jobs = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(0)
rows = mc.Empirical(rng.normal(size=(900, 3)) @ rng.normal(size=(3, 3)))
texts = mc.Empirical([" ".join(rng.choice(list("abcdefgh"), size=9)) for _ in range(300)])
exact = mc.Lineage(mc.ExactGaussian([0.0, 0.0]), mc.GaussianMLE(), mc.Accumulate(30), size=30)
lineages = {
    "batched": exact,
    "batched counts": mc.Lineage(mc.Zipf(60), mc.Frequencies(), mc.Mix(50, real=0.2), size=50),
    "rows": mc.Lineage(rows, mc.GaussianMLE(), mc.Augment(40), size=40, budget=50),
    "mixture": mc.Lineage(rows, mc.Mixture(2, start="warm"), mc.Mix(60, beta=0.3), size=60),
    "texts": mc.Lineage(texts, mc.NGram(2), mc.Accumulate(40), size=40),
    "finite": mc.Lineage(rows, mc.KernelDensity(), mc.Mix(50, real=0.5, fresh=True), size=50),
    "ends": mc.Lineage(
        mc.Gaussian(), mc.Mixture(2, regularisation=0.0), mc.Mix(4, beta=0.5), size=4
    ),
}
result = Comparison(engine.run_all(
    lineages, generations=8, replicates=2, seed=3, snapshots=[0, 3, 8], n_jobs=jobs,
    store=Store(folder + "/store", checkpoint_seconds=0),
    progress=lambda done, total: print(done, flush=True),
))
assert result["ends"].endings, "no lineage ended, so no end was resumed"
result.to_csv(folder + "/history.csv")
result.to_json(folder + "/summary.json")
result.to_html(folder + "/report.html")
"""


@pytest.fixture
def start(shell):
    """Start the child in a process group of its own."""
    script = shell.write("child.py", CHILD)
    started = []

    def start(folder, jobs=1):
        (shell.folder / folder).mkdir(exist_ok=True)
        process = subprocess.Popen(
            [sys.executable, script, shell.folder / folder, str(jobs)],
            env=shell.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def results(folder):
    return {name: (folder / name).read_bytes() for name in RESULTS}


def finish(process):
    output, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    return output.split()


@pytest.fixture
def undisturbed(start, shell):
    lines = finish(start("undisturbed"))
    return results(shell.folder / "undisturbed"), len(lines)


def test_a_killed_run_goes_on_to_the_same_bytes(start, shell, undisturbed):
    expected, steps = undisturbed
    assert steps > 80
    chance = random.Random(1)
    kills, read = 0, 0
    while kills < 30:
        process = start("killed")
        for _ in range(chance.choice([1, 2, 5, 17, 30])):
            if not process.stdout.readline():
                break
            read += 1
        else:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            assert not any((shell.folder / "killed" / name).exists() for name in RESULTS)
            continue
        break
    finish(process)
    assert kills >= 4
    # It went on from where it was: hardly a generation was done twice.
    assert read <= steps + 2 * kills
    assert results(shell.folder / "killed") == expected
    assert not list((shell.folder / "killed/store").glob("*.checkpoint"))


def test_two_processes_killed_leave_the_same_bytes(start, shell, undisturbed):
    expected, _ = undisturbed
    for pieces in (1, 4):
        process = start("pool", 2)
        for _ in range(9 * pieces):
            process.stdout.readline()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    finish(start("pool", 2))
    assert results(shell.folder / "pool") == expected
    # And the finished pieces are good for one process.
    finish(start("pool", 1))
    assert results(shell.folder / "pool") == expected


# --- the command line ----------------------------------------------------------------------------

SLOW = {
    "truth": {"type": "file", "path": "rows.npy"},
    "learner": {"type": "mixture", "components": 3},
    "size": 300,
    "policies": {"replace": {"type": "replace", "n": 300}},
    "generations": 25,
    "replicates": 12,
    "measures": ["variance", "tail_retention"],
}
WITH_PROCESSES = """
import sys
from modelcollapse import cli, engine
engine.POOL_SECONDS = -1.0
cli.main()
"""


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


@pytest.fixture
def slow(shell):
    np.save(shell.folder / "rows.npy", np.random.default_rng(0).normal(size=(2000, 4)))
    shell.write("run.py", WITH_PROCESSES)
    return shell.spec(**SLOW)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stopped_command_goes_on(shell, slow, jobs, number):
    def command(folder):
        return [sys.executable, "run.py", "simulate", slow, "--output", folder, "--jobs", str(jobs)]

    def pieces():
        return len(list((shell.folder / "out/store").glob("*.piece")))

    process = subprocess.Popen(
        command("out"), cwd=shell.folder, env=shell.environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(lambda: pieces() >= 3 or process.poll() is not None)
    # As a terminal does it: to the whole group.
    os.killpg(process.pid, number)
    output, error = process.communicate(timeout=60)
    assert output == ""
    if number == signal.SIGINT:
        assert error == "modelcollapse: stopped. Run the same command again to go on.\n"
        assert process.returncode == 130
    assert 3 <= pieces() < 12
    assert not (shell.folder / "out/report.html").exists()
    for folder in ("out", "whole"):
        done = subprocess.run(
            command(folder), cwd=shell.folder, env=shell.environment, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.stderr == ""
    for name in (*RESULTS, "spec.yaml"):
        found = (shell.folder / "out" / name).read_bytes()
        assert found == (shell.folder / "whole" / name).read_bytes(), name
