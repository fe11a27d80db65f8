"""Real processes: what a person at a terminal, or a script, meets."""

import os
import re
import subprocess
import sys

import pytest

SPEC = """
truth: {type: exact_gaussian}
learner: gaussian_mle
size: 30
policies:
  replace: {type: replace, n: 30}
  10 % real: {type: mix, n: 30, real: 0.1}
generations: 4
replicates: 3
"""


class Shell:
    """Runs the command line in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        # A user's own modules are looked for in the present folder.
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)}

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def spec(self, name="spec.yaml", **changes):
        """Write the small spec with some lines replaced or added, and return its name."""
        import yaml

        document = {**yaml.safe_load(SPEC), **changes}
        self.write(name, yaml.safe_dump(document, sort_keys=False))
        return name

    def command(self, *arguments):
        return [sys.executable, "-m", "modelcollapse.cli", *map(str, arguments)]

    def __call__(self, *arguments, **options):
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120,
            check=False, **options,
        )  # fmt: skip

    def refused(self, message, *arguments, **options):
        """Run a command that must be refused: code 2, one sentence, no traceback, no output."""
        done = self(*arguments, **options)
        lines = done.stderr.splitlines()
        assert len(lines) == 1, done.stderr
        assert lines[0].startswith("modelcollapse: ")
        assert re.search(message, lines[0]), lines[0]
        # Three parts: what is wrong, why, and what to do.
        assert lines[0].endswith((".", "?")), lines[0]
        assert done.returncode == 2
        assert done.stdout == ""
        return lines[0]


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def shared_shell(tmp_path_factory):
    """One folder for all tests of a module, where runs to compare with are made once."""
    return Shell(tmp_path_factory.mktemp("shared"))
