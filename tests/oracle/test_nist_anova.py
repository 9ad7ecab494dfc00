"""NIST's sets of one-way analysis of variance: F of a linear model of one factor. SciPy ships the data."""

from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
import scipy

import engine
from engine.validate.digits import right_digits

FOLDER = Path(scipy.__file__).parent / "stats" / "tests" / "data" / "nist_anova"
# Set -> right digits of F. The nearest doubles to the data allow 10.2 of AtmWtAg, 13.1 of SiRstv, 10.4 of
# SmLs04 to SmLs06, and 4.4 of SmLs07 to SmLs09.
DIGITS = {"AtmWtAg": 9.8, "SiRstv": 12.9, "SmLs01": 14.5, "SmLs02": 14.5}
DIGITS |= {
    "SmLs03": 14.5,
    "SmLs04": 9.1,
    "SmLs05": 9.1,
    "SmLs06": 9.1,
    "SmLs07": 4.1,
    "SmLs08": 4.1,
    "SmLs09": 4.1,
}


@pytest.mark.skipif(not FOLDER.is_dir(), reason="this SciPy comes without the data of its tests")
@pytest.mark.parametrize("name", DIGITS)
def test_f_of_one_factor__is_that_of_nist(name):
    lines = (FOLDER / f"{name}.dat").read_text(encoding="utf-8").splitlines()
    certified = next(line.split()[-1] for line in lines if line.startswith("Between"))
    records = [line.split() for line in lines[60:] if line.strip()]
    frame = pl.DataFrame({"group": [one[0] for one in records], "y": [float(one[1]) for one in records]})
    rows = engine.regression(frame, "y", ["group"], "linear").rows
    found, *_ = (row.estimate for row in rows if row.measure == "wald_f")  # of the factor, then of the model
    assert right_digits(found, Fraction(certified)) >= DIGITS[name], right_digits(found, Fraction(certified))
