"""Mutants: code with one small change, which a test must notice (docs/testing.md)."""
