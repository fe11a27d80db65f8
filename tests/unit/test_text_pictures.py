"""Histograms of perplexity by generation, and prompts continued by every generation."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse import text_pictures
from modelcollapse.comparison import Comparison
from modelcollapse.continued import PROMPTS, TOKENS, Continued, continued
from modelcollapse.errors import InputError
from modelcollapse.families.texts import Texts
from modelcollapse.pictures import gallery
from modelcollapse.probes.language import PerplexityHistogram
from modelcollapse.report import render

TEXTS = Texts.of([" ".join(f"w{(i * j) % 17}" for j in range(30)) for i in range(1, 120)])


@dataclass(frozen=True)
class Prompted:
    """Learner of models that go on from prompts by repeating their last word."""

    def fit(self, data, *, rng, parent=None):
        model = mc.NGram(2).fit(data, rng=rng)
        model.continuations = lambda prompts, length, *, rng: mc.records.take(
            data, rng.integers(20, size=mc.records.size(prompts))
        )
        return model


def run(data=TEXTS, learner=None, **options):
    learner = learner or mc.NGram(2, temperature=0.7)
    lineage = mc.Lineage(mc.Empirical(data), learner, mc.Replace(40), size=40, holdout=40)
    return lineage.run(3, replicates=2, **options)


@pytest.fixture(scope="module")
def history():
    return run(probes=[PerplexityHistogram(), "variance"])


def test_shares_are_means_over_replicates(history):
    edges, shares = text_pictures.histograms(history)
    assert edges[0] == 1
    assert (np.diff(edges) > 0).all()
    assert shares.shape == (4, 72)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    name = history.measures[20]
    at = [m for m in history.measures if m.startswith("perplexity")].index(name)
    np.testing.assert_allclose(shares[:, at], history[name].mean(axis=0))


def test_a_replicate_that_ended_is_left_out(history):
    changed = text_pictures.without_histograms(history)
    assert changed.measures == ("variance",)
    broken = {k: v.copy() for k, v in history.readings.items()}
    for name in broken:
        broken[name][1, 2:] = np.nan
    half = type(history)(history.generations, broken, history.alive)
    _, shares = text_pictures.histograms(half)
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_figures_show_one_histogram_a_generation(history):
    figure = text_pictures.stacked(history)
    assert [axes.get_ylabel() for axes in figure.axes] == ["0", "1", "2", "3"]
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    (solid,) = text_pictures.solid(history).axes
    assert [label.get_text() for label in solid.get_yticklabels()] == ["0", "1", "2", "3"]
    figure.canvas.draw()
    solid.figure.canvas.draw()


def test_a_history_without_histogram_says_how_to_get_one(history):
    without = text_pictures.without_histograms(history)
    with pytest.raises(InputError, match="Run the lineage with"):
        text_pictures.stacked(without)
    empty = {k: np.full_like(v, np.nan) for k, v in history.readings.items()}
    with pytest.raises(InputError, match="no generation has a perplexity"):
        text_pictures.stacked(type(history)(history.generations, empty, history.alive))


def test_the_page_draws_the_histogram_and_keeps_it_out_of_curves_and_tables(history):
    page = render({"cold": history, "other": text_pictures.without_histograms(history)})
    assert page.count('<section id="perplexities"') == 1
    assert "tallest bar: generation 0 from" in page
    assert "perplexity_histogram.1" not in page
    assert "Perplexity histogram" not in page
    assert "<h3>cold</h3>" in page
    assert "perplexities" not in render({"x": text_pictures.without_histograms(history)})


@pytest.mark.parametrize("data", [TEXTS, TEXTS.to_strings(), TEXTS.blocks(30)])
def test_every_generation_continues_the_same_prompts(data):
    shown = run(data, Prompted(), probes=["variance"], snapshots=[0, 2]).snapshots
    assert all(isinstance(taken, Continued) for taken in shown.values())
    assert shown[0].prompts == shown[2].prompts
    assert len(shown[0].texts) == len(shown[0].prompts) == PROMPTS
    assert all(len(prompt.split()) == TOKENS for prompt in shown[0].prompts)
    assert shown[0].texts != shown[2].texts


def test_prompts_are_real_texts_that_no_model_was_fitted_to():
    lineage = mc.Lineage(mc.Empirical(TEXTS), Prompted(), mc.Replace(40), size=40, holdout=40)
    seen = next(lineage.generations())
    real = seen.reference.to_strings()
    assert all(
        text.startswith(prompt) for text, prompt in zip(real, continued(seen).prompts, strict=False)
    )
    everything = lineage.but(size=len(TEXTS), holdout=0)
    seen = next(everything.generations())
    assert seen.original.data.to_strings()[0].startswith(continued(seen).prompts[0])
    numbers = mc.Lineage(mc.Gaussian(0, 1), mc.GaussianMLE(), mc.Replace(9), size=9)
    assert continued(next(numbers.generations())) is None


@pytest.mark.parametrize("make", [list, Texts.of])
def test_empty_texts_are_no_prompts(make):
    texts = ["", " \n", "a b", "", "c", "d e f", "g"]

    def write(prompts, length, *, rng):
        found = prompts.to_strings() if isinstance(prompts, Texts) else prompts
        assert all(text.strip() for text in found)
        return prompts

    def seen(data):
        return SimpleNamespace(
            model=SimpleNamespace(continuations=write), reference=data, rng=lambda role: None
        )

    assert continued(seen(make(texts))).prompts == ("a b", "c", "d e f")
    assert continued(seen(make(["", ""]))) is None


def test_ngram_models_continue_prompts():
    shown = run(TEXTS, mc.NGram(2), probes=["distinct"], snapshots=[0]).snapshots
    assert len(shown[0].texts) == PROMPTS


def test_prompts_stand_before_what_was_written():
    taken = Continued(("once <upon>",), ("a time",))
    pictures = gallery({"a": {0: taken, 3: taken}})
    assert pictures.drawn
    assert pictures.rows["a"][3].content == (("once <upon>", "a time"),)
    assert "continued by the models of replicate 0" in pictures.caption
    history = run(probes=["variance"])
    history.snapshots[0] = taken
    page = render({"a": history})
    assert '<p class="prompt">once &lt;upon&gt; …</p>' in page
    assert "<dt>generation 0</dt><dd>… a time</dd>" in page


def test_a_row_of_the_page_holds_what_all_generations_wrote_after_one_prompt():
    shown = {g: Continued(("one", "two"), (f"a{g}", f"b{g}")) for g in (0, 3)}
    found = gallery({"a": shown, "none": {}})
    assert found.continuations("a") == [
        ("one", {0: "a0", 3: "a3"}),
        ("two", {0: "b0", 3: "b3"}),
    ]
    assert found.continuations("none") == []


def test_bins_are_counted_and_not_tabulated(history):
    for shown in (repr(history), repr(Comparison({"a": history, "b": history}))):
        assert "perplexity_histogram: 72 bins, drawn in the report" in shown
        assert "perplexity_histogram.1" not in shown
        assert len(shown.splitlines()) < 8
    assert "bins" not in repr(text_pictures.without_histograms(history))
    assert "perplexity_histogram.1" in history.to_dict()["measures"]
