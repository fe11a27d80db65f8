"""Verifiers by name: what is written on a command line, or in a file."""

import pytest

from modelcollapse.verification.naming import named_verifiers


def test_numbers_with_an_exponent_are_numbers(tmp_path):
    (tmp_path / "verifiers.yaml").write_text("- {type: numeric_answer, tolerance: 1e-3}\n")
    for given in (str(tmp_path / "verifiers.yaml"), "numeric_answer:tolerance=1e-3"):
        (verifier,) = named_verifiers([given], {})
        assert verifier.tolerance == 1e-3


@pytest.mark.parametrize(
    ("given", "expressions"),
    [
        ("####", ("####",)),
        ("# of", ("# of",)),
        ("no # of", ("no # of",)),
        ("'####'", ("####",)),
        ("['####', a]", ("####", "a")),
        ("'a #b'", ("a #b",)),
        (r"#### \\d+$", (r"#### \\d+$",)),
    ],
)
def test_a_hash_is_no_comment_and_one_text_is_a_list_of_one(given, expressions):
    (verifier,) = named_verifiers([f"rules:must_match={given}"], {})
    assert verifier.must_match == expressions
