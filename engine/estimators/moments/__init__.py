"""Statistics that are smooth functions of a few moments: written once, linearised and replicated."""
