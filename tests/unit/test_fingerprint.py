import functools
import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pandas as pd
import polars as pl
import pytest

import modelcollapse as mc
from modelcollapse.fingerprint import fingerprint

LIMIT = 3


def named_below(x):
    return x > LIMIT


def calling(x):
    return named_below(x)


def other(x):
    return x


class Plain:
    def __init__(self, value):
        self.value = value

    def method(self):
        return self.value


def scaled(factor):
    return lambda x: x * factor


DIFFERENT = [
    None, True, 1, 1.0, "1", b"1", 2, (1,), [1], [1, 2], [[1], 2], {1},
    {"a": 1}, {"a": 2}, {"b": 1},
    np.array([1, 2]), np.array([1.0, 2.0]), np.array([[1, 2]]), np.array([1, 2], dtype=object),
    np.array([1, 3]), np.float32(1), float("nan"), len, sorted, int, np,
    pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]}), pl.DataFrame({"a": [1]}),
    lambda x: x + 1, lambda x: x + 2, lambda x, y=1: x + 1, lambda y: y + 1,
    scaled(2), scaled(3), functools.partial(other, 1), functools.partial(other, 2),
    Plain(1), Plain(2), Plain(1).method, Plain(2).method, named_below, calling, other,
    mc.Replace(1), mc.Replace(2), mc.Accumulate(1),
    mc.Empirical(np.arange(3)), mc.Empirical(np.arange(4)), mc.Zipf(5), mc.Zipf(6),
]  # fmt: skip


def test_different_things_have_different_fingerprints():
    digests = [fingerprint(value) for value in DIFFERENT]
    assert len(set(digests)) == len(DIFFERENT)


def test_equal_things_have_equal_fingerprints():
    for value in ([1, "a", {"x": (2.0, None)}], np.arange(5), {3, 1, 2}, float("nan")):
        assert fingerprint(value) == fingerprint(value)
    assert fingerprint(scaled(2)) == fingerprint(scaled(2))
    assert fingerprint(Plain([1, 2])) == fingerprint(Plain([1, 2]))
    assert fingerprint(mc.Empirical(np.arange(9)[::2])) == fingerprint(
        mc.Empirical(np.arange(0, 9, 2))
    )
    assert fingerprint({1, 2, 3}) == fingerprint({3, 2, 1})


def test_what_is_only_cached_does_not_count():
    law, fresh = mc.Zipf(50), mc.Zipf(50)
    law.dense()
    assert vars(law) != vars(fresh)
    assert fingerprint(law) == fingerprint(fresh)


def test_the_records_of_a_file_count(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1\n2\n")
    before = fingerprint(mc.File(str(path)))
    assert fingerprint(mc.File(str(path))) == before
    path.write_text("1\n3\n")
    assert fingerprint(mc.File(str(path))) != before


def test_constants_and_functions_that_a_function_names_count(monkeypatch):
    before = fingerprint(named_below), fingerprint(calling)
    monkeypatch.setitem(globals(), "LIMIT", 4)
    assert fingerprint(named_below) != before[0]
    assert fingerprint(calling) != before[1]


def test_circles_and_locks_do_no_harm():
    ring = Plain(None)
    ring.value = [ring, threading.Lock()]
    assert fingerprint(ring) == fingerprint(ring)

    def recursive(n):
        return n and recursive(n - 1)

    assert fingerprint(recursive) == fingerprint(recursive)


def test_it_is_the_same_in_every_process():
    code = textwrap.dedent(
        """
        import numpy as np, modelcollapse as mc
        from modelcollapse.fingerprint import fingerprint
        def policy(corpus, draw):
            return corpus if "x" in {"x", "y", "z"} else draw.synthetic(10)
        parts = [policy, {"b", "a", "c"}, mc.Empirical(np.arange(5)), {"x": [1.0]}, lambda x: x]
        print(*(fingerprint(part) for part in parts))
        """
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(printed) == 1


@pytest.mark.parametrize("value", [object(), iter([1]), threading.RLock()])
def test_what_cannot_be_told_apart_is_told_by_its_type(value):
    assert fingerprint(value) == fingerprint(value)
