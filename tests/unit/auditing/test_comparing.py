"""One data set against a reference, from data to the card."""

import json
from functools import cache

import numpy as np
import pytest

from modelcollapse import audit, profile
from modelcollapse.auditing import MEASURES
from modelcollapse.errors import InputError
from modelcollapse.sources.prose import standard_library_prose
from modelcollapse.testing.damages import DAMAGES, mixed_table

FEW = {"neighbours": 400}
HONEST = "none (an honest redraw)"


@cache
def sides():
    rng = np.random.default_rng(0)
    return mixed_table(2000, numbers=3, rng=rng), mixed_table(2000, numbers=3, rng=rng)


@cache
def damaged(name):
    real, new = sides()
    table = DAMAGES[name](new, real, np.random.default_rng(1))
    return audit(table, real, groups=[["category_3", "category_12"]], **FEW)


def with_column(name, values, side=1):
    return {**sides()[side], name: values}


# --- tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "stages", "finding", "carrier"),
    [
        ("categories in the last 2 % erased", ["early"], None, "rare_categories"),
        ("0.5 % tails of each number cut", ["early"], None, "tail_values"),
        ("deviations x 0.80", ["late"], None, "bulk_spread"),
        ("20 % of the records duplicated", ["none", "not enough data"], "duplication", "copies"),
    ],
)
def test_damages_are_named(damage, stages, finding, carrier):
    found = damaged(damage)
    assert found.stage in stages
    assert list(found.findings) == ([finding] if finding else [])
    assert carrier in found.card["verdict"]["carried_by"]
    assert found[carrier]["adjusted_p"] < 1e-3
    assert found[carrier]["outcome"] == "changed"


def test_an_honest_redraw_changes_nothing():
    found = damaged(HONEST)
    assert found.stage in ("none", "not enough data")
    assert found.findings == ()
    assert found.card["notes"] == []
    assert not any(row["outcome"] == "changed" for row in found.readings if row["headline"])


def test_erased_categories_and_subgroups_are_listed_first():
    card = damaged("categories in the last 2 % erased").card
    assert card["lost"]["categories"][0]["count"] == 0
    assert {row["fate"] for row in card["categories"][:2]} <= {"erased", "eroded"}
    first = card["groups"][0]
    assert first["by"] == "category_3 x category_12"
    assert first["reference_count"] > 0
    assert first["high"] == min(row["high"] for row in card["groups"] if row["high"] is not None)


def test_copies_are_shown():
    copies = damaged("20 % of the records duplicated").card["overproduced"]["copies"]
    assert copies[0]["times"] > 1
    assert set(copies[0]["record"]) == set(sides()[0])


@pytest.mark.parametrize("damage", [HONEST, "20 % of the records duplicated"])
def test_a_card_is_plain_data_without_gaps_in_its_form(damage):
    card = damaged(damage).card
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    assert {
        "schema_version", "modelcollapse", "verdict", "data", "roles", "ignored", "settings",
        "readings", "groups", "categories", "categories_left_out", "ranks", "retention", "lost",
        "overproduced", "notes",
    } <= set(card)  # fmt: skip
    names = [(row["measure"], row["about"]) for row in card["readings"]]
    assert len(set(names)) == len(names)
    for row in card["readings"]:
        assert row["measure"] in MEASURES
        assert row["concern"] == MEASURES[row["measure"]].concern
        if row["low"] is not None and row["value"] is not None:
            assert float(row["low"]) <= float(row["high"])
    heads = [row["headline"] for row in card["readings"]]
    assert heads == sorted(heads, reverse=True)


# --- repeatable -------------------------------------------------------------------------------


def small(seed=0, n=400):
    return mixed_table(n, numbers=2, rng=np.random.default_rng(seed))


def rounded(value):
    """A card whose sums may have been taken in another order."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def test_one_seed_is_one_card_and_another_seed_other_deals():
    first, again = (audit(small(1), small(), seed=3, neighbours=200) for _ in range(2))
    assert first.to_json() == again.to_json()
    other = audit(small(1), small(), seed=4, neighbours=200)
    assert other["energy"]["p"] != first["energy"]["p"]
    assert other["tail_values"] == first["tail_values"]


def test_the_order_of_records_and_columns_does_not_matter():
    new, real = small(1), small()
    rows = np.random.default_rng(5).permutation(400)
    turned = {name: new[name][rows] for name in reversed(new)}
    shuffled = {name: values[rows] for name, values in real.items()}
    first, second = (
        audit(*pair, neighbours=200).card for pair in ((new, real), (turned, shuffled))
    )
    assert rounded(first) == rounded(second)


def test_a_profile_does_as_well_as_the_data_it_was_made_of(tmp_path):
    new, real = small(1), small()
    profile(real).save(tmp_path / "real.profile")
    saved = audit(new, tmp_path / "real.profile", neighbours=200)
    assert saved.card == audit(new, real, neighbours=200).card


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"roles": {"number_0": "category"}}, "without the role of number_0"),
        ({"groups": [["category_2", "category_3"]]}, "groups by category_2 x category_3"),
        ({"exclude": ["number_0"]}, "holds the column number_0, which is to be left out"),
        ({"columns": ["number_0"]}, "holds the column number_1, which is to be left out"),
    ],
)
def test_a_profile_cannot_become_another_one(asked, said):
    with pytest.raises(InputError, match=said):
        audit(small(1), profile(small()), **asked)


def test_columns_that_were_left_out_of_a_profile_may_be_left_out_again():
    real = profile(small(), exclude=["number_0"])
    found = audit(small(1), real, exclude=["number_0"], neighbours=200)
    assert not any(row["about"] == "number_0" for row in found.readings)


# --- what a reader must know ------------------------------------------------------------------


def noted(column, values, side=1):
    real, new = sides()
    changed = with_column(column, values, side)
    pair = (changed, real) if side == 1 else (new, changed)
    return audit(*pair, neighbours=200, show=0).card["notes"]


def test_constant_columns_are_said():
    said = "varies in the reference and is constant here."
    assert noted("number_1", np.full(2000, 0.5)) == [f"number_1 {said}"]
    assert noted("category_5", np.full(2000, "c000")) == [f"category_5 {said}"]


def test_columns_without_a_value_are_said():
    said = "has values in the reference and none here."
    assert noted("number_1", np.full(2000, np.nan)) == [f"number_1 {said}"]
    assert noted("category_5", [None] * 2000) == [f"category_5 {said}"]


def test_columns_that_the_reference_leaves_empty_are_said():
    (note,) = noted("number_1", np.full(2000, np.nan), side=0)
    assert note.startswith("number_1 was not read: ")


def test_categories_of_another_world_are_said():
    mixed = [1, "a", 2.5, None] * 500
    assert "category_5 has no category of the reference here." in noted("category_5", mixed)


def test_columns_that_only_the_new_data_have_are_said():
    assert noted("extra", np.arange(2000)) == [
        "extra is in the new data only, and was not read."
    ]  # fmt: skip


def test_few_records_are_said():
    real, new = ({name: x[:50] for name, x in side.items()} for side in sides())
    found = audit(new, real)
    assert found.stage == "not enough data"
    assert any("400 records a side" in note for note in found.card["notes"])
    assert any("200 records a side" in note for note in found.card["notes"])


def test_a_leak_is_said_first_and_in_the_sentence():
    real, _ = sides()
    part = {**{name: values[:1000] for name, values in real.items()}, "extra": np.arange(1000)}
    for new in (real, part):
        found = audit(new, real, neighbours=200)
        assert "all of the new records are in the reference" in found.sentence.split(".")[0]
        assert found.card["notes"][0].startswith("All of the new records are in the reference")
        assert found.card["verdict"]["heading"].endswith("leak)")
        assert found.card["verdict"]["leak"] == 1.0


# --- other kinds of data ----------------------------------------------------------------------


@cache
def clouds():
    rng = np.random.default_rng(0)
    return rng.normal(size=(800, 80)), rng.normal(size=(800, 80))


def test_an_embedding_that_shrank_is_late():
    real, new = clouds()
    found = audit(0.8 * new, real, **FEW)
    assert found.stage == "late"
    assert found["total_variance:embedding"]["value"] == pytest.approx(0.64, abs=0.03)
    assert found.card["retention"][0]["name"] == "embedding"


def test_an_embedding_that_is_honest_changes_nothing():
    real, new = clouds()
    found = audit(new, real, **FEW)
    assert found.stage in ("none", "not enough data")
    assert found.findings == ()


@cache
def prose():
    texts = standard_library_prose(30_000)
    order = np.random.default_rng(2).permutation(len(texts))
    half = len(texts) // 2
    return [texts[i] for i in order[:half]], [texts[i] for i in order[half : 2 * half]]


def without_rare_words(texts, real):
    counts = {}
    for text in real:
        for word in set(text.lower().split()):
            counts[word] = counts.get(word, 0) + 1
    kept = sorted((w for w in counts if counts[w] > 3), key=lambda w: -counts[w])[:200]
    rng = np.random.default_rng(0)
    return [
        " ".join(w if counts.get(w.lower(), 0) > 3 else str(rng.choice(kept)) for w in text.split())
        for text in texts
    ]


def test_halves_of_the_same_prose_are_no_collapse():
    real, new = prose()
    found = audit(new, real)
    assert found.stage == "none"
    assert found.findings == ()


def test_prose_without_its_rare_words_has_collapsed_and_says_which_are_lost():
    real, new = prose()
    found = audit(without_rare_words(new, real), real)
    assert found.stage in ("early", "late")
    assert found["rare_words:text"]["outcome"] == "changed"
    assert found["rare_words:text"]["adjusted_p"] < 1e-3
    generations = found.card["verdict"]["generations"]
    assert 0 < generations["low"] <= generations["value"] <= float(generations["high"])
    assert all(row["column"] == "text" for row in found.card["lost"]["words"])
    assert found.card["ranks"][0]["kind"] == "words"


def test_prose_that_repeats_itself_is_duplication_and_no_collapse():
    real, new = prose()
    found = audit(new[: len(new) // 2] * 2, real)
    assert found.stage in ("none", "not enough data")
    assert "duplication" in found.findings
    assert found.card["overproduced"]["near_duplicates"][0]["similarity"] == 1.0


def drawn(n, seed, law=None):
    rng = np.random.default_rng(seed)
    weight = 1 / np.arange(1, 301)
    return rng.choice(300, n, p=weight / weight.sum()) if law is None else rng.choice(law, n)


def spelt(labels):
    return [f"l{i}" for i in labels]


def test_labels_that_were_resampled_lose_the_rare_ones():
    resampled = drawn(4000, 1)
    for seed in range(10):
        resampled = drawn(4000, seed, resampled)
    real = spelt(drawn(4000, 0))
    found = audit(spelt(resampled), real)
    assert found.stage in ("early", "late")
    assert "rare_categories" in found.card["verdict"]["carried_by"]
    # ten records of one label are no copies of each other
    assert "duplication" not in found.findings
    assert audit(spelt(drawn(4000, 1)), real).stage == "none"


def test_between_them_tables_texts_and_points_are_read_by_every_measure():
    real, new = prose()
    n = len(real)
    cards = [
        damaged(HONEST).card,
        audit({"t": new, "c": [None, *["a"] * (n - 1)]}, {"t": real, "c": ["b"] * n}).card,
        audit(clouds()[1], clouds()[0], **FEW).card,
    ]
    read = {row["measure"] for card in cards for row in card["readings"]}
    assert read == set(MEASURES)


def test_infinite_values_are_gaps_like_any_other():
    real, new = sides()
    some = np.arange(2000) % 3 == 0
    cards = [
        audit({**new, "number_1": np.where(some, gap, new["number_1"])}, real, neighbours=200)
        for gap in (np.inf, np.nan)
    ]
    assert cards[0]["missing:number_1"]["value"] == pytest.approx(1 / 3, abs=0.001)
    for name in ("standard_deviation:number_1", "marginal_shift:number_1", "tail_values"):
        assert cards[0][name]["value"] == cards[1][name]["value"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x[:, :70], "'embedding' have 70 numbers in .* and 80 in .*one model"),
        (lambda x: np.where(x > 4, np.nan, x), r"of the vectors 'embedding' of .* hold NaN"),
    ],
)
def test_vectors_that_cannot_be_compared(change, said):
    real, new = clouds()
    new = np.concatenate([new, np.full((1, 80), 5.0)])
    with pytest.raises(InputError, match=said):
        audit(change(new), real)


# --- settings and data that cannot be ---------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"level": 0}, "level must lie between 0 and 0.5"),
        ({"level": "0.05"}, "level must lie between 0 and 0.5"),
        ({"neighbours": 50}, "neighbours must be a whole number of at least 200, got 50"),
        ({"neighbours": 1e3}, "neighbours must be a whole number"),
        ({"show": -1}, "show must be a whole number of at least 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"tolerance": {"tail": 1}}, "Did you mean 'tails'"),
        ({"tolerances": {}}, "no setting 'tolerances'. Did you mean 'tolerance'"),
    ],
)
def test_settings_that_cannot_be(settings, said):
    with pytest.raises(InputError, match=said):
        audit([1.5] * 30, [1.5] * 30, **settings)


def test_one_record_says_nothing_of_a_law():
    one, many = {"x": [1.5]}, {"x": list(np.random.default_rng(0).normal(size=50))}
    with pytest.raises(InputError, match=r"new data .* hold 1 record: nothing can be said"):
        audit(one, many)
    with pytest.raises(InputError, match=r"reference data .* hold 1 record:"):
        audit(many, one)


def test_a_tolerance_decides_what_matters():
    real, new = sides()
    tight = audit(0.8 * new["number_0"], real["number_0"], **FEW)
    loose = audit(
        0.8 * new["number_0"], real["number_0"], tolerance={"bulk_spread": 0.5}, **FEW
    )  # fmt: skip
    assert tight["bulk_spread"]["outcome"] == "changed"
    assert loose["bulk_spread"]["outcome"] == "held"
