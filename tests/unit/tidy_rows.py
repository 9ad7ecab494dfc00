"""Tidy rows, and differences between two runs."""

import polars as pl

from engine.store.compare import Differences

ROW = {
    "analysis": "rates",
    "kind": "rates",
    "outcome": "ill",
    "rank_by": None,
    "wave": "1",
    "subgroup": None,
    "term": "sex",
    "level": None,
    "measure": "rate",
    "method": "linearised",
    "estimate": 0.5,
    "std_error": 0.1,
    "conf_low": 0.3,
    "conf_high": 0.7,
    "conf_level": 0.95,
    "p_value": None,
    "n_obs": 10,
    "n_events": 5,
    "n_clusters": 3,
    "sum_weights": 10.0,
    "n_replicates": None,
    "n_failed": None,
    "status": "ok",
}
TYPES = {"rank_by": pl.String, "subgroup": pl.String, "level": pl.String, "p_value": pl.Float64}
TYPES |= {"n_replicates": pl.Int64, "n_failed": pl.Int64, "std_error": pl.Float64, "estimate": pl.Float64}


def rows(*changed):
    return pl.DataFrame([{**ROW, **one} for one in changed], schema_overrides=TYPES)


def differences(**counts):
    """So many rows of each kind."""
    told = [
        {"difference": kind.replace("_", " "), "level": str(number), "before": 0.5, "after": 0.25}
        for kind, n in counts.items()
        for number in range(n)
    ]
    frame = pl.DataFrame([{**ROW, **one, "change": -0.25, "in_std_errors": -2.5} for one in told])
    return Differences(rows=frame, n_same=7)
