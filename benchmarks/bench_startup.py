"""CPU time of importing the package, and of asking the command for help."""

from __future__ import annotations

import resource
import subprocess
import sys

from benchmarks.suite import Check, Job, returned


def cpu_seconds(command: list[str], seed: int) -> float:
    """User and system time of a fresh Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def jobs(quick: bool) -> list[Job]:
    commands = (
        ("python, nothing imported", ["-c", "pass"], None, "the interpreter"),
        ("import modelcollapse", ["-c", "import modelcollapse"], 0.3, "the interpreter"),
        (
            "modelcollapse --help",
            ["-m", "modelcollapse.cli", "--help"],
            0.5,
            "importing the library that reads the command line, and rendering the page",
        ),
    )
    return [
        Job(
            "startup",
            name,
            {"command": command},
            cpu_seconds,
            (Check(returned, "s of CPU", at_most=target),),
            bound,
        )
        for name, command, target, bound in commands
    ]
