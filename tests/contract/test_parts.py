"""Every built-in part keeps the promises of its protocol, and none is forgotten here."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity as SklearnKernelDensity

import modelcollapse as mc
from modelcollapse import registry, spec
from modelcollapse.curators.verified import ChanceVerifier, PlaneVerifier
from modelcollapse.errors import SpecError
from modelcollapse.families.classification.laws import GaussianClasses, SplitGaussian
from modelcollapse.families.mixture import MixtureOfGaussians
from modelcollapse.families.texts import Texts
from modelcollapse.learners.biased import BiasedGaussian
from modelcollapse.learners.blended import BlendedGaussian
from modelcollapse.learners.causal_lm import CausalLM
from modelcollapse.learners.given import Given
from modelcollapse.learners.language.tokens import TokenBlocks
from modelcollapse.selection.best_of import BestPerPrompt
from modelcollapse.selection.chance import RandomChoice
from modelcollapse.selection.guard import TailGuard
from modelcollapse.selection.pile import Pile
from modelcollapse.selection.quota import Quota
from modelcollapse.selection.raking import Rake
from modelcollapse.selection.resample import Resample
from modelcollapse.selection.threshold import Threshold
from modelcollapse.selection.tilt import Tilt
from modelcollapse.selection.top import TopFraction
from modelcollapse.selection.unique import NearDuplicates
from modelcollapse.sources.labelled import DiabetesTask, DigitsTask, LabelledFile, MnistTask
from modelcollapse.testing import (
    BrokenPromise,
    check_curator,
    check_learner,
    check_policy,
    check_rule,
    check_verifier,
)
from modelcollapse.verifiers.agreement import Agreement
from modelcollapse.verifiers.causal_perplexity import CausalPerplexity
from modelcollapse.verifiers.detector import Detector
from modelcollapse.verifiers.ensemble import Ensemble
from modelcollapse.verifiers.exact_match import ExactMatch
from modelcollapse.verifiers.judge.verifier import Judge
from modelcollapse.verifiers.labels import HumanLabels
from modelcollapse.verifiers.ngram_perplexity import NgramPerplexity
from modelcollapse.verifiers.numeric_answer import NumericAnswer
from modelcollapse.verifiers.outcome import Outcome
from modelcollapse.verifiers.rouge import Rouge
from modelcollapse.verifiers.rules import Rules
from modelcollapse.verifiers.schema import JsonSchema
from modelcollapse.verifiers.self_confidence import SelfConfidence
from modelcollapse.verifiers.watermark import Watermark

RNG = np.random.default_rng(20240724)
ROWS = RNG.normal(size=(400, 2)) @ np.array([[1.0, 0.0], [0.7, 0.5]]) + [3.0, -1.0]
CLUSTERS = MixtureOfGaussians.from_covariances(
    [0.5, 0.3, 0.2], [[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]], np.tile(np.eye(2), (3, 1, 1))
).sample(600, rng=RNG)
PIXELS = RNG.normal(size=(400, 3)) @ RNG.normal(size=(3, 8)) + 0.1 * RNG.normal(size=(400, 8))
STATES = mc.Zipf(30).rows().sample(500, rng=RNG)
COUNTS = mc.Zipf(30).sample(500, rng=RNG)
BATCH = mc.Zipf(30).replicate(4).sample(500, rng=RNG)
MOMENTS = mc.Gaussian([1.0, 2.0], [[2.0, 0.5], [0.5, 1.0]]).exact().sample(300, rng=RNG)
MOMENTS_BATCH = mc.ExactGaussian(5.0, 2.0).replicate(3).sample(300, rng=RNG)
WORDS = np.array(["the", "a", "cat", "dog", "sat", "ran", "on", "under", "mat", "."])
DOCUMENTS = [" ".join(WORDS[mc.Zipf(10).rows().sample(12, rng=RNG)]) for _ in range(300)]
TEXTS = Texts.of(DOCUMENTS)
BLOCKS = TEXTS.blocks(10)

PEOPLE = mc.Survey().sample(400, rng=RNG)
TEACHER = mc.LinearTeacher([1.0, -2.0, 0.5], covariance=[1.0, 4.0, 0.5], noise=0.3)
LABELLED = TEACHER.sample(400, rng=RNG)
LEAST_SQUARES = TEACHER.exact().sample(400, rng=RNG)
LEAST_SQUARES_BATCH = TEACHER.exact().replicate(3).sample(400, rng=RNG)

SMOOTHINGS = ("backoff", "interpolated", "kneser-ney")
LEARNERS = [
    ("gaussian_mle", mc.GaussianMLE(), ROWS),
    ("gaussian_mle", mc.GaussianMLE(ddof=1), ROWS),
    ("gaussian_mle", mc.GaussianMLE(), ROWS[:, 0]),
    ("gaussian_mle", mc.GaussianMLE(), MOMENTS),
    ("gaussian_mle", mc.GaussianMLE(ddof=1), MOMENTS),
    ("gaussian_mle", mc.GaussianMLE(), MOMENTS_BATCH),
    # Without its bias, which breaks the promise on purpose, and with no blend but the model.
    ("biased_gaussian", BiasedGaussian(1.0), MOMENTS),
    ("blended_gaussian", BlendedGaussian(alpha=1.0, gamma=0.0), MOMENTS),
    ("given", Given(mc.Gaussian(), mc.GaussianMLE()), mc.Gaussian().sample(400, rng=RNG)),
    ("frequencies", mc.Frequencies(), STATES),
    ("frequencies", mc.Frequencies(smoothing=0.01, states=30), STATES),
    ("frequencies", mc.Frequencies(), COUNTS),
    ("frequencies", mc.Frequencies(smoothing=0.01), COUNTS),
    ("frequencies", mc.Frequencies(), BATCH),
    ("mixture", mc.Mixture(3), CLUSTERS),
    ("mixture", mc.Mixture(3, start="warm"), CLUSTERS),
    ("mixture", mc.Mixture(3, covariance="diagonal"), CLUSTERS),
    ("kernel_density", mc.KernelDensity(), ROWS),
    ("kernel_density", mc.KernelDensity("silverman"), ROWS[:, 0]),
    *(("ngram", mc.NGram(order, smoothing=s), TEXTS) for s in SMOOTHINGS for order in (1, 2)),
    *(("ngram", mc.NGram(3, smoothing=s), BLOCKS) for s in SMOOTHINGS),
    *(("ngram", mc.NGram(3, smoothing=s), DOCUMENTS) for s in SMOOTHINGS),
    ("ridge", mc.Ridge(), LABELLED),
    ("ridge", mc.Ridge(1e-6), LABELLED),
    ("ridge", mc.Ridge(), LEAST_SQUARES),
    ("ridge", mc.Ridge(1e-6), LEAST_SQUARES_BATCH),
    ("kernel_ridge", mc.KernelRidge("linear", 1e-6), LABELLED),
    ("gaussian_copula", mc.GaussianCopula(), PEOPLE),
    ("gaussian_copula", mc.GaussianCopula(), ROWS),
    ("vae", mc.VAE(4, width=64, epochs=40, batch=64, learning_rate=3e-3), mc.Digits().data[:400]),
    ("pca", mc.PCA(mc.Mixture(2), dimensions=3), PIXELS),
    ("pca", mc.PCA(mc.GaussianMLE(), dimensions=2, axes="kept"), PIXELS.reshape(400, 2, 4)),
    ("estimator", mc.Estimator(GaussianMixture, {"n_components": 2}), ROWS),
    ("estimator", mc.Estimator("sklearn.neighbors:KernelDensity", {"bandwidth": 0.2}), ROWS),
    ("estimator", mc.Estimator(lambda: SklearnKernelDensity(bandwidth=0.2)), ROWS),
    ("estimator", mc.Estimator(GaussianMixture, {"random_state": 0}), ROWS),
]


def half_and_half(corpus, draw):
    return corpus.subset(corpus.size // 2, rng=draw.rng()) + draw.fresh(5) + draw.synthetic(20)


POLICIES = [
    ("replace", mc.Replace(50)),
    ("accumulate", mc.Accumulate(50)),
    ("augment", mc.Augment(50)),
    ("mix", mc.Mix(50, real=0.1)),
    ("mix", mc.Mix(50, alpha=0.5, beta=0.3, gamma=0.2)),
    ("mix", mc.Mix(50, real=0.5, fresh=True)),
    ("mix", mc.Mix(50, real=0.5, fixed=True)),
    ("mix", mc.Mix(50, real=1.0)),
    ("schedule", mc.Schedule([(mc.Replace(50), 2), (mc.Mix(50, real=0.2), None)])),
    ("", half_and_half),
]
WEIGHTED = mc.Weighted(mc.Mix(60, real=0.5), 0.618)
CURATORS = [
    ("random_selection", mc.RandomSelection(3.0), ROWS),
    ("random_selection", mc.RandomSelection(), DOCUMENTS),
    ("random_selection", mc.RandomSelection(), TEXTS),
    ("chance_verifier", ChanceVerifier(1.0, 1.0), SplitGaussian(3).sample(60, rng=RNG)),
    ("top_score", mc.TopScore(lambda rows: rows[:, 0]), ROWS),
    ("top_score", mc.TopScore(lambda texts: [float(len(t)) for t in texts]), DOCUMENTS),
]
# Those that look at the model that writes, or at real records.
INFORMED = [
    ("best_of", mc.BestOf(lambda rows: rows[:, 0]), ROWS, None),
    ("perplexity_filter", mc.PerplexityFilter(), TEXTS, mc.NGram(2)),
    ("perplexity_filter", mc.PerplexityFilter("first", "high", among="prompt"), TEXTS, mc.NGram(2)),
    ("perplexity_filter", mc.PerplexityFilter("judge", judge=mc.NGram(1)), DOCUMENTS, mc.NGram(2)),
    ("detector_resampling", mc.DetectorResampling(folds=2), TEXTS, None),
    ("detector_resampling", mc.DetectorResampling(repeats=1, exponent=2.0), DOCUMENTS, None),
    ("detector_resampling", mc.DetectorResampling(), ROWS, None),
]
TRUTHS = [
    ("gaussian", mc.Gaussian([0.0, 1.0], [[1.0, 0.2], [0.2, 2.0]])),
    ("exact_gaussian", mc.ExactGaussian(1.0, 2.0)),
    ("gaussian_mixture", mc.GaussianMixtureTruth([[-2.0], [2.0]], [0.3, 0.7])),
    ("categorical", mc.Categorical([0.5, 0.25, 0.25], ["x", "y", "z"])),
    ("zipf", mc.Zipf(5, 1.5)),
    ("uniform", mc.Uniform(4, as_rows=True)),
    ("linear_teacher", TEACHER),
    ("linear_teacher", mc.LinearTeacher([[1.0], [2.0]], [[2.0, 0.5], [0.5, 1.0]], noise=0.0)),
    ("isotropic_teacher", mc.IsotropicTeacher(3, noise=0.1, same_inputs=True)),
    ("power_law_teacher", mc.PowerLawTeacher(4, statistics=True)),
    ("gaussian_classes", GaussianClasses(3, 1.5, label_error=0.2)),
    ("split_gaussian", SplitGaussian(3, angle=0.5)),
    ("digits_task", DigitsTask("parity", noise=0.1)),
    ("diabetes_task", DiabetesTask(noise=0.5, same_inputs=True)),
    ("survey", mc.Survey()),
    ("rare_classes", mc.RareClasses(mc.Digits(), [7], 0.5)),
    ("digits", mc.Digits()),
    ("standard_library_prose", mc.StandardLibraryProse(block=32)),
]
PROBES = [
    "variance", "log_variance", "log_generalised_variance", "mean_error",
    "wasserstein", "energy_distance", "mmd", "total_variation", "hellinger", "kl",
    "cross_entropy", "support", "entropy", "lost_mass", "subgroups",
    {"type": "tail_retention", "level": 0.2}, {"type": "hill_number", "order": 1.0},
    {"type": "distinct", "n": 3}, "perplexity", "cross_entropy_gap", "generated_perplexity",
    {"type": "perplexity_histogram", "bins": 10}, "next_token_concentration",
    {"type": "repetition", "n": 2}, "self_bleu", "zipf_exponent", "vocabulary_survival",
    "test_error", "misclassification",
    {"type": "downstream_error", "records": 50, "penalty": [0.1, 1.0]},
    {"type": "rare_categories", "level": 0.02}, {"type": "minorities", "by": ["a", "b"]},
    "classes", "column_tails", "associations", {"type": "train_on_synthetic", "label": "a"},
]  # fmt: skip


def labelled(cases):
    return [pytest.param(*case[1:], id=f"{case[0]}-{i}") for i, case in enumerate(cases)]


@pytest.mark.parametrize(("learner", "data"), labelled(LEARNERS))
def test_every_learner_keeps_its_promises(learner, data):
    check_learner(learner, data)


@pytest.mark.parametrize(
    "policy", [p for _, p in POLICIES], ids=lambda p: getattr(p, "__name__", str(p))
)
def test_every_policy_keeps_its_promises(policy):
    check_policy(policy)


def test_a_policy_that_weighs_records_keeps_its_promises_on_those_that_carry_weights():
    check_policy(WEIGHTED, truth=TEACHER)


@pytest.mark.parametrize(("curator", "candidates"), labelled(CURATORS))
def test_every_curator_keeps_its_promises(curator, candidates):
    check_curator(curator, candidates)


@pytest.mark.parametrize(("curator", "candidates", "learner"), labelled(INFORMED))
def test_every_curator_that_looks_further_keeps_its_promises(curator, candidates, learner):
    check_curator(curator, candidates, learner=learner)


def test_a_decoding_that_sharpens_is_no_sampling_and_the_check_says_so():
    # A negative control: the same check, the same data, a model that prefers frequent words.
    with pytest.raises(BrokenPromise, match="differ from the data"):
        check_learner(mc.NGram(2, temperature=0.5), TEXTS)


def test_a_statistic_of_ones_own_decides_instead_of_the_default():
    def share_of_the(texts):
        return [np.mean([word == "the" for text in texts for word in text.split()])]

    def share_of_full_length(texts):
        # An n-gram model does not know how long its document is already.
        return [np.mean([len(text.split()) == 12 for text in texts])]

    check_learner(mc.NGram(2), DOCUMENTS, statistics=share_of_the)
    with pytest.raises(BrokenPromise, match="where the data have 1"):
        check_learner(mc.NGram(2), DOCUMENTS, statistics=share_of_full_length)


VERIFIED = {
    "text": ["It is 18.", "the answer is 1,800", "", "no no no no", "{}", None, "w5 w6 w5", "18"],
    "reference": ["18", "18", "18", "no", "{}", "18", "w5 w6", None],
    "prompt": ["p", "p", "p", "q", "q", "q", "r", "r"],
    "passed": [True, "failed", "", "maybe", 0, 1, "yes", False],
    "id": [1, 2, 3, 4, 5, 6, 7, 8],
}


VERIFIED = {
    "text": [*VERIFIED["text"], *(f"record {i} says {i % 7} twice" for i in range(24))],
    "reference": [*VERIFIED["reference"], *(str(i % 5) for i in range(24))],
    "prompt": [*VERIFIED["prompt"], *("s" * (1 + i % 3) for i in range(24))],
    "passed": [*VERIFIED["passed"], *(i % 2 for i in range(24))],
    "id": [*VERIFIED["id"], *range(100, 124)],
    "likelihood": [-0.1 * i for i in range(32)],
}


def verifiers(tmp_path):
    """Every verifier that can be tried without a model."""
    labels = tmp_path / "labels.csv"
    labels.write_text("id,label\n1,right\n2,wrong\n", encoding="utf-8")
    yield "exact_match", ExactMatch()
    yield "numeric_answer", NumericAnswer(tolerance=0.5)
    yield "outcome", Outcome()
    yield "rouge", Rouge("rouge1", fast=False)
    yield "ngram_perplexity", NgramPerplexity()
    yield "self_confidence", SelfConfidence(log_probs="likelihood")
    yield "agreement", Agreement(extract="number")
    yield "rules", Rules(min_words=2, max_word_run=2, must_match=("[0-9]",))
    yield "json_schema", JsonSchema(schema={"type": "object"})
    yield "human_labels", HumanLabels(str(labels))
    pair = (ExactMatch(), NumericAnswer(tolerance=0.5))
    yield "ensemble", Ensemble(pair, weights=(0.5, 0.5))
    real = tmp_path / "real.txt"
    real.write_text("".join(f"{i} real words of record {i * i}\n" for i in range(40)))
    yield "detector", Detector(str(real), folds=2)


def test_verifiers_keep_their_promises(tmp_path):
    for _, verifier in verifiers(tmp_path):
        check_verifier(verifier, VERIFIED)


PILE = Pile(
    {"score": np.linspace(0.01, 0.99, 120)[RNG.permutation(120)]},
    np.arange(120) // 4,
    {"topic": np.arange(120) % 3, "near_duplicates": np.arange(120) // 2},
    reference={"topic": np.array([50, 30, 20])},
)
RULES = [
    ("best_per_prompt", BestPerPrompt(), 30),
    ("threshold", Threshold(0.4), None),
    ("top_fraction", TopFraction(0.25), None),
    ("top_fraction", TopFraction(), 40),
    ("random_choice", RandomChoice(0.5), 17),
    ("tilt", Tilt(2.0), None),
    ("tilt", Tilt(resample=True), 25),
    ("resample", Resample(), 25),
    ("quota", Quota(TopFraction(0.5), "topic", "reference"), 30),
    ("tail_guard", TailGuard(TopFraction(0.5), ("topic",)), 30),
    ("rake", Rake(TopFraction(0.5), ("topic",)), 30),
    ("near_duplicates", NearDuplicates(TopFraction(0.5)), 30),
]


@pytest.mark.parametrize(("name", "rule", "n"), RULES, ids=[name for name, _, _ in RULES])
def test_rules_keep_their_promises(name, rule, n):
    check_rule(rule, PILE, n=n)


# --- names -------------------------------------------------------------------------------------


def named_parts(tmp_path):
    file = tmp_path / "rows.npy"
    np.save(file, ROWS)
    yield from (("truth", name, part) for name, part in TRUTHS)
    labelled = tmp_path / "labelled.csv"
    labelled.write_text("a,b,y\n" + "\n".join(f"{i},{i * i},{-i}" for i in range(9)))
    for name, many in (("train", 40), ("t10k", 10)):
        images = RNG.integers(0, 256, size=(many, 2, 2), dtype=np.uint8)
        write_idx(tmp_path / f"{name}-images-idx3-ubyte", images)
        write_idx(tmp_path / f"{name}-labels-idx1-ubyte", np.arange(many, dtype=np.uint8) % 10)
    yield ("truth", "mnist", mc.Mnist(30, folder=str(tmp_path)))
    yield ("truth", "mnist_task", MnistTask(records=30, folder=str(tmp_path)))
    yield ("truth", "labelled_file", LabelledFile(str(labelled), "y"))
    yield ("truth", "table_file", mc.TableFile(str(labelled)))
    yield ("truth", "file", mc.File(str(file), image_shape=[1, 2]))
    yield from (("learner", name, part) for name, part, _ in LEARNERS)
    # SDV is no part of the tests' environment: its adapter has tests of its own.
    yield ("learner", "synthesizer", mc.Synthesizer("sklearn.mixture:GaussianMixture"))
    yield ("learner", "diffusion", mc.Diffusion(epochs=2))
    yield ("learner", "causal_lm", CausalLM(config={"n_layer": 1}))
    yield ("truth", "token_blocks", TokenBlocks(mc.StandardLibraryProse()))
    yield from (("policy", name, part) for name, part in POLICIES if name)
    yield ("policy", "weighted", WEIGHTED)
    yield from (("curator", name, part) for name, part, _ in CURATORS)
    yield from (("curator", name, part) for name, part, _, _ in INFORMED)
    # It keeps only what lies on its side, so not as many as check_curator asks for.
    yield ("curator", "plane_verifier", PlaneVerifier((1.0, 0.5)))
    yield from (("verifier", name, part) for name, part in verifiers(tmp_path))
    yield ("verifier", "watermark", Watermark(str(tmp_path)))
    yield ("verifier", "judge", Judge("model"))
    yield ("verifier", "causal_perplexity", CausalPerplexity("model"))
    yield from (("rule", name, rule) for name, rule, _ in RULES)
    for given in PROBES:
        part = registry.build("probe", given, "measures")
        yield ("probe", given if isinstance(given, str) else given["type"], part)


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(header + array.tobytes())


def is_opaque(description):
    return '"opaque"' in re.sub("'", '"', str(description))


def test_every_registered_name_is_tried_here(tmp_path):
    tried = {(role, name) for role, name, _ in named_parts(tmp_path)}
    known = {(role, name) for role, names in registry.BUILT_IN.items() for name in names}
    assert known - tried == set()


def test_every_part_describes_itself_by_its_name_and_comes_back(tmp_path):
    came_back = set()
    for role, name, part in named_parts(tmp_path):
        description = registry.describe(part)
        assert description["type"] == name
        assert isinstance(part, registry.load(role, name, role))
        if is_opaque(description):
            # A function of one's own can be described, but not rebuilt.
            with pytest.raises(SpecError):
                registry.build(role, description, role)
            continue
        rebuilt = registry.build(role, description, role)
        assert type(rebuilt) is type(part)
        assert registry.describe(rebuilt) == description
        came_back.add((role, name))
    everything = {(role, name) for role, names in registry.BUILT_IN.items() for name in names}
    # The score of these curators is a function, which no spec can hold.
    assert everything - came_back == {("curator", "top_score"), ("curator", "best_of")}


@pytest.mark.parametrize("role", registry.BUILT_IN)
def test_every_registered_name_is_a_frozen_dataclass_with_a_docstring(role):
    for name in registry.BUILT_IN[role]:
        cls = registry.load(role, name, role)
        assert dataclasses.is_dataclass(cls)
        assert cls.__dataclass_params__.frozen
        assert (cls.__doc__ or "").strip()


def test_every_example_is_read_and_written_again():
    folder = Path(mc.__file__).parents[2] / "examples"
    examples = [path for path in sorted(folder.glob("*.yaml")) if "\ntruth:" in path.read_text()]
    assert len(examples) >= 3
    for example in examples:
        simulation = spec.read(example).but(probes=())
        assert simulation.title
        again = spec.parse(simulation.spec())
        assert again.spec() == simulation.spec()
        assert list(again.lineages) == list(simulation.lineages)
