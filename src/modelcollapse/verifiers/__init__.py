"""Verifiers: records in, scores out, the higher the better."""
