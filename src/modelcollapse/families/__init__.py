"""Families with exact statistics: each file holds statistics, model and learner together."""
