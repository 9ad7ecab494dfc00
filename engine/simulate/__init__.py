"""Simulated panels with known margins, for everyone without a licence to the restricted surveys."""
