import sys

import pytest

from modelcollapse.errors import Exhausted, InputError, ModelCollapseError
from modelcollapse.sources import prose
from modelcollapse.sources.prose import standard_library_prose


@pytest.fixture(scope="module")
def everything():
    return standard_library_prose()


def count(paragraphs):
    return sum(len(paragraph.split()) for paragraph in paragraphs)


def test_there_is_plenty(everything):
    assert count(everything) > 200_000
    assert len({word.lower() for paragraph in everything for word in paragraph.split()}) > 15_000


def test_it_reads_like_english(everything):
    words = " ".join(everything).lower().split()
    # In English about one word in sixteen is "the"; in code it hardly occurs.
    assert 0.04 < words.count("the") / len(words) < 0.1
    assert not any(">>>" in paragraph or "\n" in paragraph for paragraph in everything)
    assert min(len(paragraph.split()) for paragraph in everything) >= 6


def test_paragraphs_are_unique_and_always_the_same(everything):
    assert len(set(everything)) == len(everything)
    again = standard_library_prose(min_words=50_000)
    assert again == everything[: len(again)]


def test_stops_at_the_paragraph_that_reaches_the_number(everything):
    some = standard_library_prose(min_words=5000)
    assert count(some) >= 5000 > count(some[:-1])


def test_more_than_there_is(monkeypatch):
    monkeypatch.setattr(prose, "_texts", lambda: iter(["One sentence of no more than ten words."]))
    assert len(standard_library_prose(min_words=8)) == 1
    with pytest.raises(Exhausted, match="holds 8 words"):
        standard_library_prose(min_words=9)


def test_nothing_may_not_be_asked_for():
    with pytest.raises(InputError, match="at least 1"):
        standard_library_prose(min_words=0)


def test_a_python_without_the_reference_is_told_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data", None)
    with pytest.raises(ModelCollapseError, match="without the module pydoc_data"):
        standard_library_prose(min_words=10)


def test_library_is_read_without_its_tests(tmp_path, monkeypatch):
    for name in ("b.py", "a/z.py", "test/secret.py", "site-packages/secret.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(
            f'def f():\n    """The file {name.split("/")[-1][0]} has a function with words."""\n'
            "    # A comment may well run over\n    # two lines and still be one.\n"
        )
    (tmp_path / "broken.py").write_text("def (:\n# But comments are read even here, by line.\n")
    monkeypatch.setattr(prose.sysconfig, "get_path", lambda name: str(tmp_path))
    topics = set(prose_of_topics())
    assert [paragraph for paragraph in standard_library_prose() if paragraph not in topics] == [
        "The file z has a function with words.",
        "A comment may well run over two lines and still be one.",
        "The file b has a function with words.",
        "But comments are read even here, by line.",
    ]


def prose_of_topics():
    from pydoc_data import topics

    for text in topics.topics.values():
        yield from prose._paragraphs(text)
