import json
import os

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import modelcollapse as mc
from modelcollapse import spec
from modelcollapse.errors import InputError, SpecError

DOCUMENT = {
    "truth": {"type": "exact_gaussian"},
    "learner": "gaussian_mle",
    "size": 20,
    "policies": {"replace": {"type": "replace", "n": 20}, "keep": {"type": "accumulate", "n": 20}},
    "generations": 3,
}


def but(**changes):
    return {key: value for key, value in {**DOCUMENT, **changes}.items() if value is not ...}


@pytest.fixture
def write(tmp_path):
    def write(content, name="spec.yaml"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return path

    return write


# --- there and back ------------------------------------------------------------------------------

sizes = st.integers(1, 500)
mixes = st.builds(
    lambda n, cut, fresh, fixed, named: (
        {"type": "mix", "n": n, "real": cut[0], "beta": cut[1] * (1 - cut[0])}
        | ({"fresh": True} if fresh else {"fixed": fixed})
        if named
        else {"type": "mix", "n": n, "beta": cut[1] * (1 - cut[0]), "gamma": cut[0]}
    ),
    sizes, st.tuples(st.floats(0, 1), st.floats(0, 1)), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
simple = st.one_of(
    st.builds(
        lambda kind, n: {"type": kind, "n": n},
        st.sampled_from(["replace", "accumulate", "augment"]), sizes,
    ),
    mixes,
)  # fmt: skip
schedules = st.builds(
    lambda first, last: {"type": "schedule", "regimes": [*map(list, first), list(last)]},
    st.lists(st.tuples(simple, st.integers(1, 50)), max_size=3),
    st.tuples(simple, st.none() | st.integers(1, 50)),
)
policies = st.one_of(simple, schedules)


@settings(max_examples=60, deadline=None)
@given(
    policies, st.integers(2, 1000), st.none() | st.integers(2, 99), st.none() | st.integers(0, 99)
)
def test_any_policy_comes_back_from_yaml(policy, size, budget, holdout):
    document = but(
        policies={"a label: with # signs": policy}, size=size, budget=budget, holdout=holdout
    )
    simulation = spec.parse(document)
    written = spec.to_yaml(simulation.spec())
    again = spec.parse(yaml.safe_load(written))
    assert again.lineages == simulation.lineages
    assert again.spec() == simulation.spec()
    assert spec.to_yaml(again.spec()) == written


TRUTHS = {
    "gaussian_mle": [
        {"type": "gaussian", "mean": [0.0, 1.0], "cov": [[2.0, 0.5], [0.5, 1.0]]},
        {"type": "exact_gaussian", "mean": 3.0, "cov": 1e-12},
    ],
    "frequencies": [
        {"type": "categorical", "probabilities": [0.5, 0.25, 0.25], "labels": ["a", "b", 3]},
        {"type": "zipf", "states": 40, "exponent": 1.2},
        {"type": "uniform", "states": 40, "as_rows": True},
    ],
    "mixture": ["digits"],
    "kernel_density": [{"type": "gaussian", "mean": [0.0, 0.0]}],
}


@pytest.mark.parametrize(("learner", "truth"), [(k, t) for k, v in TRUTHS.items() for t in v])
@pytest.mark.parametrize("curator", [None, {"type": "random_selection", "oversample": 1.5}])
def test_every_truth_and_learner_comes_back_from_yaml(learner, truth, curator):
    simulation = spec.parse(but(truth=truth, learner=learner, curator=curator or ...))
    again = spec.parse(yaml.safe_load(spec.to_yaml(simulation.spec())))
    assert again.lineages == simulation.lineages
    assert again.spec() == simulation.spec()


def test_what_comes_back_runs_to_the_same_numbers():
    simulation = spec.parse(but(measures=["kl", {"type": "tail_retention", "level": 0.2}]))
    again = spec.parse(yaml.safe_load(spec.to_yaml(simulation.spec())))
    first, second = mc.simulate(simulation), mc.simulate(again)
    assert first.to_json() == second.to_json()
    assert first.measures == ("kl", "tail_retention")


def test_the_values_in_effect_are_written_down():
    found = spec.parse(DOCUMENT).spec()
    assert found["modelcollapse"] == spec.VERSION
    assert (found["replicates"], found["seed"], found["every"]) == (1, 0, 1)
    assert found["truth"] == {"type": "exact_gaussian", "mean": 0.0, "cov": 1.0, "replicates": None}
    assert "budget" not in found
    assert [measure["type"] for measure in found["measures"]][:2] == ["variance", "tail_retention"]
    assert spec.parse(but(measures=[])).spec()["measures"] == []


def test_settings_can_be_changed_and_left_alone():
    simulation = spec.parse(but(seed=4))
    changed = simulation.but(generations=7, replicates=None)
    assert (changed.generations, changed.replicates, changed.seed) == (7, 1, 4)


def test_lineages_that_differ_in_more_than_their_policy_have_no_common_spec():
    lineage = mc.Lineage(mc.ExactGaussian(), mc.GaussianMLE(), mc.Replace(20), size=20)
    both = spec.Simulation({"a": lineage, "b": lineage.but(size=30)})
    with pytest.raises(SpecError, match="differ in their size"):
        both.spec()


# --- files ---------------------------------------------------------------------------------------


def test_a_file_is_read_as_yaml_or_json(write):
    assert spec.read(write(DOCUMENT)) == spec.parse(DOCUMENT)
    as_json = write(json.dumps(DOCUMENT, indent="\t"), "spec.json")
    assert spec.read(as_json) == spec.parse(DOCUMENT)
    assert spec.read(str(as_json)) == spec.parse(DOCUMENT)


def test_paths_are_relative_to_the_file_and_written_in_full(write, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "rows.npy", np.random.default_rng(0).normal(size=(100, 2)))
    document = but(truth={"type": "file", "path": "data/rows.npy"})
    monkeypatch.chdir(tmp_path)
    write(document)
    simulation = spec.read("spec.yaml")
    full = os.path.join(os.getcwd(), "data", "rows.npy")
    assert simulation.spec()["truth"]["path"] == full
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "spec.yaml").write_text(spec.to_yaml(simulation.spec()))
    # From another folder, and from the copy in another folder.
    monkeypatch.chdir("/")
    for path in (tmp_path / "spec.yaml", tmp_path / "out" / "spec.yaml"):
        assert spec.read(path).spec() == simulation.spec()
    truths = {id(lineage.truth) for lineage in simulation.lineages.values()}
    assert len(truths) == 1


def test_paths_within_parts_of_parts_are_written_in_full(write, tmp_path):
    (tmp_path / "tale.txt").write_text("once upon a time\n" * 9)
    truth = {"type": "token_blocks", "source": {"type": "file", "path": "tale.txt"}, "block": 4}
    learner = {"type": "causal_lm", "config": {"model_type": "gpt2"}, "block": 4, "folder": "kept"}
    document = but(truth=truth, learner=learner, policies={"r": {"type": "replace", "n": 2}})
    lineage = spec.parse(document, base=tmp_path).lineages["r"]
    assert lineage.spec()["truth"]["source"]["path"] == str(tmp_path / "tale.txt")
    assert lineage.learner.folder == str(tmp_path / "kept")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty. See the examples"),
        ("# nothing\n", "is empty"),
        ("---\n...\n", "is empty"),
        ("size: [1, 2\nseed: 3\n", r"not valid YAML at line 2, column \d+: "),
        ("a: b: c\n", "not valid YAML at line 1, column 5"),
        ("\tsize: 3\n", "not valid YAML at line 1"),
        ("truth: !!python/object:os.system x\n", "not valid YAML at line 1"),
        ("size: 1\n\nsize: 2\n", r"says 'size' twice, the second time at line 3"),
        (
            "policies:\n  a: {type: replace, n: 1}\n  a: {type: replace, n: 2}\n",
            "'a' twice.* line 3",
        ),
        ("truth: {type: zipf, type: uniform}\n", "'type' twice"),
        ("measures: [{type: kl, type: mmd}]\n", "'type' twice"),
        ("- 1\n- 2\n", "a spec is a mapping of fields to values, got list"),
        ("just words\n", "a spec is a mapping of fields to values, got str"),
        ("\x00", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_spec_is_told_why(write, content, message):
    with pytest.raises(SpecError, match=message):
        spec.read(write(content))


def test_json_has_its_own_sentence(write):
    with pytest.raises(SpecError, match=r"not valid JSON: .* line 1 column 2"):
        spec.read(write("{size: 3}", "spec.json"))
    with pytest.raises(SpecError, match="is empty"):
        spec.read(write(" \n", "spec.json"))
    with pytest.raises(SpecError, match="says 'a' twice"):
        spec.read(write('{"policies": {"a": "x", "b": "y", "a": "z"}}', "spec.json"))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"there is no file .*none\.yaml"):
        spec.read(tmp_path / "none.yaml")
    with pytest.raises(SpecError, match="cannot read"):
        spec.read(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"title: caf\xe9\n")
    with pytest.raises(SpecError, match="cannot read"):
        spec.read(tmp_path / "latin.yaml")


def test_anchors_are_no_repetition(write):
    found = spec.read(
        write(
            "truth: exact_gaussian\nlearner: gaussian_mle\nsize: &n 30\n"
            "policies:\n  a: &p {type: replace, n: *n}\n  b: *p\n"
        )
    )
    assert found.lineages["a"] == found.lineages["b"]
    assert found.lineages["a"].policy == mc.Replace(30)


# --- fields --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"polices": {}}, "^unknown field 'polices'. Did you mean 'policies'"),
        ({"generation": 3}, "Did you mean 'generations'"),
        ({5: 1}, "^unknown field '5'"),
        ({"generations": "3"}, "^generations: .*integer, got '3'"),
        ({"generations": 3.5}, "^generations: "),
        ({"replicates": None}, "^replicates: "),
        ({"seed": [1]}, "^seed: "),
        ({"every": "2"}, "^every: "),
        ({"snapshots": 3}, "^snapshots: .*array, got 3"),
        ({"snapshots": ["a"]}, "^snapshots: "),
        ({"title": 3}, "^title: "),
        ({"measures": "variance"}, "^measures: expected a list of names"),
        ({"measures": ["variance", "kll"]}, r"^measures\[1\]\.type: there is no probe 'kll'.*'kl'"),
        ({"measures": [{"type": "distinct", "n": 0}]}, r"^measures\[0\]: distinct got n = 0"),
        ({"measures": [{"type": "distinct", "m": 2}]}, r"^measures\[0\]\.m: Distinct has no such"),
        ({"policy": "replace"}, "both 'policy' and 'policies'"),
        ({"policies": ...}, "the field 'policies' is missing"),
        ({"policies": {}}, "the field 'policies' is missing"),
        ({"policies": ["replace"]}, "^policies: expected a mapping of labels"),
        ({"policies": {"a": None}}, r"^policies\.a: expected the name of a policy"),
        ({"policies": {"a": "replace"}}, r"^policies\.a\.n: the field is missing"),
        ({"policies": {"a": {"type": "replase", "n": 3}}}, r"^policies\.a\.type: .*'replace'"),
        (
            {"policies": {"a": {"type": "mix", "n": 9, "alpha": 0.5}}},
            r"^policies\.a: .*sum to 0\.5",
        ),
        ({"policies": ..., "policy": {"n": 3}}, "^policy: there is no 'type'"),
        ({"policies": ..., "policy": ["replace"]}, "^policy: expected the name"),
        ({"truth": ...}, "^truth: the field is missing"),
        ({"learner": ...}, "^learner: the field is missing"),
        ({"size": ...}, "^size: the field is missing"),
        ({"size": 0}, "size = 0 real records"),
        ({"size": "20"}, "^size: "),
        ({"budget": 1}, "the budget is 1 records"),
        ({"holdout": -1}, "holdout is -1"),
        ({"curator": "best"}, r"^curator\.type: there is no curator 'best'"),
        ({"learner": {"type": "gaussian_mle", "dof": 1}}, r"^learner\.dof: .*'ddof'"),
        ({"modelcollapse": 2}, "format 2, which is newer than format 1.* Upgrade it"),
        ({"modelcollapse": "1"}, "'1' is no version of the spec format"),
        ({"modelcollapse": 0}, "0 is no version"),
        ({"modelcollapse": True}, "True is no version"),
        ({"modelcollapse": None}, "None is no version"),
    ],
)
def test_each_wrong_field_has_its_sentence(changes, message):
    with pytest.raises(SpecError, match=message) as caught:
        spec.parse(
            but(**{str(k): v for k, v in changes.items()})
            if 5 not in changes
            else {**DOCUMENT, **changes}
        )
    assert "\n" not in str(caught.value)


def test_a_newer_version_is_recognised_before_its_fields():
    with pytest.raises(SpecError, match="newer than format 1"):
        spec.parse({"modelcollapse": 7, "something": "new"})


def test_a_single_policy_is_labelled_by_its_type():
    assert list(spec.parse(but(policies=..., policy={"type": "replace", "n": 3})).lineages) == [
        "replace"
    ]


def test_labels_are_strings():
    found = spec.parse(
        but(policies={10: {"type": "replace", "n": 3}, True: {"type": "augment", "n": 3}})
    )
    assert list(found.lineages) == ["10", "True"]


def test_errors_of_a_spec_are_errors_of_input():
    assert issubclass(SpecError, InputError)


# --- numbers, snapshots --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1e-3", 1e-3), ("1e9", 1e9), ("-.5E3", -500.0), ("+1.e2", 100.0), ("2.5e4", 25_000.0),
        ("12", 12), ("1.5", 1.5), ("'1e3'", "1e3"), ("1e", "1e"), ("e3", "e3"), ("1e3a", "1e3a"),
    ],
)  # fmt: skip
def test_numbers_are_those_of_yaml_1_2(written, read):
    found = spec.from_yaml(f"x: {written}")["x"]
    assert (found, type(found)) == (read, type(read))
    # And texts that look like numbers stay texts.
    assert spec.from_yaml(spec.to_yaml({"x": read}))["x"] == read


def test_a_file_may_say_a_number_with_an_exponent(write):
    document = json.dumps(but(truth={"type": "exact_gaussian", "cov": "COV"}))
    for written in ("1e-3", "1e9"):
        path = write(document.replace('"COV"', written))
        (first, *_) = spec.read(path).lineages.values()
        assert float(first.truth.cov) == float(written)


def test_snapshots_of_generations_there_are_none_of_are_refused():
    with pytest.raises(SpecError, match=r"snapshots: generation 99 is asked for, .* 0 to 1"):
        spec.parse(but(generations=1, snapshots=[0, 99]))
    whole = spec.parse(but(generations=9, snapshots=[0, 9]))
    # Fewer generations than the file says: what is written down runs.
    assert spec.parse(whole.but(generations=3).spec()).snapshots == (0,)
