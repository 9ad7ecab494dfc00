"""NIST's sets of one-way analysis of variance, whose data SciPy ships, and its hardest polynomial."""

from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
import scipy

import engine
from engine.errors import EstimationError
from engine.validate.digits import right_digits
from tests.conftest import NUMBERS

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


def test_filippelli__is_refused_by_the_name_of_a_covariate():
    """Ten powers of x nearly depend on each other. In exact arithmetic, the numbers are NIST's."""
    data = pl.read_csv(NUMBERS / "nist_Filip.csv", infer_schema=False)
    y, x = ([Fraction(value) for value in data[name]] for name in ("y", "x"))
    system = [[sum(a ** (i + k) for a in x) for k in range(11)] for i in range(11)]
    right = [sum(b * a**i for a, b in zip(x, y, strict=True)) for i in range(11)]
    certified = ["-1467.48961422980", "-2772.17959193342", "-2316.37108160893", "-1127.97394098372"]
    certified += ["-354.478233703349", "-75.1242017393757", "-10.8753180355343", "-1.06221498588947"]
    certified += ["-0.670191154593408e-01", "-0.246781078275479e-02", "-0.402962525080404e-04"]
    found = solution(system, right)
    pairs = zip(found, certified, strict=True)
    assert min(right_digits(float(one), Fraction(told)) for one, told in pairs) > 13.9
    powers = {f"x{k}": [float(one**k) for one in x] for k in range(1, 11)}
    frame = pl.DataFrame({"y": [float(one) for one in y], **powers}).with_row_index("place")
    with pytest.raises(EstimationError, match="is a combination of the other covariates"):
        engine.decompose(frame, "y", "place", [*powers], model="linear")


def solution(system, right):
    """Solve linear equations in exact arithmetic."""
    rows = [[*row, value] for row, value in zip(system, right, strict=True)]
    for i, row in enumerate(rows):
        rows[i] = [value / row[i] for value in row]
        for k, other in enumerate(rows):
            if k != i:
                rows[k] = [a - other[i] * b for a, b in zip(other, rows[i], strict=True)]
    return [row[-1] for row in rows]
