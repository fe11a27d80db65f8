"""Verification: published cases by row number, table values, limits, identities, wrong input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import binom

from modelcollapse.errors import InputError
from modelcollapse.theory import verification as v


def close(value, expected, tolerance):
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance)


def angle(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return float(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))


# --- acceptance rows ------------------------------------------------------------------------


def test_row_29_shares():
    close(v.breakdown_point(0.9, 0.3), 0.75, 1e-12)
    close(v.keep_rate(0.4, 0.9, 0.3), 0.66, 1e-12)
    close(v.kept_error(0.4, 0.9, 0.3), 0.1818181818, 1e-10)


def test_row_30_traces():
    traces = v.resolvent_traces(0.5, 0.1)
    close(traces.first, 1.4833147735, 1e-9)
    close(traces.companion, 0.5741657387, 1e-9)


def test_a_misprinted_trace():
    printed, right = 3.4522482385, 3.4522483825  # two pairs of digits exchanged
    second = float(v.resolvent_traces(0.5, 0.1).second)
    assert second == pytest.approx(right, abs=5e-11)
    assert second != pytest.approx(printed, abs=5e-8)
    # minus the slope of the first, by a difference
    first = v.resolvent_traces(0.5, [0.1 - 1e-5, 0.1 + 1e-5]).first
    assert second == pytest.approx((first[0] - first[1]) / 2e-5, abs=5e-8)


def test_row_31_accuracy_on_a_mixture():
    error = v.kept_error(0.3, 0.9, 0.3)
    accuracy = v.mixture_accuracy(error, [0.5, 1e-6], 0.1, separation=2.0)
    close(accuracy[0], 0.8211745856, 1e-10)
    close(accuracy[1], 0.9772496, 5e-8)


def test_row_32_agreement():
    shares = v.agreement_shares(0.6, 0.5, 0.8)
    found = [shares.p, shares.phi, shares.psi, v.breakdown_point(shares.phi, shares.psi)]
    close(found, [0.1909859317, 0.8622910719, 0.25, 0.7752386886], 1e-9)
    close(v.agreement_accuracy(0.6, 0.5, 0.8, [0.2, 0.0], 0.1), [0.8424473079, 0.8754610907], 1e-9)


def test_row_33_several_classes():
    close(v.breakdown_point(0.8, 0.5, classes=5), 0.8648648649, 1e-10)


def test_row_35_error_of_the_log_ratio():
    error = float(v.audit_error(300, 1 / 3, 0.9, 0.3))
    close(error, 0.1545603083, 1e-10)
    ratio = np.log(0.3 / 0.9) + np.array([1, -1]) * 1.959963984540054 * error
    close(1 / (1 + np.exp(ratio)), [0.6890495589, 0.8024289306], 1e-9)


# --- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ratio, penalty, expected",
    [
        (2.0, 0.01, (50.49, 5000.9, 0.0098058)),
        (0.2, 1.0, (0.52494, 0.28859, 0.90499)),
    ],
)
def test_table_of_traces(ratio, penalty, expected):
    traces = v.resolvent_traces(ratio, penalty)
    found = (traces.first, traces.second, traces.companion)
    np.testing.assert_allclose(found, expected, rtol=2e-5)


@pytest.mark.parametrize(
    "separation, p, phi, psi, penalty, dimension, written, expected",
    [
        (2.0, 0.2, 1.0, 1.0, 0.1, 200, 600, 0.80319),
        (2.0, 0.4, 0.9, 0.3, 0.1, 200, 1000, 0.83045),
        (1.0, 0.6, 0.9, 0.3, 0.01, 150, 1500, 0.6335),
        (1.5, 0.7, 0.8, 0.5, 0.5, 200, 800, 0.40045),
        (2.0, 0.3, 0.7, 0.7, 1e-6, 200, 1000, 0.6995),
        (1.0, 0.1, 1.0, 1.0, 0.05, 300, 200, 0.61956),
    ],
)
def test_table_of_mixtures(separation, p, phi, psi, penalty, dimension, written, expected):
    ratio = dimension / (written * v.keep_rate(p, phi, psi))
    error = v.kept_error(p, phi, psi)
    close(v.mixture_accuracy(error, ratio, penalty, separation=separation), expected, 1e-5)


@pytest.mark.parametrize(
    "separation, error, ratio, penalty, expected",
    [
        (1.5, 0.2, 0.5, np.inf, 0.8809),
        (1.0, 0.35, 0.2, np.inf, 0.71127),
        (2.0, 0.1, 3.0, np.inf, 0.91263),
        (1.5, 0.2, 2.0, 0.0, 0.63798),
        (1.5, 0.2, 3.0, 0.0, 0.65374),
        (1.0, 0.1, 1 / 3, 0.0, 0.7142),
        *[(1.5, 0.2, 0.3, k, a) for k, a in [(0.01, 0.747), (0.1, 0.767), (10, 0.891)]],
        (1.5, 0.2, 0.3, np.inf, 0.89997),
    ],
)
def test_table_of_averaging_and_least_squares(separation, error, ratio, penalty, expected):
    close(v.mixture_accuracy(error, ratio, penalty, separation=separation), expected, 7e-4)


def test_table_of_the_transition():
    p = np.array([0.70, 0.74, 0.75, 0.76, 0.80])
    error = v.kept_error(p, 0.9, 0.3)
    sharp = v.mixture_accuracy(error, 0.001, 1e-3, separation=2.0)
    close(sharp, [0.9548, 0.7363, 0.5, 0.2587, 0.0398], 6e-5)
    smooth = v.mixture_accuracy(error, 0.5, 1e-3, separation=2.0)
    close(smooth, [0.5402, 0.5084, 0.5, 0.4913, 0.4540], 6e-5)


@pytest.mark.parametrize(
    "p, phi, psi, penalty, ratio, expected",
    [
        (0.3, 0.9, 0.4, 0.1, 0.286, 0.75965),
        (0.45, 1.0, 1.0, 0.01, 0.167, 0.5565),
        (0.1, 0.8, 0.2, 0.5, 0.541, 0.78822),
        (0.8, 0.9, 0.4, 0.1, 0.333, 0.39502),
    ],
)
def test_table_of_flipped_labels(p, phi, psi, penalty, ratio, expected):
    close(v.flipped_label_accuracy(v.kept_error(p, phi, psi), ratio, penalty), expected, 3e-4)


def test_real_records_dilute_the_error():
    error = v.corpus_error(0.4, 0.8, 0.4, synthetic=400, real=100)
    kept = 400 * v.keep_rate(0.4, 0.8, 0.4)
    close(error, kept * v.kept_error(0.4, 0.8, 0.4) / (100 + kept), 1e-14)


def test_real_records_break_even():
    # 400 (0.6 * 0.5 - 0.4 * 0.3) = 72 real records make right and wrong equal
    close(v.corpus_error(0.6, 0.3, 0.5, synthetic=400, real=72), 0.5, 1e-15)
    assert np.isnan(v.corpus_error(0.6, 0.3, 0.5, synthetic=0, real=0))
    close(v.corpus_error(0.6, 0.3, 0.5, synthetic=0, real=3), 0.0, 0)


@pytest.mark.parametrize(
    "generator, verifier, between, kept, error",
    [
        (0.3, 0.8, 0.9, 0.693, 0.1303),
        (0.6, 0.5, 0.8, 0.775, 0.1245),
        (0.8, 1.0, 0.3, 0.488, 0.2849),
    ],
)
def test_table_of_agreement(generator, verifier, between, kept, error):
    shares = v.agreement_shares(generator, verifier, between)
    close(v.breakdown_point(shares.phi, shares.psi), kept, 6e-4)
    close(1 - v.agreement_accuracy(generator, verifier, between, 0.0, 0.1), error, 6e-5)


TRUTH = (0.9, 0.3, 0.2)
AWARE = (0.8, 0.4, 0.3)


@pytest.mark.parametrize(
    "keep, breaks, truth, between, penalty, ratio, expected",
    [
        (lambda t: abs(t) > 0.8, [0.8], TRUTH, 0.5, 0.1, 0.393, 0.84448),
        (lambda t: abs(t) < 0.8, [0.8], TRUTH, 0.5, 0.1, 0.289, 0.83585),
        (lambda t: abs(t) > 1.2, [1.2], TRUTH, 1.0, 0.01, 0.435, 0.73647),
        (lambda t: abs(t) < 0.5, [0.5], TRUTH, 0.3, 0.05, 0.435, 0.84515),
        (lambda t: ndtr(2 * t), [], AWARE, 0.6, 0.1, 0.218, 0.84631),
        (lambda t: ndtr(t / 2), [], AWARE, 1.2, 0.02, 0.227, 0.76591),
        (lambda t: ndtr(5 * t), [], AWARE, 0.8, 0.3, 0.290, 0.8424),
    ],
)
def test_table_of_selection(keep, breaks, truth, between, penalty, ratio, expected):
    verifier, generator = [1, 0, 0], [np.cos(between), np.sin(between), 0]
    found = v.selection_accuracy(
        keep, angle(generator, truth), angle(verifier, truth), between, ratio, penalty,
        breaks=breaks,
    )  # fmt: skip
    close(found, expected, 1.2e-4)  # the table rounds the ratio to three digits


@pytest.mark.parametrize(
    "share, level, power, labels, critical",
    [
        (0.10, 0.05, 0.9, 11, 2),
        (0.25, 0.05, 0.9, 33, 11),
        (0.35, 0.05, 0.9, 93, 38),
        (0.40, 0.05, 0.8, 158, 68),
        (0.45, 0.05, 0.8, 620, 289),
    ],
)
def test_table_of_majority_tests(share, level, power, labels, critical):
    found = v.majority_test(share, level=level, power=power)
    assert (found.labels, found.critical) == (labels, critical)
    assert v.majority_test(1 - share, level=level, power=power) == found
    assert binom.cdf(critical, labels, 0.5) <= level < binom.cdf(critical + 1, labels, 0.5)
    assert binom.cdf(critical, labels, share) >= power


@pytest.mark.parametrize("level, power", [(0.025, 0.8), (0.05, 0.9), (0.2, 0.5), (0.4, 0.3)])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.35, 0.42, 0.47])
def test_majority_tests_by_trying_every_number(share, level, power):
    n = np.arange(1, 4000)
    critical = binom.ppf(level, n, 0.5)
    critical -= binom.cdf(critical, n, 0.5) > level
    first = np.flatnonzero((critical >= 0) & (binom.cdf(critical, n, share) >= power))[0]
    found = v.majority_test(share, level=level, power=power)
    assert (found.labels, found.critical) == (n[first], critical[first])


def test_table_of_stratified_audits():
    found = v.stratified_audit_error(
        [200, 300, 1000], [200, 100, 1000], [0.1, 0.2, 0.15], [0.7, 0.5, 0.6], [0.6, 0.8, 0.5]
    )
    close(found, [0.18807, 0.070961, 0.07245], 6e-6)


def test_labels_for_a_width_give_that_width():
    n = v.labels_for_breakdown_point(0.03, 0.3, 0.8, 0.3)
    star = 0.8 / 1.1
    error = star * (1 - star) * v.audit_error(np.round(n), 0.3, 0.8, 0.3)
    close(1.959964 * error, 0.03, 1e-4)


def test_table_of_iterations():
    of = {"separation": 2.0, "ratio": 0.1, "penalty": 0.1}
    close(v.iterated_error([1, 2, 3, 4], 0.1, **of), [0.0478, 0.0365, 0.0345, 0.0342], 6e-5)
    close(v.iterated_error([0, 1, 2], 0.7, **of), [0.7, 0.837, 0.932], 6e-4)
    found = v.iterated_error([1, 2, 3, 4], 0.7, 1.0, 0.2, **of)
    close(found, [0.271, 0.046, 0.0307, 0.0302], 6e-4)


# --- identities -----------------------------------------------------------------------------

PORTION = st.floats(0.01, 0.99)


@settings(max_examples=100, deadline=None)
@given(p=PORTION, phi=PORTION, psi=PORTION)
def test_two_readings_of_the_breakdown_point(p, phi, psi):
    kept, star = v.kept_error(p, phi, psi), v.breakdown_point(phi, psi)
    assert (kept - 0.5) * (p - star) >= -1e-15
    assert (kept - p) * (psi - phi) >= -1e-15
    # odds of the kept over those of all
    close(np.log(kept / (1 - kept)) - np.log(p / (1 - p)), np.log(psi / phi), 1e-9)


@settings(max_examples=60, deadline=None)
@given(ratio=st.floats(0.01, 20), penalty=st.floats(1e-6, 50))
def test_traces_solve_their_equation(ratio, penalty):
    traces = v.resolvent_traces(ratio, penalty)
    m, second = float(traces.first), float(traces.second)
    left = ratio * penalty * m * m + (penalty + 1 - ratio) * m
    assert left == pytest.approx(1, abs=1e-9 * (1 + ratio * m))
    slope = 2 * ratio * penalty * m + penalty + 1 - ratio
    assert second * slope == pytest.approx(ratio * m * m + m, rel=1e-6)
    assert traces.companion == pytest.approx(1 / (1 + ratio * m), rel=1e-9)


def test_accuracy_by_the_printed_master_formula():
    rng = np.random.default_rng(3)
    for _ in range(30):
        ratio, penalty, r, error = rng.uniform([0.05, 0.01, 0.3, 0], [3, 5, 3, 0.5])
        traces = v.resolvent_traces(ratio, penalty)
        m, second, kappa = traces.first, traces.second, traces.companion
        c, spread = r * (1 - 2 * error), 1 + r * r
        w = kappa * c / (kappa * spread + penalty)
        rest = (1 - 2 * w * c + w * w * spread) * ratio * (m - penalty * second)
        expected = ndtr(r * w / np.sqrt(w * w + rest))
        close(v.mixture_accuracy(error, ratio, penalty, separation=r), expected, 1e-9)


def test_limits():
    for penalty in (0.0, 0.1, np.inf):
        best = v.mixture_accuracy([0.3, 0.5, 0.7], 0.0, penalty, separation=2.0)
        close(best, [ndtr(2), 0.5, ndtr(-2)], 1e-12)
        close(v.flipped_label_accuracy([0.49, 0.5, 0.51], 0.0, penalty), [1, 0.5, 0], 1e-7)
        close(v.mixture_accuracy(0.5, [0.3, 2.0], penalty, separation=1.0), 0.5, 1e-15)
    # interpolation without a penalty: infinite noise
    close(v.mixture_accuracy(0.1, 1.0, 0.0, separation=2.0), 0.5, 0)
    r, k, rho = 1.5, 0.6, 0.3
    expected = ndtr(r * r * k / np.sqrt((r * k) ** 2 + rho))
    close(v.mixture_accuracy(0.2, rho, np.inf, separation=r), expected, 1e-12)
    close(v.mixture_accuracy(0.2, rho, 1e9, separation=r), expected, 1e-8)
    traces = v.resolvent_traces([0.0, 1.0, 2.0, 1.0], [0.5, 0.0, 0.0, np.inf])
    close(traces.first, [1 / 1.5, np.inf, np.inf, 0.0], 1e-15)
    close(traces.second, [1 / 2.25, np.inf, np.inf, 0.0], 1e-15)
    close(traces.companion, [1.0, 0.0, 0.0, 1.0], 1e-15)


def test_agreement_is_a_selection_by_margin():
    for angles in [(0.6, 0.5, 0.8), (0.3, 0.8, 0.9), (1.2, 0.4, 1.0)]:
        for ratio, penalty in [(0.0, 0.1), (0.4, 0.01), (2.0, 0.0), (0.7, np.inf)]:
            general = v.selection_accuracy(lambda t: t > 0, *angles, ratio, penalty)
            close(general, v.agreement_accuracy(*angles, ratio, penalty), 1e-10)


def test_a_verifier_that_keeps_everything_changes_nothing():
    kept = v.selection_accuracy(np.ones_like, 0.5, 0.9, 1.1, [0.0, 0.3], 0.1)
    another = v.selection_accuracy(np.ones_like, 0.5, 0.4, 0.6, [0.0, 0.3], 0.1)
    close(kept, another, 1e-10)
    close(kept[0], 1 - 0.5 / np.pi, 1e-9)


def test_directions_in_one_plane():
    shares = v.agreement_shares([0.5, 0.5, 0.0], [0.2, 0.5, 0.4], [0.7, 0.0, 0.4])
    close(shares.psi[:2], [0.0, 1.0], 1e-12)  # verifier on the other side, and the same
    assert np.isnan(shares.psi[2])  # nothing is wrong
    close(v.keep_rate(0.5 / np.pi, *(v.agreement_shares(0.5, 0.2, 0.7).phi, 0.0)), 1 - 0.7 / np.pi,
          1e-12)  # fmt: skip


def test_nothing_kept_is_undefined():
    assert np.isnan(v.breakdown_point(0.0, 0.0))
    assert np.isnan(v.kept_error(0.3, 0.0, 0.0))
    lost = v.iterated_error([0, 1, 5], 1.0, 0.5, 0.0, separation=1.0, ratio=0.1, penalty=0.1)
    close(lost[0], 1.0, 0)
    assert np.isnan(lost[1:]).all()


def test_arguments_broadcast():
    assert v.mixture_accuracy(np.zeros((4, 1)), [0.1, 0.2], 0.1, separation=1.0).shape == (4, 2)
    angles = np.full((3, 1), 0.5)
    assert v.selection_accuracy(np.ones_like, angles, 0.5, 0.6, [0.1, 0.2], 1.0).shape == (3, 2)
    table = v.iterated_error(np.arange(5), np.full((2, 1), 0.1), separation=1.0, ratio=0.1,
                             penalty=1.0)  # fmt: skip
    assert table.shape == (2, 5)


# --- wrong input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: v.breakdown_point(1.2, 0.3), "phi must lie between 0 and 1"),
        (lambda: v.breakdown_point(0.9, 0.3, classes=1), "classes must be whole"),
        (lambda: v.corpus_error(0.1, 1, 1, synthetic=1.5, real=0), "synthetic must be whole"),
        (lambda: v.mixture_accuracy(0.1, -1, 0.1, separation=1), "ratio must be finite"),
        (lambda: v.mixture_accuracy(0.1, np.nan, 0.1, separation=1), "ratio must be finite"),
        (lambda: v.flipped_label_accuracy(0.1, 1, -0.1), "penalty must be at least 0"),
        (lambda: v.mixture_accuracy(0.1, 1, 0.1, separation=0), "separation must be finite"),
        (lambda: v.agreement_shares(30, 0.5, 0.8), "in radians"),
        (lambda: v.agreement_accuracy(0.1, 0.1, 0.5, 0.1, 0.1), "no three directions"),
        (lambda: v.agreement_accuracy(np.pi, 0.0, np.pi, 0.1, 0.1), "below pi"),
        (lambda: v.selection_accuracy(np.ones_like, 0.5, 0.5, 0.0, 0.1, 0.1), "strictly between"),
        (lambda: v.selection_accuracy(np.zeros_like, 0.5, 0.5, 0.3, 0.1, 0.1), "no record through"),
        (lambda: v.selection_accuracy(lambda t: t, 0.5, 0.5, 0.3, 0.1, 0.1), "probabilities"),
        (lambda: v.majority_test(0.5), "away from 1/2"),
        (lambda: v.majority_test(0.2, power=1), "power must lie strictly"),
        (lambda: v.audit_error(100, 0.0, 0.5, 0.5), "p must lie strictly"),
        (lambda: v.audit_error(100, 0.1, 0.5, 0.0), "psi must be above 0"),
        (lambda: v.stratified_audit_error(0, 5, 0.1, 0.5, 0.4), "kept must be whole"),
    ],
)
def test_wrong_input_is_one_sentence(call, message):
    with pytest.raises(InputError, match=message):
        call()
