"""Oracles and self-consistency on answers of real models, against marks made elsewhere.

The data are not part of the package. Their folder is named by MODELCOLLAPSE_DATA, and lies beside
the repository by default.
"""

import csv
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from modelcollapse.verifiers.agreement import Agreement
from modelcollapse.verifiers.numeric_answer import NumericAnswer

DATA = Path(os.environ.get("MODELCOLLAPSE_DATA", Path(__file__).parents[3] / "../shared/data"))
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"answers of real models are not at {DATA}: set MODELCOLLAPSE_DATA"
)
GENERATORS = ("6b_finetuning", "6b_verification")


def rows(name):
    with gzip.open(DATA / name, "rt", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def solutions():
    with gzip.open(DATA / "gsm8k_solutions/solutions.jsonl.gz", "rt", encoding="utf-8") as file:
        return list(map(json.loads, file))


@pytest.fixture(scope="module")
def marks():
    """Right or wrong by the source, by generator, in the order of the problems."""
    found = rows("gsm8k_solutions/answers.csv.gz")
    by_place = {(row["model"], int(row["item"])): row["is_correct"] == "1" for row in found}
    return {m: np.array([by_place[m, i] for i in range(1319)]) for m in GENERATORS}


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("mark", ["A: ", "#### ", "The answer is $", "\\boxed{"])
def test_numeric_answers_are_marked_as_the_source_marks_them(solutions, marks, generator, mark):
    texts = [s[generator].replace("\nA: ", f"\n{mark}") for s in solutions]
    batch = {"text": texts, "reference": [s["reference"] for s in solutions]}
    found = NumericAnswer().score(batch)
    assert not found.failures
    np.testing.assert_array_equal(found.scores == 1, marks[generator])


def test_the_first_number_would_not_do(solutions, marks):
    # A negative control: reading answers carelessly is noticed.
    batch = {
        "text": [s[GENERATORS[0]] for s in solutions],
        "reference": [s["reference"] for s in solutions],
    }
    found = NumericAnswer(marker="^").score(batch)
    assert ((found.scores == 1) != marks[GENERATORS[0]]).mean() > 0.2


@pytest.mark.parametrize(
    ("generator", "other", "expected"),
    [
        ("6b_finetuning", "6b_verification", (0.776, 0.056, 0.212)),
        ("6b_verification", "6b_finetuning", (0.431, 0.072, 0.212)),
    ],
)
def test_agreement_of_two_generators(solutions, marks, generator, other, expected):
    batch = {
        "prompt": [s["question"] for s in solutions] * 2,
        "text": [s[m] for m in (generator, other) for s in solutions],
    }
    found = Agreement(extract="number").learn(lambda: iter([batch])).score(batch)
    assert not found.failures
    kept, right = found.scores[:1319] == 1, marks[generator]
    assert (kept[right].mean(), kept[~right].mean(), kept.mean()) == pytest.approx(
        expected, abs=6e-4
    )


@pytest.mark.parametrize(
    ("prompt", "expected"), [("cot", (1.000, 0.110, 0.147)), ("standard", (1.000, 0.004, 0.051))]
)
def test_the_value_of_expressions_of_the_game_of_24(prompt, expected):
    samples = [row for row in rows("game24_gpt4/samples.csv.gz") if row["prompt"] == prompt]
    batch = {"text": [row["value"] for row in samples], "reference": ["24"] * len(samples)}
    found = NumericAnswer(tolerance=1e-9).score(batch)
    kept, right = found.scores == 1, np.array([row["correct"] == "1" for row in samples])
    assert (kept[right].mean(), kept[~right].mean(), kept.mean()) == pytest.approx(
        expected, abs=6e-4
    )


def test_self_consistency_in_the_game_of_24():
    samples = rows("game24_gpt4/samples.csv.gz")
    batch = {
        "prompt": [[row["prompt"], row["puzzle"]] for row in samples],
        "text": [row["expr"] for row in samples],
    }
    found = Agreement(normalise=()).learn(lambda: iter([batch])).score(batch)
    counted = np.array([int(row["expr_count"]) for row in samples])
    np.testing.assert_allclose(found.scores, (counted - 1) / 99, atol=1e-12)
    assert set(found.details["others"]) == {99}
