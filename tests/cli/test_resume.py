"""Runs that are killed or interrupted leave, once started again, the bytes of undisturbed ones."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

# The runs to compare with are made once.
pytestmark = pytest.mark.xdist_group("resume")

PIECE = 9
"""Generations of each piece of the child."""
ALL = 12 * PIECE
"""Of all of its pieces: two batched lineages in one piece each, five in two replicates."""
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


@pytest.fixture(scope="module")
def start(shared_shell):
    """Start the child in a process group of its own."""
    shell = shared_shell
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


@pytest.fixture(scope="module")
def undisturbed(start, shared_shell):
    lines = finish(start("undisturbed"))
    assert lines[-1] == str(ALL), "ALL is not the number of generations of the child"
    return results(shared_shell.folder / "undisturbed")


def test_a_killed_run_goes_on_to_the_same_bytes(start, shared_shell, undisturbed):
    chance = random.Random(1)
    reached, kills = 0, 0
    while True:
        process, target, repeated = start("killed"), reached + chance.randint(1, 25), 0
        done = 0
        for line in process.stdout:
            done = int(line)
            # A piece that is finished already says so once, with a multiple of its generations.
            repeated += done % PIECE != 0 and done < reached
            if target <= done < ALL:
                os.killpg(process.pid, signal.SIGKILL)
                break
        assert repeated == 0, "a generation before the checkpoint was computed again"
        if done == ALL:
            break
        process.wait()
        assert not any((shared_shell.folder / "killed" / name).exists() for name in RESULTS)
        reached, kills = done, kills + 1
    finish(process)
    assert kills >= 5
    assert results(shared_shell.folder / "killed") == undisturbed
    assert not list((shared_shell.folder / "killed/store").glob("*.checkpoint"))


def test_two_processes_killed_leave_the_same_bytes(start, shared_shell, undisturbed):
    for pieces in (1, 4):
        process = start("pool", 2)
        for _ in range(9 * pieces):
            process.stdout.readline()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    finish(start("pool", 2))
    assert results(shared_shell.folder / "pool") == undisturbed
    # And the finished pieces are good for one process.
    finish(start("pool", 1))
    assert results(shared_shell.folder / "pool") == undisturbed


# --- the command line ----------------------------------------------------------------------------

SLOW = {
    "truth": {"type": "file", "path": "rows.npy"},
    "learner": {"type": "mixture", "components": 3},
    "size": 300,
    "policies": {"replace": {"type": "replace", "n": 300}},
    "generations": 25,
    "replicates": 8,
    "measures": ["variance", "tail_retention"],
}
WITH_PROCESSES = """
import sys
from modelcollapse import cli, engine
engine.POOL_SECONDS = -1.0
cli.main()
"""


@pytest.fixture(scope="module")
def command(shared_shell):
    """The command that simulates into a folder, with so many processes; ``whole`` is there."""
    shell = shared_shell
    np.save(shell.folder / "rows.npy", np.random.default_rng(0).normal(size=(2000, 4)))
    shell.write("run.py", WITH_PROCESSES)
    spec = shell.spec(**SLOW)

    def command(folder, jobs, **options):
        options = {"cwd": shell.folder, "env": shell.environment, "text": True, **options}
        return subprocess.Popen(
            [sys.executable, "run.py", "simulate", spec, "--output", folder, "--jobs", str(jobs)],
            start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )  # fmt: skip

    finish(command("whole", 1))
    return command


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stopped_command_goes_on(shared_shell, command, jobs, number):
    out = shared_shell.folder / f"{jobs}-{number}"

    def pieces():
        return len(list((out / "store").glob("*.piece")))

    process = command(out.name, jobs)
    end = time.monotonic() + 60
    while pieces() < 2 and process.poll() is None:
        assert time.monotonic() < end, "no piece was finished in time"
        time.sleep(0.01)
    # As a terminal does it: to the whole group.
    os.killpg(process.pid, number)
    output, error = process.communicate(timeout=60)
    assert output == ""
    if number == signal.SIGINT:
        assert (
            error == "modelcollapse: stopped. With --output, the same command goes on from here.\n"
        )
        assert process.returncode == 130
    assert 2 <= pieces() < SLOW["replicates"]
    assert not (out / "report.html").exists()
    finish(command(out.name, jobs))
    for name in (*RESULTS, "spec.yaml"):
        assert (out / name).read_bytes() == (shared_shell.folder / "whole" / name).read_bytes()
