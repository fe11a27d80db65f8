"""Simulate, predict, measure and prevent model collapse."""
