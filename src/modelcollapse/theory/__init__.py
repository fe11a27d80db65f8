"""Closed forms, each with its source; nothing here simulates."""
