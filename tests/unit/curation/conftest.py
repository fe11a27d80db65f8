"""Small records on disk, and a verifier that counts what it is asked."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from modelcollapse.verifiers.scored import Scored

WORDS = [
    "amber",
    "basil",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grain",
    "heron",
    "inlet",
    "jetty",
    "knoll",
    "larch",
]


CALLS = []
"""What was scored, whoever scored it."""


@dataclass(frozen=True)
class Length:
    """Words of a text; none for an empty one."""

    text: str = "text"
    sign: float = 1.0
    name: str = "length"

    @property
    def columns(self):
        return (self.text,)

    def score(self, batch):
        texts = batch[self.text]
        CALLS.extend(texts)
        scores = np.array([self.sign * len(t.split()) if t else np.nan for t in texts])
        return Scored(scores, {i: "it is empty" for i, t in enumerate(texts) if not t})


@pytest.fixture
def calls():
    CALLS.clear()
    return CALLS


@pytest.fixture
def length():
    return Length


@pytest.fixture
def real_page():
    """For tests that look at the report; the others do without, since drawing takes a second."""


@pytest.fixture(autouse=True)
def _no_page(request, monkeypatch):
    if "real_page" not in request.fixturenames:
        monkeypatch.setattr("modelcollapse.curation_page.render", lambda card: "<html></html>")


def candidates(prompts=20, answers=4, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {
            "prompt": f"prompt {p}",
            "text": " ".join(rng.choice(WORDS, rng.integers(1, 9))) + f" {p}-{a}",
            "topic": ["common", "common", "common", "rare"][p % 4],
            "right": bool(rng.random() < 0.6),
        }
        for p in range(prompts)
        for a in range(answers)
    ]


class Folder:
    """Files of records, and specs about them."""

    def __init__(self, path):
        self.path = path
        self.lines("candidates.jsonl", candidates())
        self.lines("real.jsonl", [{"text": f"real {w}", "topic": "common"} for w in WORDS * 3])

    def lines(self, name, records):
        text = "".join(json.dumps(record) + "\n" for record in records)
        (self.path / name).write_text(text)
        return name

    def spec(self, **changes):
        from modelcollapse.curation.spec import parse
        from modelcollapse.selection.top import TopFraction

        document = {
            "synthetic": "candidates.jsonl",
            "verifiers": [Length()],
            "select": TopFraction(),
            "keep": 0.25,
            "columns": {"prompt": "prompt", "groups": ["topic"]},
            "generation": 1,
            "output": "out",
        }
        given = {key: value for key, value in {**document, **changes}.items() if value is not ...}
        return parse(given, base=self.path)


@pytest.fixture
def folder(tmp_path, calls):
    return Folder(tmp_path)


@pytest.fixture
def make_candidates():
    return candidates
