"""NHANES with income imputed by seeded draws: a study against Rubin's rules in exact arithmetic."""

from fractions import Fraction

import numpy as np
import polars as pl
import pytest

import engine
from tests.study_texts import analysis, event, factor, study_text, table

M = 4
RTOL = 1e-12
SEEDS = [*range(1, M + 1)]
DESIGN = {"weight": "w", "stratum": "SDMVSTRA", "cluster": "SDMVPSU"}


def completed(frame, seed):
    """Draw each missing income from those of people of the same age."""
    draw = np.random.default_rng(seed)
    income, age = frame["income"].to_numpy().copy(), frame["old"].to_numpy()
    for group in ("no", "yes"):
        missing = np.isnan(income) & (age == group)
        donors = income[~np.isnan(income) & (age == group)]
        income[missing] = draw.choice(donors, missing.sum())
    return pl.Series(f"income_{seed}", income)


@pytest.fixture(scope="module")
def nhanes(shared):
    frame = pl.read_parquet(shared / "data" / "nhanes_2009_2012_raw.parquet").select(
        "SDMVSTRA",
        "SDMVPSU",
        w="WTINT2YR",
        old=pl.when(pl.col("Age") < 40).then(pl.lit("no")).otherwise(pl.lit("yes")),
        diabetes=(pl.col("Diabetes") == "Yes").cast(pl.Int64),
        income=pl.col("Poverty").cast(pl.Float64),
    )
    with_nan = frame.with_columns(pl.col("income").fill_null(np.nan))
    return frame.with_columns(completed(with_nan, seed) for seed in SEEDS)


@pytest.fixture(scope="module")
def run(nhanes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("imputed")
    nhanes.write_parquet(folder / "people.parquet")
    (folder / "study.toml").write_text(
        study_text(
            source="people.parquet",
            design={**DESIGN, "nested": True},
            variables={
                "diabetes": event("yes", no=[0], yes=[1]),
                "old": factor(no=["no"], yes=["yes"]),
                "income": {},
            },
            analyses=[
                analysis("concentration", outcome="diabetes", rank_by="income"),
                analysis("logit", outcome="diabetes", terms=["income", "old"]),
            ],
            extra=table("[imputations]", {"columns": {"income": [f"income_{seed}" for seed in SEEDS]}}),
        )
    )
    return engine.run(folder / "study.toml", out=folder / "run", report=False)


def rubin_exactly(estimates, errors, k):
    """Return estimate, variance, degrees of freedom and missing information, as exact numbers."""
    q, u, m = [Fraction(one) for one in estimates], [Fraction(one) ** 2 for one in errors], len(estimates)
    mean, within = sum(q) / m, sum(u) / m
    between = sum((one - mean) ** 2 for one in q) / (m - 1)
    total = within + (1 + Fraction(1, m)) * between
    share, k = (1 + Fraction(1, m)) * between / total, Fraction(k)
    of_imputations, observed = (m - 1) / share**2, (k + 1) / (k + 3) * k * (1 - share)
    degrees = 1 / (1 / of_imputations + 1 / observed)
    r = (1 + Fraction(1, m)) * between / within
    return mean, total, degrees, (r + 2 / (degrees + 3)) / (r + 1)


def told(row):
    return [row["estimate"], row["std_error"] ** 2, row["df2"], row["missing_information"]]


def test_index__is_that_of_exact_arithmetic_and_the_errors_are_larger(nhanes, run):
    each = [
        engine.concentration_index(nhanes, "diabetes", f"income_{seed}", bounds=(0, 1), nested=True, **DESIGN)
        for seed in SEEDS
    ]
    exact = rubin_exactly(
        [one.estimate for one in each], [one.std_error for one in each], each[0].to_frame()["df2"].item()
    )
    row = run.to_frame().filter(pl.col("measure") == "standard").row(0, named=True)
    assert told(row) == pytest.approx([float(one) for one in exact], rel=RTOL)
    assert row["std_error"] ** 2 > np.mean([one.std_error**2 for one in each])
    assert (
        run.manifest["imputations"]["variables"]["income"]["imputed"] == nhanes["income"].null_count() > 1000
    )


def test_odds_ratios__are_pooled_as_the_coefficients_are(run):
    frame = run.to_frame().filter(pl.col("term") == "income")
    coefficient, ratio = (
        frame.filter(pl.col("measure") == name).row(0, named=True) for name in ("coefficient", "odds_ratio")
    )
    assert np.log(ratio["estimate"]) == pytest.approx(coefficient["estimate"], rel=1e-9)
    assert np.log(ratio["conf_low"]) == pytest.approx(coefficient["conf_low"], rel=1e-6)
    assert ratio["df2"] == pytest.approx(coefficient["df2"], rel=1e-6)
    assert ratio["missing_information"] > 0.0


def balanced(folder, frame, income, imputations=""):
    """Return the rows of a study that gives the young the incomes of the old."""
    folder.mkdir()
    frame.write_parquet(folder / "people.parquet")
    (folder / "study.toml").write_text(
        study_text(
            source="people.parquet",
            design={**DESIGN, "nested": True, "balance": {"by": "old", "to": "yes", "variables": ["income"]}},
            variables={
                "diabetes": event("yes", no=[0], yes=[1]),
                "old": factor(no=["no"], yes=["yes"]),
                "income": {"from": income},
            },
            analyses=[analysis("rates", outcome="diabetes", by="old", interval="normal")],
            extra=imputations,
        )
    )
    run = engine.run(folder / "study.toml", out=folder / "run", report=False)
    return run.to_frame().filter(pl.col("measure") == "rate", pl.col("subgroup").is_not_null())


def test_balance_on_imputed_values__is_made_in_each_data_set_and_pooled(nhanes, tmp_path):
    """The study with imputations says what separate runs with each of them say, pooled by Rubin's rules."""
    seeds = SEEDS[:2]
    nhanes = nhanes.gather_every(5)
    columns = {"columns": {"income": [f"income_{seed}" for seed in seeds]}}
    together = balanced(tmp_path / "all", nhanes, "income", table("[imputations]", columns))
    each = [balanced(tmp_path / str(seed), nhanes, f"income_{seed}") for seed in seeds]
    assert together.height == each[0].height == 2
    young = [own["estimate"][0] for own in each]
    assert young[0] != young[1]
    for place, row in enumerate(together.iter_rows(named=True)):
        own = [one.row(place, named=True) for one in each]
        if row["subgroup"] == "old=yes":  # nobody's weight is changed: there is no missing information
            assert row["estimate"] == pytest.approx(own[0]["estimate"], rel=RTOL)
            continue
        estimates, errors = ([one[what] for one in own] for what in ("estimate", "std_error"))
        exact = rubin_exactly(estimates, errors, own[0]["df2"])
        assert told(row) == pytest.approx([float(one) for one in exact], rel=RTOL)


def sampled(draw, n_clusters):
    """Draw clusters of ten people whose log income depends on age, on the cluster and on being ill."""
    n = 10 * n_clusters
    psu = np.arange(n) // 10
    age = draw.normal(size=n) + draw.normal(size=n_clusters)[psu]
    ill = (draw.random(n) < 1.0 / (1.0 + np.exp(0.8 - 0.5 * age))).astype(float)
    income = 1.0 + 0.3 * age - 0.6 * ill + draw.normal(scale=0.8, size=n)
    return psu, age, ill, income


def imputed(draw, age, ill, income, missing):
    """Draw the missing incomes from the posterior of a linear model: proper imputation."""
    Z = np.column_stack([np.ones(len(age)), age, ill])
    seen, y = Z[~missing], income[~missing]
    inverse = np.linalg.inv(seen.T @ seen)
    beta = inverse @ seen.T @ y
    residual, degrees = y - seen @ beta, len(y) - 3
    variance = residual @ residual / draw.chisquare(degrees)
    beta = draw.multivariate_normal(beta, variance * inverse)
    values = income.copy()
    values[missing] = Z[missing] @ beta + draw.normal(scale=np.sqrt(variance), size=missing.sum())
    return values


@pytest.mark.slow
def test_pooled_intervals__hold_the_true_index_in_95_of_100_samples():
    _, _, ill, income = sampled(np.random.default_rng(0), 200_000)
    truth = engine.concentration_index(
        pl.DataFrame({"ill": ill, "income": income}), "ill", "income", bounds=(0, 1)
    ).estimate
    n_samples, covers, alone, estimates, errors = 1000, 0, 0, [], []
    for seed in range(1, n_samples + 1):
        draw = np.random.default_rng(seed)
        psu, age, ill, income = sampled(draw, 60)
        missing = draw.random(len(ill)) < 0.2 + 0.4 * ill  # who is ill answers less often
        each = [
            engine.concentration_index(
                pl.DataFrame({"ill": ill, "income": values, "psu": psu}), "ill", "income", cluster="psu"
            )
            for values in (imputed(draw, age, ill, income, missing) for _ in range(5))
        ]
        row = engine.pool(each).row(0, named=True)
        covers += row["conf_low"] <= truth <= row["conf_high"]
        alone += each[0].conf_low <= truth <= each[0].conf_high
        estimates.append(row["estimate"])
        errors.append(row["std_error"])
    assert abs(covers / n_samples - 0.95) < 3.0 * np.sqrt(0.95 * 0.05 / n_samples)
    assert abs(np.mean(estimates) - truth) < 3.0 * np.std(estimates) / np.sqrt(n_samples)
    assert alone < 0.93 * n_samples  # one imputation alone says too little of what is not known
