import pickle

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.kernel_ridge import KernelRidge as Reference
from sklearn.linear_model import Ridge as LinearReference
from sklearn.pipeline import make_pipeline

from modelcollapse import registry
from modelcollapse.errors import Incompatible, InputError, SpecError
from modelcollapse.families.regression import kernel_path
from modelcollapse.families.regression.kernel_ridge import KernelRidge
from modelcollapse.families.regression.labelled import Labelled
from modelcollapse.testing import check_learner

N, M, D = 60, 25, 4
KERNELS = {
    "rbf": {"gamma": 0.3},
    "polynomial": {"gamma": 0.3, "degree": 3, "coef0": 0.7},
    "linear": {},
    "laplacian": {"gamma": 0.2},
    "cosine": {},
}


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture
def data(rng):
    inputs = rng.normal(size=(N, D))
    return Labelled(inputs, np.sin(inputs[:, 0]) + inputs[:, 1] * inputs[:, 2])


@pytest.fixture
def points(rng):
    return rng.normal(size=(M, D))


@pytest.mark.parametrize("penalty", [1e-4, 0.1])
@pytest.mark.parametrize("kernel", KERNELS)
def test_fits_are_those_of_scikit_learn(data, points, rng, kernel, penalty):
    reference = Reference(alpha=N * penalty, kernel=kernel, **KERNELS[kernel])
    expected = reference.fit(data.inputs, data.targets).predict(points)
    model = KernelRidge(kernel, penalty, **KERNELS[kernel]).fit(data, rng=rng)
    np.testing.assert_allclose(model.predict(points), expected, rtol=1e-8, atol=1e-10)


def test_gamma_is_one_by_the_dimension_as_in_scikit_learn(data, points, rng):
    model = KernelRidge(penalty=0.01).fit(data, rng=rng)
    same = KernelRidge(penalty=0.01, gamma=1 / D).fit(data, rng=rng)
    np.testing.assert_array_equal(model.predict(points), same.predict(points))


def test_several_outputs_are_fitted_as_if_each_were_alone(data, points, rng):
    targets = np.stack([data.targets, data.targets**2], axis=1)
    both = KernelRidge(gamma=0.3).fit(Labelled(data.inputs, targets), rng=rng).predict(points)
    assert both.shape == (M, 2)
    for j in range(2):
        one = KernelRidge(gamma=0.3).fit(Labelled(data.inputs, targets[:, j]), rng=rng)
        np.testing.assert_allclose(both[:, j], one.predict(points), rtol=1e-9)


def test_a_kernel_of_ones_own_is_a_function_of_two_sets_of_rows(data, points, rng):
    own = KernelRidge(RBF(length_scale=np.sqrt(1 / 0.6)), 1e-3).fit(data, rng=rng)
    named = KernelRidge("rbf", 1e-3, gamma=0.3).fit(data, rng=rng)
    np.testing.assert_allclose(own.predict(points), named.predict(points), rtol=1e-8)
    with pytest.raises(InputError, match="gives one value for each pair"):
        KernelRidge(lambda a, b: a @ b.T[:, :1]).fit(data, rng=rng)


@pytest.mark.parametrize("features", [None, "nystroem", "fourier"])
@pytest.mark.parametrize("targets", ["one", "two"])
def test_weights_count_like_equal_records(data, points, rng, features, targets):
    y = data.targets if targets == "one" else np.stack([data.targets, data.targets**2], axis=1)
    weights = rng.integers(0, 4, size=N)
    # With as many components as records every choice of them spans the same functions.
    learner = KernelRidge(gamma=0.3, penalty=0.01, features=features, components=int(1e3))
    if features == "nystroem":
        weights = np.maximum(weights, 1)
    weighted = Labelled(data.inputs, y, weights=weights.astype(float))
    rows = np.repeat(np.arange(N), weights)
    doubled = Labelled(data.inputs[rows], y[rows])
    first = learner.fit(weighted, rng=np.random.default_rng(1)).predict(points)
    second = learner.fit(doubled, rng=np.random.default_rng(1)).predict(points)
    np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-7)
    plain = learner.fit(Labelled(data.inputs, y), rng=np.random.default_rng(1)).predict(points)
    assert np.abs(first - plain).max() > 0.01


def test_only_ratios_of_weights_matter(data, points, rng):
    weights = rng.uniform(1, 2, size=N)
    fits = [
        KernelRidge(gamma=0.3).fit(data.but(weights=scale * weights), rng=rng).predict(points)
        for scale in (1.0, 1000.0)
    ]
    np.testing.assert_allclose(fits[0], fits[1], rtol=1e-9)


def test_without_penalty_it_interpolates_with_minimal_norm(data, rng):
    model = KernelRidge(gamma=0.5, penalty=0.0).fit(data, rng=rng)
    np.testing.assert_allclose(model.predict(data.inputs), data.targets, atol=1e-8)
    reference = np.linalg.solve(model.features(data.inputs), data.targets)
    np.testing.assert_allclose(model.coefficients, reference, rtol=1e-6)


@pytest.mark.parametrize("penalty", [0.0, 1e-18])
@pytest.mark.parametrize("outputs", [1, 2])
def test_equal_inputs_without_a_penalty_get_their_mean(data, rng, penalty, outputs):
    apart = np.repeat(data.targets, 2) + np.tile([0.3, -0.3], N)
    targets = apart if outputs == 1 else np.stack([apart, -apart], axis=1)
    twice = Labelled(np.repeat(data.inputs, 2, axis=0), targets)
    found = KernelRidge(gamma=0.5, penalty=penalty).fit(twice, rng=rng).predict(data.inputs)
    first = found if outputs == 1 else found[:, 0]
    # Jitter, by contrast, would leave coefficients of 1e12 that cancel to three digits.
    np.testing.assert_allclose(first, data.targets, atol=1e-8)


def test_flat_kernels_are_solved_up_to_rounding(data, points, rng):
    learner = KernelRidge(gamma=1e-4, penalty=1e-17)
    found = learner.fit(data, rng=rng).predict(points)
    path = learner.path(data.inputs)
    np.testing.assert_allclose(
        found, path.values(data.targets, [1e-17], points)[:, 0], rtol=1e-3, atol=1e-3
    )
    assert np.abs(found).max() < 100


@pytest.mark.parametrize("make", ["fit", "path"])
def test_a_kernel_that_is_none_is_refused(data, rng, make):
    learner = KernelRidge(lambda a, b: -np.abs(a[:, :1] - b[:, 0]), penalty=1e-6)
    with pytest.raises(InputError, match="not positive semi-definite"):
        learner.fit(data, rng=rng) if make == "fit" else learner.path(data.inputs)


def test_a_penalty_that_outweighs_the_negative_part_is_enough(data, rng):
    gram = np.tanh(0.5 * data.inputs @ data.inputs.T + 1.0)
    assert np.linalg.eigvalsh(gram)[0] < -0.01
    learner = KernelRidge("sigmoid", penalty=1.0, gamma=0.5)
    expected = gram @ np.linalg.solve(gram + N * np.eye(N), data.targets)
    np.testing.assert_allclose(learner.fit(data, rng=rng).predict(data.inputs), expected, rtol=1e-8)


@pytest.mark.parametrize(
    ("features", "mapped"),
    [
        ("nystroem", lambda s: Nystroem("rbf", gamma=0.3, n_components=20, random_state=s)),
        ("fourier", lambda s: RBFSampler(gamma=0.3, n_components=20, random_state=s)),
    ],
)
def test_feature_maps_are_those_of_scikit_learn(data, points, features, mapped):
    learner = KernelRidge("rbf", 0.01, gamma=0.3, features=features, components=20)
    state = int(np.random.default_rng(4).integers(2**31))
    reference = make_pipeline(mapped(state), LinearReference(alpha=0.01 * N, fit_intercept=False))
    expected = reference.fit(data.inputs, data.targets).predict(points)
    found = learner.fit(data, rng=np.random.default_rng(4)).predict(points)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
    other = learner.fit(data, rng=np.random.default_rng(5)).predict(points)
    assert (found != other).any()


def test_all_landmarks_make_the_exact_fit(data, points, rng):
    learner = KernelRidge(gamma=0.3, features="nystroem", components=10_000)
    exact = KernelRidge(gamma=0.3).fit(data, rng=rng).predict(points)
    np.testing.assert_allclose(learner.fit(data, rng=rng).predict(points), exact, rtol=1e-6)


def test_fourier_features_scale_a_missing_gamma_as_the_exact_kernel(data, points, rng):
    many = KernelRidge(penalty=0.1, features="fourier", components=20_000)
    exact = KernelRidge(penalty=0.1).fit(data, rng=rng).predict(points)
    assert np.abs(many.fit(data, rng=rng).predict(points) - exact).max() < 0.05


@pytest.mark.parametrize("features", [None, "nystroem"])
def test_one_path_gives_every_fit(data, points, rng, features):
    learner = KernelRidge("polynomial", gamma=0.3, features=features, components=30)
    penalties = np.array([1e-6, 1e-3, 0.2])
    path = learner.path(data.inputs, rng=np.random.default_rng(2))
    for targets in (data.targets, np.cos(data.targets)):
        found = path.values(targets, penalties, points)
        for j, penalty in enumerate(penalties):
            one = KernelRidge("polynomial", penalty, gamma=0.3, features=features, components=30)
            model = one.fit(Labelled(data.inputs, targets), rng=np.random.default_rng(2))
            np.testing.assert_allclose(found[:, j], model.predict(points), rtol=1e-6, atol=1e-7)


def test_a_path_without_penalty_interpolates_or_averages(data, rng):
    path = KernelRidge(gamma=0.5).path(data.inputs)
    found = path.values(data.targets, [0.0], data.inputs)
    np.testing.assert_allclose(found[:, 0], data.targets, atol=1e-8)
    twice = KernelRidge(gamma=0.5).path(np.repeat(data.inputs, 2, axis=0))
    shifted = np.repeat(data.targets, 2) + np.tile([0.3, -0.3], N)
    found = twice.values(shifted, [0.0], data.inputs)
    np.testing.assert_allclose(found[:, 0], data.targets, atol=1e-8)


def test_a_path_shows_the_spectrum(data):
    path = KernelRidge(gamma=0.3).path(data.inputs)
    assert (np.diff(path.eigenvalues) <= 0).all()
    assert path.eigenvalues.sum() == pytest.approx(1.0)
    assert np.square(path.along(data.targets)).sum() == pytest.approx(np.mean(data.targets**2))


def test_a_path_computes_the_kernel_once_for_the_same_points(data, points):
    calls = []

    def kernel(a, b):
        calls.append(len(a))
        return np.exp(-0.3 * ((a[:, None] - b) ** 2).sum(axis=2))

    path = KernelRidge(kernel).path(data.inputs)
    first = path.values(data.targets, [0.1], points)
    again = path.values(2 * data.targets, [0.1], points)
    assert calls == [N, M]
    np.testing.assert_allclose(again, 2 * first)
    other = path.values(data.targets, [0.1], points[:3])
    np.testing.assert_allclose(other, first[:3])
    assert calls == [N, M, 3]


def test_predictions_do_not_depend_on_the_block(data, points, rng, monkeypatch):
    model = KernelRidge(gamma=0.3).fit(data, rng=rng)
    whole, none = model.predict(points), model.predict(np.empty((0, D)))
    monkeypatch.setattr(kernel_path, "BLOCK", 8 * N * 7)
    np.testing.assert_allclose(model.predict(points), whole, rtol=1e-12)
    assert none.shape == (0,)


@pytest.mark.parametrize("features", [None, "nystroem", "fourier"])
def test_it_may_take_part_in_a_lineage(rng, features):
    inputs = rng.uniform(-1, 1, size=(400, 2))
    data = Labelled(inputs, np.sin(3 * inputs[:, 0]) * inputs[:, 1])
    noisy = data.but(design=data.design.but(noise=0.05))
    learner = KernelRidge(gamma=2.0, penalty=1e-5, features=features, components=150)
    check_learner(learner, noisy)
    model = pickle.loads(pickle.dumps(learner.fit(noisy, rng=rng)))
    written = model.sample(100, rng=np.random.default_rng(0))
    assert written.design is model.design
    assert 0.02 < np.std(written.targets - model.predict(written.inputs)) < 0.1


def test_a_spec_holds_it_unless_the_kernel_is_a_function():
    fields = {"kernel": "polynomial", "penalty": 0.1, "features": "nystroem"}
    assert registry.make(KernelRidge, fields, "learner") == KernelRidge(
        "polynomial", 0.1, features="nystroem"
    )
    with pytest.raises(SpecError, match="Did you mean 'laplacian'"):
        registry.make(KernelRidge, {"kernel": "laplace"}, "learner")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"penalty": -0.1}, "the penalty is -0.1"),
        ({"penalty": float("nan")}, "the penalty is nan"),
        ({"kernel": "rbff"}, "kernel 'rbff' is unknown. Did you mean 'rbf'"),
        ({"kernel": 3}, "kernel 3 is unknown"),
        ({"gamma": 0.0}, "gamma is 0.0"),
        ({"degree": -1}, "degree is -1"),
        ({"coef0": float("inf")}, "coef0 is inf"),
        ({"features": "nystrom"}, "Did you mean 'nystroem'"),
        ({"features": "fourier", "kernel": "linear"}, "exists for 'rbf'"),
        ({"features": "nystroem", "kernel": max}, "exists for a kernel with a name"),
        ({"components": 0}, "components is 0"),
        ({"components": True}, "components is True"),
    ],
)
def test_wrong_values_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        KernelRidge(**fields)


def test_wrong_data_are_refused(data, points, rng):
    with pytest.raises(Incompatible, match="got ndarray"):
        KernelRidge().fit(data.inputs, rng=rng)
    with pytest.raises(InputError, match="kernel 'polynomial' gives NaN or infinite"):
        KernelRidge("polynomial", gamma=1.0, degree=400).fit(
            Labelled(data.inputs * 100, data.targets), rng=rng
        )
    with pytest.raises(InputError, match="kernel 'chi2' cannot be computed"):
        KernelRidge("chi2").fit(data, rng=rng)
    model, path = KernelRidge().fit(data, rng=rng), KernelRidge().path(data.inputs)
    with pytest.raises(InputError, match="inputs of 4 coordinates"):
        model.predict(points[:, :2])
    with pytest.raises(InputError, match="do not fit 60 inputs"):
        path.values(data.targets[:-1], [0.1], points)
    with pytest.raises(InputError, match=r"the penalty is -1\.0"):
        path.values(data.targets, [-1.0], points)
    with pytest.raises(InputError, match="there is no rng"):
        KernelRidge(features="nystroem").path(data.inputs)
