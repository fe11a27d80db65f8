"""The report of an audit: whole, safe, and readable on any screen."""

import copy
import os
import re
import shutil
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

from modelcollapse.audit_page import render

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
DRIVER = shutil.which("chromedriver")
NASTY = "<script>alert('x')</script> & \"quoted\" " + "long" * 60

TITLES = {
    "tail_values": ("values in the tails", "tails"),
    "rare_categories": ("rare categories still there", "tails"),
    "subgroups": ("most eroded subgroup", "tails"),
    "rare_words": ("rare words still there", "tails"),
    "distinct_2": ("distinct word pairs", "tails"),
    "bulk_spread": ("spread of the bulk", "spread"),
    "common_words": ("common words still there", "spread"),
    "word_concentration": ("effective number of words", "narrowing"),
    "near_duplicates": ("near duplicates", "duplication"),
    "energy": ("energy distance", "drift"),
    "classifier": ("told apart by a classifier", "drift"),
    "density": ("density around real records", "noise"),
    "missing": ("missing values", "hygiene"),
    "standard_deviation": ("standard deviation", "spread"),
    "marginal_shift": ("shift of a column", "drift"),
}


def reading(measure, value, outcome, *, about="", expected=1.0, error=0.03, tolerance=0.2, **more):
    title, concern = TITLES.get(measure, (measure, "drift"))
    return {
        "measure": measure, "about": about, "title": title, "concern": concern, "headline": True,
        "value": value, "expected": expected, "error": error,
        "low": None if value is None else value - 1.96 * error,
        "high": None if value is None else value + 1.96 * error,
        "p": 1e-9 if outcome == "changed" else 0.3,
        "adjusted_p": 1e-7 if outcome == "changed" else 1.0, "needed": None,
        "tolerance": tolerance, "relative": True, "collapse": "falls", "n": 40_000,
        "reference_n": 48_211, "outcome": outcome, "note": "", **more,
    }  # fmt: skip


def group(name, count, reference_count, fate, *, by="race x sex", n=40_000, m=48_211, **more):
    ratio = count / n * m / reference_count if reference_count else "inf"
    spread = 2.0 / max(count, 1) ** 0.5
    inside = isinstance(ratio, float)
    return {
        "by": by, "group": name, "count": count, "reference_count": reference_count,
        "share": count / n, "reference_share": reference_count / m, "ratio": ratio,
        "low": ratio * np.exp(-spread) if inside else 4.2,
        "high": (ratio * np.exp(spread) if count else 3.7 / reference_count) if inside else "inf",
        "p": 1e-9, "adjusted_p": 1e-7, "needed": 900.0 if fate == "undecided" else None,
        "lost_by_chance": 0.0 if reference_count > 1000 else (1 - reference_count / m) ** n,
        "fate": fate, **more,
    }  # fmt: skip


SUBGROUPS = [
    group("Amer-Indian-Eskimo x Female", 0, 119, "erased"),
    group("Other x Female", 0, 108, "erased"),
    group("Other x Male", 21, 163, "eroded"),
    group("Asian-Pac-Islander x Female", 96, 346, "eroded"),
    group("Black x Female", 980, 1555, "eroded"),
    group("White x Male", 22_400, 19_174, "grown"),
    group("a group that is new x Male", 41, 0, "grown"),
    group("Amer-Indian-Eskimo x Male", 130, 192, "undecided"),
    group("Asian-Pac-Islander x Male", 500, 693, "undecided"),
    group("Black x Male", 1303, 1569, "kept"),
    group("White x Female", 7100, 8642, "kept"),
    *(group(f"{age} x {work}", 100 + 3 * i, 120 + 4 * i, "kept", by="age x workclass")
      for i, (age, work) in enumerate((a, w) for a in ("20s", "30s", "40s", "50s", "60s")
                                      for w in ("Private", "State-gov", "Self-emp", "Never"))),
]  # fmt: skip


def law(name="body", kind="words", types=5000, lost_from=812, seed=0):
    rng = np.random.default_rng(seed)
    at = np.unique(np.geomspace(1, types, 160).astype(int))
    counts = 40_000 / at**1.02
    faded = counts * np.exp(-((at / (lost_from or 1e9)) ** 0.9)) if lost_from else counts
    new = rng.poisson(np.minimum(faded, 1e6))
    return {
        "name": name, "kind": kind, "types": types, "lost": int(0.6 * types),
        "expected_lost": 0.018 * types, "lost_from": lost_from,
        "reference": {"ranks": at.tolist(), "counts": counts.tolist()},
        "new": {"counts": new.astype(float).tolist()},
    }  # fmt: skip


def bands(name="body", kind="words", ratios=(0.12, 0.18, 0.3, 0.45, 0.61, 0.8, 0.93, 0.99, 1, 1.0)):
    names = ("1", "2", "3-4", "5-7", "8-12", "13-20", "21-40", "41-90", "91-300", "301+")
    return {
        "name": name, "kind": kind,
        "deciles": [
            {"decile": i + 1, "ratio": ratio, "low": None if ratio is None else 0.85 * ratio,
             "high": None if ratio is None else 1.1 * ratio + 0.03, "types": 500.0,
             "expected": 420.0, "found": 420.0 * (ratio or 0),
             **({} if kind == "records" else {"band": names[i]})}
            for i, ratio in enumerate(ratios)
        ],
    }  # fmt: skip


def build(stage="early", generation=3, *, loss=1.0):
    """A card of a table with a text column; `loss` from 0 to 1 says how much is gone."""
    lost = stage in ("early", "late")
    tails, spread = 1 - 0.59 * loss, 1 - (0.12 * loss if stage == "late" else 0.004)
    changed = "changed" if lost else "held"
    headings = {
        "none": "No collapse", "early": "Early collapse: the tails are going",
        "late": "Late collapse: the spread is going", "not enough data": "Not enough data",
    }  # fmt: skip
    readings = [
        reading("tail_values", tails, changed, note="outermost 1 % of each column"),
        reading("bulk_spread", spread, "changed" if stage == "late" else "held", error=0.006,
                tolerance=0.03),
        reading("rare_categories", 1 - 0.3 * loss, "not decided", error=0.16, needed=61_000.0,
                note="fewest in occupation"),
        reading("subgroups", 0.02, changed, error=0.01, note="race x sex = Other x Female"),
        reading("rare_words", 1 - 0.7 * loss, changed, about="body",
                note="1,204 of 2,950 expected"),
        reading("distinct_2", 0.71 - 0.08 * loss, changed, about="body", expected=0.71,
                error=0.004, tolerance=0.05),
        reading("common_words", 0.995, "held", about="body", error=0.01, tolerance=0.05),
        reading("word_concentration", 0.97, "held", about="body", tolerance=0.1),
        reading("near_duplicates", 0.004, "held", about="body", expected=0.003, error=0.001,
                tolerance=0.01, relative=False, collapse="grows"),
        reading("classifier", 0.58, "changed", expected=0.5, error=0.004, tolerance=0.02,
                relative=False, collapse="grows"),
        reading("energy", 0.002, "not decided", expected=0.0, error=0.002, tolerance=0.0,
                relative=False, collapse="grows"),
        reading("density", 1.02, "the other way", headline=False, tolerance=0.1),
        *(reading(measure, value, outcome, about=column, headline=False)
          for column in ("age", "hours-per-week", "capital-gain")
          for measure, value, outcome in (
              ("tail_values", tails, changed), ("standard_deviation", 0.98, "held"),
              ("marginal_shift", 0.03, "held"), ("missing", None, "not measured"))),
    ]  # fmt: skip
    sizes = {"rows": 40_000, "sampled": 40_000, "digest": "8f3a" * 8}
    record = {
        "age": "88", "workclass": "Never-worked", "capital-gain": "99999",
        "body": "Admitted with a thrombus of the left calf after a flight of eleven hours; a "
        "second cousin had the same at the age of thirty, which nobody had asked about before.",
    }  # fmt: skip
    return {
        "schema_version": 1, "modelcollapse": "0.1.0",
        "verdict": {
            "stage": stage, "heading": headings[stage],
            "sentence": "Values in the tails (outermost 1 % of each column): 0.41 where 1.00 was "
            "expected, rare words still there of body: 0.30 where 1.00 was expected and 4 more.",
            "findings": ["duplication", "drift"] if lost else [],
            "carried_by": ["tail_values", "rare_words:body"] if lost else [],
            "generations": {"value": 14.2, "low": 9.1, "high": 21.0, "records": 40_000,
                            "from": "rare words of body",
                            "by": "pure resampling"} if lost else None,
        },
        "data": {"new": {"source": f"gen{generation}.parquet", **sizes},
                 "reference": {"source": "real.parquet", **sizes, "rows": 48_211}},
        "roles": [
            {"name": "id", "role": "skipped", "reason": "all values differ"},
            *({"name": name, "role": "number", "reason": "numbers of many values"}
              for name in ("age", "hours-per-week", "capital-gain")),
            {"name": "occupation", "role": "category", "reason": "14 values"},
            {"name": "body", "role": "text", "reason": "long texts that differ"},
        ],
        "ignored": ["fnlwgt", "split"],
        "settings": {"level": 0.05, "tolerance": {"tails": 0.2}, "neighbours": 5000, "show": 20,
                     "seed": 0, "characters": False, "embed": None, "groups": [["race", "sex"]]},
        "readings": readings,
        "groups": SUBGROUPS if lost else [row | {"fate": "kept"} for row in SUBGROUPS[9:]],
        "categories": [
            group("Armed-Forces", 0, 14, "undecided", by="occupation"),
            group("Priv-house-serv", 12, 240, "eroded", by="occupation"),
            *(group(f"country {i}", 90 + i, 100 + i, "kept", by="native-country")
              for i in range(40)),
        ],
        "categories_left_out": 37,
        "ranks": [
            law(lost_from=round(812 / max(loss, 0.05)) if lost else None),
            law("native-country", "categories", 41, 19 if lost else None),
            law("occupation", "categories", 15, None),
        ],
        "retention": [
            bands(), bands("native-country", "categories", (0.4, 0.7, None, 0.98, 1.0)),
            bands("records", "records", (0.41, 0.6, 0.72, 0.85, 0.95, 1.05, 1.1, 1.18, 1.2, 1.25)),
        ],
        "lost": {
            "words": [{"column": "body", "word": word, "reference_count": 40 - i, "count": 0,
                       "lost_by_chance": 1e-14 * 10**i, "adjusted_p": 1e-9}
                      for i, word in enumerate(("thrombus", "cousin", "aneurysm", "cauliflower",
                                                "Welsh", "heliotrope"))] if lost else [],
            "categories": [row for row in SUBGROUPS if not row["count"]] if lost else [],
            "records": [{"record": record, "distance": 3.21}, {"record": record, "distance": "inf"}]
            if lost else [],
        },
        "overproduced": {
            "phrases": [{"column": "body", "phrase": phrase, "count": 410 - 90 * i,
                         "reference_count": 20, "ratio": 19.2 - 4 * i, "low": 14.0 - 3 * i,
                         "high": 27.0 - 5 * i, "adjusted_p": 1e-40}
                        for i, phrase in enumerate(("in the realm of", "a testament to",
                                                    "it is important to note"))] if lost else [],
            "near_duplicates": [{"column": "body", "similarity": 0.91, "texts": [
                "The patient was seen in the clinic and it is important to note that all is well.",
                "The patient was seen in the ward and it is important to note that all is well.",
            ]}] if lost else [],
            "copies": [{"record": record, "times": 12}] if lost else [],
        },
        "notes": ["312 new records are also in the reference: it may have been trained on."],
    }  # fmt: skip


def build_lineage(losses=(0.05, 0.3, 0.55, 0.8, 1.0)):
    stages = ["none", "none", "early", "early", "late"][: len(losses)]
    cards = [
        build(stage, i, loss=x) for i, (stage, x) in enumerate(zip(stages, losses, strict=True), 1)
    ]
    numbers = list(range(1, len(cards) + 1))
    paths = []
    for position, first in enumerate(cards[0]["readings"]):
        if not first["headline"]:
            continue
        rows = [card["readings"][position] for card in cards]
        relative = first["relative"]
        paths.append({
            "measure": first["measure"], "about": first["about"], "title": first["title"],
            "concern": first["concern"], "headline": True, "generation": numbers,
            **{name: [row[name] for row in rows]
               for name in ("value", "low", "high", "expected", "outcome")},
            "slope": {"value": -0.21, "low": -0.25, "high": -0.17,
                      "unit": "log per generation" if relative else "per generation"},
            "lost_at": {"tail_values": 3, "bulk_spread": 5, "classifier": 1}.get(first["measure"]),
        })  # fmt: skip
    return {
        "schema_version": 1, "kind": "lineage", "modelcollapse": "0.1.0",
        "verdict": {**cards[-1]["verdict"], "onset": {"tails": 3, "spread": 5},
                    "sentence": "In 5 generations, 1 to 5, the tails are lost from generation 3 on "
                    "and the spread is lost from generation 5 on."},
        "generation": numbers, "generations": cards, "trajectories": paths,
        "data": {"reference": cards[0]["data"]["reference"]}, "settings": cards[0]["settings"],
        "notes": ["a note about the lineage"],
    }  # fmt: skip


def bare():
    """A card of two numbers a record, in which next to nothing could be read."""
    card = build("not enough data", loss=0.0)
    for part in ("groups", "categories", "ranks", "retention", "notes", "ignored"):
        card[part] = []
    card["categories_left_out"] = 0
    card["readings"] = [
        reading("tail_values", None, "not measured", note="too few records"),
        reading("bulk_spread", 0.99, "not decided", error=0.2, tolerance=0.03, needed=9e5),
    ]
    card["readings"][0] |= {"p": None, "adjusted_p": None}
    return card


CARDS = {
    "early": build,
    "late": lambda: build("late"),
    "none": lambda: build("none", loss=0.0),
    "bare": bare,
    "lineage": build_lineage,
    "one generation": lambda: {**build_lineage((0.2,)), "trajectories": []},
    "two generations": lambda: build_lineage((0.0, 0.1)),
}


class Tags(HTMLParser):
    """Tags and ids of a page; fails where tags do not close in order."""

    VOID = frozenset({"meta", "link", "br", "img", "hr"})

    def __init__(self, page):
        super().__init__()
        self.open, self.names, self.ids, self.links = [], set(), [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.names.add(tag)
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[name] for name in ("href", "src") if name in given]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def words(page):
    """Text of a page, without styles and tags."""
    page = re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))


@pytest.mark.parametrize("name", CARDS)
def test_the_page_is_whole_and_loads_nothing(name):
    card = CARDS[name]()
    given = copy.deepcopy(card)
    page = render(card)
    tags = Tags(page)
    assert "script" not in tags.names
    assert len(tags.ids) == len(set(tags.ids))
    assert all(link.startswith(("#", "data:")) for link in tags.links)
    assert {x.removeprefix("#") for x in tags.links if x.startswith("#")} <= set(tags.ids)
    assert "default-src 'none'" in page
    assert not re.search(r"\b(nan|None|inf)\b", words(page.split('id="reading"')[0]))
    assert render(card) == page
    assert card == given


def poisoned(value):
    """The same card with markup in every text that comes from data."""
    if isinstance(value, dict):
        kept = {"stage", "findings", "outcome", "concern", "fate", "kind", "collapse", "role",
                "measure", "unit"}  # fmt: skip
        return {k: x if k in kept else poisoned(x) for k, x in value.items()}
    if isinstance(value, list):
        return [poisoned(x) for x in value]
    return f"{value} {NASTY}" if isinstance(value, str) and value != "inf" else value


@pytest.mark.parametrize("name", ["early", "lineage"])
def test_what_data_say_is_shown_and_never_run(name):
    card = CARDS[name]()
    dirty = {**poisoned(card), "kind": card.get("kind", "single")}
    page = render(dirty)
    Tags(page)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 100


def test_the_verdict_comes_first_and_the_parts_in_order():
    page = render(build())
    places = [
        page.index(f'id="{part}"')
        for part in ("verdict", "tails", "groups", "signals", "lost", "over", "data", "reading")
    ]
    assert places == sorted(places)
    assert page.index("Early collapse: the tails are going") < page.index('id="tails"')
    text = words(page)
    assert "14 generations (9.1 to 21)" in text
    assert "Duplication : records repeat others" in text
    assert "312 new records are also in the reference" in text


@pytest.mark.parametrize(
    ("stage", "mark"),
    [("none", "none"), ("early", "early"), ("late", "late"), ("not enough data", "undecided")],
)
def test_every_stage_has_its_mark(stage, mark):
    page = render(build(stage))
    assert f'<li class="card main is-{mark}">' in page
    assert f'class="icon is-{mark}"' in page.split('class="card main')[1].split("</li>")[0]


def test_empty_parts_are_left_out_with_a_word():
    page = render(bare())
    for part in ("tails", "groups", "lineage"):
        assert f'id="{part}"' not in page
        assert f'href="#{part}"' not in page
    text = words(page)
    assert "no subgroups were asked for" in text
    assert "Nothing that chance would not have lost as well." in text
    assert "No phrase, near duplicate or copy" in text
    assert "times as many records would decide" in text
    assert "generations (" not in text
    card = bare()
    card["settings"]["show"] = 0
    assert words(render(card)).count("No examples were asked for.") == 2


def test_categories_alone_say_that_no_subgroups_were_asked_for():
    card = build()
    assert "No subgroups were asked for" not in render(card)
    card["groups"] = []
    assert "No subgroups were asked for" in render(card)


def test_erased_groups_come_first_and_the_rest_is_folded():
    card = build()
    card["groups"].reverse()
    page = render(card)
    part = page.split('aria-label="Subgroups"')[1].split("</table>")[0]
    fates = re.findall(r'<svg class="icon is-\w+".*?</svg>(\w+)</span>', part, re.DOTALL)
    order = ("erased", "eroded", "grown", "undecided", "kept")
    assert fates == sorted(fates, key=order.index)
    assert len(fates) == 10
    assert part.count('class="mark hollow"') == 2
    assert "21 more" in words(page)
    card["groups"] = [group(f"g{i}", 1, 400, "eroded") for i in range(400)]
    page = render(card)
    assert page.split('aria-label="Subgroups"')[1].split("</table>")[0].count("<tr>") == 31
    assert "70 subgroups that lost least surely are left out." in words(page)


def test_examples_beyond_the_eighth_are_folded():
    card = build()
    card["lost"]["words"] *= 3
    card["lost"]["records"] *= 5
    part = render(card).split('id="lost"')[1].split("</section>")[0]
    assert re.findall(r"<summary>(.*?)</summary>", part) == ["10 more", "2 more"]
    assert part.split("<summary>10 more")[0].count('<tr><th scope="row">') == 8
    assert part.split("<summary>10 more")[1].split("</details>")[0].count("<tr><th scope") == 11


def test_columns_beyond_the_fourth_are_folded():
    card = build()
    card["ranks"] = [law(f"column {i}", "categories", 20 + i) for i in range(6)]
    card["retention"] = []
    page = render(card)
    before, after = page.split("2 more columns")
    assert [f"<h3>column {i} " in before for i in range(6)] == [False] * 2 + [True] * 4
    assert [f"<h3>column {i} " in after for i in range(6)] == [True] * 2 + [False] * 4


def test_bands_of_rarity_are_drawn_where_two_are_known():
    card = build()
    card["ranks"] = [law(name, "categories", 30) for name in ("first", "second")]
    card["retention"] = [
        bands("first", "categories", (None, 0.3, None, 0.9, None)),
        bands("second", "categories", (0.3, None)), bands("third", "categories", (1.0, None)),
    ]  # fmt: skip
    page = render(card)
    assert page.count("How many are still there") == 1
    assert "<h3>third" not in page
    text = words(page)
    assert "0.3 of what chance would keep is left" in text
    assert "0.9 of the commonest (0.765 to 1.02)" in text


def test_what_only_rounding_keeps_from_zero_is_zero():
    card = build()
    card["ranks"][0]["expected_lost"] = 1e-9
    card["readings"] = [reading("copies", -2.5e-16, "held", expected=3e-12)]
    page = render(card)
    assert "a redraw would miss none." in words(page)
    assert re.search(r"10⁻[¹²]", words(page.split('id="signals"')[1].split("</table>")[0])) is None


def marks(page):
    """Places of the marks in the table of signals, by title."""
    part = page.split('aria-label="Signals of the verdict"')[1].split("</table>")[0]
    rows = re.findall(r'<th scope="row">(.*?)(?: <b>|<small>|</th>).*?</tr>', part)
    cells = part.split('<th scope="row">')[1:]
    found = [re.search(r'<circle class="[^"]*" cx="([\d.]+)%', cell) for cell in cells]
    arrows = [re.search(r'<svg x="(\d+)%"', cell) for cell in cells]
    return {
        title: float(circle[1]) if circle else float(arrow[1]) if arrow else None
        for title, circle, arrow in zip(rows, found, arrows, strict=True)
    }


def test_collapse_is_to_the_left_whichever_way_the_value_goes():
    same = {"tolerance": 0.1}
    card = build()
    card["readings"] = [
        reading("tail_values", 1.0, "held", **same),
        reading("rare_words", 0.8, "changed", **same),
        reading("copies", 1.2, "changed", collapse="grows", **same),
        reading("dependence", 1.2, "changed", collapse="either", **same),
        reading("vendi", 0.8, "changed", collapse="either", **same),
        reading("coverage", 1.2, "the other way", **same),
        reading("classifier", 9.0, "changed", collapse="grows", **same),
        reading("energy", 0.3, "not decided", expected=0.0, tolerance=0.0),
    ]
    at = marks(render(card))
    centre = at["values in the tails"]
    assert at["rare words still there"] < centre < at["coverage"]
    assert at["rare words still there"] == at["copies"] == at["dependence"] == at["vendi"]
    assert at["told apart by a classifier"] == 0
    assert at["energy distance"] is None


def test_changed_signals_come_first_and_others_are_folded_by_concern():
    page = render(build())
    part = page.split('aria-label="Signals of the verdict"')[1].split("</table>")[0]
    outcomes = re.findall(r"</svg>(changed|not decided|held)</span>", part)
    assert outcomes == sorted(outcomes, key=("changed", "not decided", "held").index)
    assert len(outcomes) == 11
    folded = re.findall(r'class="folded"><summary>(\w+) <span>(.*?)</span>', page)
    assert folded == [
        ("Tails", "3 readings, 3 changed"), ("Spread", "3 readings"), ("Drift", "3 readings"),
        ("Noise", "1 reading"), ("Hygiene", "3 readings"),
    ]  # fmt: skip


def test_measures_are_explained_and_those_of_others_need_no_explanation():
    card = build()
    card["readings"] = [reading("tail_values", 0.4, "changed"), reading("my_own", 2.0, "held")]
    text = words(render(card))
    assert "Values beyond the reference's outermost" in text
    assert "my_own 2 1.94 to 2.06" in text


def test_infinite_and_tiny_figures_have_words():
    card = build()
    card["lost"]["words"][0]["lost_by_chance"] = 0.0
    card["verdict"]["generations"] |= {"value": 12_000.0, "high": "inf"}
    text = words(render(card))
    assert "under 10⁻³⁰⁰" in text
    assert "12,000 generations (9.1 to ∞)" in text
    assert "real copies of it, and no new record" in text
    assert "undefined" in words(render(bare()))


def test_a_lineage_shows_its_way_and_then_its_last_generation():
    card = build_lineage()
    page = render(card)
    text = words(page)
    assert "Audit of generations 1 to 5" in text
    assert "Tails stay lost from generation 3 on, the spread from generation 5 on." in text
    way = page.split('class="way"')[1].split("</ol>")[0]
    assert re.findall(r'<li class="is-(\w+)">', way) == ["none", "none", "early", "early", "late"]
    part = page.split('<div class="panels">')[1].split("</section>")[0]
    assert part.index("Lost from generation 3 on.") < part.index("Lost from generation 5 on.")
    assert part.count("<figure>") == 11
    assert "Changed from generation 1 on." in part
    assert "−19 % per generation (−22 to −16 %)" in words(part)
    assert page.index('id="lineage"') < page.index('id="tails"')
    assert "about the last generation, gen5.parquet" in text


def test_a_lineage_of_one_generation_has_no_trajectories():
    text = words(render(CARDS["one generation"]()))
    assert "Audit of generation 1 " in text
    assert "Trajectories" not in text


def test_a_trajectory_without_a_slope_or_a_reading_is_said():
    card = build_lineage()
    card["trajectories"][0]["slope"] = None
    for name in ("generation", "value", "low", "high", "expected", "outcome"):
        card["trajectories"][1][name] = card["trajectories"][1][name][1:]
    text = words(render(card))
    assert "not read" in text
    assert "undefined" in text


# --- in a browser --------------------------------------------------------------------------------

BROWSER = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="Chromium or its driver is not installed: the page was not opened in a browser",
)


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    # Without a sandbox only where the kernel refuses one to the superuser.
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", *sandbox):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@BROWSER
@pytest.mark.parametrize("name", ["poisoned", "bare", "lineage"])
def test_it_fits_every_screen_and_fetches_nothing(browser, tmp_path, name):
    path = tmp_path / "page.html"
    path.write_text(render(poisoned(build()) if name == "poisoned" else CARDS[name]()))
    for log in ("browser", "performance"):
        browser.get_log(log)
    for width in (390, 768, 1600):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False},
        )
        browser.get(path.as_uri())
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert browser.execute_script("return window.innerWidth") == width
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        heights = browser.execute_script(
            "return [...document.querySelectorAll('.plot text')]"
            ".map(text => text.getBoundingClientRect().height)"
        )
        assert min(heights, default=9) >= 9
        # A forest row is never so wide that its outcome is out of sight.
        assert browser.execute_script(
            "return [...document.querySelectorAll('.groups, .signals')]"
            ".every(table => table.scrollWidth <= table.parentElement.clientWidth + 1)"
        )
    assert browser.get_log("browser") == []
    messages = [entry["message"] for entry in browser.get_log("performance")]
    requests = [m for m in messages if '"Network.requestWillBeSent"' in m]
    assert requests
    assert not [m for m in requests if '"url":"http' in m]
    # The measurement sees an overflow where there is one.
    browser.execute_script("document.body.style.minWidth = '2000px'")
    assert browser.execute_script("return document.documentElement.scrollWidth") > 1600


@BROWSER
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(browser, tmp_path, scheme):
    path = tmp_path / "page.html"
    path.write_text(render(build_lineage()))
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    browser.get(path.as_uri())
    ratios = browser.execute_script(CONTRAST)
    assert len(ratios) > 300
    assert min(ratios) >= 4.5


CONTRAST = """
const luminance = colour => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const paper = getComputedStyle(document.body).backgroundColor;
const wash = getComputedStyle(document.querySelector('.next')).backgroundColor;
const found = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!own) continue;
  const looks = getComputedStyle(element);
  const ink = element instanceof SVGElement ? looks.fill : looks.color;
  const below = element.closest('pre, .next') ? wash : paper;
  const [low, high] = [luminance(ink), luminance(below)].sort((x, y) => x - y);
  found.push((high + 0.05) / (low + 0.05));
}
return found;
"""
