"""Sums and variances through strata and sampling units."""
