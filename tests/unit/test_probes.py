"""Every probe on every kind of data it reads: against a closed form, or against records."""

import itertools

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse import probes
from modelcollapse.errors import Incompatible, InputError
from modelcollapse.families.gaussian import GaussianModel
from modelcollapse.families.mixture import MixtureOfGaussians
from modelcollapse.families.texts import Texts
from modelcollapse.metrics import distances, kernels
from modelcollapse.probes.views import CategoricalView, GaussianView, RowsView, TextView, view

# Subgroups reads labels of groups; those of regression and of tables read their own records.
OTHERS = (
    "bind", "suited", "Subgroups", "TestError", "Misclassification", "DownstreamError",
    "Associations", "Classes", "ColumnTails", "Minorities", "RareCategories", "TrainOnSynthetic",
    # Those of language have a file of their own.
    "CrossEntropyGap", "GeneratedPerplexity", "NextTokenConcentration", "Perplexity",
    "PerplexityHistogram", "Repetition", "SelfBleu", "VocabularySurvival", "ZipfExponent",
)  # fmt: skip
PLAIN = tuple(getattr(probes, name)() for name in probes.__all__ if name not in OTHERS)
DOCUMENTS = [
    " ".join(
        np.random.default_rng(i).choice(list("abcdefghij"), p=np.arange(10, 0, -1) / 55, size=20)
    )
    for i in range(300)
]


def generation(lineage, index=0, **options):
    return next(itertools.islice(lineage.generations(**options), index, None))


def lineage(kind, n=400, **options):
    truth, learner = {
        "moments": (mc.Gaussian([0, 1], [[1.0, 0.3], [0.3, 2.0]]).exact(), mc.GaussianMLE()),
        "gaussian rows": (mc.Gaussian([0, 1], [[1.0, 0.3], [0.3, 2.0]]), mc.GaussianMLE()),
        "counts": (mc.Zipf(100), mc.Frequencies()),
        "states": (mc.Zipf(100).rows(), mc.Frequencies()),
        "rows": (
            MixtureOfGaussians.from_covariances(
                [0.5, 0.5], [[-3.0, 0.0], [3.0, 0.0]], [np.eye(2)] * 2
            ),
            mc.Mixture(2),
        ),
        "numbers": (MixtureOfGaussians.from_covariances([1.0], [2.0], [3.0]), mc.KernelDensity()),
        "texts": (mc.Empirical(Texts.of(DOCUMENTS)), mc.NGram(2)),
        "strings": (mc.Empirical(DOCUMENTS), mc.NGram(2)),
    }[kind]
    size = 150 if kind in ("texts", "strings") else n
    return mc.Lineage(truth, learner, mc.Replace(size), size=size, **options)


KINDS = ("moments", "gaussian rows", "counts", "states", "rows", "numbers", "texts", "strings")

# What each probe reads; it is NaN elsewhere.
READS = {
    "variance": KINDS,
    "log_variance": KINDS,
    "log_generalised_variance": ("moments", "gaussian rows", "rows", "numbers"),
    "mean_error": ("moments", "gaussian rows", "rows", "numbers"),
    "tail_retention": KINDS,
    "wasserstein": ("moments", "gaussian rows", "rows", "numbers"),
    "energy_distance": ("gaussian rows", "rows", "numbers"),
    "mmd": ("gaussian rows", "rows", "numbers"),
    "total_variation": ("counts", "states"),
    "hellinger": ("counts", "states"),
    "kl": ("moments", "gaussian rows", "counts", "states"),
    "cross_entropy": KINDS,
    "support": ("counts", "states", "texts", "strings"),
    "entropy": ("counts", "states", "texts", "strings"),
    "hill_number": ("counts", "states", "texts", "strings"),
    "lost_mass": ("counts", "states"),
    "distinct": ("texts", "strings"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_probe_reads_the_data_it_is_for_and_is_undefined_elsewhere(kind):
    seen = generation(lineage(kind), 1)
    for probe in PLAIN:
        reading = probe(seen)
        assert np.ndim(reading) == 0
        assert np.isnan(reading) == (kind not in READS[probe.name]), probe.name


@pytest.mark.parametrize("kind", ["moments", "counts"])
def test_a_batch_has_a_reading_for_each_replicate_equal_to_its_own(kind):
    batch = generation(lineage(kind), 2, replicates=5)
    for probe in PLAIN:
        readings = probe(batch)
        if kind in READS[probe.name]:
            assert np.shape(readings) == (5,)
            assert len(set(np.round(np.where(np.isfinite(readings), readings, 0.0), 12))) > 1 or (
                probe.name == "cross_entropy"
            )
        else:
            assert np.isnan(readings)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("moments", GaussianView),
        ("gaussian rows", GaussianView),
        ("counts", CategoricalView),
        ("states", CategoricalView),
        ("rows", RowsView),
        ("texts", TextView),
        ("strings", TextView),
    ],
)
def test_laws_are_preferred_to_records(kind, expected):
    assert isinstance(view(generation(lineage(kind))), expected)


# --- closed forms against records ----------------------------------------------------------------


class ByHand:
    """Writes as a fitted law does, but does not say which law it is."""

    def __init__(self, model):
        self.sample, self.log_density = model.sample, model.log_density


class FitByHand:
    def fit(self, data, *, rng, parent=None):
        return ByHand(mc.GaussianMLE().fit(data, rng=rng))


@pytest.mark.parametrize(
    "probe",
    [
        probes.Variance(),
        probes.LogVariance(),
        probes.LogGeneralisedVariance(),
        probes.MeanError(),
        probes.TailRetention(),
        probes.Wasserstein(),
        probes.CrossEntropy(),
    ],
    ids=lambda probe: probe.name,
)
def test_closed_forms_agree_with_records(probe):
    # Moderate collapse, so that every reading is far from its value for an unchanged model.
    truth = mc.Gaussian([0.0], [[4.0]])
    closed = mc.Lineage(truth, mc.GaussianMLE(), mc.Replace(60), size=60)
    # As many records as it takes to know the law of that generation.
    known = generation(closed, 25)
    open_ended = mc.Lineage(truth, FitByHand(), mc.Replace(40_000), size=40_000)
    seen = generation(open_ended, 0)
    seen.model = ByHand(known.model)
    by_law, by_records = probe(known), probe(seen)
    assert abs(by_law - probe(generation(closed, 0))) > 0.05
    assert by_records == pytest.approx(by_law, rel=0.03, abs=0.02)


def test_the_gaussian_readings_are_the_textbook_ones():
    seen = generation(lineage("moments"), 3)
    model, cov = seen.model, seen.model.cov
    assert probes.Variance()(seen) == pytest.approx(np.trace(cov))
    assert probes.LogVariance()(seen) == pytest.approx(np.log(np.trace(cov)))
    assert probes.LogGeneralisedVariance()(seen) == pytest.approx(np.linalg.slogdet(cov)[1])
    assert probes.MeanError()(seen) == pytest.approx(np.sum((model.mean - [0, 1]) ** 2))
    true = np.array([[1.0, 0.3], [0.3, 2.0]])
    shift = model.mean - [0, 1]
    inverse = np.linalg.inv(true)
    kl = (
        np.trace(inverse @ cov)
        - 2
        + shift @ inverse @ shift
        + np.log(np.linalg.det(true) / np.linalg.det(cov))
    ) / 2
    assert probes.KL()(seen) == pytest.approx(kl)


def test_the_cross_entropy_of_moments_is_that_of_records():
    seen = generation(lineage("moments"), 5)
    points = mc.Gaussian([0, 1], [[1.0, 0.3], [0.3, 2.0]]).sample(
        200_000, rng=np.random.default_rng(0)
    )
    by_records = -np.mean(seen.model.log_density(points))
    assert probes.CrossEntropy()(seen) == pytest.approx(by_records, abs=0.02)


def test_the_categorical_readings_are_the_textbook_ones():
    seen = generation(lineage("counts", n=3000), 1)
    p, q = seen.model.dense(), mc.Zipf(100).dense()
    alive = p > 0
    readings = {probe.name: probe(seen) for probe in PLAIN}
    assert readings["variance"] == pytest.approx(1 - np.sum(p**2))
    assert readings["support"] == alive.sum()
    assert readings["entropy"] == pytest.approx(-np.sum(p[alive] * np.log(p[alive])))
    assert readings["hill_number"] == pytest.approx(1 / np.sum(p**2))
    assert readings["lost_mass"] == pytest.approx(q[~alive].sum(), abs=1e-12)
    assert readings["total_variation"] == pytest.approx(np.abs(p - q).sum() / 2)
    assert readings["hellinger"] == pytest.approx(
        np.sqrt(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2)
    )
    assert readings["kl"] == pytest.approx(np.sum(p[alive] * np.log(p[alive] / q[alive])))


def test_the_cross_entropy_of_categories_is_infinite_once_a_real_state_is_lost():
    kept = generation(mc.Lineage(mc.Zipf(5), mc.Frequencies(), mc.Replace(500), size=500))
    expected = -np.sum(mc.Zipf(5).dense() * np.log(kept.model.dense()))
    assert probes.CrossEntropy()(kept) == pytest.approx(expected)
    lost = generation(lineage("counts"), 10, replicates=3)
    assert np.isinf(probes.CrossEntropy()(lost)).all()


def test_states_and_counts_give_the_same_readings_for_the_same_data():
    counts, states = lineage("counts"), lineage("states")
    rows = generation(states).corpus.data
    for probe in (probes.Entropy(), probes.TailRetention(), probes.KL(), probes.TotalVariation()):
        by_rows = probe(generation(states))
        seen = generation(counts)
        seen.model = mc.Frequencies().fit(
            mc.Frequencies(states=100).summarise(rows), rng=np.random.default_rng()
        )
        assert by_rows == pytest.approx(probe(seen))


def test_row_readings_are_those_of_the_evaluation_sample():
    seen = generation(lineage("rows"), 2)
    sample, reference = seen.sample, seen.reference
    readings = {probe.name: probe(seen) for probe in PLAIN}
    assert readings["variance"] == pytest.approx(np.trace(np.cov(sample.T)))
    assert readings["mean_error"] == pytest.approx(
        np.sum((sample.mean(axis=0) - reference.mean(axis=0)) ** 2)
    )
    assert readings["energy_distance"] == kernels.energy_distance(sample, reference)
    assert readings["log_generalised_variance"] == pytest.approx(
        np.linalg.slogdet(np.cov(sample.T))[1], rel=0.01
    )
    assert readings["cross_entropy"] == pytest.approx(-seen.model.log_density(reference).mean())


def test_the_wasserstein_distance_of_numbers_is_the_exact_one():
    seen = generation(lineage("numbers"), 2)
    expected = distances.wasserstein_1d(seen.sample, seen.reference)
    assert probes.Wasserstein()(seen) == pytest.approx(expected)


def test_text_readings_are_those_of_the_words():
    seen = generation(lineage("strings"), 2)
    tokens = " ".join(seen.sample).split()
    _, counts = np.unique(tokens, return_counts=True)
    p = counts / len(tokens)
    readings = {probe.name: probe(seen) for probe in PLAIN}
    assert readings["support"] == len(counts)
    assert readings["entropy"] == pytest.approx(-np.sum(p * np.log(p)))
    assert readings["hill_number"] == pytest.approx(1 / np.sum(p**2))
    pairs = [pair for text in seen.sample for pair in itertools.pairwise(text.split())]
    assert readings["distinct"] == pytest.approx(len(set(pairs)) / len(pairs))
    triples = [
        tuple(text.split()[i : i + 3]) for text in seen.sample for i in range(len(text.split()) - 2)
    ]
    assert probes.Distinct(3)(seen) == pytest.approx(len(set(triples)) / len(triples))
    assert probes.Distinct(1)(seen) == pytest.approx(len(counts) / len(tokens))


def test_strings_and_texts_of_the_same_words_score_alike():
    # Not equally: the floor is spread over the words fitted, or over all there are.
    first, second = generation(lineage("strings")), generation(lineage("texts"))
    probe = probes.CrossEntropy()
    assert probe(first) == pytest.approx(probe(second), rel=1e-3)


# --- tail retention ------------------------------------------------------------------------------


class Scaled:
    """Writes rows of a law that is a multiple of the real one."""

    def __init__(self, truth, scale):
        self.truth, self.scale = truth, scale

    def sample(self, n, *, rng):
        return self.truth.sample(n, rng=rng) * self.scale


class FitScaled:
    def __init__(self, truth, scale):
        self.model = Scaled(truth, scale)

    def fit(self, data, *, rng, parent=None):
        return self.model


@pytest.mark.parametrize("level", [0.02, 0.1, 0.3])
def test_tails_of_rows_hold_for_an_unchanged_law_and_fall_for_a_shrunk_one(level):
    truth = mc.Gaussian([0.0, 0.0, 0.0], 1.0)
    probe = probes.TailRetention(level)
    read = {}
    for scale in (1.0, 0.9, 0.7, 0.3, 2.0):
        part = mc.Lineage(truth, FitScaled(truth, scale), mc.Replace(4000), size=4000)
        read[scale] = probe(generation(part))
    # Six tails (three axes, two sides) of n level / 2 records each on average, here and in the
    # reference: the ratio of two such counts, cut at 1, has the mean 1 - 0.4 deviations and 0.58
    # of its deviation; four standard errors below the mean of six is far.
    deviation = np.sqrt(2 / (4000 * level / 2))
    assert 1 - 0.4 * deviation - 4 * 0.58 * deviation / np.sqrt(6) < read[1.0] <= 1.0
    assert read[1.0] > read[0.9] > read[0.7] > read[0.3]
    assert read[0.3] < 0.05
    # A surplus is no loss.
    assert read[2.0] > 0.99


def test_tails_of_laws_hold_for_the_real_law_and_fall_for_a_shrunk_one():
    seen = generation(lineage("moments"))

    def read(scale):
        root = scale * np.linalg.cholesky([[1.0, 0.3], [0.3, 2.0]])
        seen.model = GaussianModel(np.array([0.0, 1.0]), root, np.zeros(2, dtype=np.intc))
        return probes.TailRetention()(seen)

    assert read(1.0) == pytest.approx(1.0)
    assert read(1.0) > read(0.9) > read(0.5) > read(0.1)
    assert read(3.0) == pytest.approx(1.0)
    assert read(0.1) < 1e-6


def test_a_shift_loses_the_tail_on_one_side_only():
    seen = generation(lineage("moments"))
    root = np.linalg.cholesky([[1.0, 0.3], [0.3, 2.0]])
    seen.model = GaussianModel(np.array([0.0, 40.0]), root, np.zeros(2, dtype=np.intc))
    assert 0.45 < probes.TailRetention()(seen) < 0.55


def test_tails_of_categories_are_the_rare_states():
    law = mc.Categorical([0.6, 0.3, 0.06, 0.04])
    seen = generation(mc.Lineage(law, mc.Frequencies(), mc.Replace(50), size=50))
    fit = mc.Frequencies().fit
    for counts, expected in (([5, 3, 1, 1], 1.0), ([5, 3, 1, 0], 0.6), ([5, 5, 0, 0], 0.0)):
        from modelcollapse.families.counts import Counts

        seen.model = fit(Counts.from_dense(counts))
        assert probes.TailRetention(0.1)(seen) == pytest.approx(expected)


def test_tails_of_words_hold_for_real_text_and_fall_without_its_rare_words():
    rng = np.random.default_rng(0)
    law = 1 / np.arange(1, 401)
    words = np.array([f"w{i}" for i in range(400)])
    texts = [" ".join(rng.choice(words, p=law / law.sum(), size=30)) for _ in range(2000)]

    class Parrot:
        def __init__(self, known):
            self.known = known

        def fit(self, data, *, rng, parent=None):
            return self

        def sample(self, n, *, rng):
            chosen = np.where(self.known, law, 0.0)
            return [" ".join(rng.choice(words, p=chosen / chosen.sum(), size=30)) for _ in range(n)]

    read = {}
    for kept in (400, 150, 50):
        learner = Parrot(np.arange(400) < kept)
        part = mc.Lineage(mc.Empirical(texts), learner, mc.Replace(300), size=300, holdout=1000)
        read[kept] = probes.TailRetention()(generation(part))
    assert 0.9 < read[400] < 1.1
    assert read[400] > read[150] + 0.1
    assert read[50] < 0.1


@pytest.mark.parametrize("field", ["level", "variance"])
@pytest.mark.parametrize("value", [0.0, -0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(field, value):
    with pytest.raises(InputError, match=f"tail_retention got {field} = "):
        probes.TailRetention(**{field: value})


# --- subgroups -----------------------------------------------------------------------------------


@pytest.fixture
def two_groups():
    rng = np.random.default_rng(1)
    labels = (np.arange(1000) >= 900).astype(int)
    return mc.Empirical(rng.normal(size=(1000, 2)) + 20.0 * labels[:, None], labels=labels)


def test_subgroups_follow_the_labels(two_groups):
    class Majority:
        def fit(self, data, *, rng, parent=None):
            return self

        def sample(self, n, *, rng):
            return rng.normal(size=(n, 2))

    kept = mc.Lineage(two_groups, mc.KernelDensity(), mc.Replace(300), size=300)
    lost = mc.Lineage(two_groups, Majority(), mc.Replace(300), size=300)
    good, bad = probes.Subgroups()(generation(kept)), probes.Subgroups()(generation(lost))
    assert set(good) == {"smallest_ratio", "lost", "entropy"}
    assert good["smallest_ratio"] > 0.5
    assert (good["lost"], bad["lost"]) == (0, 1)
    assert bad["smallest_ratio"] == 0
    assert bad["entropy"] == 0 < good["entropy"]


def test_subgroups_of_a_fitted_gaussian_are_read_from_its_records(two_groups):
    part = mc.Lineage(two_groups, mc.GaussianMLE(), mc.Replace(300), size=300)
    assert probes.Subgroups()(generation(part))["lost"] == 0


def test_subgroups_need_labels_and_rows():
    with pytest.raises(Incompatible, match="needs labels of the real records"):
        probes.Subgroups()(generation(lineage("rows")))
    with pytest.raises(Incompatible, match="rows of numbers"):
        probes.Subgroups()(generation(lineage("counts")))


# --- binding and choosing ------------------------------------------------------------------------


def test_adding_a_probe_changes_no_other_reading():
    part = lineage("rows", n=100)
    few = part.run(4, probes=["variance"], seed=3)
    many = part.run(4, probes=[*PLAIN], seed=3)
    assert np.array_equal(few["variance"], many["variance"])


def test_a_probe_with_randomness_of_its_own_changes_nothing_else():
    class Noisy:
        name = "noisy"

        def __call__(self, generation):
            generation.sample[:] = generation.sample  # reading is allowed, also twice
            return float(generation.rng("noisy").random())

    part = lineage("rows", n=100)
    alone = part.run(4, probes=["variance", "mmd"], seed=3)
    beside = part.run(4, probes=[Noisy(), "variance", "mmd"], seed=3)
    assert np.array_equal(alone["variance"], beside["variance"])
    assert np.array_equal(alone["mmd"], beside["mmd"])
    assert len(np.unique(beside["noisy"])) == 5
    assert np.array_equal(beside["noisy"], part.run(4, probes=[Noisy()], seed=3)["noisy"])


def test_a_probe_of_ones_own_may_return_several_readings():
    class Corners:
        name = "corner"

        def __call__(self, generation):
            return {"low": float(generation.sample.min()), "high": float(generation.sample.max())}

    history = lineage("rows", n=50).run(3, replicates=2, probes=[Corners()])
    assert history.measures == ("corner.low", "corner.high")
    assert (history["corner.low"] < history["corner.high"]).all()


def test_a_function_with_a_name_is_a_probe():
    def size(generation):
        return float(generation.corpus.size)

    size.name = "corpus size"
    history = mc.Lineage(mc.Gaussian(), mc.GaussianMLE(), mc.Accumulate(30), size=20).run(
        3, probes=[size]
    )
    assert history["corpus size"].tolist() == [[20, 50, 80, 110]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["varience"], "Did you mean 'variance'"),
        ([lambda generation: 1.0], "is no probe"),
        ([3], "is no probe"),
        (["kl", probes.KL()], "two probes are called 'kl'"),
    ],
)
def test_what_is_no_probe_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        probes.bind(given, lineage("counts"))


def test_orders_and_lengths_other_than_the_default_have_names_of_their_own():
    bound = probes.bind(
        [*(probes.HillNumber(q) for q in (0, 1, 2)), *(probes.Distinct(n) for n in (1, 2, 3))],
        lineage("texts"),
    )
    assert [probe.name for probe in bound] == [
        "hill_number_0", "hill_number_1", "hill_number", "distinct_1", "distinct", "distinct_3",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_probes_that_suit_the_data_can_read_it(kind):
    part = lineage(kind)
    suited = probes.bind(None, part)
    seen = generation(part, 1)
    assert {"variance", "tail_retention"} <= {probe.name for probe in suited}
    assert not any(np.isnan(probe(seen)) for probe in suited)


def test_labels_add_the_subgroups(two_groups):
    part = mc.Lineage(two_groups, mc.Mixture(2), mc.Replace(50), size=50)
    assert "subgroups" in [probe.name for probe in probes.bind(None, part)]


def test_records_that_no_measure_reads_are_named():
    objects = mc.Empirical([{"x": i} for i in range(100)])

    class Copy:
        def fit(self, data, *, rng, parent=None):
            return objects

    part = mc.Lineage(objects, Copy(), mc.Replace(20), size=20)
    with pytest.raises(Incompatible, match="does not read records of type list"):
        probes.Variance()(generation(part))
    assert np.isnan(probes.CrossEntropy()(generation(part)))


def test_a_state_that_turns_up_late_counts_as_unknown_to_the_truth():
    # The one record of state 9 is neither held out nor in generation 0.
    values = np.zeros(400, dtype=int)
    values[:200] = 1
    order = np.random.default_rng(0)
    for seed in range(30):
        values = order.permutation(values)
        source = mc.Empirical(np.where(np.arange(400) == 0, 9, values))
        part = mc.Lineage(
            source, mc.Frequencies(), mc.Mix(20, real=0.9, fresh=True), size=20, holdout=20
        )
        history = part.run(10, seed=seed)
        assert history["support"].max() in (2, 3)
        assert (history["total_variation"] <= 1).all()
        if history["support"].max() == 3:
            break
    else:
        pytest.fail("the late state was never drawn, so nothing was tested")


def test_degenerate_models_have_readings_too():
    part = mc.Lineage(mc.ExactGaussian(), mc.GaussianMLE(), mc.Replace(2), size=2)
    seen = generation(part, 2000)
    readings = {probe.name: probe(seen) for probe in PLAIN if "moments" in READS[probe.name]}
    assert readings["variance"] == 0
    assert readings["tail_retention"] < 1
    assert np.isfinite(readings["wasserstein"])
    fixed = mc.Lineage(mc.Zipf(5), mc.Frequencies(), mc.Replace(3), size=3)
    readings = {probe.name: probe(generation(fixed, 100)) for probe in PLAIN}
    assert readings["variance"] == 0
    assert readings["support"] == 1
    assert readings["entropy"] == 0
