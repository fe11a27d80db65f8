"""The report: verdict first, nothing from outside, the same bytes every time."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse import report_tables
from modelcollapse.errors import InputError
from modelcollapse.history import Ending, History
from modelcollapse.nature import Nature
from modelcollapse.pictures import gallery
from modelcollapse.report import render, write_report

VOID = {"meta", "link", "img", "br", "hr", "input"}
SVG_CLOSED = {"path", "circle", "rect", "use", "line"}


def history(rate, *, replicates=4, generations=11, **more):
    rng = np.random.default_rng(0)
    at = np.arange(generations)
    noise = np.cumsum(rng.normal(0, 0.02, (replicates, generations)), axis=1)
    noise -= noise[:, :1]
    readings = {
        "variance": np.exp(-rate * at + noise),
        "tail_retention": np.exp(-2 * rate * at + noise),
        "subgroups.lost": np.floor(rate * at) + 0 * noise,
        "subgroups.entropy": 1 - 0.01 * rate * at + 0 * noise,
    }
    alive = np.ones((replicates, generations), dtype=bool)
    more.setdefault("provenance", {"seed": 7, "generations": generations - 1})
    return History(at, readings, alive, **more)


def digits(count=30):
    return np.random.default_rng(1).random((count, 8, 8))


class Page(HTMLParser):
    """Tags that are open, ids, headings, and every attribute that could fetch something."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.headings, self.fetched, self.text = [], [], [], [], []
        self.links, self.unlabelled, self.tags = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        attributes = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id"]
        for name in ("src", "href", "data", "action", "srcset", "poster"):
            if attributes.get(name):
                (self.links if tag in ("a", "use") else self.fetched).append(attributes[name])
        if tag == "img" and not attributes.get("alt"):
            self.unlabelled.append(tag)
        if attributes.get("role") == "img" and not attributes.get("aria-label"):
            self.unlabelled.append(tag)
        if tag not in VOID | SVG_CLOSED:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID | SVG_CLOSED:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in SVG_CLOSED:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if self.open and re.fullmatch("h[1-6]", self.open[-1]):
            self.headings.append((int(self.open[-1][1]), data))


LINEAGES = {
    "plain": lambda: {"replace": history(0.5), "accumulate": history(0.01)},
    "images": lambda: {"a": history(0.5, snapshots={0: digits(), 5: digits()})},
    "texts": lambda: {"a": history(0.5, snapshots={0: ["one & two", "<b>bold</b>"]})},
    "rows": lambda: {"a": history(0.5, snapshots={0: np.ones((9, 2)), 5: np.ones((9, 2))})},
    "one generation": lambda: {"a": history(0.5, generations=1)},
    "one replicate": lambda: {"a": history(0.5, replicates=1)},
    "twelve": lambda: {f"lineage {i}": history(0.1 * i) for i in range(12)},
    "no measures": lambda: {"a": History(np.arange(3), {}, np.ones((2, 3), dtype=bool))},
    "ended": lambda: {"a": ended()},
}


def ended():
    told = history(
        0.5, endings={r: Ending(4 + r, "every record is equal" + "!" * (r > 2)) for r in range(4)}
    )
    for replicate, ending in told.endings.items():
        told.alive[replicate, ending.generation :] = False
        for values in told.readings.values():
            values[replicate, ending.generation :] = np.nan
    return told


@pytest.mark.parametrize("which", LINEAGES)
def test_page_is_well_formed_and_self_contained(which):
    text = render(LINEAGES[which]())
    page = Page(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert not page.unlabelled
    assert all(link.startswith("data:") for link in page.fetched)
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert not page.tags & {"script", "iframe", "object", "embed", "base", "form"}
    # The namespace-free inline SVG leaves no address of any kind.
    assert not re.search(r"https?://|@import|url\((?!#)", text)


@pytest.mark.parametrize("which", LINEAGES)
def test_headings_descend_one_level_at_a_time(which):
    levels = [level for level, _ in Page(render(LINEAGES[which]())).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_verdict_comes_first_then_curves_then_records_then_tables():
    text = render(LINEAGES["images"](), spec={"title": "t", "seed": 7})
    order = ["verdict", "curves", "written", "tables", "reading", "again"]
    places = [text.index(f'<section id="{name}"') for name in order]
    assert places == sorted(places)


def test_verdicts_say_the_stage_in_words_and_by_an_icon():
    text = render(LINEAGES["plain"]())
    cards = re.findall(r'<li class="card.*?</li>', text, flags=re.DOTALL)
    assert len(cards) == 2
    assert 'class="card is-late"' in cards[0]
    assert "<strong>Late collapse</strong>" in cards[0]
    assert 'class="icon is-late"' in cards[0]
    assert "Late collapse (variance) in 4 of 4 replicates at generation 10" in cards[0]
    assert "<strong>No collapse</strong>" in cards[1]


def test_two_writes_are_equal(tmp_path):
    for name in ("a.html", "b.html"):
        write_report(LINEAGES["images"](), tmp_path / name)
    first, second = ((tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert first == second
    assert first.startswith(b"<!doctype html>")
    write_report(LINEAGES["plain"](), tmp_path / "c.html")
    assert (tmp_path / "c.html").read_bytes() != first
    assert {path.name for path in tmp_path.iterdir()} == {"a.html", "b.html", "c.html"}


def test_what_users_write_is_escaped():
    label = "<b>&\"'bold"
    told = history(0.5, snapshots={0: ["<script>alert(1)</script>"]}, provenance={"seed": 0})
    told.readings['<i>"measure'] = told["variance"]
    told.endings[0] = Ending(3, "<u>reason</u>")
    spec = {"title": "<em>title</em>", "description": "</style><p>", "seed": 0}
    text = render({label: told}, spec=spec)
    page = Page(text)
    assert page.open == []
    for tag in ("<b>", "<script", "<i>", "<u>", "<em>", "</style><p>"):
        assert tag not in text
    shown = "".join(page.text)
    for written in (label, "<script>alert(1)</script>", "<u>reason</u>", "<em>title</em>"):
        assert written in shown


def test_undefined_is_said_with_its_reason_and_never_zero():
    text = render(LINEAGES["ended"]())
    row = re.search(r'<th scope="row">a</th>(.*?)</tr>', text).group(1)
    assert row.endswith('<td class="undefined">undefined<small>ended by generation 7</small></td>')
    assert "every record is equal</td>" in text
    assert "every record is equal!</td>" in text


def test_a_measure_that_is_undefined_throughout():
    told = history(0.5)
    told.readings["kl"] = np.full(told.alive.shape, np.nan)
    text = render({"a": told})
    assert "undefined throughout" in text
    assert "median from undefined to undefined" in text


def test_missing_measures_leave_the_verdict_undecided():
    text = render(LINEAGES["no measures"]())
    assert "Not decided" in text
    assert '<section id="curves"' not in text


def test_probes_describe_themselves():
    class Mine:
        """Something of `mine`: it falls & falls.

        More about it.

        Parameters
        ----------
        hidden : int
            Not for the page.
        """

        name = "mine"

        def __call__(self, generation):
            return 0.0

    told = history(0.5)
    told.readings["mine"] = told["variance"]
    text = render({"a": told}, probes=[Mine()])
    assert "Something of <code>mine</code>: it falls &amp; falls." in text
    assert "More about it." in text
    assert "Not for the page" not in text
    # The built-in ones need no introduction.
    assert "it falls in late collapse" in text


def test_measures_of_one_probe_stand_together():
    text = render(LINEAGES["plain"]())
    assert (
        text.index("<h3>Subgroups</h3>") < text.index("<h4>Lost</h4>") < text.index("<h4>Entropy")
    )


def test_the_spec_is_there_for_a_second_run():
    spec = {"modelcollapse": 1, "title": "Again", "policies": {"a": {"type": "replace", "n": 5}}}
    shown = "".join(Page(render(LINEAGES["plain"](), spec=spec)).text)
    assert "policies:\n  a:\n    type: replace\n    n: 5\n" in shown
    assert "modelcollapse simulate spec.yaml" in shown
    for package in ("modelcollapse", "numpy", "scipy", "python"):
        assert package in shown
    without = "".join(Page(render(LINEAGES["plain"]())).text)
    assert "simulate spec.yaml" not in without
    assert "seed: 7" in without


def test_histories_read_at_different_generations():
    text = render({"long": history(0.5), "short": history(0.5, generations=3)})
    assert "not read" in text


def test_many_reasons_are_counted():
    endings = {r: Ending(r + 1, f"reason {r}") for r in range(20)}
    told = history(0.1, replicates=20, generations=30, endings=endings)
    rows = report_tables.endings({"a": told})
    assert len(rows) == report_tables.REASONS + 1
    assert rows[-1]["reason"] == "8 other reasons"
    assert rows[-1]["replicates"] == "8 of 20"


def test_shares_of_the_stages_add_up():
    (group,) = report_tables.stages({"a": history(0.1, replicates=1)})
    columns = zip(*(row["cells"] for row in group["rows"]), strict=True)
    assert all(sorted(set(column)) in (["100%"], ["100%", "–"]) for column in columns)


def test_no_lineages():
    with pytest.raises(InputError, match="no lineages to report on"):
        render({})


def test_real_pictures_stand_before_those_of_generation_0():
    lineage = mc.Lineage(mc.Digits(), mc.GaussianMLE(), mc.Replace(100), size=100)
    found = lineage.run(1, seed=4, snapshots=[0, 1], probes=["variance"])
    page = render({"a": found})
    assert page.index("<dt>real</dt>") < page.index("<dt>generation 0</dt>")
    nature = Nature(lineage, 4, 0, None)
    data = nature.holdout()[:25].reshape(-1, 8, 8)
    shown = gallery({"a": found.snapshots}, {"a": data})
    assert shown.real["a"].content in page
    # Where none is set aside, there is none to show.
    everything = lineage.but(size=1797, holdout=0, policy=mc.Replace(10))
    assert "<dt>real</dt>" not in render({"a": everything.run(0, snapshots=[0], probes=[])})
