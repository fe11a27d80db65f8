from dataclasses import dataclass

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.errors import InputError
from modelcollapse.probes.classes import Classes

CENTRES = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
LABELS = np.repeat([0, 1, 2], [300, 200, 20])
ROWS = CENTRES[LABELS] + np.random.default_rng(0).normal(size=(520, 2))
TRUTH = mc.Empirical(ROWS, labels=LABELS)


@dataclass(frozen=True)
class Writes:
    """Learner and model that writes the classes in given shares."""

    shares: tuple[float, ...]

    def fit(self, data, *, rng, parent=None):
        return self

    def sample(self, n, *, rng):
        return CENTRES[rng.choice(3, size=n, p=self.shares)] + rng.normal(size=(n, 2))


def read(shares, probe, truth=TRUTH):
    lineage = mc.Lineage(truth, Writes(shares), mc.Replace(400), size=400)
    return lineage.run(0, probes=[probe])


def test_an_unchanged_model_keeps_its_classes():
    found = read((300 / 520, 200 / 520, 20 / 520), Classes())
    assert found["classes.share 0"].item() == pytest.approx(300 / 520, abs=0.1)
    assert found["classes.entropy"].item() == pytest.approx(1, abs=0.1)
    assert found["classes.lost"].item() == 0
    assert 0.4 < found["classes.smallest_ratio"].item() <= 1


def test_a_lost_class_is_counted():
    found = read((0.6, 0.4, 0.0), Classes(options={"C": 100.0, "max_iter": 2000}))
    assert found["classes.share 2"].item() == pytest.approx(0, abs=0.005)
    assert found["classes.lost"].item() == (found["classes.share 2"].item() == 0)
    assert found["classes.smallest_ratio"].item() < 0.1
    assert found["classes.entropy"].item() < 0.92
    shares = sum(found[f"classes.share {c}"].item() for c in range(3))
    assert shares == pytest.approx(1)


@pytest.mark.parametrize("path", ["sklearn.ensemble:RandomForestClassifier", "sklearn.svm:SVC"])
def test_another_classifier_may_judge_and_is_repeatable(path):
    one, two = (read((0.5, 0.4, 0.1), Classes(path, {})) for _ in range(2))
    assert one["classes.share 2"].item() == pytest.approx(0.1, abs=0.05)
    assert one["classes.share 2"].item() == two["classes.share 2"].item()


def test_labels_may_be_words_and_few_records_do():
    words = mc.Empirical(ROWS, labels=np.array(["nought", "one", "two"])[LABELS])
    found = read((0.5, 0.4, 0.1), Classes(records=60), words)
    assert found["classes.share nought"].item() == pytest.approx(0.5, abs=0.1)


def test_a_class_that_no_judge_finds_has_no_ratio():
    alone = mc.Empirical(ROWS, labels=np.where(np.arange(520) == 0, 7, LABELS))
    found = read((0.5, 0.4, 0.1), Classes(), alone)
    assert np.isfinite(found["classes.smallest_ratio"].item())
    assert found["classes.lost"].item() == 0


def test_wrong_input_is_told():
    with pytest.raises(InputError, match="no import path"):
        Classes("LogisticRegression")
    with pytest.raises(InputError, match="records = 5"):
        Classes(records=5)
    with pytest.raises(InputError, match="classes needs labels of the real records"):
        read((0.5, 0.4, 0.1), Classes(), mc.Empirical(ROWS))
    with pytest.raises(InputError, match=r"classes needs labels|read from rows"):
        read((0.5, 0.4, 0.1), Classes(), mc.Gaussian([0.0, 0.0]))
