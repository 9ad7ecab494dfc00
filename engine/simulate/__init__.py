"""Simulated panels with published margins, for everyone without a licence to the restricted surveys."""
