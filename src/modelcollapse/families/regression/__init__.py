"""Regression: labelled records, teachers that label them, and models that learn to."""
