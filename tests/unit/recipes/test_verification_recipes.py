"""Recipes of verification: what they share, on small sizes; the fast ones are run elsewhere."""

import json

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.errors import InputError
from modelcollapse.recipes import _choice, _eigenvalues, _kept, _summaries, _summaries_corpus
from modelcollapse.recipes import _recipe as r
from modelcollapse.recipes.summarisation import RECIPE as SUMMARISATION
from modelcollapse.recipes.summarisation_rounds import RECIPE as ROUNDS
from modelcollapse.sources.elsewhere import DATA
from modelcollapse.theory import curation

# --- kept labels ------------------------------------------------------------------------------


def test_students_are_as_theory_says_and_wrong_theories_are_told_apart():
    cases = {"right": _kept.by_chance(0.4, 0.9, 0.3, 500),
             "other": _kept.by_chance(0.05, 1, 1, 500)}  # fmt: skip
    found = _kept.accuracies(cases, replicates=15, seed=4)
    assert [c.verdict for c in _kept.as_told(cases, found)] == ["pass", "pass"]
    swapped = {"right": found["other"], "other": found["right"]}
    assert [c.verdict for c in _kept.as_told(cases, swapped)] == ["fail", "fail"]


def test_the_angle_between_is_that_of_the_verifier_in_the_lineage():
    angles = _kept.Angles(0.8, 0.3)
    normal = np.array(angles.student(100).curator.direction)
    generator = np.array([np.cos(0.8), np.sin(0.8), 0.0])
    assert np.arccos(normal @ generator) == pytest.approx(angles.between)
    assert np.arccos(normal[0]) == pytest.approx(0.3)


# --- choices among K --------------------------------------------------------------------------


def test_a_choice_among_k_follows_its_law(rng):
    law, rewards = np.array([0.5, 0.3, 0.2]), (0.0, 1.0, 2.0)
    states = rng.choice(3, size=80_000, p=law)
    kept = states[_choice.KChoice(_choice.Likes(rewards), 4).select(states, 20_000, rng=rng)]
    shares = np.bincount(kept, minlength=3) / 20_000
    np.testing.assert_allclose(shares, curation.curated_law(1, law, rewards, 4), atol=0.015)
    assert abs(shares[2] - curation.curated_law(1, law, rewards, 2)[2]) > 0.03


def test_a_classifier_rewards_one_class_or_confidence(rng):
    rows = np.array([[2.2, 0.0], [6.0, 0.0], [1.1, 0.0]])
    one, any_ = _choice.Classifier(5.0, 1)(rows), _choice.Classifier(5.0, None)(rows)
    assert one.argmax() == 0
    assert any_.argmax() == 1
    assert any_.argmin() == 2


# --- eigenvalues ------------------------------------------------------------------------------

TASKS = [_eigenvalues.Eigenvalues(2, 2, whole=True), _eigenvalues.Eigenvalues(3, 3)]


@pytest.mark.parametrize("task", TASKS)
def test_what_is_written_is_right_up_to_its_digits(task, rng):
    data = task.sample(300, rng=rng)
    assert data.shape == (300, task.prompt + task.answer)
    assert data.min() >= 0
    assert data.max() < task.vocabulary
    # Rounding a mantissa of n digits loses half a unit of the last one.
    assert task.errors(data).max() < 0.6 / task.base * (1 if task.whole else 6)
    wrong = data.copy()
    wrong[:, task.prompt] = 1 - wrong[:, task.prompt]
    assert np.median(task.errors(wrong)) > 0.5
    wrong[:, task.prompt + 1] = 0
    assert np.isinf(task.errors(wrong)).all()


def test_numbers_are_read_back():
    task = TASKS[1]
    numbers = np.array([3.14159, -27.25, 0.0, 9.996, -0.001, 1e-6])
    back = task.values(task.encoded(numbers).reshape(-1, 3))[:, 0]
    np.testing.assert_allclose(back[:2], [3.14, -27.2], atol=0.051)
    assert back[3] == 10.0
    assert np.abs(back[[2, 4, 5]]).max() <= 0.0101


def test_beams_come_best_first_and_the_first_of_one_beam_is_greedy(rng):
    task = TASKS[0]
    data = task.sample(300, rng=rng)
    learner = _eigenvalues.Solver(task, 6, width=16, layers=1, heads=2, epochs=10, rate=1e-2)
    model = learner.fit(data, rng=np.random.default_rng(5))
    again = learner.fit(data, rng=np.random.default_rng(5))
    assert again.network is model.network
    every = model.answered(data[:40, :3], 6)
    assert every.shape == (40, 6, 9)
    assert all(len(np.unique(answers, axis=0)) == 6 for answers in every)
    np.testing.assert_array_equal(every[:, 0, :3], data[:40, :3])
    greedy = model.answered(data[:40, :3], 1)[:, 0, 3:]
    import torch

    with torch.no_grad():
        written = torch.from_numpy(data[:40, :3].copy())
        for _ in range(6):
            step = model.network(written)[0][:, -1].argmax(dim=-1)
            written = torch.cat([written, step[:, None]], dim=1)
        logits = model.network(torch.from_numpy(every.reshape(-1, 9)[:, :-1].copy()))[0]
    np.testing.assert_array_equal(greedy, written[:, 3:].numpy())
    scores = logits[:, 2:].log_softmax(-1).gather(
        2, torch.from_numpy(every.reshape(-1, 9)[:, 3:].copy())[:, :, None]
    ).sum(dim=(1, 2)).view(40, 6)  # fmt: skip
    assert bool((scores.diff(dim=1) <= 1e-4).all())


def test_candidates_come_in_rounds_so_that_best_of_picks_for_each_matrix(rng):
    task = TASKS[0]
    learner = _eigenvalues.Solver(task, 4, width=16, layers=1, heads=2, epochs=5, rate=1e-2)
    model = learner.fit(task.sample(50, rng=rng), rng=rng)
    written = model.sample(80, rng=rng)
    np.testing.assert_array_equal(written[:20, :3], written[60:, :3])
    picked = mc.BestOf(_eigenvalues.Closeness(task), 4).select(written, 20, rng=rng)
    errors = task.errors(written).reshape(4, 20)
    np.testing.assert_allclose(task.errors(written[picked]), errors.min(axis=0))
    first = mc.BestOf(_eigenvalues.most_probable, 4).select(written, 20, rng=rng)
    np.testing.assert_array_equal(first, np.arange(20))
    rounds = mc.BestOf(_eigenvalues.any_beam, 4).select(written, 20, rng=rng)
    np.testing.assert_array_equal(rounds % 20, np.arange(20))
    assert len(set(rounds // 20)) > 1


def test_full_scale_of_eigenvalues_needs_a_gpu(monkeypatch):
    import torch

    from modelcollapse.recipes.eigenvalues import RECIPE

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (claim,) = RECIPE.run("full", 0).claims
    assert "where PyTorch finds one" in claim.incomparable
    cases, beams = _eigenvalues.lineages(quick=False)
    assert (cases["greedy"].truth.size, beams, cases["oracle"].learner.beams) == (5, 50, 50)


# --- summaries --------------------------------------------------------------------------------


def test_the_oracle_of_summaries_is_rouge_of_the_nearest_reference():
    found = _summaries.overlap(["a b c d", "a b", ""], [["a b", "x"], ["c"], ["a"]])
    np.testing.assert_allclose(found, [2 * 0.5 * 1.0 / 1.5, 0.0, 0.0])


def test_an_extractive_model_learns_which_sentences_matter():
    learner = _summaries.Extractive("invented")
    truth = _summaries_corpus.Summaries("invented")
    model = learner.fit(truth.data, rng=np.random.default_rng(0))
    train, test = _summaries_corpus.documents("invented")
    texts = model.summaries(test=True)
    assert all(text in document.sentences for text, document in zip(texts, test, strict=True))
    ours = _summaries.overlap(texts, [list(x.references) for x in test]).mean()
    first = _summaries.overlap([x.sentences[0] for x in test], [list(x.references) for x in test])
    assert ours > first.mean() + 0.1
    written = model.sample(len(train) + 3, rng=np.random.default_rng(0))
    assert written[len(train)] == written[0]
    sure = model.confidence(written[:50])
    assert (sure <= 0).all()
    assert sure.std() > 0


def test_selections_keep_what_they_say():
    learner = _summaries.Extractive("invented")
    data = _summaries_corpus.Summaries("invented").data
    model = learner.fit(data[:250], rng=np.random.default_rng(0))
    written = model.sample(2_000, rng=np.random.default_rng(0))
    near = _summaries.NearReference("invented")
    score = near(written)
    curators = _summaries.curators("invented", 8)
    chosen = curators["oracle"].select(written, 250, rng=np.random.default_rng(0))
    assert score[chosen].min() >= np.sort(score)[-250]
    weak = _summaries.LowPerplexity("invented")(written[:30])
    assert np.isfinite(weak).all()
    with pytest.raises(NotImplementedError):
        curators["self"].select(written, 5, rng=np.random.default_rng(0))


def test_an_interval_counts_both_kinds_of_other_documents(rng):
    trained, tested = rng.normal(size=(400, 12, 1)), rng.normal(size=(400, 1, 20))
    found = [_summaries.interval(a + b) for a, b in zip(trained, tested, strict=True)]
    error = np.hypot(1 / np.sqrt(12), 1 / np.sqrt(20))
    assert np.mean([x.error for x in found]) == pytest.approx(error, rel=0.05)
    assert np.std([x.value for x in found]) == pytest.approx(error, rel=0.1)


@pytest.mark.parametrize(
    ("ours", "words"), [(2.0, ""), (0.1, "not decided by so few"), (-2.0, "shows the opposite")]
)
def test_a_law_that_does_not_come_out_at_this_size_is_said_to_be_so(ours, words):
    found = _summaries.at_this_size(r.claim("law", 0.0, r.Estimate(ours, 0.1), law=">"))
    assert words in found.incomparable
    assert bool(found.incomparable) is bool(words)


def test_without_papers_documents_are_invented(monkeypatch):
    monkeypatch.delenv(DATA, raising=False)
    origin, cases = _summaries.start("quick")
    assert origin == "invented"
    assert {len(x.truth) % _summaries_corpus.SHARES for x in cases.values()} == {0}


@pytest.mark.parametrize("recipe", [SUMMARISATION, ROUNDS])
def test_full_scale_says_what_is_missing(recipe, monkeypatch, tmp_path):
    monkeypatch.setenv(DATA, str(tmp_path))
    (claim,) = recipe.run("full", 0).claims
    assert "models/Llama-2-7b-hf" in claim.incomparable


def test_a_folder_without_the_documents_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv(DATA, str(tmp_path))
    _summaries_corpus.documents.cache_clear()
    with pytest.raises(InputError, match=r"there is no file .*train\.jsonl\.gz"):
        _summaries_corpus.documents("papers")


@pytest.fixture
def small_world(monkeypatch, tmp_path):
    """News of a few lines and language models of a few weights, where full scale looks for them."""
    words = ["rain", "sun", "snow", "wind", "fog", "hail"]
    for name, count in (("train", 16), ("test", 20)):
        pairs = [(words[i % 6], words[(i * 5 + 1) % 6]) for i in range(count)]
        rows = [{"text": f"{w} today\nand {v} later", "summary": f"{w} then {v}"} for w, v in pairs]
        path = tmp_path / "xlsum" / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(map(json.dumps, rows)))
    config = {"model_type": "gpt2", "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 1200,
              "vocab_size": 300}  # fmt: skip
    learner = mc.CausalLM(config=config, block=8, epochs=10, batch=8)
    start = learner.fit([f"{' '.join(words)} today later TL;DR:"] * 9, rng=np.random.default_rng(0))
    for name in ("Llama-2-7b-hf", "Meta-Llama-3-8B"):
        start.save(tmp_path / "models" / name)
    monkeypatch.setenv(DATA, str(tmp_path))
    yield tmp_path
    for cached in (_summaries_corpus.documents, _summaries.features):
        cached.cache_clear()


def test_the_path_of_large_models_runs_from_end_to_end(small_world, monkeypatch):
    from modelcollapse.recipes import _summaries_network as network

    monkeypatch.setattr(network, "LONGEST", 6)
    monkeypatch.setattr(network, "BATCH", 4)
    outcome = SUMMARISATION.run("full", 0)
    assert outcome.settings["documents"] == "news"
    assert len(outcome.settings["ROUGE-1, two standard errors"]) == 15
    assert np.isfinite([claim.ours for claim in outcome.claims]).all()


def test_a_large_model_is_trained_on_the_summaries_alone(small_world, monkeypatch):
    from modelcollapse.recipes import _summaries_network as network

    monkeypatch.setattr(network, "LONGEST", 8)
    learner = network.Finetuned("news", network.weights(network.LLAMA), (3e-2, 2e-2), epochs=30,
                                batch=8, block=60)  # fmt: skip
    data = _summaries_corpus.Summaries("news").data
    model = learner.fit(data, rng=np.random.default_rng(0))
    fresh = network.Finetuned("news", learner.name, (0.0, 0.0), batch=16, block=60)
    before = fresh.fit(data, rng=np.random.default_rng(0)).confidence(data)
    assert model.confidence(data).mean() > before.mean() + 1
    assert len(model.summaries(test=True)) == 20
    assert len(model.sample(5, rng=np.random.default_rng(0))) == 5
