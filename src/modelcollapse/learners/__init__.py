"""Learners that adapt models written elsewhere."""
