"""Recipes on language models: the quick ones of a few seconds, and what full scale would run."""

from importlib import import_module

import pytest

from modelcollapse.learners.causal_lm import CausalLM
from modelcollapse.recipes import _language, _language_published, ratio_sweep

NAMES = (
    "nature_language", "accumulate_language", "four_mixes", "surprise_first",
    "detector_resampling", "repetition_penalty", "own_perplexity", "ratio_sweep",
)  # fmt: skip


@pytest.mark.parametrize("name", ["accumulate_language", "surprise_first", "own_perplexity"])
def test_a_published_order_comes_out_on_the_twin(name):
    outcome = import_module(f"modelcollapse.recipes.{name}").RECIPE.run("quick", 11)
    assert all(claim.in_order for claim in outcome.claims), outcome.claims
    assert any(claim.control for claim in outcome.claims)


@pytest.mark.parametrize("name", NAMES)
def test_without_text_full_scale_says_what_is_missing(name, monkeypatch):
    monkeypatch.delenv(_language.DATA, raising=False)
    outcome = import_module(f"modelcollapse.recipes.{name}").RECIPE.run("full", 0)
    (claim,) = outcome.claims
    assert claim.verdict == "not comparable"
    assert f"{_language.DATA} name a folder that holds" in claim.incomparable


def test_what_full_scale_runs_can_be_built(monkeypatch):
    monkeypatch.setattr(_language_published, "corpus", lambda *_: _language.Prose())
    nature = _language_published.nature()
    assert [x.learner.epochs for x in nature.values()] == [5, 10, 10]
    assert all(x.learner.beams == 5 for x in nature.values())
    none, penalty = _language_published.penalised(2.0).values()
    assert (none.learner.repetition_penalty, penalty.learner.repetition_penalty) == (1.0, 2.0)
    accumulated = _language_published.accumulation()
    assert accumulated["cold"].learner.temperature == 0.3
    assert accumulated["replace"].learner.model is None
    assert _language_published.mixes()["50 % fresh"].policy.fresh
    halved, quartered = _language_published.distilled(_language_published.partly).values()
    assert (halved.policy.real, quartered.policy.real) == (0.5, 0.75)
    swept = _language_published.posts(ratio_sweep.mixes)
    assert [x.policy.real for x in swept.values()] == [15 / 16, 7 / 8, 3 / 4, 1 / 2, 1 / 4, 0]
    for curators in (_language_published.surprise(), _language_published.detection()):
        found = _language_published.selected(curators, top_k=50)
        assert [x.curator for x in found.values()] == list(curators.values())
        assert all(isinstance(x.learner, CausalLM) for x in found.values())


def test_weights_beside_the_data_are_used(tmp_path, monkeypatch):
    monkeypatch.setenv(_language.DATA, str(tmp_path))
    assert _language.weights("facebook/opt-125m") == "facebook/opt-125m"
    (tmp_path / "models" / "opt-125m").mkdir(parents=True)
    assert _language.weights("facebook/opt-125m") == str(tmp_path / "models" / "opt-125m")
