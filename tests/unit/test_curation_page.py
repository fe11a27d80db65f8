"""The report of a curation: whole, safe, and readable on any screen."""

import copy
import os
import re
import shutil
from html import unescape
from html.parser import HTMLParser

import pytest

from modelcollapse.curation.manifest import _defined
from modelcollapse.curation_page import render

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
DRIVER = shutil.which("chromedriver")
NASTY = "<script>alert('x')</script> & \"quoted\" " + "long" * 60


def interval(value, low, high):
    return {"value": value, "low": low, "high": high}


def verdict(answer, sentence):
    return {"question": "?", "answer": answer, "sentence": sentence, "more_labels": None}


def estimate(labels=200):
    return {
        "p": interval(0.4, 0.33, 0.47), "phi": interval(0.85, 0.78, 0.9),
        "psi": interval(0.3, 0.21, 0.41), "breakdown_point": interval(0.74, 0.67, 0.8),
        "kept_error": interval(0.19, 0.13, 0.27), "labels": labels, "confidence": 0.95,
        "helps": verdict("yes", "selection helps: it keeps 30.0% of the wrong records."),
        "breaks_down": verdict("no", "it does not break down: at most 27.0% are wrong."),
        "groups": {}, "notes": ["a note about labels."],
    }  # fmt: skip


def point(share, chosen=False):
    return {
        "records": int(1000 * share), "share": share, "chosen": chosen, "score": 1.2 - share,
        "random_score": 0.2, "tail": share**0.4, "random_tail": share**0.2, "labels": 50,
        "error": 0.3 * share, "error_low": 0.2 * share, "error_high": 0.5 * share,
        "random_error": 0.3,
    }  # fmt: skip


def effect(name, z, better="higher", part="Words", measure="types"):
    return {
        "measure": measure, "part": part, "name": name, "about": "of all", "better": better,
        "headline": True, "all": 1.0, "kept": 0.5, "random": 0.6, "sd": 0.01, "z": z,
    }  # fmt: skip


@pytest.fixture
def card():
    audit = estimate()
    audit["groups"] = {f"group {i}": estimate(40) for i in range(3)}
    quantiles = {"min": 0.0, "median": 0.5, "max": 1.0}
    histogram = {"edges": [0.0, 0.5, 1.0], "all": [600, 400], "kept": [50, 200]}
    example = {
        "id": "a", "text": NASTY, "prompt": NASTY, "reference": None, "scores": {"rougeL": 0.5},
        "groups": {"topic": NASTY},
    }  # fmt: skip
    states = {"kept": 240, "dropped": 700, "no score": 30, "duplicate": 20, "out of budget": 10,
              "set aside": 0}  # fmt: skip
    return {
        "title": f"A title with {NASTY}",
        "verdict": {"state": "good", "heading": "Selection helps", "sentence": "It keeps some."},
        "settings": {"generation": 1, "seed": 0, "real": ["real.jsonl"], "keep": 0.25,
                     "synthetic": [NASTY], "guard": None},
        "counts": {
            "read": 1000, "states": states,
            "reasons": {"no score": {f"{NASTY} {i}": 3 for i in range(10)}, "kept": {"": 240}},
        },
        "selection": {"notes": [NASTY], "lost": {}},
        "verifiers": [
            {"name": f"verifier {i}", "scored": 970, "without": 30, "quantiles": quantiles,
             "histogram": histogram}
            for i in range(2)
        ],
        "audit": audit,
        "curve": [point(s / 10, chosen=s == 3) for s in range(1, 11)],
        "effects": [
            effect("far below", -6.0), effect("far above", 12.0), effect("near", 1.0),
            effect("fewer is better", -5.0, "lower"), effect("undefined", None),
            effect("groups lost", 2.0, "lower", "Groups", "lost.topic"),
            effect("covered", -1.0, measure="tail_covered"),
        ],
        "mix": {
            "policy": "mix", "rows": {"real": 60, "previous": 0, "synthetic": 240},
            "available": {"real": 500, "previous": 0}, "budget": {"rows": 350}, "remainder": 50,
        },
        "examples": [{**example, "kind": kind} for kind in ("kept", "dropped") for _ in range(3)],
        "inputs": {"synthetic": [{"files": "gen1.jsonl", "digest": "ab" * 16}]},
        "outputs": {
            "parts": [{"name": "part-0.parquet", "rows": 300, "bytes": 9, "sha256": "cd" * 32}],
            "dropped": [],
        },
        "versions": {"modelcollapse": "0.1.0"},
    }  # fmt: skip


@pytest.fixture
def unlabelled(card):
    card = copy.deepcopy(card)
    card["audit"] = None
    card["curve"] = [
        {key: value for key, value in row.items() if "error" not in key} for row in card["curve"]
    ]
    card["verdict"] = {"state": "unknown", "heading": "Not known", "sentence": "Nobody said."}
    return card


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


def test_the_page_is_whole_and_loads_nothing(card, unlabelled):
    for given in (card, unlabelled):
        page = render(given)
        tags = Tags(page)
        assert "script" not in tags.names
        assert len(tags.ids) == len(set(tags.ids))
        assert all(link.startswith(("#", "data:")) for link in tags.links)
        assert {link.removeprefix("#") for link in tags.links if link.startswith("#")} <= {
            *tags.ids,
            "",
        }
        assert "default-src 'none'" in page
        assert render(given) == page


def test_what_records_say_is_shown_and_never_run(card):
    page = render(card)
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") >= 14


def test_the_verdict_comes_first(card):
    page = render(card)
    first = page.index("Does selection help?")
    assert first < page.index("Does it break down?") < page.index('id="curve"')
    assert page.index('id="curve"') < page.index('id="effects"') < page.index('id="counts"')
    assert "It keeps 30.0% of the wrong records." in page


def test_without_labels_the_page_says_how_to_get_them(unlabelled):
    page = render(unlabelled)
    assert "Not known" in page
    assert "modelcollapse design SPEC --output audit.csv" in page
    assert "Wrong among the kept" not in page
    assert 'id="verifier"' not in page


def test_a_refused_estimate_is_said(card):
    card["audit"] = {"sentence": "all are right", "notes": [], "in_use": 5}
    card["verdict"] = {"state": "unknown", "heading": "Not known yet", "sentence": "All are right."}
    page = render(card)
    assert "All are right." in page
    assert "modelcollapse design SPEC" not in page


@pytest.mark.parametrize(
    ("z", "lost", "expected", "answer"),
    [
        (-1.0, {}, 0.6, "It keeps them"),
        (-4.0, {}, 0.6, "It cuts them"),
        (-1.0, {"topic": ["rare"]}, 0.1, "It loses groups"),
        (-1.0, {"topic": ["rare"]}, 0.9, "It keeps them"),
        (None, {}, 0.6, "It keeps them"),
    ],
)
def test_the_tails_are_judged_against_chance(card, z, lost, expected, answer):
    rows = {row["measure"]: row for row in card["effects"]}
    rows["tail_covered"]["z"] = z
    rows["lost.topic"]["random"] = expected
    card["selection"]["lost"] = lost
    page = render(card)
    assert answer in page
    assert ("Nothing is left of topic rare" in page) == bool(lost)


def test_two_figures_of_rare_words_have_two_names(card):
    card["settings"]["real"] = ["real.jsonl"]
    page = render(card)
    assert "At equal length," in page
    assert "the verdict's figure is another one" in unescape(page)
    reading = page.split("<dt>Rare words</dt>")[1].split("</dd>")[0]
    assert "still occurs" in reading
    assert "covered at equal length" in reading


def test_signs_stand_for_what_they_say(card):
    page = render(card)
    assert re.search(r"φ</b> kept among the right ones", page)
    assert re.search(r"ψ</b> kept among the wrong ones", page)
    header = page.split('id="by-group"')[1].split("</thead>")[0]
    assert re.findall(r"(φ|ψ)<small>(.*?)</small>", header) == [
        ("φ", "of the right"), ("ψ", "of the wrong")
    ]  # fmt: skip


def test_notes_about_labels_are_there_without_an_estimate(card):
    card["audit"] = {"sentence": "Not known yet.", "notes": ["2 of 9 labelled records are not."]}
    assert "2 of 9 labelled records are not." in render(card)


def test_directions_are_coloured_by_what_is_better(card):
    page = render(card)

    def state(name):
        return re.search(rf'>{name}<.*?class="is-(\w+)" viewBox="-1', page, re.DOTALL)[1]

    assert state("far below") == "late"
    assert state("far above") == "none"
    assert state("near") == "undecided"
    assert state("fewer is better") == "none"


def test_undefined_figures_are_called_so(card):
    card["verifiers"][0]["quantiles"] = dict.fromkeys(("min", "median", "max"))
    card["verifiers"][0]["histogram"] = {"edges": [0.0, 1.0], "all": [0], "kept": [0]}
    for row in card["curve"]:
        row["tail"] = row["random_tail"] = None
    card["audit"]["phi"]["value"] = None
    page = render(card)
    assert "undefined" in page
    assert "nan" not in re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL).lower()
    assert "Rarest words that still occur" not in page


def test_nothing_undefined_reaches_the_manifest():
    found = _defined({"a": float("nan"), "b": [float("inf"), 1.0], 3: (True, None)})
    assert found == {"a": None, "b": [None, 1.0], "3": [True, None]}


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
@pytest.mark.parametrize("labelled", [True, False])
def test_it_fits_every_screen_and_fetches_nothing(browser, card, unlabelled, tmp_path, labelled):
    path = tmp_path / "page.html"
    path.write_text(render(card if labelled else unlabelled))
    for width in (360, 768, 1600):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False},
        )
        browser.get(path.as_uri())
        assert browser.execute_script("return window.innerWidth") == width
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        heights = browser.execute_script(
            "return [...document.querySelectorAll('.plot text')]"
            ".map(text => text.getBoundingClientRect().height)"
        )
        assert min(heights) >= 9
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
def test_text_stands_out_in_light_and_dark(browser, card, tmp_path, scheme):
    path = tmp_path / "page.html"
    path.write_text(render(card))
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    browser.get(path.as_uri())
    ratios = browser.execute_script(CONTRAST)
    assert len(ratios) > 100
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
const wash = getComputedStyle(document.querySelector('pre')).backgroundColor;
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
