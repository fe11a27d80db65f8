import gzip

import numpy as np
import pandas as pd
import polars as pl
import pytest

import modelcollapse as mc
from modelcollapse.errors import InputError, Missing
from modelcollapse.learners.copula import GaussianCopula
from modelcollapse.metrics.tables import associations, column_values
from modelcollapse.sources.tables import LIBRARIES, Survey, TableFile, adult

TEXT = "age,city,pay\n31,Rome,1.5\n47,?,\n52,Oslo,2\n,Lima,0.5\n"


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(TEXT)
    return path


def test_every_library_gets_the_same_survey():
    texts = set()
    for library in LIBRARIES:
        table = Survey(library).sample(200, rng=np.random.default_rng(0))
        as_pandas = table if isinstance(table, pd.DataFrame) else table.to_pandas()
        texts.add(as_pandas.to_csv(index=False))
    assert len(texts) == 1


def test_the_survey_has_rare_categories_minorities_and_dependence():
    table = Survey("polars").sample(20_000, rng=np.random.default_rng(0))
    rarest = table["region"].value_counts().sort("count")["count"]
    assert 30 < rarest[0] < 100
    assert table["region"].n_unique() == 12
    assert 0.004 < (table["group"] == "E").mean() < 0.012
    assert 0.2 < (table["owner"] == "yes").mean() < 0.6
    assert table["age"].min() >= 18
    assert table["income"].min() > 0
    names = ["age", "income", "schooling", "owner"]
    matrix = associations([column_values(table[name]) for name in names])
    assert matrix[0, 3] > 0.2
    assert matrix[1, 3] > 0.2
    assert matrix[1, 2] > 0.2


def test_csv_columns_are_whole_numbers_numbers_or_labels_and_gaps(csv):
    table = TableFile(str(csv), library="polars").data
    assert table.schema == {"age": pl.Int64, "city": pl.String, "pay": pl.Float64}
    assert table["age"].to_list() == [31, 47, 52, None]
    assert table["pay"].null_count() == 1
    chosen = TableFile(str(csv), columns=["pay", "city"], without="?", library="polars").data
    assert chosen.columns == ["pay", "city"]
    assert chosen["city"].to_list() == ["Rome", "Oslo", "Lima"]
    kept = TableFile(str(csv), without="?", library="pandas").data
    assert list(kept.index) == [0, 1, 2]


def test_packed_and_parquet_files_are_read(csv, tmp_path):
    packed = tmp_path / "people.csv.gz"
    packed.write_bytes(gzip.compress(TEXT.encode()))
    parquet = tmp_path / "people.parquet"
    pl.read_csv(csv).write_parquet(parquet)
    for path in (packed, parquet):
        assert len(TableFile(str(path))) == 4
    assert TableFile(str(parquet), columns=["city"]).data["city"].to_list()[0] == "Rome"


def test_a_file_takes_part_in_a_lineage(tmp_path):
    path = tmp_path / "survey.csv"
    Survey("polars").sample(600, rng=np.random.default_rng(1)).write_csv(path)
    lineage = mc.Lineage(TableFile(str(path)), GaussianCopula(), mc.Replace(200), size=200)
    assert "rare_categories.region" in lineage.run(generations=2, seed=0).measures


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no records"),
        ("a,b\n", "holds no records"),
        ("a,a\n1,2\n", "more than one column 'a'"),
        ("a,b\n1,2\n3\n", "record 2 of .* has 1 fields where the header has 2"),
        ("a,b\n1_000,x\n", None),
    ],
)
def test_damaged_files_are_one_clear_sentence(tmp_path, text, message):
    path = tmp_path / "x.csv"
    path.write_text(text)
    if message is None:
        assert TableFile(str(path), library="polars").data["a"].to_list() == ["1_000"]
    else:
        with pytest.raises(InputError, match=message):
            TableFile(str(path))


def test_wrong_input_is_one_clear_sentence(csv, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="there is no file"):
        TableFile(str(tmp_path / "none.csv"))
    with pytest.raises(InputError, match=r"no column 'aeg'\. Did you mean 'age'"):
        TableFile(str(csv), columns=["aeg"])
    with pytest.raises(InputError, match=r"no dataframe library 'pola'\. Did you mean 'polars'"):
        Survey("pola")
    damaged = tmp_path / "bad.csv.gz"
    damaged.write_bytes(b"no gzip")
    with pytest.raises(InputError, match=r"cannot read .*Not a gzipped file"):
        TableFile(str(damaged))
    everything = tmp_path / "marks.csv"
    everything.write_text("a\n?\n?\n")
    with pytest.raises(InputError, match="holds no records"):
        TableFile(str(everything), without="?")
    monkeypatch.delenv("MODELCOLLAPSE_DATA", raising=False)
    with pytest.raises(InputError, match="MODELCOLLAPSE_DATA is not set"):
        adult()
    monkeypatch.setattr("modelcollapse.sources.tables.find_spec", lambda name: None)
    with pytest.raises(Missing, match="'polars'"):
        Survey().sample(3, rng=np.random.default_rng(0))


def test_adult_is_read_from_the_folder_of_data_without_incomplete_records(tmp_path, monkeypatch):
    (tmp_path / "adult").mkdir()
    path = tmp_path / "adult" / "train.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    monkeypatch.setenv("MODELCOLLAPSE_DATA", str(tmp_path))
    assert len(adult()) == 3
