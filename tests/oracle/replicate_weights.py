"""Replicate weights of a survey, by the rules of tests/oracle/make/replicates.R, and NHANES in its columns.

``python -m tests.oracle.replicate_weights people.csv`` writes NHANES for the R scripts.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl

from tests.conftest import SHARED

NHANES = SHARED / "data" / "nhanes_2009_2012_raw.parquet"


class Factors:
    """Factors of the weights (units, replicates) by method, for the units of a survey in their order."""

    def __init__(self, frame):
        units = frame.select("strata", "psu").unique().sort("strata", "psu")
        self.strata, self.psu = units["strata"].to_numpy(), units["psu"].to_numpy()
        self.size = np.array([(self.strata == h).sum() for h in self.strata])
        self.within = np.concatenate([np.arange(n) for n in np.unique(self.strata, return_counts=True)[1]])

    def brr(self, change=1.0):
        """Half-samples of pairs: strata are cut into pairs, and of three PSUs the last two count as one."""
        if self.size.max() > 3:
            pair, second = self.strata * 1000 + self.within // 2, self.within % 2
        else:
            pair, second = self.strata, self.within > 0
        hadamard = np.ones((1, 1))
        while len(hadamard) < 32:
            hadamard = np.kron([[1, 1], [1, -1]], hadamard)
        number = np.unique(pair, return_inverse=True)[1]
        return 1 + change * hadamard[:, number + 1].T * (1 - 2.0 * second)[:, None]

    def bootstrap(self, replicates=60):
        """Draws n - 1 of n units in each stratum, with the generator of Park and Miller."""
        state, factors = 20240101, np.zeros((len(self.psu), replicates))
        for r in range(replicates):
            for h in np.unique(self.strata):
                own = np.flatnonzero(self.strata == h)
                for _ in range(len(own) - 1):
                    state = 16807 * state % 2147483647
                    factors[own[int(state / 2147483647 * len(own))], r] += len(own) / (len(own) - 1)
        return factors

    def jkn(self):
        """Deletes one unit after the other."""
        same = self.strata[:, None] == self.strata[None, :]
        factors = np.where(same, (self.size / (self.size - 1))[:, None], 1.0)
        np.fill_diagonal(factors, 0.0)
        return factors


def designs(frame):
    """Return name -> (table of the study file, replicate weights (rows, replicates))."""
    factors = Factors(frame)
    row = np.searchsorted(factors.psu, frame["psu"].to_numpy())
    weight = frame["w"].to_numpy()[:, None]
    rscales = ((factors.size - 1) / factors.size).tolist()
    tables = {
        "brr": ({"method": "brr"}, factors.brr()),
        "fay": ({"method": "fay", "fay": 0.3, "centre": "mean"}, factors.brr(0.7)),
        "bootstrap": ({"method": "bootstrap", "centre": "mean"}, factors.bootstrap()),
        "bootstrap_mse": ({"method": "bootstrap"}, factors.bootstrap()),
        "jkn": ({"method": "jkn", "rscales": rscales}, factors.jkn()),
    }
    return {
        name: ({"columns": "rw_*", **table}, weight * of_units[row])
        for name, (table, of_units) in tables.items()
    }


def with_weights(frame, values):
    """Add the columns rw_1, rw_2, ..., and drop what the design was made of."""
    columns = [pl.Series(f"rw_{k}", column) for k, column in enumerate(values.T, start=1)]
    return frame.drop("strata", "psu").with_columns(columns)


def nhanes():
    """Adults with all variables, in the columns of the simulated people."""
    names = {"Age": "age", "BMI": "bmi", "Poverty": "income", "WTINT2YR": "w", "SDMVSTRA": "strata"}
    raw = pl.read_parquet(NHANES).filter(pl.col("Age") >= 20)
    return raw.select(
        pl.col("ID").alias("id"),
        pl.col("Gender").cast(pl.String).alias("sex"),
        (pl.col("Race1") == "White").replace_strict({True: "white", False: "other"}).alias("place"),
        pl.col("HomeOwn").cast(pl.String).alias("tenure"),
        (pl.col("Diabetes") == "Yes").cast(pl.Int64).alias("high"),
        (pl.col("SDMVSTRA").cast(pl.Int64) * 10 + pl.col("SDMVPSU").cast(pl.Int64)).alias("psu"),
        *(pl.col(name).alias(short) for name, short in names.items()),
    ).drop_nulls()


if __name__ == "__main__":
    nhanes().write_csv(Path(sys.argv[1]))
