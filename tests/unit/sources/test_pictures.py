import gzip

import numpy as np
import pytest

from modelcollapse import Digits, Empirical, Gaussian
from modelcollapse.errors import InputError
from modelcollapse.sources.pictures import Mnist, RareClasses


def write_idx(path, array):
    header = b"\0\0\x08" + bytes([array.ndim])
    header += b"".join(int(side).to_bytes(4, "big") for side in array.shape)
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    write_idx(tmp_path / "train5-images-idx3-ubyte.gz", rng.integers(0, 256, (5, 28, 28)))
    write_idx(tmp_path / "train5-labels-idx1-ubyte.gz", np.array([3, 1, 4, 1, 5]))
    return tmp_path


def test_mnist_is_read_from_a_folder(folder):
    source = Mnist(folder=str(folder))
    assert len(source) == 5
    assert source.data.shape == (5, 784)
    assert source.data.dtype == np.float32
    assert 0 <= source.data.min() < source.data.max() <= 1
    assert source.labels.tolist() == [3, 1, 4, 1, 5]
    assert Mnist(3, str(folder)).labels.tolist() == [3, 4, 5]


def test_mnist_with_too_few_labels_is_refused(folder):
    write_idx(folder / "train5-labels-idx1-ubyte.gz", np.array([3, 1]))
    with pytest.raises(InputError, match="other numbers of images than of labels"):
        len(Mnist(folder=str(folder)))


def test_mnist_without_a_folder_says_where_to_put_it(monkeypatch):
    monkeypatch.delenv("MODELCOLLAPSE_DATA", raising=False)
    with pytest.raises(InputError, match="MODELCOLLAPSE_DATA is not set"):
        len(Mnist())


def test_rare_classes_lose_records_and_the_others_none():
    digits = Digits()
    source = RareClasses(digits, [8, 9], 0.1)
    before, after = np.bincount(digits.labels), np.bincount(source.labels)
    np.testing.assert_array_equal(after[:8], before[:8])
    np.testing.assert_array_equal(after[8:], np.round(0.1 * before[8:]))
    assert source.image_shape == (8, 8)
    places = [int(np.flatnonzero((digits.data == row).all(axis=1))[0]) for row in source.data]
    np.testing.assert_array_equal(digits.labels[places], source.labels)


def test_of_a_class_one_record_is_kept_at_least():
    source = RareClasses(Empirical(np.arange(6.0)[:, None], labels=list("aaaabb")), ["b"], 0.01)
    assert source.labels.tolist() == ["a", "a", "a", "a", "b"]
    assert source.image_shape is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Digits(), [8], 0.0), "keep = 0.0"),
        ((Digits(), [12], 0.5), "the class 12, which no record"),
        ((Gaussian(), [1], 0.5), "needs a finite source with labels"),
    ],
)
def test_wrong_input_is_told(arguments, message):
    with pytest.raises(InputError, match=message):
        RareClasses(*arguments)
