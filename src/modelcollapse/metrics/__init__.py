"""Measures: pure functions, written once and used by probes, checks and curators."""
