"""Verifiers by name: what is written on a command line, or in a file."""

from modelcollapse.verification.naming import named_verifiers


def test_numbers_with_an_exponent_are_numbers(tmp_path):
    (tmp_path / "verifiers.yaml").write_text("- {type: numeric_answer, tolerance: 1e-3}\n")
    for given in (str(tmp_path / "verifiers.yaml"), "numeric_answer:tolerance=1e-3"):
        (verifier,) = named_verifiers([given], {})
        assert verifier.tolerance == 1e-3
