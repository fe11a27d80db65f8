"""Real labelled data: what is in them, and what is said when they are not there."""

import gzip

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_diabetes, load_digits

from modelcollapse import registry
from modelcollapse.errors import InputError
from modelcollapse.fingerprint import fingerprint
from modelcollapse.sources.elsewhere import DATA
from modelcollapse.sources.idx import read_idx
from modelcollapse.sources.labelled import (
    DiabetesTask,
    DigitsTask,
    LabelledFile,
    MnistTask,
)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def test_digits_are_those_of_scikit_learn(rng):
    pixels, digits = load_digits(return_X_y=True)
    pool = DigitsTask(scaling="none").pool
    exam = pool.exam(2000, rng=rng)
    assert (len(pool), len(exam.inputs)) == (1438, 359)
    known = {tuple(row): digit for row, digit in zip(pixels / 16, digits, strict=True)}
    for part in (pool.clean, exam):
        assert [known[tuple(row)] for row in part.inputs] == part.targets.tolist()
    assert DigitsTask().pool.clean.inputs.std() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("target", "response", "values"),
    [
        ("value", "real", set(range(10))),
        ("parity", "real", {0, 1}),
        ("parity", "sign", {-1, 1}),
        ("one_hot", "one_hot", {0, 1}),
    ],
)
def test_digits_have_targets_of_several_kinds(rng, target, response, values):
    data = DigitsTask(target=target, response=response).sample(300, rng=rng)
    assert set(np.unique(data.targets)) == values
    assert data.targets.shape == ((300, 10) if target == "one_hot" else (300,))


def test_diabetes_is_standardised():
    clean = DiabetesTask().pool.clean
    assert clean.inputs.shape == (354, 10)
    np.testing.assert_allclose(clean.inputs.std(axis=0), 1)
    assert clean.targets.mean() == pytest.approx(0, abs=1e-12)
    plain = DiabetesTask(scaling="none", target_scaling="none").pool.clean
    raw = load_diabetes(return_X_y=True, scaled=False)[0]
    assert set(plain.inputs[:, 0]) <= set(raw[:, 0])


def test_a_named_task_is_a_pool_in_a_run(rng):
    task = DigitsTask(noise=0.5, same_inputs=True)
    settled = task.settle(20, rng=rng)
    a, b = (settled.sample(20, rng=rng) for _ in range(2))
    np.testing.assert_array_equal(a.inputs, b.inputs)
    assert len(task.exam(10, rng=rng).targets) == 10
    assert task == DigitsTask(noise=0.5, same_inputs=True)


def test_specs_hold_named_tasks(tmp_path):
    path = table(tmp_path)
    for cls, fields in (
        (DigitsTask, {"target": "parity", "noise": 0.3, "test": 100}),
        (DiabetesTask, {"noise": 0.3, "test": 0.3}),
        (LabelledFile, {"path": str(path), "target": "y"}),
    ):
        assert registry.make(cls, fields, "truth") == cls(**fields)


def table(folder, text=None, name="data.csv"):
    path = folder / name
    rows = "".join(f"{i},{i * i % 7},{i + 0.5}\n" for i in range(30))
    path.write_text("a,b,y\n" + rows if text is None else text)
    return path


def test_a_column_of_a_file_is_the_target(tmp_path):
    path = table(tmp_path)
    task = LabelledFile(str(path), "y", scaling="none", target_scaling="none")
    clean = task.pool.clean
    np.testing.assert_array_equal(clean.targets, clean.inputs[:, 0] + 0.5)
    other = tmp_path / "data.parquet"
    pl.read_csv(path).write_parquet(other)
    again = LabelledFile(str(other), "y", scaling="none", target_scaling="none").pool.clean
    np.testing.assert_array_equal(again.inputs, clean.inputs)
    first = LabelledFile(str(path), "b", scaling="none").pool.clean
    np.testing.assert_array_equal(first.inputs[:, 1], first.inputs[:, 0] + 0.5)


def test_a_store_sees_that_a_file_has_changed(tmp_path):
    path = table(tmp_path)
    before = fingerprint(LabelledFile(str(path), "y"))
    assert before == fingerprint(LabelledFile(str(path), "y"))
    path.write_text(path.read_text().replace("\n3,", "\n4,"))
    assert fingerprint(LabelledFile(str(path), "y")) != before


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        (None, "z", "no column 'z'"),
        ("y\n1\n2\n", "y", "has one column"),
        ("a,y\n1,2\n3,x\n", "y", "not a number"),
        ("a,y\n1,2\n3,nan\n5,6\n7,8\n9,1\n2,3\n5,3\n", "y", "are NaN or infinite"),
        ("a,y\n1,2\n", "y", "for 1 records"),
    ],
)
def test_faults_of_a_file_are_named(tmp_path, text, target, message):
    with pytest.raises(InputError, match=message):
        LabelledFile(str(table(tmp_path, text)), target)


def test_files_of_another_kind_are_refused(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        LabelledFile(str(tmp_path / "none.csv"), "y")
    with pytest.raises(InputError, match="texts, not a table"):
        LabelledFile(str(table(tmp_path, "some\ntext\n", "data.txt")), "y")
    np.save(tmp_path / "data.npy", np.ones((9, 2)))
    with pytest.raises(InputError, match="have no names"):
        LabelledFile(str(tmp_path / "data.npy"), "y")
    pl.DataFrame({"a": ["x", "z"], "y": [1, 2]}).write_parquet(tmp_path / "data.parquet")
    with pytest.raises(InputError, match="the columns a of"):
        LabelledFile(str(tmp_path / "data.parquet"), "y")


def idx(array):
    shape = np.array(array.shape, dtype=">u4").tobytes()
    return bytes([0, 0, 8, array.ndim]) + shape + array.astype(np.uint8).tobytes()


@pytest.fixture
def mnist(tmp_path):
    folder = tmp_path / "mnist"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, n in (("train50k", 60), ("t10k", 20)):
        images = rng.integers(0, 256, size=(n, 28, 28))
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(idx(np.arange(n) % 10))
    return folder


def test_mnist_is_read_from_idx_files(mnist, monkeypatch, rng):
    monkeypatch.setenv(DATA, str(mnist.parent))
    task = MnistTask(target="parity", records=50, scaling="none", test=12)
    assert len(task.pool) == 50
    spread = np.linspace(0, 59, 50).astype(int)
    np.testing.assert_array_equal(task.pool.clean.targets, spread % 10 % 2)
    images = read_idx(mnist / "train50k-images-idx3-ubyte.gz")
    np.testing.assert_allclose(task.pool.clean.inputs, images[spread].reshape(50, 784) / 255)
    exam = task.exam(100, rng=rng)
    assert exam.inputs.shape == (12, 784)
    assert task.pool == task.pool
    assert len(MnistTask(folder=str(mnist)).pool) == 60


def test_absent_or_damaged_mnist_is_said(mnist, monkeypatch):
    monkeypatch.delenv(DATA, raising=False)
    with pytest.raises(InputError, match="the environment variable MODELCOLLAPSE_DATA is not set"):
        MnistTask()
    labels = mnist / "t10k-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-1])
    with pytest.raises(InputError, match="no whole idx file"):
        MnistTask(folder=str(mnist))
    labels.write_bytes(idx(np.arange(19)))
    with pytest.raises(InputError, match="other numbers of images than of labels"):
        MnistTask(folder=str(mnist))
    labels.unlink()
    with pytest.raises(InputError, match=r"holds 0 files t10k\*-labels"):
        MnistTask(folder=str(mnist))
    (mnist / "t10k-labels-idx1-ubyte.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match="cannot read"):
        MnistTask(folder=str(mnist))


def test_a_misspelt_target_is_helped():
    with pytest.raises(InputError, match="Did you mean 'parity'"):
        DigitsTask(target="parities")
