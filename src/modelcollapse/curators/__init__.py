"""Curators: which of the written records may enter the next corpus."""
