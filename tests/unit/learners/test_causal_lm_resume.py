"""A generation that was stopped goes on where it was, and comes to the same bytes."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from modelcollapse.families.texts import Texts
from modelcollapse.learners.causal_lm import CausalLM
from modelcollapse.learners.language import training, writing

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

# Trainings are short here.
pytestmark = pytest.mark.filterwarnings("ignore:.*steps of the optimiser:RuntimeWarning")

# With dropout, so that the randomness of training is resumed as well.
CONFIG = {"model_type": "gpt2", "n_layer": 1, "n_embd": 16, "n_head": 2, "n_positions": 16}
SETTINGS = {
    "config": CONFIG, "block": 6, "batch": 8, "epochs": 3, "learning_rate": 5e-3,
    "writing_batch": 16, "beams": None,
}  # fmt: skip


def texts():
    ids = np.random.default_rng(0).integers(0, 9, 60 * 6)
    return Texts(ids, np.arange(61) * 6, tuple("abcdefghi"), 6)


def fit(folder=None, seed=1, **changes):
    recipe = CausalLM(**{**SETTINGS, "folder": folder, **changes})
    return recipe.fit(texts(), rng=np.random.default_rng(seed))


def sample(model, seed=2):
    return model.sample(60, rng=np.random.default_rng(seed)).ids


class Stopped(Exception):
    """What stands for a kill."""


def stopping(monkeypatch, owner, name, calls):
    """Make a method fail at one of its calls, and count them."""
    method, seen = getattr(owner, name), []

    def counted(self, *args, **keywords):
        seen.append(1)
        if len(seen) == calls:
            raise Stopped
        return method(self, *args, **keywords)

    monkeypatch.setattr(owner, name, counted)
    return seen


@pytest.mark.parametrize("validation", [0.0, 0.2])
def test_a_training_goes_on_from_its_checkpoint(tmp_path, monkeypatch, validation):
    settings = {"validation": validation, "patience": 3}
    whole = fit(**settings)
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        stopping(patch, training.Training, "_step", 12)
        with pytest.raises(Stopped):
            fit(str(tmp_path), **settings)
    steps = stopping(monkeypatch, training.Training, "_step", 0)
    resumed = fit(str(tmp_path), **settings)
    assert len(steps) == (24 if validation == 0 else 18) - 11
    assert resumed.log_prob(texts()).tobytes() == whole.log_prob(texts()).tobytes()
    assert sample(resumed).tobytes() == sample(whole).tobytes()


def test_a_finished_training_is_not_done_again_and_leaves_no_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    first = fit(str(tmp_path))
    steps = stopping(monkeypatch, training.Training, "_step", 0)
    again = fit(str(tmp_path))
    assert steps == []
    assert again.log_prob(texts()).tobytes() == first.log_prob(texts()).tobytes()
    assert [p.name for p in (tmp_path / first.key).iterdir()] == ["weights"]


def test_other_work_is_not_taken_for_the_same(tmp_path, monkeypatch):
    first = fit(str(tmp_path))
    steps = stopping(monkeypatch, training.Training, "_step", 0)
    keys = {
        first.key,
        fit(str(tmp_path), seed=3).key,
        fit(str(tmp_path), epochs=2).key,
        first.recipe.fit(texts().blocks(6), rng=np.random.default_rng(1), parent=first).key,
    }
    assert len(keys) == 4
    assert len(steps) == 24 + 16 + 24


def test_finished_shards_are_not_written_again(tmp_path, monkeypatch):
    expected = sample(fit())
    model = fit(str(tmp_path))
    with monkeypatch.context() as patch:
        stopping(patch, writing.Writer, "write", 3)
        with pytest.raises(Stopped):
            sample(model)
    shards = stopping(monkeypatch, writing.Writer, "write", 0)
    assert sample(model).tobytes() == expected.tobytes()
    assert len(shards) == 4 - 2
    other = sample(model, seed=5)  # another stream of numbers, other shards
    assert len(shards) == 4 - 2 + 4
    assert other.tobytes() != expected.tobytes()


def test_a_killed_process_leaves_what_another_goes_on_from(tmp_path):
    code = textwrap.dedent(f"""
        import os, signal
        import numpy as np
        from modelcollapse.families.texts import Texts
        from modelcollapse.learners.causal_lm import CausalLM
        from modelcollapse.learners.language import writing

        ids = np.random.default_rng(0).integers(0, 9, 60 * 6)
        texts = Texts(ids, np.arange(61) * 6, tuple("abcdefghi"), 6)
        model = CausalLM(**{SETTINGS!r}, folder={str(tmp_path)!r}).fit(
            texts, rng=np.random.default_rng(1))
        write, calls = writing.Writer.write, []

        def killed(self, *args):
            calls.append(1)
            if len(calls) == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            return write(self, *args)

        writing.Writer.write = killed
        model.sample(60, rng=np.random.default_rng(2))
    """)
    ended = subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ))
    assert ended.returncode == -signal.SIGKILL
    (left,) = (tmp_path / fit().key).glob("written-*")
    assert len(list(left.iterdir())) == 2
    assert sample(fit(str(tmp_path))).tobytes() == sample(fit()).tobytes()
