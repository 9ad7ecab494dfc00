"""Regressions on covariate patterns: generalised linear models and multilevel logits."""
