import re
import unicodedata

import pytest

from modelcollapse.bibliography import BIBLIOGRAPHY
from modelcollapse.errors import InputError
from modelcollapse.references import citation, cite


def test_every_entry_is_complete_bibtex():
    for key, work in BIBLIOGRAPHY.items():
        text = cite(key)
        assert text.startswith(f"@{work.kind}{{{key},")
        assert text.count("{") == text.count("}")
        for field in ("author", "title", "year"):
            assert re.search(rf"^  {field} = \{{.+\}},$", text, re.MULTILINE), (key, field)


def test_every_work_can_be_found_by_its_readers():
    for key, work in BIBLIOGRAPHY.items():
        assert work.arxiv or work.doi or "GitHub" in work.venue or key == "modelcollapse"
        assert not work.arxiv or re.fullmatch(r"\d{4}\.\d{5}", work.arxiv)


def test_keys_are_family_name_and_year():
    for key, work in BIBLIOGRAPHY.items():
        if work.kind != "software":
            family = work.authors.split(",")[0].lower()
            family = unicodedata.normalize("NFKD", family).encode("ascii", "ignore").decode()
            assert re.match(rf"{family}{work.year}", key)


def test_the_venue_takes_the_place_that_the_kind_of_entry_needs():
    assert "journal = {Nature}" in cite("shumailov2024")
    assert "booktitle = {International Conference" in cite("alemohammad2024")
    assert "publisher = {Springer}" in cite("ewens2004")


def test_cite_joins_entries_and_drops_repetitions():
    text = cite("ewens2004", "kingman1982", "ewens2004")
    assert text.count("@") == 2
    assert text == cite("ewens2004") + "\n\n" + cite("kingman1982")


@pytest.mark.parametrize(
    "key, who",
    [
        ("kingman1982", "Kingman (1982)"),
        ("shumailov2024", "Shumailov et al. (2024)"),
    ],
)
def test_citation_is_one_line_with_authors_and_year(key, who):
    line = citation(key)
    assert line.startswith(who)
    assert "\n" not in line
    assert BIBLIOGRAPHY[key].title in line


def test_an_arxiv_number_appears_in_the_line():
    assert "arXiv:2412.17646" in citation("suresh2025")


def test_a_misspelt_key_is_answered_with_a_suggestion():
    with pytest.raises(InputError, match="Did you mean 'shumailov2024'"):
        cite("shumailow2024")
