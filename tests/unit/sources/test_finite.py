import numpy as np
import pandas as pd
import pytest

from modelcollapse import records
from modelcollapse.errors import InputError
from modelcollapse.families.texts import Texts
from modelcollapse.protocols import Finite, Model
from modelcollapse.sources import Digits, Empirical, File, present

ROWS = np.arange(20.0).reshape(10, 2)


@pytest.mark.parametrize(
    "data",
    [ROWS, ROWS[:, 0], list("abcdefghij"), pd.DataFrame(ROWS), Texts.of(list("abcdefghij"))],
    ids=["rows", "numbers", "list", "table", "texts"],
)
def test_any_records_are_a_finite_source(data, rng):
    source = Empirical(data)
    assert isinstance(source, Finite)
    assert isinstance(source, Model)
    assert len(source) == 10
    assert records.size(source.take(np.array([3, 1]))) == 2
    drawn = source.sample(500, rng=rng)
    assert records.size(drawn) == 500
    assert records.layout(drawn) == records.layout(data)


def test_a_sample_is_drawn_with_replacement_from_the_empirical_law(rng):
    drawn = Empirical(np.arange(4)).sample(8000, rng=rng)
    assert np.abs(np.bincount(drawn) / 8000 - 0.25).max() < 4 * np.sqrt(0.25 * 0.75 / 8000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.empty((0, 2)),), "no records"),
        (([],), "no records"),
        ((np.array(3.0),), "a single number is no set of records"),
        ((np.array([[1.0, np.nan], [0.0, 0.0], [np.inf, 1.0]]),), "2 of 3 records .* record 0"),
        ((ROWS, (3, 3)), r"image_shape \(3, 3\) asks for 9 .* a record has 2"),
        ((ROWS, None, [1, 2, 3]), "3 labels for 10 records"),
    ],
)
def test_records_that_cannot_be_used_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Empirical(*arguments)


def test_digits_are_pictures_with_labels():
    digits = Digits()
    assert digits.data.shape == (1797, 64)
    assert (digits.data.min(), digits.data.max()) == (0.0, 1.0)
    assert np.bincount(digits.labels).min() > 170
    assert digits.image_shape == (8, 8)


def test_a_file_is_a_source(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    source = File(str(tmp_path / "rows.npy"), image_shape=[1, 2])
    assert np.array_equal(source.data, ROWS)
    assert len(source) == 10


def test_the_faults_of_a_file_are_found_at_once(tmp_path):
    np.save(tmp_path / "nan.npy", np.array([[0.0, 1.0], [np.nan, 0.0]]))
    with pytest.raises(InputError, match=r"there is no file .*missing\.npy"):
        File(str(tmp_path / "missing.npy"))
    with pytest.raises(InputError, match="1 of 2 records hold NaN"):
        File(str(tmp_path / "nan.npy"))
    np.save(tmp_path / "rows.npy", ROWS)
    with pytest.raises(InputError, match="Give height and width"):
        File(str(tmp_path / "rows.npy"), image_shape=[2, 2])
    (tmp_path / "inf.csv").write_text("x\n1\ninf\n")
    with pytest.raises(InputError, match=r"record 1\), and no distance"):
        File(str(tmp_path / "inf.csv"))


def test_records_are_presented_in_the_form_people_read():
    assert present(ROWS, (1, 2)).shape == (10, 1, 2)
    assert present(ROWS, None) is ROWS
    assert present(Texts.of(["a b", "c"]), None) == ["a b", "c"]
    assert present(["a"], None) == ["a"]
