"""Whether the verdict of an audit is true: honest redraws, known damages, drift, chains.

The rates of many more redraws, and of each headline, stand in docs/audit-truth.md.
"""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from modelcollapse import audit, profile
from modelcollapse.families.ngram import NGram
from modelcollapse.families.texts import Texts
from modelcollapse.sources.prose import standard_library_prose
from modelcollapse.testing.damages import DAMAGES, mixed_table

LEVEL, REPEATS = 0.05, 40
DATA = Path(os.environ.get("MODELCOLLAPSE_DATA", Path(__file__).parents[2] / "../shared/data"))
CENTRES = 3 * np.random.default_rng(0).normal(size=(20, 16))


def allowed(repeats):
    """Share of false alarms that a rate of `LEVEL` exceeds once in some 700 times."""
    return LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / repeats)


def tables(rng):
    return [mixed_table(800, numbers=4, rng=rng) for _ in range(2)]


def embeddings(rng):
    clusters = (rng.choice(20, 500, p=zipf(20)) for _ in range(2))
    return [{"e": CENTRES[c] + rng.standard_t(5, size=(500, 16))} for c in clusters]


def labels(rng):
    names = np.array([f"label {i}" for i in range(200)])
    return [{"label": names[rng.choice(200, 1500, p=zipf(200))]} for _ in range(2)]


def texts(rng, documents=None):
    known = documents or PROSE
    order = rng.permutation(len(known))
    return [[known[i] for i in half] for half in np.array_split(order, 2)]


def zipf(n):
    weight = 1 / np.arange(1, n + 1)
    return weight / weight.sum()


PROSE = standard_library_prose(min_words=25_000)
LAWS = {"table": tables, "embedding": embeddings, "labels": labels, "text": texts}


@pytest.fixture(scope="module")
def redraws():
    """Audits of two draws of one law."""
    return {
        name: [
            audit(*law(np.random.default_rng([seed, 5])), show=0, neighbours=200, seed=seed)
            for seed in range(REPEATS)
        ]
        for name, law in LAWS.items()
    }


def headlines(found):
    return [x for x in found.readings if x["headline"] and x["p"] is not None]


def changed(found):
    return any(x["outcome"] in ("changed", "replaced") for x in headlines(found))


@pytest.mark.parametrize("law", LAWS)
def test_an_honest_redraw_passes(redraws, law):
    assert np.mean([changed(found) for found in redraws[law]]) <= allowed(REPEATS)


def test_honest_redraws_pass_at_the_stated_rate(redraws):
    every = [found for of_law in redraws.values() for found in of_law]
    assert np.mean([changed(found) for found in every]) <= allowed(len(every))
    sure = [min(x["adjusted_p"] for x in headlines(found)) <= LEVEL for found in every]
    assert np.mean(sure) <= allowed(len(every))
    # A negative control: what is not adjusted for the number of headlines alarms far too often.
    plain = [min(x["p"] for x in headlines(found)) <= LEVEL for found in every]
    assert np.mean(plain) > 2 * allowed(len(every))


def test_each_headline_has_its_size(redraws):
    for law, of_law in redraws.items():
        for name in {x["measure"] for found in of_law for x in headlines(found)}:
            p = [x["p"] for found in of_law for x in headlines(found) if x["measure"] == name]
            # one of some 30 headlines may err once in 30,000 times
            assert np.mean(np.array(p) <= LEVEL) <= LEVEL + 4 * np.sqrt(0.0475 / REPEATS), (
                law,
                name,
            )


NAMED = {
    "none (an honest redraw)": ("none", (), None),
    "categories in the last 2 % erased": ("early", (), "rare_categories"),
    "0.5 % tails of each number cut": ("early", (), "tail_values"),
    "deviations x 0.95": ("late", (), "bulk_spread"),
    "deviations x 0.80": ("late", (), "bulk_spread"),
    "20 % of the records duplicated": ("none", ("duplication",), "copies"),
}


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    real, drawn = mixed_table(10_000, rng=rng), mixed_table(10_000, rng=rng)
    return real, drawn, profile(real)


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_named(pair, damage):
    real, drawn, known = pair
    new = DAMAGES[damage](drawn, real, np.random.default_rng(0))
    found = audit(new, known, show=0, neighbours=1000)
    stage, findings, carrier = NAMED[damage]
    assert found.stage == stage, found
    # what lost its tails or shrank has fewer different records: no other finding
    assert set(found.findings) - set(findings) <= ({"narrowing"} if stage != "none" else set())
    assert set(findings) <= set(found.findings)
    if carrier:
        assert carrier in found.card["verdict"]["carried_by"]
        assert found[carrier]["adjusted_p"] < 1e-3


def chain(generations, **options):
    """Texts that n-gram models wrote, each fitted to those of the one before."""
    rng = np.random.default_rng(3)
    real, other = texts(rng, standard_library_prose(min_words=80_000))
    known, data, found = profile(other), Texts.of(real), []
    for _ in range(generations):
        data = NGram(**options).fit(data, rng=rng).sample(len(real), rng=rng)
        found.append(audit(data.to_strings(), known, show=0))
    return found


def test_a_chain_of_language_models_is_early_at_once_and_goes_on():
    found = chain(5)
    assert found[0].stage == "early"
    assert all(one.stage in ("early", "late") for one in found)
    kept = [one["rare_words:text"]["value"] for one in found]
    assert all(np.diff(kept) < 0)
    # nearly linear: no step is a quarter of the first, as a law of exponential decay would have it
    assert -np.diff(kept)[-1] > 0.25 * (1 - kept[0])
    # plain resampling conserves concentration on average
    assert "narrowing" not in found[0].findings


def test_a_chain_that_prefers_what_is_frequent_narrows():
    found = chain(3, temperature=0.7)
    assert found[-1].stage in ("early", "late")
    assert "narrowing" in found[-1].findings


def speeches():
    path = DATA / "state_union" / "state_union.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there: set MODELCOLLAPSE_DATA")
    with gzip.open(path, "rt", encoding="utf-8") as opened:
        return [json.loads(line) for line in opened]


def paragraphs(chosen):
    lines = (line.strip() for one in chosen for line in one["text"].splitlines())
    return [line for line in lines if len(line.split()) >= 5]


def test_other_words_are_drift_and_no_collapse():
    every = speeches()
    new = paragraphs(one for one in every if one["year"] >= 1986)
    real = paragraphs(one for one in every if one["year"] < 1966)
    found = audit(new, real, show=0)
    assert found.stage == "none"
    assert found.findings == ("drift",)
    # A negative control: by the words alone, without a look at what came in their place, it is.
    assert found["rare_words:text"]["value"] < 0.9
    assert found["rare_words:text"]["adjusted_p"] < 1e-6


def test_halves_of_the_same_speeches_are_no_change():
    found = audit(*texts(np.random.default_rng(1), paragraphs(speeches())), show=0)
    assert (found.stage, found.findings) == ("none", ())
