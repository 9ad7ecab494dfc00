"""Families of two or three with huge variances: quadrature points by themselves, against brute force."""

import shutil
import subprocess

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize

import engine
from engine.batch.manifest import row_warnings

SD_MOTHER, SD_PLACE = 7.0, 3.6
STARTS = (0.001, 0.1, 1.0, 3.0, 10.0)
GUATEMALA = [
    *("childAge", "motherAge", "birthOrd", "indig", "momEd", "husEd", "husEmpl", "toilet", "TV"),
    *("pcInd81", "ssDist"),
]


def hidden_families(*, n_places=60, mothers_each=8, seed=11):
    """Children of mothers in places, nearly all of a family alike."""
    generator = np.random.default_rng(seed)
    place = np.repeat(np.arange(n_places), mothers_each)
    children = generator.integers(2, 4, len(place))
    mother = np.repeat(np.arange(len(place)), children)
    effect = SD_PLACE * generator.normal(size=n_places)[place] + SD_MOTHER * generator.normal(size=len(place))
    boy = generator.integers(0, 2, len(mother))
    p = 1.0 / (1.0 + np.exp(-(0.5 + 0.8 * boy + effect[mother])))
    return pl.DataFrame(
        {"y": generator.random(len(mother)) < p, "boy": boy, "mother": mother, "place": place[mother]}
    )


def grid_log_likelihood(frame, theta, points=201):
    """Sum the likelihood on a grid of points x points: families of one kind are integrated once."""
    constant, slope, s3, s2 = theta
    z = np.linspace(-8.0, 8.0, points)
    w = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) * (z[1] - z[0])
    kinds = frame.group_by("mother", "place").agg(pl.struct("boy", "y").sort().alias("kind"))
    log_inner, log_by_place = {}, {}
    for place, kind in sorted(kinds.select("place", "kind").iter_rows(), key=lambda row: row[0]):
        key = tuple((child["boy"], child["y"]) for child in kind)
        if key not in log_inner:
            product = np.ones((points, points))
            for boy, y in key:
                eta = constant + slope * boy + s3 * z[:, None] + s2 * z[None, :]
                product *= 1.0 / (1.0 + np.exp(-eta if y else eta))
            log_inner[key] = np.log(product @ w)
        log_by_place[place] = log_by_place.get(place, 0.0) + log_inner[key]
    tops = {place: values.max() for place, values in log_by_place.items()}
    return sum(
        tops[place] + np.log(np.exp(values - tops[place]) @ w) for place, values in log_by_place.items()
    )


@pytest.fixture(scope="module")
def families():
    return hidden_families()


@pytest.fixture(scope="module")
def fitted(families):
    return engine.mixed_logit(families, "y", ["boy"], ["mother", "place"])


def test_points_by_themselves__reach_the_maximum_of_a_grid_of_201_by_201(families, fitted):
    found = np.array(
        [
            *fitted.coefficients["estimate"],
            np.sqrt(fitted.variances["place"]),
            np.sqrt(fitted.variances["mother"]),
        ]
    )
    assert grid_log_likelihood(families, found) == pytest.approx(fitted.log_likelihood, abs=2e-4)
    best = minimize(
        lambda theta: -grid_log_likelihood(families, theta), found, method="BFGS", options={"gtol": 1e-4}
    )
    assert fitted.log_likelihood == pytest.approx(-best.fun, abs=2e-4)
    assert fitted.variances["place"] == pytest.approx(best.x[2] ** 2, rel=5e-4)
    assert fitted.variances["mother"] == pytest.approx(best.x[3] ** 2, rel=5e-4)
    assert fitted.coefficients["estimate"].to_list() == pytest.approx(best.x[:2].tolist(), rel=1e-3)


def test_points_that_were_taken__are_told(fitted):
    assert fitted.points["mother"] > 25
    assert abs(fitted.variance_check["mother"]) <= 1e-4
    assert abs(fitted.points_check) <= 1e-4
    statuses = {row.status for row in fitted.rows if row.measure in ("points", "points_check", "variance")}
    assert statuses == {"ok"}
    notes = [*row_warnings(fitted.rows)]
    assert any(note.endswith(f"{fitted.points['mother']} quadrature points for mother") for note in notes)


def test_few_points__are_told_by_the_variance(families, fitted):
    few = engine.mixed_logit(families, "y", ["boy"], ["mother", "place"], points=13)
    assert abs(few.variances["mother"] / fitted.variances["mother"] - 1.0) > 0.02
    check = next(row for row in few.rows if row.measure == "points_check" and row.term == "mother")
    assert abs(check.estimate) > 0.01
    assert check.status == "13 points are not enough: ask for 27 or more, or for auto"


@pytest.mark.parametrize("start", STARTS)
def test_start__does_not_matter(families, fitted, start, monkeypatch):
    monkeypatch.setattr("engine.estimators.regression.multilevel._START", start)
    other = engine.mixed_logit(families, "y", ["boy"], ["mother", "place"])
    assert other.log_likelihood == pytest.approx(fitted.log_likelihood, abs=2e-4)
    assert [*other.variances.values()] == pytest.approx([*fitted.variances.values()], rel=3e-4)


@pytest.mark.parametrize("points", [5, 7, 9, 13])
def test_fixed_points__converge(families, points):
    """The information by Louis' formula has no inverse here with few points, at a true maximum."""
    few = engine.mixed_logit(families, "y", ["boy"], ["mother", "place"], points=points)
    errors = {row.std_error for row in few.rows if row.measure in ("coefficient", "variance")}
    assert all(error is not None and error > 0.0 for error in errors)


@pytest.mark.slow
@pytest.mark.parametrize("start", [0.5, 0.001, 10.0])
def test_prenatal_care_in_guatemala__equals_brute_force(tmp_path, start, monkeypatch):
    """R's mlmRev::guPrenat; brute force: variances 49.31 and 13.35, log-likelihood -1056.9413."""
    monkeypatch.setattr("engine.estimators.regression.multilevel._START", start)
    path = tmp_path / "prenatal.csv"
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("R is absent: guPrenat comes with its package mlmRev")
    script = f'data("guPrenat", package = "mlmRev"); write.csv(guPrenat, "{path}", row.names = FALSE)'
    written = subprocess.run([program, "-e", script], check=False, capture_output=True)  # noqa: S603
    if written.returncode != 0:
        pytest.skip("R's package mlmRev is absent: guPrenat comes with it")
    frame = pl.read_csv(path).with_columns(y=pl.col("prenat") == "Modern")
    result = engine.mixed_logit(frame, "y", GUATEMALA, ["mom", "cluster"])
    assert result.log_likelihood == pytest.approx(-1056.9413, abs=1e-4)
    assert result.variances["mom"] == pytest.approx(49.31, abs=0.006)
    assert result.variances["cluster"] == pytest.approx(13.35, abs=0.006)
