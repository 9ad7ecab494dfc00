"""Regressions: logit, multilevel logit, RIF."""
