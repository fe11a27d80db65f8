"""The report in a browser: nothing overflows, nothing complains, nothing leaves the machine."""

import os
import shutil

import numpy as np
import pytest

from modelcollapse.continued import Continued
from modelcollapse.history import Ending, History
from modelcollapse.report import write_report

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
DRIVER = shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="Chromium or its driver is not installed: the page was not opened in a browser",
)


def history(rate, snapshots, **more):
    rng = np.random.default_rng(0)
    at = np.arange(21)
    noise = np.cumsum(rng.normal(0, 0.02, (8, 21)), axis=1)
    readings = {
        name: np.exp(-power * rate * at + noise)
        for name, power in (("variance", 1), ("tail_retention", 2), ("subgroups.entropy", 0.1))
    }
    readings["kl"] = np.full((8, 21), np.nan)
    alive = np.ones((8, 21), dtype=bool)
    return History(at, readings, alive, snapshots=snapshots, provenance={"seed": 0}, **more)


def snapshots(kind):
    rng = np.random.default_rng(1)
    make = {
        "images": lambda: rng.random((30, 8, 8)),
        "texts": lambda: ["longword" * 40, "a <b>text</b> of several words " * 9],
        "rows": lambda: rng.normal(size=(64, 2)),
        "numbers": lambda: rng.normal(size=64),
    }[kind]
    return {generation: make() for generation in (0, 1, 5, 10, 20)}


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


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    endings = {r: Ending(9 + r, "a reason of " + "many words " * 20) for r in range(8)}
    for kind in ("images", "texts", "rows", "numbers"):
        histories = {
            "replace": history(0.3, snapshots(kind), endings=endings),
            "a label that is " + "very" * 40 + " long": history(0.01, snapshots(kind)),
        }
        write_report(histories, folder / f"{kind}.html")
    many = {f"lineage number {i}": history(0.02 * i, {}) for i in range(12)}
    write_report(many, folder / "many.html")
    return folder


KINDS = ["images", "texts", "rows", "numbers", "many"]


def show(browser, path, width, scheme="light"):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    browser.get(path.as_uri())


def test_prompts_stand_in_a_row_and_are_stacked_on_a_phone(browser, tmp_path):
    words = tuple(" ".join([f"word{i}"] * (6 + 9 * i)) for i in range(3))
    shown = {g: Continued(words, tuple(reversed(words))) for g in (0, 1, 5, 10, 20)}
    write_report({"replace": history(0.3, shown)}, tmp_path / "page.html")
    tops = (
        "return [...document.querySelectorAll('#written .row')].map(row => "
        "new Set([...row.children].map(cell => cell.getBoundingClientRect().top)).size)"
    )
    rights = (
        "return Math.max(...[...document.querySelectorAll('#written .row > div')]"
        ".map(cell => cell.getBoundingClientRect().right))"
    )
    for width, lines in ((1200, 1), (390, 5)):
        show(browser, tmp_path / "page.html", width)
        assert browser.execute_script(tops) == [lines] * 3
        assert browser.execute_script(rights) <= width


@pytest.mark.parametrize("width", [360, 768, 1600])
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_never_scrolls_sideways(browser, pages, kind, width):
    show(browser, pages / f"{kind}.html", width)
    assert browser.execute_script("return window.innerWidth") == width
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    # The measurement sees an overflow where there is one.
    browser.execute_script("document.body.style.minWidth = '2000px'")
    assert browser.execute_script("return document.documentElement.scrollWidth") > width


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_complains_and_nothing_is_fetched(browser, pages, kind):
    for log in ("browser", "performance"):
        browser.get_log(log)
    show(browser, pages / f"{kind}.html", 1000)
    assert browser.get_log("browser") == []
    requests = [
        entry["message"]
        for entry in browser.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    assert requests, "the log must at least hold the page itself"
    assert not [message for message in requests if '"url":"http' in message]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_light_and_dark(browser, pages, scheme):
    show(browser, pages / "images.html", 1000, scheme)
    found = browser.execute_script(CONTRAST)
    assert len(found) > 50
    assert min(ratio for ratio, _ in found) >= 4.5, min(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_stand_out_in_light_and_dark(browser, pages, scheme):
    show(browser, pages / "many.html", 1000, scheme)
    ratios = browser.execute_script(LINES)
    assert len(ratios) == 9
    assert min(ratios) >= 3


def test_light_and_dark_differ(browser, pages):
    seen = set()
    for scheme in ("light", "dark"):
        show(browser, pages / "images.html", 1000, scheme)
        seen.add(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert len(seen) == 2


def test_axis_text_is_large_enough_to_read_on_a_phone(browser, pages):
    show(browser, pages / "images.html", 360)
    heights = browser.execute_script(
        "return [...document.querySelectorAll('.plot text')]"
        ".map(text => text.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) >= 9


def test_pictures_are_loaded_and_their_pixels_kept(browser, pages):
    show(browser, pages / "images.html", 1000)
    pictures = browser.execute_script(
        "return [...document.images].map(i => [i.naturalWidth, getComputedStyle(i).imageRendering])"
    )
    assert len(pictures) == 10
    assert all(width == 44 and rendering == "pixelated" for width, rendering in pictures)


LUMINANCE = """
const luminance = colour => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};
const style = getComputedStyle(document.documentElement);
const value = name => style.getPropertyValue(name).trim();
"""

CONTRAST = (
    LUMINANCE
    + """
const found = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!own || element.closest('.lines')) continue;
  const looks = getComputedStyle(element);
  const ink = element instanceof SVGElement ? looks.fill : looks.color;
  const paper = element.closest('pre') ? value('--wash') : value('--paper');
  found.push([contrast(ink, paper), element.outerHTML.slice(0, 80)]);
}
return found;
"""
)

LINES = (
    LUMINANCE
    + """
const names = ['series-0', 'series-1', 'series-2', 'series-3',
               'none', 'early', 'late', 'growing', 'undecided'];
return names.map(name => contrast(value('--' + name), value('--paper')));
"""
)
