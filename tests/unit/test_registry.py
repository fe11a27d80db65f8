import sys
import types
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse import registry
from modelcollapse.errors import SpecError
from modelcollapse.probes.views import GaussianView

SPEC = {
    "truth": {"type": "gaussian", "mean": [0.0, 1.0]},
    "learner": "gaussian_mle",
    "policy": {"type": "replace", "n": 100},
    "size": 100,
}


def test_a_lineage_comes_back_from_its_spec():
    lineage = mc.Lineage.from_spec(SPEC)
    assert lineage == mc.Lineage(
        mc.Gaussian([0.0, 1.0]), mc.GaussianMLE(), mc.Replace(100), size=100
    )
    assert mc.Lineage.from_spec(lineage.spec()) == lineage


def test_a_part_without_fields_may_be_given_by_its_name():
    assert registry.build("learner", "gaussian_mle", "learner") == mc.GaussianMLE()
    assert registry.build("curator", {"type": "random_selection"}, "") == mc.RandomSelection()


def test_parts_may_hold_parts():
    spec = {"type": "pca", "dimensions": 3, "learner": {"type": "mixture", "components": 2}}
    assert registry.build("learner", spec, "learner") == mc.PCA(mc.Mixture(2), 3)
    inner = {
        "type": "schedule",
        "regimes": [[{"type": "replace", "n": 5}, 2], [{"type": "mix", "n": 5, "real": 0.2}, None]],
    }
    expected = mc.Schedule([(mc.Replace(5), 2), (mc.Mix(5, real=0.2), None)])
    assert registry.build("policy", inner, "policy") == expected
    nested = registry.build("policy", {"type": "schedule", "regimes": [[inner, 4]]}, "policy")
    assert nested == mc.Schedule([(expected, 4)])
    assert registry.build("policy", registry.describe(nested), "policy") == nested


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": "100"}, r"^size: input should be a valid integer, got '100'\.$"),
        ({"size": 100.0}, r"^size: .*integer"),
        ({"size": True}, r"^size: "),
        ({"size": None}, r"^size: "),
        ({"size": 1}, "size = 1 real records"),
        ({"budget": "all"}, r"^budget: "),
        ({"holdout": 1.5}, r"^holdout: "),
        ({"sise": 5}, r"^sise: Lineage has no such field\. Did you mean 'size'"),
        (
            {"truth": "gausian"},
            r"^truth\.type: there is no truth 'gausian'\. Did you mean 'gaussian'",
        ),
        ({"truth": {"mean": 1}}, r"^truth: there is no 'type'"),
        ({"truth": 5}, r"^truth: expected the name of a truth or a mapping with a 'type', got 5"),
        ({"truth": []}, r"^truth: expected the name"),
        ({"truth": {"type": "gaussian", "men": 1}}, r"^truth\.men: .* Did you mean 'mean'"),
        (
            {"truth": {"type": "gaussian", "cov": [[1.0, 2.0], [2.0, 1.0]]}},
            r"^truth: cov is not positive",
        ),
        ({"truth": {"type": "zipf"}}, r"^truth\.states: the field is missing, and Zipf needs it"),
        ({"truth": {"type": "digits", "scale": 2}}, "It takes none: remove it"),
        ({"truth": {"type": "file", "path": "no.csv"}}, r"^truth: there is no file no\.csv"),
        ({"learner": {"type": "gaussian_mle", "ddof": 2}}, r"^learner: ddof is 2"),
        ({"learner": {"type": "gaussian_mle", "ddof": "1"}}, r"^learner\.ddof: .*integer"),
        ({"learner": {"type": "mixture", "start": "hot"}}, r"^learner\.start: "),
        (
            {"learner": {"type": "pca", "learner": {"type": "mixtur"}}},
            r"^learner\.learner\.type: .*'mixture'",
        ),
        (
            {"learner": {"type": "pca", "learner": {"type": "mixture", "k": 2}}},
            r"^learner\.learner\.k: ",
        ),
        (
            {"learner": {"type": "estimator", "factory": "sklearn"}},
            r"^learner: 'sklearn' is no import path",
        ),
        ({"policy": "replase"}, r"^policy\.type: .*Did you mean 'replace'"),
        ({"policy": "replace"}, r"^policy\.n: the field is missing, and Replace needs it"),
        ({"policy": {"type": "replace", "n": 0}}, r"^policy: Replace writes n = 0"),
        (
            {"policy": {"type": "mix", "n": 10, "alpha": 0.5, "beta": 0.1, "gamma": 0.1}},
            "sum to 0.7",
        ),
        ({"policy": {"type": "mix", "n": 10, "fresh": "yes"}}, r"^policy\.fresh: "),
        ({"policy": {"type": "schedule", "regimes": []}}, "no regimes"),
        (
            {"policy": {"type": "schedule", "regimes": ["replace"]}},
            r"list of \[policy, generations\]",
        ),
        (
            {"policy": {"type": "schedule", "regimes": [["replace", 1]]}},
            r"policy\.regimes\[0\]\.n: ",
        ),
        (
            {"policy": {"type": "schedule", "regimes": [[{"type": "replace", "n": 1}, "2"]]}},
            r"regimes\[0\]: ",
        ),
        (
            {"curator": {"type": "random_selection", "oversample": 0.5}},
            r"^curator: .*oversample = 0\.5",
        ),
        ({"curator": {"type": "top_score"}}, r"^curator\.score: the field is missing"),
        ({"curator": {"type": "top_score", "score": "len"}}, r"^curator\.score: "),
        (
            {"policy": {"opaque": "mine.policy"}},
            "the Python object mine.policy, which a spec cannot",
        ),
    ],
)
def test_each_wrong_field_has_its_sentence(change, message):
    with pytest.raises(SpecError, match=message) as caught:
        mc.Lineage.from_spec({**SPEC, **change})
    assert "\n" not in str(caught.value)


def test_a_missing_field_is_named():
    for field in SPEC:
        rest = {key: value for key, value in SPEC.items() if key != field}
        with pytest.raises(SpecError, match=f"^{field}: the field is missing, and Lineage needs"):
            mc.Lineage.from_spec(rest)


@pytest.mark.parametrize("spec", [None, [], "lineage", 3])
def test_what_is_no_mapping_is_no_lineage(spec):
    with pytest.raises(SpecError, match="described by a mapping"):
        mc.Lineage.from_spec(spec)


def test_what_has_no_name_is_opaque_and_cannot_be_rebuilt():
    def policy(corpus, draw):
        return corpus

    lineage = mc.Lineage(
        mc.Empirical(np.zeros((5, 1))),
        mc.GaussianMLE(),
        policy,
        size=2,
        curator=mc.TopScore(len),
    )
    spec = lineage.spec()
    assert spec["truth"] == {"opaque": "modelcollapse.sources.finite.Empirical"}
    assert spec["policy"]["opaque"].endswith("policy")
    assert spec["curator"]["score"] == {"opaque": "builtins.len"}
    with pytest.raises(
        SpecError, match=r"^truth: it was the Python object modelcollapse.*Empirical"
    ):
        mc.Lineage.from_spec(spec)


@pytest.mark.parametrize(
    ("part", "plain"),
    [
        (None, None),
        (np.int64(3), 3),
        (np.float64(0.5), 0.5),
        ((1, 2), [1, 2]),
        ({1: (None, "a")}, {"1": [None, "a"]}),
        (np.array([[1.0, 2.0]]), [[1.0, 2.0]]),
        (np.zeros(65), {"opaque": "numpy.ndarray"}),
        (len, {"opaque": "builtins.len"}),
        (GaussianView, {"opaque": "modelcollapse.probes.views.GaussianView"}),
    ],
)
def test_descriptions_are_plain_data(part, plain):
    assert registry.describe(part) == plain


# --- parts of other packages ---------------------------------------------------------------------


@dataclass(frozen=True)
class Doubling:
    """Policy of another package."""

    start: int = 10

    def __call__(self, corpus, draw):
        return draw.synthetic(self.start * 2**draw.generation)


class NoDataclass:
    def __call__(self, corpus, draw):
        return corpus


@pytest.fixture
def foreign(monkeypatch):
    module = types.ModuleType("foreign_package")
    module.Doubling, module.NoDataclass, module.function = Doubling, NoDataclass, len
    for cls in (Doubling, NoDataclass):
        monkeypatch.setattr(cls, "__module__", "foreign_package")
    monkeypatch.setitem(sys.modules, "foreign_package", module)
    entries = [
        EntryPoint(name, f"foreign_package:{path}", "modelcollapse.policy")
        for name, path in {
            "doubling": "Doubling",
            "replace": "Doubling",
            "plain": "NoDataclass",
            "function": "function",
            "gone": "Gone",
        }.items()
    ]
    entries.append(EntryPoint("broken", "not_a_module_at_all:X", "modelcollapse.policy"))
    monkeypatch.setattr(
        registry,
        "entry_points",
        lambda group: [entry for entry in entries if entry.group == group],
    )
    caches = (registry.names, registry._name_of_class)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()  # fmt: skip


def test_other_packages_add_parts_by_entry_points(foreign):
    lineage = mc.Lineage.from_spec({**SPEC, "policy": {"type": "doubling", "start": 3}})
    assert lineage.policy == Doubling(3)
    assert lineage.spec()["policy"] == {"type": "doubling", "start": 3}
    assert mc.Lineage.from_spec(lineage.spec()) == lineage
    with pytest.raises(SpecError, match="Did you mean 'doubling'"):
        registry.build("policy", "dubling", "policy")


def test_other_packages_cannot_replace_a_built_in_part(foreign):
    assert registry.load("policy", "replace", "") is mc.Replace


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("plain", "is foreign_package:NoDataclass, which is no dataclass"),
        ("function", "is no dataclass"),
        ("gone", "cannot be loaded from foreign_package:Gone"),
        ("broken", "cannot be loaded from not_a_module_at_all:X"),
    ],
)
def test_a_part_of_another_package_that_cannot_be_used_is_named(foreign, name, message):
    with pytest.raises(SpecError, match=f"policy.type: the policy '{name}' .*{message}|{message}"):
        registry.build("policy", name, "policy")
